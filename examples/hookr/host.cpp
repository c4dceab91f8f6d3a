// Invokes a hookr plugin; the plugin asks its host for the weather.
#include <iostream>
#include <memory>

#include <mortise/mortise.hpp>

namespace {

class Log : public mortise::Observer {
    void guest_log(std::uint64_t, mortise::LogLevel, std::string_view text) override { std::cout << "log: " << text << "\n"; }
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return std::cerr << "usage: " << argv[0] << " PLUGIN.wasm\n", 2;
    mortise::PluginOptions options;
    options.observer = std::make_shared<Log>();
    options.host.on({.operation = "weather"}, [](const mortise::HostCall& call, mortise::Bytes& reply) -> mortise::Result<void> {
        if (mortise::text_of(call.payload) != "Uppsala") return mortise::fail(mortise::ErrorCode::not_found, "no station there");
        reply = mortise::copy_bytes("snow");
        return {};
    });
    const auto plugin = mortise::Runtime().load(argv[1], options);
    if (!plugin) return std::cerr << plugin.error().describe() << "\n", 1;
    auto instance = plugin->instantiate();
    if (!instance) return std::cerr << instance.error().describe() << "\n", 1;

    const auto show = [&](std::string_view operation, std::string_view payload) {
        const auto answer = instance->invoke(operation, payload);
        std::cout << operation << "(" << payload << ") = ";
        if (answer) std::cout << mortise::text_of(*answer) << "\n";
        else std::cout << "error: " << answer.error().guest_message().value_or(answer.error().message()) << "\n";
    };
    show("reverse", "desserts");
    show("ask", "Uppsala");
    show("ask", "Atlantis");
    show("dance", "");
}
