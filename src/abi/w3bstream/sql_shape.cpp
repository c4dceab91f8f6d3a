#include "abi/w3bstream/sql_shape.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace mortise::abi::w3bstream {

namespace {

bool is_name(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Tokens as SQLite parts them, as far as it matters here: words in upper case, one character of whatever else. Quoted names and texts are
// one token, `'`.
class Tokens {
public:
    explicit Tokens(std::string_view text) noexcept : text_(text) {}

    // False at the end.
    bool next() {
        while (skip_blank()) {}
        if (at_ == text_.size()) return false;
        const char first = text_[at_];
        if (first == '\'' || first == '"' || first == '`' || first == '[') {
            const auto end = text_.find(first == '[' ? ']' : first, at_ + 1);
            take(end == std::string_view::npos ? text_.size() : end + 1);
            token_ = "'";
        } else if (is_name(first)) {
            const auto rest = text_.substr(at_);
            take(at_ + static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_name) - rest.begin()));
        } else {
            take(at_ + 1);
        }
        return true;
    }
    const std::string& token() const noexcept { return token_; }
    std::size_t begin() const noexcept { return begin_; }
    std::size_t end() const noexcept { return at_; }

private:
    bool skip_blank() noexcept {
        const std::size_t before = at_;
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
        if (text_.substr(at_, 3) == "\xEF\xBB\xBF") {   // a byte order mark
            at_ += 3;
        } else if (text_.substr(at_, 2) == "--") {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (text_.substr(at_, 2) == "/*" && at_ + 2 < text_.size()) {
            const auto end = text_.find("*/", at_ + 2);
            at_ = end == std::string_view::npos ? text_.size() : end + 2;
        }
        return at_ != before;
    }
    void take(std::size_t end) {
        begin_ = at_;
        at_ = end;
        constexpr std::size_t kLongestWord = 16;   // longer ones are no keywords
        token_.assign(text_.substr(begin_, std::min(end - begin_, kLongestWord)));
        std::transform(token_.begin(), token_.end(), token_.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    }

    std::string_view text_;
    std::string token_;
    std::size_t begin_ = 0, at_ = 0;
};

// Between the same brackets: whether a comma parts tables.
struct Level {
    bool from = false;        // behind FROM, where tables are listed
    bool condition = false;   // behind a table's ON or USING, whose brackets hold no tables
};

bool is_one_of(std::string_view word, std::span<const std::string_view> words) noexcept {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// Reserved words alone: what can be the name of a table as well would hide those behind it.
constexpr std::array<std::string_view, 11> kEndsTables = {"SELECT", "WHERE",     "GROUP", "HAVING", "ORDER",    "LIMIT",
                                                           "UNION",  "INTERSECT", "EXCEPT", "VALUES", "RETURNING"};
constexpr std::array<std::string_view, 2> kQueries = {"SELECT", "VALUES"};

class Statement {
public:
    explicit Statement(std::size_t begin) : begin_(begin) {}

    Result<void> see(const std::string& token, std::size_t begin, std::size_t end) {
        if (first_.empty()) first_ = token;
        const bool defines = first_ == "CREATE" || first_ == "ALTER";
        if (defines && end - begin_ > kMostDefinition) {
            return fail(ErrorCode::invalid_argument, base::concat("a definition has more than ", kMostDefinition, " bytes"));
        }
        // A parameter's name may have brackets with anything in them, a quote as well.
        if (token == "(" && last_is_parameter_) return fail(ErrorCode::invalid_argument, "a parameter's name has brackets");
        if (defines && before_last_ == "AS" && last_ == "(" && !is_one_of(token, kQueries)) {
            return fail(ErrorCode::invalid_argument, "columns that are generated from others are not supported");
        }
        count(token);
        if (tables_ > kMostTables) {
            return fail(ErrorCode::invalid_argument, base::concat("a statement names more than ", kMostTables, " tables"));
        }
        constexpr std::string_view kMarks = "$@:#";
        const bool goes_on = last_is_parameter_ && begin == last_end_ && is_name(token.front());
        last_is_parameter_ = goes_on || kMarks.find(token.front()) != std::string_view::npos;
        last_end_ = end;
        before_last_ = std::exchange(last_, token);
        return {};
    }

private:
    void count(const std::string& token) {
        Level& level = levels_.back();
        if (last_ == "IN" && token != "(") ++tables_;
        if (token == "(") {
            levels_.push_back({.from = level.from && !level.condition});
        } else if (token == ")") {
            if (levels_.size() > 1) levels_.pop_back();
        } else if (token == "FROM") {
            ++tables_;
            if (last_ != "DISTINCT") level = {.from = true};   // not that of IS DISTINCT FROM
        } else if (token == "JOIN") {
            ++tables_;
            level.condition = false;
        } else if (token == ",") {
            if (level.from) ++tables_;
            level.condition = false;
        } else if (token == "ON" || token == "USING") {
            level.condition = level.from;
        } else if (is_one_of(token, kEndsTables)) {
            level = {};
        }
    }

    std::size_t begin_, last_end_ = 0;
    std::size_t tables_ = 0;
    std::vector<Level> levels_{1};
    std::string first_, last_, before_last_;
    bool last_is_parameter_ = false;
};

}  // namespace

Result<void> check_sql(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return fail(ErrorCode::invalid_argument, "a zero byte in a statement");
    Tokens tokens(text);
    Statement statement(0);
    while (tokens.next()) {
        if (tokens.token() == ";") {
            statement = Statement(tokens.end());
            continue;
        }
        if (auto fine = statement.see(tokens.token(), tokens.begin(), tokens.end()); !fine) return fine;
    }
    return {};
}

}  // namespace mortise::abi::w3bstream
