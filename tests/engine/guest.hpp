#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.hpp"
#include "engine/engines_under_test.hpp"

namespace mortise::engine_tests {

using engine::Caller;
using engine::CompileOptions;
using engine::GuestMemory;
using engine::InstanceId;
using engine::RawValue;
using engine::Stop;
using engine::StopInfo;
using engine::Store;
using engine::StoreLimits;

/// The text format turned to bytes, each text once for the whole program, whatever engine is under test.
const Bytes& wasm_of(std::string_view wat);

RawValue i32(std::int32_t value);
RawValue i64(std::int64_t value);
RawValue f32_bits(std::uint32_t bits);
RawValue f64_bits(std::uint64_t bits);

/// A host function of a test: any callable.
using HostCode = std::function<Stop(Store&, Caller, RawValue*)>;

/// The host's side of a module: what its imports are bound to, by "module.name". Outlives the module.
class Host {
public:
    Host() = default;
    Host(std::initializer_list<std::pair<const std::string, HostCode>> functions) : functions_(functions) {}
    Host& add(std::string name, HostCode code) {
        functions_[std::move(name)] = std::move(code);
        return *this;
    }
    Host& link(std::string name, engine::LinkedImport to) {
        links_[std::move(name)] = std::move(to);
        return *this;
    }

    /// The bindings for that module; an import that is not there is bound to nothing.
    std::vector<engine::Resolved> resolve(const ModuleInfo& info) const;

private:
    std::map<std::string, HostCode> functions_;
    std::map<std::string, engine::LinkedImport> links_;
};

/// A module: its description and what the engine made of it.
struct Compiled {
    ModuleInfo info;
    std::shared_ptr<engine::Module> module;
};

/// Reads and compiles. The start section, if any, becomes the export `mortise:start`.
Result<Compiled> try_compile(engine::Engine& engine, BytesView wasm, const Host& host = {},
                             const CompileOptions& options = {});

/// What became of a call.
struct Outcome {
    Stop stop = Stop::done;
    StopInfo info;
    std::vector<RawValue> slots;
    std::int32_t i32() const { return slots.at(0).i32; }
    std::int64_t i64() const { return slots.at(0).i64; }
};

/// A module in a store of its own.
class Guest {
public:
    Guest(engine::Engine& engine, std::string_view wat, const Host& host = {}, const StoreLimits& limits = {},
          const CompileOptions& options = {});
    explicit Guest(Compiled compiled, const StoreLimits& limits = {});

    Outcome call(std::string_view name, std::initializer_list<RawValue> arguments = {}) {
        return call_in(id, name, arguments);
    }
    Outcome call_in(InstanceId instance, std::string_view name, std::initializer_list<RawValue> arguments = {});
    GuestMemory memory(std::string_view name = "memory");

    Compiled compiled;
    std::unique_ptr<Store> store;
    InstanceId id;
};

/// Calls a function of any store; a function that is not there fails the test.
Outcome call(Store& store, InstanceId instance, std::string_view name, std::initializer_list<RawValue> arguments = {});

/// Base of the contract's test cases: each runs on every engine.
class EngineContract : public testing::TestWithParam<EngineUnderTest> {
protected:
    engine::Engine& engine() const { return shared_engine(GetParam()); }
    const Capabilities& can() const { return engine().info().capabilities; }
};

/// Leaves the case where the engine says that it lacks this; the only way to leave one. What is claimed must be kept.
#define MORTISE_NEEDS(capability) \
    if (!can().capability) GTEST_SKIP() << GetParam().name << " says it has no " #capability

/// Runs the cases of a suite on every engine.
#define MORTISE_ON_EVERY_ENGINE(suite)                                                \
    INSTANTIATE_TEST_SUITE_P(Engines, suite, testing::ValuesIn(engines_under_test()), \
                             [](const auto& param) { return param.param.name; });     \
    static_assert(std::is_base_of_v<EngineContract, suite>)

MATCHER_P(FailsWith, code, std::string("fails with ") + std::string(to_string(code))) {
    if (arg.has_value()) {
        *result_listener << "succeeded";
        return false;
    }
    *result_listener << to_string(arg.error().code()) << ": " << arg.error().message();
    return arg.error().code() == code;
}

MATCHER(IsOk, "succeeds") {
    if (!arg.has_value()) *result_listener << to_string(arg.error().code()) << ": " << arg.error().message();
    return arg.has_value();
}

}  // namespace mortise::engine_tests
