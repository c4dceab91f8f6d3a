#include "cli/commands.hpp"

#include <algorithm>
#include <vector>

#include <mortise/runtime.hpp>

#include "cli/json.hpp"
#include "cli/output.hpp"

namespace mortise::cli {

namespace {

std::string_view form_name(AbiForm form) noexcept {
    switch (form) {
        case AbiForm::values: return "values";
        case AbiForm::messages: return "payload";
        case AbiForm::both: return "both";
    }
    return "";
}

std::string_view policy_name(InstancePolicy policy) noexcept {
    switch (policy) {
        case InstancePolicy::kept: return "kept";
        case InstancePolicy::reset: return "reset";
        case InstancePolicy::fresh: return "fresh";
    }
    return "";
}

std::string_view after_failure_name(AfterFailure after) noexcept {
    switch (after) {
        case AfterFailure::reinstantiate: return "reinstantiate";
        case AfterFailure::reuse: return "reuse";
        case AfterFailure::fail: return "fail";
    }
    return "";
}

std::string as_json(const std::vector<AbiInfo>& abis) {
    Json out = Json::array();
    for (const auto& abi : abis) {
        Json one = Json::object();
        one["name"] = abi.name;
        one["description"] = abi.description;
        one["carries"] = form_name(abi.form);
        one["instance_policy"] = policy_name(abi.policy);
        one["after_failure"] = after_failure_name(abi.after_failure);
        one["nested_calls"] = abi.nested_calls;
        out.push_back(std::move(one));
    }
    return to_line(out) + '\n';
}

std::string as_text(const std::vector<AbiInfo>& abis) {
    std::size_t width = 0;
    for (const auto& abi : abis) width = std::max(width, abi.name.size());
    std::string out;
    for (const auto& abi : abis) {
        std::string name = abi.name;
        name.resize(width + 2, ' ');
        std::string carries(form_name(abi.form));
        carries.resize(9, ' ');
        out += name + carries + abi.description + '\n';
    }
    return out;
}

}  // namespace

int run_abis(Arguments arguments) {
    CommandLine line("abis [--json]", "Lists the guest ABIs of this build: name, whether its calls carry values or a payload, and what it is. "
                                      "Which one a module speaks is read off its imports and exports; --abi NAME of call decides otherwise.");
    const auto* json = line.flag("--json", "print a JSON array on one line");
    if (const auto end = line.parse(arguments)) return *end;
    if (!line.operands().empty()) return line.wrong_usage({}, "abis takes no arguments");
    const auto abis = Runtime::abis();
    return print(given(json) ? as_json(abis) : as_text(abis));
}

}  // namespace mortise::cli
