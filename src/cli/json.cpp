#include "cli/json.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include <mortise/bytes.hpp>

#include "cli/text.hpp"

namespace mortise::cli {

namespace {

// Builds the value as the parser goes. The library's own builder knows no limits, takes repeated keys, turns long integers into
// floating point, and looks each key of an object up among all earlier ones.
class Builder final : public nlohmann::json_sax<Json> {
public:
    Builder(const JsonLimits& limits, LongIntegers long_integers) : limits_(limits), long_integers_(long_integers) {}

    bool null() override { return add(Json(nullptr)) != nullptr; }
    bool boolean(bool value) override { return add(Json(value)) != nullptr; }
    bool number_integer(number_integer_t value) override { return add(Json(value)) != nullptr; }
    bool number_unsigned(number_unsigned_t value) override { return add(Json(value)) != nullptr; }
    bool number_float(number_float_t value, const string_t& text) override {
        if (text.find_first_of(".eE") != string_t::npos) return add(Json(value)) != nullptr;
        if (long_integers_ == LongIntegers::refused) return refuse("the integer " + in_quotes(text) + " does not fit in 64 bits");
        // As the one type that no JSON text has.
        return add(Json::binary(std::vector<std::uint8_t>(text.begin(), text.end()))) != nullptr;
    }
    bool string(string_t& value) override { return add(Json(std::move(value))) != nullptr; }
    bool binary(binary_t&) override { return refuse("binary"); }

    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_array() override { return close(); }
    bool end_object() override {
        auto& members = open_.back()->get_ref<Json::object_t&>();
        keys_.clear();
        for (const auto& [key, value] : members) keys_.push_back(key);
        std::ranges::sort(keys_);
        const auto twice = std::ranges::adjacent_find(keys_);
        if (twice != keys_.end()) return refuse("the key " + in_quotes(*twice) + " is there more than once");
        return close();
    }
    bool key(string_t& name) override {
        // Past the look-up of ordered_map, which is linear: a long object would take quadratic time.
        static_cast<std::vector<std::pair<const std::string, Json>>&>(open_.back()->get_ref<Json::object_t&>())
            .emplace_back(std::move(name), nullptr);
        return true;
    }

    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
        std::string_view what = error.what();   // "[json...] parse error at line 1, column 2: what happened; last read: '...'"
        if (const auto at = what.find("] "); at != std::string_view::npos) what.remove_prefix(at + 2);
        if (const auto at = what.find(": "); at != std::string_view::npos) what.remove_prefix(at + 2);
        if (const auto at = what.find("; last read: "); at != std::string_view::npos) what = what.substr(0, at);
        constexpr std::string_view kWhile = "syntax error while parsing ";
        if (what.starts_with(kWhile)) what.remove_prefix(kWhile.size());
        return refuse("not JSON at byte " + std::to_string(position) + ": " + one_line(what.substr(0, 160)));
    }

    std::optional<std::string> problem;
    Json result;

private:
    bool refuse(std::string text) {
        if (!problem) problem = std::move(text);
        return false;
    }

    Json* add(Json value) {
        if (++values_ > limits_.values) {
            refuse("more than " + std::to_string(limits_.values) + " values");
            return nullptr;
        }
        if (open_.empty()) {
            result = std::move(value);
            return &result;
        }
        Json& parent = *open_.back();
        if (parent.is_array()) {
            auto& items = parent.get_ref<Json::array_t&>();
            items.push_back(std::move(value));
            return &items.back();
        }
        auto& slot = parent.get_ref<Json::object_t&>().back().second;
        slot = std::move(value);
        return &slot;
    }

    bool open(Json container) {
        if (open_.size() >= limits_.depth) {
            return refuse("nested deeper than " + std::to_string(limits_.depth) + " levels");
        }
        Json* added = add(std::move(container));
        if (added == nullptr) return false;
        open_.push_back(added);   // stays valid: nothing is added to its parent while it is open
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    const JsonLimits limits_;
    const LongIntegers long_integers_;
    std::uint64_t values_ = 0;
    std::vector<Json*> open_;
    std::vector<std::string_view> keys_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits, LongIntegers long_integers) {
    Builder builder(limits, long_integers);
    const bool read = Json::sax_parse(text.begin(), text.end(), &builder);
    if (!read) return fail(ErrorCode::invalid_argument, builder.problem.value_or("not JSON"));
    return std::move(builder.result);
}

bool is_json(std::string_view text) { return Json::accept(text.begin(), text.end()); }

std::optional<std::string_view> long_integer(const Json& json) noexcept {
    const auto* digits = json.get_ptr<const Json::binary_t*>();
    if (digits == nullptr) return std::nullopt;
    return text_of(std::as_bytes(std::span(digits->data(), digits->size())));
}

std::optional<std::string_view> find_long_integer(const Json& json) noexcept {
    if (!json.is_structured()) return long_integer(json);
    for (const auto& item : json) {   // as deep as parsing allows
        if (const auto found = find_long_integer(item)) return found;
    }
    return std::nullopt;
}

std::string to_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string_view kind_of_json(const Json& json) noexcept {
    switch (json.type()) {
        case Json::value_t::null: return "null";
        case Json::value_t::boolean: return "a boolean";
        case Json::value_t::string: return "a string";
        case Json::value_t::array: return "an array";
        case Json::value_t::object: return "an object";
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned: return "an integer";
        case Json::value_t::number_float: return "a number";
        case Json::value_t::binary: return "an integer beyond 64 bits";
        case Json::value_t::discarded: break;
    }
    return "nothing";
}

}  // namespace mortise::cli
