#include "engine/metered.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/binding.hpp"
#include "wasm/metering.hpp"
#include "wasm/module.hpp"

namespace mortise::engine {
namespace {

/// Fuel, which is instructions, between two looks at deadline and interrupt: some 50 µs of compiled code.
constexpr std::int64_t kSlice = 100'000;

/// A module with checks. What the inner engine's host functions point to lives here.
class MeteredModule final : public Module, public std::enable_shared_from_this<MeteredModule> {
public:
    static Result<std::shared_ptr<Module>> make(Engine& engine, const ModuleSource& source, CompileOptions options);

    Result<std::unique_ptr<Store>> new_store(const StoreLimits& limits) const override;
    Result<Bytes> compiled_code() const override {
        return fail(ErrorCode::unsupported, "code with checks for fuel and interruption in it is not saved");
    }

    const Module& inner() const noexcept { return *inner_; }
    bool counts_fuel() const noexcept { return counts_fuel_; }

private:
    std::vector<HostImport> hosts_;  // as given
    std::shared_ptr<Module> inner_;
    bool counts_fuel_ = false;
};

/// A store around the inner engine's. Host functions see this one; the inner one leads to it by its field `session`.
class MeteredStore final : public Store {
public:
    MeteredStore(std::unique_ptr<Store> inner, bool counts_fuel) : inner_(std::move(inner)), counts_fuel_(counts_fuel) {
        inner_->session = this;
        refused_ = refused_of(*inner_);
    }

    Result<InstanceId> instantiate(const Module& module) override;
    std::optional<FunctionRef> function(InstanceId instance, std::string_view name) override {
        return inner_->function(instance, name);
    }
    std::optional<MemoryRef> memory(InstanceId instance, std::string_view name) override {
        return inner_->memory(instance, name);
    }
    std::optional<GlobalRef> global(InstanceId instance, std::string_view name) override {
        if (name == names_.counter_export) return std::nullopt;
        return inner_->global(instance, name);
    }
    Stop enter(const FunctionRef& function, RawValue* slots, std::size_t count) noexcept override;
    GuestMemory view(const MemoryRef& memory) noexcept override { return inner_->view(memory); }
    GuestMemory view(Caller caller) noexcept override { return inner_->view(caller); }
    RawValue get(const GlobalRef& global) noexcept override { return inner_->get(global); }
    void set(const GlobalRef& global, RawValue value) noexcept override { inner_->set(global, value); }
    Result<void> set_fuel(std::uint64_t units) override;
    std::uint64_t fuel_left() noexcept override;
    std::uint64_t memory_bytes() noexcept override { return inner_->memory_bytes(); }
    std::uint64_t memory_peak_bytes() noexcept override { return inner_->memory_peak_bytes(); }

    /// What every host import of the inner module is bound to; `import` is the one that was given.
    static Stop host_call(const void* import, Store& inner, Caller caller, RawValue* slots) noexcept;

    /// The import that the checks call.
    static Stop check(const void*, Store& inner, Caller, RawValue*) noexcept;

private:
    struct Instance {
        std::shared_ptr<const MeteredModule> module;
        GlobalRef counter;
    };

    std::int64_t counter(const Instance& instance) noexcept { return inner_->get(instance.counter).i64; }
    void set_counter(const Instance& instance, std::int64_t value) noexcept {
        RawValue raw{};
        raw.i64 = value;
        inner_->set(instance.counter, raw);
    }
    std::int64_t fuel_sum() noexcept;
    Stop refill() noexcept;

