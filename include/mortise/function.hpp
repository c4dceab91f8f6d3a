#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <mortise/detail/call.hpp>
#include <mortise/error.hpp>

namespace mortise {

template <class Signature>
class Function;

/// An export bound to a C++ signature: `auto add = instance.function<int(int, int)>("add"); auto sum = (*add)(2, 3);`.
/// Looked up and checked once; a call has no look-up, no lock and, with numbers, no allocation. Cheap to copy. Follows the
/// instance's rules on threads; a call after the instance is gone answers `closed`. After the instance was made anew it is
/// bound again by itself.
template <class R, class... A>
class Function<R(A...)> {
public:
    Function(const Function&) = default;   // moving is copying: there is no empty one
    Function& operator=(const Function&) = default;

    Result<R> operator()(const A&... arguments) const {
        if constexpr (kNumeric) {
            if (bound_->raw) [[likely]] {
                engine::RawValue slots[std::max<std::size_t>(1, sizeof...(A))];
                std::size_t i = 0;
                (detail::store_slot<std::remove_cvref_t<A>>(slots[i++], arguments), ...);
                if (!detail::call_raw(*bound_, slots)) [[unlikely]] return std::unexpected(detail::take_error(*bound_));
                if constexpr (std::is_void_v<R>) return {};
                else return detail::load_slot<R>(slots[0]);
            }
        }
        const std::array<ValueView, sizeof...(A)> views{detail::view_of<std::remove_cvref_t<A>>(arguments)...};
        return detail::value_as<R>(detail::call_bound(*bound_, views));
    }

    static Result<Function> bind(const std::shared_ptr<detail::InstanceState>& state, std::string_view name) {
        static constexpr std::array<Kind, sizeof...(A)> kinds{detail::kind_of<A>()...};
        auto bound = detail::bind(state, name, kinds, detail::wanted_kind<R>());
        if (!bound) return std::unexpected(std::move(bound).error());
        return Function(*std::move(bound));
    }

private:
    static constexpr bool kNumeric = (detail::is_number<A> && ...) && (std::is_void_v<R> || detail::is_number<R>);

    explicit Function(std::shared_ptr<detail::BoundHead> bound) noexcept : bound_(std::move(bound)) {}

    std::shared_ptr<detail::BoundHead> bound_;
};

}  // namespace mortise
