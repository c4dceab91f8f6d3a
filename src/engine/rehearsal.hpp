#pragma once

#include <cstdint>
#include <optional>

namespace mortise::engine {

/// What guest code does beyond its sandbox, or learns from beyond it.
enum class Effect : std::uint32_t {
    host_call = 1u << 0,        ///< a function of the host's, other than one that only logs
    random = 1u << 1,
    clock = 1u << 2,            ///< read, or waited on
    arguments = 1u << 3,        ///< read, and there are some
    environment = 1u << 4,      ///< likewise
    files = 1u << 5,            ///< opened, read, looked at; descriptors opened and closed
    input = 1u << 6,            ///< read from a stream, or looked whether there is any
    changed_files = 1u << 7,    ///< content, size, names, times
    descriptors = 1u << 8,      ///< flags or rights of an open file
    long_output = 1u << 9,      ///< more written than can be held back
};

/// A run that must leave no trace but those that are allowed, to see whether there are others. Whatever reaches beyond the sandbox
/// asks first: the first effect that is not allowed ends the run before it happens, and so does everything that asks after it. One
/// thread at a time; outlives the run.
class Rehearsal {
public:
    explicit Rehearsal(std::uint32_t allowed) noexcept : allowed_(allowed) {}

    /// Whether the run may do this now. If not, the guest must be ended without having done it.
    bool allows(Effect effect) noexcept {
        const auto bit = static_cast<std::uint32_t>(effect);
        if (!cut_ && (allowed_ & bit) == 0) cut_ = effect;
        if (cut_) return false;
        done_ |= bit;
        return true;
    }

    /// What the run was ended at.
    const std::optional<Effect>& cut() const noexcept { return cut_; }

    /// Whether one of these happened; bits of `Effect`.
    bool did(std::uint32_t effects) const noexcept { return (done_ & effects) != 0; }

private:
    const std::uint32_t allowed_;
    std::uint32_t done_ = 0;
    std::optional<Effect> cut_;
};

/// What a guest's run ends with, and a nested call's of it that host functions see.
inline constexpr const char* kCutRehearsal = "start-up is only tried out, for a snapshot, and ends at what a snapshot does not allow";

}  // namespace mortise::engine
