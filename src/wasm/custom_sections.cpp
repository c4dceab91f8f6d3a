// What the name and producers sections tell. They are hints: what cannot be read ends the reading and fails nothing.

#include <algorithm>

#include "base/text.hpp"
#include "wasm/module_reader.hpp"

namespace mortise::wasm {
namespace {

constexpr std::uint8_t kModuleName = 0, kFunctionNames = 1;

/// The content of the first subsection of that number; empty if there is none.
BytesView find_subsection(BytesView content, std::uint8_t wanted) {
    Cursor in(content);
    while (in.ok() && !in.done()) {
        const auto number = in.u8();
        const auto subsection = in.bytes(in.u32());
        if (in.ok() && number == wanted) return subsection;
    }
    return {};
}

}  // namespace

std::string read_module_name(BytesView content) {
    Cursor in(find_subsection(content, kModuleName));
    return std::string(in.name());
}

std::vector<std::string> read_producers(BytesView content) {
    constexpr std::size_t kMost = 100;  // a hint from the guest must not cost more memory than its bytes are worth
    std::vector<std::string> producers;
    Cursor in(content);
    const auto fields = in.u32();
    for (std::uint32_t i = 0; i < fields && in.ok(); ++i) {
        const auto field = in.name();
        const auto values = in.u32();
        for (std::uint32_t k = 0; k < values && in.ok(); ++k) {
            const auto name = in.name();
            const auto version = in.name();
            if (!in.ok() || producers.size() == kMost) return producers;
            producers.push_back(base::concat(field, ": ", name, version.empty() ? "" : " ", version));
        }
    }
    return producers;
}

FunctionNames::FunctionNames(const ModuleInfo& info, BytesView wasm) {
    const auto section = std::ranges::find(info.custom_sections, "name", &CustomSection::name);
    if (section == info.custom_sections.end() || section->offset > wasm.size() ||
        section->size > wasm.size() - section->offset)
        return;
    const auto content =
        wasm.subspan(static_cast<std::size_t>(section->offset), static_cast<std::size_t>(section->size));
    Cursor in(find_subsection(content, kFunctionNames));
    const auto functions = info.imported(ExternKind::function) + info.functions.size();
    const auto count = in.u32();
    std::uint64_t next = 0;
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        const auto index = in.u32();
        const auto name = in.name();
        // Indices must ascend, which also bounds their number.
        if (!in.ok() || index < next || index >= functions) return;
        next = std::uint64_t{index} + 1;
        names_.push_back({index, static_cast<std::uint32_t>(name.size()), text_.size()});
        text_ += name;
    }
}

std::string_view FunctionNames::function_name(std::uint32_t index) const noexcept {
    const auto found = std::ranges::lower_bound(names_, index, {}, &Name::index);
    if (found == names_.end() || found->index != index) return {};
    return std::string_view(text_).substr(found->at, found->size);
}

}  // namespace mortise::wasm
