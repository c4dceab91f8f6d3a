#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include <mortise/abi/w3bstream_services.hpp>

struct sqlite3;

namespace mortise::abi::w3bstream {

/// An SQLite database that lives in memory and reaches nothing else: no files, no other databases, no settings. Any thread.
struct MemoryDatabase {
    /// Null where the library was built without SQLite, or it does not open.
    static std::unique_ptr<MemoryDatabase> open(std::uint64_t most_bytes);
    ~MemoryDatabase();

    /// A statement may use four times as much memory as the database, a value or a row 1 MiB, a pattern of LIKE 100 bytes. Errors:
    /// `invalid_argument` (SQL that does not parse, parameters that do not fit), `denied`, `deadline_exceeded`, `output_limit`, `io`: whatever else the database says.
    Result<SqlRows> run(const CallContext& context, const std::string& statement, std::span<const SqlValue> parameters);

private:
    MemoryDatabase() = default;
    Result<SqlRows> run_all(const std::string& statement, std::span<const SqlValue> parameters);   // with the mutex held

    std::mutex mutex_;   // one statement at a time
    sqlite3* handle_ = nullptr;
    std::uint64_t most_bytes_ = 0;
};

}  // namespace mortise::abi::w3bstream
