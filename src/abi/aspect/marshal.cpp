#include "abi/aspect/marshal.hpp"

#include <cstring>

#include "base/text.hpp"

namespace mortise::abi::aspect {

using base::concat;
using engine::GuestMemory;

namespace {

constexpr std::int16_t kInt32 = 3, kInt64 = 4, kUint64 = 8, kBool = 9, kString = 10, kByteArray = 11;

std::uint64_t body_size(const ValueView& value) noexcept {
    switch (value.kind()) {
        case Kind::i32: return 4;
        case Kind::i64:
        case Kind::u64: return 8;
        case Kind::boolean: return 1;
        case Kind::string: return value.text().size();
        case Kind::bytes: return value.bytes().size();
        default: return 0;
    }
}

template <class T>
void put(std::span<std::byte> out, std::size_t at, T number) noexcept {
    std::memcpy(out.data() + at, &number, sizeof(number));
}

std::unexpected<Error> too_short(Kind kind, std::int32_t length) {
    return fail(ErrorCode::decode, concat("the body of a ", to_string(kind), " has ", length, " byte(s)"));
}

}  // namespace

std::optional<std::int16_t> type_of(Kind kind) noexcept {
    switch (kind) {
        case Kind::i32: return kInt32;
        case Kind::i64: return kInt64;
        case Kind::u64: return kUint64;
        case Kind::boolean: return kBool;
        case Kind::string: return kString;
        case Kind::bytes: return kByteArray;
        default: return std::nullopt;
    }
}

std::optional<Kind> kind_of(std::int16_t type) noexcept {
    switch (type) {
        case kInt32: return Kind::i32;
        case kInt64: return Kind::i64;
        case kUint64: return Kind::u64;
        case kBool: return Kind::boolean;
        case kString: return Kind::string;
        case kByteArray: return Kind::bytes;
        default: return std::nullopt;
    }
}

std::uint64_t encoded_size(const ValueView& value) noexcept { return Header::kSize + body_size(value); }

void encode(const ValueView& value, std::span<std::byte> out) noexcept {
    const std::uint64_t size = body_size(value);
    put(out, 0, type_of(value.kind()).value_or(0));
    put(out, 2, static_cast<std::int32_t>(size));
    switch (value.kind()) {
        case Kind::i32: return put(out, Header::kSize, value.i32());
        case Kind::i64:
        case Kind::u64: return put(out, Header::kSize, value.u64());
        case Kind::boolean: return put(out, Header::kSize, static_cast<std::uint8_t>(value.boolean() ? 1 : 0));
        case Kind::string:
            if (size != 0) std::memcpy(out.data() + Header::kSize, value.text().data(), size);
            return;
        case Kind::bytes:
            if (size != 0) std::memcpy(out.data() + Header::kSize, value.bytes().data(), size);
            return;
        default: return;
    }
}

Result<Header> read_header(const GuestMemory& memory, std::uint32_t address) {
    const auto type = memory.load<std::int16_t>(address);
    const auto length = memory.load<std::int32_t>(std::uint64_t{address} + 2);
    if (!type || !length) {
        return fail(ErrorCode::decode, concat("the header of a value at ", address, " is not inside the guest's memory of ",
                                              memory.size(), " bytes"));
    }
    if (*length < 0) return fail(ErrorCode::decode, concat("a value at ", address, " has a length of ", *length));
    return Header{*type, *length};
}

Result<ValueView> read_body(const GuestMemory& memory, std::uint32_t address, Header header) {
    const auto kind = kind_of(header.type);
    if (!kind) return fail(ErrorCode::decode, concat("type of index ", header.type, " is not valid"));
    const std::uint64_t at = std::uint64_t{address} + Header::kSize;
    const auto length = static_cast<std::uint64_t>(header.length);
    if (!memory.contains(at, length)) {
        return fail(ErrorCode::decode, concat("memory out of bound: ", length, " bytes of a ", to_string(*kind), " at ", at,
                                              ", the guest's memory has ", memory.size()));
    }
    switch (*kind) {
        case Kind::string: return ValueView(*memory.text(at, length));
        case Kind::bytes: return ValueView(*memory.bytes(at, length));
        case Kind::i32:
            if (length < 4) return too_short(*kind, header.length);
            return ValueView(*memory.load<std::int32_t>(at));
        case Kind::i64:
            if (length < 8) return too_short(*kind, header.length);
            return ValueView(*memory.load<std::int64_t>(at));
        case Kind::u64:
            if (length < 8) return too_short(*kind, header.length);
            return ValueView(*memory.load<std::uint64_t>(at));
        default:
            if (length < 1) return too_short(*kind, header.length);
            return ValueView(*memory.load<std::uint8_t>(at) == 1);
    }
}

}  // namespace mortise::abi::aspect
