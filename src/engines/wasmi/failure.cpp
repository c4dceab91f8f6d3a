#include "engines/wasmi/failure.hpp"

namespace mortise::engines::wasmi {
namespace {

using engine::Stop;

struct Meaning {
    TrapKind kind;
    std::string_view words;  // empty: the engine's own
};

Meaning meaning_of(std::int32_t code) noexcept {
    switch (code) {
        case MORTISE_TRAP_UNREACHABLE: return {TrapKind::unreachable, "unreachable instruction executed"};
        case MORTISE_TRAP_MEMORY_OUT_OF_BOUNDS: return {TrapKind::memory_out_of_bounds, "out of bounds memory access"};
        case MORTISE_TRAP_TABLE_OUT_OF_BOUNDS: return {TrapKind::table_out_of_bounds, "out of bounds table access"};
        case MORTISE_TRAP_INDIRECT_CALL_TO_NULL:
            return {TrapKind::indirect_call_to_null, "uninitialized table element"};
        case MORTISE_TRAP_INTEGER_DIVISION_BY_ZERO:
            return {TrapKind::integer_division_by_zero, "integer divide by zero"};
        case MORTISE_TRAP_INTEGER_OVERFLOW: return {TrapKind::integer_overflow, "integer overflow"};
        case MORTISE_TRAP_BAD_CONVERSION_TO_INTEGER:
            return {TrapKind::invalid_conversion_to_integer, "invalid conversion to integer"};
        case MORTISE_TRAP_STACK_OVERFLOW: return {TrapKind::unknown, "call stack exhausted"};
        case MORTISE_TRAP_BAD_SIGNATURE: return {TrapKind::indirect_call_type_mismatch, "indirect call type mismatch"};
        case MORTISE_TRAP_OUT_OF_SYSTEM_MEMORY: return {TrapKind::out_of_memory, "the host has no memory left"};
        default: return {TrapKind::unknown, {}};
    }
}

}  // namespace

Stop classify(const mortise_outcome_t& outcome, const Text& text, engine::StopInfo& info) {
    switch (outcome.status) {
        case MORTISE_HOST_STOPPED: return static_cast<Stop>(outcome.code);
        case MORTISE_CHECK_STOPPED: info = {}; return static_cast<Stop>(outcome.code);
        case MORTISE_OUT_OF_FUEL: info = {}; return Stop::fuel;
        case MORTISE_TRAP: break;
        default:
            info = {};
            info.text = text.line();
            return Stop::engine;
    }
    info = {};
    const Meaning meaning = meaning_of(outcome.code);
    info.stack_overflow = outcome.code == MORTISE_TRAP_STACK_OVERFLOW;
    info.trap = meaning.kind;
    info.text = meaning.words.empty() ? text.line() : std::string(meaning.words);
    return Stop::trap;
}

}  // namespace mortise::engines::wasmi
