// A guest of the published SDK, see fixtures/README.md, with the chain's own gas rules.

#include <map>

#include "guest.hpp"

namespace mortise::aspect_tests {
namespace {

using abi::aspect::production_gas;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using namespace std::string_literals;

// The chain's side of the counter.
struct Chain {
    std::map<std::string, Bytes, std::less<>> state;
    std::vector<std::string> logs;
    std::string reverted;

    HostFunctions host() {
        HostFunctions out;
        const auto rule = [](std::string_view module, std::string_view name) { return std::any(*production_gas(module, name)); };
        out.add("util-api", "__UtilApi__.sLog", [this](std::string_view text) { logs.emplace_back(text); }, rule("util-api", "__UtilApi__.sLog"));
        out.add("util-api", "__UtilApi__.revert", [this](std::string_view text) { reverted = text; }, rule("util-api", "__UtilApi__.revert"));
        out.add("crypto-api", "__CryptoApi__.keccak", [](BytesView bytes) {
            const auto digest = abi::aspect::keccak256(bytes);
            return Bytes(digest.begin(), digest.end());
        }, rule("crypto-api", "__CryptoApi__.keccak"));
        out.add("aspect-state-api", "__AspectStateApi__.get", [this](std::string_view key) {
            const auto found = state.find(key);
            return found == state.end() ? Bytes() : found->second;
        }, rule("aspect-state-api", "__AspectStateApi__.get"));
        out.add("aspect-state-api", "__AspectStateApi__.set", [this](std::string_view key, BytesView value) {
            state.insert_or_assign(std::string(key), copy_bytes(value));
        }, rule("aspect-state-api", "__AspectStateApi__.set"));
        return out;
    }
};

Instance counter(Chain& chain, std::string_view file) {
    PluginOptions options;
    options.host = chain.host();
    const auto plugin = value(runtime().load(std::string(MORTISE_SOURCE_DIR "/tests/abi/aspect/fixtures/") + std::string(file), std::move(options)));
    EXPECT_EQ(plugin.abi().name, "aspect");
    return value(plugin.instantiate());
}

// OperationInput with its field 3, callData.
Bytes operation(std::string_view data) {
    Bytes out{std::byte{0x1A}, static_cast<std::byte>(data.size())};
    const auto bytes = bytes_of(data);
    out.insert(out.end(), bytes.begin(), bytes.end());
    return out;
}

class AspectSdk : public ::testing::TestWithParam<const char*> {};

TEST_P(AspectSdk, Guest_runsItsOperations) {
    Chain chain;
    auto instance = counter(chain, GetParam());
    EXPECT_THAT(instance.call<Bytes>("execute", "operation", operation("add")), Holds(Bytes{std::byte{1}}));
    EXPECT_THAT(instance.call<Bytes>("execute", "operation", operation("add")), Holds(Bytes{std::byte{2}}));
    EXPECT_THAT(chain.state, ElementsAre(std::pair("count"s, Bytes{std::byte{2}})));
    EXPECT_THAT(chain.logs, ElementsAre("operation add", "operation add"));
    const auto digest = abi::aspect::keccak256(bytes_of("hash"));
    EXPECT_THAT(instance.call<Bytes>("execute", "operation", operation("hash")), Holds(Bytes(digest.begin(), digest.end())));
}

TEST_P(AspectSdk, Guest_saysWhoOwnsIt) {
    Chain chain;
    auto instance = counter(chain, GetParam());
    EXPECT_THAT(instance.call<bool>("execute", "isOwner", Bytes{std::byte{1}}), Holds(true));
    EXPECT_THAT(instance.call<bool>("execute", "isOwner", Bytes{std::byte{2}}), Holds(false));
}

TEST_P(AspectSdk, Revert_isStoredAndTrapsWithItsText) {
    Chain chain;
    auto instance = counter(chain, GetParam());
    const Outcome outcome = call(instance, "execute", {"operation", operation("bad")}, 10'000'000);
    ASSERT_THAT(outcome.value, FailsWith(ErrorCode::trap, "no such operation: bad"));
    EXPECT_THAT(outcome.value.error().guest_message(), Optional("no such operation: bad"s));
    EXPECT_EQ(chain.reverted, "no such operation: bad");
    EXPECT_GT(outcome.gas_left, 0);
    EXPECT_THAT(instance.call<Bytes>("execute", "operation", operation("add")), IsOk());
}

TEST_P(AspectSdk, UnknownMethod_throws) {
    Chain chain;
    auto instance = counter(chain, GetParam());
    const auto outcome = call(instance, "execute", {"nothing", Bytes()});
    ASSERT_THAT(outcome.value, FailsWith(ErrorCode::trap));
    EXPECT_THAT(outcome.value.error().guest_message(), Optional(HasSubstr("method nothing not found")));
}

TEST_P(AspectSdk, OutOfGas_endsTheCallWherever) {
    Chain chain;
    auto instance = counter(chain, GetParam());
    gas_of(instance, "execute", {"operation", operation("hash")});   // the first call also grows the memory and makes singletons
    const std::int64_t needed = (gas_of(instance, "execute", {"operation", operation("hash")}) + 999) / 1000;
    for (const std::int64_t gas : {std::int64_t{0}, std::int64_t{1}, needed / 10, needed / 2, needed - 1}) {
        const Outcome outcome = call(instance, "execute", {"operation", operation("hash")}, gas);
        EXPECT_THAT(outcome.value, FailsWith(ErrorCode::out_of_gas)) << gas;
        EXPECT_EQ(outcome.gas_left, 0);
    }
    EXPECT_THAT(call(instance, "execute", {"operation", operation("hash")}, 2 * needed).value, IsOk());
}

TEST_P(AspectSdk, SameCallInFreshInstances_costsTheSame) {
    Chain one, two;
    auto first = counter(one, GetParam());
    auto second = counter(two, GetParam());
    EXPECT_EQ(gas_of(first, "execute", {"operation", operation("add")}), gas_of(second, "execute", {"operation", operation("add")}));
}

INSTANTIATE_TEST_SUITE_P(Builds, AspectSdk, ::testing::Values("counter.wasm", "counter_start_section.wasm"), [](const auto& row) {
    const std::string file = row.param;
    return file.substr(0, file.size() - 5);
});

TEST(AspectSdkValidate, ExportedStart_isValidAndAStartSectionIsNot) {
    Chain chain;
    PluginOptions options;
    options.host = chain.host();
    options.abi_options = abi::aspect::Options{.validate = true};
    const std::string folder = MORTISE_SOURCE_DIR "/tests/abi/aspect/fixtures/";
    EXPECT_THAT(runtime().load(folder + "counter.wasm", options), IsOk());
    EXPECT_THAT(runtime().load(folder + "counter_start_section.wasm", options), FailsWith(ErrorCode::unsupported, "start section not allowed"));
}

}  // namespace
}  // namespace mortise::aspect_tests
