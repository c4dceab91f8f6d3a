#include "wasm/normalise.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/text.hpp"
#include "wasm/cursor.hpp"
#include "wasm/instruction.hpp"
#include "wasm/rewriter.hpp"

namespace mortise::wasm {
namespace {

using Name = std::pair<std::string, std::string>;

/// Gives unique names to those that are not the first of their name; true if there are any.
bool make_unique(std::vector<Name>& names) {
    // Ordered containers: the names come from the guest, which could make a hash table slow.
    std::vector<std::size_t> order(names.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) {
        return std::make_tuple(std::string_view(names[i].first), std::string_view(names[i].second), i);
    });
    std::vector<std::size_t> again;
    for (std::size_t k = 1; k < order.size(); ++k)
        if (names[order[k]] == names[order[k - 1]]) again.push_back(order[k]);
    if (again.empty()) return false;
    std::set<Name> taken(names.begin(), names.end());
    Name last;
    std::size_t number = 1;
    for (const auto i : again) {
        // Those of one name follow each other, so the number only grows and no try is made twice.
        if (names[i] != last) number = 1;
        last = names[i];
        do names[i].second = base::concat(last.second, "#", ++number);
        while (!taken.insert(names[i]).second);
    }
    return true;
}

void skip_size_range(Cursor& in) {
    constexpr std::uint8_t kHasMaximum = 1;
    const auto flags = in.u8();
    in.u64();
    if ((flags & kHasMaximum) != 0) in.u64();
}

void skip_import_type(Cursor& in) {
    FeatureSet ignored;
    switch (static_cast<ExternKind>(in.u8())) {
        case ExternKind::function: in.u32(); return;
        case ExternKind::table:
            read_value_type(in, ignored);
            skip_size_range(in);
            return;
        case ExternKind::memory: skip_size_range(in); return;
        case ExternKind::global:
            read_value_type(in, ignored);
            in.skip(1);
            return;
        case ExternKind::tag:
            in.skip(1);
            in.u32();
            return;
    }
}

/// The import section with other names.
Result<Bytes> renamed_imports(BytesView content, const std::vector<Name>& names) {
    Cursor in(content);
    Writer out;
    out.reserve(content.size() + 64);
    out.u32(in.u32());
    for (const auto& [module, name] : names) {
        in.name();
        in.name();
        const auto from = in.at();
        skip_import_type(in);
        if (!in.ok()) return fail(in.take_error());
        out.name(module);
        out.name(name);
        out.bytes(content.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(in.at() - from)));
    }
    return out.take();
}

}  // namespace

Result<void> export_start(const ModuleInfo& info, std::string_view name, Rewriter& rewriter) {
    if (!info.start) return {};
    rewriter.remove(SectionId::start);
    if (const Export* there = info.find_export(name)) {
        if (there->kind == ExternKind::function && there->index == *info.start) return {};
        return fail(ErrorCode::unsupported,
                    base::concat("the module has a start section and exports something else as ", base::quoted(name)));
    }
    Writer entry;
    entry.name(name);
    entry.u8(static_cast<std::uint8_t>(ExternKind::function));
    entry.u32(*info.start);
    rewriter.append(SectionId::export_, 1, entry.view());
    return {};
}

Result<Normalised> normalise(const ModuleInfo& info, BytesView wasm, const NormaliseOptions& options) {
    Normalised result;
    result.import_names.reserve(info.imports.size());
    for (const auto& import : info.imports) result.import_names.emplace_back(import.module, import.name);
    const bool renamed = options.rename_duplicate_imports && make_unique(result.import_names);
    result.had_start = info.start.has_value();
    result.changed = renamed || result.had_start;
    if (!result.changed) return result;

    const auto sections = read_sections(wasm);
    if (!sections) return fail(sections.error());
    Rewriter rewriter(wasm, *sections);
    if (renamed) {
        auto imports = renamed_imports(rewriter.content(SectionId::import), result.import_names);
        if (!imports) return fail(std::move(imports).error());
        rewriter.replace(SectionId::import, std::move(*imports));
    }
    if (auto exported = export_start(info, options.start_export, rewriter); !exported) {
        return fail(std::move(exported).error());
    }
    auto bytes = rewriter.finish();
    if (!bytes) return fail(std::move(bytes).error());
    result.wasm = std::move(*bytes);
    return result;
}

}  // namespace mortise::wasm
