#include <stdexcept>

#include "guest.hpp"

namespace mortise::wapc_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A guest that asks the host with its payload, and answers with `code|length of response|length of error|` and what it was told.
Guest asking() {
    return {.guest_call = R"((local $code i32)
        (call $fetch)
        (local.set $code (call $ask (i32.const 4096) (local.get $n)))
        (i32.store8 (i32.const 8192) (i32.add (i32.const 48) (local.get $code)))
        (if (i32.or (i32.and (i32.eq (local.get $code) (i32.const 1)) (call $host_error_len))
                    (i32.and (i32.eqz (local.get $code)) (call $host_response_len))) (then (unreachable)))
        (call $host_response (i32.const 8193)) (call $host_error (i32.const 8193))
        (call $answer (i32.const 8192) (i32.add (i32.const 1) (i32.add (call $host_response_len) (call $host_error_len)))))"};
}

/// A host with one handler.
HostFunctions host_of(MessageHandler handler) {
    HostFunctions host;
    host.on_call(std::move(handler));
    return host;
}

TEST(WapcHostCall, Answer_isCode1WithTheBytes) {
    auto instance = start(asking(), with(host_of([](const HostCall& call, Bytes& reply) -> Result<void> {
        reply = copy_bytes(std::string(text_of(call.payload)) + "!");
        return {};
    })));
    EXPECT_THAT(invoke(instance, "op", "hello"), Holds(std::string("1hello!")));
    EXPECT_THAT(invoke(instance, "op", ""), Holds(std::string("1!")));
}

TEST(WapcHostCall, Handler_seesWhoCallsWhat) {
    std::uint64_t id = 0;
    auto instance = start(asking(), with(host_of([&id](const HostCall& call, Bytes&) -> Result<void> {
        EXPECT_EQ(call.module, "wapc");
        EXPECT_EQ(call.name, "__host_call");
        EXPECT_EQ(call.binding, "bd");
        EXPECT_EQ(call.space, "ns");
        EXPECT_EQ(call.operation, "op");
        EXPECT_EQ(text_of(call.payload), "hello");
        id = call.instance_id;
        return {};
    })));
    EXPECT_THAT(invoke(instance, "call", "hello"), Holds(std::string("1")));
    EXPECT_EQ(id, instance.id());
    EXPECT_GE(id, 1u);
}

TEST(WapcHostCall, NoAnswer_isCode1WithLength0) {
    auto instance = start(asking(), with(host_of([](const HostCall&, Bytes&) -> Result<void> { return {}; })));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("1")));
}

TEST(WapcHostCall, Error_isCode0WithItsTextAndNoBytes) {
    auto instance = start(asking(), with(host_of([](const HostCall&, Bytes& reply) -> Result<void> {
        reply = copy_bytes("half an answer");
        return fail(ErrorCode::not_found, "no h\xC3\xA9ro");
    })));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("0no h\xC3\xA9ro"))) << "the length counts bytes, not characters";
}

TEST(WapcHostCall, ErrorWithoutText_isCode0) {
    auto instance = start(asking(), with(host_of([](const HostCall&, Bytes&) -> Result<void> {
        return fail(ErrorCode::not_found, "");
    })));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("0")));
}

TEST(WapcHostCall, Exception_isCode0WithWhatItSays) {
    auto instance = start(asking(), with(host_of([](const HostCall&, Bytes& reply) -> Result<void> {
        reply = copy_bytes("half an answer");
        throw std::runtime_error("no luck");
    })));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("0no luck")));

    auto odd = start(asking(), with(host_of([](const HostCall&, Bytes&) -> Result<void> { throw 7; })));
    EXPECT_THAT(invoke(odd, "op"), HoldsPart(("0the host function threw")));
}

TEST(WapcHostCall, NoHandler_isCode0NamingTheCall) {
    auto instance = start(asking());
    const auto said = invoke(instance, "op", "x");
    ASSERT_THAT(said, IsOk());
    EXPECT_THAT(*said, HasSubstr("0no host call handler is set"));
    EXPECT_THAT(*said, HasSubstr("binding \"bd\", namespace \"ns\", operation \"op\""));
}

TEST(WapcHostCall, UnknownRoute_isCode0NamingIt) {
    HostFunctions host;
    host.on({.binding = "bd", .space = "ns", .operation = "other"}, [](const HostCall&, Bytes&) -> Result<void> { return {}; });
    auto instance = start(asking(), with(host));
    EXPECT_THAT(invoke(instance, "op"), HoldsPart(("binding \"bd\", namespace \"ns\", operation \"op\"")));
}

