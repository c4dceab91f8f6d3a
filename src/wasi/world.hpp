#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "wasi/clocks.hpp"
#include "wasi/descriptors.hpp"
#include "wasi/random.hpp"
#include "wasi/wasi.hpp"

namespace mortise::wasi {

/// What is in a world.
struct State {
    State(Clock clock, Random source, std::uint32_t open_files)
        : clocks(std::move(clock)), random(std::move(source)), descriptors(open_files) {}

    Clocks clocks;
    RandomSource random;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;             // "NAME=value"
    std::vector<std::shared_ptr<LineOutput>> lines;   // to be flushed
    std::uint32_t used = 0;
    Descriptors descriptors;                          // last: its handles look at the clocks

    void note(Use use) noexcept { used |= static_cast<std::uint32_t>(use); }
};

}  // namespace mortise::wasi
