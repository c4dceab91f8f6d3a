#include "cli/abi_extras.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <mortise/abi/aspect.hpp>
#include <mortise/abi/dataflow.hpp>
#include <mortise/abi/w3bstream.hpp>
#include <mortise/abi/wasp.hpp>

#include "cli/arguments.hpp"

namespace mortise::cli {

namespace {

namespace w3b = abi::w3bstream;

constexpr std::string_view kW3bstream = "w3bstream", kAspect = "aspect", kDataflow = "dataflow", kWasp = "wasp";

// Nobody reads metrics here, and a queue of them would be full some day in a long run.
class CommandServices final : public w3b::MemoryServices {
public:
    using MemoryServices::MemoryServices;
    Result<void> submit_metrics(const w3b::CallContext&, std::string_view) override { return {}; }
};

std::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::invalid_argument, std::move(text)); }

Result<void> refuse(bool there, std::string_view member, std::string_view whose, std::string_view abi) {
    if (!there) return {};
    return wrong(std::string(member) + " is for " + std::string(whose) + ", the plugin is of ABI " + std::string(abi));
}

std::any aspect_options(const Request& request) {
    if (!request.gas) return std::any();
    return abi::aspect::CallOptions{.gas = *request.gas};
}

// The accumulator is borrowed from the request, which the caller keeps.
std::any dataflow_options(const Request& request) {
    if (!request.accumulator) return std::any();
    return abi::dataflow::Reduction{*request.accumulator};
}

Result<std::uint32_t> id_argument(const Json& json, std::size_t number) {
    auto value = value_of_json(json, ValType::i32, number);
    if (!value) return fail(std::move(value).error());
    return ValueView(*value).u32();
}

// "args" of a handler: its parameters, [rid] or [accumulator, rid].
Result<void> read_handler_arguments(const Json& arguments, const Request& request, w3b::Event& event) {
    if (arguments.empty()) return {};
    if (arguments.size() > 2) return wrong("args of a handler are [rid] or [accumulator, rid]");
    auto rid = id_argument(arguments.back(), arguments.size());
    if (!rid) return fail(std::move(rid).error());
    if (request.resource && *request.resource != *rid) return wrong("rid and args name two different resources");
    event.rid = *rid;
    if (arguments.size() == 1) return {};
    auto accumulator = id_argument(arguments.front(), 1);
    if (!accumulator) return fail(std::move(accumulator).error());
    event.accumulator = *accumulator;
    return {};
}

Result<std::any> event_of(const Request& request) {
    w3b::Event event{.rid = request.resource.value_or(0), .has_payload = request.payload.has_value(), .resources = request.resources};
    if (request.arguments) {
        if (auto read = read_handler_arguments(*request.arguments, request, event); !read) return fail(std::move(read).error());
    }
    return event;
}

}  // namespace

void suit_sandbox(std::string_view abi, Sandbox& sandbox) {
    if (abi != kWasp) return;
    // The name of the program is what wasp guests expect, whatever the file is called.
    if (!sandbox.arguments.empty()) sandbox.arguments.erase(sandbox.arguments.begin());
    sandbox.arguments.insert(sandbox.arguments.begin(), "wasi-plugins");
    // A workspace is known under both names.
    const auto named = [&](std::string_view name) { return std::ranges::find(sandbox.directories, name, &HostDirectory::guest_path); };
    for (const auto& [one, other] : {std::pair{"workspace", "/workspace"}, std::pair{"/workspace", "workspace"}}) {
        const auto found = named(one);
        if (found == sandbox.directories.end() || named(other) != sandbox.directories.end()) continue;
        HostDirectory again = *found;
        again.guest_path = other;
        sandbox.directories.push_back(std::move(again));
    }
}

void Services::add(std::string_view abi, const Sandbox& sandbox, HostFunctions& host) {
    if (abi != kW3bstream) return;
    w3b::MemoryServices::Settings settings;
    for (const auto& [name, value] : sandbox.environment) settings.environment[name] = value;
    w3bstream_ = std::make_shared<CommandServices>(std::move(settings));
    host.set_services(w3bstream_);
}

void Services::reset_state() const {
    if (w3bstream_) w3bstream_->clear_state();
}

Result<std::any> options_of(std::string_view abi, const Request& request) {
    if (abi != kAspect) {
        if (auto none = refuse(request.gas.has_value(), "gas", "aspects", abi); !none) return fail(std::move(none).error());
    }
    if (abi != kDataflow) {
        if (auto none = refuse(request.accumulator.has_value(), "accumulator", "dataflow", abi); !none) return fail(std::move(none).error());
    }
    if (abi == kW3bstream) return event_of(request);
    for (const auto& [there, member] : {std::pair{request.resource.has_value(), "rid"}, std::pair{!request.resources.empty(), "resources"},
                                        std::pair{request.reset_state, "reset_state"}}) {
        if (auto none = refuse(there, member, "W3bstream", abi); !none) return fail(std::move(none).error());
    }
    if (abi == kDataflow) return dataflow_options(request);
    return abi == kAspect ? aspect_options(request) : std::any();
}

void read_report(std::string_view abi, const std::any& report, Outcome& outcome) {
    if (abi == kAspect) {
        const auto* aspect = std::any_cast<abi::aspect::CallReport>(&report);
        if (aspect != nullptr) outcome.gas_left = static_cast<std::uint64_t>(aspect->gas_left());
    } else if (abi == kDataflow) {
        const auto* outputs = std::any_cast<abi::dataflow::Outputs>(&report);
        if (outputs != nullptr) outcome.output_ends = outputs->ends;
    }
}

bool answers_with_value(const AbiInfo& abi) noexcept { return abi.form == AbiForm::values || abi.name == kW3bstream; }

bool answers_with_payload(const AbiInfo& abi) noexcept { return !answers_with_value(abi); }

}  // namespace mortise::cli
