#include "module_builder.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace mortise::wasm::testing {
namespace {

/// By memcpy: some of these are large, and iterators are slow without optimisation.
void append(Bytes& out, BytesView part) {
    if (part.empty()) return;
    const auto size = out.size();
    out.resize(size + part.size());
    std::memcpy(out.data() + size, part.data(), part.size());
}

}  // namespace

Bytes hex(std::string_view digits) {
    const auto value = [](char c) -> unsigned {
        constexpr std::string_view kDigits = "0123456789abcdef";
        const auto at = kDigits.find(static_cast<char>(c | 0x20));
        if (at == std::string_view::npos) throw std::invalid_argument("no hexadecimal digit");
        return static_cast<unsigned>(at);
    };
    Bytes out;
    unsigned half = 0;
    bool have_half = false;
    for (const char c : digits) {
        if (c == ' ' || c == '\n') continue;
        if (have_half) out.push_back(static_cast<std::byte>(half << 4 | value(c)));
        half = value(c);
        have_half = !have_half;
    }
    if (have_half) throw std::invalid_argument("half a byte");
    return out;
}

Bytes join(std::initializer_list<BytesView> parts) {
    Bytes out;
    for (const auto part : parts) append(out, part);
    return out;
}

Bytes leb(std::uint64_t number) {
    Writer out;
    out.u64(number);
    return out.take();
}

Bytes sized(BytesView content) { return join({leb(content.size()), content}); }

Bytes name(std::string_view text) { return sized(bytes_of(text)); }

Bytes vec(const std::vector<Bytes>& entries) {
    Bytes out = leb(entries.size());
    for (const auto& entry : entries) append(out, entry);
    return out;
}

Bytes repeat(std::size_t count, BytesView part) {
    if (part.size() == 1) return Bytes(count, part.front());
    Bytes out;
    out.reserve(count * part.size());
    for (std::size_t i = 0; i < count; ++i) append(out, part);
    return out;
}

ModuleBuilder& ModuleBuilder::raw(SectionId id, BytesView content) {
    sections_.push_back(static_cast<std::byte>(id));
    append(sections_, leb(content.size()));
    append(sections_, content);
    return *this;
}

ModuleBuilder& ModuleBuilder::custom(std::string_view section_name, BytesView content) {
    return raw(SectionId::custom, join({name(section_name), content}));
}

ModuleBuilder& ModuleBuilder::functions(std::size_t count) {
    return raw(SectionId::function, join({leb(count), repeat(count, hex("00"))}));
}

ModuleBuilder& ModuleBuilder::code(const std::vector<Bytes>& bodies) {
    std::vector<Bytes> entries;
    for (const auto& body : bodies) entries.push_back(sized(body));
    return section(SectionId::code, entries);
}

Bytes ModuleBuilder::build() const { return join({hex("00 61 73 6d 01 00 00 00"), sections_}); }

Bytes module_of_body(BytesView body) {
    return ModuleBuilder()
        .no_type()
        .functions(1)
        .section(SectionId::table, {hex("70 00 01")})
        .section(SectionId::memory, {hex("00 01")})
        .section(SectionId::global, {hex("7f 01 41 00 0b")})
        .raw(SectionId::data_count, hex("00"))
        .code({copy_bytes(body)})
        .build();
}

Bytes file_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return copy_bytes(text);
}

Bytes fixture(std::string_view file) {
    auto bytes = file_bytes(std::string(MORTISE_SOURCE_DIR) + "/tests/wasm/fixtures/" + std::string(file));
    if (bytes.empty()) throw std::runtime_error("no fixture " + std::string(file));
    return bytes;
}

Bytes shared_file(std::string_view path) {
    return file_bytes(std::string(MORTISE_SHARED_DIR) + "/" + std::string(path));
}

}  // namespace mortise::wasm::testing
