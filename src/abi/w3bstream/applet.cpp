#include "abi/w3bstream/applet.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace mortise::abi::w3bstream {

using engine::RawValue;
using engine::Stop;

namespace {

constexpr std::uint32_t kRidLimit = 0x7FFF'FFFF;
constexpr int kRidTries = 1'000;

const Event kNoEvent{};

bool is_integer(Kind kind) noexcept {
    return kind == Kind::i32 || kind == Kind::u32 || kind == Kind::i64 || kind == Kind::u64;
}
bool is_payload(Kind kind) noexcept { return kind == Kind::string || kind == Kind::bytes; }

// What the arguments of a value call mean: nothing, a payload, or one or two ids.
Result<void> check_arguments(std::string_view name, std::span<const Kind> kinds, std::size_t parameters) {
    if (kinds.empty() || (kinds.size() == 1 && is_payload(kinds[0]))) {
        if (parameters == 1) return {};
        return fail(ErrorCode::type_mismatch, base::concat("handler ", base::quoted(name), " takes two ids, an accumulator's and an "
                                                           "event's; give both, or Event::accumulator"));
    }
    if (kinds.size() == parameters && std::all_of(kinds.begin(), kinds.end(), is_integer)) return {};
    std::string got;
    for (const Kind kind : kinds) got += base::concat(got.empty() ? "" : ", ", to_string(kind));
    return fail(ErrorCode::type_mismatch, base::concat("handler ", base::quoted(name), " takes a payload or ", parameters,
                                                       parameters == 1 ? " id" : " ids", ", got (", got, ")"));
}

Result<std::uint32_t> id_of(const ValueView& value, std::string_view name) {
    const bool negative = value.kind() == Kind::i64 && value.i64() < 0;
    const bool wide = (value.kind() == Kind::i64 || value.kind() == Kind::u64) && value.u64() > UINT32_MAX;
    if (!negative && !wide) return value.u32();
    return fail(ErrorCode::type_mismatch, base::concat("an id given to handler ", base::quoted(name), " does not fit 32 bits"));
}

}  // namespace

bool is_handler(const FunctionType& type) noexcept {
    const auto is_i32 = [](ValType t) { return t == ValType::i32; };
    return (type.params.size() == 1 || type.params.size() == 2) && std::all_of(type.params.begin(), type.params.end(), is_i32) &&
           type.results.size() == 1 && is_i32(type.results[0]);
}

Applet::Applet(const Plan& plan, const ModuleInfo& info, engine::Store& store, engine::InstanceId instance, Session& session)
    : plan_(plan), info_(info), store_(store), id_(instance), session_(session), event_(&kNoEvent) {
    memory_ = store.memory(instance, "memory");
    const FunctionType alloc_type{{ValType::i32}, {ValType::i32}};
    for (const std::string_view name : {"alloc", "malloc"}) {
        if (alloc_ || (name == "malloc" && !plan.options.malloc_fallback)) continue;
        const FunctionType* type = info.exported_function(name);
        if (type != nullptr && *type == alloc_type) alloc_ = store.function(instance, name);
    }
}

Result<void> Applet::start() {
    if (auto ran = run_start_section(session_, store_, id_); !ran) return fail(with_abort(std::move(ran).error()));
    if (!plan_.options.call_start) return {};
    auto ran = run_initialiser(session_, store_, id_, info_, "_start");
    if (!ran) return fail(with_abort(std::move(ran).error()));
    return {};
}

CallContext Applet::context() const noexcept {
    CallContext context;
    context.instance_id = session_.instance_id;
    context.event_id = event_->id;
    context.expired_ = [](const void* store) noexcept { return static_cast<const engine::Store*>(store)->due() != Stop::done; };
    context.store_ = &store_;
    return context;
}

