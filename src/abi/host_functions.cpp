#include <mortise/host_functions.hpp>

#include "engine/store.hpp"

namespace mortise {

namespace detail {

Error as_host_failure(Error error) {
    const bool unexplained = (error.code() == ErrorCode::trap && !error.trap()) ||
                             (error.code() == ErrorCode::guest_exit && !error.exit_status()) || error.code() == ErrorCode::closed;
    if (!unexplained) return error;
    Error out(ErrorCode::host_function_failed, error.message());
    out.add_context("in a host function, which gave " + std::string(to_string(error.code())));
    return out;
}

engine::Stop fail_host_call(engine::Store& store, Error error) noexcept {
    try {
        return store.stop_with(as_host_failure(std::move(error)));
    } catch (...) {
        return store.stop_with(error_of_exception());
    }
}

Error error_of_exception() noexcept {
    try {
        throw;
    } catch (const Exception& e) {
        return e.error();
    } catch (const std::exception& e) {
        return Error(ErrorCode::host_function_failed, e.what());
    } catch (...) {
        return Error(ErrorCode::host_function_failed, "the host function threw something that is no std::exception");
    }
}

}  // namespace detail

namespace {

// A function known only at run time, in the shape of an erased one.
struct Dynamic {
    std::function<Result<Value>(const HostCall&, std::span<const ValueView>)> function;

    static Result<Value> values(const void* self, const HostCall& call, std::span<const ValueView> arguments) {
        return static_cast<const Dynamic*>(self)->function(call, arguments);
    }
};

bool matches(const Route& route, const HostCall& call) noexcept {
    return (!route.binding || *route.binding == call.binding) && (!route.space || *route.space == call.space) &&
           (!route.operation || *route.operation == call.operation);
}

}  // namespace

HostFunctions& HostFunctions::add_erased(detail::HostFn function) {
    functions_.push_back(std::move(function));
    return *this;
}

HostFunctions& HostFunctions::add_dynamic(std::string module, std::string name, std::vector<Kind> params, Kind result,
                                          std::function<Result<Value>(const HostCall&, std::span<const ValueView>)> function,
                                          std::any extra) {
    detail::HostFn out;
    out.module = std::move(module);
    out.name = std::move(name);
    out.params = std::move(params);
    out.result = result;
    out.values = &Dynamic::values;
    out.function = std::make_shared<const Dynamic>(Dynamic{std::move(function)});
    out.extra = std::move(extra);
    return add_erased(std::move(out));
}

HostFunctions& HostFunctions::on(Route route, MessageHandler handler) {
    routes_.emplace_back(std::move(route), std::move(handler));
    return *this;
}

HostFunctions& HostFunctions::on_call(MessageHandler handler) {
    on_call_ = std::move(handler);
    return *this;
}

HostFunctions& HostFunctions::set_services(std::any services) {
    services_ = std::move(services);
    return *this;
}

const MessageHandler* HostFunctions::handler_for(const HostCall& call) const noexcept {
    for (const auto& [route, handler] : routes_) {
        if (matches(route, call)) return &handler;
    }
    return on_call_ ? &on_call_ : nullptr;
}

}  // namespace mortise
