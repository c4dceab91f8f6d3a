#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mortise/mortise.hpp>

namespace mortise::testing {

/// Remembers what happened in plugins. Any thread.
class Recorder : public Observer {
public:
    void guest_log(std::uint64_t, LogLevel, std::string_view text) override {
        const std::lock_guard lock(mutex_);
        logs_.emplace_back(text);
    }
    void guest_output(std::uint64_t, Stream, BytesView bytes) override {
        const std::lock_guard lock(mutex_);
        output_ += text_of(bytes);
    }
    void host_call(const HostCallEvent& event) override {
        const std::lock_guard lock(mutex_);
        host_calls_.push_back(std::string(event.module) + "." + std::string(event.name) + (event.ok ? "" : " failed"));
    }
    void warning(std::uint64_t, std::string_view text) override {
        const std::lock_guard lock(mutex_);
        warnings_.emplace_back(text);
    }

    std::vector<std::string> logs() const { return copy(logs_); }
    std::vector<std::string> warnings() const { return copy(warnings_); }
    std::vector<std::string> host_calls() const { return copy(host_calls_); }
    std::string output() const { return copy(output_); }

private:
    template <class T>
    T copy(const T& what) const {
        const std::lock_guard lock(mutex_);
        return what;
    }

    mutable std::mutex mutex_;
    std::vector<std::string> logs_, warnings_, host_calls_;
    std::string output_;
};

/// A Runtime of the engine under test: MORTISE_TEST_ENGINE of the environment, else the default one.
inline Runtime runtime_under_test(RuntimeOptions options = {}) {
    if (const char* engine = std::getenv("MORTISE_TEST_ENGINE")) options.engine = engine;
    return Runtime(std::move(options));
}

/// What the engine under test can do.
inline Capabilities capabilities_under_test() { return value(runtime_under_test().engine()).capabilities; }

/// A plugin from the text format.
inline Result<Plugin> load_wat(const Runtime& runtime, std::string_view wat, PluginOptions options = {}) {
    return runtime.load_bytes(bytes_of(wat), std::move(options));
}

/// An instance of a plugin from the text format; throws if anything fails.
inline Instance instance_of(const Runtime& runtime, std::string_view wat, PluginOptions options = {}) {
    return value(value(load_wat(runtime, wat, std::move(options))).instantiate());
}

}  // namespace mortise::testing
