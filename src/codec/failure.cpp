#include <mortise/codec/encode.hpp>

namespace mortise::codec::detail {

Error EncodeFailure::error(std::string_view format) const {
    std::string message = "cannot encode as " + std::string(format);
    if (!path.empty()) message += " at \"" + path + "\"";
    message += format == "json" ? ": a text that is not UTF-8" : ": a text, bytes or a container of 2^32 or more";
    return Error(ErrorCode::encode, std::move(message));
}

}  // namespace mortise::codec::detail
