#include "abi/aspect/aspect.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "abi/aspect/container.hpp"
#include "abi/aspect/instance.hpp"
#include "abi/aspect/marshal.hpp"
#include "abi/aspect/names.hpp"
#include "abi/aspect/plan.hpp"
#include "abi/aspect/prices.hpp"
#include "base/text.hpp"
#include "wasm/normalise.hpp"

namespace mortise::abi {

namespace aspect {

using base::concat;

namespace {

constexpr std::uint64_t kPage = 65536;
constexpr std::uint64_t kSmallPages = 160, kLargePages = 512;

const FunctionType kAbort{{ValType::i32, ValType::i32, ValType::i32, ValType::i32}, {}};
const FunctionType kI32ToI32{{ValType::i32}, {ValType::i32}};

Result<GasRule> rule_of(const Import& import, const std::any& extra) {
    GasRule rule = StaticGas{0};
    if (const auto* any_rule = std::any_cast<GasRule>(&extra)) rule = *any_rule;
    else if (const auto* fixed = std::any_cast<StaticGas>(&extra)) rule = *fixed;
    else if (const auto* dynamic = std::any_cast<DynamicGas>(&extra)) rule = *dynamic;
    else if (const auto* custom = std::any_cast<CustomGas>(&extra)) rule = *custom;
    else if (extra.has_value()) {
        return fail(ErrorCode::invalid_argument, concat(describe(import), ": what was added with the host's function is no GasRule"));
    }
    const auto* fixed = std::get_if<StaticGas>(&rule);
    const auto* dynamic = std::get_if<DynamicGas>(&rule);
    const auto* custom = std::get_if<CustomGas>(&rule);
    if ((fixed != nullptr && fixed->cost < 0) || (dynamic != nullptr && (dynamic->fixed < 0 || dynamic->per_byte < 0)) ||
        (custom != nullptr && !*custom)) {
        return fail(ErrorCode::invalid_argument, concat(describe(import), ": its gas rule is negative or empty"));
    }
    return rule;
}

Result<void> check_function(const Import& import, const detail::HostFn& function) {
    const auto refuse = [&](std::string_view why) {
        return fail(ErrorCode::import_mismatch, concat(describe(import), ": host function not supported: ", why));
    };
    if (function.params.size() > kMostParams) return refuse("it takes more than three values");
    FunctionType type;
    for (const Kind kind : function.params) {
        if (!type_of(kind)) return refuse(concat("it takes a ", to_string(kind), ", aspects pass i32, i64, u64, bool, string and bytes"));
        type.params.push_back(ValType::i32);
    }
    if (function.result != Kind::none) {
        if (!type_of(function.result)) return refuse(concat("it gives a ", to_string(function.result), ", aspects take i32, i64, u64, bool, string and bytes"));
        type.results.push_back(ValType::i32);
    }
    return check_import_type(import, type);
}

Result<std::optional<engine::Resolved>> resolve(Plan& plan, const Import& import, const HostFunctions& host) {
    if (import.module == "env" && import.name == "abort") {
        if (auto fits = check_import_type(import, kAbort); !fits) return fail(std::move(fits).error());
        return engine::Resolved(engine::HostImport{&AspectInstance::abort, nullptr});
    }
    const std::size_t dot = import.name.rfind('.');
    const auto* function = dot != std::string::npos ? find_host_function(host, import.module, import.name) : nullptr;
    if (function == nullptr) return std::nullopt;
    if (auto fits = check_function(import, *function); !fits) return fail(std::move(fits).error());
    auto rule = rule_of(import, function->extra);
    if (!rule) return fail(std::move(rule).error());
    auto bound = std::make_unique<BoundImport>();
    bound->function = function;
    bound->module = import.module;
    bound->name = import.name;
    bound->space = std::string_view(bound->name).substr(0, dot);
    bound->method = std::string_view(bound->name).substr(dot + 1);
    bound->rule = *std::move(rule);
    plan.imports.push_back(std::move(bound));
    return engine::Resolved(engine::HostImport{&AspectInstance::host_call, plan.imports.back().get()});
}

// A module that was instrumented before runs as it is; what it exports must serve.
Result<Bytes> take_instrumented(const ModuleInfo& info, BytesView wasm) {
    const Export* counter = info.find_export(kCounterExport);
    const std::uint32_t imported = info.imported(ExternKind::global);
    const bool usable = counter->kind == ExternKind::global && counter->index >= imported &&
                        info.globals[counter->index - imported].type == ValType::i64 &&
                        info.globals[counter->index - imported].is_mutable;
    if (!usable) return fail(ErrorCode::export_mismatch, concat("export \"", kCounterExport, "\" is not a mutable global i64"));
    wasm::NormaliseOptions options;
    options.start_export = kStartExport;
    auto normal = wasm::normalise(info, wasm, options);
    if (!normal) return fail(std::move(normal).error());
    return std::move(normal->wasm);
}

Result<Bytes> instrument_for(const Source& source, const Options& options) {
    if (options.instrumented == Instrumented::run && source.info.find_export(kCounterExport) != nullptr) {
        return take_instrumented(source.info, source.wasm);
    }
    const auto begin = std::chrono::steady_clock::now();
    auto wasm = instrument(source.wasm, options.prices ? *options.prices : GasPrices::current());
    if (!wasm || !options.on_event) return wasm;
    const auto spent = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin);
    emit(options, {.what = Event::What::instrumented,
                   .nanoseconds = static_cast<std::uint64_t>(spent.count()),
                   .size_before = source.wasm.size(),
                   .size_after = wasm->size()});
    return wasm;
}

std::uint64_t memory_cap(const ModuleInfo& info, const Options& options) {
    if (options.memory_pages) return *options.memory_pages * kPage;
    const std::uint64_t minimum = info.memories.empty() ? 0 : info.memories.front().minimum;
    return (minimum <= kSmallPages ? kSmallPages : kLargePages) * kPage;
}

}  // namespace

void emit(const Options& options, const Event& event) noexcept {
    if (!options.on_event) return;
    try {
        options.on_event(event);
    } catch (...) {  // a listener never fails a guest
    }
}

Result<Bytes> instrument(BytesView wasm, const GasPrices& prices) {
    if (wasm.empty()) return fail(ErrorCode::malformed_module, "the module is empty");
    return wasm::add_gas(wasm, metering_options(prices));
}

Result<Prepared> prepare(const Source& source) {
    auto plan = std::make_shared<Plan>();
    if (source.options.has_value()) {
        const auto* options = std::any_cast<Options>(&source.options);
        if (options == nullptr) return fail(ErrorCode::invalid_argument, "the options of ABI aspect are of type mortise::abi::aspect::Options");
        plan->options = *options;
    }
    if (plan->options.validate) {
        if (auto valid = validate(source.wasm); !valid) return fail(std::move(valid).error().add_context("while validating the aspect"));
    }
    Prepared prepared;
    for (const Import& import : source.info.imports) {
        auto resolved = resolve(*plan, import, source.host);
        if (!resolved) return fail(std::move(resolved).error());
        prepared.imports.push_back(*std::move(resolved));
    }
    auto wasm = instrument_for(source, plan->options);
    if (!wasm) return fail(std::move(wasm).error());
    prepared.wasm = *std::move(wasm);
    prepared.compile.simd = false;
    prepared.compile.bulk_memory = false;
    prepared.compile.reference_types = false;
    prepared.wasi = {.preview1 = false};
    prepared.memory_bytes = memory_cap(source.info, plan->options);
    prepared.plan = std::move(plan);
    return prepared;
}

}  // namespace aspect