Result<const Applet::Handler*> Applet::handler(std::string_view name) {
    if (!handlers_.empty() && handlers_.front().name == name) [[likely]] return &handlers_.front();
    for (Handler& known : handlers_) {
        if (known.name != name) continue;
        std::swap(known, handlers_.front());
        return &handlers_.front();
    }
    const FunctionType* type = info_.exported_function(name);
    if (type == nullptr) {
        return fail(ErrorCode::function_not_found, base::concat("the applet exports no handler ", base::quoted(name), ": func not imported"));
    }
    if (!is_handler(*type)) {
        return fail(ErrorCode::export_mismatch, base::concat("handler ", base::quoted(name), " has type ", to_string(*type),
                                                             ", wanted (i32) -> i32 or (i32 i32) -> i32"));
    }
    const auto function = store_.function(id_, name);
    if (!function) return fail(ErrorCode::internal, base::concat("the engine does not find the export ", base::quoted(name)));
    handlers_.insert(handlers_.begin(), {std::string(name), *function, type->params.size()});
    return &handlers_.front();
}

Result<const Event*> Applet::event_of(const Request& request) const {
    if (request.options == nullptr || !request.options->has_value()) return &kNoEvent;
    const auto* event = std::any_cast<Event>(request.options);
    if (event != nullptr) return event;
    return fail(ErrorCode::invalid_argument, "the options of a call to a W3bstream applet are a w3bstream::Event");
}

// Only has to differ from event to event, so one draw from the sandbox's source serves an instance.
std::uint64_t Applet::random_bits() {
    if (random_state_ == 0) random_state_ = session_.random_bits() | 1;
    random_state_ += 0x9E37'79B9'7F4A'7C15;
    std::uint64_t bits = random_state_;
    bits = (bits ^ bits >> 30) * 0xBF58'476D'1CE4'E5B9;
    bits = (bits ^ bits >> 27) * 0x94D0'49BB'1331'11EB;
    return bits ^ bits >> 31;
}

std::uint32_t Applet::choose_rid() {
    for (int i = 0; i < kRidTries; ++i) {
        const auto given = plan_.services->next_rid();
        const std::uint32_t rid = given ? *given : static_cast<std::uint32_t>(random_bits() % kRidLimit);
        if (rid < kRidLimit && !resources_.find(rid)) return rid;
    }
    for (std::uint32_t rid = 0;; ++rid) {   // there are far fewer resources than ids
        if (!resources_.find(rid)) return rid;
    }
}

Error Applet::with_abort(Error error) {
    if (abort_.empty() || error.code() == ErrorCode::function_not_found) return error;
    if (!error.guest_message()) error.set_guest_message(std::exchange(abort_, {}));
    return error;
}

void Applet::tell_result(std::string_view name, const Event& event, std::int32_t code, const Error* error) {
    try {
        plan_.services->event_result({.instance_id = session_.instance_id, .event_id = event.id, .type = event.type,
                                      .handler = name, .code = code, .error = error});
    } catch (...) {  // whoever listens cannot fail the event
    }
}

Result<std::int32_t> Applet::run_handler(const Handler& handler, const Event& event) {
    if ((handler.parameters == 2) != event.accumulator.has_value()) {
        return fail(ErrorCode::type_mismatch, base::concat("handler ", base::quoted(handler.name), " takes ", handler.parameters,
                                                           handler.parameters == 1 ? " id, an accumulator is given as well"
                                                                                   : " ids, no accumulator is given"));
    }
    std::array<RawValue, 2> slots{};
    slots[0].i32 = static_cast<std::int32_t>(event.accumulator.value_or(rid_));
    slots[1].i32 = static_cast<std::int32_t>(rid_);
    const engine::FunctionRef function = handler.function;
    const Stop stop = run(session_, store_, function, slots.data(), handler.parameters);
    if (session_.limits->fuel && logs_for_host()) [[unlikely]] {
        const std::uint64_t all = *session_.limits->fuel;
        host_log(Level::info, "fuel consumed", std::to_string(all - std::min(all, store_.fuel_left())));
    }
    if (stop != Stop::done) return fail(with_abort(error_of_stop(store_, stop)));
    return slots[0].i32;
}

