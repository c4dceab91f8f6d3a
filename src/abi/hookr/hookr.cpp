#include "abi/hookr/hookr.hpp"

#include <algorithm>
#include <array>

#include "abi/hookr/plan.hpp"
#include "base/text.hpp"

namespace mortise::abi {

namespace hookr {

namespace {

struct Mark {
    std::string_view generation, name;
};

constexpr std::array<Mark, 8> kLaterExports = {{
    {"2a", "__plugin_call_v2"},
    {"2a", "__hookr_abi_version_v2"},
    {"2a", "__hookr_schema_hash_v2"},
    {"2a", "__hookr_capabilities_v2"},
    {"2b", "__hookr_abi_version"},
    {"2b", "__hookr_schema_hash"},
    {"2b", "__hookr_capabilities"},
    {"2b", "__hookr_methods"},
}};

std::optional<LaterGeneration> later_import(const Import& import) {
    if (import.module != kModule || import.kind != ExternKind::function) return std::nullopt;
    if (import.name == "__plugin_request_v2" || import.name == "__host_call_v2") return LaterGeneration{"2a", describe(import)};
    if (import.name == "__plugin_request" && import.function.params.size() == 1) {
        return LaterGeneration{"2b", describe(import) + " with one parameter"};
    }
    if (import.name == kHostCall && import.function.params.size() == 3) {
        return LaterGeneration{"2b", describe(import) + " with three parameters"};
    }
    return std::nullopt;
}

}  // namespace

std::optional<LaterGeneration> later_generation(const ModuleInfo& info) {
    for (const Import& import : info.imports) {
        if (auto later = later_import(import)) return later;
    }
    // A guest of both generations, as 2a allows, runs as one of the first.
    const bool first_too = info.exported_function(kPluginCall) != nullptr;
    for (const Mark& mark : kLaterExports) {
        if (first_too && mark.generation == "2a") continue;
        if (info.exported_function(mark.name) != nullptr) {
            return LaterGeneration{mark.generation, base::concat("export \"", mark.name, "\"")};
        }
    }
    return std::nullopt;
}

std::optional<std::string> recognise(const ModuleInfo& info) {
    const auto later = later_generation(info);
    const std::string note = later ? base::concat("; generation ", later->name, ", which cannot run here") : std::string();
    for (const Import& import : info.imports) {
        if (import.module == kModule && import.kind == ExternKind::function) {
            return base::concat("imports \"", kModule, "\" \"", import.name, "\"", note);
        }
    }
    if (info.exported_function(kPluginCall) != nullptr) return base::concat("exports \"", kPluginCall, "\"", note);
    if (later) return base::concat("has the ", later->mark, note);
    return std::nullopt;
}

namespace {

class Hookr final : public Abi {
public:
    const AbiInfo& info() const noexcept override { return info_; }

    std::optional<std::string> recognise(const ModuleInfo& info) const override { return hookr::recognise(info); }

    Result<Prepared> prepare(const Source& source) const override { return hookr::prepare(source); }

    bool only_logs(const Import& import) const noexcept override {
        return (import.module == kModule && import.name == "__log") || (import.module == "env" && import.name == "trace");
    }

    Result<std::unique_ptr<Instance>> attach(const Prepared& prepared, const ModuleInfo& info, engine::Store& store,
                                             engine::InstanceId instance, Session& session) const override {
        const Plan& plan = *static_cast<const Plan*>(prepared.plan.get());
        const auto entry = store.function(instance, plan.entry);
        if (!entry) {
            return fail(ErrorCode::internal,
                        base::concat("the engine does not find the export \"", plan.entry, "\" of the module"));
        }
        return make_instance(plan, store, instance, *entry, info, session);
    }

private:
    AbiInfo info_{.name = "hookr",
                  .description = "hookr: operations with byte payloads both ways, generations 0 and 1",
                  .form = AbiForm::messages};
};

}  // namespace

}  // namespace hookr

std::unique_ptr<Abi> make_hookr() { return std::make_unique<hookr::Hookr>(); }

}  // namespace mortise::abi
