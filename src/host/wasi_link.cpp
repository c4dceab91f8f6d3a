#include "host/wasi_link.hpp"

namespace mortise::host {

class WasiWorld {};

void DeleteWasiWorld::operator()(WasiWorld* world) const noexcept { delete world; }

Result<std::optional<engine::Resolved>> resolve_wasi(const Import&, const abi::WasiPolicy&) {
    return std::optional<engine::Resolved>();
}

Result<std::unique_ptr<WasiWorld, DeleteWasiWorld>> make_wasi_world(const Sandbox&, const Limits&, const abi::WasiPolicy&,
                                                                    abi::Session&) {
    return std::unique_ptr<WasiWorld, DeleteWasiWorld>(new WasiWorld);
}

void attach_wasi(engine::Store& store, WasiWorld& world) noexcept { store.wasi = &world; }

}  // namespace mortise::host
