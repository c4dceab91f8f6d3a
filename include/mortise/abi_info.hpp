#pragma once

#include <cstdint>
#include <string>

namespace mortise {

/// What an ABI carries: values (`call`), operations with a payload (`invoke`), or both.
enum class AbiForm : std::uint8_t { values, messages, both };

/// What becomes of an instance between calls.
enum class InstancePolicy : std::uint8_t {
    kept,   ///< memory and globals persist
    reset,  ///< as after start-up again: from the plugin's snapshot if it has one (`SnapshotOptions`)
    fresh,  ///< a new sandbox for each call
};

/// What the next call finds after guest code was cut short (trap, exit, limit).
enum class AfterFailure : std::uint8_t {
    reinstantiate,  ///< a new sandbox of the same plugin, its start-up run again
    reuse,          ///< the old one, in whatever state it is
    fail,           ///< `poisoned`
};

/// A guest ABI in this build of mortise.
struct AbiInfo {
    std::string name;         ///< e.g. `wapc`
    std::string description;  ///< one line for people
    AbiForm form = AbiForm::values;
    InstancePolicy policy = InstancePolicy::kept;                     ///< unless the plugin's options say otherwise
    AfterFailure after_failure = AfterFailure::reinstantiate;         ///< likewise
    bool nested_calls = true;                                         ///< a host function may call the instance again
};

}  // namespace mortise
