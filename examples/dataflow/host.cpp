// Sends lines through the functions of a dataflow plugin, each of which does one thing.
#include <iostream>
#include <string>
#include <vector>

#include <mortise/abi/dataflow_calls.hpp>
#include <mortise/mortise.hpp>

namespace dataflow = mortise::abi::dataflow;

namespace {

void show(std::string_view what, const mortise::Result<std::vector<mortise::Bytes>>& outputs) {
    std::cout << what << ":";
    if (!outputs) {
        std::cout << " error: " << outputs.error().message() << "\n";
        return;
    }
    for (const auto& one : *outputs) std::cout << " [" << mortise::text_of(one) << "]";
    std::cout << "\n";
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return std::cerr << "usage: " << argv[0] << " PLUGIN.wasm\n", 2;
    const auto plugin = mortise::Runtime().load(argv[1]);
    if (!plugin) return std::cerr << plugin.error().describe() << "\n", 1;
    auto instance = plugin->instantiate();
    if (!instance) return std::cerr << instance.error().describe() << "\n", 1;

    std::vector<mortise::Bytes> lines;
    for (const auto* line : {"# takings of the week", "12 30", "7", "", "8 x"}) lines.push_back(mortise::copy_bytes(line));

    std::cout << "main: " << instance->call<std::string>("main", "plain data in").value_or("?") << "\n";
    const auto kept = dataflow::map(*instance, "without_comments", lines);
    show("without_comments", kept);
    if (!kept) return 1;
    const auto words = dataflow::map(*instance, "words", *kept);
    show("words", words);
    if (!words) return 1;

    const auto all = dataflow::reduce(*instance, "sum", mortise::copy_bytes("0"), *words);
    std::cout << "sum of all: " << (all ? std::string(mortise::text_of(*all)) : "error: " + all.error().message()) << "\n";
    const std::vector<mortise::Bytes> numbers(words->begin(), words->end() - 1);
    const auto sum = dataflow::reduce(*instance, "sum", mortise::copy_bytes("0"), numbers);
    std::cout << "sum without the last: " << (sum ? std::string(mortise::text_of(*sum)) : "error: " + sum.error().message()) << "\n";
}
