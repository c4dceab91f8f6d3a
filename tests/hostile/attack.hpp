#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise::hostile {

/// One Runtime for the program: attackers and their neighbours share engine, clock and compiled code, as they would in real use.
const Runtime& runtime();

/// How an attack may end: with one of these codes, or without an error.
class Ending {
public:
    Ending(ErrorCode code) : codes_{code} {}
    Ending(std::initializer_list<ErrorCode> codes) : codes_(codes) {}
    static Ending success() { return Ending(std::initializer_list<ErrorCode>{}); }
    /// Whatever the guest answers, the host lives.
    static Ending either(ErrorCode code) {
        Ending ending(code);
        ending.success_too_ = true;
        return ending;
    }

    ::testing::AssertionResult allows(const Result<void>& outcome) const;

private:
    std::set<ErrorCode> codes_;
    bool success_too_ = false;
};

/// A hostile guest and what becomes of it.
struct Attack {
    std::string name;
    std::string abi;                                   ///< empty: recognised
    std::string guest;                                 ///< in the text format
    std::function<Result<void>(Instance&)> call;       ///< what the host does with it; empty: nothing after start-up
    Ending ending = ErrorCode::trap;                   ///< of load, start or call, whichever fails first
    std::function<void(PluginOptions&)> options{};     ///< limits, sandbox, host functions
};

void PrintTo(const Attack& attack, std::ostream* out);

/// Limits under which no attack takes long: 16 MiB of memory, 300 ms; 40 ms for attacks that end at their deadline.
Limits tight_limits();

/// Loads, starts, calls. The first failure is the outcome.
Result<void> run(const Attack& attack);

/// Runs it once, wants the ending, and then that a good plugin works as before: an instance made earlier and one made now.
void expect_ending(const Attack& attack);

/// Every attack of a table, one after the other; then the table again and again while memory may not grow (see `Rounds`).
void expect_endings(const std::vector<Attack>& table);

/// A plugin that does its work beside the attackers.
void expect_neighbour_works();

/// Bytes of this process that are in memory.
std::uint64_t resident_bytes();

/// Whether repeating something leaves memory where it was: caches and pools fill in the first rounds, later ones may add no more
/// than a margin for all of them together.
struct Rounds {
    int warm_up = 2;
    int counted = 4;
    std::uint64_t margin = std::uint64_t{24} << 20;
};
void expect_no_growth(const std::function<void()>& round, const Rounds& rounds = {});

}  // namespace mortise::hostile
