// Pools of runtimes: what waits, what is handed out, what is refused.

#include <regex>
#include <thread>

#include <mortise/abi/aspect_pool.hpp>

#include "guest.hpp"

namespace mortise::aspect_tests {
namespace {

using abi::aspect::code_hash;
using abi::aspect::Event;
using abi::aspect::PooledRuntime;
using abi::aspect::PoolOptions;
using abi::aspect::Refresh;
using abi::aspect::RuntimePool;
using ::testing::ElementsAre;
using namespace std::string_literals;

// A guest whose `count` gives 1 in a fresh instance, 2 then; `salt` makes it other code.
std::string code(int salt = 0) {
    return Guest{.more = "(global $n (mut i32) (i32.const 0)) (func (export \"salt\") (result i32) (drop (i32.const " + std::to_string(salt) +
                         ")) (i32.const 0))"
                         "(func (export \"count\") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1)))"
                         "(i32.store16 (i32.const 1024) (i32.const 3)) (i32.store (i32.const 1026) (i32.const 4))"
                         "(i32.store (i32.const 1030) (global.get $n)) (i32.const 1024))"}
        .wat();
}

PooledRuntime acquire(RuntimePool& pool, std::string_view wat, const HostFunctions& host = {}) { return value(pool.acquire(bytes_of(wat), host)); }

TEST(CodeHash, IsSha1OfAZeroAndTheCode) {
    // printf '\0abc' | sha1sum
    EXPECT_EQ(code_hash(bytes_of("abc")), "dd3742ec1a4d2a5b563a2b62aef7fc4a46fa6cca");
}

TEST(AspectPool, Key_isAUuidAndTheHashOfTheCode) {
    RuntimePool pool(runtime(), {});
    const auto runtime = acquire(pool, code());
    EXPECT_TRUE(std::regex_match(runtime.key(), std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}:[0-9a-f]{40}"))) << runtime.key();
    EXPECT_EQ(runtime.key().substr(37), code_hash(bytes_of(code())));
    EXPECT_NE(runtime.key(), acquire(pool, code()).key());
}

TEST(AspectPool, RuntimeGivenBack_isHandedOutAgainWithAFreshInstance) {
    RuntimePool pool(runtime(), {});
    auto first = acquire(pool, code());
    const std::string key = first.key();
    EXPECT_THAT(first.instance().call<int>("count"), Holds(1));
    EXPECT_EQ(pool.size(), 0u);
    EXPECT_THAT(pool.give_back(key, std::move(first)), IsOk());
    EXPECT_EQ(pool.size(), 1u);
    auto again = acquire(pool, code());
    EXPECT_EQ(pool.size(), 0u);
    EXPECT_EQ(again.key(), key);
    EXPECT_THAT(again.instance().call<int>("count"), Holds(1));
}

TEST(AspectPool, HookThatThrows_isAnErrorAndOneThatHadWaitedIsMadeAnew) {
    int times = 0, bad = 1;
    PoolOptions options;
    options.before_use = [&](Instance&) -> Result<void> {
        if (++times > bad) return {};
        throw std::runtime_error("no patience");
    };
    RuntimePool pool(runtime(), options);
    EXPECT_THAT(pool.acquire(bytes_of(code()), {}), FailsWith(ErrorCode::host_function_failed, "before_use threw: no patience"));
    auto first = acquire(pool, code());
    const std::string key = first.key();
    EXPECT_THAT(pool.give_back(key, std::move(first)), IsOk());
    bad = times + 1;   // the one that waits
    EXPECT_NE(acquire(pool, code()).key(), key);
}

TEST(AspectPool, OtherCode_isAMiss) {
    RuntimePool pool(runtime(), {});
    auto first = acquire(pool, code(1));
    const std::string key = first.key();
    EXPECT_THAT(pool.give_back(key, std::move(first)), IsOk());
    EXPECT_NE(acquire(pool, code(2)).key(), key);
    EXPECT_EQ(pool.size(), 1u);
}

TEST(AspectPool, OneGivenBackLast_isHandedOutFirst) {
    RuntimePool pool(runtime(), {});
    auto a = acquire(pool, code()), b = acquire(pool, code());
    const std::string key_a = a.key(), key_b = b.key();
    EXPECT_THAT(pool.give_back(key_b, std::move(b)), IsOk());
    EXPECT_THAT(pool.give_back(key_a, std::move(a)), IsOk());
    const auto first = acquire(pool, code()), second = acquire(pool, code());
    EXPECT_EQ(first.key(), key_a);
    EXPECT_EQ(second.key(), key_b);
}

TEST(AspectPool, BeyondItsCapacity_dropsTheOneGivenBackFirstWhateverItsCode) {
    RuntimePool pool(runtime(), {.capacity = 2});
    std::vector<PooledRuntime> all;
    std::vector<std::string> keys;
    for (int i = 0; i < 3; ++i) {
        all.push_back(acquire(pool, code(i)));
        keys.push_back(all.back().key());
    }
    for (int i = 0; i < 3; ++i) EXPECT_THAT(pool.give_back(keys[static_cast<std::size_t>(i)], std::move(all[static_cast<std::size_t>(i)])), IsOk());
    EXPECT_EQ(pool.size(), 2u);
    EXPECT_NE(acquire(pool, code(0)).key(), keys[0]);
    EXPECT_EQ(acquire(pool, code(1)).key(), keys[1]);
    EXPECT_EQ(acquire(pool, code(2)).key(), keys[2]);
}

TEST(AspectPool, OfNoCapacity_keepsNothing) {
    RuntimePool pool(runtime(), {.capacity = 0});
    auto one = acquire(pool, code());
    const std::string key = one.key();
    EXPECT_THAT(pool.give_back(key, std::move(one)), IsOk());
    EXPECT_EQ(pool.size(), 0u);
    EXPECT_NE(acquire(pool, code()).key(), key);
}

TEST(AspectPool, KeyThatIsNone_isRefused) {
    RuntimePool pool(runtime(), {});
    auto one = acquire(pool, code());
    for (const std::string& key : {""s, "no colon"s, ":"s, one.key().substr(1), one.key() + "0", one.key().substr(0, 36) + one.key().substr(37),
                                   "X" + one.key().substr(1), one.key().substr(37)}) {
        EXPECT_THAT(pool.give_back(key, std::move(one)), FailsWith(ErrorCode::invalid_argument)) << key;
        EXPECT_TRUE(one);
    }
    const std::string key = one.key();
    EXPECT_THAT(pool.give_back(key, std::move(one)), IsOk());
}

TEST(AspectPool, RuntimeGivenBackTwiceOrToAnotherPool_isRefused) {
    RuntimePool pool(runtime(), {}), other(runtime(), {});
    auto one = acquire(pool, code()), two = acquire(pool, code());
    const std::string key = one.key();
    EXPECT_THAT(other.give_back(key, std::move(one)), FailsWith(ErrorCode::invalid_argument, "another pool"));
    EXPECT_THAT(pool.give_back(two.key(), std::move(one)), FailsWith(ErrorCode::invalid_argument, "another runtime"));
    EXPECT_THAT(pool.give_back(key, std::move(one)), IsOk());
    EXPECT_THAT(pool.give_back(key, std::move(one)), FailsWith(ErrorCode::closed));
    EXPECT_FALSE(one);
    EXPECT_EQ(one.key(), "");
    EXPECT_EQ(pool.size(), 1u);
}

TEST(AspectPool, RuntimeOfAPoolThatIsGone_isForeignToTheNextAtItsAddress) {
    for (int i = 0; i < 20; ++i) {
        auto pool = std::make_unique<RuntimePool>(runtime(), PoolOptions{});
        auto runtime_of_first = acquire(*pool, code());
        pool.reset();
        RuntimePool next(runtime(), {});
        const std::string key = runtime_of_first.key();
        EXPECT_THAT(next.give_back(key, std::move(runtime_of_first)), FailsWith(ErrorCode::invalid_argument, "another pool"));
    }
}

TEST(AspectPool, OtherHostFunctions_areTheOnesCalled) {
    const std::string wat = Guest{.imports = "(import \"m\" \"n.f\" (func $f (param i32) (result i32)))",
                                  .more = "(func (export \"go\") (param i32) (result i32) (call $f (local.get 0)))"}.wat();
    HostFunctions plain, loud;
    plain.add("m", "n.f", [](std::string_view text) { return std::string(text); });
    loud.add("m", "n.f", [](std::string_view text) { return std::string(text) + "!"; });
    RuntimePool pool(runtime(), {});
    std::string key;
    for (const auto& [host, wanted] : {std::pair(&plain, "x"s), std::pair(&loud, "x!"s), std::pair(&loud, "x!"s), std::pair(&plain, "x"s)}) {
        auto one = acquire(pool, wat, *host);
        if (!key.empty()) {
            EXPECT_EQ(one.key(), key);
        }
        key = one.key();
        EXPECT_THAT(one.instance().call<std::string>("go", "x"), Holds(wanted));
        EXPECT_THAT(pool.give_back(key, std::move(one)), IsOk());
    }
}

TEST(AspectPool, Refresh_makesANewOne) {
    RuntimePool pool(runtime(), {});
    auto one = acquire(pool, code());
    const std::string key = one.key();
    EXPECT_THAT(pool.give_back(key, std::move(one)), IsOk());
    EXPECT_NE(value(pool.acquire(bytes_of(code()), {}, Refresh::yes)).key(), key);
    EXPECT_EQ(pool.size(), 1u);
}

TEST(AspectPool, BeforeUse_isCalledWithEachInstance) {
    int calls = 0;
    bool refuse = false;
    RuntimePool pool(runtime(), {.before_use = [&](Instance& instance) -> Result<void> {
                         if (refuse) return fail(ErrorCode::denied, "not now");
                         ++calls;
                         return instance.call<void>("count");
                     }});
    auto one = acquire(pool, code());
    EXPECT_THAT(one.instance().call<int>("count"), Holds(2));
    EXPECT_THAT(pool.give_back(one.key(), std::move(one)), IsOk());
    auto again = acquire(pool, code());
    EXPECT_EQ(calls, 2);
    refuse = true;
    EXPECT_THAT(pool.acquire(bytes_of(code()), {}), FailsWith(ErrorCode::denied));
}

TEST(AspectPool, CodeThatCannotBeLoaded_isTheLoadsError) {
    RuntimePool pool(runtime(), {});
    EXPECT_THAT(pool.acquire(bytes_of("no module"), {}), FailsWith(ErrorCode::malformed_module));
    EXPECT_EQ(pool.size(), 0u);
}

TEST(AspectPool, Listener_hearsOfHitsAndMisses) {
    std::vector<Event::What> seen;
    PoolOptions options;
    options.plugin.abi_options = abi::aspect::Options{.on_event = [&](const Event& event) {
        if (event.what == Event::What::pool_hit || event.what == Event::What::pool_miss) seen.push_back(event.what);
    }};
    RuntimePool pool(runtime(), std::move(options));
    auto one = acquire(pool, code());
    EXPECT_THAT(pool.give_back(one.key(), std::move(one)), IsOk());
    acquire(pool, code());
    EXPECT_THAT(seen, ElementsAre(Event::What::pool_miss, Event::What::pool_hit));
}

TEST(AspectPool, UsedByManyThreads_givesEachItsOwn) {
    RuntimePool pool(runtime(), {.capacity = 3});
    const std::string wat = code();
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) {
                auto one = acquire(pool, wat);
                const auto count = one.instance().call<int>("count");
                if (!count || *count != 1) ++wrong;
                if (!pool.give_back(one.key(), std::move(one))) ++wrong;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(pool.size(), 3u);
}

}  // namespace
}  // namespace mortise::aspect_tests
