#include "cli/inspection.hpp"

#include <mortise/bytes.hpp>

namespace mortise::cli {

namespace {

// Names in a module are its maker's, and UTF-8 only if it is well made.
std::string name(const std::string& text) { return to_utf8_lossy(text); }

Json types_json(const std::vector<ValType>& types) {
    Json out = Json::array();
    for (const auto type : types) out.push_back(to_string(type));
    return out;
}

void add_function(Json& out, const FunctionType& type) {
    out["type"] = to_string(type);
    out["params"] = types_json(type.params);
    out["results"] = types_json(type.results);
}

void add_size(Json& out, const SizeRange& size) {
    out["minimum"] = size.minimum;
    out["maximum"] = size.maximum ? Json(*size.maximum) : Json(nullptr);
    if (size.is64) out["is64"] = true;
    if (size.shared) out["shared"] = true;
}

void add_global(Json& out, const GlobalType& global) {
    out["type"] = to_string(global.type);
    out["mutable"] = global.is_mutable;
}

Json import_json(const Import& import) {
    Json out = Json::object();
    out["module"] = name(import.module);
    out["name"] = name(import.name);
    out["kind"] = to_string(import.kind);
    switch (import.kind) {
        case ExternKind::function: add_function(out, import.function); break;
        case ExternKind::memory: add_size(out, import.memory); break;
        case ExternKind::global: add_global(out, import.global); break;
        case ExternKind::table:
            out["element"] = to_string(import.table.element);
            add_size(out, import.table.size);
            break;
        case ExternKind::tag: break;
    }
    return out;
}

Json export_json(const Export& one, const ModuleInfo& module) {
    Json out = Json::object();
    out["name"] = name(one.name);
    out["kind"] = to_string(one.kind);
    out["index"] = one.index;
    if (one.kind != ExternKind::function) return out;
    if (const auto* type = module.function_type(one.index)) add_function(out, *type);
    return out;
}

Json module_json(const ModuleInfo& module) {
    Json out = Json::object();
    auto& imports = out["imports"] = Json::array();
    for (const auto& import : module.imports) imports.push_back(import_json(import));
    auto& exports = out["exports"] = Json::array();
    for (const auto& one : module.exports) exports.push_back(export_json(one, module));
    auto& memories = out["memories"] = Json::array();
    for (const auto& memory : module.memories) add_size(memories.emplace_back(Json::object()), memory);
    auto& tables = out["tables"] = Json::array();
    for (const auto& table : module.tables) {
        auto& one = tables.emplace_back(Json::object());
        one["element"] = to_string(table.element);
        add_size(one, table.size);
    }
    out["functions"] = module.functions.size();
    out["globals"] = module.globals.size();
    out["start"] = module.start ? Json(*module.start) : Json(nullptr);
    out["code_bytes"] = module.code_bytes;
    out["data_bytes"] = module.data_bytes;
    auto& sections = out["custom_sections"] = Json::array();
    for (const auto& section : module.custom_sections) {
        auto& one = sections.emplace_back(Json::object());
        one["name"] = name(section.name);
        one["offset"] = section.offset;
        one["bytes"] = section.size;
    }
    auto& producers = out["producers"] = Json::array();
    for (const auto& producer : module.producers) producers.push_back(name(producer));
    auto& features = out["features"] = Json::array();
    for (const auto feature : module.features) features.push_back(to_string(feature));
    return out;
}

Json recognition_json(const Recognition& recognition) {
    Json out = Json::object();
    out["name"] = recognition.abi;
    out["reason"] = name(recognition.reason);
    return out;
}

}  // namespace

Json findings_json(const Findings& findings) {
    const auto& inspection = findings.inspection;
    Json out = Json::object();
    out["file"] = name(findings.file);
    out["form"] = inspection.form;
    out["file_bytes"] = inspection.file_bytes;
    out["module_bytes"] = inspection.module_bytes;
    out["sha256"] = inspection.sha256;
    out["name"] = inspection.module.name.empty() ? Json(nullptr) : Json(name(inspection.module.name));
    const auto abi = chosen_abi(inspection);
    out["abi"] = abi ? recognition_json(*abi) : Json(nullptr);
    auto& recognised = out["recognised"] = Json::array();
    for (const auto& one : inspection.recognised) recognised.push_back(recognition_json(one));
    out.update(module_json(inspection.module));
    auto& engines = out["engines"] = Json::array();
    for (const auto& verdict : findings.engines) {
        auto& one = engines.emplace_back(Json::object());
        one["name"] = verdict.engine.name;
        one["version"] = verdict.engine.version;
        one["runs"] = !verdict.problem.has_value();
        if (verdict.problem) one["reason"] = name(*verdict.problem);
    }
    return out;
}

}  // namespace mortise::cli
