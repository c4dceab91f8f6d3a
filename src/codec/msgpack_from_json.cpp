#include <mortise/codec.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include <msgpack.hpp>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace mortise::codec {

namespace {

using Json = nlohmann::json;

// What a container turns into, known only when it ends: hence the first of two passes.
struct Shape {
    enum class Kind : std::uint8_t { array, map, bin, ext };
    Kind kind = Kind::array;
    std::uint32_t count = 0;
};

// What both passes do alike: errors.
class Listener {
public:
    bool binary(Json::binary_t&) { return refuse("binary data in JSON"); }
    bool parse_error(std::size_t at, const std::string&, const Json::exception& e) {
        // "[json.exception.parse_error.101] parse error at line 1, column 2: ..." from "line" on.
        std::string_view text = e.what();
        if (const auto line = text.find("at line "); line != std::string_view::npos) text.remove_prefix(line + 3);
        else if (const auto id = text.find("] "); id != std::string_view::npos) text.remove_prefix(id + 2);
        return refuse(base::concat(to_utf8_lossy(text), " (offset ", at == 0 ? 0 : at - 1, ")"));
    }
    std::string problem;

protected:
    bool refuse(std::string what) {
        if (problem.empty()) problem = std::move(what);
        return false;
    }
};

// First pass: bounds, and the shapes of the containers in the order in which they begin.
class Measure : public Listener {
public:
    Measure(const DecodeOptions& options, bool tagged) : options_(options), tagged_(tagged), elements_left_(options.max_elements) {}

    std::vector<Shape> shapes;

    bool null() { return value(Scalar::other); }
    bool boolean(bool) { return value(Scalar::other); }
    bool number_integer(std::int64_t v) { return value(v >= INT8_MIN ? Scalar::int8 : Scalar::other); }
    bool number_unsigned(std::uint64_t v) { return value(v <= INT8_MAX ? Scalar::int8 : Scalar::other); }
    bool number_float(double, const std::string& text) {
        // The parser falls back to floats for integers that it cannot hold.
        if (text.find_first_of(".eE") == std::string::npos) {
            return refuse("the integer " + text.substr(0, 40) + " does not fit 64 bits");
        }
        return value(Scalar::other);
    }
    bool string(std::string&) { return value(Scalar::string); }
    bool key(std::string& name) {
        Open& top = open_.back();
        top.key = name == "base64" ? kBase64 : name == "text" ? kText : name == "ext" ? kExt : kOther;
        return true;
    }
    bool start_object(std::size_t) { return begin(Shape::Kind::map); }
    bool start_array(std::size_t) { return begin(Shape::Kind::array); }
    bool end_array() { return end(); }
    bool end_object() {
        const unsigned found = open_.back().found;
        Shape& shape = shapes[open_.back().shape];
        if (tagged_ && ((shape.count == 1 && found == kBase64) || (shape.count == 2 && found == (kBase64 | kText)))) {
            shape.kind = Shape::Kind::bin;
        } else if (tagged_ && shape.count == 2 && found == (kBase64 | kExt)) {
            shape.kind = Shape::Kind::ext;
        }
        return end();
    }

private:
    enum class Scalar : std::uint8_t { string, int8, other };
    static constexpr unsigned kBase64 = 1, kText = 2, kExt = 4, kOther = 8;
    struct Open {
        std::size_t shape = 0;
        unsigned key = 0;
        unsigned found = 0;   // the keys that had the value their meaning wants
    };

    bool value(Scalar scalar) {
        if (open_.empty()) return true;
        Open& top = open_.back();
        Shape& shape = shapes[top.shape];
        if (elements_left_ == 0) return refuse(base::concat("more elements than the limit of ", options_.max_elements));
        --elements_left_;
        ++shape.count;
        if (shape.kind == Shape::Kind::map) {
            const bool fits = top.key == kExt ? scalar == Scalar::int8 : scalar == Scalar::string;
            top.found |= fits ? top.key : kOther;
        }
        return true;
    }
    bool begin(Shape::Kind kind) {
        if (!value(Scalar::other)) return false;
        if (open_.size() >= options_.max_depth) return refuse(base::concat("nested deeper than the limit of ", options_.max_depth));
        open_.push_back({.shape = shapes.size()});
        shapes.push_back({.kind = kind});
        return true;
    }
    bool end() {
        open_.pop_back();
        return true;
    }

