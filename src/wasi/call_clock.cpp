// Reading clocks.

#include "wasi/call.hpp"

namespace mortise::wasi {

namespace {

// The clocks of processor time are not offered: they would tell about the host, not about the guest.
std::optional<ClockId> clock_of(std::uint32_t id) noexcept {
    if (id == 0) return ClockId::realtime;
    if (id == 1) return ClockId::monotonic;
    return std::nullopt;
}

}  // namespace

Errno clock_res_get(Call& call, std::uint32_t id, std::uint32_t result) {
    const auto clock = clock_of(id);
    if (!clock) return Errno::inval;
    return call.store_result(result, call.world.clocks.resolution(*clock));
}

Errno clock_time_get(Call& call, std::uint32_t id, std::uint64_t, std::uint32_t result) {
    MORTISE_WASI_TRY(call.may(engine::Effect::clock));
    const auto clock = clock_of(id);
    if (!clock) return Errno::inval;
    MORTISE_WASI_TRY(call.can_store(result, 8));
    return call.store_result(result, call.world.clocks.read(*clock));
}

}  // namespace mortise::wasi
