#include "engine/engine.hpp"

namespace mortise::engine {

Result<Bytes> Engine::parse_text(std::string_view) {
    return fail(ErrorCode::unsupported, "engine " + info().name + " has no parser for the text format");
}

}  // namespace mortise::engine
