#include "engines/native/native_engine.hpp"

#include <mortise/native.hpp>

#include "base/text.hpp"
#include "engines/native/module.hpp"

namespace mortise::engines {
namespace {

using engine::CompileOptions;

EngineInfo describe() {
    EngineInfo info;
    info.name = "native";
    info.version = MORTISE_VERSION;
    info.description = "functions of this program, for debugging and tests; no Wasm, and no sandbox";
    info.complete = false;
    Capabilities& can = info.capabilities;
    // Between two uses of their Context nothing stops them: see native.hpp.
    can.interrupt = true;
    can.memory_limit = can.refused_growth_reported = can.trap_kinds = true;
    can.nested_calls = can.memory_in_callbacks = true;
    return info;
}

class NativeEngine final : public engine::Engine {
public:
    explicit NativeEngine(const NativeOptions& options) : modules_(options.modules) {}

    const EngineInfo& info() const noexcept override { return info_; }

    Result<std::shared_ptr<engine::Module>> compile(const engine::ModuleSource& source,
                                                    const CompileOptions& options) override {
        if (options.fuel) return fail(ErrorCode::unsupported, "native functions have no fuel");
        if (options.baseline_compiler) return fail(ErrorCode::unsupported, "native functions are compiled with the program");
        if (options.stack_bytes != CompileOptions{}.stack_bytes) {
            return fail(ErrorCode::unsupported, "native functions use the stack of the calling thread, which has no limit here");
        }
        auto module = native_modules::BoundModule::make(modules_, source, options);
        if (!module) return fail(std::move(module).error());
        return std::shared_ptr<engine::Module>(std::move(*module));
    }

    Result<std::shared_ptr<engine::Module>> load(const engine::ModuleSource&, const CompileOptions&) override {
        return fail(ErrorCode::unsupported, "native functions are compiled with the program");
    }

    std::string code_key(const CompileOptions&) const override { return {}; }
    void tick() noexcept override {}

private:
    const std::vector<std::shared_ptr<const native::Module>> modules_;
    const EngineInfo info_ = describe();
};

}  // namespace

Result<std::unique_ptr<engine::Engine>> make_native(const NativeOptions& options) {
    for (auto one = options.modules.begin(); one != options.modules.end(); ++one) {
        if (*one == nullptr) return fail(ErrorCode::invalid_argument, "a native module that is null");
        for (auto other = options.modules.begin(); other != one; ++other) {
            if ((*other)->name() == (*one)->name()) {
                return fail(ErrorCode::invalid_argument,
                            base::concat("two native modules are named ", base::quoted((*one)->name())));
            }
        }
    }
    return std::make_unique<NativeEngine>(options);
}

}  // namespace mortise::engines
