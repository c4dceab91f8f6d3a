#pragma once

#include <optional>
#include <string>
#include <vector>

#include <mortise/runtime.hpp>

#include "cli/json.hpp"

namespace mortise::cli {

/// Whether one engine can run the module; if not, why.
struct EngineVerdict {
    EngineInfo engine;
    std::optional<std::string> problem;
};

/// What `inspect` found out.
struct Findings {
    std::string file;
    Inspection inspection;
    std::vector<EngineVerdict> engines;
};

/// The ABI that loading would choose, or nothing where the caller must choose.
std::optional<Recognition> chosen_abi(const Inspection& inspection);

/// For people: a few dozen lines. `colour`: headings are bold.
std::string findings_text(const Findings& findings, bool colour);

/// For scripts.
Json findings_json(const Findings& findings);

/// A host file, and what no host file can give.
struct HostStub {
    std::string text;                     ///< an entry for each import that somebody must provide, to be filled in
    std::vector<std::string> left_out;    ///< an import each, with the reason
};
HostStub host_stub(const Inspection& inspection);

}  // namespace mortise::cli
