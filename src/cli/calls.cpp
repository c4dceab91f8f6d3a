#include "cli/calls.hpp"

#include <chrono>
#include <utility>

#include "cli/abi_extras.hpp"
#include "cli/arguments.hpp"
#include "cli/files.hpp"
#include "cli/payload.hpp"
#include "cli/text.hpp"
#include "cli/values.hpp"

namespace mortise::cli {

namespace {

constexpr std::uint64_t kLargestPayload = UINT32_MAX;   // what a guest can address

std::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::invalid_argument, std::move(text)); }

bool takes_values(const Plugin& plugin) noexcept { return plugin.abi().form == AbiForm::values; }

// What argument `index` must become: by `--types`; else by the module, as far as its types say it all (a text is an i32 to Wasm).
Wanted wanted_of(const Plugin& plugin, const FunctionType* function, const std::optional<Signature>& types, std::size_t index) {
    if (types) return types->params[index];
    if (function == nullptr || index >= function->params.size()) return {};
    const ValType type = function->params[index];
    if (plugin.abi().name == "plain") return type;
    const bool plain_number = type == ValType::i64 || type == ValType::f32 || type == ValType::f64;
    if (plugin.abi().name == "wasp" && plain_number) return type;
    return {};
}

template <class Argument, class Convert>
Result<std::vector<Value>> convert_arguments(const Plugin& plugin, const std::string& name, std::span<const Argument> arguments,
                                             const std::optional<Signature>& types, Convert convert) {
    if (types && types->params.size() != arguments.size()) {
        return fail(ErrorCode::type_mismatch, "the types name " + counted(types->params.size(), "argument") + ", " +
                                                  counted(arguments.size(), "argument") + (arguments.size() == 1 ? " is given" : " are given"));
    }
    const FunctionType* function = plugin.module().exported_function(name);
    std::vector<Value> values;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        auto value = convert(arguments[i], wanted_of(plugin, function, types, i), i + 1);
        if (!value) return fail(std::move(value).error());
        values.push_back(*std::move(value));
    }
    return values;
}

Result<void> refuse_types(const Plugin& plugin, const std::optional<Signature>& types) {
    if (!types) return {};
    return wrong("types are for ABIs that carry values; " + plugin.abi().name + " carries a payload");
}

// Plain is what a module without any mark is taken for: it may be of another ABI.
std::unexpected<Error> no_payload(const Plugin& plugin) {
    const std::string& abi = plugin.abi().name;
    const std::string text = "a payload is for ABIs that carry one; " + abi + " carries values, in args";
    if (abi != "plain") return wrong(text);
    return fail(ErrorCode::abi_unknown, text + ". A plugin of another ABI that carries no mark of it needs the option --abi NAME");
}

// "@FILE", "-" for stdin, or the text itself.
Result<Bytes> payload_argument(const std::string& text) {
    if (text != "-" && !text.starts_with('@')) return copy_bytes(text);
    auto bytes = text == "-" ? read_standard_input(kLargestPayload) : read_file(text.substr(1), kLargestPayload);
    if (bytes) return bytes;
    return fail(bytes.error().code(), (text == "-" ? "stdin" : in_quotes(text.substr(1))) + ": " + bytes.error().message());
}

Result<Bytes> encoded(Bytes bytes, Codec codec) {
    if (codec == Codec::raw || bytes.empty()) return bytes;
    if (codec == Codec::json) {
        if (auto json = parse_json(text_of(bytes)); !json) return wrong("the payload cannot be read: " + json.error().message());
        return bytes;
    }
    auto packed = codec::msgpack_from_json(text_of(bytes), kCodecLimits);
    if (!packed) return wrong("the payload is no JSON to make MessagePack of: " + packed.error().message());
    // As in a request: of a key that is there twice nobody could say which one counts.
    if (auto json = parse_json(text_of(bytes)); !json) return wrong("the payload cannot be read: " + json.error().message());
    return packed;
}

