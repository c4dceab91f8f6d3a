// What the chain that aspects come from has around its runtime: its imports with their gas rules, its revert data.

#include <algorithm>
#include <array>

#include <mortise/abi/aspect.hpp>

namespace mortise::abi::aspect {

namespace {

constexpr std::string_view kOlderModule = "index";

std::vector<ProductionImport> make_imports() {
    std::vector<ProductionImport> all;
    const auto fixed = [&all](std::string_view module, std::string_view name, std::int64_t cost) {
        all.push_back({module, name, StaticGas{cost}});
    };
    const auto dynamic = [&all](std::string_view module, std::string_view name, std::int64_t fixed_part, std::int64_t per_byte) {
        all.push_back({module, name, DynamicGas{fixed_part, per_byte}});
    };
    dynamic("util-api", "__UtilApi__.revert", 1000, 37500);
    dynamic("util-api", "__UtilApi__.sLog", 10000, 37500);
    fixed("util-api", "__UtilApi__.gas", 2000);
    dynamic("crypto-api", "__CryptoApi__.sha256", 60000, 75000);
    dynamic("crypto-api", "__CryptoApi__.ripemd160", 600000, 750000);
    dynamic("crypto-api", "__CryptoApi__.keccak", 30000, 37500);
    fixed("crypto-api", "__CryptoApi__.ecRecover", 30000);
    dynamic("crypto-api", "__CryptoApi__.bigModExp", 150000, 3000000);
    fixed("crypto-api", "__CryptoApi__.bn256Add", 15000);
    fixed("crypto-api", "__CryptoApi__.bn256ScalarMul", 60000);
    dynamic("crypto-api", "__CryptoApi__.bn256Pairing", 450000, 3800000);
    dynamic("crypto-api", "__CryptoApi__.blake2F", 30000, 150000);
    fixed("statedb-api", "__StateDbApi__.getBalance", 20000);
    fixed("statedb-api", "__StateDbApi__.getState", 50000);
    fixed("statedb-api", "__StateDbApi__.getCodeHash", 400000);
    fixed("statedb-api", "__StateDbApi__.getCodeSize", 400000);
    fixed("statedb-api", "__StateDbApi__.getNonce", 400000);
    fixed("statedb-api", "__StateDbApi__.hasSuicided", 400000);
    fixed("runtime-api", "__RuntimeContextApi__.get", 10000);
    dynamic("evm-call-api", "__EvmCallApi__.staticCall", 30000, 37500);
    dynamic("evm-call-api", "__EvmCallApi__.jitCall", 30000, 75000);
    dynamic("aspect-state-api", "__AspectStateApi__.get", 0, 25000);
    dynamic("aspect-state-api", "__AspectStateApi__.set", 0, 156250);
    fixed("aspect-property-api", "__AspectPropertyApi__.get", 12500);
    dynamic("aspect-transient-storage-api", "__AspectTransientStorageApi__.get", 0, 3125);
    dynamic("aspect-transient-storage-api", "__AspectTransientStorageApi__.set", 0, 3125);
    fixed("trace-api", "__TraceApi__.queryStateChange", 10000000);
    fixed("trace-api", "__TraceApi__.queryCallTree", 10000000);
    return all;
}

void append_word(Bytes& out, std::uint64_t number) {
    out.insert(out.end(), 24, std::byte{0});
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::byte>(number >> shift & 0xFF));
}

}  // namespace

std::span<const ProductionImport> production_imports() {
    static const std::vector<ProductionImport> all = make_imports();
    return all;
}

std::optional<GasRule> production_gas(std::string_view module, std::string_view name) {
    for (const ProductionImport& import : production_imports()) {
        if (import.name == name && (import.module == module || module == kOlderModule)) return import.rule;
    }
    return std::nullopt;
}

Bytes revert_data(std::string_view message) {
    const auto selector = keccak256(bytes_of("Error(string)"));
    Bytes out(selector.begin(), selector.begin() + 4);
    append_word(out, 32);   // where the string begins
    append_word(out, message.size());
    const auto text = bytes_of(message);
    out.insert(out.end(), text.begin(), text.end());
    out.insert(out.end(), (32 - message.size() % 32) % 32, std::byte{0});
    return out;
}

}  // namespace mortise::abi::aspect
