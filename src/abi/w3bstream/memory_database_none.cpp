#include "abi/w3bstream/memory_database.hpp"

// A build without SQLite: there is no database.

namespace mortise::abi::w3bstream {

std::unique_ptr<MemoryDatabase> MemoryDatabase::open(std::uint64_t) { return nullptr; }
MemoryDatabase::~MemoryDatabase() = default;
Result<SqlRows> MemoryDatabase::run(const CallContext&, const std::string&, std::span<const SqlValue>) {
    return fail(ErrorCode::unsupported, "this build has no SQLite");
}

}  // namespace mortise::abi::w3bstream
