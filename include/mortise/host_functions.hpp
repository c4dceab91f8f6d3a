#pragma once

#include <any>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/detail/host_function.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/value.hpp>

namespace mortise {

class Instance;

/// One call of a guest to its host, as a host function sees it. Views are valid until the host function returns, also while it
/// calls back into the instance.
class HostCall {
public:
    std::uint64_t instance_id = 0;   ///< unique in the process, from 1
    std::string_view module;         ///< the import's module
    std::string_view name;           ///< the import's name
    std::string_view binding;        ///< waPC
    std::string_view space;          ///< the namespace of waPC; of aspects the part of the name before its last dot
    std::string_view operation;      ///< waPC, hookr; of aspects the part after the dot
    BytesView payload;               ///< of message ABIs

    /// The calling instance. It may be called again from inside the host function (`not_reentrant` where ABI or engine has no
    /// nested calls); it must not be destroyed, moved or replaced there.
    Instance& instance() const noexcept { return *instance_; }

    Instance* instance_ = nullptr;   ///< for `instance`
    std::any* context = nullptr;     ///< what an ABI lends to its host functions, typed in its header; usually null
};

/// A host function of a message ABI: read `call.payload`, write the answer to `reply` (empty on entry; its capacity is reused).
/// An error becomes the ABI's own: for waPC and hookr the guest reads `Error::message`. An error of code `host_abort` ends the
/// guest's call.
using MessageHandler = std::function<Result<void>(const HostCall& call, Bytes& reply)>;

/// Which calls of a message ABI a handler takes; an empty optional takes any.
struct Route {
    std::optional<std::string> binding = std::nullopt;
    std::optional<std::string> space = std::nullopt;   ///< the namespace
    std::optional<std::string> operation = std::nullopt;
};

/// What a plugin may call. A value, copied into each plugin loaded with it. The functions are shared by all instances of the
/// plugin and are called from whichever thread runs one, several at once, as const: they must be safe for that.
/// A function that throws counts as one that fails, with the exception's text.
class MORTISE_API HostFunctions {
public:
    /// Adds a function under the import's module and name. `function` is any callable whose parameters and result are
    /// int32_t, uint32_t, int64_t, uint64_t, float, double, bool, std::string_view (or const std::string&), BytesView (or const
    /// Bytes&) and, first, optionally `const HostCall&`. The result may also be void, std::string, Bytes, and `Result` of any of
    /// these. A later function of the same name and types replaces the earlier. `extra` is what an ABI wants to know beside
    /// it, typed in the ABI's header, e.g. a gas rule. With the plain ABI numbers alone are possible.
    template <class F>
    HostFunctions& add(std::string module, std::string name, F&& function, std::any extra = {}) {
        return add_erased(detail::erase(std::move(module), std::move(name), std::forward<F>(function), std::move(extra)));
    }

    /// Adds a function whose types are known only at run time: for tools.
    HostFunctions& add_dynamic(std::string module, std::string name, std::vector<Kind> params, Kind result,
                               std::function<Result<Value>(const HostCall&, std::span<const ValueView>)> function,
                               std::any extra = {});

    /// Adds a handler for some calls of a message ABI (waPC, hookr). The first that matches in the order of registration takes
    /// the call, before `on_call`.
    HostFunctions& on(Route route, MessageHandler handler);

    /// Sets the handler of every call of a message ABI that no `on` takes. Without one such a call fails towards the guest,
    /// naming what was called.
    HostFunctions& on_call(MessageHandler handler);

    /// What an ABI needs beside functions, typed in its header, e.g. the services of W3bstream. One of each type.
    HostFunctions& set_services(std::any services);

    const std::vector<detail::HostFn>& functions() const noexcept { return functions_; }
    const std::vector<std::pair<Route, MessageHandler>>& routes() const noexcept { return routes_; }
    const MessageHandler& call_handler() const noexcept { return on_call_; }
    const std::any& services() const noexcept { return services_; }

    /// The handler for a call of a message ABI; null if there is none.
    const MessageHandler* handler_for(const HostCall& call) const noexcept;

private:
    HostFunctions& add_erased(detail::HostFn function);

    std::vector<detail::HostFn> functions_;
    std::vector<std::pair<Route, MessageHandler>> routes_;
    MessageHandler on_call_;
    std::any services_;
};

}  // namespace mortise
