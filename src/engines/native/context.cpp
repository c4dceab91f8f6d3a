#include <mortise/native.hpp>

#include <cstring>

#include "engines/native/machine.hpp"

namespace mortise::native {

std::uint64_t Context::memory_size() const noexcept { return machine_->memory_bytes(); }

std::span<std::byte> Context::bytes(std::uint32_t at, std::uint32_t count) const { return machine_->bytes(at, count); }

std::string_view Context::text(std::uint32_t at, std::uint32_t count) const { return text_of(bytes(at, count)); }

void Context::write(std::uint32_t at, BytesView data) const {
    const auto to = machine_->bytes(at, data.size());
    if (!data.empty()) std::memmove(to.data(), data.data(), data.size());
}

std::int32_t Context::grow(std::uint32_t pages) const { return machine_->grow(pages); }

std::uint32_t Context::allocate(std::uint32_t count) const { return machine_->allocate(count); }

std::uint32_t Context::put(BytesView data) const {
    if (data.size() > UINT32_MAX) throw Trap{TrapKind::out_of_memory, "more bytes than a memory has"};
    const std::uint32_t at = allocate(static_cast<std::uint32_t>(data.size()));
    write(at, data);
    return at;
}

void Context::check() const { machine_->step(); }

void Context::call_import(std::uint32_t position, engine::RawValue* slots) const {
    machine_->call_import(position, slots);
}

std::any& Context::state_slot() const { return machine_->state(); }

}  // namespace mortise::native
