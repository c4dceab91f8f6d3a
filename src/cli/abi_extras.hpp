#pragma once

#include <any>
#include <memory>
#include <string_view>

#include <mortise/abi/w3bstream_services.hpp>
#include <mortise/abi_info.hpp>
#include <mortise/error.hpp>
#include <mortise/host_functions.hpp>
#include <mortise/sandbox.hpp>

#include "cli/outcome.hpp"
#include "cli/request.hpp"

namespace mortise::cli {

/// Changes what a plugin may see to what guests of its ABI expect: the program's name and the workspace of wasp plugins.
void suit_sandbox(std::string_view abi, Sandbox& sandbox);

/// What guests of some ABIs reach beside host functions, for the whole run: the state and the environment of W3bstream applets.
class Services {
public:
    /// Makes what this ABI needs and puts it into what the plugin may call. `sandbox` has the environment that `--env` says.
    void add(std::string_view abi, const Sandbox& sandbox, HostFunctions& host);

    /// Forgets the key-value state.
    void reset_state() const;

private:
    std::shared_ptr<abi::w3bstream::MemoryServices> w3bstream_;
};

/// What an ABI gets with a call beside name, arguments and payload (`CallRequest::options`): gas, resources, an accumulator, which stays
/// the request's. Empty for most. Errors: `invalid_argument`, a member of the request that means nothing to this ABI.
Result<std::any> options_of(std::string_view abi, const Request& request);

/// What the ABI says beside the result: gas left, where each of several outputs ends. `report` may be empty.
void read_report(std::string_view abi, const std::any& report, Outcome& outcome);

/// True if results of this ABI's calls are values, payloads. A W3bstream handler answers with a number alone, whatever it is sent.
bool answers_with_value(const AbiInfo& abi) noexcept;
bool answers_with_payload(const AbiInfo& abi) noexcept;

}  // namespace mortise::cli
