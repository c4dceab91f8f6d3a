#include "cli/recorder.hpp"

#include <utility>

#include "cli/payload.hpp"
#include "cli/report.hpp"
#include "cli/values.hpp"

namespace mortise::cli {

namespace {

constexpr std::uint64_t kMostHostCalls = 100'000;   // in one call
constexpr std::uint64_t kMostBytes = std::uint64_t{128} << 20;

std::uint64_t size_of(const HostCallEvent& event) noexcept {
    std::uint64_t size = event.payload.size() + event.binding.size() + event.space.size() + event.operation.size();
    for (const auto& argument : event.arguments) {
        if (argument.kind() == Kind::string) size += argument.text().size();
        if (argument.kind() == Kind::bytes) size += argument.bytes().size();
    }
    return size;
}

// Names of binding and operation are a guest's and may be no UTF-8.
std::string name(std::string_view text) { return to_utf8_lossy(text); }

Json event_to_json(const HostCallEvent& event, std::string_view abi) {
    Json out = Json::object();
    out["module"] = name(event.module);
    out["name"] = name(event.name);
    // A message has its address even where a part of it is empty.
    const bool message = event.has_payload;
    if (!event.binding.empty() || (message && abi == "wapc")) out["binding"] = name(event.binding);
    if (!event.space.empty() || (message && abi == "wapc")) out["namespace"] = name(event.space);
    if (!event.operation.empty() || (message && (abi == "wapc" || abi == "hookr"))) out["operation"] = name(event.operation);
    if (event.has_payload) out["payload"] = bytes_to_json(event.payload);
    if (!event.arguments.empty()) {
        auto& arguments = out["args"] = Json::array();
        for (const auto& argument : event.arguments) arguments.push_back(value_to_json(argument.to_value()));
    }
    out["ok"] = event.ok;
    return out;
}

}  // namespace

Recording Recorder::take() {
    kept_bytes_ = 0;
    return std::exchange(recording_, Recording{});
}

void Recorder::guest_log(std::uint64_t, LogLevel, std::string_view text) {
    recording_.logs.push_back(to_utf8_lossy(text));
}

void Recorder::guest_output(std::uint64_t, Stream stream, BytesView bytes) {
    auto& out = stream == Stream::standard_output ? recording_.standard_output : recording_.standard_error;
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void Recorder::host_call(const HostCallEvent& event) {
    const auto size = size_of(event);
    if (recording_.host_calls.size() >= kMostHostCalls || size > kMostBytes - kept_bytes_) {
        ++recording_.host_calls_left_out;
        return;
    }
    kept_bytes_ += size;
    recording_.host_calls.push_back(event_to_json(event, abi_));
}

void Recorder::warning(std::uint64_t, std::string_view text) { recording_.warnings.push_back(to_utf8_lossy(text)); }

void LogPrinter::guest_log(std::uint64_t, LogLevel, std::string_view text) { print_note("log", text); }

void LogPrinter::warning(std::uint64_t, std::string_view text) { print_note("mortise: warning", text); }

}  // namespace mortise::cli
