#include <array>
#include <chrono>
#include <utility>

#include "abi/aspect/instance.hpp"
#include "abi/aspect/marshal.hpp"
#include "base/checked.hpp"
#include "base/text.hpp"

namespace mortise::abi::aspect {

using base::concat;
using engine::RawValue;
using engine::Stop;

namespace {

constexpr std::string_view kOutOfGas = "out of gas";

Error out_of_gas() { return Error(ErrorCode::out_of_gas, std::string(kOutOfGas)); }

std::string named(const BoundImport& import) { return concat("host function \"", import.module, "\" \"", import.name, "\""); }

// Counts host functions that run inside one another: those of a guest's own allocate.
class Nested {
public:
    explicit Nested(std::uint32_t& depth) : depth_(depth) { ++depth_; }
    ~Nested() { --depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

private:
    std::uint32_t& depth_;
};

// The values that a guest passed, as far as they could be read.
struct Arguments {
    std::array<ValueView, kMostParams> views;
    std::size_t count = 0;
    std::uint64_t bytes = 0;               // of all bodies whose header could be read
    std::optional<Error> error;

    std::span<const ValueView> span() const noexcept { return std::span(views).first(count); }
};

Arguments read_arguments(const BoundImport& import, const engine::GuestMemory& memory, const RawValue* slots) {
    Arguments out;
    const auto& kinds = import.function->params;
    const auto stopped = [&](std::size_t index, Error error) {
        out.error = std::move(error).add_context(concat("read params failed: parameter ", index + 1, " of ", named(import)));
        return out;
    };
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        const auto address = static_cast<std::uint32_t>(slots[i].i32);
        const auto header = read_header(memory, address);
        if (!header) return stopped(i, header.error());
        out.bytes += static_cast<std::uint64_t>(header->length);
        const auto view = read_body(memory, address, *header);
        if (!view) return stopped(i, view.error());
        if (view->kind() != kinds[i]) {
            return stopped(i, Error(ErrorCode::decode, concat("the value is ", to_string(view->kind()), ", declared as ", to_string(kinds[i]))));
        }
        out.views[i] = *view;
        out.count = i + 1;
    }
    return out;
}

// Text and bytes on their own, where guest code runs before they are used.
std::vector<Value> copies_of(Arguments& arguments) {
    std::vector<Value> copies;
    copies.reserve(arguments.count);
    for (std::size_t i = 0; i < arguments.count; ++i) {
        copies.push_back(arguments.views[i].to_value());
        arguments.views[i] = ValueView(copies.back());
    }
    return copies;
}

}  // namespace

// The guest as a gas rule of the embedder's own sees it.
class Vm final : public VmContext {
public:
    explicit Vm(AspectInstance& instance) : instance_(instance) {}

    Result<Bytes> read_memory(std::uint32_t address, std::uint32_t size) override {
        const auto bytes = instance_.memory().bytes(address, size);
        if (!bytes) return outside(address, size);
        return copy_bytes(*bytes);
    }

    Result<void> write_memory(std::uint32_t address, BytesView bytes) override {
        if (instance_.memory().write(address, bytes)) return {};
        return outside(address, bytes.size());
    }

    Result<std::uint32_t> allocate(std::uint32_t size) override {
        auto address = instance_.allocate(size);
        guest_failed_ |= !address;
        return address;
    }

    Result<std::int64_t> gas() override {
        auto left = wasm_gas();
        if (left) *left /= kWasmGasPerGas;
        return left;
    }

    Result<std::int64_t> wasm_gas() override {
        const std::int64_t left = instance_.counter();
        if (left < 0) return fail(out_of_gas());
        return left;
    }

    Result<void> consume_wasm_gas(std::int64_t amount) override { return instance_.take(amount); }

    Result<void> set_gas(std::int64_t gas) override {
        if (gas < 0 || gas > kMaxGas) return fail(ErrorCode::invalid_argument, concat("no gas can be ", gas));
        instance_.set_counter(gas * kWasmGasPerGas);
        return {};
    }

