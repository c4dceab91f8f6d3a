#include <array>
#include <charconv>
#include <cmath>

#include "abi/assemblyscript.hpp"
#include "abi/w3bstream/applet.hpp"
#include "abi/w3bstream/serve.hpp"
#include "base/text.hpp"

// What applets say: log lines, and AssemblyScript's abort, trace and seed.

namespace mortise::abi::w3bstream {

using engine::RawValue;
using engine::Stop;

namespace {

std::string_view first_code_points(std::string_view text) noexcept {
    if (text.size() <= kMostLogged) return text;
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
        if (starts && count++ == kMostLogged) return text.substr(0, i);
    }
    return text;
}

Level level_of(std::uint32_t number, Level3 three) noexcept {
    if (number == 3 && three == Level3::info) return Level::info;
    return number <= static_cast<std::uint32_t>(Level::trace) ? static_cast<Level>(number) : Level::trace;
}

// As people and the original host write numbers: no exponent where digits do.
std::string number_text(double value) {
    constexpr double kLeast = 1e-6, kMost = 1e21;
    std::array<char, 64> digits;
    const double size = std::abs(value);
    const bool plain = value == 0 || (size >= kLeast && size < kMost);
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                   plain ? std::chars_format::fixed : std::chars_format::scientific).ptr;
    return {digits.data(), end};
}

}  // namespace

std::string_view log_text(std::string_view text, std::string& room) {
    if (is_utf8(text)) return first_code_points(text);
    constexpr std::string_view kDigits = "0123456789abcdef";
    room.clear();
    for (const char c : text.substr(0, kMostLogged / 2)) {
        room += kDigits[static_cast<unsigned char>(c) >> 4];
        room += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return room;
}

LogLevel log_level(Level level) noexcept {
    switch (level) {
        case Level::panic:
        case Level::fatal:
        case Level::error: return LogLevel::error;
        case Level::warn: return LogLevel::warning;
        case Level::info: return LogLevel::info;
        case Level::debug: return LogLevel::debug;
        case Level::trace: return LogLevel::trace;
    }
    return LogLevel::trace;
}

void Applet::log_record(bool host, Level level, std::string_view text) {
    LogRecord record;
    record.project = plan_.options.project;
    record.applet = plan_.options.applet;
    record.instance_id = session_.instance_id;
    record.event_id = event_->id;
    record.host = host;
    record.level = level;
    record.time = plan_.services->now();
    record.text = text;
    plan_.services->log(record);
}

// A log sink that fails does not fail the guest.
void Applet::log(Level level, std::string_view text) {
    try {
        std::string room;
        const std::string_view shown = log_text(text, room);
        session_.log(log_level(level), shown);
        if (plan_.services->wants_log()) log_record(false, level, shown);
    } catch (...) {
    }
}

void Applet::host_log(Level level, std::string_view what, std::string_view detail) {
    try {
        if (!plan_.services->wants_log()) return;
        std::string room;
        const std::string text = base::concat(what, ": ", to_utf8_lossy(detail));
        log_record(true, level, log_text(text, room));
    } catch (...) {
    }
}

Outcome serve_log(Applet& applet, const Inputs& inputs, Served&) {
    applet.log(level_of(inputs.number(0), applet.plan().options.level_3), inputs.text(1));
    return Outcome::ok;
}

Outcome serve_plain_log(Applet& applet, const Inputs& inputs, Served&) {
    applet.log(Level::info, inputs.text(0));
    return Outcome::ok;
}

Outcome serve_log_number(Applet& applet, const Inputs& inputs, Served&) {
    applet.log(Level::info, std::to_string(static_cast<std::int32_t>(inputs.number(0))));
    return Outcome::ok;
}

Stop import_abort(const void*, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    try {
        Applet& applet = Applet::of(store);
        const AbortReason reason = read_abort(applet.memory(), slots);
        if (reason.message && reason.file) applet.host_log(Level::error, "abort", reason.text());
        else applet.host_log(Level::error, "abort", "its strings cannot be read");
        applet.note_abort(reason.text());
        return Stop::done;   // the guest's next instruction is `unreachable`
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

Stop import_trace(const void*, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    constexpr std::int32_t kMostNumbers = 5;
    try {
        Applet& applet = Applet::of(store);
        const auto message = read_assemblyscript_string(applet.memory(), static_cast<std::uint32_t>(slots[0].i32));
        std::string line = base::concat("trace: ", message.value_or("?"));
        for (std::int32_t i = 0; i < std::min(slots[1].i32, kMostNumbers); ++i) {
            line += base::concat(i == 0 ? " " : ", ", number_text(slots[2 + i].f64));
        }
        applet.log(Level::info, line);
        return Stop::done;
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

Stop import_seed(const void*, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    constexpr double kScale = 128.0;   // 2^53 different numbers, as large as nanoseconds since 1970 are
    try {
        slots[0].f64 = static_cast<double>(Applet::of(store).session().random_bits() >> 11) * kScale;
        return Stop::done;
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

}  // namespace mortise::abi::w3bstream
