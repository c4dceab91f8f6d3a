#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "host/code.hpp"
#include "host/image.hpp"

namespace mortise::detail {

/// Optimised code for a plugin's images, made in a thread. Destroying it waits for the thread: a compilation cannot be cut short.
class BackgroundCompilation {
public:
    struct Job {
        Image* image;   ///< lives longer
        FinalModule module;
    };

    /// `runtime`, `engine` and `observer` live longer.
    BackgroundCompilation(RuntimeState& runtime, engine::Engine& engine, engine::CompileOptions options,
                          std::vector<engine::Resolved> imports, std::vector<Job> jobs, Observer* observer);
    BackgroundCompilation(const BackgroundCompilation&) = delete;
    BackgroundCompilation& operator=(const BackgroundCompilation&) = delete;

    /// True once all images have optimised code.
    bool succeeded() const;

    /// Waits until there is nothing left to do; then as `succeeded`.
    bool wait() const;

private:
    void run(const std::stop_token& stop) noexcept;
    bool compile(const Job& job, const std::stop_token& stop);

    RuntimeState& runtime_;
    engine::Engine& engine_;
    const engine::CompileOptions options_;
    const std::vector<engine::Resolved> imports_;
    std::vector<Job> jobs_;
    Observer* const observer_;
    mutable std::mutex mutex_;   // guards the two below
    mutable std::condition_variable over_;
    bool done_ = false;
    bool succeeded_ = false;
    std::jthread thread_;        // last: it uses all of the above
};

}  // namespace mortise::detail
