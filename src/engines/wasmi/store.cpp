#include "engines/wasmi/store.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/text.hpp"
#include "engine/binding.hpp"
#include "engines/wasmi/failure.hpp"

namespace mortise::engines::wasmi {
namespace {

using base::concat;
using engine::Stop;

static_assert(sizeof(mortise_wasmi_value_t) == sizeof(engine::RawValue) &&
              alignof(mortise_wasmi_value_t) == alignof(engine::RawValue));

/// The vendor's numbers in the seam's opaque bytes.
template <class Ref>
struct Numbered {
    std::uint32_t number;
    std::uint32_t unused[sizeof(Ref) / sizeof(std::uint32_t) - 1];
};

template <class Ref>
Ref ref_of(std::uint32_t number) noexcept {
    return std::bit_cast<Ref>(Numbered<Ref>{number, {}});
}

struct Callee {
    std::uint32_t number;
    std::uint32_t unused[3];
};

template <class Ref>
std::uint32_t number_of(const Ref& ref) noexcept {
    return std::bit_cast<Numbered<Ref>>(ref).number;
}

}  // namespace

WasmiStore::WasmiStore(const CompiledModule& module, const engine::StoreLimits& limits)
    : profile_(module.profile()), admission_(limits) {
    static_assert(offsetof(mortise_limiter_t, growth_refused) % 2 == 0);
    refused_ = reinterpret_cast<std::uint16_t*>(&limiter_.growth_refused);   // with the mark for tables, which is right behind it
    limiter_.memory_limit = limits.memory_bytes;
    limiter_.table_limit = limits.table_elements;
    limiter_.memories_limit = limits.memories;
    limiter_.tables_limit = limits.tables;
    limiter_.instances_limit = limits.instances;
    limiter_.refused_growth_ends_call = limits.refused_growth_ends_call ? 1 : 0;
    store_.reset(mortise_wasmi_store_new(module.handle(), &limiter_, profile_->slice(),
                                         profile_->options().interrupt ? &WasmiStore::check : nullptr, this));
}

Result<std::unique_ptr<engine::Store>> WasmiStore::make(const CompiledModule& module,
                                                        const engine::StoreLimits& limits) {
    std::unique_ptr<WasmiStore> store(new WasmiStore(module, limits));
    if (!store->store_) return fail(ErrorCode::internal, "Wasmi cannot make a store");
    // The vendor's new store has fuel without end; ours has what it is given.
    if (module.profile()->options().fuel) mortise_wasmi_set_fuel(store->store_.get(), 0);
    return store;
}

Result<engine::InstanceId> WasmiStore::instantiate(const engine::Module& module) {
    const auto* compiled = dynamic_cast<const CompiledModule*>(&module);
    if (compiled == nullptr || compiled->profile() != profile_) {
        return fail(ErrorCode::invalid_argument,
                    "the module was compiled by another engine or with other options than the store's");
    }
    if (auto fits = admission_.admit(compiled->info(), limiter_.memory_used, limiter_.table_used); !fits)
        return fail(std::move(fits).error());

    Instance instance{.module = compiled->shared_from_this(), .bindings = {}, .memory = std::nullopt};
    const auto imports = resolve(*compiled, instance.bindings);
    if (!imports) return fail(imports.error());
    const auto number = make_instance(*compiled, *imports);
    if (!number) {
        failed_.push_back(std::move(instance));
        return fail(number.error());
    }

    static constexpr std::string_view kMemory = "memory";
    std::uint32_t memory = 0;
    if (mortise_wasmi_memory(store_.get(), *number, kMemory.data(), kMemory.size(), &memory)) instance.memory = memory;
    instances_.push_back(std::move(instance));
    return engine::InstanceId{*number};
}

Result<std::vector<mortise_wasmi_import_t>> WasmiStore::resolve(const CompiledModule& module,
                                                                std::vector<Binding>& bindings) {
    const auto& wanted = module.info().imports;
    std::vector<mortise_wasmi_import_t> imports;
    imports.reserve(wanted.size());
    bindings.reserve(wanted.size());  // pointed to from the first on
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        mortise_wasmi_import_t import{};
        import.kind = static_cast<std::uint32_t>(wanted[i].kind);
        if (const auto* link = std::get_if<engine::LinkedImport>(&module.imports()[i])) {
            if (link->from.index >= instances_.size()) {
                return fail(ErrorCode::missing_import, concat("import ", engine::spelled(wanted[i]),
                                                              " is linked to an instance that is not there"));
            }
            auto fits = engine::check_link(wanted[i], *link, instances_[link->from.index].module->info());
            if (!fits) return fail(std::move(fits).error());
            import.from = link->from.index;
            import.name = link->name.data();
            import.name_size = link->name.size();
        } else {
            const auto& host = std::get<engine::HostImport>(module.imports()[i]);
            bindings.push_back({host.call, host.function, this});
            import.call = &WasmiStore::host_call;
            import.env = &bindings.back();
        }
        imports.push_back(import);
    }
    return imports;
}