// One event, from its resource to its result.
Result<std::int32_t> Applet::handle(std::string_view name, BytesView payload, const Event& event, Reply& reply) {
    struct Ending {
        Applet& applet;
        ~Ending() {
            applet.resources_.clear();
            applet.event_ = &kNoEvent;
        }
    };
    Report report;
    reply.present = false;
    abort_.clear();
    event_ = &event;
    const Ending ending{*this};
    for (const auto& [rid, bytes] : event.resources) resources_.lend(rid, bytes);
    rid_ = event.rid ? *event.rid : choose_rid();
    if (event.has_payload) resources_.lend(rid_, payload);
    report.rid = rid_;

    auto found = handler(name);
    auto result = found ? run_handler(**found, event) : Result<std::int32_t>(fail(std::move(found).error()));
    if (result) {
        report.code = *result;
        reply.value = Value(*result);
        if (event.stored != nullptr) *event.stored = resources_.take();
        if (*result < 0) {
            result = fail(ErrorCode::guest_error, base::concat("the handler returned ", report.code));
        }
    } else if (result.error().code() == ErrorCode::function_not_found) {
        report.code = plan_.options.missing_handler_code;
    }
    reply.report = report;
    tell_result(name, event, report.code, result ? nullptr : &result.error());
    return result;
}

Result<void> Applet::invoke(const Request& request, Reply& reply) {
    auto event = event_of(request);
    if (!event) return fail(std::move(event).error());
    auto result = handle(request.name, request.payload, **event, reply);
    if (!result) return fail(std::move(result).error());
    return {};
}

Result<Bound> Applet::bind(std::string_view name, std::optional<std::span<const Kind>> params, Kind result) {
    auto found = handler(name);
    if (!found) return fail(std::move(found).error());
    if (params) {
        if (auto fits = check_arguments(name, *params, (*found)->parameters); !fits) return fail(std::move(fits).error());
    }
    if (result != Kind::none && result != Kind::any && result != Kind::i32 && result != Kind::i64) {
        return fail(ErrorCode::type_mismatch, base::concat("handler ", base::quoted(name), " gives an i32, asked for a ",
                                                           to_string(result)));
    }
    Bound bound;
    bound.function = (*found)->function;
    bound.result = result;
    bound.params.assign((*found)->parameters, ValType::i32);
    bound.results = {ValType::i32};
    bound.name = std::string(name);
    return bound;
}

Result<Value> Applet::call(const Bound& bound, std::span<const ValueView> arguments, const Request& request, Reply& reply) {
    std::array<Kind, 2> kinds{};
    if (arguments.size() > kinds.size()) return fail(ErrorCode::type_mismatch, "a handler takes at most two ids");
    for (std::size_t i = 0; i < arguments.size(); ++i) kinds[i] = arguments[i].kind();
    auto fits = check_arguments(bound.name, std::span(kinds).first(arguments.size()), bound.params.size());
    if (!fits) return fail(std::move(fits).error());

    auto given = event_of(request);
    if (!given) return fail(std::move(given).error());
    const Event* event = *given;
    Event by_ids;
    BytesView payload = request.payload;
    if (!arguments.empty() && is_payload(kinds[0])) {
        payload = kinds[0] == Kind::bytes ? arguments[0].bytes() : bytes_of(arguments[0].text());
    } else if (!arguments.empty()) {
        by_ids = *event;
        by_ids.has_payload = false;
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            auto id = id_of(arguments[i], bound.name);
            if (!id) return fail(std::move(id).error());
            if (i + 1 < arguments.size()) by_ids.accumulator = *id;
            else by_ids.rid = *id;
        }
        event = &by_ids;
    }
    auto result = handle(bound.name, payload, *event, reply);
    if (!result) return fail(std::move(result).error());
    if (bound.result == Kind::none) return Value();
    if (bound.result == Kind::i64) return Value(std::int64_t{*result});
    return Value(*result);
}

}  // namespace mortise::abi::w3bstream
