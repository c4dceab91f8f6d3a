#include "host/wasi_link.hpp"

#include "wasi/random.hpp"
#include "wasi/wasi.hpp"

namespace mortise::host {

namespace {

// What a guest writes to a captured stream is reported like what it logs, within the same limit.
class SessionSink final : public wasi::OutputSink {
public:
    explicit SessionSink(abi::Session& session) noexcept : session_(session) {}
    void output(Stream stream, BytesView bytes) noexcept override { session_.output(stream, bytes); }

private:
    abi::Session& session_;
};

// The sandbox of an ABI whose guests are promised an empty world. What they write still goes where the sandbox says, and
// its clock and randomness hold.
Sandbox without_configuration(Sandbox sandbox) {
    sandbox.arguments.clear();
    sandbox.environment.clear();
    sandbox.directories.clear();
    sandbox.memory_directories.clear();
    sandbox.standard_input = NoInput{};
    return sandbox;
}

}  // namespace

class WasiWorld {
public:
    explicit WasiWorld(abi::Session& session) noexcept : sink_(session), rehearsal_(session.rehearsal) {}

    Result<void> open(const Sandbox& sandbox, const Limits& limits) {
        auto world = wasi::make_world(sandbox, limits, sink_, wasi::best_resolver(), rehearsal_);
        if (!world) return fail(std::move(world).error());
        world_ = *std::move(world);
        return {};
    }

    wasi::World& world() noexcept { return *world_; }
    const wasi::World& world() const noexcept { return *world_; }

private:
    SessionSink sink_;
    engine::Rehearsal* const rehearsal_;
    std::unique_ptr<wasi::World> world_;   // after the sink that it writes to
};

void DeleteWasiWorld::operator()(WasiWorld* world) const noexcept { delete world; }

Result<std::optional<engine::Resolved>> resolve_wasi(const Import& import, const abi::WasiPolicy& policy) {
    wasi::Policy names;
    names.preview1 = policy.preview1;
    names.unstable = policy.unstable;
    names.legacy = policy.legacy_wasi;
    auto resolved = wasi::resolve(import, names);
    if (!resolved) return fail(std::move(resolved).error());
    if (!*resolved) return std::optional<engine::Resolved>();
    return std::optional<engine::Resolved>(**resolved);
}

Result<std::unique_ptr<WasiWorld, DeleteWasiWorld>> make_wasi_world(const Sandbox& sandbox, const Limits& limits,
                                                                    const abi::WasiPolicy& policy, abi::Session& session) {
    std::unique_ptr<WasiWorld, DeleteWasiWorld> world(new WasiWorld(session));
    auto opened = policy.empty_configuration ? world->open(without_configuration(sandbox), limits) : world->open(sandbox, limits);
    if (!opened) return fail(std::move(opened).error());
    return world;
}

std::function<void(std::span<std::byte>)> random_of(const Sandbox& sandbox) {
    if (std::holds_alternative<SystemRandom>(sandbox.random)) return {};
    return [source = wasi::RandomSource(sandbox.random)](std::span<std::byte> out) mutable {
        if (source.fill(out) != wasi::Errno::success) {
            throw Exception(Error(ErrorCode::io, "the sandbox's random source gives no bytes"));
        }
    };
}

void attach_wasi(engine::Store& store, WasiWorld& world) noexcept { store.wasi = &world.world(); }

bool same_descriptors(const WasiWorld& world) noexcept { return world.world().same_descriptors(); }

void release_output(WasiWorld& world, const engine::Store& store) { world.world().release(store); }

void flush_wasi(WasiWorld& world) noexcept { world.world().flush(); }

}  // namespace mortise::host
