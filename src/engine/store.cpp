#include "engine/store.hpp"

#include "base/text.hpp"

namespace mortise::engine {

// Engines do not check it: what a function returns would be written behind the slots.
Stop Store::too_few(const FunctionRef& function, std::size_t count) noexcept {
    stop_.reset();
    try {
        stop_.emplace().text = base::concat(count, " slots for a function that needs ", function.slots);
    } catch (...) {
        stop_.reset();   // no memory for the words
    }
    return Stop::engine;
}

}  // namespace mortise::engine
