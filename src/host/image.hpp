#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include <mortise/module_info.hpp>

#include "engine/engine.hpp"

namespace mortise::detail {

/// A module as engines get it: what an ABI rewrote and the normalising pass left.
struct FinalModule {
    ModuleInfo info;
    Bytes wasm;
    std::vector<std::pair<std::string, std::string>> import_names;   ///< as in `wasm`
    std::string start_export;   ///< what its start section became; empty if it had none

    engine::ModuleSource source(std::span<const engine::Resolved> imports) const { return {info, wasm, imports, import_names}; }
};

/// What instances are made of: a module and the best code there is for it. Any thread.
class Image {
public:
    /// A module that begins with its start-up code.
    Image(ModuleInfo description, std::string start) : info(std::move(description)), start_export(std::move(start)), started(false) {}

    /// A snapshot: start-up code must not run again.
    explicit Image(ModuleInfo description) : info(std::move(description)), started(true) {}

    const ModuleInfo info;
    const std::string start_export;   ///< empty: there is no start section to run
    const bool started;

    const engine::Module& code() const noexcept { return *best_.load(std::memory_order_acquire); }

    /// The code for the first instances; before anyone else knows the image.
    void set_first(std::shared_ptr<engine::Module> code) noexcept {
        first_ = std::move(code);
        best_.store(first_.get(), std::memory_order_release);
    }

    /// Better code, for instances made from now on; once. The former stays, since instances run it.
    void set_better(std::shared_ptr<engine::Module> code) noexcept {
        better_ = std::move(code);
        best_.store(better_.get(), std::memory_order_release);
    }

private:
    std::shared_ptr<engine::Module> first_;
    std::shared_ptr<engine::Module> better_;
    std::atomic<const engine::Module*> best_{nullptr};
};

}  // namespace mortise::detail
