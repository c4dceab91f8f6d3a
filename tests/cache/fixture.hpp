#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include <mortise/mortise.hpp>

#include "support/matchers.hpp"
#include "support/plugins.hpp"
#include "support/scratch.hpp"
#include "trust/files.hpp"

namespace mortise::testing {

inline std::string module_of(int constant) {
    return "(module (func (export \"f\") (result i32) i32.const " + std::to_string(constant) + "))";
}

/// A cache in a folder of its own, and Runtimes that use it.
class Cache : public ::testing::Test {
protected:
    void SetUp() override {
        const auto engine = Runtime().engine();
        if (!engine || !engine->capabilities.compiled_code) GTEST_SKIP() << "the default engine saves no compiled code";
    }

    std::filesystem::path folder() const { return scratch_.path() / "cache"; }

    /// A Runtime as of another process: it knows nothing but what is in the folder.
    Runtime runtime() const { return with({.folder = folder()}); }
    Runtime with(CodeCacheOptions cache) const {
        RuntimeOptions options;
        options.code_cache = std::move(cache);
        options.observer = observer_;
        return Runtime(std::move(options));
    }

    std::size_t entries() const { return files_in(folder(), ".code").size(); }

    Result<std::int32_t> answer(const Runtime& runtime, const std::string& wat, PluginOptions options = {}) const {
        auto plugin = load_wat(runtime, wat, std::move(options));
        if (!plugin) return fail(plugin.error());
        return plugin->call_fresh<std::int32_t>("f");
    }

    Scratch scratch_;
    std::shared_ptr<Recorder> observer_ = std::make_shared<Recorder>();
};

}  // namespace mortise::testing
