#include "wasm/rewriter.hpp"

#include "base/text.hpp"
#include "wasm/cursor.hpp"

namespace mortise::wasm {
namespace {

constexpr std::size_t kHeaderBytes = 8;

constexpr std::size_t slot(SectionId id) noexcept { return static_cast<std::size_t>(id); }

BytesView part(BytesView wasm, std::uint64_t from, std::uint64_t to) noexcept {
    return wasm.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
}

Result<void> write_section(Writer& out, SectionId id, BytesView content) {
    if (content.size() > UINT32_MAX)
        return fail(ErrorCode::instrumentation_failed,
                    base::concat("the ", to_string(id), " section becomes too long"));
    out.u8(static_cast<std::uint8_t>(id));
    out.sized(content);
    return {};
}

}  // namespace

BytesView Rewriter::content(SectionId id) const noexcept {
    if (replaced_[slot(id)]) return *replaced_[slot(id)];
    for (const auto& section : sections_)
        if (section.id == id) return part(wasm_, section.content, section.end());
    return {};
}

void Rewriter::replace(SectionId id, Bytes content) { replaced_[slot(id)] = std::move(content); }

void Rewriter::replace_custom(std::size_t section, Bytes content) { customs_[section] = std::move(content); }

void Rewriter::remove(SectionId id) { removed_[slot(id)] = true; }

void Rewriter::remove_custom(std::size_t section) { customs_[section] = std::nullopt; }

void Rewriter::append(SectionId id, std::uint32_t added, BytesView entries) {
    const auto old = content(id);
    Cursor in(old);
    const auto count = old.empty() ? 0 : in.u32();
    Writer out;
    out.reserve(old.size() + entries.size() + 5);
    out.u64(std::uint64_t{count} + added);
    out.bytes(part(old, in.at(), old.size()));
    out.bytes(entries);
    replace(id, out.take());
}

std::size_t Rewriter::size_hint() const noexcept {
    std::size_t size = wasm_.size();
    for (const auto& content : replaced_)
        if (content) size += content->size() + 6;
    for (const auto& section : sections_)
        if (replaced_[slot(section.id)]) size -= static_cast<std::size_t>(section.size);
    return size;
}

Result<Bytes> Rewriter::finish() const {
    // In the order in which they must stand.
    constexpr std::array kOrder{SectionId::type,   SectionId::import,  SectionId::function,   SectionId::table,
                                SectionId::memory, SectionId::tag,     SectionId::global,     SectionId::export_,
                                SectionId::start,  SectionId::element, SectionId::data_count, SectionId::code,
                                SectionId::data};
    Writer out;
    out.reserve(size_hint());
    out.bytes(part(wasm_, 0, kHeaderBytes));
    std::size_t next = 0;  // in kOrder: what was not written yet
    const auto write_new_before = [&](unsigned rank) -> Result<void> {
        for (; next < kOrder.size() && section_rank(kOrder[next]) < rank; ++next) {
            const auto& added = replaced_[slot(kOrder[next])];
            if (!added) continue;
            if (auto written = write_section(out, kOrder[next], *added); !written) return written;
        }
        return {};
    };
    for (std::size_t i = 0; i < sections_.size(); ++i) {
        const auto& section = sections_[i];
        const bool custom = section.id == SectionId::custom;
        const Bytes* content = nullptr;
        if (custom) {
            const auto changed = customs_.find(i);
            if (changed != customs_.end() && !changed->second) continue;
            if (changed != customs_.end()) content = &*changed->second;
        } else {
            if (auto written = write_new_before(section_rank(section.id)); !written) return fail(written.error());
            ++next;
            if (removed_[slot(section.id)]) continue;
            if (replaced_[slot(section.id)]) content = &*replaced_[slot(section.id)];
        }
        if (content == nullptr) {
            out.bytes(part(wasm_, section.start, section.end()));
        } else if (auto written = write_section(out, section.id, *content); !written) {
            return fail(written.error());
        }
    }
    if (auto written = write_new_before(UINT32_MAX); !written) return fail(written.error());
    return out.take();
}

Writer& Splicer::copy_to(std::uint64_t at) {
    out_.bytes(part(source_, here_, at));
    here_ = at;
    return out_;
}

}  // namespace mortise::wasm
