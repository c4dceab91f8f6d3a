#include "engines/wasmi/wasmi_engine.hpp"

#include <mutex>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "engine/words.hpp"
#include "engines/wasmi/api.hpp"
#include "engines/wasmi/module.hpp"
#include "engines/wasmi/profile.hpp"

#include <wasmtime/wat.h>  // the parser of the text format, which is in the same library

namespace mortise::engines {
namespace {

using namespace wasmi;
using base::concat;
using engine::CompileOptions;

EngineInfo describe() {
    EngineInfo info;
    info.name = "wasmi";
    info.version = mortise_wasmi_version();
    info.description = "Wasmi, interpreting";
    Capabilities& can = info.capabilities;
    can.interrupt = can.fuel = can.memory_limit = can.refused_growth_reported = can.simd = can.reference_types = true;
    can.multi_memory = can.linking = can.linked_tables = can.trap_kinds = can.nested_calls = can.memory_in_callbacks = true;
    can.text_format = true;
    return info;
}

/// Whether code compiled with these options can have that proposal.
bool has_feature(Feature feature, const CompileOptions& options) noexcept {
    switch (feature) {
        case Feature::simd:
        case Feature::relaxed_simd: return options.simd;
        case Feature::bulk_memory: return options.bulk_memory;
        case Feature::reference_types: return options.reference_types;
        case Feature::multi_value: return options.multi_value;
        case Feature::threads:
        case Feature::memory64:
        case Feature::exceptions:
        case Feature::gc:
        case Feature::function_references: return false;
        case Feature::tail_calls:
        case Feature::multi_memory:
        case Feature::mutable_globals:
        case Feature::sign_extension:
        case Feature::saturating_conversions:
        case Feature::extended_const: return true;
    }
    return false;
}

class WasmiEngine final : public engine::Engine {
public:
    explicit WasmiEngine(const WasmiOptions& options) : options_(options), info_(describe()) {}

    const EngineInfo& info() const noexcept override { return info_; }
    Result<std::shared_ptr<engine::Module>> compile(const engine::ModuleSource& source,
                                                    const CompileOptions& options) override;
    Result<std::shared_ptr<engine::Module>> load(const engine::ModuleSource&, const CompileOptions&) override {
        return fail(ErrorCode::unsupported, "Wasmi interprets: it loads no compiled code");
    }
    Result<Bytes> parse_text(std::string_view text) override;
    std::string code_key(const CompileOptions&) const override { return "wasmi-" + info_.version; }
    void tick() noexcept override {}  // running code looks at the clock by itself, between slices

private:
    Result<std::shared_ptr<const Profile>> profile_for(const CompileOptions& options);

    const WasmiOptions options_;
    const EngineInfo info_;
    std::mutex mutex_;  // guards profiles_
    std::vector<std::shared_ptr<const Profile>> profiles_;
};

Result<std::shared_ptr<const Profile>> WasmiEngine::profile_for(const CompileOptions& options) {
    const std::lock_guard lock(mutex_);
    for (const auto& profile : profiles_) {
        if (profile->options() == options) return profile;
    }
    auto made = Profile::make(options_, options);
    if (made) profiles_.push_back(*made);
    return made;
}

Result<std::shared_ptr<engine::Module>> WasmiEngine::compile(const engine::ModuleSource& source,
                                                             const CompileOptions& options) {
    for (const Feature feature : source.info.features) {
        if (has_feature(feature, options)) continue;
        return fail(ErrorCode::unsupported,
                    concat("the module uses ", to_string(feature), ", which Wasmi does not offer with these options"));
    }
    auto profile = profile_for(options);
    if (!profile) return fail(std::move(profile).error());
    return CompiledModule::compile(std::move(*profile), source);
}

Result<Bytes> WasmiEngine::parse_text(std::string_view text) {
    wasm_byte_vec_t wasm{};
    if (wasmtime_error_t* error = wasmtime_wat2wasm(text.data(), text.size(), &wasm)) {
        wasm_byte_vec_t message{};
        wasmtime_error_message(error, &message);
        const std::string words = engine::on_one_line(std::string_view(message.data, message.size));
        wasm_byte_vec_delete(&message);
        wasmtime_error_delete(error);
        return fail(ErrorCode::malformed_module, "text format: " + words);
    }
    Bytes bytes = copy_bytes(std::string_view(wasm.data, wasm.size));
    wasm_byte_vec_delete(&wasm);
    return bytes;
}

Result<void> check_range(std::string_view what, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
    if (value >= least && value <= most) return {};
    return fail(ErrorCode::invalid_argument,
                concat("WasmiOptions::", what, " is ", value, "; it may be ", least, " to ", most));
}

}  // namespace

Result<std::unique_ptr<engine::Engine>> make_wasmi(const WasmiOptions& options) {
    constexpr std::uint64_t kMostStack = std::uint64_t{1} << 30, kLeastInterval = 1'000, kMostInterval = 1'000'000'000;
    if (auto fits = check_range("max_stack_bytes", options.max_stack_bytes, kMinStack, kMostStack); !fits)
        return fail(std::move(fits).error());
    if (auto fits = check_range("check_interval", options.check_interval, kLeastInterval, kMostInterval); !fits)
        return fail(std::move(fits).error());
    return std::make_unique<WasmiEngine>(options);
}

}  // namespace mortise::engines
