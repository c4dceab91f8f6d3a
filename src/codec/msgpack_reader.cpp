#include <mortise/codec/msgpack_reader.hpp>

#include <bit>
#include <charconv>
#include <concepts>
#include <cstring>
#include <limits>

#include <mortise/codec/base64.hpp>

#include "base/text.hpp"

namespace mortise::codec {

namespace {

// What a first byte stands for, in the words of the format that the input came in.
std::string_view kind_of(std::uint8_t first, bool json) noexcept {
    if (first <= 0x7F || first >= 0xE0 || (first >= 0xCC && first <= 0xD3)) return "an integer";
    if ((first & 0xE0) == 0xA0 || (first >= 0xD9 && first <= 0xDB)) return "a string";
    if ((first & 0xF0) == 0x80 || first >= 0xDE) return json ? "an object" : "a map";
    if ((first & 0xF0) == 0x90 || first >= 0xDC) return "an array";
    switch (first) {
        case 0xC0: return json ? "null" : "nil";
        case 0xC2:
        case 0xC3: return "a boolean";
        case 0xC4:
        case 0xC5:
        case 0xC6: return "bytes";
        case 0xCA:
        case 0xCB: return "a float";
        case 0xC1: return "the invalid byte 0xc1";
        default: return "an extension";
    }
}

}  // namespace

template <class T>
bool MsgPackReader::take(T& out, std::size_t skipped) {
    if (left() < skipped + sizeof(T)) return truncated();
    std::memcpy(&out, at_ + skipped, sizeof(T));
    if constexpr (sizeof(T) > 1 && std::endian::native == std::endian::little) out = std::byteswap(out);
    at_ += skipped + sizeof(T);
    return true;
}

bool MsgPackReader::begin() {
    if (left() <= options_.max_bytes) return true;
    return fail_with(base::concat("the input has ", left(), " bytes, the limit is ", options_.max_bytes));
}

bool MsgPackReader::refuse(std::uint64_t count, std::uint32_t values_each) {
    if (count * values_each > left()) return truncated();
    if (depth_ >= options_.max_depth) return fail_with(base::concat("nested deeper than the limit of ", options_.max_depth));
    return fail_with(base::concat("more elements than the limit of ", options_.max_elements));
}

bool MsgPackReader::begin_wide(std::uint32_t& count, std::uint8_t wide, std::uint32_t values_each, std::string_view wanted) {
    if (at_ == end_) return truncated();
    if (first() == wide) {
        std::uint16_t narrow = 0;
        if (!take(narrow, 1)) return false;
        count = narrow;
    } else if (first() == wide + 1) {
        if (!take(count, 1)) return false;
    } else {
        return wrong(source_ == Source::json && values_each == 2 ? "an object" : wanted);
    }
    return enter(count, values_each);
}

bool MsgPackReader::wide_integer(Number& out) {
    if (at_ == end_) return truncated();
    const auto as = [&]<std::integral T>(T value) {
        if (!take(value, 1)) return false;
        out.negative = std::is_signed_v<T> && std::cmp_less(value, 0);
        out.bits = static_cast<std::uint64_t>(value);
        return true;
    };
    const std::uint8_t byte = first();
    switch (byte) {
        case 0xCC: return as(std::uint8_t{});
        case 0xCD: return as(std::uint16_t{});
        case 0xCE: return as(std::uint32_t{});
        case 0xCF: return as(std::uint64_t{});
        case 0xD0: return as(std::int8_t{});
        case 0xD1: return as(std::int16_t{});
        case 0xD2: return as(std::int32_t{});
        case 0xD3: return as(std::int64_t{});
        default: break;
    }
    if (byte > 0x7F && byte < 0xE0) return wrong("an integer");
    out.bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int8_t>(byte)));
    out.negative = byte >= 0xE0;
    ++at_;
    return true;
}

