#include <mortise/abi/aspect_pool.hpp>

#include <algorithm>
#include <list>
#include <mutex>
#include <random>
#include <utility>

#include "abi/aspect/container.hpp"

namespace mortise::abi::aspect {

namespace {

// The same functions, or copies of them: those share what they call.
bool same_functions(const HostFunctions& a, const HostFunctions& b) {
    return std::equal(a.functions().begin(), a.functions().end(), b.functions().begin(), b.functions().end(),
                      [](const detail::HostFn& x, const detail::HostFn& y) {
                          return x.function == y.function && x.module == y.module && x.name == y.name;
                      });
}

std::string new_uuid() {
    std::random_device random;
    std::string out;
    for (int i = 0; i < 32; ++i) {
        unsigned digit = random() & 15;
        if (i == 12) digit = 4;                  // version 4: random
        if (i == 16) digit = 8 | (digit & 3);    // the usual variant
        if (i == 8 || i == 12 || i == 16 || i == 20) out += '-';
        out += "0123456789abcdef"[digit];
    }
    return out;
}

bool is_key(std::string_view key) {
    const auto colon = key.find(':');
    if (colon != 36 || key.size() != 36 + 1 + 40) return false;
    const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    for (std::size_t i = 0; i < key.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (i != colon && (dash ? key[i] != '-' : !digit(key[i]))) return false;
    }
    return true;
}

struct Idle {
    std::string key;
    std::string hash;
    HostFunctions host;
    Plugin plugin;
};

}  // namespace

struct PooledRuntime::State {
    std::string key;
    std::string hash;
    HostFunctions host;
    Plugin plugin;
    Instance instance;
    std::weak_ptr<const void> pool;   // only compared; another pool at the same address is another pool
};

struct RuntimePool::State : std::enable_shared_from_this<RuntimePool::State> {
    Runtime runtime;
    PoolOptions options;
    mutable std::mutex mutex;     // guards idle
    std::list<Idle> idle;         // the one given back last in front

    void tell(Event::What what) const {
        const auto* settings = std::any_cast<Options>(&options.plugin.abi_options);
        if (settings == nullptr || !settings->on_event) return;
        try {
            settings->on_event(Event{.what = what});
        } catch (...) {   // a listener never fails anyone
        }
    }

    std::list<Idle> take(std::string_view hash) {
        std::list<Idle> taken;
        const std::lock_guard lock(mutex);
        const auto found = std::find_if(idle.begin(), idle.end(), [&](const Idle& one) { return one.hash == hash; });
        if (found != idle.end()) taken.splice(taken.begin(), idle, found);
        return taken;
    }

    Result<Plugin> load(BytesView code, const HostFunctions& host) const {
        PluginOptions plugin = options.plugin;
        plugin.abi = "aspect";
        plugin.host = host;
        return runtime.load_bytes(code, std::move(plugin));
    }

    Result<void> prepare(Instance& instance) const {
        if (!options.before_use) return {};
        try {
            return options.before_use(instance);
        } catch (const Exception& e) {
            return fail(e.error());
        } catch (const std::exception& e) {
            return fail(ErrorCode::host_function_failed, std::string("before_use threw: ") + e.what());
        } catch (...) {
            return fail(ErrorCode::host_function_failed, "before_use threw something that is no std::exception");
        }
    }

    Result<std::unique_ptr<PooledRuntime::State>> ready(std::string key, std::string hash, HostFunctions host, Plugin plugin) const {
        auto instance = plugin.instantiate();
        if (!instance) return fail(std::move(instance).error());
        if (auto fit = prepare(*instance); !fit) return fail(std::move(fit).error());
        return std::make_unique<PooledRuntime::State>(
            PooledRuntime::State{std::move(key), std::move(hash), std::move(host), std::move(plugin), *std::move(instance), weak_from_this()});
    }
};

PooledRuntime::PooledRuntime() noexcept = default;
PooledRuntime::PooledRuntime(PooledRuntime&&) noexcept = default;
PooledRuntime& PooledRuntime::operator=(PooledRuntime&&) noexcept = default;
PooledRuntime::~PooledRuntime() = default;
PooledRuntime::PooledRuntime(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

const std::string& PooledRuntime::key() const noexcept {
    static const std::string none;
    return state_ ? state_->key : none;
}

Instance& PooledRuntime::instance() const noexcept { return state_->instance; }

RuntimePool::RuntimePool(Runtime runtime, PoolOptions options) : state_(std::make_shared<State>()) {
    state_->runtime = std::move(runtime);
    state_->options = std::move(options);
}

RuntimePool::~RuntimePool() = default;

Result<PooledRuntime> RuntimePool::acquire(BytesView code, const HostFunctions& host, Refresh refresh) {
    auto unwrapped = unwrap(code, state_->options.plugin.load_limits.module_bytes);
    if (!unwrapped) return fail(std::move(unwrapped).error());
    if (*unwrapped) code = **unwrapped;
    std::string hash = code_hash(code);
    auto waiting = refresh == Refresh::no ? state_->take(hash) : std::list<Idle>();
    state_->tell(waiting.empty() ? Event::What::pool_miss : Event::What::pool_hit);
    if (!waiting.empty()) {
        Idle& idle = waiting.front();
        auto plugin = same_functions(idle.host, host) ? Result<Plugin>(idle.plugin) : state_->load(code, host);
        if (plugin) {
            if (auto ready = state_->ready(idle.key, hash, host, *std::move(plugin)); ready) return PooledRuntime(*std::move(ready));
        }
    }
    auto plugin = state_->load(code, host);
    if (!plugin) return fail(std::move(plugin).error());
    std::string key = new_uuid() + ":" + hash;
    auto ready = state_->ready(std::move(key), std::move(hash), host, *std::move(plugin));
    if (!ready) return fail(std::move(ready).error());
    return PooledRuntime(*std::move(ready));
}

Result<void> RuntimePool::give_back(std::string_view key, PooledRuntime&& runtime) {
    if (!is_key(key)) return fail(ErrorCode::invalid_argument, "\"" + std::string(key) + "\" is no key of a pooled runtime: <uuid>:<hash>");
    if (!runtime) return fail(ErrorCode::closed, "the runtime was given back before");
    if (runtime.state_->pool.lock() != state_) return fail(ErrorCode::invalid_argument, "the runtime is another pool's");
    if (runtime.state_->key != key) return fail(ErrorCode::invalid_argument, "the key is another runtime's");
    if (auto closed = runtime.state_->instance.close(); !closed) return closed;
    const auto state = std::move(runtime.state_);
    if (state_->options.capacity == 0) return {};

    std::list<Idle> entering, leaving;   // what leaves is dropped outside of the lock
    entering.push_back({std::move(state->key), std::move(state->hash), std::move(state->host), std::move(state->plugin)});
    const std::lock_guard lock(state_->mutex);
    while (state_->idle.size() >= state_->options.capacity) {
        leaving.splice(leaving.begin(), state_->idle, std::prev(state_->idle.end()));
    }
    state_->idle.splice(state_->idle.begin(), entering);
    return {};
}

std::size_t RuntimePool::size() const {
    const std::lock_guard lock(state_->mutex);
    return state_->idle.size();
}

}  // namespace mortise::abi::aspect
