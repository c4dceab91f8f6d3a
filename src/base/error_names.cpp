#include <mortise/error.hpp>

namespace mortise {

std::string_view to_string(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::malformed_module: return "malformed_module";
        case ErrorCode::unsupported: return "unsupported";
        case ErrorCode::missing_import: return "missing_import";
        case ErrorCode::import_mismatch: return "import_mismatch";
        case ErrorCode::missing_export: return "missing_export";
        case ErrorCode::export_mismatch: return "export_mismatch";
        case ErrorCode::abi_unknown: return "abi_unknown";
        case ErrorCode::digest_mismatch: return "digest_mismatch";
        case ErrorCode::bad_signature: return "bad_signature";
        case ErrorCode::denied: return "denied";
        case ErrorCode::instrumentation_failed: return "instrumentation_failed";
        case ErrorCode::invalid_argument: return "invalid_argument";
        case ErrorCode::type_mismatch: return "type_mismatch";
        case ErrorCode::function_not_found: return "function_not_found";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::guest_error: return "guest_error";
        case ErrorCode::no_response: return "no_response";
        case ErrorCode::trap: return "trap";
        case ErrorCode::guest_exit: return "guest_exit";
        case ErrorCode::bad_pointer: return "bad_pointer";
        case ErrorCode::stack_overflow: return "stack_overflow";
        case ErrorCode::memory_limit: return "memory_limit";
        case ErrorCode::output_limit: return "output_limit";
        case ErrorCode::out_of_fuel: return "out_of_fuel";
        case ErrorCode::out_of_gas: return "out_of_gas";
        case ErrorCode::deadline_exceeded: return "deadline_exceeded";
        case ErrorCode::cancelled: return "cancelled";
        case ErrorCode::not_reentrant: return "not_reentrant";
        case ErrorCode::poisoned: return "poisoned";
        case ErrorCode::busy: return "busy";
        case ErrorCode::closed: return "closed";
        case ErrorCode::host_function_failed: return "host_function_failed";
        case ErrorCode::host_abort: return "host_abort";
        case ErrorCode::decode: return "decode";
        case ErrorCode::encode: return "encode";
        case ErrorCode::io: return "io";
        case ErrorCode::internal: return "internal";
    }
    return "unknown";
}

std::string_view to_string(Blame blame) noexcept {
    switch (blame) {
        case Blame::guest: return "guest";
        case Blame::host: return "host";
        case Blame::configuration: return "configuration";
        case Blame::engine: return "engine";
        case Blame::mortise: return "mortise";
    }
    return "unknown";
}

std::string_view to_string(TrapKind kind) noexcept {
    switch (kind) {
        case TrapKind::unknown: return "unknown";
        case TrapKind::unreachable: return "unreachable";
        case TrapKind::memory_out_of_bounds: return "memory_out_of_bounds";
        case TrapKind::table_out_of_bounds: return "table_out_of_bounds";
        case TrapKind::indirect_call_to_null: return "indirect_call_to_null";
        case TrapKind::indirect_call_type_mismatch: return "indirect_call_type_mismatch";
        case TrapKind::integer_overflow: return "integer_overflow";
        case TrapKind::integer_division_by_zero: return "integer_division_by_zero";
        case TrapKind::invalid_conversion_to_integer: return "invalid_conversion_to_integer";
        case TrapKind::misaligned_atomic: return "misaligned_atomic";
        case TrapKind::null_reference: return "null_reference";
        case TrapKind::out_of_memory: return "out_of_memory";
        case TrapKind::uncaught_exception: return "uncaught_exception";
    }
    return "unknown";
}

Blame default_blame(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::missing_import:
        case ErrorCode::import_mismatch:
        case ErrorCode::abi_unknown:
        case ErrorCode::unsupported:
        case ErrorCode::denied:
        case ErrorCode::digest_mismatch:
        case ErrorCode::bad_signature: return Blame::configuration;
        case ErrorCode::invalid_argument:
        case ErrorCode::type_mismatch:
        case ErrorCode::function_not_found:
        case ErrorCode::not_found:
        case ErrorCode::cancelled:
        case ErrorCode::not_reentrant:
        case ErrorCode::poisoned:
        case ErrorCode::busy:
        case ErrorCode::closed:
        case ErrorCode::host_function_failed:
        case ErrorCode::host_abort:
        case ErrorCode::encode:
        case ErrorCode::io: return Blame::host;
        case ErrorCode::internal: return Blame::mortise;
        default: return Blame::guest;
    }
}

}  // namespace mortise
