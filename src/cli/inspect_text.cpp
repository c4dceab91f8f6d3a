#include "cli/inspection.hpp"

#include <algorithm>
#include <map>

#include "cli/text.hpp"

namespace mortise::cli {

namespace {

// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
    return digits;
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
        {"GiB", std::uint64_t{1} << 30}, {"MiB", std::uint64_t{1} << 20}, {"KiB", std::uint64_t{1} << 10}};
    for (const auto& [name, unit] : kUnits) {
        if (bytes < unit || (bytes % unit != 0 && bytes < 10 * unit)) continue;
        return std::to_string((bytes + unit / 2) / unit) + ' ' + std::string(name);
    }
    return grouped(bytes) + " bytes";
}

std::string pages_text(const SizeRange& size) {
    constexpr std::uint64_t kPage = 65536;
    constexpr std::uint64_t kMostPages = UINT64_MAX / kPage;
    std::string out = grouped(size.minimum) + (size.minimum == 1 ? " page" : " pages");
    if (size.minimum > 0 && size.minimum <= kMostPages) out += " (" + size_text(size.minimum * kPage) + ')';
    out += size.maximum ? ", at most " + grouped(*size.maximum) : std::string(", no maximum");
    if (size.is64) out += ", 64-bit";
    if (size.shared) out += ", shared";
    return out;
}

std::string table_text(const TableType& table) {
    return grouped(table.size.minimum) + ' ' + std::string(to_string(table.element)) +
           (table.size.maximum ? ", at most " + grouped(*table.size.maximum) : std::string(", no maximum"));
}

std::string global_text(const GlobalType& global) {
    return std::string(global.is_mutable ? "mutable " : "constant ") + std::string(to_string(global.type));
}

std::string import_type(const Import& import) {
    switch (import.kind) {
        case ExternKind::function: return to_string(import.function);
        case ExternKind::memory: return "memory, " + pages_text(import.memory);
        case ExternKind::table: return "table, " + table_text(import.table);
        case ExternKind::global: return "global, " + global_text(import.global);
        case ExternKind::tag: return "tag";
    }
    return {};
}

// What an index means: an imported thing first, then the defined ones.
template <class T>
const T* indexed(const ModuleInfo& module, ExternKind kind, std::uint32_t index, const std::vector<T>& defined, const T Import::*member) {
    for (const auto& import : module.imports) {
        if (import.kind != kind) continue;
        if (index == 0) return &(import.*member);
        --index;
    }
    return index < defined.size() ? &defined[index] : nullptr;
}

std::string export_type(const Export& one, const ModuleInfo& module) {
    if (one.kind == ExternKind::function) {
        const auto* type = module.function_type(one.index);
        return type != nullptr ? to_string(*type) : "function";
    }
    if (one.kind == ExternKind::memory) {
        const auto* memory = indexed(module, one.kind, one.index, module.memories, &Import::memory);
        return memory != nullptr ? "memory, " + pages_text(*memory) : "memory";
    }
    if (one.kind == ExternKind::table) {
        const auto* table = indexed(module, one.kind, one.index, module.tables, &Import::table);
        return table != nullptr ? "table, " + table_text(*table) : "table";
    }
    if (one.kind == ExternKind::global) {
        const auto* global = indexed(module, one.kind, one.index, module.globals, &Import::global);
        return global != nullptr ? "global, " + global_text(*global) : "global";
    }
    return std::string(to_string(one.kind));
}

class Page {
public:
    explicit Page(bool colour) : colour_(colour) {}

    void heading(std::string_view text) { out_ += (colour_ ? "\x1b[1m" : "") + one_line(text) + (colour_ ? "\x1b[0m" : "") + '\n'; }
    void gap() { out_ += '\n'; }

    // "  label      text", the label left out where it is the one before.
    void fact(std::string_view label, std::string_view text) { row(label, text, 12); }

    // Names with their types in two columns.
    void list(const std::vector<std::pair<std::string, std::string>>& rows) {
        constexpr std::size_t kWidest = 40;
        std::size_t width = 0;
        for (const auto& [name, type] : rows) width = std::max(width, std::min(name.size(), kWidest));
        for (const auto& [name, type] : rows) row(name, type, width + 2);
    }

