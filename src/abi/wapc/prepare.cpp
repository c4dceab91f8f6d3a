#include <algorithm>

#include "abi/message/assemblyscript_imports.hpp"
#include "abi/message/options.hpp"
#include "abi/wapc/plan.hpp"
#include "base/text.hpp"

namespace mortise::abi::wapc {

namespace {

using engine::RawValue;
using engine::Stop;
using engine::StopInfo;
using engine::Store;
using message::Site;

FunctionType type(std::size_t params, std::size_t results) {
    return {std::vector(params, ValType::i32), std::vector(results, ValType::i32)};
}

// The protocol's functions as one module imports them: what is said and reported names the module that the guest used.
std::vector<Builtin> protocol_functions(std::string_view module, std::size_t host_call_params) {
    struct Function {
        std::string_view name;
        std::size_t params, results;
        engine::HostFunction call;
    };
    static constexpr Function kTable[] = {
        {"__guest_request", 2, 0, &message::request},
        {"__guest_response", 2, 0, &message::response},
        {"__guest_error", 2, 0, &message::error},
        {"__host_response_len", 0, 1, &message::host_response_len},
        {"__host_response", 1, 0, &message::host_response},
        {"__host_error_len", 0, 1, &message::host_error_len},
        {"__host_error", 1, 0, &message::host_error},
        {"__console_log", 2, 0, &message::log},
        {"__host_call", 4, 1, &host_call<1>},
        {"__host_call", 6, 1, &host_call<2>},
        {"__host_call", 8, 1, &host_call<3>},
    };
    static constexpr auto kSites = [](std::string_view of) {
        std::array<Site, std::size(kTable)> sites{};
        for (std::size_t i = 0; i < sites.size(); ++i) sites[i] = {of, kTable[i].name};
        return sites;
    };
    static constexpr auto kWapcSites = kSites(kModule);
    static constexpr auto kWasmbusSites = kSites(kWasmbus);
    static constexpr auto kEnvSites = kSites("env");

    const auto& sites = module == kModule ? kWapcSites : module == kWasmbus ? kWasmbusSites : kEnvSites;
    std::vector<Builtin> out;
    for (std::size_t i = 0; i < std::size(kTable); ++i) {
        const Function& f = kTable[i];
        if (f.name == kHostCall && f.params != host_call_params) continue;
        out.push_back({f.name, type(f.params, f.results), f.call, &sites[i]});
    }
    return out;
}

std::vector<Builtin> env_functions() {
    std::vector<ValType> trace{ValType::i32, ValType::i32};
    trace.insert(trace.end(), 5, ValType::f64);
    std::vector<Builtin> out = protocol_functions("env", 8);
    std::erase_if(out, [](const Builtin& f) { return f.name != "__console_log"; });
    out.push_back({"abort", type(4, 0), &message::abort_with_trap, nullptr});
    out.push_back({"trace", {std::move(trace), {}}, &message::trace, nullptr});
    out.push_back({"seed", {{}, {ValType::f64}}, &message::seed, nullptr});
    return out;
}

bool is_wasi(std::string_view module) noexcept {
    return module == "wasi_snapshot_preview1" || module == "wasi_unstable" || module == "wasi";
}

Stop unknown_import(const void* function, Store& store, engine::Caller, RawValue*) noexcept {
    StopInfo info;
    info.trap = TrapKind::unreachable;
    info.text = base::concat("the guest called ", *static_cast<const std::string*>(function), ", which nobody provides");
    return store.stop_with(Stop::trap, std::move(info));
}

Result<void> check_generation(const Import& import, const Options& options) {
    const auto refused = [&import](std::string_view what) {
        return fail(ErrorCode::unsupported, base::concat(describe(import), " is of ", what, ", which the options do not accept"));
    };
    if (import.module == kWasmbus && !options.accept_wasmbus) return refused("wasmCloud's module \"wasmbus\"");
    if (import.name != kHostCall) return {};
    if (import.function.params.size() == 4 && !options.accept_g1) return refused("the first generation of waPC (4 parameters)");
    if (import.function.params.size() == 6 && !options.accept_g2) return refused("the second generation of waPC (6 parameters)");
    return {};
}

// An import of the protocol's own modules, or nothing if the protocol has no such function.
Result<std::optional<engine::Resolved>> bind_protocol(const Import& import, const Options& options) {
    if (auto accepted = check_generation(import, options); !accepted) return fail(std::move(accepted).error());
    const std::size_t params = import.function.params.size();
    const bool older = import.kind == ExternKind::function && (params == 4 || params == 6);
    const auto table = protocol_functions(import.module, older ? params : 8);
    auto builtin = find_builtin(import, table);
    if (!builtin) return fail(std::move(builtin).error());
    if (*builtin == nullptr) return std::nullopt;
    return engine::Resolved(engine::HostImport{(*builtin)->call, (*builtin)->function});
}

Result<std::optional<engine::Resolved>> bind_env(const Import& import, std::span<const Builtin> env) {
    auto builtin = find_builtin(import, env);
    if (!builtin) return fail(std::move(builtin).error());
    if (*builtin == nullptr) return std::nullopt;
    return engine::Resolved(engine::HostImport{(*builtin)->call, (*builtin)->function});
}

class Binder {
public:
    Binder(const Source& source, Plan& plan) : source_(source), plan_(plan) {}

