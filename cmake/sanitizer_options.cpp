// Options and suppressions of the sanitizers, compiled into every program of a sanitizer build.

extern "C" {

const char* __asan_default_options();
const char* __ubsan_default_options();
const char* __tsan_default_options();
const char* __tsan_default_suppressions();

// The engine handles guests' memory faults by signal handlers of its own, which have to come first.
__attribute__((visibility("default"), used)) const char* __asan_default_options() {
    return "detect_stack_use_after_return=1:strict_string_checks=1:allow_user_segv_handler=1:"
           "check_initialization_order=1";
}

__attribute__((visibility("default"), used)) const char* __ubsan_default_options() { return "print_stacktrace=1"; }

// A signal handler of the engine's may allocate: it does so on the guest's stack, where no lock of ours can be held.
__attribute__((visibility("default"), used)) const char* __tsan_default_options() {
    return "report_signal_unsafe=0:second_deadlock_stack=1:halt_on_error=1";
}

// Atomics inside the engines are invisible to ThreadSanitizer, which would report what they protect.
__attribute__((visibility("default"), used)) const char* __tsan_default_suppressions() {
    return "called_from_lib:libmortise_engines.so\n"
           "race:libmortise_wasm_c_api_wasmi.so\n";   // another engine that is not instrumented, in tests
}
}
