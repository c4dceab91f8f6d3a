#include "cli/bench_run.hpp"

#include <atomic>
#include <barrier>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace mortise::cli {

namespace {

using Clock = std::chrono::steady_clock;

/// The call in the form that an instance takes, made once.
class Repeated {
public:
    explicit Repeated(const Call& call) {
        for (const auto& argument : call.arguments) views_.emplace_back(argument);
        request_.name = call.name;
        request_.form = call.with_values ? CallRequest::Form::values : CallRequest::Form::message;
        request_.arguments = views_;
        request_.payload = call.payload;
        request_.options = call.options.has_value() ? &call.options : nullptr;
        if (call.results && call.results->size() <= 1) request_.wanted = call.results->empty() ? Kind::none : call.results->front();
    }
    Repeated(const Repeated&) = delete;
    Repeated& operator=(const Repeated&) = delete;

    Result<void> perform(Instance& instance) { return instance.perform(request_, outcome_); }

private:
    std::vector<ValueView> views_;
    CallRequest request_;
    CallOutcome outcome_;   // its buffers are used again
};

// One thread's part of a run.
struct Worker {
    std::optional<Instance> instance{};
    Latencies latencies{};
    std::uint64_t failed = 0;
    std::optional<Error> error{};
};

void call_until(Worker& worker, const Call& call, const std::atomic<bool>& over) {
    Repeated repeated(call);
    auto begin = Clock::now();
    while (!over.load(std::memory_order_relaxed)) {
        auto done = repeated.perform(*worker.instance);
        const auto end = Clock::now();
        if (done) {
            worker.latencies.add(end - begin);
        } else {
            // E.g. a guest that never frees anything: a new sandbox goes on.
            ++worker.failed;
            if (!worker.error) worker.error = std::move(done).error();
            if (auto fresh = worker.instance->reset(); !fresh) return;
        }
        begin = done ? end : Clock::now();
    }
}

Result<Instance> warm_instance(const Plugin& plugin, const Call& call) {
    auto instance = plugin.instantiate();
    if (!instance) return instance;
    Repeated repeated(call);
    for (int i = 0; i < 10; ++i) {
        if (auto done = repeated.perform(*instance); !done) return fail(std::move(done).error());
    }
    return instance;
}

Result<ThreadRun> run_threads(const Plugin& plugin, const Call& call, unsigned count, std::chrono::milliseconds time) {
    std::vector<std::unique_ptr<Worker>> workers;
    for (unsigned i = 0; i < count; ++i) {
        auto instance = warm_instance(plugin, call);
        if (!instance) return fail(std::move(instance).error());
        workers.push_back(std::make_unique<Worker>());
        workers.back()->instance.emplace(*std::move(instance));
    }
    std::atomic<bool> over{false};
    std::barrier together(static_cast<std::ptrdiff_t>(count) + 1);
    std::vector<std::jthread> threads;
    for (const auto& worker : workers) {
        threads.emplace_back([&, one = worker.get()] {
            together.arrive_and_wait();
            call_until(*one, call, over);
        });
    }
    together.arrive_and_wait();
    const auto begin = Clock::now();
    std::this_thread::sleep_for(time);
    over = true;
    threads.clear();
    ThreadRun run{.threads = count};
    run.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    for (const auto& worker : workers) {
        run.latencies.add(worker->latencies);
        run.failed += worker->failed;
        if (worker->error && !run.first_error) run.first_error = std::move(worker->error);
    }
    if (run.first_error && run.failed >= run.latencies.count()) return fail(*std::move(run.first_error));
    return run;
}

Result<double> fresh_per_second(const Plugin& plugin, std::chrono::milliseconds time) {
    const auto begin = Clock::now();
    std::uint64_t made = 0;
    auto now = begin;
    do {
        auto instance = plugin.instantiate();
        if (!instance) return fail(std::move(instance).error());
        ++made;
        now = Clock::now();
    } while (now - begin < time);
    return static_cast<double>(made) / std::chrono::duration<double>(now - begin).count();
}

}  // namespace

Result<void> measure(const Plugin& plugin, const Call& call, const BenchSettings& settings, EngineRun& run) {
    if (auto warm = warm_instance(plugin, call); !warm) return fail(std::move(warm).error());
    auto fresh = fresh_per_second(plugin, settings.time);
    if (!fresh) return fail(std::move(fresh).error());
    run.fresh_per_second = *fresh;
    for (const unsigned threads : settings.threads) {
        auto done = run_threads(plugin, call, threads, settings.time);
        if (!done) return fail(std::move(done).error());
        run.runs.push_back(*std::move(done));
    }
    return {};
}

}  // namespace mortise::cli
