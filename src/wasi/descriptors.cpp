#include "wasi/descriptors.hpp"

#include <algorithm>
#include <utility>

namespace mortise::wasi {

Descriptor* Descriptors::find(std::uint32_t fd) noexcept {
    return fd < slots_.size() && slots_[fd] ? &*slots_[fd] : nullptr;
}

Outcome<std::uint32_t> Descriptors::add(Descriptor descriptor) {
    if (!has_room()) return refuse(Errno::mfile);
    const auto free = std::find_if(slots_.begin(), slots_.end(), [](const auto& slot) { return !slot; });
    const auto fd = static_cast<std::uint32_t>(free - slots_.begin());
    if (free == slots_.end()) slots_.emplace_back();
    slots_[fd] = std::move(descriptor);
    ++open_;
    return fd;
}

Errno Descriptors::close(std::uint32_t fd) noexcept {
    if (find(fd) == nullptr) return Errno::badf;
    // Emptied before the handle goes, which may run the embedder's code.
    const std::optional<Descriptor> closed = std::exchange(slots_[fd], std::nullopt);
    --open_;
    return Errno::success;
}

Errno Descriptors::renumber(std::uint32_t from, std::uint32_t to) noexcept {
    if (find(from) == nullptr || find(to) == nullptr) return Errno::badf;
    if (from == to) return Errno::success;
    const std::optional<Descriptor> replaced = std::exchange(slots_[to], std::exchange(slots_[from], std::nullopt));
    --open_;
    return Errno::success;
}

bool Descriptors::same_handles(const Descriptors& other) const noexcept {
    const auto at = [](const Descriptors& table, std::size_t fd) -> const Handle* {
        return fd < table.slots_.size() && table.slots_[fd] ? table.slots_[fd]->handle.get() : nullptr;
    };
    for (std::size_t fd = 0; fd < std::max(slots_.size(), other.slots_.size()); ++fd) {
        if (at(*this, fd) != at(other, fd)) return false;
    }
    return true;
}

}  // namespace mortise::wasi
