#include "abi/dataflow/instance.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <mortise/abi/dataflow.hpp>

#include "base/text.hpp"

namespace mortise::abi::dataflow {

using engine::RawValue;
using engine::Stop;

namespace {

constexpr std::uint32_t kLeastBlock = 4096;
constexpr std::uint64_t kBytesOfAnOutput = 16;

std::string range(std::uint64_t address, std::uint64_t size) {
    return base::concat(size, " bytes at ", base::hex(address));
}

LogLevel log_level(std::uint32_t level) noexcept {
    switch (level) {
        case 0: return LogLevel::error;
        case 1: return LogLevel::warning;
        case 2: return LogLevel::info;
        case 3: return LogLevel::debug;
        default: return LogLevel::trace;
    }
}

bool is_handler(const FunctionType& type) noexcept {
    const auto is_i32 = [](ValType t) { return t == ValType::i32; };
    return (type.params.size() == 2 || type.params.size() == 4) && std::all_of(type.params.begin(), type.params.end(), is_i32) &&
           type.results.size() == 1 && (type.results[0] == ValType::i32 || type.results[0] == ValType::i64);
}

}  // namespace

DataflowInstance::DataflowInstance(const ModuleInfo& info, engine::Store& store, engine::InstanceId instance, Session& session)
    : info_(info), store_(store), id_(instance), session_(session), memory_(store.memory(instance, "memory")),
      alloc_(store.function(instance, "alloc")) {
    if (info.exported_function("dealloc") != nullptr) dealloc_ = store.function(instance, "dealloc");
}

Result<void> DataflowInstance::start() {
    if (auto ran = run_start_section(session_, store_, id_); !ran) return ran;
    return run_initialiser(session_, store_, id_, info_, "_initialize");
}

Result<const DataflowInstance::Handler*> DataflowInstance::handler(std::string_view name) {
    const auto known = std::find_if(handlers_.begin(), handlers_.end(), [&](const Handler& h) { return h.name == name; });
    if (known != handlers_.end()) {
        std::iter_swap(known, handlers_.begin());
        return &handlers_.front();
    }
    const FunctionType* type = info_.exported_function(name);
    const auto function = type == nullptr ? std::nullopt : store_.function(id_, name);
    if (!function) return fail(ErrorCode::function_not_found, base::concat("the plugin exports no function ", base::quoted(name)));
    if (!is_handler(*type)) {
        return fail(ErrorCode::export_mismatch, base::concat("function ", base::quoted(name), " has type ", to_string(*type),
                                                             ", wanted (i32 i32) or (i32 i32 i32 i32), with i32 or i64 as result"));
    }
    handlers_.insert(handlers_.begin(), {std::string(name), *function, type->params.size() == 4, type->results[0] == ValType::i64});
    return &handlers_.front();
}

Result<DataflowInstance::Block> DataflowInstance::place(BytesView bytes) {
    if (bytes.empty()) return Block{};
    if (bytes.size() > UINT32_MAX) return fail(ErrorCode::invalid_argument, "an input is larger than a guest can address");
    Block block{.size = static_cast<std::uint32_t>(bytes.size()), .capacity = std::max(static_cast<std::uint32_t>(bytes.size()), kLeastBlock)};
    RawValue slot{};
    slot.i32 = static_cast<std::int32_t>(block.capacity);
    const Stop stop = run(session_, store_, *alloc_, &slot, 1);
    if (stop != Stop::done) return fail(error_of_stop(store_, stop).add_context("while running alloc"));
    block.address = static_cast<std::uint32_t>(slot.i32);
    if (block.address == 0 || !memory().contains(block.address, block.capacity) || !memory().write(block.address, bytes)) {
        return fail(ErrorCode::bad_pointer, base::concat("alloc answered ", base::hex(block.address), " for ", block.capacity,
                                                         " bytes, which is not a block in memory"));
    }
    return block;
}

Result<void> DataflowInstance::release(const Block& block) {
    if (!dealloc_ || block.capacity == 0) return {};
    std::array<RawValue, 2> slots{};
    slots[0].i32 = static_cast<std::int32_t>(block.address);
    slots[1].i32 = static_cast<std::int32_t>(block.capacity);
    const Stop stop = run(session_, store_, *dealloc_, slots.data(), slots.size());
    if (stop != Stop::done) return fail(error_of_stop(store_, stop).add_context("while running dealloc"));
    return {};
}

Result<void> DataflowInstance::take_output(Frame& frame, std::uint32_t address, std::uint64_t size, std::string_view what) {
    const auto bytes = memory().bytes(address, size);
    if (!bytes) return fail(ErrorCode::bad_pointer, base::concat(what, ": ", range(address, size), " are not in memory"));
    // Outputs without a byte count too: they are told one by one.
    const std::uint64_t told = frame.reply.payload.size() + kBytesOfAnOutput * frame.ends.size();
    if (told + size > session_.limits->output_bytes) {
        return fail(ErrorCode::output_limit, base::concat(what, ": the outputs exceed the limit of ", session_.limits->output_bytes, " bytes"));
    }
    frame.reply.payload.insert(frame.reply.payload.end(), bytes->begin(), bytes->end());
    frame.ends.push_back(frame.reply.payload.size());
    return {};
}

// The function itself, and what its result says.
Result<void> DataflowInstance::call(const Handler& handler, const Block& accumulator, const Block& input, Frame& frame) {
    std::array<RawValue, 4> slots{};
    std::size_t count = 0;
    for (const Block* block : {&accumulator, &input}) {
        if (block == &accumulator && !handler.two_inputs) continue;
        slots[count++].i32 = static_cast<std::int32_t>(block->address);
        slots[count++].i32 = static_cast<std::int32_t>(block->size);
    }
    const std::string name = handler.name;   // a nested call may move the handlers
    const bool wide = handler.wide;
    const Block& first = handler.two_inputs ? accumulator : input;
    const Stop stop = run(session_, store_, handler.function, slots.data(), count);
    if (stop != Stop::done) {
        Error error = error_of_stop(store_, stop);
        if (frame.error && !error.guest_message()) error.set_guest_message(*std::move(frame.error));
        return fail(std::move(error));
    }
    const bool failed = wide ? slots[0].i64 == -1 : slots[0].i32 < 0;
    if (failed || frame.error) {
        Error error(ErrorCode::guest_error, frame.error ? base::concat(name, ": ", to_utf8_lossy(*frame.error)) : base::concat(name, " failed"));
        if (!frame.error && !wide) error = Error(ErrorCode::guest_error, base::concat(name, " returned ", slots[0].i32));
        if (frame.error) error.set_guest_message(*std::move(frame.error));
        return fail(std::move(error));
    }
    if (!frame.ends.empty()) return {};
    if (wide) {
        const auto both = static_cast<std::uint64_t>(slots[0].i64);
        if (both == 0) return {};
        const auto address = static_cast<std::uint32_t>(both >> 32);
        const auto size = static_cast<std::uint32_t>(both);
        auto taken = take_output(frame, address, size, "the result of " + name);
        if (!taken) return taken;
        return release({.address = address, .size = size, .capacity = size});
    }
    const auto size = static_cast<std::uint32_t>(slots[0].i32);
    if (size > first.capacity) {
        return fail(ErrorCode::bad_pointer, base::concat("the result of ", name, ": ", size, " bytes in a block of ", first.capacity));
    }
    return take_output(frame, first.address, size, "the result of " + name);
}

Result<void> DataflowInstance::invoke(const Request& request, Reply& reply) {
    const Reduction* reduction = nullptr;
    if (request.options != nullptr && request.options->has_value()) {
        reduction = std::any_cast<Reduction>(request.options);
        if (reduction == nullptr) return fail(ErrorCode::invalid_argument, "the options of a dataflow call are a dataflow::Reduction");
    }
    reply.present = false;
    auto found = handler(request.name);
    if (!found) return fail(std::move(found).error());
    const Handler target = **found;
    if (target.two_inputs != (reduction != nullptr)) {
        return fail(ErrorCode::type_mismatch, base::concat("function ", base::quoted(request.name),
                                                           target.two_inputs ? " takes an accumulator, none is given"
                                                                             : " takes no accumulator, one is given"));
    }
    auto accumulator = place(reduction != nullptr ? reduction->accumulator : BytesView());
    if (!accumulator) return fail(std::move(accumulator).error());
    auto input = place(request.payload);
    if (!input) {
        if (!session_.marks.poisoned) (void)release(*accumulator);   // the failure that counts is known
        return fail(std::move(input).error());
    }

    Frame frame{reply, {}, std::nullopt};
    Frame* const outer = std::exchange(top_, &frame);
    auto called = call(target, *accumulator, *input, frame);
    top_ = outer;
    if (!session_.marks.poisoned) {
        for (const Block* block : {&*accumulator, &*input}) {
            auto released = release(*block);
            if (!released && called) called = std::move(released);
        }
    }
    if (!called) {
        reply.payload.clear();
        return called;
    }
    reply.present = !frame.ends.empty();
    if (frame.ends.size() != 1) reply.report = Outputs{std::move(frame.ends)};
    return {};
}

Stop DataflowInstance::refuse(std::string_view what, std::uint32_t pointer, std::uint32_t size) {
    return store_.stop_with(Error(ErrorCode::bad_pointer, base::concat(what, ": ", range(pointer, size), " are not in memory")));
}

Stop DataflowInstance::output(std::uint32_t pointer, std::uint32_t size) {
    if (top_ == nullptr) return store_.stop_with(Error(ErrorCode::guest_error, "output was called outside of a call"));
    auto taken = take_output(*top_, pointer, size, "output");
    return taken ? Stop::done : store_.stop_with(std::move(taken).error());
}

Stop DataflowInstance::error(std::uint32_t pointer, std::uint32_t size) {
    const auto text = memory().text(pointer, size);
    if (!text) return refuse("error", pointer, size);
    if (size > session_.limits->output_bytes) {
        return store_.stop_with(Error(ErrorCode::output_limit, base::concat("error: a text of ", size, " bytes exceeds the limit")));
    }
    if (top_ != nullptr) top_->error = std::string(*text);
    return Stop::done;
}

Stop DataflowInstance::log(std::uint32_t level, std::uint32_t pointer, std::uint32_t size) {
    const auto text = memory().text(pointer, size);
    if (!text) return refuse("log", pointer, size);
    session_.log(log_level(level), *text);
    return Stop::done;
}

}  // namespace mortise::abi::dataflow
