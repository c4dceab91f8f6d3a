#include "abi/aspect/instance.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "abi/aspect/marshal.hpp"
#include "abi/aspect/names.hpp"
#include "base/text.hpp"

namespace mortise::abi::aspect {

using base::concat;
using engine::RawValue;
using engine::Stop;

namespace {

using Clock = std::chrono::steady_clock;

Result<std::int64_t> gas_of(const Request& request) {
    if (request.options == nullptr || !request.options->has_value()) return kMaxGas;
    const auto* options = std::any_cast<CallOptions>(request.options);
    if (options == nullptr) {
        return fail(ErrorCode::invalid_argument, "a call's options of ABI aspect are of type mortise::abi::aspect::CallOptions");
    }
    if (options->gas > kMaxGas) {
        return fail(ErrorCode::invalid_argument,
                    concat("aspect init failed, gas overflow: ", options->gas, " is more than the most, ", kMaxGas));
    }
    if (options->gas < 0) return fail(ErrorCode::invalid_argument, concat("aspect init failed, negative gas: ", options->gas));
    return options->gas;
}

Error out_of_gas() { return Error(ErrorCode::out_of_gas, "out of gas"); }

// The names of a listener's events and its clock, which is read only where there is a listener.
class Telling {
public:
    Telling(const Options& options, std::uint64_t instance, std::string_view method)
        : options_(options), instance_(instance), method_(method) {
        if (!options.on_event) return;
        begin_ = Clock::now();
        emit(options, {.what = Event::What::calling, .instance = instance, .method = method});
    }

    void executed() const {
        if (options_.on_event) emit(options_, {.what = Event::What::executed, .instance = instance_, .method = method_});
    }

    void done(std::int64_t gas, std::int64_t wasm_gas_left, const Result<Value>& result) const {
        if (!options_.on_event) return;
        Event event{.what = Event::What::done, .instance = instance_, .method = method_};
        const auto spent = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin_).count();
        event.nanoseconds = static_cast<std::uint64_t>(spent);
        event.gas_left = wasm_gas_left / kWasmGasPerGas;
        event.gas_used = gas - event.gas_left;
        event.error = result ? nullptr : &result.error();
        emit(options_, event);
    }

private:
    const Options& options_;
    std::uint64_t instance_;
    std::string_view method_;
    Clock::time_point begin_;
};

}  // namespace

AspectInstance::AspectInstance(const Plan& plan, const ModuleInfo& info, engine::Store& store, engine::InstanceId id,
                               Session& session)
    : plan_(plan), info_(info), store_(store), id_(id), session_(session) {
    counter_ = store.global(id, kCounterExport).value_or(engine::GlobalRef{});
    memory_ = store.memory(id, kMemory);
    const FunctionType* start = info.exported_function(kStartExport);
    start_mismatch_ = start != nullptr && *start != FunctionType{};
    if (start != nullptr && !start_mismatch_) start_ = store.function(id, kStartExport);
    const FunctionType* allocate = info.exported_function(kAllocate);
    if (allocate != nullptr && *allocate == FunctionType{{ValType::i32}, {ValType::i32}}) allocate_ = store.function(id, kAllocate);
    else allocate_mismatch_ = info.find_export(kAllocate) != nullptr;
}

void AspectInstance::set_counter(std::int64_t value) noexcept {
    RawValue raw{};
    raw.i64 = value;
    store_.set(counter_, raw);
}

Result<void> AspectInstance::start() {
    if (plan_.options.on_event) emit(plan_.options, {.what = Event::What::created, .instance = session_.instance_id});
    return {};
}

Result<Bound> AspectInstance::bind(std::string_view name, std::optional<std::span<const Kind>>, Kind result) {
    Bound bound;
    bound.name = std::string(name);
    bound.result = result;
    bound.function.slots = 0;   // what a missing export has
    const FunctionType* type = info_.exported_function(name);
    const auto function = type != nullptr ? store_.function(id_, name) : std::nullopt;
    if (!function) return bound;
    bound.function = *function;
    bound.params = type->params;
    bound.results = type->results;
    return bound;
}

Result<Value> AspectInstance::call(const Bound& bound, std::span<const ValueView> arguments, const Request& request, Reply& reply) {
    const auto gas = gas_of(request);
    if (!gas) {
        reply.report = CallReport(0);
        return fail(gas.error());
    }
    const Telling telling(plan_.options, session_.instance_id, bound.name);
    abort_.reset();
    set_counter(*gas * kWasmGasPerGas);

    if (auto started = run_start(); !started) {
        reply.report = CallReport(0);
        Result<Value> failed = fail(std::move(started).error());
        telling.done(*gas, 0, failed);
        return failed;
    }
    Result<Value> result = run_method(bound, arguments);
    telling.executed();
    const std::int64_t left = result ? left_ : counter();
    if (left < 0) result = fail(out_of_gas());
    reply.report = CallReport(std::max<std::int64_t>(left, 0));
    telling.done(*gas, std::max<std::int64_t>(left, 0), result);
    return result;
}

// A guest's own words beside how it ended.
Error AspectInstance::finished(Error error) {
    if (!abort_) return error;
    if (abort_->message && !error.guest_message()) error.set_guest_message(*abort_->message);
    if (const std::string text = abort_->text(); !text.empty()) error.add_context("aborted: " + text);
    return error;
}

Result<void> AspectInstance::run_start() {
    if (start_mismatch_) {
        return fail(ErrorCode::export_mismatch, concat("aspect init failed, export \"", kStartExport, "\" is not of type () -> ()"));
    }
    if (!start_) {
        return fail(ErrorCode::missing_export, concat("aspect init failed, method ", kStartExport, " does not exist"));
    }
    RawValue slot{};
    const Stop stop = run(session_, store_, *start_, &slot, 1);
    if (stop == Stop::done) [[likely]] return {};
    Error error = error_of_stop(store_, stop);
    if (counter() < 0) error = out_of_gas();
    return fail(finished(std::move(error)).add_context(concat("aspect init failed, while running ", kStartExport)));
}

