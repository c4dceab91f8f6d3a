#include "wasm/cursor.hpp"

#include "base/text.hpp"

namespace mortise::wasm {

void Cursor::stop(Error error) {
    if (error_) return;
    error_ = std::move(error);
    end_ = here_;
}

void Cursor::fail_at(std::uint64_t at, std::string_view text) {
    if (error_) return;
    stop(Error(ErrorCode::malformed_module, base::concat(text, " (at offset ", base::hex(at), ")")));
}

void Cursor::refuse(std::string text) {
    if (!error_) stop(Error(ErrorCode::unsupported, std::move(text)));
}

std::uint8_t Cursor::unexpected_end() {
    fail_at(static_cast<std::uint64_t>(end_ - begin_), "unexpected end");
    return 0;
}

std::uint64_t Cursor::leb_unsigned(unsigned bits) {
    const auto start = at();
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        const std::uint8_t byte = u8();
        value |= std::uint64_t{byte & 0x7Fu} << shift;
        if (shift + 7 < bits) {
            if ((byte & 0x80) == 0) return value;
            continue;
        }
        // The last byte that may be: it must end the number, and its unused bits must be zero.
        if ((byte & 0x80) != 0) {
            fail_at(start, "number of too many bytes");
            return 0;
        }
        if ((byte >> (bits - shift)) != 0) {
            fail_at(start, "number too large");
            return 0;
        }
        return value;
    }
}

std::int64_t Cursor::leb_signed(unsigned bits) {
    const auto start = at();
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        const std::uint8_t byte = u8();
        value |= std::uint64_t{byte & 0x7Fu} << shift;
        const unsigned next = shift + 7;
        if (next < bits) {
            if ((byte & 0x80) != 0) continue;
            // Bit 6 of the last byte is the sign.
            if ((byte & 0x40) != 0) value |= ~std::uint64_t{0} << next;
            return static_cast<std::int64_t>(value);
        }
        if ((byte & 0x80) != 0) {
            fail_at(start, "number of too many bytes");
            return 0;
        }
        // The sign bit is the last used one; those above it in this byte must repeat it.
        const unsigned used = bits - shift;
        const auto above = static_cast<std::uint8_t>((byte & 0x7F) >> (used - 1));
        const auto all = static_cast<std::uint8_t>(0x7F >> (used - 1));
        if (above != 0 && above != all) {
            fail_at(start, "number too large");
            return 0;
        }
        if (above != 0 && bits < 64) value |= ~std::uint64_t{0} << (bits - 1);
        return static_cast<std::int64_t>(value);
    }
}

std::uint32_t Cursor::fixed32() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 32; shift += 8) value |= std::uint32_t{u8()} << shift;
    return value;
}

std::uint64_t Cursor::fixed64() {
    const std::uint64_t low = fixed32();
    return low | std::uint64_t{fixed32()} << 32;
}

BytesView Cursor::bytes(std::uint64_t count) {
    const auto* start = here_;
    skip(count);
    if (!ok()) return {};
    return std::as_bytes(std::span(start, static_cast<std::size_t>(count)));
}

std::string_view Cursor::name() {
    const auto size = u32();
    const auto start = at();
    const auto text = text_of(bytes(size));
    if (ok() && !is_utf8(text)) {
        fail_at(start, "name is not UTF-8");
        return {};
    }
    return text;
}

const std::uint8_t* Cursor::enter(std::uint64_t size) {
    const auto* outer = end_;
    if (size > left()) {
        fail(base::concat("size of ", size, " bytes where ", left(), " are left"));
        return outer;
    }
    end_ = here_ + size;
    return outer;
}

void Cursor::leave(const std::uint8_t* outer, std::string_view what) {
    if (!ok()) return;
    if (!done()) {
        fail(base::concat(left(), " bytes too many in ", what));
        return;
    }
    end_ = outer;
}

}  // namespace mortise::wasm
