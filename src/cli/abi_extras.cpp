#include "cli/abi_extras.hpp"

#include <string>
#include <utility>

#include <mortise/abi/aspect.hpp>
#include <mortise/abi/w3bstream.hpp>

#include "cli/arguments.hpp"

namespace mortise::cli {

namespace {

namespace w3b = abi::w3bstream;

constexpr std::string_view kW3bstream = "w3bstream";

std::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::invalid_argument, std::move(text)); }

Result<void> refuse(bool there, std::string_view member, std::string_view whose, std::string_view abi) {
    if (!there) return {};
    return wrong(std::string(member) + " is for " + std::string(whose) + ", the plugin is of ABI " + std::string(abi));
}

Result<std::any> aspect_options(const Request& request) {
    if (!request.gas) return std::any();
    if (*request.gas > static_cast<std::uint64_t>(abi::aspect::kMaxGas)) {
        return wrong("gas is at most " + std::to_string(abi::aspect::kMaxGas));
    }
    return abi::aspect::CallOptions{.gas = static_cast<std::int64_t>(*request.gas)};
}

Result<std::uint32_t> id_argument(const Json& json, std::size_t number) {
    auto value = value_of_json(json, ValType::i32, number);
    if (!value) return fail(std::move(value).error());
    return ValueView(*value).u32();
}

// "args" of a handler: its parameters, [rid] or [accumulator, rid].
Result<void> read_handler_arguments(const Json& arguments, const Request& request, w3b::Event& event) {
    if (arguments.empty() || arguments.size() > 2) return wrong("args of a handler are [rid] or [accumulator, rid]");
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

void Services::add(std::string_view abi, const Sandbox& sandbox, HostFunctions& host) {
    if (abi != kW3bstream) return;
    w3b::MemoryServices::Settings settings;
    for (const auto& [name, value] : sandbox.environment) settings.environment[name] = value;
    w3bstream_ = std::make_shared<w3b::MemoryServices>(std::move(settings));
    host.set_services(w3bstream_);
}

void Services::reset_state() const {
    if (w3bstream_) w3bstream_->clear_state();
}

Result<std::any> options_of(std::string_view abi, const Request& request) {
    if (abi != "aspect") {
        if (auto none = refuse(request.gas.has_value(), "gas", "aspects", abi); !none) return fail(std::move(none).error());
    }
    if (abi == kW3bstream) return event_of(request);
    for (const auto& [there, member] : {std::pair{request.resource.has_value(), "rid"}, std::pair{!request.resources.empty(), "resources"},
                                        std::pair{request.reset_state, "reset_state"}}) {
        if (auto none = refuse(there, member, "W3bstream", abi); !none) return fail(std::move(none).error());
    }
    return abi == "aspect" ? aspect_options(request) : Result<std::any>();
}

void read_report(std::string_view abi, const std::any& report, Outcome& outcome) {
    if (abi != "aspect") return;
    if (const auto* aspect = std::any_cast<abi::aspect::CallReport>(&report)) {
        outcome.gas_left = static_cast<std::uint64_t>(aspect->gas_left());
    }
}

bool answers_with_value(const AbiInfo& abi) noexcept { return abi.form == AbiForm::values || abi.name == kW3bstream; }

bool answers_with_payload(const AbiInfo& abi) noexcept { return !answers_with_value(abi); }

}  // namespace mortise::cli
