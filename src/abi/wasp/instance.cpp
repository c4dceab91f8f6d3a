#include "abi/wasp/instance.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/text.hpp"

namespace mortise::abi::wasp {

using base::concat;
using engine::RawValue;
using engine::Stop;

namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t nanoseconds_since(Clock::time_point begin) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count());
}

bool is_number(ValType type) noexcept {
    return type == ValType::i32 || type == ValType::i64 || type == ValType::f32 || type == ValType::f64;
}

bool is_pointer(Kind kind) noexcept { return kind == Kind::string || kind == Kind::bytes; }

std::string parameter(std::size_t index, std::string_view function) {
    return concat("parameter ", index + 1, " of \"", function, "\"");
}

Error wrong_count(std::string_view function, std::size_t wanted, std::size_t got) {
    return Error(ErrorCode::type_mismatch, concat("\"", function, "\" takes ", wanted, " argument(s), got ", got));
}

Error guest_error(const std::string& text) {
    Error error(ErrorCode::guest_error, text.empty() ? "the guest raised an error without a text" : to_utf8_lossy(text));
    error.set_guest_message(text);
    return error;
}

// True if numbers cross as they are, so that a bound call needs no conversion.
bool is_exact(std::span<const Kind> params, Kind result, const FunctionType& type) noexcept {
    for (std::size_t i = 0; i < params.size(); ++i) {
        if (wasm_type(params[i]) != type.params[i]) return false;
    }
    return result == Kind::none || wasm_type(result).has_value();
}

}  // namespace

WaspInstance::WaspInstance(const Plan& plan, const ModuleInfo& info, engine::Store& store, engine::InstanceId id,
                           Session& session)
    : plan_(plan), info_(info), store_(store), id_(id), session_(session), guest_(plan.options, info, store, id, session) {}

Result<void> WaspInstance::start() {
    const Entered entered(frames_, depth_);
    const auto with_words = [&](Result<void> ran) {
        if (!ran && (entered->raised || entered->aborted)) ran.error().set_guest_message(entered->raised_text);
        return ran;
    };
    if (auto ran = run_start_section(session_, store_, id_); !ran) return with_words(std::move(ran));
    if (plan_.options.start_up == StartUp::on) {
        const FunctionType* initialise = info_.exported_function("_initialize");
        const bool reactor = initialise != nullptr && initialise->params.empty();
        const FunctionType* command = info_.exported_function("_start");
        const std::string_view name = reactor ? "_initialize" : "_start";
        if (reactor || (command != nullptr && *command == FunctionType{})) {
            if (auto ran = run_initialiser(session_, store_, id_, info_, name); !ran) return with_words(std::move(ran));
        }
    }
    auto finished = finish(*entered, nullptr);
    if (finished && entered->raised) {
        return fail(guest_error(entered->raised_text));
    }
    return finished;
}

Result<void> WaspInstance::check_param(std::string_view function, std::size_t index, Kind kind, ValType type) const {
    if (is_pointer(kind) && type == ValType::i32) {
        auto possible = guest_.can_place();
        if (possible) return {};
        return fail(std::move(possible).error().add_context(concat("for ", parameter(index, function))));
    }
    if (converts(kind, type)) return {};
    return fail(ErrorCode::type_mismatch,
                concat(parameter(index, function), " is ", to_string(type), ", got ", to_string(kind)));
}

Result<void> WaspInstance::check_result(std::string_view function, const FunctionType& type, Kind wanted) const {
    if (wanted == Kind::none || wanted == Kind::any || wanted == Kind::list) return {};
    const ValType crossing = crossing_type(wanted).value_or(ValType::other);
    if (type.results.size() != 1 || type.results[0] != crossing) {
        return fail(ErrorCode::type_mismatch, concat("\"", function, "\" has type ", to_string(type), ", asked for a ",
                                                     to_string(wanted), " as its result"));
    }
    if (wanted == Kind::string) return guest_.can_read_text();
    if (wanted == Kind::bytes) return guest_.can_read_bytes();
    return {};
}

Result<Bound> WaspInstance::bind(std::string_view name, std::optional<std::span<const Kind>> params, Kind result) {
    const FunctionType* type = info_.exported_function(name);
    const auto function = type != nullptr ? store_.function(id_, name) : std::nullopt;
    if (!function) return fail(ErrorCode::function_not_found, concat("the plugin exports no function \"", name, "\""));
    for (std::size_t i = 0; i < type->params.size(); ++i) {
        if (is_number(type->params[i])) continue;
        return fail(ErrorCode::type_mismatch, concat(parameter(i, name), " is ", to_string(type->params[i]), ", which wasp cannot carry"));
    }
    if (params) {
        if (params->size() != type->params.size()) return fail(wrong_count(name, type->params.size(), params->size()));
        for (std::size_t i = 0; i < params->size(); ++i) {
            if (auto fits = check_param(name, i, (*params)[i], type->params[i]); !fits) return fail(std::move(fits).error());
        }
    }
    if (auto fits = check_result(name, *type, result); !fits) return fail(std::move(fits).error());

    Bound bound;
    bound.function = *function;
    bound.raw = !plan_.framed && !guest_.heard() && params && is_exact(*params, result, *type);
    bound.result = result;
    bound.params = type->params;
    bound.results = type->results;
    bound.name = std::string(name);
    return bound;
}

