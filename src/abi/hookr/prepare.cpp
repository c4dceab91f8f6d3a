#include <algorithm>
#include <array>

#include "abi/hookr/plan.hpp"
#include "abi/message/assemblyscript_imports.hpp"
#include "abi/message/options.hpp"
#include "base/text.hpp"

namespace mortise::abi::hookr {

namespace {

using engine::RawValue;
using engine::Stop;
using engine::Store;
using message::Site;

constexpr std::array<std::string_view, 3> kInitialisers = {"_start", "_initialize", "hookr_init"};

FunctionType type(std::size_t params, std::size_t results) {
    return {std::vector(params, ValType::i32), std::vector(results, ValType::i32)};
}

// Where nobody listens nothing is read: a guest may log what it likes then.
Stop log(const void* function, Store& store, engine::Caller caller, RawValue* slots) noexcept {
    if (Session::of(store).observer == nullptr) return Stop::done;
    return message::log(function, store, caller, slots);
}

std::vector<Builtin> protocol_functions(const Options& options) {
    enum class Generation : std::uint8_t { any, zero };
    struct Function {
        Generation generation;
        Site site;
        std::size_t params, results;
        engine::HostFunction call;
    };
    static constexpr Function kTable[] = {
        {Generation::any, {kModule, "__plugin_request"}, 2, 0, &message::request},
        {Generation::any, {kModule, "__plugin_response"}, 2, 0, &message::response},
        {Generation::any, {kModule, "__plugin_error"}, 2, 0, &message::error},
        {Generation::any, {kModule, kHostCall}, 4, 1, &host_call},
        {Generation::any, {kModule, "__host_response_len"}, 0, 1, &message::host_response_len},
        {Generation::any, {kModule, "__host_response"}, 1, 0, &message::host_response},
        {Generation::any, {kModule, "__host_error_len"}, 0, 1, &message::host_error_len},
        {Generation::any, {kModule, "__host_error"}, 1, 0, &message::host_error},
        {Generation::any, {kModule, "__log"}, 2, 0, &log},
        {Generation::zero, {kModule, "__guest_request"}, 2, 0, &message::request},
        {Generation::zero, {kModule, "__guest_response"}, 2, 0, &message::response},
        {Generation::zero, {kModule, "__guest_error"}, 2, 0, &message::error},
    };
    std::vector<Builtin> out;
    for (const Function& f : kTable) {
        if (f.generation == Generation::zero && !options.generation_0_aliases) continue;
        out.push_back({f.site.name, type(f.params, f.results), f.call, &f.site});
    }
    return out;
}

std::vector<Builtin> env_functions() {
    std::vector<ValType> trace{ValType::i32, ValType::i32};
    trace.insert(trace.end(), 5, ValType::f64);
    return {{"abort", type(4, 0), &message::abort_with_exit, nullptr},
            {"trace", {std::move(trace), {}}, &message::trace, nullptr},
            {"seed", {{}, {ValType::f64}}, &message::seed, nullptr}};
}

Result<std::optional<engine::Resolved>> bind_builtin(const Import& import, std::span<const Builtin> table) {
    auto builtin = find_builtin(import, table);
    if (!builtin) return fail(std::move(builtin).error());
    if (*builtin == nullptr) return std::nullopt;
    return engine::Resolved(engine::HostImport{(*builtin)->call, (*builtin)->function});
}

Result<std::optional<engine::Resolved>> bind(const Import& import, const Source& source, Plan& plan) {
    if (import.module == kModule) {
        auto bound = bind_builtin(import, protocol_functions(plan.options));
        if (!bound || bound->has_value()) return bound;
    }
    // The embedder's own function stands before what we have for a language: it knows its guests better.
    if (const detail::HostFn* function = find_host_function(source.host, import.module, import.name)) {
        auto bound = plan.numeric.bind(import, *function, source.observed);
        if (!bound) return fail(std::move(bound).error());
        return *bound;
    }
    if (import.module == "env") return bind_builtin(import, env_functions());
    return std::nullopt;
}

// The export that takes calls: today's name, or the older one where the options allow it.
Result<std::string_view> find_entry(const ModuleInfo& info, const Options& options) {
    const FunctionType wanted = type(2, 1);
    const bool older = info.find_export(kPluginCall) == nullptr && options.generation_0_aliases &&
                       info.find_export(kGuestCall) != nullptr;
    const std::string_view name = older ? kGuestCall : kPluginCall;
    const Export* found = info.find_export(name);
    if (found == nullptr) {
        return fail(ErrorCode::missing_export,
                    base::concat("a hookr plugin must export the function \"", name, "\" ", to_string(wanted)));
    }
    const FunctionType* got = info.exported_function(name);
    if (got == nullptr || *got != wanted) {
        const std::string is = got == nullptr ? std::string(to_string(found->kind)) : to_string(*got);
        return fail(ErrorCode::export_mismatch,
                    base::concat("export \"", name, "\" is ", is, ", hookr demands a function ", to_string(wanted)));
    }
    return name;
}

// Functions added under the ABI's module serve operations, unless the plugin imports one as it is.
Result<void> register_operations(const Source& source, Plan& plan) {
    for (const detail::HostFn& function : source.host.functions()) {
        if (function.module != kModule) continue;
        if (serves_operations(function)) {
            plan.by_operation[function.name] = &function;
            continue;
        }
        const bool imported = std::any_of(source.info.imports.begin(), source.info.imports.end(), [&](const Import& import) {
            return import.module == kModule && import.name == function.name;
        });
        if (imported) continue;
        return fail(ErrorCode::invalid_argument,
                    base::concat("the host function ", base::quoted(function.name), " of module \"hookr\" serves an operation, so "
                                 "it takes one text or bytes or nothing, and gives text, bytes or nothing"));
    }
    return {};
}

}  // namespace

Result<Prepared> prepare(const Source& source) {
    if (const auto later = later_generation(source.info)) {
        return fail(ErrorCode::unsupported,
                    base::concat("the plugin is of generation ", later->name, " of hookr (numeric methods), which is not "
                                 "implemented: ", later->mark));
    }
    auto options = message::options_of<Options>(source.options, "mortise::abi::hookr::Options");
    if (!options) return fail(std::move(options).error());
    auto entry = find_entry(source.info, *options);
    if (!entry) return fail(std::move(entry).error());

    auto plan = std::make_shared<Plan>();
    plan->options = *std::move(options);
    plan->entry = *entry;
    plan->host = &source.host;
    for (const std::string_view name : kInitialisers) {
        const FunctionType* type = source.info.exported_function(name);
        if (type != nullptr && type->params.empty()) plan->initialisers.push_back(name);
    }
    if (auto registered = register_operations(source, *plan); !registered) return fail(std::move(registered).error());

    Prepared prepared;
    for (const Import& import : source.info.imports) {
        auto bound = bind(import, source, *plan);
        if (!bound) return fail(std::move(bound).error());
        prepared.imports.push_back(*std::move(bound));
    }
    prepared.plan = std::move(plan);
    return prepared;
}

}  // namespace mortise::abi::hookr
