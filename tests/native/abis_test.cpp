// Native modules that speak the ABIs of Wasm plugins: the same hosts run them.

#include <mortise/native.hpp>

#include <algorithm>
#include <cctype>
#include <cstring>

#include <mortise/mortise.hpp>

#include "support/matchers.hpp"

namespace mortise {
namespace {

using native::Context;
using testing::FailsWith;
using testing::Holds;
using testing::IsOk;

Plugin load(const native::Module& module, PluginOptions options = {}) {
    const Runtime runtime({.engine = "native", .engine_options = {.native = {.modules = {native::share(module)}}}});
    return value(runtime.load_bytes(module.wasm(), std::move(options)));
}

/// A waPC guest: "echo" answers with its payload, "ask" with what the host answers, anything else is an error.
native::Module wapc_guest() {
    native::Module module("wapc guest");
    module.memory(1);
    const auto request = module.import<void(std::uint32_t, std::uint32_t)>("wapc", "__guest_request");
    const auto respond = module.import<void(std::uint32_t, std::uint32_t)>("wapc", "__guest_response");
    const auto failed = module.import<void(std::uint32_t, std::uint32_t)>("wapc", "__guest_error");
    const auto host_call =
        module.import<std::uint32_t(std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t,
                                    std::uint32_t, std::uint32_t)>("wapc", "__host_call");
    const auto answer_size = module.import<std::uint32_t()>("wapc", "__host_response_len");
    const auto answer = module.import<void(std::uint32_t)>("wapc", "__host_response");
    module.add("__guest_call", [=](Context& guest, std::uint32_t name_size, std::uint32_t size) -> std::int32_t {
        const std::uint32_t name_at = guest.allocate(name_size), at = guest.allocate(size);
        request(guest, name_at, at);
        const std::string name(guest.text(name_at, name_size));
        if (name == "echo") {
            respond(guest, at, size);
            return 1;
        }
        if (name == "ask" && host_call(guest, 0, 0, 0, 0, name_at, name_size, at, size) == 1) {
            const std::uint32_t answer_at = guest.allocate(answer_size(guest));
            answer(guest, answer_at);
            respond(guest, answer_at, answer_size(guest));
            return 1;
        }
        const std::string text = "cannot do " + name;
        failed(guest, guest.put(text), static_cast<std::uint32_t>(text.size()));
        return 0;
    });
    return module;
}

TEST(NativeAbis, WaPC_guest_answers_asks_and_fails) {
    PluginOptions options;
    options.host.on_call([](const HostCall& call, Bytes& reply) -> Result<void> {
        for (const char c : text_of(call.payload)) reply.push_back(static_cast<std::byte>(std::toupper(static_cast<unsigned char>(c))));
        return {};
    });
    const Plugin plugin = load(wapc_guest(), options);
    EXPECT_EQ(plugin.abi().name, "wapc");
    Instance instance = value(plugin.instantiate());
    EXPECT_EQ(text_of(value(instance.invoke("echo", "hello"))), "hello");
    EXPECT_EQ(text_of(value(instance.invoke("ask", "hello"))), "HELLO");
    const auto failed = instance.invoke("dance", "");
    ASSERT_THAT(failed, FailsWith(ErrorCode::guest_error));
    EXPECT_EQ(failed.error().guest_message(), "cannot do dance");
    EXPECT_EQ(text_of(value(instance.invoke("echo", "again"))), "again");
}

TEST(NativeAbis, Wasp_guest_takes_and_gives_strings) {
    native::Module module("wasp guest");
    module.memory(1);
    const auto raise = module.import<void(std::uint32_t)>("env", "raise_error");
    module.add("allocate", [](Context& guest, std::uint32_t size) { return guest.allocate(size); });
    module.add("deallocate", [](Context&, std::uint32_t, std::uint32_t) {});
    const auto size_of = [](const Context& guest, std::uint32_t at) {
        std::uint32_t size = 0;
        while (guest.load<char>(at + size) != '\0') ++size;
        return size;
    };
    module.add("get_string_size", [=](Context& guest, std::uint32_t at) { return size_of(guest, at); });
    module.add("shout", [=](Context& guest, std::uint32_t at) {
        std::string text(guest.text(at, size_of(guest, at)));
        std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        return guest.put(std::string_view(text.c_str(), text.size() + 1));
    });
    module.add("complain", [=](Context& guest) {
        using namespace std::string_view_literals;
        raise(guest, guest.put("too loud\0"sv));
        return 0;
    });
    const Plugin plugin = load(module);
    EXPECT_EQ(plugin.abi().name, "wasp");
    Instance instance = value(plugin.instantiate());
    EXPECT_THAT(instance.call<std::string>("shout", "quiet"), Holds(std::string("QUIET")));
    const auto complaint = instance.call<std::int32_t>("complain");
    ASSERT_THAT(complaint, FailsWith(ErrorCode::guest_error));
    EXPECT_EQ(complaint.error().guest_message(), "too loud");
}

TEST(NativeAbis, Lies_of_a_native_guest_are_told_like_those_of_any_guest) {
    native::Module module("wapc liar");
    module.memory(1);
    const auto respond = module.import<void(std::uint32_t, std::uint32_t)>("wapc", "__guest_response");
    module.add("__guest_call", [=](Context& guest, std::uint32_t, std::uint32_t) {
        respond(guest, 65'000, 100'000);
        return 1;
    });
    Instance instance = value(load(module).instantiate());
    EXPECT_THAT(instance.invoke("any", ""), FailsWith(ErrorCode::bad_pointer));
}

}  // namespace
}  // namespace mortise
