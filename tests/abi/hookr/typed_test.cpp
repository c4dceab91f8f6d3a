#include <mortise/codec_functions.hpp>

#include "guest.hpp"

namespace mortise::hookr_tests {
namespace {

using ::testing::HasSubstr;

struct Pair {
    std::int32_t a = 0;
    std::int32_t b = 7;
    std::string note{};
    friend bool operator==(const Pair&, const Pair&) = default;
};

struct Inner {
    std::vector<Pair> pairs{};
    friend bool operator==(const Inner&, const Inner&) = default;
};

/// Described by the macro: a member is left out, the order is another.
class Total {
public:
    Total() = default;
    explicit Total(std::int64_t s) : sum(s) {}
    std::int64_t sum = 0;
    std::string unit = "m";
    int secret = 5;
};
MORTISE_FIELDS(Total, unit, sum)

/// Sends its payload on to the host's operation "op" and gives back what the host says.
Instance relay(HostFunctions host) {
    return start(Guest{.plugin_call = "(call $fetch) (drop (call $ask (i32.const 4096) (local.get $n))) (call $take)"}, with(std::move(host)));
}

Instance relay_to(MessageHandler handler) {
    HostFunctions host;
    host.on({.operation = "op"}, std::move(handler));
    return relay(std::move(host));
}

Result<std::string> sent(Instance& instance, std::string_view hex) {
    Bytes payload;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) payload.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    return invoke(instance, "any", text_of(payload));
}

MessageHandler summing() {
    return codec::handler([](const Pair& pair) { return Total(std::int64_t{pair.a} + pair.b); });
}

TEST(HookrTyped, PluginFunctions_takeAndGiveStructs) {
    auto instance = start(Guest{.plugin_call = std::string(kEcho)});
    const auto same = value(codec::Function<Pair(Pair)>::of(instance, "same"));
    EXPECT_THAT(same({.a = -300, .b = 70'000, .note = "hé"}), Holds(Pair{-300, 70'000, "hé"}));
    EXPECT_EQ(same.operation(), "same");
    const auto nested = value(codec::Function<Inner(const Inner&)>::of(instance, "nested"));
    EXPECT_THAT(nested({{{1, 2, "x"}, {3, 4, ""}}}), Holds(Inner{{{1, 2, "x"}, {3, 4, ""}}}));
    EXPECT_THAT((value(codec::Function<std::string(std::string), codec::Raw>::of(instance, "raw", codec::raw))("as it is")), Holds(std::string("as it is")));
    EXPECT_THAT(value(codec::Function<void(Pair)>::of(instance, "none"))(Pair{}), IsOk());
    EXPECT_THAT(instance.call<Pair>("same", Pair{1, 2, "three"}, codec::msgpack), Holds(Pair{1, 2, "three"}));
    EXPECT_THAT((codec::Function<Pair(Pair)>::of(instance, "")), FailsWith(ErrorCode::invalid_argument, "name"));
}

// Members in their order, integers in their shortest form; of another struct's fields the known ones are read.
TEST(HookrTyped, PluginFunctions_sendTheWireFormat) {
    std::string seen;
    HostFunctions host;
    host.on({.operation = "op"}, [&seen](const HostCall& call, Bytes& reply) -> Result<void> {
        seen = text_of(call.payload);
        reply = copy_bytes("\x82\xa3sum\xcd\x01\x2c\xa4unit\xa1s");
        return {};
    });
    auto instance = relay(std::move(host));
    const auto total = value(codec::Function<Total(Pair)>::of(instance, "total"))({.a = 300, .b = -1, .note = "on"});
    ASSERT_THAT(total, IsOk());
    EXPECT_EQ(total->sum, 300);
    EXPECT_EQ(total->unit, "s");
    EXPECT_EQ(total->secret, 5);
    EXPECT_EQ(seen, "\x83\xa1" "a\xcd\x01\x2c\xa1" "b\xff\xa4note\xa2on");
}

TEST(HookrTyped, AbsentResponseIsADefault_anEmptyOneAnError) {
    auto absent = start(Guest{.plugin_call = "(i32.const 1)"});
    EXPECT_THAT(value(codec::Function<Pair(Pair)>::of(absent, "f"))(Pair{1, 2, ""}), Holds(Pair{}));
    auto empty = start(Guest{.plugin_call = "(call $response (i32.const 0) (i32.const 0)) (i32.const 1)"});
    EXPECT_THAT(value(codec::Function<Pair(Pair)>::of(empty, "f"))(Pair{}), FailsWith(ErrorCode::decode));
    auto text = start(Guest{.plugin_call = "(call $answer (i32.const 64) (i32.const 9))"});
    EXPECT_THAT(value(codec::Function<Pair(Pair)>::of(text, "f"))(Pair{}), FailsWith(ErrorCode::decode, "map"));
    auto failing = start(Guest{.plugin_call = "(call $fail (i32.const 32) (i32.const 8))"});
    EXPECT_THAT(value(codec::Function<Pair(Pair)>::of(failing, "f"))(Pair{}), FailsWith(ErrorCode::guest_error, "it broke"));
}

TEST(HookrTyped, HostFunctions_takeAndGiveStructs) {
    auto instance = relay_to(summing());
    EXPECT_THAT(sent(instance, "82a16102a16205"), Holds(std::string("\x82\xa4unit\xa1m\xa3sum\x07")));
    const auto add = value(codec::Function<Total(Pair)>::of(instance, "add"));
    EXPECT_EQ(add({.a = 40, .b = 2})->sum, 42);
}

struct WireRow {
    const char* name;
    const char* payload;   ///< hex
    std::int64_t sum;
};

TEST(HookrTyped, HostFunctions_readWhatOtherEncodersWrite) {
    auto instance = relay_to(summing());
    const WireRow rows[] = {
        {"wide_integers", "82a161d30000000000000002a162cf0000000000000005", 7},
        {"map16", "de0002a16102a16205", 7},
        {"map32", "df00000002a16102a16205", 7},
        {"keys_as_bin", "82c40161" "02c40162" "05", 7},
        {"unknown_keys", "84a16102a17893c0c381a179cb0000000000000000a16205a17ac7030a010203", 7},
        {"missing_keys_leave_defaults", "81a16102", 9},
        {"no_keys", "80", 7},
        {"last_of_repeated_keys", "83a16101a16205a16102", 7},
        {"trailing_bytes", "82a16102a16205ffff", 7},
    };
    for (const WireRow& row : rows) {
        const auto answer = sent(instance, row.payload);
        ASSERT_THAT(answer, IsOk()) << row.name;
        EXPECT_EQ(codec::decode<Total>(bytes_of(*answer), codec::msgpack)->sum, row.sum) << row.name;
    }
}

struct BadRow {
    const char* name;
    const char* payload;   ///< hex
    const char* text;
};

// What is wrong is the guest's to read: path, wanted, got.
TEST(HookrTyped, HostFunctions_tellTheGuestWhatIsWrong) {
    auto instance = relay_to(summing());
    const BadRow rows[] = {
        {"empty", "", "empty"},          {"nil", "c0", "wanted a map"},           {"array", "920205", "wanted a map"},
        {"text", "81a161a132", "a"},    {"float", "81a161cb4000000000000000", "wanted an integer"},
        {"too_large", "81a161ce80000000", "32"}, {"nil_member", "81a161c0", "wanted an integer"},
        {"bin_as_text", "81a46e6f7465c40178", "note"}, {"truncated", "82a16102a162", "ends"},
        {"more_entries_than_bytes", "dfffffffff", ""}, {"nested_in_unknown", "81a178dfffffffff", "x"},
    };
    for (const BadRow& row : rows) {
        const auto answer = sent(instance, row.payload);
        ASSERT_THAT(answer, FailsWith(ErrorCode::guest_error)) << row.name;
        EXPECT_THAT(answer.error().message(), HasSubstr(row.text)) << row.name;
    }
    std::string deep = "81a178";   // under a key that nobody knows: passed over, without using up a stack
    for (int i = 0; i < 20'000; ++i) deep += "91";
    EXPECT_THAT(sent(instance, deep + "c0"), IsOk());
    EXPECT_THAT(sent(instance, deep), FailsWith(ErrorCode::guest_error, "ends"));
}

TEST(HookrTyped, HostFunctions_mayHaveAnyShape) {
    std::string seen;
    struct Row {
        const char* name;
        MessageHandler handler;
        std::string answer;
    };
    const Row rows[] = {
        {"result", codec::handler([](const Pair& pair) -> Result<Total> { return Total(pair.a); }), std::string("\x82\xa4unit\xa1m\xa3sum\x02")},
        {"nothing_back", codec::handler([&](Pair pair) { seen = std::to_string(pair.a); }), ""},
        {"nothing_in", codec::handler([] { return 5; }), "\x05"},
        {"with_the_call", codec::handler([](const HostCall& call, const Pair& pair) { return std::string(call.operation) + std::to_string(pair.a); }), "\xa3op2"},
        {"the_call_alone", codec::handler([](const HostCall& call) { return call.payload.size(); }), std::string("\x04")},
        {"fallible_without_value", codec::handler([](const Pair&) -> Result<void> { return {}; }), ""},
        {"json", codec::handler([](const std::optional<Pair>&) { return Total(1); }, codec::msgpack), std::string("\x82\xa4unit\xa1m\xa3sum\x01")},
        {"raw", codec::handler([](const std::string& text) { return text + "!"; }, codec::raw), "\x81\xa1" "a\x02!"},
    };
    for (const Row& row : rows) {
        auto instance = relay_to(row.handler);
        EXPECT_THAT(sent(instance, "81a16102"), Holds(row.answer)) << row.name;
    }
    EXPECT_EQ(seen, "2");
    auto failing = relay_to(codec::handler([](const Pair&) -> Result<Total> { return fail(ErrorCode::not_found, "no such pair"); }));
    EXPECT_THAT(sent(failing, "80"), FailsWith(ErrorCode::guest_error, "no such pair"));
    auto throwing = relay_to(codec::handler([](const Pair&) -> Total { throw std::runtime_error("thrown"); }));
    EXPECT_THAT(sent(throwing, "80"), FailsWith(ErrorCode::guest_error, "thrown"));
}

}  // namespace
}  // namespace mortise::hookr_tests