TEST(WapcHostCall, Routes_matchExactlyOrAnything) {
    const auto answering = [](const char* with) {
        return [with](const HostCall&, Bytes& reply) -> Result<void> {
            reply = copy_bytes(with);
            return {};
        };
    };
    HostFunctions host;
    host.on({.binding = "bd", .operation = "other"}, answering("first"))
        .on({.space = "ns"}, answering("second"))
        .on({}, answering("third"))
        .on_call(answering("last"));
    auto instance = start(asking(), with(host));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("1second")));
}

TEST(WapcHostCall, HostAbort_endsTheGuestsCall) {
    auto aborting = [](const HostCall&, Bytes&) -> Result<void> { return fail(ErrorCode::host_abort, "enough"); };
    Guest guest{.guest_call = R"((drop (call $fail (i32.const 32) (i32.const 8))) (drop (call $ask (i32.const 0) (i32.const 0)))
        (call $answer (i32.const 64) (i32.const 9)))"};
    auto instance = start(guest, with(host_of(aborting)));
    const auto error = error_of(invoke(instance, "op"));
    EXPECT_EQ(error.code(), ErrorCode::host_abort);
    EXPECT_EQ(error.message(), "enough");
    EXPECT_EQ(error.guest_message(), "it broke");
}

TEST(WapcHostCall, NextCall_dropsAnswerAndErrorOfTheOneBefore) {
    auto instance = start(Guest{.guest_call = R"(
        (drop (call $ask (i32.const 64) (i32.const 9)))
        (if (i32.ne (call $host_response_len) (i32.const 9)) (then (unreachable)))
        (drop (call $ask (i32.const 32) (i32.const 2)))
        (if (call $host_response_len) (then (unreachable)))
        (if (i32.ne (call $host_error_len) (i32.const 2)) (then (unreachable)))
        (drop (call $ask (i32.const 64) (i32.const 9)))
        (if (call $host_error_len) (then (unreachable)))
        (call $take))"}, with(host_of([](const HostCall& call, Bytes& reply) -> Result<void> {
        if (text_of(call.payload) == "it") return fail(ErrorCode::not_found, "no");
        reply = copy_bytes(call.payload);
        return {};
    })));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer")));
}

TEST(WapcHostCall, Answer_canBeReadTwice) {
    auto instance = start(Guest{.guest_call = R"((drop (call $ask (i32.const 64) (i32.const 9)))
        (call $host_response (i32.const 8192)) (i32.store (i32.const 8192) (i32.const 0)) (call $take))"},
                          with(host_of([](const HostCall& call, Bytes& reply) -> Result<void> {
                              reply = copy_bytes(call.payload);
                              return {};
                          })));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer")));
}

TEST(WapcHostCall, HandlerThatIsEmpty_isCode0) {
    HostFunctions host;
    host.on({}, MessageHandler());
    auto instance = start(asking(), with(host));
    const auto said = invoke(instance, "op");
    ASSERT_THAT(said, IsOk());
    EXPECT_EQ(said->front(), '0');
}

TEST(WapcHostCall, ReplyBuffer_isEmptyOnEntry) {
    auto instance = start(asking(), with(host_of([](const HostCall& call, Bytes& reply) -> Result<void> {
        EXPECT_THAT(reply, IsEmpty());
        reply.insert(reply.end(), call.payload.begin(), call.payload.end());
        return {};
    })));
    EXPECT_THAT(invoke(instance, "op", "one"), Holds(std::string("1one")));
    EXPECT_THAT(invoke(instance, "op", "two"), Holds(std::string("1two")));
}

std::string calling_with_name(int which, std::string_view at) {
    std::string out = "(drop (call $host_call";
    const char* const good[] = {"0", "8", "16"};
    for (int i = 0; i < 3; ++i) {
        out += " (i32.const " + (i == which ? std::string(at) : good[i]) + ") (i32.const 2)";
    }
    return out + " (i32.const 0) (i32.const 0))) (call $take)";
}

TEST(WapcHostCall, NameNotUtf8_isCode0NamingTheFieldAndCallsNobody) {
    const char* const fields[] = {"binding", "namespace", "operation"};
    for (int i = 0; i < 3; ++i) {
        auto instance = start(Guest{.guest_call = calling_with_name(i, "96")},
                              with(host_of([](const HostCall&, Bytes&) -> Result<void> {
                                  ADD_FAILURE() << "the handler must not be called";
                                  return {};
                              })));
        const auto error = error_of(invoke(instance, "op"));
        EXPECT_EQ(error.code(), ErrorCode::guest_error);
        EXPECT_THAT(error.message(), HasSubstr(std::string("the ") + fields[i] + " is not UTF-8"));
    }
}

TEST(WapcHostCall, NameNotUtf8_isHandedOnIfTheOptionsSaySo) {
    std::string seen;
    auto instance = start(Guest{.guest_call = calling_with_name(2, "96")},
                          with(host_of([&seen](const HostCall& call, Bytes&) -> Result<void> {
                                   seen = call.operation;
                                   return {};
                               }),
                               {.names_not_utf8 = abi::wapc::NamesNotUtf8::bytes}));
    EXPECT_THAT(invoke(instance, "op"), IsOk());
    EXPECT_EQ(seen, "\xff\xfe");
}

