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

const std::optional<Result<trust::CodeCache>>& RuntimeState::code_cache() {
    std::call_once(cache_opened_, [this] {
        if (!options_.code_cache) return;
        auto folder = options_.code_cache->folder;
        if (folder.empty()) {
            auto usual = default_code_cache_folder();
            if (!usual) {
                code_cache_.emplace(fail(std::move(usual).error()));
                return;
            }
            folder = *std::move(usual);
        }
        code_cache_.emplace(trust::CodeCache::open(folder, options_.code_cache->most_bytes));
    });
    return code_cache_;
}

}  // namespace mortise::detail
