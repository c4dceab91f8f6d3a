// A waPC plugin written as C++ functions of this very program, run by the same host code as a Wasm plugin: set a breakpoint
// in `greet` and step through it. With a path as its argument the host runs that Wasm plugin instead.
#include <cctype>
#include <cstdio>
#include <string>

#include <mortise/mortise.hpp>
#include <mortise/native.hpp>

namespace {

namespace native = mortise::native;

// The plugin. Its guest SDK would be the protocol's imports; here they are called as they are.
native::Module greeter() {
    native::Module plugin("greeter");
    plugin.memory(1);
    const auto request = plugin.import<void(std::uint32_t, std::uint32_t)>("wapc", "__guest_request");
    const auto respond = plugin.import<void(std::uint32_t, std::uint32_t)>("wapc", "__guest_response");
    const auto fail = plugin.import<void(std::uint32_t, std::uint32_t)>("wapc", "__guest_error");
    const auto greet = [=](native::Context& guest, std::uint32_t operation_size, std::uint32_t size) -> std::int32_t {
        const std::uint32_t operation = guest.allocate(operation_size), payload = guest.allocate(size);
        request(guest, operation, payload);
        if (guest.text(operation, operation_size) != "greet") {
            constexpr std::string_view kWhy = "this plugin only greets";
            fail(guest, guest.put(kWhy), static_cast<std::uint32_t>(kWhy.size()));
            return 0;
        }
        const std::string answer = "Hello, " + std::string(guest.text(payload, size)) + "!";
        respond(guest, guest.put(answer), static_cast<std::uint32_t>(answer.size()));
        return 1;
    };
    plugin.add("__guest_call", greet);
    return plugin;
}

// The host: it does not know what kind of plugin it has.
void talk(const mortise::Plugin& plugin) {
    std::printf("%s speaks %s\n", plugin.name().c_str(), plugin.abi().name.c_str());
    auto instance = mortise::value(plugin.instantiate());
    for (const auto* operation : {"greet", "dance"}) {
        const auto answer = instance.invoke(operation, "world");
        if (answer) std::printf("%s: %s\n", operation, std::string(mortise::text_of(*answer)).c_str());
        else std::printf("%s: %s\n", operation, answer.error().guest_message().value_or(answer.error().message()).c_str());
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc > 1) {
            talk(mortise::value(mortise::Runtime().load(argv[1])));
            return 0;
        }
        const native::Module plugin = greeter();
        const mortise::Runtime runtime(
            {.engine = "native", .engine_options = {.native = {.modules = {native::share(plugin)}}}});
        mortise::PluginOptions options;
        options.name = plugin.name();
        talk(mortise::value(runtime.load_bytes(plugin.wasm(), options)));
        return 0;
    } catch (const mortise::Exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
