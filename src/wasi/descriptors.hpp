#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wasi/handle.hpp"
#include "wasi/types.hpp"

namespace mortise::wasi {

/// What stands behind one of a guest's descriptor numbers.
struct Descriptor {
    std::shared_ptr<Handle> handle;   ///< shared, as a callback may close the descriptor that is being written
    Rights base = 0;
    Rights inheriting = 0;
    std::uint16_t flags = 0;          ///< fdflags, as the guest set them
    std::optional<std::string> preopen;  ///< the name under which a preopened directory is offered
};

/// A guest's open descriptors. References to one die when another is added.
class Descriptors {
public:
    /// `most`: how many may be open at once.
    explicit Descriptors(std::uint32_t most) noexcept : most_(most) {}

    /// Null if it is not open.
    Descriptor* find(std::uint32_t fd) noexcept;

    /// Whether another one may be opened.
    bool has_room() const noexcept { return open_ < most_; }

    /// Takes the lowest free number. `mfile` if there are too many.
    Outcome<std::uint32_t> add(Descriptor descriptor);

    Errno close(std::uint32_t fd) noexcept;

    /// `to` becomes what `from` was, and `from` is free. Both must be open.
    Errno renumber(std::uint32_t from, std::uint32_t to) noexcept;

    std::uint32_t open_count() const noexcept { return open_; }

    /// Whether each number stands for the same thing there.
    bool same_handles(const Descriptors& other) const noexcept;

private:
    std::vector<std::optional<Descriptor>> slots_;
    std::uint32_t open_ = 0;
    std::uint32_t most_;
};

}  // namespace mortise::wasi
