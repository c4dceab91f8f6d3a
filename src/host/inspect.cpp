#include <mortise/runtime.hpp>

#include <optional>
#include <utility>

#include "host/abis.hpp"
#include "host/code.hpp"
#include "host/compile.hpp"
#include "host/runtime_state.hpp"
#include "host/unwrap.hpp"
#include "trust/digest.hpp"

namespace mortise {

namespace {

// Stands for every imported function of a module that is compiled only to see whether it can be.
engine::Stop never_called(const void*, engine::Store&, engine::Caller, engine::RawValue*) noexcept { return engine::Stop::engine; }

Result<void> check_size(BytesView bytes, const LoadLimits& limits) {
    if (bytes.size() <= detail::most_file_bytes(bytes, limits.module_bytes)) return {};
    return fail(ErrorCode::unsupported,
                "the module is larger than the limit of " + std::to_string(limits.module_bytes) + " bytes (module_bytes)");
}

// Looking at the module in a compiled plugin needs no trust: its code stays where it is.
Result<detail::UnwrappedModule> unwrap(detail::RuntimeState& runtime, BytesView bytes, const std::string& abi, const LoadLimits& limits) {
    auto artefact = detail::open_artefact(runtime, bytes, detail::Trust::anybody, nullptr);
    if (!artefact) return fail(std::move(artefact).error());
    if (!*artefact) return detail::unwrap_module(runtime, bytes, abi, limits);
    return detail::UnwrappedModule{copy_bytes((*artefact)->wasm), "compiled"};
}

}  // namespace

std::vector<Recognition> recognise(const ModuleInfo& module) {
    std::vector<Recognition> all;
    for (const auto& abi : host::make_abis()) {
        if (auto reason = abi->recognise(module)) all.push_back({abi->info().name, *std::move(reason)});
    }
    return all;
}

Result<Inspection> Runtime::inspect(BytesView bytes, const std::string& abi, const LoadLimits& limits) const {
    if (auto fits = check_size(bytes, limits); !fits) return fail(std::move(fits).error());
    auto unwrapped = unwrap(*state_, bytes, abi, limits);
    if (!unwrapped) return fail(std::move(unwrapped).error());
    auto info = read_module(unwrapped->wasm, limits);
    if (!info) return fail(std::move(info).error());
    Inspection out;
    out.recognised = recognise(*info);
    out.module = *std::move(info);
    out.form = std::move(unwrapped->form);
    out.sha256 = trust::sha256_hex(bytes);
    out.file_bytes = bytes.size();
    out.module_bytes = unwrapped->wasm.size();
    return out;
}

Result<void> Runtime::can_run(BytesView bytes, const std::string& abi, const LoadLimits& limits) const {
    if (auto fits = check_size(bytes, limits); !fits) return fits;
    auto engine = state_->engine();
    if (!engine) return fail(std::move(engine).error());
    auto unwrapped = unwrap(*state_, bytes, abi, limits);
    if (!unwrapped) return fail(std::move(unwrapped).error());
    auto info = read_module(unwrapped->wasm, limits);
    if (!info) return fail(std::move(info).error());
    auto module = detail::normalised(*std::move(info), unwrapped->wasm);
    if (!module) return fail(std::move(module).error());
    const std::vector<engine::Resolved> imports(module->info.imports.size(), engine::HostImport{.call = &never_called});
    engine::CompileOptions options;
    options.interrupt = (*engine)->info().capabilities.interrupt;
    auto code = (*engine)->compile(module->source(imports), options);
    if (!code) return fail(std::move(code).error());
    return {};
}

}  // namespace mortise
