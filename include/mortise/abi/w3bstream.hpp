#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mortise/abi/w3bstream_services.hpp>
#include <mortise/bytes.hpp>
#include <mortise/export.hpp>
#include <mortise/module_info.hpp>
#include <mortise/value.hpp>

/// The ABI of W3bstream applets: handlers of one event at a time, whose data is a resource that they ask for by its id. The names in
/// this namespace go with `PluginOptions::abi == "w3bstream"`.
///
/// `Instance::invoke(handler, payload)` is one event: the payload becomes the resource of an id that nobody uses, the handler is
/// called with it. A result of 0 or more is success, a negative one `guest_error`; the number itself is what `Instance::perform`
/// leaves in `CallOutcome::value` either way, and what `Instance::call<std::int32_t>(handler, payload)` gives. Integers instead of a payload
/// call the handler with them as ids: (rid), or (accumulator, rid) of a handler of two parameters. There is never a response payload.
///
/// What applets reach is in `Services`, given as `std::shared_ptr<Services>` (or of `MemoryServices`) to
/// `HostFunctions::set_services`; without one each plugin has `MemoryServices` of its own. A host function that is added under an
/// import's module and name replaces that import: one that takes what `service_signature` says, texts standing for bytes where
/// wanted; it answers code 0 and the bytes, or on failure the code that the import has for errors of its back end.
///
/// Instances are made anew for each event unless `PluginOptions::instance_policy` says otherwise. A handler that runs cannot be called
/// again on its instance.
namespace mortise::abi::w3bstream {

/// Which numbers imports answer.
enum class CodeTable : std::uint8_t {
    legacy,  ///< what every released node says
    rc54,    ///< the rewrite of release candidate 54
};

/// What `ws_log` means by level 3.
enum class Level3 : std::uint8_t {
    warn,
    info,  ///< for applets of early 2023
};

/// `PluginOptions::abi_options`.
struct Options {
    /// Exports that events will be sent to: each that is there must take one or two i32 and give one (`export_mismatch` when
    /// loading). Others may be called all the same and are checked then. Empty: `start`.
    std::vector<std::string> handlers{};

    CodeTable codes = CodeTable::legacy;
    Level3 level_3 = Level3::warn;

    /// `Report::code` where the handler is not exported; older nodes said 1.
    std::int32_t missing_handler_code = -1;

    /// Runs `_start` after the start section. Off: it could run a real main, and no applet needs it.
    bool call_start = false;

    /// Takes the export `malloc` where there is no `alloc`.
    bool malloc_fallback = true;

    /// Accepts the names and types of the document of April 2024: `ws_get_dB`, `ws_set_dB`, `ws_send_tx` and `ws_call_contract`
    /// without a chain. Off: such a module has missing imports.
    bool document_names = true;

    /// The chain of the forms of `ws_send_tx` and `ws_call_contract` that name none. Empty: they fail.
    std::optional<std::uint32_t> default_chain{};

    /// For log records.
    std::string project{}, applet{};
};

/// Data under ids.
using Resources = std::vector<std::pair<std::uint32_t, Bytes>>;

/// `CallRequest::options` of a call: what an event has beside handler and payload.
struct Event {
    /// The id of the payload's resource. Empty: `Services::next_rid`, or random.
    std::optional<std::uint32_t> rid{};

    /// First parameter of a handler of two.
    std::optional<std::uint32_t> accumulator{};

    /// False: there is no payload, and so no resource of that id.
    bool has_payload = true;

    /// Further resources. One of the payload's own id is replaced by the payload.
    Resources resources{};

    std::string type = "DEFAULT";           ///< for `ws_get_event_type`
    std::string id{};                       ///< for logs
    std::optional<std::string> topic{};     ///< of an MQTT message, whose payload is the event's, for `ws_get_mqtt_msg`

    /// Where what the handler stored goes when it returned; not touched otherwise. Null: it is dropped. For flows, where a result
    /// is the id of data that the next handler gets. Must live until the call ends.
    Resources* stored = nullptr;
};

/// `CallOutcome::report` of a call, on success and failure.
struct Report {
    std::int32_t code = -1;   ///< what the handler returned; -1 if it did not, `Options::missing_handler_code` if it is not there
    std::uint32_t rid = 0;    ///< the id under which the payload was
};

/// What a function that replaces an import takes and gives: u32 and bytes, in the import's order; bytes, i32 (the old integer forms)
/// or nothing.
struct ServiceSignature {
    std::vector<Kind> params;
    Kind result = Kind::none;
};

/// The signature of a function of W3bstream; nothing if there is none of this name and type, or it cannot be replaced so
/// (`abort`, `trace`, `seed`, `ws_get_mqtt_msg`).
MORTISE_API std::optional<ServiceSignature> service_signature(const Import& import);

}  // namespace mortise::abi::w3bstream