    const DecodeOptions& options_;
    bool tagged_;
    std::uint64_t elements_left_;
    std::vector<Open> open_;
};

// What msgpack-cxx's packer writes to.
struct Sink {
    Bytes& out;
    void write(const char* data, std::size_t size) {
        const auto bytes = bytes_of(std::string_view(data, size));
        out.insert(out.end(), bytes.begin(), bytes.end());
    }
};

// Second pass: writes what the first has measured.
class Pack : public Listener {
public:
    Pack(const std::vector<Shape>& shapes, Bytes& out) : shapes_(shapes), sink_{out}, packer_(sink_) {}

    bool null() { return packer_.pack_nil(), true; }
    bool boolean(bool v) { return (v ? packer_.pack_true() : packer_.pack_false()), true; }
    bool number_integer(std::int64_t v) {
        if (in_tag()) return ext_ = static_cast<std::int8_t>(v), true;
        return packer_.pack_int64(v), true;
    }
    bool number_unsigned(std::uint64_t v) {
        if (in_tag()) return ext_ = static_cast<std::int8_t>(v), true;
        return packer_.pack_uint64(v), true;
    }
    bool number_float(double v, const std::string&) {
        // Not pack_double, which makes an integer of a float that is whole.
        return codec::msgpack.encode(v, sink_.out).has_value();
    }
    bool string(std::string& text) {
        if (in_tag()) {
            if (key_ == "base64") base64_ = text;
            return true;
        }
        return pack(text);
    }
    bool key(std::string& name) {
        if (!in_tag()) return pack(name);
        key_ = name;
        return true;
    }
    bool start_object(std::size_t) {
        const Shape& shape = shapes_[next_++];
        open_.push_back(shape.kind);
        if (shape.kind == Shape::Kind::map) packer_.pack_map(shape.count);
        return true;
    }
    bool start_array(std::size_t) {
        open_.push_back(Shape::Kind::array);
        packer_.pack_array(shapes_[next_++].count);
        return true;
    }
    bool end_array() { return open_.pop_back(), true; }
    bool end_object() {
        const Shape::Kind kind = open_.back();
        open_.pop_back();
        if (kind == Shape::Kind::map) return true;
        const auto bytes = base64_decode(base64_);
        if (!bytes) return refuse("broken base64: " + base::quoted(base64_, 40));
        const auto size = static_cast<std::uint32_t>(bytes->size());
        const auto* data = reinterpret_cast<const char*>(bytes->data());
        if (kind == Shape::Kind::bin) packer_.pack_bin(size).pack_bin_body(data, size);
        else packer_.pack_ext(size, ext_).pack_ext_body(data, size);
        return true;
    }

private:
    bool in_tag() const { return !open_.empty() && (open_.back() == Shape::Kind::bin || open_.back() == Shape::Kind::ext); }
    bool pack(const std::string& text) {
        const auto size = static_cast<std::uint32_t>(text.size());
        packer_.pack_str(size).pack_str_body(text.data(), size);
        return true;
    }

    const std::vector<Shape>& shapes_;
    std::size_t next_ = 0;
    std::vector<Shape::Kind> open_;
    std::string key_, base64_;
    std::int8_t ext_ = 0;
    Sink sink_;
    msgpack::packer<Sink> packer_;
};

Result<Bytes> convert(std::string_view json, const DecodeOptions& options, bool tagged) {
    if (json.size() > options.max_bytes || json.size() > UINT32_MAX) {
        return fail(ErrorCode::decode, base::concat("JSON: the input has ", json.size(), " bytes, the limit is ", options.max_bytes));
    }
    const bool strict = options.trailing == Trailing::refused;
    Measure measure(options, tagged);
    if (!Json::sax_parse(json.begin(), json.end(), &measure, Json::input_format_t::json, strict)) {
        return fail(ErrorCode::decode, "JSON: " + measure.problem);
    }
    Bytes out;
    out.reserve(json.size());
    Pack pack(measure.shapes, out);
    if (!Json::sax_parse(json.begin(), json.end(), &pack, Json::input_format_t::json, strict)) {
        return fail(ErrorCode::decode, "JSON: " + pack.problem);
    }
    return out;
}

}  // namespace

Result<Bytes> msgpack_from_json(std::string_view text, const DecodeOptions& options) { return convert(text, options, true); }

Result<Bytes> json_for_reader(BytesView text, const DecodeOptions& options) { return convert(text_of(text), options, false); }

}  // namespace mortise::codec
