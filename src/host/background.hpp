#pragma once

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "host/code.hpp"
#include "host/image.hpp"

namespace mortise::detail {

/// Whether the code of a module goes through the code cache.
enum class KeepCode : std::uint8_t { no, yes };

/// Optimised code for a plugin's images, made in a thread. Destroying it waits for the thread, since a compilation cannot be cut
/// short; but not where the thread itself destroys it, from inside an observer that it warned.
class BackgroundCompilation {
public:
    struct Job {
        std::shared_ptr<Image> image;
        FinalModule module;
        KeepCode keep = KeepCode::yes;
    };

    /// `engine` is the runtime's. Throws std::system_error if there can be no thread.
    BackgroundCompilation(std::shared_ptr<RuntimeState> runtime, engine::Engine& engine, engine::CompileOptions options,
                          std::vector<engine::Resolved> imports, std::vector<Job> jobs, std::shared_ptr<Observer> observer);
    ~BackgroundCompilation();
    BackgroundCompilation(const BackgroundCompilation&) = delete;
    BackgroundCompilation& operator=(const BackgroundCompilation&) = delete;

    /// True once all images have optimised code.
    bool succeeded() const;

    /// Waits until there is nothing left to do, unless this is the thread that does it; then as `succeeded`.
    bool wait() const;

private:
    class Work;

    std::shared_ptr<Work> work_;   // the thread has a share of it
    std::jthread thread_;
};

}  // namespace mortise::detail