    Result<void> set_wasm_gas(std::int64_t gas) override {
        if (gas < 0) return fail(ErrorCode::invalid_argument, concat("no Wasm gas can be ", gas));
        instance_.set_counter(gas);
        return {};
    }

    void log(LogLevel level, std::string_view text) noexcept override { instance_.session_.log(level, text); }

    /// Guest code that the rule ran failed: that is what ends the call, whatever the rule makes of it.
    bool guest_failed() const noexcept { return guest_failed_; }

private:
    std::unexpected<Error> outside(std::uint32_t address, std::uint64_t size) {
        return fail(ErrorCode::bad_pointer, concat(size, " bytes at ", address, " are not inside the guest's memory of ",
                                                   instance_.memory().size(), " bytes"));
    }

    AspectInstance& instance_;
    bool guest_failed_ = false;
};

HostContext* HostContext::of(const HostCall& call) noexcept {
    const auto* context = std::any_cast<HostContext*>(call.context);
    return context != nullptr ? *context : nullptr;
}

Result<void> HostContext::consume(std::int64_t amount) {
    if (amount < 0) return fail(ErrorCode::invalid_argument, concat("cannot consume ", amount, " gas"));
    if (gas_ < amount) return fail(out_of_gas());
    gas_ -= amount;
    return {};
}

Result<void> AspectInstance::take(std::int64_t amount) {
    if (amount < 0) return fail(ErrorCode::invalid_argument, concat("cannot consume ", amount, " Wasm gas"));
    const std::int64_t left = counter();
    if (left < amount) {
        set_counter(-1);
        return fail(out_of_gas());
    }
    set_counter(left - amount);
    return {};
}

Result<void> AspectInstance::charge(const BoundImport& import, std::uint64_t bytes) {
    if (bytes == 0 && plan_.options.empty_payload == EmptyPayload::free) return {};
    if (const auto* rule = std::get_if<StaticGas>(&import.rule)) return take(rule->cost);
    if (const auto* rule = std::get_if<DynamicGas>(&import.rule)) {
        const auto variable = base::checked_mul(static_cast<std::int64_t>(bytes), rule->per_byte);
        const auto amount = variable ? base::checked_add(rule->fixed, *variable) : std::nullopt;
        return take(amount.value_or(INT64_MAX));   // more than any counter holds
    }
    Vm vm(*this);
    Result<void> paid;
    try {
        paid = std::get<CustomGas>(import.rule)(vm, bytes);
    } catch (...) {
        paid = fail(detail::error_of_exception());
    }
    if (paid || paid.error().code() == ErrorCode::out_of_gas) return paid;
    if (vm.guest_failed()) return fail(std::move(paid).error().add_context("in the gas rule of " + named(import)));
    return fail(ErrorCode::host_function_failed, concat("the gas rule of ", named(import), " failed: ", paid.error().message()));
}

Result<void> AspectInstance::update_gas(const HostContext& context, std::int64_t remainder) {
    const auto wasm_gas = context.gas() >= 0 && context.gas() <= kMaxGas
                              ? base::checked_add(context.gas() * kWasmGasPerGas, remainder)
                              : std::nullopt;
    if (!wasm_gas) return fail(ErrorCode::host_function_failed, concat("failed to update vm gas: a host function left ", context.gas(), " gas"));
    set_counter(*wasm_gas);
    return {};
}

// Runs the embedder's function with a context of its own, and takes what it used of the gas, failed or not.
Result<Value> AspectInstance::invoke(const BoundImport& import, std::span<const ValueView> arguments) {
    const std::int64_t before = counter();
    if (before < 0) return fail(ErrorCode::out_of_gas, "failed to load gas counter");
    HostContext context(before / kWasmGasPerGas, before);
    std::any lent = &context;
    HostCall call;
    call.instance_id = session_.instance_id;
    call.module = import.module;
    call.name = import.name;
    call.space = import.space;
    call.operation = import.method;
    call.instance_ = session_.handle;
    call.context = &lent;
    Result<Value> result;
    try {
        result = import.function->values(import.function->function.get(), call, arguments);
    } catch (...) {
        result = fail(detail::error_of_exception());
    }
    if (session_.observer != nullptr) {
        HostCallEvent event;
        event.module = import.module;
        event.name = import.name;
        event.space = import.space;
        event.operation = import.method;
        event.arguments = arguments;
        event.ok = result.has_value();
        session_.host_call(event);
    }
    if (auto updated = update_gas(context, before % kWasmGasPerGas); !updated) return fail(std::move(updated).error());
    if (result) return result;

    const Error& error = result.error();
    // In the original the text alone is the signal.
    if (error.code() == ErrorCode::out_of_gas || error.message() == kOutOfGas) return fail(out_of_gas().add_context("in " + named(import)));
    const ErrorCode code = error.code() == ErrorCode::host_abort ? ErrorCode::host_abort : ErrorCode::host_function_failed;
    return fail(code, concat(named(import), " failed: ", error.message()));
}

Result<std::uint32_t> AspectInstance::run_host_call(const BoundImport& import, const RawValue* slots) {
    const Nested nested(host_depth_);
    if (host_depth_ > session_.limits->call_depth) {
        return fail(ErrorCode::not_reentrant, concat(named(import), " is called too deeply inside others, by the guest's allocate"));
    }
    if (!memory_ && !import.function->params.empty()) return fail(ErrorCode::missing_export, "memory export not found");
    Arguments arguments = read_arguments(import, memory(), slots);
    const bool custom = std::holds_alternative<CustomGas>(import.rule);
    const std::vector<Value> copies = custom ? copies_of(arguments) : std::vector<Value>();
    if (auto paid = charge(import, arguments.bytes); !paid) return fail(std::move(paid).error());
    if (arguments.error) return fail(*std::move(arguments.error));

    auto result = invoke(import, arguments.span());
    if (!result) return fail(std::move(result).error());
    const Kind declared = import.function->result;
    if (declared == Kind::none) return 0;
    const ValueView view(*result);
    if (result->kind() != declared) {
        return fail(ErrorCode::host_function_failed, concat("write params failed: ", named(import), " gave a ", to_string(result->kind()),
                                                            ", declared as ", to_string(declared)));
    }
    auto address = place(view);
    if (!address) return fail(std::move(address).error().add_context("write params failed: the result of " + named(import)));
    return address;
}

Stop AspectInstance::host_call(const void* function, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    const auto& import = *static_cast<const BoundImport*>(function);
    auto& self = *static_cast<AspectInstance*>(static_cast<Instance*>(store.abi));
    try {
        const bool heard = static_cast<bool>(self.plan_.options.on_event);
        const auto begin = heard ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
        auto address = self.run_host_call(import, slots);
        if (heard) {
            const auto spent = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin);
            emit(self.plan_.options, {.what = Event::What::host_function_done,
                                      .instance = self.session_.instance_id,
                                      .module = import.module,
                                      .space = import.space,
                                      .method = import.method,
                                      .nanoseconds = static_cast<std::uint64_t>(spent.count()),
                                      .error = address ? nullptr : &address.error()});
        }
        if (!address) return store.stop_with(std::move(address).error());
        if (import.function->result != Kind::none) slots[0].i32 = static_cast<std::int32_t>(*address);
        return Stop::done;
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

// Keeps the guest's words and returns: the guest executes `unreachable` behind the call, which is the real failure. The host's own
// line about it is an event, not the guest's log.
Stop AspectInstance::abort(const void*, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    auto& self = *static_cast<AspectInstance*>(static_cast<Instance*>(store.abi));
    try {
        self.abort_ = read_abort(self.memory(), slots);
        if (self.plan_.options.on_event) {
            const std::string text = self.abort_->text();
            emit(self.plan_.options, {.what = Event::What::aborted, .instance = self.session_.instance_id, .text = text});
        }
        return Stop::done;
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

}  // namespace mortise::abi::aspect