Result<std::uint32_t> WasmiStore::make_instance(const CompiledModule& module,
                                                const std::vector<mortise_wasmi_import_t>& imports) {
    std::uint32_t number = 0;
    const mortise_outcome_t outcome =
        mortise_wasmi_instantiate(store_.get(), module.handle(), imports.data(), imports.size(), &number);
    const Text text(outcome.text);
    if (outcome.status == MORTISE_DONE) return number;
    if (outcome.status == MORTISE_TRAP) {
        engine::StopInfo info;
        classify(outcome, text, info);
        Error failure(ErrorCode::trap, "the module's initial data or elements do not fit: " + info.text);
        failure.set_trap(info.trap, {});
        return fail(std::move(failure));
    }
    // Sizes were checked before: what is refused now, the system did not give.
    if (growth_was_refused()) return fail(ErrorCode::io, "Wasmi cannot make an instance: " + text.line());
    const bool linked = std::any_of(imports.begin(), imports.end(), [](const auto& import) { return !import.call; });
    return fail(linked && outcome.status == MORTISE_FAILED ? ErrorCode::import_mismatch : ErrorCode::internal,
                "Wasmi cannot make an instance: " + text.line());
}

std::optional<engine::FunctionRef> WasmiStore::function(engine::InstanceId instance, std::string_view name) {
    std::uint32_t number = 0;
    if (!mortise_wasmi_function(store_.get(), instance.index, name.data(), name.size(), &number)) return std::nullopt;
    const FunctionType* type = instances_[instance.index].module->info().exported_function(name);
    if (type == nullptr) return std::nullopt;
    return engine::FunctionRef::of(Callee{number, {}}, *type);
}

std::optional<engine::MemoryRef> WasmiStore::memory(engine::InstanceId instance, std::string_view name) {
    std::uint32_t number = 0;
    if (!mortise_wasmi_memory(store_.get(), instance.index, name.data(), name.size(), &number)) return std::nullopt;
    return ref_of<engine::MemoryRef>(number);
}

std::optional<engine::GlobalRef> WasmiStore::global(engine::InstanceId instance, std::string_view name) {
    std::uint32_t number = 0;
    if (!mortise_wasmi_global(store_.get(), instance.index, name.data(), name.size(), &number)) return std::nullopt;
    return ref_of<engine::GlobalRef>(number);
}

engine::Stop WasmiStore::enter(const engine::FunctionRef& function, engine::RawValue* slots,
                               std::size_t count) noexcept {
    const mortise_outcome_t outcome =
        mortise_wasmi_call(store_.get(), function.own<Callee>().number, reinterpret_cast<mortise_wasmi_value_t*>(slots), count);
    if (outcome.status == MORTISE_DONE) [[likely]]
        return Stop::done;
    return failed(outcome);
}

