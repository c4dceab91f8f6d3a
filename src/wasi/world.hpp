#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "wasi/clocks.hpp"
#include "wasi/descriptors.hpp"
#include "wasi/random.hpp"
#include "wasi/stdio.hpp"
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
    engine::Rehearsal* rehearsal = nullptr;           // usually none
    HeldOutput held;                                  // by one
    Descriptors descriptors;                          // last but one: its handles look at the clocks
    Descriptors first_descriptors{0};                 // a rehearsal's, as they were
};

}  // namespace mortise::wasi