Result<Value> AspectInstance::run_method(const Bound& bound, std::span<const ValueView> arguments) {
    if (bound.function.slots == 0) return fail(ErrorCode::function_not_found, concat("method ", bound.name, " does not exist"));
    std::array<RawValue, 8> few;
    std::vector<RawValue> many;
    const std::size_t count = std::max<std::size_t>(bound.function.slots, arguments.size());
    if (count > few.size()) many.resize(count);
    RawValue* slots = count > few.size() ? many.data() : few.data();

    for (std::size_t i = 0; i < arguments.size(); ++i) {
        auto address = place(arguments[i]);
        if (!address) {
            return fail(finished(std::move(address).error()).add_context(concat("while placing argument ", i + 1, " of \"", bound.name, "\"")));
        }
        slots[i].i32 = static_cast<std::int32_t>(*address);
    }
    if (arguments.size() != bound.params.size()) {
        return fail(ErrorCode::type_mismatch,
                    concat("\"", bound.name, "\" takes ", bound.params.size(), " argument(s), got ", arguments.size()));
    }
    for (std::size_t i = 0; i < bound.params.size(); ++i) {
        if (bound.params[i] == ValType::i32) continue;
        return fail(ErrorCode::type_mismatch, concat("parameter ", i + 1, " of \"", bound.name, "\" is ", to_string(bound.params[i]),
                                                     ", and aspects pass the address of a value, an i32"));
    }
    const Stop stop = run(session_, store_, bound.function, slots, bound.function.slots);
    if (stop != Stop::done) [[unlikely]] return fail(finished(error_of_stop(store_, stop)));
    left_ = counter();
    if (left_ < 0) [[unlikely]] return fail(out_of_gas());
    return read_result(bound, slots[0]);
}

Result<Value> AspectInstance::read_result(const Bound& bound, const RawValue& slot) {
    if (bound.results.empty() && plan_.options.void_export == VoidExport::success && bound.result == Kind::none) return Value();
    if (bound.results.empty() && plan_.options.void_export == VoidExport::success && bound.result == Kind::any) return Value();
    if (bound.results.size() != 1 || bound.results[0] != ValType::i32) [[unlikely]] {
        return fail(ErrorCode::type_mismatch, concat("read output failed: \"", bound.name, "\" gives ",
                                                     to_string(FunctionType{{}, bound.results}), ", an aspect's function gives one i32"));
    }
    const auto mismatch = [&](std::string_view got) {
        return fail(ErrorCode::type_mismatch, concat("the result is ", got, ", asked for ", to_string(bound.result)));
    };
    const auto address = static_cast<std::uint32_t>(slot.i32);
    if (address == 0) {
        if (bound.result != Kind::none && bound.result != Kind::any) return mismatch("no value");
        return Value();
    }
    const auto unreadable = [&](Error error) {
        return fail(std::move(error).add_context(concat("while reading the result of \"", bound.name, "\"")));
    };
    if (!memory_) return unreadable(Error(ErrorCode::missing_export, "memory export not found"));
    const engine::GuestMemory memory = this->memory();
    const auto header = read_header(memory, address);
    if (!header) return unreadable(header.error());
    const auto view = read_body(memory, address, *header);
    if (!view) return unreadable(view.error());
    if (static_cast<std::uint64_t>(header->length) > session_.limits->output_bytes) {
        return unreadable(Error(ErrorCode::output_limit, concat(header->length, " bytes are beyond the limit of ",
                                                                session_.limits->output_bytes, " (output_bytes)")));
    }
    if (bound.result == Kind::none) return Value();
    if (bound.result != Kind::any && bound.result != view->kind()) return mismatch(to_string(view->kind()));
    return view->to_value();
}

Result<std::uint32_t> AspectInstance::allocate(std::uint64_t size) {
    if (!allocate_) {
        return allocate_mismatch_ ? fail(ErrorCode::export_mismatch, "export \"allocate\" is not of type (i32) -> i32")
                                  : fail(ErrorCode::missing_export, "function 'allocate' does not exist");
    }
    if (!memory_) return fail(ErrorCode::missing_export, "memory export not found");
    if (size > INT32_MAX) return fail(ErrorCode::memory_limit, concat("a value of ", size, " bytes is too large for an aspect"));
    RawValue slot{};
    slot.i32 = static_cast<std::int32_t>(size);
    const Stop stop = run(session_, store_, *allocate_, &slot, 1);
    if (stop != Stop::done) [[unlikely]] return fail(error_of_stop(store_, stop).add_context(concat("while the guest allocated ", size, " bytes")));
    const auto address = static_cast<std::uint32_t>(slot.i32);
    if (address != 0 && memory().contains(address, size)) [[likely]] return address;
    return fail(ErrorCode::bad_pointer, concat("allocate(", size, ") returned ", address, ", the guest's memory has ", memory().size(), " bytes"));
}

Result<std::uint32_t> AspectInstance::place(const ValueView& value) {
    if (!type_of(value.kind())) {
        return fail(ErrorCode::type_mismatch, concat("an aspect takes i32, i64, u64, bool, string and bytes, not ", to_string(value.kind())));
    }
    const std::uint64_t size = encoded_size(value);
    auto address = allocate(size);
    if (!address) return address;
    encode(value, *memory().writable(*address, size));
    return address;
}

}  // namespace mortise::abi::aspect
