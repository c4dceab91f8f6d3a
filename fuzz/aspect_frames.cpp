// Marshalled values, strings of AssemblyScript and containers of the chain, at any address of any memory: read or refused; what
// was read is inside, and written again it is the same value.

#include <algorithm>
#include <bit>
#include <vector>

#include "abi/aspect/container.hpp"
#include "abi/aspect/marshal.hpp"
#include "abi/assemblyscript.hpp"
#include "require.hpp"

namespace {

using namespace mortise;
using namespace mortise::abi::aspect;
using engine::GuestMemory;

bool same(const ValueView& a, const ValueView& b) {
    if (a.kind() != b.kind()) return false;
    switch (a.kind()) {
        case Kind::string: return a.text() == b.text();
        case Kind::bytes: return std::ranges::equal(a.bytes(), b.bytes());
        default: return a.u64() == b.u64();
    }
}

// Where text and bytes are views, they are views of this memory and nothing else.
void check_inside(const ValueView& value, std::uint32_t address, Header header, const std::vector<std::byte>& memory) {
    if (value.kind() != Kind::string && value.kind() != Kind::bytes) return;
    const BytesView view = value.kind() == Kind::string ? bytes_of(value.text()) : value.bytes();
    MORTISE_REQUIRE(header.length >= 0 && view.size() == static_cast<std::size_t>(header.length));
    if (view.empty()) return;
    MORTISE_REQUIRE(view.data() == memory.data() + address + Header::kSize);
    MORTISE_REQUIRE(view.data() + view.size() <= memory.data() + memory.size());
}

void check_value(std::vector<std::byte>& bytes, std::uint32_t address) {
    const GuestMemory memory(bytes.data(), bytes.size());
    const auto header = read_header(memory, address);
    if (!header) {
        MORTISE_REQUIRE(header.error().code() == ErrorCode::decode);
        return;
    }
    MORTISE_REQUIRE(memory.contains(address, Header::kSize) && header->length >= 0);
    const auto value = read_body(memory, address, *header);
    if (!value) {
        MORTISE_REQUIRE(value.error().code() == ErrorCode::decode);
        return;
    }
    MORTISE_REQUIRE(kind_of(header->type) == value->kind() && type_of(value->kind()) == header->type);
    check_inside(*value, address, *header, bytes);

    std::vector<std::byte> again(encoded_size(*value));
    encode(*value, again);
    const GuestMemory copy(again.data(), again.size());
    const auto second_header = read_header(copy, 0);
    MORTISE_REQUIRE(second_header.has_value());
    const auto second = read_body(copy, 0, *second_header);
    MORTISE_REQUIRE(second && same(*value, *second));
}

void check_text(std::vector<std::byte>& bytes, std::uint32_t pointer) {
    const GuestMemory memory(bytes.data(), bytes.size());
    const auto text = abi::read_assemblyscript_string(memory, pointer);
    if (!text) return;
    MORTISE_REQUIRE(pointer != 0 && is_utf8(*text) && text->size() <= 3 * (bytes.size() / 2 + 1));
}

void check_container(BytesView bytes) {
    constexpr std::size_t kMost = std::size_t{1} << 20;
    const auto unwrapped = unwrap(bytes, kMost);
    if (!unwrapped) {
        const auto code = unwrapped.error().code();
        MORTISE_REQUIRE(code == ErrorCode::unsupported || code == ErrorCode::malformed_module);
    } else if (*unwrapped) {
        MORTISE_REQUIRE((*unwrapped)->size() <= kMost);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_container(std::as_bytes(std::span(data, size)));
    if (size < 4) return 0;
    const std::uint32_t address = std::uint32_t{data[0]} | std::uint32_t{data[1]} << 8 | std::uint32_t{data[2]} << 16 | std::uint32_t{data[3]} << 24;
    const auto rest = std::as_bytes(std::span(data + 4, size - 4));
    std::vector<std::byte> memory(rest.begin(), rest.end());
    check_value(memory, address);
    check_text(memory, address);
    for (const std::uint32_t at : {0u, 2u, 6u}) {   // most addresses of a fuzzer are outside
        check_value(memory, at);
        check_text(memory, at);
    }
    return 0;
}
