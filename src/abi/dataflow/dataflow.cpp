#include "abi/dataflow/dataflow.hpp"

#include <array>

#include <mortise/abi/dataflow.hpp>

#include "abi/dataflow/instance.hpp"
#include "base/text.hpp"

namespace mortise::abi {

namespace dataflow {

namespace {

using engine::RawValue;
using engine::Stop;

constexpr std::string_view kModule = "dataflow";
constexpr std::string_view kAnyMarker = "__dataflow_v";

std::uint32_t number(const RawValue& slot) noexcept { return static_cast<std::uint32_t>(slot.i32); }

Stop import_output(const void*, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    try {
        return DataflowInstance::of(store).output(number(slots[0]), number(slots[1]));
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}
Stop import_error(const void*, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    try {
        return DataflowInstance::of(store).error(number(slots[0]), number(slots[1]));
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}
Stop import_log(const void*, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    try {
        return DataflowInstance::of(store).log(number(slots[0]), number(slots[1]), number(slots[2]));
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

Result<void> check_function(const ModuleInfo& info, std::string_view name, const FunctionType& wanted, bool required) {
    const Export* exported = info.find_export(name);
    if (exported == nullptr) {
        if (!required) return {};
        return fail(ErrorCode::missing_export, base::concat("the plugin exports no \"", name, "\" of type ", to_string(wanted)));
    }
    const FunctionType* type = info.exported_function(name);
    if (type != nullptr && *type == wanted) return {};
    return fail(ErrorCode::export_mismatch,
                base::concat("export \"", name, "\" is ", type == nullptr ? "no function" : "of type " + to_string(*type), ", wanted ", to_string(wanted)));
}

Result<void> check_exports(const ModuleInfo& info) {
    for (const Export& exported : info.exports) {
        if (exported.name.starts_with(kAnyMarker) && exported.name != kMarker) {
            return fail(ErrorCode::unsupported, base::concat("the plugin is of version ", base::quoted(exported.name), ", this host knows ", kMarker));
        }
    }
    const Export* memory = info.find_export("memory");
    if (memory == nullptr || memory->kind != ExternKind::memory) {
        return fail(memory == nullptr ? ErrorCode::missing_export : ErrorCode::export_mismatch, "the plugin exports no memory \"memory\"");
    }
    if (auto fits = check_function(info, "alloc", {{ValType::i32}, {ValType::i32}}, true); !fits) return fits;
    return check_function(info, "dealloc", {{ValType::i32, ValType::i32}, {}}, false);
}

class Dataflow final : public Abi {
public:
    const AbiInfo& info() const noexcept override { return info_; }

    std::optional<std::string> recognise(const ModuleInfo& info) const override {
        for (const Export& exported : info.exports) {
            if (exported.name.starts_with(kAnyMarker)) return base::concat("exports ", base::quoted(exported.name));
        }
        return std::nullopt;
    }

    bool only_logs(const Import& import) const noexcept override { return import.name == "log"; }

    Result<Prepared> prepare(const Source& source) const override {
        using enum ValType;
        if (source.options.has_value()) return fail(ErrorCode::invalid_argument, "dataflow plugins have no options");
        if (auto fits = check_exports(source.info); !fits) return fail(std::move(fits).error());
        const std::array<Builtin, 3> builtins = {{{.name = "output", .type = {{i32, i32}, {}}, .call = &import_output},
                                                  {.name = "error", .type = {{i32, i32}, {}}, .call = &import_error},
                                                  {.name = "log", .type = {{i32, i32, i32}, {}}, .call = &import_log}}};
        Prepared prepared;
        auto plan = std::make_shared<Plan>();
        for (const Import& import : source.info.imports) {
            auto& slot = prepared.imports.emplace_back();
            if (const auto* function = find_host_function(source.host, import.module, import.name)) {
                auto bound = plan->numeric.bind(import, *function, source.observed);
                if (!bound) return fail(std::move(bound).error());
                slot = *bound;
            } else if (import.module == kModule) {
                auto builtin = find_builtin(import, builtins);
                if (!builtin) return fail(std::move(builtin).error());
                if (*builtin != nullptr) slot = engine::HostImport{(*builtin)->call, nullptr};
            }
        }
        prepared.plan = std::move(plan);
        return prepared;
    }

    Result<std::unique_ptr<Instance>> attach(const Prepared&, const ModuleInfo& info, engine::Store& store, engine::InstanceId instance,
                                             Session& session) const override {
        auto made = std::make_unique<DataflowInstance>(info, store, instance, session);
        store.abi = static_cast<Instance*>(made.get());
        return made;
    }

private:
    AbiInfo info_{.name = "dataflow",
                  .description = "data in, data out: records mapped, filtered and reduced by named functions",
                  .form = AbiForm::messages};
};

}  // namespace

}  // namespace dataflow

std::unique_ptr<Abi> make_dataflow() { return std::make_unique<dataflow::Dataflow>(); }

}  // namespace mortise::abi
