#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/bytes.hpp>

#include "wasm/module.hpp"
#include "wasm/writer.hpp"

namespace mortise::wasm::testing {

/// The bytes of hexadecimal digits, spaces ignored: `hex("00 61")`.
Bytes hex(std::string_view digits);

/// Several runs of bytes as one.
Bytes join(std::initializer_list<BytesView> parts);

/// A number as LEB128.
Bytes leb(std::uint64_t number);

/// A length and as many bytes.
Bytes sized(BytesView content);
Bytes name(std::string_view text);

/// A count and the entries.
Bytes vec(const std::vector<Bytes>& entries);

/// As many copies.
Bytes repeat(std::size_t count, BytesView part);

/// Puts a module together, right or wrong.
class ModuleBuilder {
public:
    /// A section of any content.
    ModuleBuilder& raw(SectionId id, BytesView content);

    /// A section that is a vector.
    ModuleBuilder& section(SectionId id, const std::vector<Bytes>& entries) { return raw(id, vec(entries)); }

    ModuleBuilder& custom(std::string_view section_name, BytesView content);

    /// Type 0: () -> ().
    ModuleBuilder& no_type() { return section(SectionId::type, {hex("60 00 00")}); }

    /// As many functions of type 0.
    ModuleBuilder& functions(std::size_t count);

    /// A code section of bodies given without their sizes.
    ModuleBuilder& code(const std::vector<Bytes>& bodies);

    Bytes build() const;

private:
    Bytes sections_;
};

/// A module of one function of type () -> () with this body, its memory, table, global and data count declared.
Bytes module_of_body(BytesView body);

/// A file's bytes; empty if it is not there.
Bytes file_bytes(const std::string& path);

/// A file of tests/wasm/fixtures.
Bytes fixture(std::string_view file);

/// A file beside the checkout that others made; empty if it is not there.
Bytes shared_file(std::string_view path);

}  // namespace mortise::wasm::testing