namespace {

class Aspect final : public Abi {
public:
    const AbiInfo& info() const noexcept override { return info_; }

    bool starts_instances() const noexcept override { return false; }

    std::optional<std::string> recognise(const ModuleInfo& info) const override {
        const FunctionType* allocate = info.exported_function(aspect::kAllocate);
        if (allocate == nullptr || *allocate != aspect::kI32ToI32) return std::nullopt;
        const bool started = info.exported_function(aspect::kStartExport) != nullptr;
        if (!started && !info.start) return std::nullopt;
        if (info.find_export("get_string_size") != nullptr) return std::nullopt;
        for (const Import& import : info.imports) {
            const bool abort = import.module == "env" && import.name == "abort";
            const bool dotted = import.kind == ExternKind::function && import.name.find('.') != std::string::npos &&
                                !import.module.starts_with("wasi_");
            if (!abort && !dotted) return std::nullopt;
        }
        return started ? "exports allocate and __aspect_start__" : "exports allocate, has a start section and an aspect's imports";
    }

    Result<std::optional<Bytes>> unwrap(BytesView bytes, std::uint64_t most) const override { return aspect::unwrap(bytes, most); }

    Result<Prepared> prepare(const Source& source) const override { return aspect::prepare(source); }

    Result<std::unique_ptr<Instance>> attach(const Prepared& prepared, const ModuleInfo& info, engine::Store& store,
                                             engine::InstanceId id, Session& session) const override {
        const auto& plan = *static_cast<const aspect::Plan*>(prepared.plan.get());
        auto instance = std::make_unique<aspect::AspectInstance>(plan, info, store, id, session);
        store.abi = static_cast<Instance*>(instance.get());
        return instance;
    }

private:
    AbiInfo info_{.name = "aspect",
                  .description = "gas-metered calls with tagged values; Artela aspects",
                  .after_failure = AfterFailure::reuse,
                  .nested_calls = false};
};

}  // namespace

std::unique_ptr<Abi> make_aspect() { return std::make_unique<Aspect>(); }

}  // namespace mortise::abi
