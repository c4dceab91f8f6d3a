#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include <mortise/error.hpp>

#include "engine/engine.hpp"

namespace mortise::engine_tests {

/// An engine, or one way to set one up, that must keep the whole contract.
struct EngineUnderTest {
    std::string name;     ///< of the test parameter: letters, digits, underscores
    std::string engine;   ///< what the engine calls itself
    std::string version;  ///< what the engine must report
    std::function<Result<std::unique_ptr<engine::Engine>>()> make;
    bool clears_growth = false;  ///< writes to all memory that it grows by: the whole range takes seconds and 4 GiB
};

/// The one list: a new engine is one line here.
const std::vector<EngineUnderTest>& engines_under_test();

/// One instance of that engine for the whole program: an engine is made once and shared in real use, too.
engine::Engine& shared_engine(const EngineUnderTest& which);

std::ostream& operator<<(std::ostream& out, const EngineUnderTest& which);

}  // namespace mortise::engine_tests
