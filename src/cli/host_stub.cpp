#include "cli/inspection.hpp"

#include <algorithm>

#include <mortise/abi/w3bstream.hpp>
#include <mortise/bytes.hpp>

#include "cli/host_install.hpp"
#include "cli/text.hpp"

namespace mortise::cli {

namespace {

std::string type_list(const std::vector<ValType>& types) {
    std::string out;
    for (const auto type : types) out += (out.empty() ? "" : ",") + std::string(to_string(type));
    return out;
}

std::string repeated(std::string_view name, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + std::string(name);
    return out;
}

Json value_reply(Json value) {
    Json out = Json::object();
    out["value"] = std::move(value);
    return out;
}

Json text_reply() {
    Json out = Json::object();
    out["text"] = "";
    return out;
}

Json function_entry(const Import& import) {
    Json entry = Json::object();
    auto& match = entry["match"] = Json::object();
    match["module"] = to_utf8_lossy(import.module);
    match["name"] = to_utf8_lossy(import.name);
    entry["types"] = type_list(import.function.params) + "->" + type_list(import.function.results);
    entry["reply"] = import.function.results.empty() ? Json(nullptr) : value_reply(0);
    return entry;
}

// Why a host file has no entry for it; empty if it may have one.
std::string cannot_be_given(const Import& import) {
    if (import.kind != ExternKind::function) return "is a " + std::string(to_string(import.kind)) + ", a host file gives functions";
    if (import.function.results.size() > 1) return "has " + std::to_string(import.function.results.size()) + " results, a host file gives one";
    for (const auto* types : {&import.function.params, &import.function.results}) {
        const auto odd = std::ranges::find_if(*types, [](ValType type) {
            return type != ValType::i32 && type != ValType::i64 && type != ValType::f32 && type != ValType::f64;
        });
        if (odd != types->end()) return "has type " + to_string(import.function) + ", a host file gives no " + std::string(to_string(*odd));
    }
    return {};
}

// The values behind an aspect's pointers cannot be seen in the import: text is the likeliest.
Json aspect_entry(const Import& import) {
    const auto [space, method] = split_aspect_name(import.name);
    Json entry = Json::object();
    auto& match = entry["match"] = Json::object();
    match["module"] = to_utf8_lossy(import.module);
    match["namespace"] = to_utf8_lossy(space);
    match["name"] = to_utf8_lossy(method);
    const bool returns = !import.function.results.empty();
    entry["types"] = repeated("string", import.function.params.size()) + (returns ? "->string" : "->");
    entry["reply"] = returns ? text_reply() : Json(nullptr);
    entry["gas"] = 0;
    return entry;
}

// Its types are those of the import; a reply is what it delivers.
Json service_entry(const Import& import, const abi::w3bstream::ServiceSignature& service) {
    Json entry = function_entry(import);
    entry.erase("types");
    if (service.result == Kind::none) entry["reply"] = nullptr;
    else entry["reply"] = service.result == Kind::bytes ? text_reply() : value_reply(0);
    return entry;
}

Json entry_of(const Import& import, std::string_view abi) {
    if (abi == "aspect") return aspect_entry(import);
    const auto service = abi == "w3bstream" ? abi::w3bstream::service_signature(import) : std::nullopt;
    return service ? service_entry(import, *service) : function_entry(import);
}

Json message_entry(std::string_view abi) {
    Json entry = Json::object();
    auto& match = entry["match"] = Json::object();
    if (abi == "wapc") {
        match["binding"] = "";
        match["namespace"] = "";
    }
    match["operation"] = "";
    entry["reply"] = text_reply();
    return entry;
}

}  // namespace

HostStub host_stub(const Inspection& inspection) {
    const auto chosen = chosen_abi(inspection);
    const std::string abi = chosen ? chosen->abi : "plain";
    HostStub stub;
    Json entries = Json::array();
    for (const auto& import : inspection.module.imports) {
        const auto problem = cannot_be_given(import);
        if (import.name == "__host_call" && provided_by_abi(import, abi)) entries.push_back(message_entry(abi));
        else if (provided_by_abi(import, abi)) continue;
        else if (!problem.empty()) stub.left_out.push_back("import " + in_quotes(import.module) + ' ' + in_quotes(import.name) + ' ' + problem);
        else entries.push_back(entry_of(import, abi));
    }
    // An import may stand there twice; one entry serves both.
    std::vector<std::string> lines;
    for (const auto& entry : entries) {
        auto line = to_line(entry);
        if (std::ranges::find(lines, line) == lines.end()) lines.push_back(std::move(line));
    }
    stub.text = "[";
    for (const auto& line : lines) stub.text += (&line == &lines.front() ? "\n  " : ",\n  ") + line;
    stub.text += lines.empty() ? "]\n" : "\n]\n";
    return stub;
}

}  // namespace mortise::cli
