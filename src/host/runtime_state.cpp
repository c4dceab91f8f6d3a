#include "host/runtime_state.hpp"

#include "host/abis.hpp"
#include "host/engines.hpp"

namespace mortise::detail {

RuntimeState::RuntimeState(RuntimeOptions options)
    : options_(std::move(options)), abis_(host::make_abis()), engine_(nullptr), clock_(options_.tick, [this] {
          if (auto* engine = ticking_.load(std::memory_order_acquire)) engine->tick();
      }) {}

const abi::Abi* RuntimeState::find_abi(std::string_view name) const noexcept {
    for (const auto& abi : abis_) {
        if (abi->info().name == name) return abi.get();
    }
    return nullptr;
}

Result<engine::Engine*> RuntimeState::engine() {
    std::call_once(made_, [this] {
        engine_ = host::make_engine(options_.engine, options_.engine_options);
        if (engine_) ticking_.store(engine_->get(), std::memory_order_release);
    });
    if (!engine_) return fail(engine_.error());
    return engine_->get();
}

namespace {

Result<trust::CodeCache> open_code_cache(const CodeCacheOptions& options) {
    auto folder = options.folder;
    if (folder.empty()) {
        auto usual = default_code_cache_folder();
        if (!usual) return fail(std::move(usual).error());
        folder = *std::move(usual);
    }
    return trust::CodeCache::open(folder, options.most_bytes);
}

}  // namespace

RuntimeState::CodeCache RuntimeState::code_cache() {
    if (!options_.code_cache) return nullptr;
    const std::lock_guard lock(cache_mutex_);
    if (!code_cache_) code_cache_ = std::make_shared<const Result<trust::CodeCache>>(open_code_cache(*options_.code_cache));
    return code_cache_;
}

RuntimeState::CodeCache RuntimeState::reopen_code_cache(const CodeCache& gone) {
    const std::lock_guard lock(cache_mutex_);
    if (code_cache_ != gone) return code_cache_;
    auto again = std::make_shared<const Result<trust::CodeCache>>(open_code_cache(*options_.code_cache));
    if (*again) code_cache_ = std::move(again);
    return code_cache_;
}

}  // namespace mortise::detail
