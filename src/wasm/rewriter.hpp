#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "wasm/module.hpp"
#include "wasm/writer.hpp"

namespace mortise::wasm {

/// A module put together again with some of its sections changed; all others are copied byte for byte. Borrows the
/// binary.
class Rewriter {
public:
    Rewriter(BytesView wasm, std::span<const Section> sections) : wasm_(wasm), sections_(sections) {}

    /// The content of a section; empty if there is none.
    BytesView content(SectionId id) const noexcept;

    /// Gives a section other content; adds it at its place if there is none. Not for custom sections.
    void replace(SectionId id, Bytes content);

    /// Gives that section other content, of the section table that this was made with.
    void replace_custom(std::size_t section, Bytes content);
    void remove(SectionId id);
    void remove_custom(std::size_t section);

    /// Appends `added` encoded entries to a section that is a vector; adds it if there is none. May follow `replace`.
    void append(SectionId id, std::uint32_t added, BytesView entries);

    /// The module. Errors: `instrumentation_failed` if a section became longer than a section may be.
    Result<Bytes> finish() const;

private:
    std::size_t size_hint() const noexcept;

    BytesView wasm_;
    std::span<const Section> sections_;
    std::array<std::optional<Bytes>, 14> replaced_;
    std::array<bool, 14> removed_{};
    std::map<std::size_t, std::optional<Bytes>> customs_;  // by section; nothing: removed
};

/// Copies a part of a binary with changes put in on the way.
class Splicer {
public:
    /// Copies `source` from `from` to `to` (offsets in `source`) into `out`, which must outlive this.
    Splicer(BytesView source, std::uint64_t from, std::uint64_t to, Writer& out)
        : source_(source), here_(from), end_(to), out_(out) {}

    /// Copies up to there, which must not lie before what was copied; what is then written to the result stands there.
    Writer& copy_to(std::uint64_t at);

    /// Leaves out the next bytes.
    void skip(std::uint64_t count) noexcept { here_ += count; }
    void finish() { copy_to(end_); }

private:
    BytesView source_;
    std::uint64_t here_;
    std::uint64_t end_;
    Writer& out_;
};

}  // namespace mortise::wasm
