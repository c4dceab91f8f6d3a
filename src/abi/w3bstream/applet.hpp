#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/abi/w3bstream.hpp>

#include "abi/abi.hpp"
#include "abi/imports.hpp"
#include "abi/w3bstream/resources.hpp"
#include "abi/w3bstream/table.hpp"

namespace mortise::abi::w3bstream {

/// One import of a module: what serves it.
struct Site {
    const Row* row = nullptr;
    const detail::HostFn* replacement = nullptr;
};

/// What all instances of a plugin share.
struct Plan {
    Options options;
    std::shared_ptr<Services> services;
    std::vector<std::unique_ptr<Site>> sites;
    NumericBindings numeric;
};

/// One sandbox of an applet, and the event that it is at.
class Applet final : public Instance {
public:
    Applet(const Plan& plan, const ModuleInfo& info, engine::Store& store, engine::InstanceId instance, Session& session);

    Result<void> start() override;
    Result<void> invoke(const Request& request, Reply& reply) override;
    Result<Bound> bind(std::string_view name, std::optional<std::span<const Kind>> params, Kind result) override;
    Result<Value> call(const Bound& bound, std::span<const ValueView> arguments, const Request& request, Reply& reply) override;

    static Applet& of(engine::Store& store) noexcept { return *static_cast<Applet*>(static_cast<Instance*>(store.abi)); }

    // For the imports.
    const Plan& plan() const noexcept { return plan_; }
    Services& services() const noexcept { return *plan_.services; }
    Session& session() const noexcept { return session_; }
    ResourceTable& resources() noexcept { return resources_; }
    const Event& event() const noexcept { return *event_; }
    std::uint32_t rid() const noexcept { return rid_; }
    CallContext context() const noexcept;
    engine::GuestMemory memory() noexcept { return store_.view(*memory_); }

    /// A line of the guest, or of the host about it.
    void log(Level level, std::string_view text);
    void host_log(Level level, std::string_view what, std::string_view detail);
    bool logs_for_host() const { return plan_.services->wants_log(); }

    /// What `env.abort` said; kept for the trap that follows.
    void note_abort(std::string text) { abort_ = std::move(text); }

    /// An import was called. May throw.
    engine::Stop serve(const Site& site, engine::RawValue* slots);

private:
    struct Handler {
        std::string name;
        engine::FunctionRef function{};
        std::size_t parameters = 0;
    };

    Result<const Handler*> handler(std::string_view name);
    Result<const Event*> event_of(const Request& request) const;
    std::uint32_t choose_rid();
    std::uint64_t random_bits();
    Result<std::int32_t> handle(std::string_view name, BytesView payload, const Event& event, Reply& reply);
    Result<std::int32_t> run_handler(const Handler& handler, const Event& event);
    Error with_abort(Error error);
    void tell_result(std::string_view name, const Event& event, std::int32_t code, const Error* error);

    Outcome read(const Row& row, const engine::RawValue* slots, Inputs& inputs, engine::Stop& stop);
    Outcome answer(const Site& site, const Inputs& inputs, Served& served);
    Outcome replaced(const Site& site, const Inputs& inputs, Served& served);
    Outcome allocate(BytesView bytes, std::uint32_t& address, engine::Stop& stop);
    Outcome deliver_all(const Row& row, const Served& served, const engine::RawValue* slots, engine::Stop& stop);
    void observe(const Site& site, const Inputs& inputs, std::int32_t code);
    void log_record(bool host, Level level, std::string_view text);

    const Plan& plan_;
    const ModuleInfo& info_;
    engine::Store& store_;
    engine::InstanceId id_;
    Session& session_;
    std::optional<engine::MemoryRef> memory_;
    std::optional<engine::FunctionRef> alloc_;

    std::vector<Handler> handlers_;   // found so far; the last one used is first
    ResourceTable resources_;
    const Event* event_;              // never null: a default one between events
    std::uint32_t rid_ = 0;
    std::uint32_t allocating_ = 0;    // how deep allocators are inside each other
    std::uint64_t random_state_ = 0;
    std::string abort_;
};

/// Every import is called through it: `function` is its Site.
engine::Stop import_called(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;

/// AssemblyScript's imports.
engine::Stop import_abort(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;
engine::Stop import_trace(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;
engine::Stop import_seed(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;

/// Binds imports and checks exports: `Abi::prepare`.
Result<Prepared> prepare(const Source& source);

/// The type of a handler: one or two i32, and one back.
bool is_handler(const FunctionType& type) noexcept;

/// Code points of a log line.
inline constexpr std::size_t kMostLogged = 1024;

/// A text as log records have it: hexadecimal if it is not UTF-8, cut at kMostLogged code points. `room` holds it where it is not the text itself.
std::string_view log_text(std::string_view text, std::string& room);

LogLevel log_level(Level level) noexcept;

}  // namespace mortise::abi::w3bstream
