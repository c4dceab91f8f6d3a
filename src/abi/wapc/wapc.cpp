#include "abi/wapc/wapc.hpp"

#include <algorithm>
#include <array>

#include "abi/wapc/plan.hpp"
#include "base/text.hpp"

namespace mortise::abi {

namespace wapc {

namespace {

constexpr std::array<std::string_view, 9> kFunctions = {
    "__guest_request", "__guest_response", "__guest_error",   "__host_call",  "__host_response_len",
    "__host_response", "__host_error_len", "__host_error",    "__console_log",
};
constexpr std::array<std::string_view, 4> kVinoFunctions = {
    "__async_host_call", "__async_guest_call", "__host_call_response_ready", "__guest_call_response_ready",
};

bool one_of(std::string_view name, std::span<const std::string_view> names) noexcept {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string_view generation_of(const Import& host_call) noexcept {
    switch (host_call.function.params.size()) {
        case 4: return " of 2019, operation alone";
        case 6: return " of March 2020, namespace and operation";
        case 8: return " of today, binding, namespace and operation";
        case 9: return " of the vino fork, with call ids";
        default: return "";
    }
}

}  // namespace

bool is_protocol_module(std::string_view module) noexcept { return module == kModule || module == kWasmbus; }

std::optional<std::string> mark_of_vino(const ModuleInfo& info) {
    for (const Import& import : info.imports) {
        if (!is_protocol_module(import.module) || import.kind != ExternKind::function) continue;
        if (one_of(import.name, kVinoFunctions)) return describe(import);
        if (import.name == kHostCall && import.function.params.size() == 9) return describe(import) + " with 9 parameters";
    }
    for (const std::string_view name : kVinoFunctions) {
        if (info.exported_function(name) != nullptr) return base::concat("export \"", name, "\"");
    }
    const FunctionType* guest_call = info.exported_function(kGuestCall);
    if (guest_call != nullptr && guest_call->params.size() == 3) return "export \"__guest_call\" with 3 parameters";
    return std::nullopt;
}

std::optional<std::string> recognise(const ModuleInfo& info) {
    const Import* first = nullptr;
    const Import* host_call = nullptr;
    for (const Import& import : info.imports) {
        if (!is_protocol_module(import.module) || import.kind != ExternKind::function) continue;
        if (!one_of(import.name, kFunctions) && !one_of(import.name, kVinoFunctions)) continue;
        if (first == nullptr) first = &import;
        if (import.name == kHostCall) host_call = &import;
    }
    if (host_call != nullptr) {
        return base::concat("imports \"", host_call->module, "\" \"", host_call->name, "\"", generation_of(*host_call));
    }
    if (first != nullptr) return base::concat("imports \"", first->module, "\" \"", first->name, "\"");
    if (info.exported_function(kGuestCall) != nullptr && !info.imports_from("hookr")) {
        return "exports \"__guest_call\" and imports nothing from \"hookr\"";
    }
    return std::nullopt;
}

namespace {

class Wapc final : public Abi {
public:
    const AbiInfo& info() const noexcept override { return info_; }

    std::optional<std::string> recognise(const ModuleInfo& info) const override { return wapc::recognise(info); }

    Result<Prepared> prepare(const Source& source) const override { return wapc::prepare(source); }

    bool only_logs(const Import& import) const noexcept override {
        return import.name == "__console_log" || (import.module == "env" && import.name == "trace");
    }

    Result<std::unique_ptr<Instance>> attach(const Prepared& prepared, const ModuleInfo& info, engine::Store& store,
                                             engine::InstanceId instance, Session& session) const override {
        const auto guest_call = store.function(instance, kGuestCall);
        if (!guest_call) return fail(ErrorCode::internal, "the engine does not find the export \"__guest_call\" of the module");
        return make_instance(*static_cast<const Plan*>(prepared.plan.get()), store, instance, *guest_call, info, session);
    }

private:
    AbiInfo info_{.name = "wapc",
                  .description = "waPC: named calls with byte payloads both ways; also as wasmCloud's wasmbus",
                  .form = AbiForm::messages};
};

}  // namespace

}  // namespace wapc

std::unique_ptr<Abi> make_wapc() { return std::make_unique<wapc::Wapc>(); }

}  // namespace mortise::abi
