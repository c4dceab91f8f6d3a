#include "abi/abi.hpp"

namespace mortise::abi {

Result<void> Instance::invoke(const Request& request, Reply&) {
    return fail(ErrorCode::abi_unknown, "cannot send a payload to \"" + std::string(request.name) +
                                            "\": the plugin's ABI calls functions with values; use call, or name another ABI "
                                            "with the option abi");
}

Result<Bound> Instance::bind(std::string_view name, std::optional<std::span<const Kind>>, Kind) {
    return fail(ErrorCode::abi_unknown, "cannot call \"" + std::string(name) +
                                            "\" with values: the plugin's ABI sends operations with a payload; use invoke or a "
                                            "codec, or name another ABI with the option abi");
}

Result<Value> Instance::call(const Bound& bound, std::span<const ValueView>, const Request&, Reply&) {
    return fail(ErrorCode::internal, "\"" + bound.name + "\" was bound by another ABI");
}

Result<std::optional<Bytes>> Abi::unwrap(BytesView, std::uint64_t) const { return std::optional<Bytes>(); }

}  // namespace mortise::abi