Result<void> WaspInstance::check_arguments(const Bound& bound, std::span<const ValueView> arguments) const {
    if (arguments.size() != bound.params.size()) return fail(wrong_count(bound.name, bound.params.size(), arguments.size()));
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const Kind kind = arguments[i].kind();
        const bool plain = is_pointer(kind) ? bound.params[i] == ValType::i32 && guest_.can_place().has_value() : converts(kind, bound.params[i]);
        if (!plain) [[unlikely]] return check_param(bound.name, i, kind, bound.params[i]);
    }
    return {};
}

Result<Value> WaspInstance::call(const Bound& bound, std::span<const ValueView> arguments, const Request&, Reply& reply) {
    if (auto fits = check_arguments(bound, arguments); !fits) return fail(std::move(fits).error());
    const Entered entered(frames_, depth_);
    const bool heard = guest_.heard();
    const auto begin = heard ? Clock::now() : Clock::time_point();
    if (heard) guest_.emit({.what = Event::What::calling, .name = bound.name, .arguments = arguments});
    auto result = call_in_frame(bound, arguments, *entered);
    if (auto finished = finish(*entered, &reply); !finished && result) result = fail(std::move(finished).error());
    if (heard) report_end(bound, result, nanoseconds_since(begin));
    return result;
}

Result<Value> WaspInstance::call_in_frame(const Bound& bound, std::span<const ValueView> arguments, Frame& frame) {
    std::array<RawValue, 16> few;
    std::vector<RawValue> many;
    if (bound.function.slots > few.size()) many.resize(bound.function.slots);
    RawValue* slots = bound.function.slots > few.size() ? many.data() : few.data();

    // Numbers first: whether they fit is known before the guest runs.
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (is_pointer(arguments[i].kind())) continue;
        auto slot = to_slot(arguments[i], bound.params[i], std::string_view());
        if (!slot) [[unlikely]] return fail(to_slot(arguments[i], bound.params[i], parameter(i, bound.name)).error());
        slots[i] = *slot;
    }
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (!is_pointer(arguments[i].kind())) continue;
        auto address = guest_.place(arguments[i], frame.frees);
        if (!address) [[unlikely]] return fail(std::move(address).error().add_context("while placing " + parameter(i, bound.name)));
        slots[i].i32 = static_cast<std::int32_t>(*address);
    }
    const Stop stop = run(session_, store_, bound.function, slots, bound.function.slots);
    if (stop != Stop::done) [[unlikely]] {
        Error error = error_of_stop(store_, stop);
        if (frame.raised || frame.aborted) error.set_guest_message(frame.raised_text);
        return fail(std::move(error));
    }
    if (frame.raised) [[unlikely]] {
        return fail(guest_error(frame.raised_text));
    }
    return result_of(bound, slots, frame);
}

Result<Value> WaspInstance::result_of(const Bound& bound, const RawValue* slots, Frame& frame) {
    const auto in_result = [&](Error error) {
        return fail(std::move(error).add_context(concat("while reading the result of \"", bound.name, "\"")));
    };
    if (bound.result == Kind::string) {
        const auto text = guest_.read_text(static_cast<std::uint32_t>(slots[0].i32), frame.frees);
        if (!text) return in_result(text.error());
        return Value(*text);
    }
    if (bound.result == Kind::bytes) {
        const auto bytes = guest_.read_bytes(static_cast<std::uint32_t>(slots[0].i32), frame.frees);
        if (!bytes) return in_result(bytes.error());
        return Value(copy_bytes(*bytes));
    }
    if (bound.result == Kind::none || bound.results.empty()) return bound.result == Kind::list ? Value(Value::List()) : Value();
    if (bound.results.size() == 1 && bound.result != Kind::list) return from_slot(slots[0], bound.results[0], bound.result);
    Value::List list;
    for (std::size_t i = 0; i < bound.results.size(); ++i) {
        auto value = from_slot(slots[i], bound.results[i], Kind::any);
        if (!value) return value;
        list.push_back(*std::move(value));
    }
    return Value(std::move(list));
}

// Frees what the call's frame holds. What the guest raises meanwhile is nobody's error any more.
Result<void> WaspInstance::finish(Frame& frame, Reply* reply) {
    std::uint32_t failed = 0;
    auto freed = guest_.free(frame.frees, failed);
    if (failed != 0 && reply != nullptr) reply->report = CallReport{failed};
    return freed;
}

void WaspInstance::report_end(const Bound& bound, const Result<Value>& result, std::uint64_t nanoseconds) const noexcept {
    Event event{.what = Event::What::called, .level = LogLevel::debug, .name = bound.name, .nanoseconds = nanoseconds};
    event.ok = result.has_value();
    guest_.emit(event);
    if (result) return;
    event.what = Event::What::call_failed;
    event.level = LogLevel::error;
    event.text = result.error().message();
    guest_.emit(event);
}

}  // namespace mortise::abi::wasp
