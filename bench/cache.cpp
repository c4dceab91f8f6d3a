// From a file to the first result, with compiled code in the cache and without: the Rust guest of the waPC test suite (96 KB).
// `hit` is a Runtime that has its engine; `hit_new_runtime` makes the engine, too, as a new process does.
#include <filesystem>
#include <string>

#include <benchmark/benchmark.h>

#include <mortise/mortise.hpp>

namespace {

std::filesystem::path module_file() { return std::filesystem::path(MORTISE_SHARED_DIR) / "plugins" / "wapc" / "rust_guest_test.wasm"; }

struct Folder {
    std::filesystem::path path;
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "mortise-bench-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
};

mortise::Runtime with_cache(const std::filesystem::path& folder) {
    mortise::RuntimeOptions options;
    options.code_cache = mortise::CodeCacheOptions{.folder = folder};
    return mortise::Runtime(options);
}

/// The guest refuses the payload, which is a first result as good as any: it ran.
void first_result(const mortise::Runtime& runtime) {
    mortise::PluginOptions options;
    options.host.on_call([](const mortise::HostCall&, mortise::Bytes&) -> mortise::Result<void> { return {}; });
    const auto plugin = mortise::value(runtime.load(module_file(), options));
    benchmark::DoNotOptimize(plugin.invoke_fresh("echo", "payload"));
}

void compiled(benchmark::State& state) {
    if (!std::filesystem::exists(module_file())) return state.SkipWithError("no folder of real plugins");
    const mortise::Runtime runtime;
    for (auto _ : state) first_result(runtime);
}

void hit(benchmark::State& state) {
    if (!std::filesystem::exists(module_file())) return state.SkipWithError("no folder of real plugins");
    const Folder folder;
    const auto runtime = with_cache(folder.path);
    first_result(runtime);
    for (auto _ : state) first_result(runtime);
}

void hit_new_runtime(benchmark::State& state) {
    if (!std::filesystem::exists(module_file())) return state.SkipWithError("no folder of real plugins");
    const Folder folder;
    first_result(with_cache(folder.path));
    for (auto _ : state) first_result(with_cache(folder.path));
}

BENCHMARK(compiled)->Unit(benchmark::kMicrosecond);
BENCHMARK(hit)->Unit(benchmark::kMicrosecond);
BENCHMARK(hit_new_runtime)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
