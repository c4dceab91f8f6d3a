#include <mortise/codec.hpp>

#include <cstdint>
#include <string>

#include <msgpack.hpp>

#include "base/text.hpp"

namespace mortise::codec {

namespace {

// Hears msgpack-cxx's parser (which keeps its own stack) and writes JSON as it goes. Answering false ends the parse.
class ToJson : public msgpack::null_visitor {
public:
    ToJson(Bytes& out, const DecodeOptions& options) : out_(out), options_(options), elements_left_(options.max_elements) {}

    bool visit_nil() { return in_key_ ? out_.key("null") : (out_.nil(), true); }
    bool visit_boolean(bool v) { return in_key_ ? out_.key(v ? "true" : "false") : (out_.boolean(v), true); }
    bool visit_positive_integer(std::uint64_t v) { return in_key_ ? out_.integer_key(v) : (out_.unsigned_integer(v), true); }
    bool visit_negative_integer(std::int64_t v) { return in_key_ ? out_.integer_key(v) : (out_.signed_integer(v), true); }
    bool visit_float32(float v) { return floating(v); }
    bool visit_float64(double v) { return floating(v); }

    bool visit_str(const char* data, std::uint32_t size) {
        const std::string_view text(data, size);
        if (in_key_) return key(text);
        return is_utf8(text) ? out_.text(text) : bytes(text);
    }
    bool visit_bin(const char* data, std::uint32_t size) {
        const std::string_view content(data, size);
        return in_key_ ? key(content) : bytes(content);
    }
    bool visit_ext(const char* data, std::uint32_t size) {
        if (in_key_) return refuse("an extension as a key");
        if (size == 0) return refuse("an extension without a type");
        out_.begin_map(2);
        out_.key("ext");
        out_.signed_integer(static_cast<std::int8_t>(data[0]));
        out_.key("base64");
        out_.bytes(bytes_of(std::string_view(data + 1, size - 1)));
        out_.end_map();
        return true;
    }

    bool start_array(std::uint32_t items) { return enter(items) && out_.begin_array(items); }
    bool end_array() {
        --depth_;
        out_.end_array();
        return true;
    }
    bool start_map(std::uint32_t entries) { return enter(entries) && out_.begin_map(entries); }
    bool end_map() {
        --depth_;
        out_.end_map();
        return true;
    }
    bool start_map_key() { return in_key_ = true; }
    bool end_map_key() {
        in_key_ = false;
        return true;
    }

    void parse_error(std::size_t, std::size_t at) { note("an invalid byte", at); }
    void insufficient_bytes(std::size_t, std::size_t at) { note(at == 0 ? "the input is empty" : "the input ends inside a value", at); }
    void note(std::string what, std::size_t at) {
        if (problem.empty()) problem = base::concat(what, " (offset ", at, ")");
    }

    std::string problem;

private:
    template <class T>
    bool floating(T v) {
        if (!in_key_) return out_.floating(v), true;
        Bytes text;
        JsonWriter writer(text);
        writer.floating(v);
        std::string_view word = text_of(text);
        if (word.starts_with('"')) word = word.substr(1, word.size() - 2);
        return out_.key(word);
    }
    bool key(std::string_view text) { return out_.key(is_utf8(text) ? std::string(text) : base64_encode(bytes_of(text))); }
    bool bytes(std::string_view content) {
        const bool text = is_utf8(content);
        out_.begin_map(text ? 2 : 1);
        out_.key("base64");
        out_.bytes(bytes_of(content));
        if (text) {
            out_.key("text");
            out_.text(content);
        }
        out_.end_map();
        return true;
    }
    bool enter(std::uint32_t count) {
        if (in_key_) return refuse("a container as a key");
        if (depth_ >= options_.max_depth) return refuse(base::concat("nested deeper than the limit of ", options_.max_depth));
        if (count > elements_left_) return refuse(base::concat("more elements than the limit of ", options_.max_elements));
        elements_left_ -= count;
        ++depth_;
        return true;
    }
    bool refuse(std::string what) {
        problem = std::move(what);
        return false;
    }

    JsonWriter out_;
    const DecodeOptions& options_;
    std::uint64_t elements_left_;
    std::uint32_t depth_ = 0;
    bool in_key_ = false;
};

}  // namespace

Result<std::string> json_from_msgpack(BytesView input, const DecodeOptions& options) {
    if (input.size() > options.max_bytes) {
        return fail(ErrorCode::decode, base::concat("MessagePack: the input has ", input.size(), " bytes, the limit is ",
                                                    options.max_bytes));
    }
    if (input.empty()) return fail(ErrorCode::decode, "MessagePack: the input is empty");
    Bytes out;
    ToJson visitor(out, options);
    std::size_t at = 0;
    bool parsed = false;
    try {
        parsed = msgpack::parse(reinterpret_cast<const char*>(input.data()), input.size(), at, visitor);
    } catch (const msgpack::unpack_error& e) {
        visitor.note(e.what(), at);   // a size that no size_t holds
    }
    if (!parsed || !visitor.problem.empty()) {
        return fail(ErrorCode::decode, "MessagePack: " + (visitor.problem.empty() ? "cannot be read" : visitor.problem));
    }
    if (at < input.size() && options.trailing == Trailing::refused) {
        return fail(ErrorCode::decode, base::concat("MessagePack: ", input.size() - at, " byte(s) follow the value"));
    }
    return std::string(text_of(out));
}

}  // namespace mortise::codec