    Result<std::optional<engine::Resolved>> bind(const Import& import) {
        if (is_protocol_module(import.module)) {
            auto bound = bind_protocol(import, plan_.options);
            if (!bound || bound->has_value()) return bound;
        }
        // The embedder's own function stands before what we have for languages: it knows its guests better.
        if (const detail::HostFn* function = find_host_function(source_.host, import.module, import.name)) {
            auto bound = plan_.numeric.bind(import, *function, source_.observed);
            if (!bound) return fail(std::move(bound).error());
            return *bound;
        }
        if (import.module == "env") {
            auto bound = bind_env(import, env_);
            if (!bound || bound->has_value()) return bound;
        }
        return stub(import);
    }

private:
    std::optional<engine::Resolved> stub(const Import& import) {
        const bool wanted = plan_.options.unknown_imports == UnknownImports::trap_stub;
        if (!wanted || import.kind != ExternKind::function || is_wasi(import.module)) return std::nullopt;
        plan_.stubs.push_back(std::make_unique<std::string>(describe(import)));
        return engine::Resolved(engine::HostImport{&unknown_import, plan_.stubs.back().get()});
    }

    const Source& source_;
    Plan& plan_;
    const std::vector<Builtin> env_ = env_functions();
};

Result<void> check_guest_call(const ModuleInfo& info) {
    const FunctionType wanted = type(2, 1);
    const Export* found = info.find_export(kGuestCall);
    if (found == nullptr) {
        return fail(ErrorCode::missing_export, base::concat("a waPC plugin must export the function \"", kGuestCall, "\" ",
                                                            to_string(wanted)));
    }
    const FunctionType* got = info.exported_function(kGuestCall);
    if (got == nullptr || *got != wanted) {
        const std::string is = got == nullptr ? std::string(to_string(found->kind)) : to_string(*got);
        return fail(ErrorCode::export_mismatch, base::concat("export \"", kGuestCall, "\" is ", is, ", waPC demands a function ",
                                                             to_string(wanted)));
    }
    return {};
}

bool takes_pointer(const Import& import) noexcept {
    return (is_protocol_module(import.module) || (import.module == "env" && import.name == "__console_log")) &&
           import.kind == ExternKind::function && !import.function.params.empty();
}

Result<void> check_memory(const ModuleInfo& info) {
    const Export* memory = info.find_export("memory");
    if (memory != nullptr && memory->kind == ExternKind::memory) return {};
    const auto needs = std::find_if(info.imports.begin(), info.imports.end(), takes_pointer);
    if (needs == info.imports.end()) return {};
    if (memory == nullptr) {
        return fail(ErrorCode::missing_export,
                    base::concat("the plugin must export its memory as \"memory\", since ", describe(*needs), " takes a pointer"));
    }
    return fail(ErrorCode::export_mismatch, base::concat("export \"memory\" is a ", to_string(memory->kind), ", not a memory"));
}

std::vector<std::string> initialisers(const ModuleInfo& info, const std::vector<std::string>& wanted) {
    std::vector<std::string> out;
    for (const std::string& name : wanted) {
        const FunctionType* type = info.exported_function(name);
        if (type == nullptr || !type->params.empty()) continue;
        if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
    }
    return out;
}

}  // namespace

Result<Prepared> prepare(const Source& source) {
    if (const auto mark = mark_of_vino(source.info)) {
        return fail(ErrorCode::unsupported,
                    base::concat("the plugin is of the \"vino\" fork of waPC (call ids in front of every function), which no host "
                                 "took over: ", *mark));
    }
    auto options = message::options_of<Options>(source.options, "mortise::abi::wapc::Options");
    if (!options) return fail(std::move(options).error());
    if (auto fits = check_guest_call(source.info); !fits) return fail(std::move(fits).error());
    if (auto fits = check_memory(source.info); !fits) return fail(std::move(fits).error());

    auto plan = std::make_shared<Plan>();
    plan->options = *std::move(options);
    plan->initialisers = initialisers(source.info, plan->options.start_functions);
    plan->host = &source.host;

    Prepared prepared;
    Binder binder(source, *plan);
    for (const Import& import : source.info.imports) {
        auto bound = binder.bind(import);
        if (!bound) return fail(std::move(bound).error());
        prepared.imports.push_back(*std::move(bound));
    }
    prepared.wasi = {.preview1 = true, .unstable = true, .legacy_wasi = true};
    prepared.plan = std::move(plan);
    return prepared;
}

}  // namespace mortise::abi::wapc
