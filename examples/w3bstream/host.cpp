// Sends events to a W3bstream applet. Each runs in a sandbox of its own; what the applet remembers is in the services' store.
#include <iostream>
#include <memory>

#include <mortise/abi/w3bstream.hpp>
#include <mortise/mortise.hpp>

namespace {

class Log : public mortise::Observer {
    void guest_log(std::uint64_t, mortise::LogLevel, std::string_view text) override { std::cout << "log: " << text << "\n"; }
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return std::cerr << "usage: " << argv[0] << " APPLET.wasm\n", 2;
    mortise::PluginOptions options;
    options.observer = std::make_shared<Log>();
    const auto plugin = mortise::Runtime().load(argv[1], options);
    if (!plugin) return std::cerr << plugin.error().describe() << "\n", 1;
    auto instance = plugin->instantiate();
    if (!instance) return std::cerr << instance.error().describe() << "\n", 1;

    for (const char* event : {"rain", "sun", "hail"}) {
        mortise::CallOutcome outcome;
        const auto done = instance->perform({.name = "start", .form = mortise::CallRequest::Form::message,
                                             .payload = mortise::bytes_of(event)}, outcome);
        const auto* code = outcome.value.get_if<std::int32_t>();
        std::cout << event << ": " << (done ? "handled" : std::string(to_string(done.error().code()))) << ", code "
                  << (code != nullptr ? *code : -1) << "\n";
    }
}
