// Calls an aspect with a gas budget; its state lives in the host, which charges for it.
#include <cstdint>
#include <iostream>
#include <map>
#include <string>

#include <mortise/abi/aspect.hpp>
#include <mortise/mortise.hpp>

int main(int argc, char** argv) {
    if (argc != 2) return std::cerr << "usage: " << argv[0] << " ASPECT.wasm\n", 2;
    namespace aspect = mortise::abi::aspect;
    std::map<std::string, mortise::Bytes> state;
    mortise::PluginOptions options;
    options.host.add("util-api", "__UtilApi__.sLog", [](std::string_view text) { std::cout << "log: " << text << "\n"; },
                     *aspect::production_gas("util-api", "__UtilApi__.sLog"));
    options.host.add("aspect-state-api", "__AspectStateApi__.get",
                     [&state](std::string_view key) { return state[std::string(key)]; },
                     *aspect::production_gas("aspect-state-api", "__AspectStateApi__.get"));
    options.host.add("aspect-state-api", "__AspectStateApi__.set",
                     [&state](std::string_view key, mortise::BytesView value) { state[std::string(key)] = mortise::copy_bytes(value); },
                     *aspect::production_gas("aspect-state-api", "__AspectStateApi__.set"));
    const auto plugin = mortise::Runtime().load(argv[1], options);
    if (!plugin) return std::cerr << plugin.error().describe() << "\n", 1;
    auto instance = plugin->instantiate();
    if (!instance) return std::cerr << instance.error().describe() << "\n", 1;

    for (const std::int64_t gas : {1'000'000, 1'000'000, 1'000}) {
        const mortise::ValueView arguments[] = {"operation", mortise::BytesView()};
        const std::any call_options = aspect::CallOptions{.gas = gas};
        mortise::CallOutcome outcome;
        const auto done = instance->perform({.name = "execute", .arguments = arguments, .options = &call_options}, outcome);
        const auto* report = std::any_cast<aspect::CallReport>(&outcome.report);
        const auto* count = outcome.value.get_if<mortise::Bytes>();
        if (done && count != nullptr) std::cout << "count " << std::to_integer<int>((*count)[0]);
        else std::cout << to_string(done.error().code());
        std::cout << (report != nullptr && report->gas_left() > 0 ? ", gas is left\n" : ", no gas is left\n");
    }
}
