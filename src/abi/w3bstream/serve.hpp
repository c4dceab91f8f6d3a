#pragma once

#include "abi/w3bstream/table.hpp"

namespace mortise::abi::w3bstream {

// What each import does, once its arguments are read. The results of `Row::serve`.

Outcome serve_log(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_plain_log(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_log_number(Applet& applet, const Inputs& inputs, Served& served);

Outcome serve_get_data(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_set_data(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_event_type(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_mqtt_message(Applet& applet, const Inputs& inputs, Served& served);

Outcome serve_get_db(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_set_db(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_get_number(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_set_number(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_increment(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_add(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_environment(Applet& applet, const Inputs& inputs, Served& served);

Outcome serve_execute(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_query(Applet& applet, const Inputs& inputs, Served& served);

Outcome serve_send(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_send_with_operator(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_send_by_default(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_call(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_call_by_default(Applet& applet, const Inputs& inputs, Served& served);

Outcome serve_publish(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_request(Applet& applet, const Inputs& inputs, Served& served);
Outcome serve_metrics(Applet& applet, const Inputs& inputs, Served& served);

}  // namespace mortise::abi::w3bstream
