#include "engines/wasmtime/failure.hpp"

#include <utility>

#if MORTISE_WASMTIME_OWN
#include <mortise_engines.h>
#endif

namespace mortise::engines::wasmtime {
namespace {

using engine::Stop;

struct Meaning {
    TrapKind kind;
    std::string_view words;  // the engine's own, without what it prints around them
};

Meaning meaning_of(wasmtime_trap_code_t code) noexcept {
    switch (code) {
        case WASMTIME_TRAP_CODE_STACK_OVERFLOW: return {TrapKind::unknown, "call stack exhausted"};
        case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS:
            return {TrapKind::memory_out_of_bounds, "out of bounds memory access"};
        case WASMTIME_TRAP_CODE_HEAP_MISALIGNED: return {TrapKind::misaligned_atomic, "unaligned atomic"};
        case WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS:
            return {TrapKind::table_out_of_bounds, "out of bounds table access"};
        case WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL:
            return {TrapKind::indirect_call_to_null, "uninitialized table element"};
        case WASMTIME_TRAP_CODE_BAD_SIGNATURE:
            return {TrapKind::indirect_call_type_mismatch, "indirect call type mismatch"};
        case WASMTIME_TRAP_CODE_INTEGER_OVERFLOW: return {TrapKind::integer_overflow, "integer overflow"};
        case WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO:
            return {TrapKind::integer_division_by_zero, "integer divide by zero"};
        case WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER:
            return {TrapKind::invalid_conversion_to_integer, "invalid conversion to integer"};
        case WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED:
            return {TrapKind::unreachable, "unreachable instruction executed"};
        case WASMTIME_TRAP_CODE_NULL_REFERENCE: return {TrapKind::null_reference, "null reference"};
        case WASMTIME_TRAP_CODE_ALLOCATION_TOO_LARGE: return {TrapKind::out_of_memory, "allocation size too large"};
        case WASMTIME_TRAP_CODE_UNCAUGHT_EXCEPTION: return {TrapKind::uncaught_exception, "uncaught exception"};
        default: return {TrapKind::unknown, {}};
    }
}

}  // namespace

Failure::Failure(ErrorPtr error, TrapPtr trap) : error_(std::move(error)), trap_(std::move(trap)) {
    if (trap_) {
        trapped_ = true;
        wasmtime_trap_code_t code = 0;
        if (wasmtime_trap_code(trap_.get(), &code)) code_ = code;
    }
#if MORTISE_WASMTIME_OWN
    if (error_) {
        std::int32_t code = MORTISE_NO_TRAP;
        error_.reset(mortise_wasmtime_trap_code(error_.release(), &code));
        trapped_ = code != MORTISE_NO_TRAP;
        if (code >= 0) code_ = static_cast<wasmtime_trap_code_t>(code);
    }
#endif
}

std::string Failure::words() const { return trap_ ? message_of(*trap_) : message_of(*error_); }

std::vector<WasmFrame> Failure::backtrace() const { return trap_ ? backtrace_of(*trap_) : backtrace_of(*error_); }

Stop Failure::classify(engine::StopInfo& info) const {
    if (!code_) {
        info.text = words();
        return Stop::trap;
    }
    if (*code_ == WASMTIME_TRAP_CODE_OUT_OF_FUEL) return Stop::fuel;
    if (*code_ == WASMTIME_TRAP_CODE_INTERRUPT) return Stop::deadline;
    info.stack_overflow = *code_ == WASMTIME_TRAP_CODE_STACK_OVERFLOW;
    const Meaning meaning = meaning_of(*code_);
    info.trap = meaning.kind;
    info.text = meaning.words.empty() ? words() : std::string(meaning.words);
    return Stop::trap;
}

}  // namespace mortise::engines::wasmtime
