#pragma once

#include <memory>

#include <mortise/engine_options.hpp>

#include "engine/engine.hpp"
#include "engines/wasmi/api.hpp"

namespace mortise::engines::wasmi {

inline constexpr std::size_t kMinStack = std::size_t{64} << 10;

/// The vendor engine of one set of compile options. Immutable; shared by all modules compiled with them.
class Profile {
public:
    /// Errors: `unsupported` (an option that Wasmi does not have), `internal`.
    static Result<std::shared_ptr<const Profile>> make(const WasmiOptions& machine,
                                                       const engine::CompileOptions& options);

    const engine::CompileOptions& options() const noexcept { return options_; }
    const mortise_wasmi_engine_t* engine() const noexcept { return engine_.get(); }

    /// Fuel between two looks at deadline and interrupt.
    std::uint64_t slice() const noexcept { return slice_; }

private:
    Profile(const WasmiOptions& machine, const engine::CompileOptions& options)
        : options_(options), slice_(machine.check_interval) {}

    const engine::CompileOptions options_;
    const std::uint64_t slice_;
    EnginePtr engine_;
};

}  // namespace mortise::engines::wasmi
