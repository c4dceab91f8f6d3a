#include "host/unwrap.hpp"

#include <array>
#include <cstring>
#include <utility>

namespace mortise::detail {

namespace {

bool is_binary(BytesView bytes) noexcept {
    constexpr std::array<unsigned char, 4> kMagic{0x00, 0x61, 0x73, 0x6d};
    return bytes.size() >= kMagic.size() && std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

// The text format begins with "(" after blanks and comments; what else begins so is told apart by its parser.
bool looks_like_text(BytesView bytes) noexcept {
    const auto text = text_of(bytes);
    const auto first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && (text[first] == '(' || text.substr(first, 2) == ";;");
}

}  // namespace

Result<UnwrappedModule> unwrap_module(RuntimeState& runtime, BytesView bytes, std::string_view abi,
                                      const LoadLimits& limits) {
    if (bytes.empty()) return fail(ErrorCode::malformed_module, "the module is empty");
    if (is_binary(bytes)) return UnwrappedModule{copy_bytes(bytes), "binary"};
    for (const auto& candidate : runtime.abis()) {
        if (!abi.empty() && candidate->info().name != abi) continue;
        auto inner = candidate->unwrap(bytes, limits.module_bytes);
        if (!inner) return fail(std::move(inner).error());
        if (*inner) return UnwrappedModule{**std::move(inner), candidate->info().name};
    }
    if (!looks_like_text(bytes)) return UnwrappedModule{copy_bytes(bytes), "binary"};
    auto engine = runtime.engine();
    if (!engine) return fail(std::move(engine).error());
    auto binary = (*engine)->parse_text(text_of(bytes));
    if (!binary) return fail(std::move(binary).error());
    return UnwrappedModule{*std::move(binary), "text"};
}

}  // namespace mortise::detail
