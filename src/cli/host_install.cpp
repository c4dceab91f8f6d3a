#include "cli/host_install.hpp"

#include <algorithm>
#include <any>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <mortise/abi/aspect.hpp>
#include <mortise/abi/w3bstream.hpp>

#include "cli/host_reply.hpp"
#include "cli/text.hpp"

namespace mortise::cli {

namespace {

bool agrees(const std::optional<std::string>& wanted, std::string_view got) noexcept { return !wanted || *wanted == got; }

bool is_wasi(const Import& import) noexcept { return import.module.starts_with("wasi_"); }

// What a W3bstream applet does with its event and its log, as opposed to the services that a host has back ends for.
bool is_event_data(const Import& import) noexcept {
    constexpr std::string_view kNames[] = {"ws_log", "ws_get_data", "ws_set_data", "ws_get_event_type", "ws_get_mqtt_msg",
                                           "log", "get_data", "set_data", "get_data_2"};
    return import.module == "env" && std::ranges::find(kNames, import.name) != std::end(kNames);
}

// An entry that leaves open what it takes must not take what mortise itself provides, least of all WASI.
bool may_replace(const HostMatch& match, const Import& import, std::string_view abi) noexcept {
    if (!provided_by_abi(import, abi)) return true;
    return match.name && (match.module || !is_wasi(import));
}

bool takes_import(const HostMatch& match, const Import& import, std::string_view abi) noexcept {
    if (match.binding || match.operation || !agrees(match.module, import.module)) return false;
    if (!may_replace(match, import, abi)) return false;
    if (abi != "aspect") return !match.space && agrees(match.name, import.name);
    const auto [space, method] = split_aspect_name(import.name);
    return agrees(match.space, space) && (agrees(match.name, method) || agrees(match.name, import.name));
}

std::optional<Kind> kind_of(ValType type) noexcept {
    switch (type) {
        case ValType::i32: return Kind::i32;
        case ValType::i64: return Kind::i64;
        case ValType::f32: return Kind::f32;
        case ValType::f64: return Kind::f64;
        default: return std::nullopt;
    }
}

// The types of an entry that names none: those of the import, which for aspects and text are all i32. Nothing if they have no kind.
std::optional<Signature> types_of(const FunctionType& type) {
    Signature signature;
    const auto add = [](const std::vector<ValType>& types, std::vector<Kind>& kinds) {
        return std::ranges::all_of(types, [&](ValType one) {
            const auto kind = kind_of(one);
            if (kind) kinds.push_back(*kind);
            return kind.has_value();
        });
    };
    if (type.results.size() > 1 || !add(type.params, signature.params) || !add(type.results, signature.results)) return std::nullopt;
    return signature;
}

std::optional<Signature> w3bstream_types(const Import& import) {
    auto service = abi::w3bstream::service_signature(import);
    if (!service) return types_of(import.function);   // a function of the embedder's own
    Signature signature{.params = std::move(service->params), .results = {}};
    if (service->result != Kind::none) signature.results = {service->result};
    return signature;
}

bool is_message(Kind kind) noexcept { return kind == Kind::string || kind == Kind::bytes; }

// Which argument ${input} and "echo" mean: the first, but of W3bstream's functions the payload as host calls are told with it, which
// comes after a chain's id or a key.
std::size_t input_of(const std::vector<Kind>& params, std::string_view abi) noexcept {
    if (abi != "w3bstream") return 0;
    const auto last = std::find_if(params.rbegin(), params.rend(), is_message);
    return last == params.rend() ? 0 : static_cast<std::size_t>(params.rend() - last) - 1;
}

void install_function(const std::shared_ptr<const HostFile>& file, const HostEntry& entry, const Import& import, std::string_view abi,
                      HostFunctions& out) {
    auto types = entry.types;
    if (!types) types = abi == "w3bstream" ? w3bstream_types(import) : types_of(import.function);
    if (!types) return;   // loading says that nobody provides it
    const Kind result = types->results.empty() ? Kind::none : types->results.front();
    std::any extra;
    if (entry.gas) {
        extra = abi::aspect::GasRule(abi::aspect::StaticGas{.cost = static_cast<std::int64_t>(*entry.gas)});
    }
    // The other ABIs name the function themselves, or hand the error to the guest as it is.
    std::string failed;
    if (abi == "plain") failed = "host function " + in_quotes(import.module) + ' ' + in_quotes(import.name) + " failed: ";
    out.add_dynamic(import.module, import.name, types->params, result,
                    [file, &entry, result, failed = std::move(failed), input = input_of(types->params, abi)](
                        const HostCall&, std::span<const ValueView> arguments) -> Result<Value> {
                        auto value = reply_value(entry, arguments, result, input);
                        if (value || failed.empty() || !std::holds_alternative<ErrorReply>(entry.reply)) return value;
                        return fail(value.error().code(), failed + value.error().message());
                    },
                    std::move(extra));
}

void install_functions(const std::shared_ptr<const HostFile>& file, const ModuleInfo& module, std::string_view abi, HostFunctions& out) {
    for (const auto& import : module.imports) {
        if (import.kind != ExternKind::function) continue;
        const auto entry = std::ranges::find_if(*file, [&](const HostEntry& one) { return takes_import(one.match, import, abi); });
        if (entry != file->end()) install_function(file, *entry, import, abi, out);
    }
}

// Whether an entry takes messages at all: one that names module or import must name the one through which they come.
bool takes_messages(const HostMatch& match, const ModuleInfo& module) {
    return std::ranges::any_of(module.imports, [&](const Import& import) {
        return import.name == "__host_call" && agrees(match.module, import.module) && agrees(match.name, import.name);
    });
}

Result<void> install_messages(const std::shared_ptr<const HostFile>& file, const ModuleInfo& module, HostFunctions& out) {
    for (const auto& entry : *file) {
        if (!takes_messages(entry.match, module)) continue;
        if (entry.types && !(entry.types->params.size() <= 1 && std::ranges::all_of(entry.types->params, is_message) &&
                             std::ranges::all_of(entry.types->results, is_message))) {
            return fail(ErrorCode::invalid_argument, entry_name(entry) + ": types: a message is string or bytes, one each way");
        }
        out.on({.binding = entry.match.binding, .space = entry.match.space, .operation = entry.match.operation},
               [file, &entry](const HostCall& call, Bytes& reply) -> Result<void> {
                   const ValueView payload(call.payload);
                   auto answered = reply_bytes(entry, {&payload, 1}, reply);
                   if (!answered) return fail(std::move(answered).error());
                   return {};
               });
    }
    return {};
}

}  // namespace

bool provided_by_abi(const Import& import, std::string_view abi) noexcept {
    if (is_wasi(import)) return true;
    const bool env = import.module == "env";
    const bool assemblyscript = env && (import.name == "abort" || import.name == "trace" || import.name == "seed");
    if (abi == "wapc") {
        return import.module == "wapc" || import.module == "wasmbus" || import.module == "wasi" || assemblyscript ||
               (env && import.name == "__console_log");
    }
    if (abi == "hookr") return import.module == "hookr" || assemblyscript;
    if (abi == "wasp") return env && (import.name == "abort" || import.name == "raise_error");
    if (abi == "aspect") return env && import.name == "abort";
    if (abi == "w3bstream") return assemblyscript || is_event_data(import);
    return false;
}

std::pair<std::string_view, std::string_view> split_aspect_name(std::string_view name) noexcept {
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos) return {{}, name};
    return {name.substr(0, dot), name.substr(dot + 1)};
}

Result<void> install_host_file(std::shared_ptr<const HostFile> file, const ModuleInfo& module, const AbiInfo& abi, HostFunctions& out) {
    for (const auto& entry : *file) {
        if (entry.gas && abi.name != "aspect") {
            return fail(ErrorCode::invalid_argument, entry_name(entry) + ": gas is for aspects, the plugin is of ABI " + abi.name);
        }
    }
    install_functions(file, module, abi.name, out);
    if (abi.form == AbiForm::values || abi.name == "w3bstream") return {};
    return install_messages(file, module, out);
}

}  // namespace mortise::cli
