#include "host/background.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <stop_token>
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

/// What the thread works on, and with, whatever becomes of the plugin meanwhile.
class BackgroundCompilation::Work {
public:
    Work(std::shared_ptr<RuntimeState> runtime, engine::Engine& engine, engine::CompileOptions options,
         std::vector<engine::Resolved> imports, std::vector<Job> jobs, std::shared_ptr<Observer> observer)
        : runtime_(std::move(runtime)),
          engine_(engine),
          options_(options),
          imports_(std::move(imports)),
          jobs_(std::move(jobs)),
          observer_(std::move(observer)) {}

    void run(const std::stop_token& stop) noexcept {
        bool all = true;
        try {
            for (const Job& job : jobs_) all = all && compile(job, stop);
        } catch (const std::exception& exception) {
            all = false;
            warn(observer_.get(), exception.what());
        }
        jobs_.clear();   // the modules' bytes are of no more use
        const std::lock_guard lock(mutex_);
        done_ = true;
        succeeded_ = all;
        over_.notify_all();
    }

    bool succeeded() const {
        const std::lock_guard lock(mutex_);
        return succeeded_;
    }

    bool wait() const {
        std::unique_lock lock(mutex_);
        over_.wait(lock, [this] { return done_; });
        return succeeded_;
    }

private:
    bool compile(const Job& job, const std::stop_token& stop) {
        if (!runtime_->compiler_turn().take(stop)) return false;
        struct GiveBack {
            CompilerTurn& turn;
            ~GiveBack() { turn.give_back(); }
        } const give_back{runtime_->compiler_turn()};
        if (stop.stop_requested()) return false;
        const auto source = job.module.source(imports_);
        auto code = job.keep == KeepCode::yes ? obtain_code(*runtime_, {engine_, source, options_, observer_.get()})
                                              : engine_.compile(source, options_);
        if (!code) {
            warn(observer_.get(), "the code was not optimised in the background: " + code.error().message());
            return false;
        }
        job.image->set_better(*std::move(code));
        return true;
    }

    const std::shared_ptr<RuntimeState> runtime_;
    engine::Engine& engine_;
    const engine::CompileOptions options_;
    const std::vector<engine::Resolved> imports_;
    std::vector<Job> jobs_;
    const std::shared_ptr<Observer> observer_;
    mutable std::mutex mutex_;   // guards the two below
    mutable std::condition_variable over_;
    bool done_ = false;
    bool succeeded_ = false;
};

BackgroundCompilation::BackgroundCompilation(std::shared_ptr<RuntimeState> runtime, engine::Engine& engine,
                                             engine::CompileOptions options, std::vector<engine::Resolved> imports,
                                             std::vector<Job> jobs, std::shared_ptr<Observer> observer)
    : work_(std::make_shared<Work>(std::move(runtime), engine, options, std::move(imports), std::move(jobs), std::move(observer))),
      thread_([work = work_](const std::stop_token& stop) { work->run(stop); }) {}

BackgroundCompilation::~BackgroundCompilation() {
    if (thread_.get_id() != std::this_thread::get_id()) return;
    thread_.request_stop();
    thread_.detach();   // it ends when the observer returns
}

bool BackgroundCompilation::succeeded() const { return work_->succeeded(); }

bool BackgroundCompilation::wait() const {
    return thread_.get_id() == std::this_thread::get_id() ? work_->succeeded() : work_->wait();
}

}  // namespace mortise::detail