Result<void> read_payload(const std::string& argument, Codec codec, std::optional<Bytes>& out) {
    auto bytes = payload_argument(argument);
    if (!bytes) return fail(std::move(bytes).error());
    auto payload = encoded(*std::move(bytes), codec);
    if (!payload) return fail(std::move(payload).error());
    out = *std::move(payload);
    return {};
}

Result<Json> decoded(const Bytes& bytes, Codec codec) {
    std::string text;
    if (codec == Codec::msgpack) {
        auto unpacked = codec::json_from_msgpack(bytes, kCodecLimits);
        if (!unpacked) return fail(ErrorCode::decode, "the response is no MessagePack: " + unpacked.error().message());
        text = *std::move(unpacked);
    } else {
        text = text_of(bytes);
    }
    auto json = parse_json(text);
    if (!json) return fail(ErrorCode::decode, "the response cannot be converted: " + json.error().message());
    return json;
}

Result<Value> typed_results(Value value, const std::optional<std::vector<Kind>>& kinds) {
    if (!kinds || kinds->empty()) return value;
    if (kinds->size() == 1 && value.kind() != Kind::list) return as_kind(value, kinds->front());
    auto* list = value.get_if<Value::List>();
    const std::size_t count = list != nullptr ? list->size() : 1;
    if (list == nullptr || count != kinds->size()) {
        return fail(ErrorCode::type_mismatch, "the types name " + counted(kinds->size(), "result") + ", the function has " + std::to_string(count));
    }
    for (std::size_t i = 0; i < count; ++i) {
        auto typed = as_kind((*list)[i], (*kinds)[i]);
        if (!typed) return typed;
        (*list)[i] = *std::move(typed);
    }
    return value;
}

Kind wanted_result(const std::optional<std::vector<Kind>>& kinds) noexcept {
    if (!kinds) return Kind::any;
    if (kinds->empty()) return Kind::none;
    return kinds->size() == 1 ? kinds->front() : Kind::list;
}

void fill_value(const Plugin& plugin, const Call& call, CallOutcome&& result, Outcome& out) {
    if (plugin.abi().form != AbiForm::values) {
        // A handler's number, also beside a failure; there is none where it did not return.
        if (result.value.kind() != Kind::none) out.value = std::move(result.value);
    } else if (out.ended) {
        auto value = typed_results(std::move(result.value), call.results);
        if (value) out.value = *std::move(value);
        else out.ended = fail(std::move(value).error());
    }
}

void fill_payload(CallOutcome&& result, const CallSettings& settings, Outcome& out) {
    out.carries_payload = true;
    if (!out.ended || !result.has_payload) return;
    out.payload = std::move(result.payload);
    if (settings.codec == Codec::raw || out.payload->empty()) return;
    auto json = decoded(*out.payload, settings.codec);
    if (json) out.decoded = *std::move(json);
    else out.ended = fail(std::move(json).error());
}

Result<Call> value_call(const Plugin& plugin, const Request& request, std::vector<Value> values, const std::optional<Signature>& types) {
    Call call{.name = request.name, .with_values = true, .arguments = std::move(values)};
    if (types) call.results = types->results;
    auto options = options_of(plugin.abi().name, request);
    if (!options) return fail(std::move(options).error());
    call.options = *std::move(options);
    return call;
}

Result<Call> message_call(const Plugin& plugin, Request request) {
    auto options = options_of(plugin.abi().name, request);
    if (!options) return fail(std::move(options).error());
    Call call{.name = std::move(request.name), .reset_state = request.reset_state};
    call.options = *std::move(options);
    if (request.payload) call.payload = *std::move(request.payload);
    if (request.accumulator) call.accumulator = *std::move(request.accumulator);   // the bytes stay where they are
    return call;
}

}  // namespace

Result<Codec> parse_codec(std::string_view text) {
    if (text == "raw") return Codec::raw;
    if (text == "json") return Codec::json;
    if (text == "msgpack") return Codec::msgpack;
    return wrong(in_quotes(text) + " is none of raw, json, msgpack");
}

