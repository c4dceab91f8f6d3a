#include "engines/wasm_c_api/wasm_c_api_engine.hpp"

#include <utility>

#include "base/text.hpp"
#include "engines/wasm_c_api/library.hpp"
#include "engines/wasm_c_api/module.hpp"
#include "engines/wasm_c_api/self_test.hpp"

namespace mortise::engines {
namespace {

using namespace wasm_c_api;
using base::concat;
using base::quoted;
using engine::CompileOptions;

EngineInfo describe(const Library& library) {
    EngineInfo info = describe_wasm_c_api();
    info.version = library.version();
    info.complete = true;
    info.description = concat("the library ", library.file(), " through the standard wasm.h");
    info.capabilities.multi_memory = library.has(Feature::multi_memory);
    return info;
}

class WasmCApiEngine final : public engine::Engine {
public:
    explicit WasmCApiEngine(std::shared_ptr<const Library> library)
        : library_(std::move(library)), info_(describe(*library_)) {}

    const EngineInfo& info() const noexcept override { return info_; }

    Result<std::shared_ptr<engine::Module>> compile(const engine::ModuleSource& source,
                                                    const CompileOptions& options) override {
        if (auto can = check_options(options); !can) return fail(std::move(can).error());
        if (auto can = check_features(source.info, options); !can) return fail(std::move(can).error());
        auto module = CompiledModule::make(library_, source, options);
        if (!module) return fail(std::move(module).error());
        return std::shared_ptr<engine::Module>(std::move(*module));
    }

    Result<std::shared_ptr<engine::Module>> load(const engine::ModuleSource&, const CompileOptions&) override {
        return fail(ErrorCode::unsupported, "the standard C API has no compiled code");
    }

    std::string code_key(const CompileOptions&) const override { return {}; }
    void tick() noexcept override {}

private:
    Result<void> check_options(const CompileOptions& options) const;
    Result<void> check_features(const ModuleInfo& info, const CompileOptions& options) const;

    const std::shared_ptr<const Library> library_;
    const EngineInfo info_;
};

Result<void> WasmCApiEngine::check_options(const CompileOptions& options) const {
    if (options.fuel) return fail(ErrorCode::unsupported, "the standard C API has no fuel");
    if (options.baseline_compiler) return fail(ErrorCode::unsupported, "the standard C API knows one compiler");
    if (options.stack_bytes != CompileOptions{}.stack_bytes) {
        return fail(ErrorCode::unsupported,
                    concat("a guest's stack in ", quoted(library_->file()), " is as large as the library makes it; ",
                           options.stack_bytes, " bytes cannot be asked for"));
    }
    return {};
}

Result<void> WasmCApiEngine::check_features(const ModuleInfo& info, const CompileOptions& options) const {
    const auto allowed = [&](Feature feature) {
        switch (feature) {
            case Feature::simd:
            case Feature::relaxed_simd: return options.simd;
            case Feature::bulk_memory: return options.bulk_memory;
            case Feature::reference_types: return options.reference_types;
            case Feature::multi_value: return options.multi_value;
            default: return true;
        }
    };
    for (const Feature feature : info.features) {
        if (!library_->has(feature)) {
            return fail(ErrorCode::unsupported,
                        concat("the module uses ", to_string(feature), ", which ", quoted(library_->file()), " lacks"));
        }
        if (!allowed(feature)) {
            return fail(ErrorCode::unsupported,
                        concat("the module uses ", to_string(feature), ", which is switched off"));
        }
    }
    return {};
}

}  // namespace

EngineInfo describe_wasm_c_api() {
    EngineInfo info;
    info.name = "wasm-c-api";
    info.description = "any shared library with the standard wasm.h, named as wasm-c-api:PATH";
    info.complete = false;
    // No interrupt, fuel, kinds of traps, backtrace, compiled code and text format: the API has no words for them. The
    // trace of a trap and the saving of code are in it, but end the process in a library that has them in name alone.
    Capabilities& can = info.capabilities;
    can.memory_limit = can.refused_growth_reported = true;  // kept by our own code, see prepare.hpp
    can.linking = can.nested_calls = can.memory_in_callbacks = true;
    return info;
}

Result<std::unique_ptr<engine::Engine>> make_wasm_c_api(std::string_view path) {
    auto library = Library::open(path);
    if (!library) return fail(std::move(library).error());
    const std::string file = (*library)->file();
    auto made = std::make_unique<WasmCApiEngine>(std::move(*library));
    if (auto works = self_test(*made); !works) {
        return fail(ErrorCode::unsupported, concat(quoted(file), " has the functions of wasm.h, but does not do what they "
                                                                 "say: ", works.error().message()));
    }
    return std::unique_ptr<engine::Engine>(std::move(made));
}

}  // namespace mortise::engines
