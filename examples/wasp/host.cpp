// Calls a wasp plugin with text and numbers; the plugin asks its host for a title.
#include <iostream>

#include <mortise/mortise.hpp>

int main(int argc, char** argv) {
    if (argc != 2) return std::cerr << "usage: " << argv[0] << " PLUGIN.wasm\n", 2;
    mortise::PluginOptions options;
    options.host.add("env", "title_of", [](std::string_view name) { return std::string(name == "Ada" ? "Countess" : "citizen"); });
    const auto plugin = mortise::Runtime().load(argv[1], options);
    if (!plugin) return std::cerr << plugin.error().describe() << "\n", 1;
    auto instance = plugin->instantiate();
    if (!instance) return std::cerr << instance.error().describe() << "\n", 1;

    for (const char* name : {"Ada", "Bob", ""}) {
        const auto text = instance->call<std::string>("greet", name);
        if (text) std::cout << *text << "\n";
        else std::cout << "the plugin raised: " << text.error().guest_message().value_or("?") << "\n";
    }
    const auto mean = instance->function<double(double, double)>("mean");
    if (mean) std::cout << "the mean of 1 and 2 is " << (*mean)(1, 2).value_or(-1) << "\n";
}
