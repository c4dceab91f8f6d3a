#include "engine/guest.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>

#include <dlfcn.h>

#include "wasm/normalise.hpp"

namespace mortise::engine_tests {
namespace {

Stop run_code(const void* function, Store& store, Caller caller, RawValue* slots) noexcept {
    return (*static_cast<const HostCode*>(function))(store, caller, slots);
}

#if defined(MORTISE_WASM_C_API_WASMI)
/// For a build whose engines read no text: the tests' own library has a reader beside its engine.
Bytes parse_without_engine(std::string_view wat) {
    void* library = dlopen(MORTISE_WASM_C_API_WASMI, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error("no reader of the text format");
    const auto parse = reinterpret_cast<std::size_t (*)(const char*, std::size_t, std::byte**)>(dlsym(library, "mortise_wat"));
    const auto release = reinterpret_cast<void (*)(std::byte*, std::size_t)>(dlsym(library, "mortise_wat_free"));
    std::byte* bytes = nullptr;
    const std::size_t size = parse(wat.data(), wat.size(), &bytes);
    if (size == 0) throw std::runtime_error("bad text: " + std::string(wat));
    const Bytes wasm = copy_bytes(BytesView(bytes, size));
    release(bytes, size);
    return wasm;
}
#else
Bytes parse_without_engine(std::string_view) { throw std::runtime_error("no engine of this build reads the text format"); }
#endif

}  // namespace

const Bytes& wasm_of(std::string_view wat) {
    static std::mutex mutex;
    static std::map<std::string, Bytes, std::less<>> known;
    const std::lock_guard lock(mutex);
    if (const auto at = known.find(wat); at != known.end()) return at->second;
    const auto& all = engines_under_test();
    const auto parser = std::find_if(all.begin(), all.end(), [](const EngineUnderTest& which) {
        return shared_engine(which).info().capabilities.text_format;
    });
    if (parser == all.end()) return known.emplace(std::string(wat), parse_without_engine(wat)).first->second;
    return known.emplace(std::string(wat), value(shared_engine(*parser).parse_text(wat))).first->second;
}

RawValue i32(std::int32_t value) {
    RawValue raw{};
    raw.i32 = value;
    return raw;
}

RawValue i64(std::int64_t value) {
    RawValue raw{};
    raw.i64 = value;
    return raw;
}

RawValue f32_bits(std::uint32_t bits) {
    RawValue raw{};
    raw.f32_bits = bits;
    return raw;
}

RawValue f64_bits(std::uint64_t bits) {
    RawValue raw{};
    raw.f64_bits = bits;
    return raw;
}

std::vector<engine::Resolved> Host::resolve(const ModuleInfo& info) const {
    std::vector<engine::Resolved> resolved;
    for (const Import& import : info.imports) {
        const std::string name = import.module + "." + import.name;
        if (const auto link = links_.find(name); link != links_.end()) {
            resolved.emplace_back(link->second);
        } else if (const auto code = functions_.find(name); code != functions_.end()) {
            resolved.emplace_back(engine::HostImport{&run_code, &code->second});
        } else {
            resolved.emplace_back(engine::HostImport{});
        }
    }
    return resolved;
}

Result<Compiled> try_compile(engine::Engine& engine, BytesView wasm, const Host& host, const CompileOptions& options) {
    auto info = read_module(wasm);
    if (!info) return fail(info.error());
    const auto resolved = host.resolve(*info);
    auto normalised = wasm::normalise(*info, wasm);
    if (!normalised) return fail(normalised.error());
    if (normalised->changed) {
        wasm = normalised->wasm;
        info = read_module(wasm);
        if (!info) return fail(info.error());
    }
    auto module = engine.compile({*info, wasm, resolved, normalised->import_names}, options);
    if (!module) return fail(module.error());
    return Compiled{std::move(*info), std::move(*module)};
}

Guest::Guest(engine::Engine& engine, std::string_view wat, const Host& host, const StoreLimits& limits,
             const CompileOptions& options)
    : Guest(value(try_compile(engine, wasm_of(wat), host, options)), limits) {}

Guest::Guest(Compiled given, const StoreLimits& limits)
    : compiled(std::move(given)),
      store(value(compiled.module->new_store(limits))),
      id(value(store->instantiate(*compiled.module))) {}

Outcome Guest::call_in(InstanceId instance, std::string_view name, std::initializer_list<RawValue> arguments) {
    return engine_tests::call(*store, instance, name, arguments);
}

GuestMemory Guest::memory(std::string_view name) {
    const auto memory = store->memory(id, name);
    if (!memory) throw std::runtime_error("no memory " + std::string(name));
    return store->view(*memory);
}

Outcome call(Store& store, InstanceId instance, std::string_view name, std::initializer_list<RawValue> arguments) {
    Outcome outcome;
    outcome.slots = arguments;
    outcome.slots.resize(std::max<std::size_t>(arguments.size(), 16));
    const auto function = store.function(instance, name);
    if (!function) throw std::runtime_error("no function " + std::string(name));
    outcome.stop = store.call(*function, outcome.slots.data(), outcome.slots.size());
    if (outcome.stop != Stop::done) outcome.info = store.take_stop();
    return outcome;
}

}  // namespace mortise::engine_tests
