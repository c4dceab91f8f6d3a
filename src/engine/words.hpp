#pragma once

#include <string>
#include <string_view>

namespace mortise::engine {

/// An engine's words on one line, for messages of one sentence: a cause follows what it caused after a colon, numbers
/// of causes and everything from a stack backtrace on are left out. Of an error in a text, its line and column stay.
std::string on_one_line(std::string_view text);

}  // namespace mortise::engine
