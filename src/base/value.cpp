#include <mortise/observer.hpp>
#include <mortise/value.hpp>

namespace mortise {

std::string_view to_string(Kind kind) noexcept {
    switch (kind) {
        case Kind::none: return "nothing";
        case Kind::i32: return "i32";
        case Kind::u32: return "u32";
        case Kind::i64: return "i64";
        case Kind::u64: return "u64";
        case Kind::f32: return "f32";
        case Kind::f64: return "f64";
        case Kind::boolean: return "bool";
        case Kind::string: return "string";
        case Kind::bytes: return "bytes";
        case Kind::list: return "list";
        case Kind::any: return "any";
    }
    return "unknown";
}

std::string_view to_string(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::trace: return "trace";
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::warning: return "warning";
        case LogLevel::error: return "error";
    }
    return "unknown";
}

Value ValueView::to_value() const {
    switch (kind_) {
        case Kind::i32: return Value(i32());
        case Kind::u32: return Value(u32());
        case Kind::i64: return Value(i64());
        case Kind::u64: return Value(u64());
        case Kind::f32: return Value(f32());
        case Kind::f64: return Value(f64());
        case Kind::boolean: return Value(boolean());
        case Kind::string: return Value(text());
        case Kind::bytes: return Value(copy_bytes(bytes()));
        default: return Value();
    }
}

Observer::~Observer() = default;
void Observer::guest_log(std::uint64_t, LogLevel, std::string_view) {}
void Observer::guest_output(std::uint64_t, Stream, BytesView) {}
void Observer::host_call(const HostCallEvent&) {}
void Observer::warning(std::uint64_t, std::string_view) {}

}  // namespace mortise
