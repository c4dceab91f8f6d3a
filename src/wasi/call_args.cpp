// Arguments and environment.

#include <vector>

#include "wasi/call.hpp"

namespace mortise::wasi {

namespace {

std::uint64_t bytes_of_all(const std::vector<std::string>& texts) noexcept {
    std::uint64_t bytes = 0;
    for (const std::string& text : texts) bytes += text.size() + 1;
    return bytes;
}

// That there are none says nothing.
Errno may_see(const Call& call, engine::Effect effect, const std::vector<std::string>& texts) noexcept {
    return texts.empty() ? Errno::success : call.may(effect);
}

Errno sizes(Call& call, const std::vector<std::string>& texts, std::uint32_t count_at, std::uint32_t bytes_at) {
    const std::uint64_t bytes = bytes_of_all(texts);
    if (bytes > UINT32_MAX) return Errno::overflow;
    MORTISE_WASI_TRY(call.can_store(count_at, 4));
    MORTISE_WASI_TRY(call.can_store(bytes_at, 4));
    MORTISE_WASI_TRY(call.store_result(count_at, static_cast<std::uint32_t>(texts.size())));
    return call.store_result(bytes_at, static_cast<std::uint32_t>(bytes));
}

// The texts with their NULs one behind the other, and where each begins.
Errno get(Call& call, const std::vector<std::string>& texts, std::uint32_t pointers, std::uint32_t text_at) {
    const engine::GuestMemory memory = call.memory();
    if (!memory.contains(pointers, texts.size(), 4) || !memory.contains(text_at, bytes_of_all(texts))) return Errno::fault;
    std::uint32_t at = text_at;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const auto size = texts[i].size() + 1;
        memory.store(pointers + std::uint64_t{4} * i, at);
        memory.write(at, std::as_bytes(std::span(texts[i].c_str(), size)));
        at += static_cast<std::uint32_t>(size);
    }
    return Errno::success;
}

}  // namespace

Errno args_get(Call& call, std::uint32_t pointers, std::uint32_t text) {
    MORTISE_WASI_TRY(may_see(call, engine::Effect::arguments, call.world.arguments));
    return get(call, call.world.arguments, pointers, text);
}

Errno args_sizes_get(Call& call, std::uint32_t count, std::uint32_t bytes) {
    MORTISE_WASI_TRY(may_see(call, engine::Effect::arguments, call.world.arguments));
    return sizes(call, call.world.arguments, count, bytes);
}

Errno environ_get(Call& call, std::uint32_t pointers, std::uint32_t text) {
    MORTISE_WASI_TRY(may_see(call, engine::Effect::environment, call.world.environment));
    return get(call, call.world.environment, pointers, text);
}

Errno environ_sizes_get(Call& call, std::uint32_t count, std::uint32_t bytes) {
    MORTISE_WASI_TRY(may_see(call, engine::Effect::environment, call.world.environment));
    return sizes(call, call.world.environment, count, bytes);
}

}  // namespace mortise::wasi
