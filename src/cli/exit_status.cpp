#include "cli/exit_status.hpp"

namespace mortise::cli {

int exit_status(const Error& error) noexcept {
    switch (error.code()) {
        case ErrorCode::malformed_module:
        case ErrorCode::unsupported:
        case ErrorCode::missing_import:
        case ErrorCode::import_mismatch:
        case ErrorCode::missing_export:
        case ErrorCode::export_mismatch:
        case ErrorCode::abi_unknown:
        case ErrorCode::instrumentation_failed:
        case ErrorCode::invalid_argument:
        case ErrorCode::function_not_found:
        case ErrorCode::not_found: return kWrongInput;

        // The caller's types are wrong, unless it is the guest that gave something else than it should.
        case ErrorCode::type_mismatch: return error.blame() == Blame::guest ? kPluginFailed : kWrongInput;

        case ErrorCode::digest_mismatch:
        case ErrorCode::bad_signature:
        case ErrorCode::denied: return kRefused;

        case ErrorCode::guest_error:
        case ErrorCode::no_response:
        case ErrorCode::trap:
        case ErrorCode::guest_exit:
        case ErrorCode::bad_pointer:
        case ErrorCode::stack_overflow:
        case ErrorCode::memory_limit:
        case ErrorCode::output_limit:
        case ErrorCode::out_of_fuel:
        case ErrorCode::out_of_gas:
        case ErrorCode::deadline_exceeded:
        case ErrorCode::cancelled:
        case ErrorCode::not_reentrant:
        case ErrorCode::poisoned:
        case ErrorCode::busy:
        case ErrorCode::closed:
        case ErrorCode::host_function_failed:
        case ErrorCode::host_abort:
        case ErrorCode::decode:
        case ErrorCode::encode: return kPluginFailed;

        case ErrorCode::io:
        case ErrorCode::internal: return kEnvironmentFailed;
    }
    return kEnvironmentFailed;
}

}  // namespace mortise::cli
