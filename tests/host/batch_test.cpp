// What happens to a batch, or to an instance with a new sandbox for each call, between two calls.

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise {
namespace {

using namespace std::chrono_literals;
using testing::instance_of;
using testing::IsOk;
using testing::Recorder;

// Writes a line without its end, in start-up and in each call, and answers with its payload. Operations of a payload of "h" call
// the host.
constexpr std::string_view kWriter = R"((module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__host_call" (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "startcall")
  (func $say (param $at i32) (param $size i32)
    (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $size))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "wapc_init") (call $say (i32.const 100) (i32.const 5)))
  (func (export "__guest_call") (param $op i32) (param $n i32) (result i32)
    (call $say (i32.const 105) (i32.const 4))
    (call $request (i32.const 64) (i32.const 1024))
    (if (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 104)) (then (drop
      (call $host_call (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))))
    (call $response (i32.const 1024) (local.get $n))
    (i32.const 1))))";

using Told = std::vector<std::string>;

Told told(const std::vector<Result<Bytes>>& outcomes) {
    Told out;
    for (const auto& outcome : outcomes) out.emplace_back(outcome ? text_of(*outcome) : to_string(outcome.error().code()));
    return out;
}

std::vector<BytesView> payloads(std::size_t count, std::string_view text = "e") { return std::vector<BytesView>(count, bytes_of(text)); }

/// Options under which `then(n)` is called for the guest's n-th line.
PluginOptions at_line(std::function<void(int)> then) {
    PluginOptions options;
    options.sandbox.standard_output = OutputLines([then = std::move(then), n = std::make_shared<int>(0)](std::string_view) { then((*n)++); });
    return options;
}

TEST(Batch, LinesWithoutAnEnd_endWithTheirRecord) {
    Told lines;
    PluginOptions options;
    options.sandbox.standard_output = OutputLines([&lines](std::string_view line) { lines.emplace_back(line); });
    auto guest = instance_of(testing::runtime_under_test(), kWriter, options);
    EXPECT_EQ(told(value(guest.invoke_many("op", payloads(3)))), (Told{"e", "e", "e"}));
    EXPECT_EQ(lines, (Told{"start", "call", "call", "call"}));
}

// An interrupt while the sandbox of a record is made, or before there is one, ends the batch.
TEST(Batch, InterruptBetweenTwoSandboxes_cancelsTheRest) {
    for (const int line : {1, 2, 3, 4}) {   // the first call's, the second start-up's, ...
        SCOPED_TRACE(line);
        std::optional<InterruptHandle> handle;
        auto options = at_line([&](int n) {
            if (n == line) handle->interrupt();
        });
        options.instance_policy = InstancePolicy::fresh;
        auto guest = instance_of(testing::runtime_under_test(), kWriter, options);
        handle = guest.interrupt_handle();
        const auto outcomes = told(value(guest.invoke_many("op", payloads(4))));
        const std::size_t first = line <= 2 ? 1 : 2;
        for (std::size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(outcomes[i], i < first ? "e" : "cancelled") << i;
        EXPECT_EQ(text_of(value(guest.invoke("op", "e"))), "e") << "the next call knows nothing of it";
    }
}

TEST(Batch, InterruptWhileANewSandboxIsMade_cancelsASingleCall) {
    std::optional<InterruptHandle> handle;
    auto options = at_line([&](int n) {
        if (n == 2) handle->interrupt();   // the second start-up
    });
    options.instance_policy = InstancePolicy::fresh;
    auto guest = instance_of(testing::runtime_under_test(), kWriter, options);
    handle = guest.interrupt_handle();
    EXPECT_THAT(guest.invoke("op", "e"), IsOk());
    EXPECT_THAT(guest.invoke("op", "e"), testing::FailsWith(ErrorCode::cancelled));
    EXPECT_THAT(guest.invoke("op", "e"), IsOk());
}

// Whatever the batch does at that moment: what begins after an interrupt has come is cancelled.
TEST(Batch, InterruptFromAnotherThread_isNeverLost) {
    for (const auto policy : {InstancePolicy::kept, InstancePolicy::fresh}) {
        PluginOptions options;
        options.instance_policy = policy;
        options.sandbox.standard_output = DiscardOutput{};
        auto guest = instance_of(testing::runtime_under_test(), kWriter, options);
        const auto handle = guest.interrupt_handle();
        int wrong = 0;
        for (int round = 0; round < 20; ++round) {
            std::atomic<bool> running{false}, asked{false};
            std::thread other([&] {
                while (!running) std::this_thread::yield();
                std::this_thread::sleep_for(std::chrono::microseconds(37 * round));
                handle.interrupt();
                asked = true;
            });
            bool ended = false;
            const auto many = payloads(3'000);
            auto done = guest.invoke_many("op", many, [&](std::size_t index, Result<BytesView> outcome) {
                if (outcome && ended) ++wrong;
                ended = ended || asked;
                running = true;
                while (index + 2 == many.size() && !asked) std::this_thread::yield();   // at the latest before the last
            });
            EXPECT_THAT(done, IsOk());
            other.join();
        }
        EXPECT_EQ(wrong, 0) << "policy " << static_cast<int>(policy);
    }
}

TEST(Batch, InterruptOfAnInnerBatch_cancelsItsRestAndTheOuterOne) {
    PluginOptions options;
    Told inner;
    options.host.on_call([&](const HostCall& call, Bytes&) -> Result<void> {
        auto done = call.instance().invoke_many("op", payloads(3), [&](std::size_t, Result<BytesView> outcome) {
            inner.emplace_back(outcome ? text_of(*outcome) : to_string(outcome.error().code()));
            call.instance().interrupt();
        });
        return done;
    });
    auto guest = instance_of(testing::runtime_under_test(), kWriter, options);
    const std::vector<BytesView> records{bytes_of("e"), bytes_of("h"), bytes_of("e")};
    EXPECT_EQ(told(value(guest.invoke_many("op", records))), (Told{"e", "cancelled", "cancelled"}));
    EXPECT_EQ(inner, (Told{"e", "cancelled", "cancelled"}));
}

TEST(Batch, TimeOfItsCaller_isNobodys) {
    PluginOptions options;
    options.observer = std::make_shared<Recorder>();
    auto guest = instance_of(testing::runtime_under_test(), kWriter, options);
    for (const bool calls : {false, true}) {
        const auto before = guest.usage();
        auto done = guest.invoke_many("op", payloads(4), [&](std::size_t, Result<BytesView>) {
            if (calls) {
                EXPECT_THAT(guest.invoke("op", "e"), IsOk());
            }
            std::this_thread::sleep_for(20ms);
        });
        EXPECT_THAT(done, IsOk());
        const auto after = guest.usage();
        EXPECT_LT(after.guest_time - before.guest_time + after.host_time - before.host_time, 40ms);
        EXPECT_GT(after.guest_time, before.guest_time);
    }
}

TEST(Batch, CallOfItsCaller_hasATimeOfItsOwn) {
    RuntimeOptions quick;
    quick.tick = 1ms;
    PluginOptions options;
    options.limits.call_time = 30ms;
    auto guest = instance_of(testing::runtime_under_test(quick), kWriter, options);
    auto done = guest.invoke_many("op", payloads(2), [&](std::size_t, Result<BytesView> outcome) {
        EXPECT_THAT(outcome, IsOk());
        std::this_thread::sleep_for(40ms);
        EXPECT_THAT(guest.invoke("op", "e"), IsOk());
    });
    EXPECT_THAT(done, IsOk());
}

}  // namespace
}  // namespace mortise
