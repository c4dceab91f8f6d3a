#pragma once

struct sqlite3;

namespace mortise::abi::w3bstream {

/// Puts `instr`, `replace`, `trim`, `ltrim` and `rtrim` that take time with the length of what they are given in the place of SQLite's,
/// which take time with the product of the lengths and cannot be stopped meanwhile. They answer the same. False: no memory.
bool add_linear_functions(sqlite3* handle) noexcept;

}  // namespace mortise::abi::w3bstream
