#include "host/background.hpp"

#include <exception>
#include <string>
#include <utility>

namespace mortise::detail {

bool CompilerTurn::take(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (!free_.wait(lock, std::move(stop), [this] { return !taken_; })) return false;
    taken_ = true;
    return true;
}

void CompilerTurn::give_back() noexcept {
    {
        const std::lock_guard lock(mutex_);
        taken_ = false;
    }
    free_.notify_one();
}

BackgroundCompilation::BackgroundCompilation(RuntimeState& runtime, engine::Engine& engine, engine::CompileOptions options,
                                             std::vector<engine::Resolved> imports, std::vector<Job> jobs, Observer* observer)
    : runtime_(runtime),
      engine_(engine),
      options_(options),
      imports_(std::move(imports)),
      jobs_(std::move(jobs)),
      observer_(observer),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

bool BackgroundCompilation::compile(const Job& job, const std::stop_token& stop) {
    if (!runtime_.compiler_turn().take(stop)) return false;
    struct GiveBack {
        CompilerTurn& turn;
        ~GiveBack() { turn.give_back(); }
    } const give_back{runtime_.compiler_turn()};
    if (stop.stop_requested()) return false;
    auto code = obtain_code(runtime_, {engine_, job.module.source(imports_), options_, observer_});
    if (!code) {
        warn(observer_, "the code was not optimised in the background: " + code.error().message());
        return false;
    }
    job.image->set_better(*std::move(code));
    return true;
}

void BackgroundCompilation::run(const std::stop_token& stop) noexcept {
    bool all = true;
    try {
        for (const Job& job : jobs_) all = all && compile(job, stop);
    } catch (const std::exception& exception) {
        all = false;
        warn(observer_, exception.what());
    }
    jobs_.clear();   // the modules' bytes are of no more use
    const std::lock_guard lock(mutex_);
    done_ = true;
    succeeded_ = all;
    over_.notify_all();
}

bool BackgroundCompilation::succeeded() const {
    const std::lock_guard lock(mutex_);
    return succeeded_;
}

bool BackgroundCompilation::wait() const {
    std::unique_lock lock(mutex_);
    over_.wait(lock, [this] { return done_; });
    return succeeded_;
}

}  // namespace mortise::detail