bool MsgPackReader::does_not_fit(const Number& number, unsigned bits, bool is_signed) {
    const std::string text = number.negative ? std::to_string(static_cast<std::int64_t>(number.bits)) : std::to_string(number.bits);
    return fail_with(base::concat("the integer ", text, " does not fit ", is_signed ? "a signed " : "an unsigned ", bits,
                                  "-bit integer"));
}

bool MsgPackReader::floating(double& out) {
    if (at_ == end_) return truncated();
    const std::uint8_t byte = first();
    if (byte == 0xCB) {
        std::uint64_t bits = 0;
        if (!take(bits, 1)) return false;
        out = std::bit_cast<double>(bits);
        return true;
    }
    if (byte == 0xCA) {
        std::uint32_t bits = 0;
        if (!take(bits, 1)) return false;
        out = static_cast<double>(std::bit_cast<float>(bits));
        return true;
    }
    if (source_ == Source::json && kind_of(byte, true) == "a string") {
        std::string_view word;
        if (!text(word)) return false;
        constexpr double kInfinity = std::numeric_limits<double>::infinity();
        if (word == "NaN") out = std::numeric_limits<double>::quiet_NaN();
        else if (word == "Infinity") out = kInfinity;
        else if (word == "-Infinity") out = -kInfinity;
        else return fail_with("wanted a number, got the string " + base::quoted(word, 40));
        return true;
    }
    if (kind_of(byte, false) != "an integer") return wrong("a number");
    Number number;
    if (!wide_integer(number)) return false;
    out = number.negative ? static_cast<double>(static_cast<std::int64_t>(number.bits)) : static_cast<double>(number.bits);
    return true;
}

// The content of three forms with a length of one, two and four bytes, whose first bytes follow each other.
bool MsgPackReader::raw(std::uint8_t first_of_three, std::string_view& out) {
    std::uint32_t size = 0;
    if (first() == first_of_three) {
        std::uint8_t narrow = 0;
        if (!take(narrow, 1)) return false;
        size = narrow;
    } else if (first() == first_of_three + 1) {
        std::uint16_t narrow = 0;
        if (!take(narrow, 1)) return false;
        size = narrow;
    } else if (!take(size, 1)) {
        return false;
    }
    if (size > left()) return truncated();
    out = {reinterpret_cast<const char*>(at_), size};
    at_ += size;
    return true;
}

bool MsgPackReader::wide_text(std::string_view& out) {
    if (at_ == end_) return truncated();
    if (first() >= 0xD9 && first() <= 0xDB) return raw(0xD9, out);
    if ((first() & 0xE0) != 0xA0) return wrong("a string");
    const std::size_t size = first() & 0x1Fu;
    if (size >= left()) return truncated();
    out = {reinterpret_cast<const char*>(at_ + 1), size};
    at_ += 1 + size;
    return true;
}

bool MsgPackReader::bytes(Bytes& out) {
    if (at_ == end_) return truncated();
    if (source_ == Source::json) {
        std::string_view encoded;
        if (kind_of(first(), true) != "a string") return wrong("bytes as a base64 string");
        if (!text(encoded)) return false;
        auto decoded = base64_decode(encoded);
        if (!decoded) return fail_with("wanted bytes as a base64 string, got " + base::quoted(encoded, 40));
        out.insert(out.end(), decoded->begin(), decoded->end());
        return true;
    }
    if (first() < 0xC4 || first() > 0xC6) return wrong("bytes");
    std::string_view content;
    if (!raw(0xC4, content)) return false;
    const auto view = bytes_of(content);
    out.insert(out.end(), view.begin(), view.end());
    return true;
}

bool MsgPackReader::wide_key(std::string_view& out) {
    if (at_ == end_) return truncated();
    if (first() >= 0xC4 && first() <= 0xC6) return raw(0xC4, out);
    if (kind_of(first(), false) != "a string") return wrong("a string as a key");
    return wide_text(out);
}