TEST(WapcHostCall, NameOfSeveralBytesACharacter_isFine) {
    Guest guest{.guest_call = calling_with_name(1, "200"), .more = "(data (i32.const 200) \"\\c3\\a9\")"};
    std::string seen;
    auto instance = start(guest, with(host_of([&seen](const HostCall& call, Bytes&) -> Result<void> {
        seen = call.space;
        return {};
    })));
    EXPECT_THAT(invoke(instance, "op"), IsOk());
    EXPECT_EQ(seen, "\xC3\xA9");
}

TEST(WapcHostCall, OlderGenerations_giveTheNamesTheyHave) {
    struct Row {
        const char* module;
        const char* params;
        const char* arguments;
        const char* wanted;
    };
    const Row rows[] = {
        {"wapc", "i32 i32 i32 i32", "(i32.const 16) (i32.const 2)", "wapc||op|"},
        {"wapc", "i32 i32 i32 i32 i32 i32", "(i32.const 8) (i32.const 2) (i32.const 16) (i32.const 2)", "wapc|ns|op|"},
        {"wasmbus", "i32 i32 i32 i32 i32 i32 i32 i32",
         "(i32.const 0) (i32.const 2) (i32.const 8) (i32.const 2) (i32.const 16) (i32.const 2)", "wasmbus|ns|op|bd"},
    };
    for (const Row& row : rows) {
        const std::string wat = std::string("(module (import \"") + row.module + "\" \"__host_call\" (func $call (param " + row.params +
                                R"() (result i32)))
            (import ")" + row.module + R"(" "__guest_response" (func $response (param i32 i32)))
            (memory (export "memory") 1) (data (i32.const 0) "bd") (data (i32.const 8) "ns") (data (i32.const 16) "op")
            (func (export "__guest_call") (param i32 i32) (result i32)
              (call $response (i32.const 0) (i32.const 0))
              (call $call )" + row.arguments + R"( (i32.const 16) (i32.const 1)))))";
        std::string seen;
        auto instance = testing::instance_of(runtime(), wat, with(host_of([&seen](const HostCall& call, Bytes&) -> Result<void> {
            seen = std::string(call.module) + "|" + std::string(call.space) + "|" + std::string(call.operation) + "|" +
                   std::string(call.binding);
            EXPECT_EQ(text_of(call.payload), "o");
            return {};
        })));
        EXPECT_THAT(invoke(instance, "op"), IsOk());
        EXPECT_EQ(seen, row.wanted);
    }
}

TEST(WapcHostCall, PayloadOfTheHandler_isACopyThatTheGuestCannotChange) {
    // The handler calls the guest, which overwrites what it had handed over and grows its memory.
    Guest guest{.guest_call = R"(
        (call $fetch)
        (if (i32.eq (local.get $op) (i32.const 5))
          (then (i32.store (i32.const 64) (i32.const 0)) (drop (memory.grow (i32.const 16)))
                (return (call $answer (i32.const 0) (i32.const 0)))))
        (drop (call $ask (i32.const 64) (i32.const 9)))
        (call $take))"};
    auto instance = start(guest, with(host_of([](const HostCall& call, Bytes& reply) -> Result<void> {
        auto inner = call.instance().invoke("inner", "");
        if (!inner) return fail(std::move(inner).error());
        EXPECT_EQ(call.operation, "op");
        reply = copy_bytes(call.payload);
        return {};
    })));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer")));
}

TEST(WapcHostCall, Observer_hearsOfEach) {
    class Listener : public Recorder {
    public:
        void host_call(const HostCallEvent& event) override {
            Recorder::host_call(event);
            EXPECT_EQ(event.binding, "bd");
            EXPECT_EQ(event.space, "ns");
            EXPECT_EQ(event.operation, "op");
            EXPECT_TRUE(event.has_payload);
            payloads.emplace_back(text_of(event.payload));
        }
        std::vector<std::string> payloads;
    };
    auto listener = std::make_shared<Listener>();
    PluginOptions options = with(host_of([](const HostCall& call, Bytes&) -> Result<void> {
        if (call.payload.empty()) return fail(ErrorCode::not_found, "nothing");
        return {};
    }));
    options.observer = listener;
    auto instance = start(asking(), options);
    EXPECT_THAT(invoke(instance, "op", "one"), IsOk());
    EXPECT_THAT(invoke(instance, "op", ""), IsOk());
    EXPECT_THAT(listener->host_calls(), ElementsAre("wapc.__host_call", "wapc.__host_call failed"));
    EXPECT_THAT(listener->payloads, ElementsAre("one", ""));
}

}  // namespace
}  // namespace mortise::wapc_tests
