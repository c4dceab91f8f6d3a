#include "abi/w3bstream/memory_database.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include <sqlite3.h>

#include "abi/w3bstream/sql_time.hpp"
#include "base/text.hpp"

namespace mortise::abi::w3bstream {

namespace {

constexpr int kPageBytes = 4096;
constexpr int kStepsBetweenLooks = 50;
// One step may search a value for another or for a pattern, which takes time with the product of their lengths and cannot be stopped.
constexpr int kMostValueBytes = 1 << 20;
constexpr int kMostPatternBytes = 100;
constexpr std::uint64_t kMemoryOfAStatement = 4;   // times the database's limit
constexpr int kMostSqlBytes = 1 << 20;

// A guest's SQL comes from a guest: it may work on its tables and touch nothing else.
int authorise(void*, int action, const char*, const char* second, const char*, const char*) noexcept {
    switch (action) {
        case SQLITE_ATTACH:
        case SQLITE_DETACH:
        case SQLITE_PRAGMA:
        case SQLITE_CREATE_VTABLE:
        case SQLITE_DROP_VTABLE: return SQLITE_DENY;
        case SQLITE_FUNCTION: {
            const std::string_view name = second == nullptr ? "" : second;
            return name == "load_extension" || name == "readfile" || name == "writefile" ? SQLITE_DENY : SQLITE_OK;
        }
        default: return SQLITE_OK;
    }
}

// What ends a statement: time, and memory. Tables that SQLite makes for a DISTINCT or a sort have no limit of pages, and only the
// process's whole use is told, so the measure is by how much that grew.
struct Watch {
    const CallContext& context;
    std::uint64_t most_memory;
    bool starved = false;
};

int look(void* watch) noexcept {
    auto& self = *static_cast<Watch*>(watch);
    self.starved = static_cast<std::uint64_t>(sqlite3_memory_used()) > self.most_memory;
    return self.starved || self.context.expired() ? 1 : 0;
}

struct Finalise {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, Finalise>;

std::unexpected<Error> failure(sqlite3* handle, int status) {
    const std::string text = sqlite3_errmsg(handle);
    switch (status & 0xFF) {
        case SQLITE_AUTH: return fail(ErrorCode::denied, "the database refuses: " + text);
        case SQLITE_INTERRUPT: return fail(ErrorCode::deadline_exceeded, "the statement did not end in time");
        case SQLITE_FULL:
        case SQLITE_TOOBIG:
        case SQLITE_NOMEM: return fail(ErrorCode::output_limit, "the database is at its limit: " + text);
        case SQLITE_ERROR:
        case SQLITE_MISMATCH:
        case SQLITE_RANGE:
        case SQLITE_CONSTRAINT: return fail(ErrorCode::invalid_argument, text);
        default: return fail(ErrorCode::io, text);
    }
}

int bind(sqlite3_stmt* statement, int at, const SqlValue& value) {
    if (std::holds_alternative<std::monostate>(value)) return sqlite3_bind_null(statement, at);
    if (const auto* number = std::get_if<std::int64_t>(&value)) return sqlite3_bind_int64(statement, at, *number);
    if (const auto* real = std::get_if<double>(&value)) return sqlite3_bind_double(statement, at, *real);
    if (const auto* truth = std::get_if<bool>(&value)) return sqlite3_bind_int(statement, at, *truth ? 1 : 0);
    if (const auto* bytes = std::get_if<Bytes>(&value)) {
        // No pointer would be a NULL, not a run of no bytes.
        if (bytes->empty()) return sqlite3_bind_zeroblob(statement, at, 0);
        return sqlite3_bind_blob64(statement, at, bytes->data(), bytes->size(), SQLITE_TRANSIENT);
    }
    std::string text;
    if (const auto* given = std::get_if<std::string>(&value)) text = *given;
    else text = format_time(std::get<SqlTime>(value));
    return sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

// What a column was declared as decides how its values are told, as far as SQLite remembers.
enum class ColumnKind : std::uint8_t { any, boolean, time };

ColumnKind kind_of(const char* declared) {
    std::string name = declared == nullptr ? "" : declared;
    name.resize(std::min(name.find_first_of(" ("), name.size()));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (name == "BOOL" || name == "BOOLEAN") return ColumnKind::boolean;
    if (name == "TIMESTAMP" || name == "TIMESTAMPTZ" || name == "TIME" || name == "DATE" || name == "DATETIME") return ColumnKind::time;
    return ColumnKind::any;
}

SqlValue column(sqlite3_stmt* statement, int at, ColumnKind kind) {
    switch (sqlite3_column_type(statement, at)) {
        case SQLITE_NULL:
            if (kind == ColumnKind::time) return SqlTime{.valid = false};
            return {};
        case SQLITE_INTEGER: {
            const std::int64_t number = sqlite3_column_int64(statement, at);
            if (kind == ColumnKind::boolean) return number != 0;
            if (kind == ColumnKind::time) return SqlTime{.seconds = number};
            return number;
        }
        case SQLITE_FLOAT: return sqlite3_column_double(statement, at);
        case SQLITE_BLOB: {
            const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement, at));
            return Bytes(data, data + sqlite3_column_bytes(statement, at));
        }
        default: {
            const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement, at));
            std::string text(data == nullptr ? "" : data, static_cast<std::size_t>(sqlite3_column_bytes(statement, at)));
            if (kind == ColumnKind::boolean && (text == "true" || text == "false")) return text == "true";
            if (kind == ColumnKind::time) {
                if (const auto time = parse_time(text, false)) return *time;
            }
            return text;
        }
    }
}

