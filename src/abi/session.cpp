#include "abi/session.hpp"

#include <sys/random.h>

#include <algorithm>

#include "abi/abi.hpp"

namespace mortise::abi {

using engine::Stop;

namespace {

constexpr std::string_view kCut = "log output beyond the limit was dropped";

// The longest prefix of `text` within `limit` bytes that does not end inside a UTF-8 sequence.
std::string_view prefix(std::string_view text, std::uint64_t limit) noexcept {
    if (text.size() <= limit) return text;
    auto end = static_cast<std::size_t>(limit);
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
}

}  // namespace

void Session::log(LogLevel level, std::string_view text) noexcept {
    if (observer == nullptr) return;
    marks.logged = true;
    const std::string_view part = prefix(text, log_left);
    const bool takes = !part.empty() || (text.empty() && log_left != 0);
    // An empty line counts as one byte: whoever keeps lines keeps something for it.
    log_left -= takes ? std::max<std::uint64_t>(part.size(), 1) : 0;
    const Lending lent(*this);
    try {
        if (takes) {
            if (is_utf8(part)) observer->guest_log(instance_id, level, part);
            else observer->guest_log(instance_id, level, to_utf8_lossy(part));
        }
    } catch (...) {  // an observer never fails a guest
    }
    if ((!takes || part.size() < text.size()) && !log_cut) {
        log_cut = true;
        warn(kCut);
    }
}

void Session::output(Stream stream, BytesView bytes) noexcept {
    if (observer == nullptr || bytes.empty()) return;
    marks.logged = true;
    const auto part = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), log_left)));
    log_left -= part.size();
    const Lending lent(*this);
    try {
        if (!part.empty()) observer->guest_output(instance_id, stream, part);
    } catch (...) {
    }
    if (part.size() < bytes.size() && !log_cut) {
        log_cut = true;
        warn(kCut);
    }
}

void Session::warn(std::string_view text) noexcept {
    if (observer == nullptr) return;
    try {
        observer->warning(instance_id, text);
    } catch (...) {
    }
}

std::uint64_t Session::random_bits() const {
    if (rehearsal != nullptr && !rehearsal->allows(engine::Effect::random)) {
        throw Exception(Error(ErrorCode::cancelled, engine::kCutRehearsal));
    }
    std::uint64_t bits = 0;
    const auto out = std::as_writable_bytes(std::span(&bits, 1));
    if (random) {
        random(out);
    } else if (getrandom(out.data(), out.size(), 0) != static_cast<ssize_t>(out.size())) {
        throw Exception(Error(ErrorCode::io, "the operating system gives no random bytes"));
    }
    return bits;
}

void Session::host_call(const HostCallEvent& event) noexcept {
    if (observer == nullptr) return;
    const Lending lent(*this);
    try {
        HostCallEvent named = event;
        named.instance = instance_id;
        observer->host_call(named);
    } catch (...) {
    }
}

namespace {

Error error_of_trap(engine::StopInfo info) {
    if (info.stack_overflow) {
        Error error(ErrorCode::stack_overflow, "the guest's stack is exhausted");
        error.set_trap(TrapKind::unknown, std::move(info.backtrace));
        return error;
    }
    std::string text = info.text.empty() ? "the guest trapped: " + std::string(to_string(info.trap)) : std::move(info.text);
    Error error(ErrorCode::trap, std::move(text));
    error.set_trap(info.trap, std::move(info.backtrace));
    return error;
}

Error exit_error(engine::StopInfo info, bool growth_refused) {
    std::string text = "the guest exited with status " + std::to_string(info.exit_status);
    if (!info.text.empty()) text += ": " + info.text;
    Error error(ErrorCode::guest_exit, std::move(text));
    error.set_exit_status(info.exit_status);
    if (growth_refused && info.exit_status != 0) error.add_context("after a growth of its memory was refused at the limit");
    return error;
}

Error memory_error(engine::StopInfo info) {
    Error error(ErrorCode::memory_limit, "the guest failed after a growth of its memory was refused at the limit");
    if (info.trap != TrapKind::unknown || !info.backtrace.empty()) error.set_trap(info.trap, std::move(info.backtrace));
    return error;
}

}  // namespace

Error error_of_stop(engine::Store& store, Stop stop) {
    engine::StopInfo info = store.take_stop();
    const bool refused = store.growth_was_refused();
    if (refused) store.clear_refused_growth();
    switch (stop) {
        case Stop::trap:
            if (refused && !info.stack_overflow) return memory_error(std::move(info));
            return error_of_trap(std::move(info));
        case Stop::host_error:
            if (info.error) return *std::move(info.error);
            return Error(ErrorCode::host_function_failed, "a host function failed");
        case Stop::exit:
            return exit_error(std::move(info), refused);
        case Stop::deadline: return Error(ErrorCode::deadline_exceeded, "the time limit of the call is exceeded");
        case Stop::cancelled: return Error(ErrorCode::cancelled, "the call was interrupted");
        case Stop::fuel: return Error(ErrorCode::out_of_fuel, "the fuel of the call is used up");
        case Stop::memory_limit: return Error(ErrorCode::memory_limit, "a growth of the guest's memory was refused at the limit");
        case Stop::done:
        case Stop::engine: break;
    }
    return Error(ErrorCode::internal, info.text.empty() ? "the engine failed" : "the engine failed: " + info.text);
}

Result<void> run_start_section(Session& session, engine::Store& store, engine::InstanceId instance) {
    // A guest's own export of that name is none: it may have any type, and engines do not check what they are called with.
    if (session.started || session.start_export.empty()) return {};
    const auto function = store.function(instance, session.start_export);
    if (!function) return {};
    engine::RawValue slot{};
    const Stop stop = run(session, store, *function, &slot, 1);
    if (stop == Stop::done) return {};
    return fail(error_of_stop(store, stop).add_context("while running the start section"));
}

Result<void> run_initialiser(Session& session, engine::Store& store, engine::InstanceId instance, const ModuleInfo& info,
                             std::string_view name) {
    if (session.started) return {};
    const FunctionType* type = info.exported_function(name);
    if (type == nullptr || !type->params.empty()) return {};
    const auto function = store.function(instance, name);
    if (!function) return {};
    std::vector<engine::RawValue> slots(std::max<std::size_t>(1, type->results.size()));
    const bool was_poisoned = session.marks.poisoned;
    const Stop stop = run(session, store, *function, slots.data(), slots.size());
    if (stop == Stop::done) return {};
    Error error = error_of_stop(store, stop);
    if (stop == Stop::exit && error.code() == ErrorCode::guest_exit && error.exit_status() == 0) {
        session.marks.poisoned = was_poisoned;  // a command's main that ended well leaves a usable instance
        return {};
    }
    return fail(std::move(error).add_context("while running " + std::string(name)));
}

}  // namespace mortise::abi
