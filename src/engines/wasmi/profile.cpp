#include "engines/wasmi/profile.hpp"

#include "base/text.hpp"

namespace mortise::engines::wasmi {
namespace {

// What a small frame takes of a compiling engine's stack: so that the same limit lets the same guests recurse.
constexpr std::size_t kBytesPerFrame = 32;

mortise_wasmi_config_t configuration(const engine::CompileOptions& options) noexcept {
    mortise_wasmi_config_t config{};
    config.stack_bytes = options.stack_bytes;
    config.recursion_depth = static_cast<std::uint32_t>(options.stack_bytes / kBytesPerFrame);
    config.metered = options.fuel || options.interrupt;
    config.bulk_memory = options.bulk_memory;
    config.references = options.reference_types;
    config.v128 = config.relaxed_v128 = options.simd;
    config.multi_memory = config.tail_calls = 1;
    return config;
}

}  // namespace

Result<std::shared_ptr<const Profile>> Profile::make(const WasmiOptions& machine,
                                                     const engine::CompileOptions& options) {
    if (options.baseline_compiler) return fail(ErrorCode::unsupported, "Wasmi interprets: it has no baseline compiler");
    if (options.stack_bytes < kMinStack || options.stack_bytes > machine.max_stack_bytes) {
        return fail(ErrorCode::unsupported,
                    base::concat("a stack of ", options.stack_bytes, " bytes: this engine gives ", kMinStack, " to ",
                                 machine.max_stack_bytes));
    }
    std::shared_ptr<Profile> profile(new Profile(machine, options));
    const mortise_wasmi_config_t config = configuration(options);
    Text error;
    profile->engine_.reset(mortise_wasmi_engine_new(&config, error.out()));
    if (!profile->engine_) return fail(ErrorCode::internal, "Wasmi cannot be set up: " + error.line());
    return std::shared_ptr<const Profile>(std::move(profile));
}

}  // namespace mortise::engines::wasmi
