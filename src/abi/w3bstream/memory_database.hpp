#pragma once

#include <condition_variable>
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

    /// A statement may use four times as much memory as the database, a value or a row 1 MiB, a pattern of LIKE 100 bytes, 16 tables,
    /// 64 indexes in all; no views, triggers or generated columns. A transaction ends with the text that begins it. Errors:
    /// `invalid_argument` (SQL that does not parse, parameters that do not fit), `denied`, `deadline_exceeded` (also while others use
    /// the database), `output_limit`, `io`: whatever else the database says.
    Result<SqlRows> run(const CallContext& context, const std::string& statement, std::span<const SqlValue> parameters);

private:
    MemoryDatabase() = default;
    class Turn;

    // In its turn:
    Result<SqlRows> run_watched(const CallContext& context, const std::string& statement, std::span<const SqlValue> parameters);
    Result<SqlRows> run_all(const std::string& statement, std::span<const SqlValue> parameters);
    Result<void> end_transaction();
    Result<void> count_indexes();

    // What ends a statement: time, and memory. Tables that SQLite makes for a DISTINCT or a sort have no limit of pages, and only the
    // process's whole use is told, so the measure is by how much that grew.
    struct Guard {
        const CallContext* context = nullptr;   // null: nobody watches
        std::uint64_t most_memory = 0;
        bool starved = false;
        std::size_t indexes = 0;                // at least as many as there are

        bool over() noexcept;
    };
    static int authorise(void* guard, int action, const char* first, const char* second, const char*, const char*) noexcept;
    static int look(void* guard) noexcept;

    std::mutex mutex_;               // guards busy_
    std::condition_variable free_;
    bool busy_ = false;              // one statement at a time uses what follows
    sqlite3* handle_ = nullptr;
    std::uint64_t most_bytes_ = 0;
    Guard guard_;
};

}  // namespace mortise::abi::w3bstream
