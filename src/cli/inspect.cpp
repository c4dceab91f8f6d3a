#include "cli/commands.hpp"

#include <utility>

#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/inspection.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"

namespace mortise::cli {

namespace {

constexpr auto kExamples =
    "  mortise inspect plugin.wasm\n"
    "  mortise inspect --json plugin.wasm\n"
    "  mortise inspect --host-stub plugin.wasm > host.json\n";

// Engines are asked with functions for all imports.
std::optional<std::string> problem_of(const std::string& engine, BytesView bytes, const ModuleInfo& module) {
    for (const auto& import : module.imports) {
        if (import.kind != ExternKind::function) return "it imports a " + std::string(to_string(import.kind)) + ", which no host here can give";
    }
    auto runs = Runtime({.engine = engine}).can_run(bytes);
    if (runs) return std::nullopt;
    return runs.error().message();
}

// Every engine of this build that runs modules as it is, or the one that was asked for.
Result<std::vector<EngineVerdict>> ask_engines(const std::optional<std::string>& only, BytesView bytes, const ModuleInfo& module) {
    std::vector<EngineVerdict> verdicts;
    if (only) {
        auto info = Runtime({.engine = *only}).engine();
        if (!info) return fail(std::move(info).error());
        verdicts.push_back({*std::move(info), problem_of(*only, bytes, module)});
        return verdicts;
    }
    for (auto& engine : Runtime::engines()) {
        if (!engine.complete) continue;
        auto problem = problem_of(engine.name, bytes, module);
        verdicts.push_back({std::move(engine), std::move(problem)});
    }
    return verdicts;
}

}  // namespace

std::optional<Recognition> chosen_abi(const Inspection& inspection) {
    const auto& found = inspection.recognised;
    if (found.empty()) return Recognition{"plain", "no mark of another ABI"};
    if (found.size() > 1) return std::nullopt;
    return found.front();
}

int run_inspect(Arguments arguments) {
    CommandLine line("inspect [options] MODULE",
                     "Tells what a module is without running it: its ABI and how it was recognised, imports and exports with their types, "
                     "memories, tables, sections, producers, SHA-256, and which engines can run it. MODULE is a file, or - for stdin.");
    line.examples(kExamples);
    const auto* json = line.flag("--json", "print one JSON object on one line");
    const auto* stub = line.flag("--host-stub", "print a host file for call --host with an entry for each import, to be filled in");
    const auto* engine = line.option("--engine", "NAME", "ask this engine alone whether it can run the module");
    if (const auto end = line.parse(arguments)) return *end;
    if (line.operands().size() != 1) {
        return line.wrong_usage({}, line.operands().empty() ? "which module? inspect needs MODULE" : "inspect takes one MODULE");
    }
    if (given(json) && given(stub)) return line.wrong_usage({}, "--json and --host-stub are two ways to answer; give one");
    Findings findings;
    findings.file = line.operands().front();
    const std::string what = "cannot inspect " + findings.file;
    auto bytes = read_module_file(findings.file, {});
    if (!bytes) return report(what, bytes.error());
    auto inspection = Runtime().inspect(*bytes);
    if (!inspection) return report(what, inspection.error());
    findings.inspection = *std::move(inspection);
    if (given(stub)) {
        const auto made = host_stub(findings.inspection);
        for (const auto& import : made.left_out) print_note("mortise: warning", import);
        return print(made.text);
    }
    auto verdicts = ask_engines(text_of_option(engine), *bytes, findings.inspection.module);
    if (!verdicts) return report(what, verdicts.error());
    findings.engines = *std::move(verdicts);
    return print(given(json) ? to_line(findings_json(findings)) + '\n' : findings_text(findings, colour_wanted()));
}

}  // namespace mortise::cli
