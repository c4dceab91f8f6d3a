#include "cli/outcome.hpp"

#include <utility>

#include <mortise/codec.hpp>

#include "cli/payload.hpp"
#include "cli/values.hpp"

namespace mortise::cli {

namespace {

Json backtrace_to_json(const std::vector<WasmFrame>& frames) {
    Json out = Json::array();
    for (const auto& frame : frames) {
        Json one = Json::object();
        one["function"] = frame.function;
        if (!frame.name.empty()) one["name"] = to_utf8_lossy(frame.name);
        if (frame.offset != UINT64_MAX) one["offset"] = frame.offset;
        out.push_back(std::move(one));
    }
    return out;
}

Json error_to_json(const Error& error) {
    Json out = Json::object();
    out["code"] = to_string(error.code());
    out["blame"] = to_string(error.blame());
    out["message"] = to_utf8_lossy(error.message());
    if (const auto& guest = error.guest_message()) {
        out["guest_message"] = to_utf8_lossy(*guest);
        if (!is_utf8(*guest)) out["guest_message_base64"] = codec::base64_encode(bytes_of(*guest));
    }
    const bool trapped = error.code() == ErrorCode::trap || error.code() == ErrorCode::memory_limit;
    if (const auto trap = error.trap(); trap && trapped) out["trap"] = to_string(*trap);
    if (const auto status = error.exit_status()) out["exit_status"] = *status;
    if (!error.context().empty()) {
        auto& context = out["context"] = Json::array();
        for (const auto& where : error.context()) context.push_back(to_utf8_lossy(where));
    }
    if (!error.backtrace().empty()) out["backtrace"] = backtrace_to_json(error.backtrace());
    return out;
}

Json payload_to_json(const Outcome& outcome) {
    if (!outcome.payload) return Json(nullptr);
    Json out = bytes_to_json(*outcome.payload);
    if (outcome.decoded) out["json"] = *outcome.decoded;
    return out;
}

Json outputs_to_json(const Outcome& outcome) {
    Json out = Json::array();
    std::uint64_t begin = 0;
    for (const std::uint64_t end : *outcome.output_ends) {
        out.push_back(bytes_to_json(BytesView(*outcome.payload).subspan(begin, end - begin)));
        begin = end;
    }
    return out;
}

}  // namespace

Json outcome_to_json(Outcome outcome) {
    Json out = Json::object();
    out["ok"] = outcome.ended.has_value();
    if (outcome.value) out["value"] = value_to_json(*outcome.value);
    if (outcome.ended && outcome.carries_payload) out["payload"] = payload_to_json(outcome);
    if (outcome.ended && outcome.payload && outcome.output_ends) out["outputs"] = outputs_to_json(outcome);
    if (!outcome.ended) out["error"] = error_to_json(outcome.ended.error());
    auto& recording = outcome.recording;
    out["host_calls"] = std::move(recording.host_calls);
    if (recording.host_calls_left_out != 0) out["host_calls_left_out"] = recording.host_calls_left_out;
    out["logs"] = std::move(recording.logs);
    out["stdout"] = bytes_to_json(recording.standard_output);
    out["stderr"] = bytes_to_json(recording.standard_error);
    if (!recording.warnings.empty()) out["warnings"] = std::move(recording.warnings);
    if (outcome.gas_left) out["gas_left"] = *outcome.gas_left;
    out["elapsed_ns"] = outcome.elapsed_ns;
    if (outcome.fuel) out["fuel"] = *outcome.fuel;
    out["memory_bytes"] = outcome.memory_bytes;
    return out;
}

Json failure_to_json(const Error& error) {
    Outcome outcome;
    outcome.ended = fail(error);
    return outcome_to_json(std::move(outcome));
}

}  // namespace mortise::cli
