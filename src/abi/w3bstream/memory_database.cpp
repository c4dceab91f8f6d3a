#include "abi/w3bstream/memory_database.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <string_view>

#include <sqlite3.h>

#include "abi/w3bstream/sql_functions.hpp"
#include "abi/w3bstream/sql_shape.hpp"
#include "abi/w3bstream/sql_time.hpp"
#include "base/text.hpp"

namespace mortise::abi::w3bstream {

namespace {

constexpr int kPageBytes = 4096;
constexpr int kStepsBetweenLooks = 50;
constexpr std::chrono::milliseconds kWaitSlice{10};
// One step may search a value for another or for a pattern, which takes time with the product of their lengths and cannot be stopped.
constexpr int kMostValueBytes = 1 << 20;
constexpr int kMostPatternBytes = 100;
constexpr std::uint64_t kMemoryOfAStatement = 4;   // times the database's limit
constexpr int kMostSqlBytes = 1 << 20;

constexpr std::size_t kMostIndexes = 64;   // the planner weighs each for each table of a statement
constexpr int kMostColumns = 256;
constexpr int kDeepestExpression = 100;
constexpr int kMostInstructions = 1 << 20;
constexpr int kMostUnited = 50;            // SELECTs in a UNION

bool is_refused(std::string_view function) noexcept {
    // The last one takes time with the product of its arguments' lengths.
    constexpr std::array<std::string_view, 5> kRefused = {"load_extension", "readfile", "writefile", "fts3_tokenizer", "json_patch"};
    return std::find(kRefused.begin(), kRefused.end(), function) != kRefused.end();
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

bool MemoryDatabase::Guard::over() noexcept {
    if (context == nullptr) return false;
    starved = starved || static_cast<std::uint64_t>(sqlite3_memory_used()) > most_memory;
    return starved || context->expired();
}

int MemoryDatabase::look(void* guard) noexcept { return static_cast<Guard*>(guard)->over() ? 1 : 0; }

// A guest's SQL comes from a guest: it may work on its tables and touch nothing else. It is asked while a statement is compiled, which
// SQLite itself does not end at a deadline.
int MemoryDatabase::authorise(void* guard, int action, const char*, const char* second, const char*, const char*) noexcept {
    auto& self = *static_cast<Guard*>(guard);
    if (self.over()) return SQLITE_DENY;
    switch (action) {
        case SQLITE_ATTACH:
        case SQLITE_DETACH:
        case SQLITE_PRAGMA:
        case SQLITE_CREATE_VIEW:   // compiled again wherever they are named, and so without end
        case SQLITE_CREATE_TEMP_VIEW:
        case SQLITE_CREATE_TRIGGER:
        case SQLITE_CREATE_TEMP_TRIGGER:
        case SQLITE_CREATE_VTABLE:
        case SQLITE_DROP_VTABLE: return SQLITE_DENY;
        case SQLITE_CREATE_INDEX:
        case SQLITE_CREATE_TEMP_INDEX:
            if (self.indexes >= kMostIndexes) return SQLITE_DENY;
            ++self.indexes;
            return SQLITE_OK;
        case SQLITE_FUNCTION: return second != nullptr && is_refused(second) ? SQLITE_DENY : SQLITE_OK;
        default: return SQLITE_OK;
    }
}

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
    sqlite3_limit(handle, SQLITE_LIMIT_COLUMN, kMostColumns);
    sqlite3_limit(handle, SQLITE_LIMIT_EXPR_DEPTH, kDeepestExpression);
    sqlite3_limit(handle, SQLITE_LIMIT_VDBE_OP, kMostInstructions);
    sqlite3_limit(handle, SQLITE_LIMIT_COMPOUND_SELECT, kMostUnited);
    if (!add_linear_functions(handle)) return nullptr;
    sqlite3_set_authorizer(handle, &authorise, &out->guard_);
    return out;
}

MemoryDatabase::~MemoryDatabase() { sqlite3_close_v2(handle_); }

// The right to run a statement, waited for as long as the event that wants it may last.
class MemoryDatabase::Turn {
public:
    Turn(MemoryDatabase& database, const CallContext& context) : database_(database) {
        std::unique_lock lock(database.mutex_);
        while (!database.free_.wait_for(lock, kWaitSlice, [&] { return !database.busy_; })) {
            if (context.expired()) return;
        }
        taken_ = database.busy_ = true;
    }
    ~Turn() {
        if (!taken_) return;
        {
            const std::lock_guard lock(database_.mutex_);
            database_.busy_ = false;
        }
        database_.free_.notify_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    bool taken() const noexcept { return taken_; }

private:
    MemoryDatabase& database_;
    bool taken_ = false;
};

Result<SqlRows> MemoryDatabase::run(const CallContext& context, const std::string& statement, std::span<const SqlValue> parameters) {
    if (auto fine = check_sql(statement); !fine) return fail(std::move(fine).error());
    const Turn turn(*this, context);
    if (!turn.taken()) return fail(ErrorCode::deadline_exceeded, "the database is busy");
    if (guard_.indexes >= kMostIndexes) {
        if (auto counted = count_indexes(); !counted) return fail(std::move(counted).error());
    }
    auto rows = run_watched(context, statement, parameters);
    auto ended = end_transaction();
    if (rows && !ended) return fail(std::move(ended).error());
    return rows;
}

Result<SqlRows> MemoryDatabase::run_watched(const CallContext& context, const std::string& statement,
                                            std::span<const SqlValue> parameters) {
    guard_.context = &context;
    guard_.most_memory = static_cast<std::uint64_t>(sqlite3_memory_used()) + kMemoryOfAStatement * most_bytes_;
    guard_.starved = false;
    sqlite3_progress_handler(handle_, kStepsBetweenLooks, &look, &guard_);
    struct Quiet {
        MemoryDatabase& self;
        ~Quiet() {
            self.guard_.context = nullptr;
            sqlite3_progress_handler(self.handle_, 0, nullptr, nullptr);
        }
    } const quiet{*this};
    auto rows = run_all(statement, parameters);
    if (!rows && guard_.starved) return fail(ErrorCode::output_limit, "the statement needs more memory than it may have");
    if (!rows && context.expired()) return fail(ErrorCode::deadline_exceeded, "the statement did not end in time");
    return rows;
}

// Events share the database: what one began is not the next one's.
Result<void> MemoryDatabase::end_transaction() {
    if (sqlite3_get_autocommit(handle_) != 0) return {};
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
    return fail(ErrorCode::invalid_argument, "a transaction begins and does not end: it was rolled back");
}

Result<void> MemoryDatabase::count_indexes() {
    constexpr std::string_view kCount = "SELECT (SELECT count(*) FROM sqlite_master WHERE type = 'index') + "
                                        "(SELECT count(*) FROM sqlite_temp_master WHERE type = 'index')";
    sqlite3_stmt* raw = nullptr;
    int status = sqlite3_prepare_v2(handle_, kCount.data(), static_cast<int>(kCount.size()), &raw, nullptr);
    const StatementHandle prepared(raw);
    if (status == SQLITE_OK) status = sqlite3_step(prepared.get());
    if (status != SQLITE_ROW) return failure(handle_, status);
    guard_.indexes = static_cast<std::size_t>(sqlite3_column_int64(prepared.get(), 0));
    return {};
}

Result<SqlRows> MemoryDatabase::run_all(const std::string& statement, std::span<const SqlValue> parameters) {
    SqlRows rows;
    std::size_t statements = 0;
    const char* rest = statement.c_str();
    const char* const end = rest + statement.size();
    while (rest != end) {
        if (guard_.over()) return fail(ErrorCode::deadline_exceeded, "the statements did not end in time");
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
