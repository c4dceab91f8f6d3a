#pragma once

#include <string>

namespace mortise {

/// What an engine can do. Asking for what it lacks fails when the plugin is loaded, never silently.
struct Capabilities {
    bool interrupt = false;               ///< deadlines and `Instance::interrupt` stop running code
    bool fuel = false;                    ///< counts fuel
    bool rewritten_metering = false;      ///< it does both by checks that mortise puts into the code; a unit is an instruction
    bool memory_limit = false;            ///< caps the sum of an instance's memories exactly
    bool refused_growth_reported = false; ///< tells that a growth was refused
    bool simd = false;                    ///< v128 values cross the seam
    bool reference_types = false;
    bool multi_memory = false;
    bool linking = false;                 ///< several instances in one store
    bool linked_tables = false;           ///< and these may share tables and other references to functions
    bool trap_kinds = false;              ///< tells how a guest trapped
    bool backtrace = false;
    bool compiled_code = false;           ///< saves and loads native code
    bool nested_calls = false;            ///< a host function may call the instance again
    bool memory_in_callbacks = false;     ///< a host function sees the calling instance's memory
    bool text_format = false;             ///< reads .wat
    bool two_compilers = false;           ///< has a baseline compiler beside the optimising one
};

/// An engine in this build of mortise.
struct EngineInfo {
    std::string name;         ///< e.g. `wasmtime`
    std::string version;      ///< as the engine reports it
    std::string description;  ///< one line for people
    bool complete = true;     ///< false: it runs nothing by its name alone; a library's path or the program's own functions are to be given
    Capabilities capabilities;
};

}  // namespace mortise