    std::string text() && { return std::move(out_); }

private:
    void row(std::string_view left, std::string_view right, std::size_t width) {
        std::string line = "  " + std::string(left);
        if (line.size() < width + 2) line.resize(width + 2, ' ');
        else line += "  ";
        out_ += line + one_line(right) + '\n';
    }

    bool colour_;
    std::string out_;
};

void add_facts(Page& page, const Findings& findings) {
    const auto& inspection = findings.inspection;
    const auto& module = inspection.module;
    page.heading(findings.file);
    if (!module.name.empty()) page.fact("name", module.name);
    if (const auto abi = chosen_abi(inspection)) {
        page.fact("ABI", abi->abi + ": " + abi->reason);
    } else {
        page.fact("ABI", "more than one fits; --abi NAME of call chooses");
        for (const auto& one : inspection.recognised) page.fact("", one.abi + ": " + one.reason);
    }
    std::string size = size_text(inspection.module_bytes) + ", " + size_text(module.code_bytes) + " of it code in " +
                       counted(module.functions.size(), "function") + ", " + size_text(module.data_bytes) + " data";
    page.fact("size", size);
    if (inspection.form == "text") page.fact("form", "text format");
    else if (inspection.form == "compiled") page.fact("form", "compiled plugin");
    else if (inspection.form != "binary") page.fact("form", "container of " + inspection.form);
    page.fact("SHA-256", inspection.sha256);
    std::string label = "made by";
    for (const auto& producer : module.producers) page.fact(std::exchange(label, {}), producer);
    std::vector<std::string_view> features;
    for (const auto feature : module.features) features.push_back(to_string(feature));
    if (!features.empty()) page.fact("uses", joined(features));
    if (module.start) page.fact("start", "function " + std::to_string(*module.start) + " runs when it is instantiated");
    label = "engines";
    for (const auto& verdict : findings.engines) {
        const auto name = verdict.engine.name + ' ' + verdict.engine.version;
        page.fact(std::exchange(label, {}), name + (verdict.problem ? " cannot run it: " + *verdict.problem : " can run it"));
    }
}

void add_imports(Page& page, const ModuleInfo& module) {
    if (module.imports.empty()) return;
    page.gap();
    page.heading("imports");
    // By module in the order of their first import: that is how one reads them, and how one provides them.
    std::vector<std::pair<std::string, std::string>> rows;
    for (const auto& import : module.imports) rows.emplace_back(one_line(import.module) + ' ' + one_line(import.name), import_type(import));
    page.list(rows);
}

void add_exports(Page& page, const ModuleInfo& module) {
    if (module.exports.empty()) return;
    page.gap();
    page.heading("exports");
    std::vector<std::pair<std::string, std::string>> rows;
    for (const auto& one : module.exports) rows.emplace_back(one.name.empty() ? "\"\"" : one_line(one.name), export_type(one, module));
    page.list(rows);
}

void add_rest(Page& page, const ModuleInfo& module) {
    const auto section = [&](std::string_view title, const std::vector<std::pair<std::string, std::string>>& rows) {
        if (rows.empty()) return;
        page.gap();
        page.heading(title);
        page.list(rows);
    };
    std::vector<std::pair<std::string, std::string>> rows;
    for (const auto& memory : module.memories) rows.emplace_back(std::to_string(rows.size()), pages_text(memory));
    section("memories", rows);
    rows.clear();
    for (const auto& table : module.tables) rows.emplace_back(std::to_string(rows.size()), table_text(table));
    section("tables", rows);
    rows.clear();
    for (const auto& custom : module.custom_sections) rows.emplace_back(one_line(custom.name), size_text(custom.size));
    section("custom sections", rows);
}

}  // namespace

std::string findings_text(const Findings& findings, bool colour) {
    Page page(colour);
    add_facts(page, findings);
    add_imports(page, findings.inspection.module);
    add_exports(page, findings.inspection.module);
    add_rest(page, findings.inspection.module);
    return std::move(page).text();
}

}  // namespace mortise::cli
