#include "abi/wasp/wasp.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "abi/wasp/instance.hpp"
#include "abi/wasp/plan.hpp"
#include "base/text.hpp"

namespace mortise::abi {

namespace wasp {

using base::concat;

namespace {

const FunctionType kTextToNothing{{ValType::i32}, {}};
const FunctionType kAbort{{ValType::i32, ValType::i32, ValType::i32, ValType::i32}, {}};

bool is_wasi(const Import& import) noexcept { return import.module.starts_with("wasi_"); }

Result<FunctionType> crossing_types(const Import& import, const detail::HostFn& function) {
    FunctionType type;
    const auto refuse = [&](Kind kind) {
        return fail(ErrorCode::import_mismatch, concat(describe(import), ": the host's function has a ", to_string(kind), ", which wasp cannot carry"));
    };
    for (const Kind kind : function.params) {
        const auto wasm = crossing_type(kind);
        if (!wasm) return refuse(kind);
        type.params.push_back(*wasm);
    }
    if (function.result == Kind::none) return type;
    const auto wasm = crossing_type(function.result);
    if (!wasm) return refuse(function.result);
    type.results.push_back(*wasm);
    return type;
}

bool is_numeric(const detail::HostFn& function) noexcept {
    const auto number = [](Kind kind) { return wasm_type(kind).has_value(); };
    return std::all_of(function.params.begin(), function.params.end(), number) &&
           (function.result == Kind::none || number(function.result));
}

Result<engine::Resolved> bind_callback(Plan& plan, const Import& import, const detail::HostFn& function, bool observed) {
    auto type = crossing_types(import, function);
    if (!type) return fail(std::move(type).error());
    if (auto fits = check_import_type(import, *type); !fits) return fail(std::move(fits).error());
    const bool raw = function.raw != nullptr && !observed && !plan.options.on_event;
    if (!is_numeric(function)) plan.framed = true;
    plan.callbacks.push_back(std::make_unique<Callback>(Callback{&function, import.module, import.name}));
    return engine::Resolved(engine::HostImport{raw ? &WaspInstance::raw_callback : &WaspInstance::callback, plan.callbacks.back().get()});
}

Result<std::optional<engine::Resolved>> resolve(Plan& plan, const Import& import, const Source& source) {
    if (is_wasi(import)) return std::nullopt;   // reserved: no callback may stand in for it
    if (import.module == "env" && import.name == "raise_error") {
        if (auto fits = check_import_type(import, kTextToNothing); !fits) return fail(std::move(fits).error());
        plan.framed = true;
        return engine::Resolved(engine::HostImport{&WaspInstance::raise_error, nullptr});
    }
    if (const auto* function = find_host_function(source.host, import.module, import.name)) {
        auto bound = bind_callback(plan, import, *function, source.observed);
        if (!bound) return fail(std::move(bound).error());
        return *bound;
    }
    if (import.module == "env" && import.name == "abort" && plan.options.abort == AbortImport::provide) {
        if (auto fits = check_import_type(import, kAbort); !fits) return fail(std::move(fits).error());
        plan.framed = true;
        return engine::Resolved(engine::HostImport{&WaspInstance::abort, nullptr});
    }
    return std::nullopt;
}

}  // namespace

std::optional<ValType> crossing_type(Kind kind) noexcept {
    if (kind == Kind::string || kind == Kind::bytes) return ValType::i32;
    return wasm_type(kind);
}

Result<Prepared> prepare(const Source& source) {
    auto plan = std::make_shared<Plan>();
    if (source.options.has_value()) {
        const auto* options = std::any_cast<Options>(&source.options);
        if (options == nullptr) return fail(ErrorCode::invalid_argument, "the options of ABI wasp are of type mortise::abi::wasp::Options");
        plan->options = *options;
    }
    Prepared prepared;
    for (const Import& import : source.info.imports) {
        auto resolved = resolve(*plan, import, source);
        if (!resolved) return fail(std::move(resolved).error());
        prepared.imports.push_back(*std::move(resolved));
    }
    prepared.wasi = {.preview1 = true, .unstable = true};
    prepared.plan = std::move(plan);
    return prepared;
}

void add_workspace(Sandbox& sandbox, std::string host_directory, Access access) {
    if (sandbox.arguments.empty()) sandbox.arguments.emplace_back("wasi-plugins");
    if (host_directory.empty()) return;
    for (const char* guest_path : {"workspace", "/workspace"}) {
        HostDirectory directory;
        directory.host_path = host_directory;
        directory.guest_path = guest_path;
        directory.access = access;
        sandbox.directories.push_back(std::move(directory));
    }
}

}  // namespace wasp

namespace {

// The marks of other ABIs that a module with wasp's own exports may carry.
bool has_foreign_mark(const ModuleInfo& info) {
    for (const Import& import : info.imports) {
        static constexpr std::array<std::string_view, 6> kModules{"wapc", "wasmbus", "hookr", "extism:host/env", "extism:host/user", "stat"};
        if (std::find(kModules.begin(), kModules.end(), import.module) != kModules.end()) return true;
        if (import.module == "env" && import.name.starts_with("ws_")) return true;
        if (!import.module.starts_with("wasi_") && import.name.find('.') != std::string::npos) return true;
    }
    for (const char* name : {"__guest_call", "__plugin_call", "__hookr_abi_version", "__aspect_start__"}) {
        if (info.exported_function(name) != nullptr) return true;
    }
    return false;
}

class Wasp final : public Abi {
public:
    const AbiInfo& info() const noexcept override { return info_; }

    std::optional<std::string> recognise(const ModuleInfo& info) const override {
        const FunctionType i32_to_i32{{ValType::i32}, {ValType::i32}};
        for (const char* name : {"allocate", "get_string_size"}) {
            const FunctionType* type = info.exported_function(name);
            if (type == nullptr || *type != i32_to_i32) return std::nullopt;
        }
        const Export* memory = info.find_export("memory");
        if (memory == nullptr || memory->kind != ExternKind::memory || has_foreign_mark(info)) return std::nullopt;
        return "exports allocate and get_string_size";
    }

    Result<Prepared> prepare(const Source& source) const override { return wasp::prepare(source); }

    Result<std::unique_ptr<Instance>> attach(const Prepared& prepared, const ModuleInfo& info, engine::Store& store,
                                             engine::InstanceId id, Session& session) const override {
        const auto& plan = *static_cast<const wasp::Plan*>(prepared.plan.get());
        auto instance = std::make_unique<wasp::WaspInstance>(plan, info, store, id, session);
        store.abi = static_cast<Instance*>(instance.get());
        return instance;
    }

private:
    AbiInfo info_{.name = "wasp", .description = "exports called by name with numbers, text and bytes; nicholasjackson/wasp"};
};

}  // namespace

std::unique_ptr<Abi> make_wasp() { return std::make_unique<Wasp>(); }

}  // namespace mortise::abi
