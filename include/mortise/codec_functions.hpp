#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <mortise/bytes.hpp>
#include <mortise/codec.hpp>
#include <mortise/error.hpp>
#include <mortise/host_functions.hpp>
#include <mortise/instance.hpp>

/// Operations of message ABIs (hookr, waPC) as functions of C++ values, both ways: payloads are encoded and decoded by a codec.
namespace mortise::codec {

namespace detail {

template <class Arguments>
struct HandlerInput {
    static constexpr bool kTakesCall = false;
    using Type = void;
};
template <class A>
struct HandlerInput<std::tuple<A>> : HandlerInput<std::tuple<>> {
    using Type = std::remove_cvref_t<A>;
};
template <>
struct HandlerInput<std::tuple<const HostCall&>> {
    static constexpr bool kTakesCall = true;
    using Type = void;
};
template <class A>
struct HandlerInput<std::tuple<const HostCall&, A>> {
    static constexpr bool kTakesCall = true;
    using Type = std::remove_cvref_t<A>;
};

template <class F, class C>
class Handler {
    using Signature = mortise::detail::Signature<F>;
    using Input = HandlerInput<typename Signature::Arguments>;
    using In = typename Input::Type;
    using Returned = typename Signature::Returned;
    using Out = typename mortise::detail::Unwrapped<std::remove_cvref_t<Returned>>::type;

    static_assert(std::tuple_size_v<typename Signature::Arguments> <= (Input::kTakesCall ? 2 : 1),
                  "a handler takes one value at most, after the HostCall if it takes that");

public:
    Handler(F function, C codec) : function_(std::move(function)), codec_(std::move(codec)) {}

    Result<void> operator()(const HostCall& call, Bytes& reply) const {
        if constexpr (std::is_void_v<In>) {
            return answer(reply, [&]() -> Returned {
                if constexpr (Input::kTakesCall) return function_(call);
                else return function_();
            });
        } else {
            static_assert(Decodes<C, In>, "the codec cannot decode what the handler takes");
            auto in = codec::decode<In>(call.payload, codec_);
            if (!in) return fail(std::move(in).error());
            return answer(reply, [&]() -> Returned {
                if constexpr (Input::kTakesCall) return function_(call, *std::move(in));
                else return function_(*std::move(in));
            });
        }
    }

private:
    template <class Run>
    Result<void> answer(Bytes& reply, Run run) const {
        if constexpr (mortise::detail::is_result<std::remove_cvref_t<Returned>>) {
            auto result = run();
            if (!result) return fail(std::move(result).error());
            if constexpr (!std::is_void_v<Out>) return codec_.encode(*result, reply);
        } else if constexpr (std::is_void_v<Returned>) {
            run();
        } else {
            return codec_.encode(run(), reply);
        }
        return {};
    }

    F function_;
    C codec_;
};

}  // namespace detail

/// A host function of a message ABI around a callable on values:
/// `host.on({.operation = "add"}, codec::handler([](const Pair& p) -> Result<Sum> { ... }))`. It takes one value or none, after an
/// optional `const HostCall&`, and gives a value, nothing, or a `Result` of these. A payload that is not what it takes, and an error of
/// its own, is what the guest reads as the host's error. Bytes after the payload's value are ignored unless the codec says otherwise.
template <class F, class C = MsgPack>
MessageHandler handler(F function, C codec = C{{.trailing = Trailing::ignored}}) {
    return detail::Handler<std::decay_t<F>, C>(std::move(function), std::move(codec));
}

/// An operation of a plugin as a function on values: `Function<Sum(Pair)>`. Borrows the instance and follows its rules. That the
/// plugin has such an operation is found out by calling.
template <class Signature, class C = MsgPack>
class Function;

template <class Out, class In, class C>
class Function<Out(In), C> {
public:
    /// Errors: `invalid_argument` for an empty name.
    static Result<Function> of(Instance& instance, std::string operation, C codec = C{{.trailing = Trailing::ignored}}) {
        if (operation.empty()) return fail(ErrorCode::invalid_argument, "a plugin's function needs a name");
        return Function(instance, std::move(operation), std::move(codec));
    }

    /// A plugin that gives no response at all gave a default-made value; an empty response is none. Errors: `encode`, `decode`, and
    /// those of `Instance::invoke`.
    Result<Out> operator()(const std::remove_cvref_t<In>& input) const {
        auto payload = codec::encode(input, codec_);
        if (!payload) return fail(std::move(payload).error());
        CallOutcome outcome;
        auto done = instance_->perform({.name = operation_, .form = CallRequest::Form::message, .payload = *payload}, outcome);
        if (!done) return fail(std::move(done).error());
        if constexpr (std::is_void_v<Out>) {
            return {};
        } else {
            if (!outcome.has_payload) return Out{};
            auto out = codec::decode<Out>(outcome.payload, codec_);
            if (!out) return fail(std::move(out).error().add_context("while decoding the response of \"" + operation_ + "\""));
            return out;
        }
    }

    const std::string& operation() const noexcept { return operation_; }

private:
    Function(Instance& instance, std::string operation, C codec)
        : instance_(&instance), operation_(std::move(operation)), codec_(std::move(codec)) {}

    Instance* instance_;
    std::string operation_;
    C codec_;
};

}  // namespace mortise::codec
