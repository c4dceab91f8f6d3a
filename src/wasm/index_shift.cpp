#include "wasm/index_shift.hpp"

#include <algorithm>
#include <optional>

#include "wasm/cursor.hpp"

namespace mortise::wasm {
namespace {

class Shifter {
public:
    Shifter(BytesView wasm, std::uint32_t first) : wasm_(wasm), first_(first) {}

    std::uint32_t operator()(std::uint32_t index) const noexcept { return index >= first_ ? index + 1 : index; }

    /// A section with the indices at these offsets shifted.
    Bytes section(const Section& section, std::span<const std::uint64_t> uses) const {
        Writer out;
        out.reserve(static_cast<std::size_t>(section.size) + uses.size());
        Splicer splicer(wasm_, section.content, section.end(), out);
        for (const auto at : uses) {
            Cursor in(wasm_, at, section.end() - at);
            const auto index = in.u32();
            splicer.copy_to(at).u32((*this)(index));
            splicer.skip(in.at() - at);
        }
        splicer.finish();
        return out.take();
    }

    Bytes exports(const std::vector<Export>& exports) const {
        Writer out;
        out.u64(exports.size());
        for (const auto& entry : exports) {
            out.name(entry.name);
            out.u8(static_cast<std::uint8_t>(entry.kind));
            out.u32(entry.kind == ExternKind::function ? (*this)(entry.index) : entry.index);
        }
        return out.take();
    }

    /// The name section with the indices of functions shifted; nothing if it cannot be read.
    std::optional<Bytes> names(BytesView content) const;

private:
    void name_map(Cursor& in, Writer& out) const;
    void indirect_name_map(Cursor& in, Writer& out) const;

    BytesView wasm_;
    std::uint32_t first_;
};

void Shifter::name_map(Cursor& in, Writer& out) const {
    const auto count = in.u32();
    out.u32(count);
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        out.u32((*this)(in.u32()));
        out.sized(in.bytes(in.u32()));
    }
}

void Shifter::indirect_name_map(Cursor& in, Writer& out) const {
    const auto count = in.u32();
    out.u32(count);
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        out.u32((*this)(in.u32()));
        const auto names = in.u32();
        out.u32(names);
        for (std::uint32_t k = 0; k < names && in.ok(); ++k) {
            out.u32(in.u32());
            out.sized(in.bytes(in.u32()));
        }
    }
}

std::optional<Bytes> Shifter::names(BytesView content) const {
    constexpr std::uint8_t kFunctions = 1, kLocals = 2, kLabels = 3;
    Writer out;
    out.name("name");
    Cursor in(content);
    while (in.ok() && !in.done()) {
        const auto id = in.u8();
        const auto subsection = in.bytes(in.u32());
        if (!in.ok()) break;
        out.u8(id);
        if (id != kFunctions && id != kLocals && id != kLabels) {
            out.sized(subsection);
            continue;
        }
        Cursor inner(subsection);
        Writer shifted;
        if (id == kFunctions)
            name_map(inner, shifted);
        else
            indirect_name_map(inner, shifted);
        if (!inner.ok() || !inner.done()) return std::nullopt;
        out.sized(shifted.view());
    }
    if (!in.ok()) return std::nullopt;
    return out.take();
}

void shift_start(const ParsedModule& module, const Shifter& shift, Rewriter& rewriter) {
    if (!module.info.start) return;
    Writer out;
    out.u32(shift(*module.info.start));
    rewriter.replace(SectionId::start, out.take());
}

}  // namespace

void shift_functions(const ParsedModule& module, BytesView wasm, std::uint32_t first, Rewriter& rewriter) {
    const Shifter shift(wasm, first);
    shift_start(module, shift, rewriter);
    if (!module.info.exports.empty()) rewriter.replace(SectionId::export_, shift.exports(module.info.exports));
    const auto& uses = module.function_uses;
    std::size_t custom = 0;
    for (std::size_t i = 0; i < module.sections.size(); ++i) {
        const auto& section = module.sections[i];
        if (section.id == SectionId::custom) {
            const auto& known = module.info.custom_sections[custom++];
            if (known.name != "name") continue;
            auto names =
                shift.names(wasm.subspan(static_cast<std::size_t>(known.offset), static_cast<std::size_t>(known.size)));
            if (names)
                rewriter.replace_custom(i, std::move(*names));
            else
                rewriter.remove_custom(i);
            continue;
        }
        const auto begin = std::ranges::lower_bound(uses, section.content);
        const auto end = std::ranges::lower_bound(begin, uses.end(), section.end());
        if (begin != end) rewriter.replace(section.id, shift.section(section, std::span(begin, end)));
    }
}

bool tells_code_offsets(std::string_view name) noexcept {
    return name.starts_with("metadata.code.") || name.starts_with(".debug_") || name.starts_with("reloc.") ||
           name == "linking";
}

void remove_code_offsets(const ParsedModule& module, Rewriter& rewriter) {
    std::size_t custom = 0;
    for (std::size_t i = 0; i < module.sections.size(); ++i)
        if (module.sections[i].id == SectionId::custom &&
            tells_code_offsets(module.info.custom_sections[custom++].name))
            rewriter.remove_custom(i);
}

}  // namespace mortise::wasm
