#pragma once

#include <cstddef>
#include <string_view>

#include <mortise/error.hpp>

namespace mortise::abi::w3bstream {

/// Tables that one statement may name, as often as it names them: in FROM, in JOIN, behind IN.
inline constexpr std::size_t kMostTables = 16;

/// Bytes of one statement that makes or changes a table or an index: what is in it is compiled again with every INSERT.
inline constexpr std::size_t kMostDefinition = 16 * 1024;

/// Looks at SQL before SQLite does, which cannot be stopped while it compiles: refuses (`invalid_argument`) zero bytes, more tables than
/// kMostTables in a statement, definitions longer than kMostDefinition and columns that are generated from others. Where it cannot
/// be sure it counts too much rather than too little.
Result<void> check_sql(std::string_view text);

}  // namespace mortise::abi::w3bstream
