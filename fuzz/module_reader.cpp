// Any bytes are read or refused; what was read is consistent, and what normalising makes of it is the same module.

#include <algorithm>

#include "require.hpp"
#include "wasm/module.hpp"
#include "wasm/normalise.hpp"

namespace {

using namespace mortise;
using namespace mortise::wasm;

void check_parts(const ParsedModule& module, BytesView wasm) {
    const auto sections = read_sections(wasm);
    MORTISE_REQUIRE(sections && sections->size() == module.sections.size());
    std::uint64_t at = 8;
    for (const auto& section : *sections) {
        MORTISE_REQUIRE(section.start == at && section.content >= at && section.end() >= section.content);
        at = section.end();
    }
    MORTISE_REQUIRE(at == wasm.size());
    MORTISE_REQUIRE(module.bodies.size() == module.info.functions.size());
    for (const auto& body : module.bodies)
        MORTISE_REQUIRE(body.code > body.start && body.code < body.start + body.size && body.start + body.size <= wasm.size());
    for (const auto use : module.function_uses) MORTISE_REQUIRE(use < wasm.size());
    MORTISE_REQUIRE(std::ranges::is_sorted(module.function_uses));
}

void check_description(const ModuleInfo& info, BytesView wasm) {
    const auto functions = info.imported(ExternKind::function) + info.functions.size();
    for (std::size_t i = 0; i < functions; ++i) MORTISE_REQUIRE(info.function_type(static_cast<std::uint32_t>(i)) != nullptr);
    MORTISE_REQUIRE(info.function_type(static_cast<std::uint32_t>(functions)) == nullptr);
    for (const auto& entry : info.exports) {
        MORTISE_REQUIRE(info.find_export(entry.name) == &entry);
        MORTISE_REQUIRE((info.exported_function(entry.name) != nullptr) == (entry.kind == ExternKind::function));
        MORTISE_REQUIRE(is_utf8(entry.name));
    }
    for (const auto& custom : info.custom_sections)
        MORTISE_REQUIRE(custom.offset <= wasm.size() && custom.size <= wasm.size() - custom.offset);
    MORTISE_REQUIRE(is_utf8(info.name));
    const FunctionNames names(info, wasm);
    for (std::size_t i = 0; i < std::min<std::size_t>(functions, 100); ++i)
        MORTISE_REQUIRE(is_utf8(names.function_name(static_cast<std::uint32_t>(i))));
    info.minimum_memory_bytes();
}

void check_normalised(const ModuleInfo& info, BytesView wasm) {
    const auto normalised = normalise(info, wasm);
    if (!normalised) {
        MORTISE_REQUIRE(normalised.error().code() == ErrorCode::unsupported && info.find_export(kStartExport) != nullptr);
        return;
    }
    MORTISE_REQUIRE(normalised->import_names.size() == info.imports.size());
    if (!normalised->changed) return;
    const auto again = read_module(normalised->wasm, no_load_limits());
    MORTISE_REQUIRE(again.has_value());
    MORTISE_REQUIRE(!again->start && again->functions == info.functions && again->features == info.features);
    MORTISE_REQUIRE(again->imports.size() == info.imports.size());
    MORTISE_REQUIRE(again->exports.size() == info.exports.size() + (normalised->had_start ? 1 : 0));
    MORTISE_REQUIRE(again->custom_sections.size() == info.custom_sections.size());
    const auto twice = normalise(*again, normalised->wasm);
    MORTISE_REQUIRE(twice && !twice->changed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto wasm = std::as_bytes(std::span(data, size));
    const auto limited = read_module(wasm);
    const auto module = parse_module(wasm, no_load_limits(), Detail::function_uses);
    if (limited) MORTISE_REQUIRE(module.has_value());
    if (!module) {
        const auto code = module.error().code();
        MORTISE_REQUIRE(code == ErrorCode::malformed_module || code == ErrorCode::unsupported);
        return 0;
    }
    check_parts(*module, wasm);
    check_description(module->info, wasm);
    check_normalised(module->info, wasm);
    return 0;
}
