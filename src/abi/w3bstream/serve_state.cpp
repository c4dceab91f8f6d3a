#include <cstring>

#include "abi/w3bstream/applet.hpp"
#include "abi/w3bstream/serve.hpp"
#include "base/text.hpp"

// Resources, key-value state, environment.

namespace mortise::abi::w3bstream {

namespace {

constexpr std::size_t kNumberSize = 4;

Outcome failed(Applet& applet, std::string_view what, const Error& error) {
    applet.host_log(Level::error, what, error.message());
    return Outcome::failed;
}

}  // namespace

Outcome serve_get_data(Applet& applet, const Inputs& inputs, Served& served) {
    const auto found = applet.resources().find(inputs.number(0));
    if (!found) return Outcome::missing;
    served.lend(*found);
    return Outcome::ok;
}

Outcome serve_set_data(Applet& applet, const Inputs& inputs, Served&) {
    const bool stored = applet.resources().set(inputs.number(0), inputs.bytes(1), applet.session().limits->output_bytes);
    return stored ? Outcome::ok : failed(applet, "ws_set_data", Error(ErrorCode::output_limit, "the event stores too much"));
}

Outcome serve_event_type(Applet& applet, const Inputs& inputs, Served& served) {
    if (inputs.number(0) != applet.rid() || !applet.event().has_payload) return Outcome::missing;
    served.lend(bytes_of(applet.event().type));
    return Outcome::ok;
}

Outcome serve_mqtt_message(Applet& applet, const Inputs& inputs, Served& served) {
    const auto payload = applet.resources().find(inputs.number(0));
    if (inputs.number(0) != applet.rid() || !applet.event().topic || !payload) return Outcome::missing;
    served.lend(bytes_of(*applet.event().topic), 0);
    served.lend(*payload, 1);
    return Outcome::ok;
}

Outcome serve_get_db(Applet& applet, const Inputs& inputs, Served& served) {
    auto value = applet.services().get(applet.context(), inputs.text(0));
    if (!value) return failed(applet, "ws_get_db", value.error());
    if (!*value) return Outcome::missing;
    if (applet.logs_for_host()) applet.host_log(Level::info, "ws_get_db", inputs.text(0));
    served.give(**std::move(value));
    return Outcome::ok;
}

Outcome serve_set_db(Applet& applet, const Inputs& inputs, Served&) {
    if (auto done = applet.services().set(applet.context(), inputs.text(0), inputs.bytes(1)); !done) {
        return failed(applet, "ws_set_db", done.error());
    }
    if (applet.logs_for_host()) applet.host_log(Level::info, "ws_set_db", inputs.text(0));
    return Outcome::ok;
}

Outcome serve_get_number(Applet& applet, const Inputs& inputs, Served& served) {
    auto value = applet.services().get(applet.context(), inputs.text(0));
    if (!value) return failed(applet, "get_db", value.error());
    if (!*value) return Outcome::ok;   // a missing number is 0
    if ((*value)->size() != kNumberSize) {
        return failed(applet, "get_db", Error(ErrorCode::decode, base::concat(base::quoted(inputs.text(0)), " holds no number")));
    }
    std::memcpy(&served.value, (*value)->data(), kNumberSize);
    if (applet.logs_for_host()) applet.host_log(Level::info, "get_db", inputs.text(0));
    return Outcome::ok;
}

Outcome serve_set_number(Applet& applet, const Inputs& inputs, Served&) {
    const std::uint32_t number = inputs.number(1);
    auto done = applet.services().set(applet.context(), inputs.text(0), std::as_bytes(std::span(&number, 1)));
    if (!done) return failed(applet, "set_db", done.error());
    if (applet.logs_for_host()) applet.host_log(Level::info, "set_db", inputs.text(0));
    return Outcome::ok;
}

Outcome serve_increment(Applet& applet, const Inputs& inputs, Served& served) {
    auto value = applet.services().increment(applet.context(), inputs.text(0), static_cast<std::int32_t>(inputs.number(1)));
    if (!value) return failed(applet, "inc", value.error());
    served.value = *value;
    if (applet.logs_for_host()) applet.host_log(Level::info, "inc", inputs.text(0));
    return Outcome::ok;
}

Outcome serve_add(Applet&, const Inputs& inputs, Served& served) {
    served.value = static_cast<std::int32_t>(inputs.number(0) + inputs.number(1));
    return Outcome::ok;
}

Outcome serve_environment(Applet& applet, const Inputs& inputs, Served& served) {
    auto value = applet.services().environment(applet.context(), inputs.text(0));
    if (!value) return failed(applet, "ws_get_env", value.error());
    if (!*value) return Outcome::missing;
    served.give(std::string_view(**value));
    return Outcome::ok;
}

}  // namespace mortise::abi::w3bstream
