// Loads a waPC plugin and shows what a host can do with it, and what the plugin cannot do to its host.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include <mortise/mortise.hpp>

namespace {

// Shows what plugins log.
class Log : public mortise::Observer {
    void guest_log(std::uint64_t, mortise::LogLevel, std::string_view text) override {
        std::printf("   the plugin logs: \"%.*s\"\n", static_cast<int>(text.size()), text.data());
    }
};

// What the plugin may call: one operation, refused for names without a letter.
mortise::Result<void> answer(const mortise::HostCall& call, mortise::Bytes& reply) {
    const std::string_view text = mortise::text_of(call.payload);
    std::printf("   the plugin calls the host: %.*s/%.*s/%.*s \"%.*s\"\n", static_cast<int>(call.binding.size()), call.binding.data(),
                static_cast<int>(call.space.size()), call.space.data(), static_cast<int>(call.operation.size()),
                call.operation.data(), static_cast<int>(text.size()), text.data());
    if (text.empty()) return mortise::fail(mortise::ErrorCode::invalid_argument, "there is nothing to put in capitals");
    for (const char c : text) reply.push_back(static_cast<std::byte>(std::toupper(static_cast<unsigned char>(c))));
    return {};
}

void show(const char* what, mortise::Instance& plugin, std::string_view operation, std::string_view payload) {
    std::printf("\n%s\n", what);
    const auto begin = std::chrono::steady_clock::now();
    const auto result = plugin.invoke(operation, payload);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    if (result) {
        const auto text = mortise::text_of(*result);
        std::printf("   answer after %.2f ms: \"%.*s\"\n", took.count(), static_cast<int>(text.size()), text.data());
        return;
    }
    const mortise::Error& error = result.error();
    std::printf("   ended after %.0f ms: %s: %s\n", took.count(), std::string(to_string(error.code())).c_str(), error.message().c_str());
    if (error.guest_message()) std::printf("   in the plugin's own words: \"%s\"\n", error.guest_message()->c_str());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s PLUGIN.wasm\n", argv[0]);
        return 2;
    }
    try {
        const mortise::Runtime runtime;
        mortise::PluginOptions options;
        options.observer = std::make_shared<Log>();
        options.host.on_call(answer);
        options.limits.call_time = std::chrono::milliseconds(300);
        options.limits.memory_bytes = std::uint64_t{32} << 20;
        const auto plugin = mortise::value(runtime.load(argv[1], options));
        std::printf("%s speaks %s (%s); it runs on %s.\n", argv[1], plugin.abi().name.c_str(), plugin.abi_reason().c_str(),
                    mortise::value(runtime.engine()).name.c_str());
        std::printf("It may use 32 MiB of memory and 300 ms a call, and see no file, no network and no clock.\n");

        auto instance = mortise::value(plugin.instantiate());
        show("A call with an argument; the plugin asks its host for help:", instance, "greet", "world");
        show("The host refuses to help, and the plugin hands the error on:", instance, "greet", "");
        show("An operation that the plugin does not have:", instance, "dance", "");
        show("A plugin that reports an error:", instance, "fail", "");
        show("A plugin that never returns:", instance, "spin", "");
        show("A plugin that eats memory:", instance, "hoard", "");
        show("After all that, the same plugin in a new sandbox:", instance, "greet", "again");
    } catch (const mortise::Exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
