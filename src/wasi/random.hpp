#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <mortise/error.hpp>
#include <mortise/sandbox.hpp>

#include "wasi/types.hpp"

namespace mortise::wasi {

/// Where a guest's random bytes come from.
class RandomSource {
public:
    explicit RandomSource(Random random);

    /// `invalid_argument` for an empty function.
    static Result<void> check(const Random& random);

    /// True if a function of the embedder's makes the bytes.
    bool calls_out() const noexcept { return std::holds_alternative<RandomFunction>(random_); }

    /// Fills the bytes; `io` if the operating system has none to give.
    Errno fill(std::span<std::byte> out);

private:
    std::byte next_byte() noexcept;

    Random random_;
    std::uint64_t state_ = 0;   // of a seeded source
    std::uint64_t block_ = 0;   // bytes made and not yet given: the sequence does not depend on how it is cut up
    unsigned left_ = 0;
};

}  // namespace mortise::wasi