std::size_t size_of(const SqlValue& value) noexcept {
    if (const auto* text = std::get_if<std::string>(&value)) return sizeof(value) + text->size();
    if (const auto* bytes = std::get_if<Bytes>(&value)) return sizeof(value) + bytes->size();
    return sizeof(value);
}

Result<SqlRows> step_through(sqlite3* handle, sqlite3_stmt* statement, std::uint64_t most_bytes) {
    SqlRows out;
    std::vector<ColumnKind> kinds;
    const int count = sqlite3_column_count(statement);
    for (int i = 0; i < count; ++i) {
        const char* name = sqlite3_column_name(statement, i);
        out.columns.emplace_back(name == nullptr ? "" : name);
        kinds.push_back(kind_of(sqlite3_column_decltype(statement, i)));
    }
    std::uint64_t bytes = 0;
    for (;;) {
        const int status = sqlite3_step(statement);
        if (status == SQLITE_DONE) return out;
        if (status != SQLITE_ROW) return failure(handle, status);
        auto& row = out.rows.emplace_back();
        for (int i = 0; i < count; ++i) {
            row.push_back(column(statement, i, kinds[static_cast<std::size_t>(i)]));
            bytes += size_of(row.back());
        }
        if (bytes > most_bytes) return fail(ErrorCode::output_limit, base::concat("the answer has more than ", most_bytes, " bytes"));
    }
}

}  // namespace

std::unique_ptr<MemoryDatabase> MemoryDatabase::open(std::uint64_t most_bytes) {
    std::unique_ptr<MemoryDatabase> out(new MemoryDatabase);
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(":memory:", &out->handle_, kFlags, nullptr) != SQLITE_OK) return nullptr;
    out->most_bytes_ = most_bytes;
    sqlite3* const handle = out->handle_;
    const std::string pages = "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA page_size = " + std::to_string(kPageBytes) +
                              "; PRAGMA max_page_count = " + std::to_string(std::max<std::uint64_t>(most_bytes / kPageBytes, 16));
    if (sqlite3_exec(handle, pages.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return nullptr;
    // Applets were written for a server where tables live in the schema "public".
    sqlite3_db_config(handle, SQLITE_DBCONFIG_MAINDBNAME, "public");
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, kMostSqlBytes);
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMostValueBytes);
    sqlite3_limit(handle, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, kMostPatternBytes);
    sqlite3_set_authorizer(handle, &authorise, nullptr);
    return out;
}

MemoryDatabase::~MemoryDatabase() { sqlite3_close_v2(handle_); }

Result<SqlRows> MemoryDatabase::run(const CallContext& context, const std::string& statement, std::span<const SqlValue> parameters) {
    const std::lock_guard lock(mutex_);
    Watch watch{context, static_cast<std::uint64_t>(sqlite3_memory_used()) + kMemoryOfAStatement * most_bytes_};
    sqlite3_progress_handler(handle_, kStepsBetweenLooks, &look, &watch);
    struct Quiet {
        sqlite3* handle;
        ~Quiet() { sqlite3_progress_handler(handle, 0, nullptr, nullptr); }
    } const quiet{handle_};
    auto rows = run_all(statement, parameters);
    if (!rows && watch.starved) return fail(ErrorCode::output_limit, "the statement needs more memory than it may have");
    return rows;
}

Result<SqlRows> MemoryDatabase::run_all(const std::string& statement, std::span<const SqlValue> parameters) {
    SqlRows rows;
    std::size_t statements = 0;
    const char* rest = statement.c_str();
    const char* const end = rest + statement.size();
    while (rest != end) {
        sqlite3_stmt* raw = nullptr;
        const int status = sqlite3_prepare_v2(handle_, rest, static_cast<int>(std::min<std::ptrdiff_t>(end - rest, INT32_MAX)), &raw, &rest);
        const StatementHandle prepared(raw);
        if (status != SQLITE_OK) return failure(handle_, status);
        if (!prepared) continue;   // white space or a comment
        // Several statements at once go without parameters alone, as on the server.
        if (statements++ != 0 && !parameters.empty()) {
            return fail(ErrorCode::invalid_argument, "several statements cannot share parameters");
        }
        if (static_cast<std::size_t>(sqlite3_bind_parameter_count(prepared.get())) != parameters.size()) {
            return fail(ErrorCode::invalid_argument, base::concat("the statement has ", sqlite3_bind_parameter_count(prepared.get()),
                                                                  " parameters, ", parameters.size(), " are given"));
        }
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            const int bound = bind(prepared.get(), static_cast<int>(i) + 1, parameters[i]);
            if (bound != SQLITE_OK) return failure(handle_, bound);
        }
        auto answer = step_through(handle_, prepared.get(), most_bytes_);
        if (!answer) return answer;
        rows = *std::move(answer);
    }
    return rows;
}

}  // namespace mortise::abi::w3bstream
