#include "abi/w3bstream/sql_functions.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace mortise::abi::w3bstream {

namespace {

bool is_null(sqlite3_value* value) noexcept { return sqlite3_value_type(value) == SQLITE_NULL; }

std::string_view bytes_of(const void* data, sqlite3_value* value) noexcept {
    const int size = sqlite3_value_bytes(value);   // after the data was asked for: that may have converted it
    return {data == nullptr ? "" : static_cast<const char*>(data), data == nullptr ? 0 : static_cast<std::size_t>(size)};
}
std::string_view text(sqlite3_value* value) noexcept { return bytes_of(sqlite3_value_text(value), value); }
std::string_view blob(sqlite3_value* value) noexcept { return bytes_of(sqlite3_value_blob(value), value); }

std::size_t position(std::string_view in, std::string_view what, std::size_t from) noexcept {
    const void* found = ::memmem(in.data() + from, in.size() - from, what.data(), what.size());   // linear, unlike std's
    return found == nullptr ? std::string_view::npos : static_cast<std::size_t>(static_cast<const char*>(found) - in.data());
}

// How long the character is that begins here, as SQLite counts: a byte, and what continues it if it is the first of several.
std::size_t character(std::string_view text) noexcept {
    std::size_t size = 1;
    if (static_cast<unsigned char>(text[0]) < 0xC0) return size;
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
    return size;
}

void answer(sqlite3_context* context, std::string_view text) noexcept {
    sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void instr(sqlite3_context* context, int, sqlite3_value** given) noexcept {
    if (is_null(given[0]) || is_null(given[1])) return;
    const bool blobs = sqlite3_value_type(given[0]) == SQLITE_BLOB && sqlite3_value_type(given[1]) == SQLITE_BLOB;
    const std::string_view in = blobs ? blob(given[0]) : text(given[0]);
    const std::string_view what = blobs ? blob(given[1]) : text(given[1]);
    const std::size_t at = position(in, what, 0);
    if (at == std::string_view::npos) return sqlite3_result_int64(context, 0);
    if (blobs) return sqlite3_result_int64(context, static_cast<std::int64_t>(at) + 1);
    const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    sqlite3_result_int64(context, std::count_if(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(at), starts) + 1);
}

void replace(sqlite3_context* context, int, sqlite3_value** given) noexcept try {
    if (is_null(given[0]) || is_null(given[1])) return;
    const std::string_view in = text(given[0]);
    const std::string_view what = text(given[1]);
    if (what.empty()) return sqlite3_result_value(context, given[0]);
    if (is_null(given[2])) return;
    const std::string_view by = text(given[2]);
    const auto most = static_cast<std::size_t>(sqlite3_limit(sqlite3_context_db_handle(context), SQLITE_LIMIT_LENGTH, -1));
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = position(in, what, 0); at != std::string_view::npos; at = position(in, what, done)) {
        out.append(in.substr(done, at - done)).append(by);
        done = at + what.size();
        if (out.size() > most) return sqlite3_result_error_toobig(context);
    }
    out.append(in.substr(done));
    answer(context, out);
} catch (const std::exception&) {
    sqlite3_result_error_nomem(context);
}

constexpr int kLeft = 1, kRight = 2;

void trim(sqlite3_context* context, int, sqlite3_value** given) noexcept try {
    if (is_null(given[0]) || is_null(given[1])) return;
    std::string_view in = text(given[0]);
    std::set<std::string_view> characters;
    for (std::string_view rest = text(given[1]); !rest.empty(); rest.remove_prefix(character(rest))) {
        characters.insert(rest.substr(0, character(rest)));
    }
    const auto sides = static_cast<int>(reinterpret_cast<std::intptr_t>(sqlite3_user_data(context)));
    while ((sides & kLeft) != 0 && !in.empty() && characters.contains(in.substr(0, character(in)))) in.remove_prefix(character(in));
    while ((sides & kRight) != 0 && !in.empty()) {
        std::size_t size = 1;   // of the last character
        while (size < in.size() && size < 4 && (static_cast<unsigned char>(in[in.size() - size]) & 0xC0) == 0x80) ++size;
        if (!characters.contains(in.substr(in.size() - size))) break;
        in.remove_suffix(size);
    }
    answer(context, in);
} catch (const std::exception&) {
    sqlite3_result_error_nomem(context);
}

}  // namespace

bool add_linear_functions(sqlite3* handle) noexcept {
    struct Row {
        const char* name;
        int parameters;
        std::intptr_t data;
        void (*call)(sqlite3_context*, int, sqlite3_value**);
    };
    constexpr Row kRows[] = {{"instr", 2, 0, &instr}, {"replace", 3, 0, &replace}, {"trim", 2, kLeft | kRight, &trim},
                             {"ltrim", 2, kLeft, &trim}, {"rtrim", 2, kRight, &trim}};
    constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    return std::all_of(std::begin(kRows), std::end(kRows), [&](const Row& row) {
        return sqlite3_create_function_v2(handle, row.name, row.parameters, kFlags, reinterpret_cast<void*>(row.data), row.call, nullptr,
                                          nullptr, nullptr) == SQLITE_OK;
    });
}

}  // namespace mortise::abi::w3bstream