std::int32_t WasmiStore::host_call(const void* binding, mortise_wasmi_store_t*, mortise_wasmi_caller_t* caller,
                                   std::uint32_t, mortise_wasmi_value_t* slots) noexcept {
    const auto& bound = *static_cast<const Binding*>(binding);
    WasmiStore& store = *bound.store;
    const Stop said =
        bound.call(bound.function, store, engine::Caller{caller}, reinterpret_cast<engine::RawValue*>(slots));
    const Stop stop = store.after_host_call(said);
    if (stop != said) store.stop_.reset();  // the host function's details are not those of a deadline
    return static_cast<std::int32_t>(stop);
}

std::int32_t WasmiStore::check(void* store) noexcept {
    return static_cast<std::int32_t>(static_cast<const WasmiStore*>(store)->due());
}

engine::Stop WasmiStore::failed(const mortise_outcome_t& outcome) noexcept {
    const Text text(outcome.text);
    if (outcome.status == MORTISE_TRAP && outcome.code == MORTISE_TRAP_GROWTH_REFUSED &&
        limiter_.refused_growth_ends_call && growth_was_refused()) {
        stop_.reset();
        return Stop::memory_limit;
    }
    try {
        return classify(outcome, text, stop_ ? *stop_ : stop_.emplace());
    } catch (...) {
        // No memory for the details: the reason alone must do.
        return outcome.status == MORTISE_TRAP ? Stop::trap : Stop::engine;
    }
}

engine::GuestMemory WasmiStore::view(std::uint32_t memory) noexcept {
    std::uint8_t* data = nullptr;
    std::size_t size = 0;
    if (!mortise_wasmi_memory_view(store_.get(), memory, &data, &size)) return {};
    return {reinterpret_cast<std::byte*>(data), size};
}

engine::GuestMemory WasmiStore::view(const engine::MemoryRef& memory) noexcept { return view(number_of(memory)); }

engine::GuestMemory WasmiStore::view(engine::Caller caller) noexcept {
    if (instances_.size() == 1) [[likely]] {
        return instances_.front().memory ? view(*instances_.front().memory) : engine::GuestMemory{};
    }
    // Which of several instances it is, only the engine knows: a host function travels with tables and re-exports.
    static constexpr std::string_view kName = "memory";
    const auto* from = static_cast<const mortise_wasmi_caller_t*>(caller.opaque);
    std::uint8_t* data = nullptr;
    std::size_t size = 0;
    if (from == nullptr || !mortise_wasmi_caller_memory(store_.get(), from, kName.data(), kName.size(), &data, &size))
        return {};
    return {reinterpret_cast<std::byte*>(data), size};
}

engine::RawValue WasmiStore::get(const engine::GlobalRef& global) noexcept {
    mortise_wasmi_value_t value{};
    mortise_wasmi_global_get(store_.get(), number_of(global), &value);
    return std::bit_cast<engine::RawValue>(value);
}

void WasmiStore::set(const engine::GlobalRef& global, engine::RawValue raw) noexcept {
    const auto value = std::bit_cast<mortise_wasmi_value_t>(raw);
    // The only failure is an immutable global, which whoever asks for one knows.
    mortise_wasmi_global_set(store_.get(), number_of(global), &value);
}

Result<void> WasmiStore::set_fuel(std::uint64_t units) {
    if (!profile_->options().fuel) return fail(ErrorCode::unsupported, "the module was compiled without fuel");
    // The greatest number is the vendor's word for fuel without end.
    if (!mortise_wasmi_set_fuel(store_.get(), std::min(units, UINT64_MAX - 1)))
        return fail(ErrorCode::internal, "the engine takes no fuel");
    return {};
}

std::uint64_t WasmiStore::fuel_left() noexcept {
    return profile_->options().fuel ? mortise_wasmi_fuel_left(store_.get()) : 0;
}

}  // namespace mortise::engines::wasmi
