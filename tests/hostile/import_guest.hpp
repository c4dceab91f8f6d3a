#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "attack.hpp"

namespace mortise::hostile {

/// An import of an ABI, described by what its parameters mean, one letter each:
///   p  an address to be read, the next letter is the count of its bytes    n  that count
///   o  an address to be written, of 8 bytes or more                        h  an address of a structure to be read
///   c  a plain number
struct Import {
    std::string module;
    std::string name;
    std::string shape;
    bool gives = false;        ///< it returns an i32
    Ending bad = ErrorCode::bad_pointer;   ///< how a call with a bad address or count ends
    Ending good = Ending::success();       ///< and one without
    std::string before{};      ///< code that runs first, so that there is something to be written
    std::string more_params{}; ///< further parameters of the import's type, all given 0
};

/// One call of an import with arguments of the host's choice.
struct ImportCall {
    std::string name;                     ///< which import, which parameter, which lie
    std::size_t import;                   ///< its place in the table
    std::vector<std::uint32_t> arguments;
    bool good = false;                    ///< every address and count is fine

    /// The request that the guest's `$dispatch` takes: the import's number, then the arguments.
    std::string message() const;
};

/// Every address and count of every import replaced by every lie, one at a time, and the calls without any lie.
/// Memory has `memory_bytes`; what is good lies below 4096.
std::vector<ImportCall> calls_of(const std::vector<Import>& imports, std::uint32_t memory_bytes = 65536);

/// The imports, and the function `$dispatch (param $at i32)`, which makes the call whose message is at `$at` and leaves what it
/// gave in the global `$last`.
std::string import_section(const std::vector<Import>& imports);
std::string dispatcher(const std::vector<Import>& imports);

}  // namespace mortise::hostile