bool MsgPackReader::digits(Number& out) {
    std::string_view name;
    if (!key(name)) return false;
    const char* const end = name.data() + name.size();
    std::int64_t negative = 0;
    out.negative = name.starts_with('-');
    const auto read = out.negative ? std::from_chars(name.data(), end, negative) : std::from_chars(name.data(), end, out.bits);
    if (read.ec != std::errc{} || read.ptr != end) return fail_with("wanted an integer as a key, got " + base::quoted(name, 40));
    if (out.negative) {
        out.bits = static_cast<std::uint64_t>(negative);
        out.negative = negative < 0;
    }
    return true;
}

bool MsgPackReader::skip() {
    // How many values are still to be passed over; every one of them has at least one byte, so this cannot run away.
    for (std::uint64_t pending = 1; pending != 0; --pending) {
        if (at_ == end_) return truncated();
        const std::uint8_t byte = first();
        std::string_view content;
        std::uint32_t count = 0;
        if ((byte & 0xF0) == 0x80 || byte >= 0xDE) {
            if (byte < 0xE0) {
                if (!begin_map(count)) return false;
                leave();
                pending += std::uint64_t{2} * count;
            } else ++at_;
        } else if ((byte & 0xF0) == 0x90 || byte == 0xDC || byte == 0xDD) {
            if (!begin_array(count)) return false;
            leave();
            pending += count;
        } else if (byte >= 0xC7 && byte <= 0xC9) {   // ext: a length, a type, the content
            if (!raw(0xC7, content)) return false;
            if (at_ == end_) return truncated();
            ++at_;
        } else if (byte >= 0xD4 && byte <= 0xD8) {   // fixext of 1, 2, 4, 8, 16
            const std::size_t size = 2 + (std::size_t{1} << (byte - 0xD4));
            if (left() < size) return truncated();
            at_ += size;
        } else if (byte >= 0xC4 && byte <= 0xC6) {
            if (!raw(0xC4, content)) return false;
        } else if ((byte & 0xE0) == 0xA0 || (byte >= 0xD9 && byte <= 0xDB)) {
            if (!text(content)) return false;
        } else if (byte == 0xC1) {
            return wrong("a value");
        } else if (byte == 0xCA || byte == 0xCB) {
            double number = 0;
            if (!floating(number)) return false;
        } else if (byte >= 0xCC && byte <= 0xD3) {
            Number number;
            if (!wide_integer(number)) return false;
        } else {
            ++at_;   // nil, booleans, small integers
        }
    }
    return true;
}

bool MsgPackReader::finish() {
    if (at_ == end_ || options_.trailing == Trailing::ignored) return true;
    return fail_with(base::concat(left(), " byte(s) follow the value"));
}

bool MsgPackReader::truncated() {
    if (begin_ == end_) return fail_with("the input is empty");
    at_ = end_;
    return fail_with("the input ends inside a value");
}

bool MsgPackReader::wrong(std::string_view wanted) {
    if (at_ == end_) return truncated();
    return fail_with(base::concat("wanted ", wanted, ", got ", kind_of(first(), source_ == Source::json)));
}

bool MsgPackReader::fail_with(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
    return false;
}

bool MsgPackReader::at_field(std::string_view name) {
    // A name may come from a hostile key.
    if (name.size() > 60) name = name.substr(0, 60);
    if (!path_.empty() && path_.front() != '[') path_.insert(0, 1, '.');
    path_.insert(0, name);
    return false;
}

bool MsgPackReader::at_index(std::size_t index) {
    if (!path_.empty() && path_.front() != '[') path_.insert(0, 1, '.');
    path_.insert(0, base::concat('[', index, ']'));
    return false;
}

Error MsgPackReader::error() const {
    const bool json = source_ == Source::json;
    std::string message = json ? "JSON" : "MessagePack";
    if (!path_.empty()) message += " at " + base::quoted(path_);
    message += ": " + problem_;
    if (!json) message += base::concat(" (offset ", at_ - begin_, ")");
    return Error(ErrorCode::decode, std::move(message));
}

}  // namespace mortise::codec