Result<void> check_forms(const Plugin& plugin, const std::optional<Signature>& types, Codec codec) {
    if (!takes_values(plugin)) return refuse_types(plugin, types);
    if (codec == Codec::raw) return {};
    return wrong("--codec is for ABIs that carry a payload; " + plugin.abi().name + " carries values");
}

Result<Call> make_call(const Plugin& plugin, const std::string& name, std::span<const std::string> arguments,
                       const std::optional<Signature>& types, Codec codec) {
    Request request{.name = name};
    if (auto fit = check_forms(plugin, types, codec); !fit) return fail(std::move(fit).error());
    if (takes_values(plugin)) {
        auto values = convert_arguments(plugin, name, arguments, types, value_of_text);
        if (!values) return fail(std::move(values).error());
        return value_call(plugin, request, *std::move(values), types);
    }
    const bool folds = plugin.abi().name == "dataflow";   // a function of two inputs: the accumulator first
    if (arguments.size() > (folds ? 2u : 1u)) {
        return wrong(plugin.abi().name + (folds ? " takes an accumulator and a payload at most, not " : " takes one payload, not ") +
                     counted(arguments.size(), "argument"));
    }
    if (arguments.size() == 2) {
        if (auto read = read_payload(arguments.front(), codec, request.accumulator); !read) return fail(std::move(read).error());
    }
    if (!arguments.empty()) {
        if (auto read = read_payload(arguments.back(), codec, request.payload); !read) return fail(std::move(read).error());
    }
    return message_call(plugin, std::move(request));
}

Result<Call> make_call(const Plugin& plugin, Request request, const std::optional<Signature>& types) {
    if (takes_values(plugin)) {
        if (request.payload) return no_payload(plugin);
        const auto& signature = request.types ? request.types : types;
        std::span<const Json> given;
        if (request.arguments) given = request.arguments->get_ref<const Json::array_t&>();
        auto values = convert_arguments(plugin, request.name, given, signature, value_of_json);
        if (!values) return fail(std::move(values).error());
        return value_call(plugin, request, *std::move(values), signature);
    }
    if (auto none = refuse_types(plugin, request.types); !none) return fail(std::move(none).error());
    // The parameters of a W3bstream handler are part of its event.
    if (request.arguments && !request.arguments->empty() && answers_with_payload(plugin.abi())) {
        return wrong("args are for ABIs that carry values; " + plugin.abi().name + " carries a payload");
    }
    return message_call(plugin, std::move(request));
}

Outcome perform(Instance& instance, const Plugin& plugin, const Call& call, Recorder* recorder, const CallSettings& settings) {
    std::vector<ValueView> views;
    for (const auto& argument : call.arguments) views.emplace_back(argument);
    CallRequest request{.name = call.name,
                        .form = call.with_values ? CallRequest::Form::values : CallRequest::Form::message,
                        .arguments = views,
                        .wanted = wanted_result(call.results),
                        .payload = call.payload,
                        .options = call.options.has_value() ? &call.options : nullptr};
    CallOutcome result;
    Outcome out;
    const auto start = std::chrono::steady_clock::now();
    out.ended = instance.perform(request, result);
    const auto elapsed = std::chrono::steady_clock::now() - start;
    out.elapsed_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(elapsed).count());
    if (recorder != nullptr) out.recording = recorder->take();
    if (!result.warning.empty()) out.recording.warnings.push_back(to_utf8_lossy(result.warning));
    read_report(plugin.abi().name, result.report, out);
    if (answers_with_value(plugin.abi())) fill_value(plugin, call, std::move(result), out);
    if (answers_with_payload(plugin.abi())) fill_payload(std::move(result), settings, out);
    const auto usage = instance.usage();
    out.memory_bytes = usage.memory_bytes;
    if (settings.counts_fuel) out.fuel = usage.fuel;
    return out;
}

}  // namespace mortise::cli