    const std::unique_ptr<Store> inner_;
    const bool counts_fuel_;
    const wasm::CheckOptions names_;
    std::vector<Instance> instances_;
    std::vector<std::shared_ptr<const MeteredModule>> failed_;
    std::int64_t reserve_ = 0;  // fuel that no counter has; never below 0
};

Result<std::shared_ptr<Module>> MeteredModule::make(Engine& engine, const ModuleSource& source,
                                                    CompileOptions options) {
    if (auto bound = check_imports(source); !bound) return fail(std::move(bound).error());
    if (auto same = check_description(source.info, source.bytes); !same) return fail(std::move(same).error());
    const auto rewritten = wasm::add_checks(source.bytes);
    if (!rewritten) return fail(rewritten.error());
    const auto info = read_module(*rewritten, wasm::no_load_limits());
    if (!info) return fail(Error(info.error()).add_context("after checks were put into the module"));

    const auto module = std::make_shared<MeteredModule>();
    module->counts_fuel_ = std::exchange(options.fuel, false);
    options.interrupt = false;
    module->hosts_.reserve(source.imports.size());  // pointed to from the first on
    std::vector<Resolved> imports;
    for (const Resolved& import : source.imports) {
        if (const auto* host = std::get_if<HostImport>(&import)) {
            module->hosts_.push_back(*host);
            imports.emplace_back(HostImport{&MeteredStore::host_call, &module->hosts_.back()});
        } else {
            imports.push_back(import);
        }
    }
    imports.emplace_back(HostImport{&MeteredStore::check, nullptr});
    std::vector<std::pair<std::string, std::string>> names(source.import_names.begin(), source.import_names.end());
    if (!names.empty()) names.emplace_back(info->imports.back().module, info->imports.back().name);
    auto inner = engine.compile({*info, *rewritten, imports, names}, options);
    if (!inner) return fail(std::move(inner).error());
    module->inner_ = *std::move(inner);
    return module;
}

Result<std::unique_ptr<Store>> MeteredModule::new_store(const StoreLimits& limits) const {
    auto inner = inner_->new_store(limits);
    if (!inner) return inner;
    return std::make_unique<MeteredStore>(*std::move(inner), counts_fuel_);
}

Result<InstanceId> MeteredStore::instantiate(const Module& module) {
    const auto* metered = dynamic_cast<const MeteredModule*>(&module);
    if (metered == nullptr || metered->counts_fuel() != counts_fuel_) {
        return fail(ErrorCode::invalid_argument,
                    "the module was compiled by another engine or with other options than the store's");
    }
    auto id = inner_->instantiate(metered->inner());
    if (!id) {
        // Its data did not fit: by then its functions may be in a table that it shares, and nobody knows their counter.
        if (id.error().code() == ErrorCode::trap) failed_.push_back(metered->shared_from_this());
        return id;
    }
    const auto counter = inner_->global(*id, names_.counter_export);
    if (!counter) return fail(ErrorCode::internal, "the engine does not find the counter of fuel");
    instances_.push_back({metered->shared_from_this(), *counter});
    return id;
}

Stop MeteredStore::enter(const FunctionRef& function, RawValue* slots, std::size_t count) noexcept {
    const Stop stop = inner_->call(function, slots, count);
    if (stop == Stop::done) [[likely]]
        return stop;
    stop_ = inner_->take_stop();
    stop_->backtrace.clear();  // indices and offsets are those of the rewritten code
    return stop;
}

Stop MeteredStore::host_call(const void* import, Store& inner, Caller caller, RawValue* slots) noexcept {
    const auto& host = *static_cast<const HostImport*>(import);
    auto& self = *static_cast<MeteredStore*>(inner.session);
    const Stop said = host.call(host.function, self, caller, slots);
    const Stop stop = self.after_host_call(said);
    if (stop == Stop::done) [[likely]]
        return stop;
    StopInfo info = self.take_stop();
    return inner.stop_with(stop, stop == said ? std::move(info) : StopInfo{});
}

Stop MeteredStore::check(const void*, Store& inner, Caller, RawValue*) noexcept {
    auto& self = *static_cast<MeteredStore*>(inner.session);
    Stop stop = self.due();
    if (stop == Stop::done) stop = self.refill();
    if (stop == Stop::done) [[likely]]
        return stop;
    return inner.stop_with(stop, StopInfo{});
}

/// All fuel there is: below 0 for code that ran on to its next check.
std::int64_t MeteredStore::fuel_sum() noexcept {
    std::int64_t sum = reserve_;
    for (const Instance& instance : instances_) sum += counter(instance);
    return sum;
}

/// Gives the counters that are used up their next slice. The caller's is one of them; which, nobody tells.
Stop MeteredStore::refill() noexcept {
    const std::int64_t sum = counts_fuel_ ? fuel_sum() : 0;
    if (sum < 0 || (counts_fuel_ && !failed_.empty())) return Stop::fuel;
    reserve_ = sum;
    for (const Instance& instance : instances_) {
        const bool used_up = counter(instance) < 0;
        const std::int64_t slice = !used_up ? 0 : counts_fuel_ ? std::min(kSlice, reserve_) : kSlice;
        if (counts_fuel_) {
            reserve_ -= slice;
            set_counter(instance, slice);
        } else if (used_up) {
            set_counter(instance, slice);
        }
    }
    return Stop::done;
}

Result<void> MeteredStore::set_fuel(std::uint64_t units) {
    if (!counts_fuel_) return fail(ErrorCode::unsupported, "the module was compiled without fuel");
    constexpr std::uint64_t kMost = std::uint64_t{1}
                                    << 62;  // sums with counters stay within range; it lasts for centuries
    reserve_ = static_cast<std::int64_t>(std::min(units, kMost));
    for (const Instance& instance : instances_) set_counter(instance, 0);
    return {};
}

std::uint64_t MeteredStore::fuel_left() noexcept {
    if (!counts_fuel_) return 0;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(fuel_sum(), 0));
}

class MeteredEngine final : public Engine {
public:
    explicit MeteredEngine(std::unique_ptr<Engine> inner)
        : inner_(std::move(inner)), info_(metered_info(inner_->info())) {}

    const EngineInfo& info() const noexcept override { return info_; }
    Result<std::shared_ptr<Module>> compile(const ModuleSource& source, const CompileOptions& options) override {
        if (!options.fuel && !options.interrupt) return inner_->compile(source, options);
        return MeteredModule::make(*inner_, source, options);
    }
    Result<std::shared_ptr<Module>> load(const ModuleSource&, const CompileOptions&) override {
        return fail(ErrorCode::unsupported,
                    "engine " + info_.name + " loads no compiled code, since it would have no checks");
    }
    Result<Bytes> parse_text(std::string_view text) override { return inner_->parse_text(text); }
    std::string code_key(const CompileOptions&) const override { return {}; }
    void tick() noexcept override { inner_->tick(); }

private:
    const std::unique_ptr<Engine> inner_;
    const EngineInfo info_;
};

}  // namespace

EngineInfo metered_info(EngineInfo info) {
    Capabilities& can = info.capabilities;
    can.fuel = can.interrupt = can.rewritten_metering = true;
    can.backtrace = can.compiled_code = false;
    return info;
}

std::unique_ptr<Engine> make_metered(std::unique_ptr<Engine> engine) {
    return std::make_unique<MeteredEngine>(std::move(engine));
}

}  // namespace mortise::engine
