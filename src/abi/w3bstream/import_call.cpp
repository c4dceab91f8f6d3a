#include <algorithm>

#include "abi/w3bstream/applet.hpp"
#include "abi/w3bstream/serve.hpp"
#include "base/text.hpp"

// How an import is served, whichever it is: arguments read, served, results delivered through the guest's own allocator, a code answered.

namespace mortise::abi::w3bstream {

using engine::RawValue;
using engine::Stop;

namespace {

// What of a long line is shown at most; logging never fails a guest.
BytesView log_head(BytesView line) noexcept {
    constexpr std::size_t kMostBytes = 4 * kMostLogged;
    if (line.size() <= kMostBytes) return line;
    std::size_t end = kMostBytes;
    for (int i = 0; i < 3 && (std::to_integer<unsigned>(line[end]) & 0xC0U) == 0x80; ++i) --end;   // not amid a code point
    return line.first(end);
}

}  // namespace

Outcome Applet::read(const Row& row, const RawValue* slots, Inputs& inputs, Stop& stop) {
    const engine::GuestMemory guest = memory();
    for (const char c : row.shape) {
        if (c == 'o') break;   // results come last
        const auto first = static_cast<std::uint32_t>(slots->i32);
        ++slots;
        if (c == 'n') {
            inputs.values[inputs.count++] = ValueView(first);
            continue;
        }
        const auto size = static_cast<std::uint32_t>(slots->i32);
        ++slots;
        const auto bytes = guest.bytes(first, size);
        if (!bytes) return Outcome::unreadable;
        if (size > session_.limits->output_bytes && (row.serve == &serve_log || row.serve == &serve_plain_log)) {
            inputs.values[inputs.count++] = ValueView(log_head(*bytes));
            continue;
        }
        if (size > session_.limits->output_bytes) {
            stop = store_.stop_with(Error(ErrorCode::output_limit, base::concat(row.name, ": the guest hands over ", size,
                                                                                " bytes, the limit is ", session_.limits->output_bytes)));
            return Outcome::failed;
        }
        inputs.values[inputs.count++] = ValueView(*bytes);
    }
    return Outcome::ok;
}

Outcome Applet::allocate(BytesView bytes, std::uint32_t& address, Stop& stop) {
    if (!alloc_ || bytes.size() > UINT32_MAX) return Outcome::undeliverable;
    // An allocator may call imports that allocate in their turn, without end.
    if (allocating_ >= session_.limits->call_depth) return Outcome::alloc_failed;
    RawValue slot{};
    slot.i32 = static_cast<std::int32_t>(static_cast<std::uint32_t>(bytes.size()));
    ++allocating_;
    resources_.pin();
    const Stop stopped = store_.call(*alloc_, &slot, 1);
    resources_.unpin();
    --allocating_;
    if (stopped == Stop::trap) {
        store_.take_stop();   // the guest goes on with a code; what it does of it is its own
        return Outcome::alloc_failed;
    }
    if (stopped != Stop::done) {
        stop = stopped;
        return Outcome::alloc_failed;
    }
    address = static_cast<std::uint32_t>(slot.i32);
    return address == 0 && !bytes.empty() ? Outcome::alloc_failed : Outcome::ok;
}

Outcome Applet::deliver_all(const Row& row, const Served& served, const RawValue* slots, Stop& stop) {
    struct Place {
        std::uint32_t address, pointer_cell, size_cell;
    };
    std::array<Place, 2> places{};
    std::size_t count = 0;
    for (const char c : row.shape) {
        if (c == 'o') {
            Place& place = places[count];
            place = {0, static_cast<std::uint32_t>(slots[0].i32), static_cast<std::uint32_t>(slots[1].i32)};
            const auto outcome = allocate(served.view(count++), place.address, stop);
            if (outcome != Outcome::ok) return outcome;
        }
        slots += c == 'n' ? 1 : 2;
    }
    // All or nothing is written.
    const engine::GuestMemory guest = memory();
    for (std::size_t i = 0; i < count; ++i) {
        const Place& place = places[i];
        const bool fits = guest.contains(place.address, served.view(i).size()) && guest.contains(place.pointer_cell, 4) &&
                          guest.contains(place.size_cell, 4);
        if (!fits) return Outcome::undeliverable;
    }
    for (std::size_t i = 0; i < count; ++i) {
        guest.write(places[i].address, served.view(i));
        guest.store(places[i].pointer_cell, places[i].address);
        guest.store(places[i].size_cell, static_cast<std::uint32_t>(served.view(i).size()));
    }
    return Outcome::ok;
}

Outcome Applet::answer(const Site& site, const Inputs& inputs, Served& served) {
    try {
        return site.replacement != nullptr ? replaced(site, inputs, served) : site.row->serve(*this, inputs, served);
    } catch (...) {
        const Error error = detail::error_of_exception();
        host_log(Level::error, site.row->name, error.message());
        return Outcome::failed;
    }
}

// The embedder's own function in the place of a service.
Outcome Applet::replaced(const Site& site, const Inputs& inputs, Served& served) {
    const detail::HostFn& function = *site.replacement;
    std::array<ValueView, kMostInputs> arguments{};
    for (std::size_t i = 0; i < inputs.count; ++i) {
        switch (function.params[i]) {
            case Kind::string: arguments[i] = ValueView(inputs.text(i)); break;
            case Kind::bytes: arguments[i] = ValueView(inputs.bytes(i)); break;
            case Kind::i32: arguments[i] = ValueView(static_cast<std::int32_t>(inputs.number(i))); break;
            case Kind::i64: arguments[i] = ValueView(static_cast<std::int64_t>(static_cast<std::int32_t>(inputs.number(i)))); break;
            case Kind::u64: arguments[i] = ValueView(std::uint64_t{inputs.number(i)}); break;
            case Kind::boolean: arguments[i] = ValueView(inputs.number(i) != 0); break;
            default: arguments[i] = ValueView(inputs.number(i)); break;
        }
    }
    HostCall call;
    call.instance_id = session_.instance_id;
    call.module = site.row->module;
    call.name = site.row->name;
    call.instance_ = session_.handle;
    auto result = function.values(function.function.get(), call, std::span(arguments).first(inputs.count));
    if (!result) {
        host_log(Level::error, site.row->name, result.error().message());
        return Outcome::failed;
    }
    if (auto* bytes = result->get_if<Bytes>()) served.give(std::move(*bytes));
    else if (const auto* text = result->get_if<std::string>()) served.give(*text);
    else if (result->kind() != Kind::none) served.value = ValueView(*result).i32();
    return Outcome::ok;
}

void Applet::observe(const Site& site, const Inputs& inputs, std::int32_t code) {
    HostCallEvent event;
    event.module = site.row->module;
    event.name = site.row->name;
    event.arguments = std::span(inputs.values).first(inputs.count);
    for (std::size_t i = 0; i < inputs.count; ++i) {
        if (inputs.values[i].kind() != Kind::bytes) continue;
        event.payload = inputs.bytes(i);   // the last of them: a value rather than its key, a message rather than its topic
        event.has_payload = true;
    }
    event.ok = site.row->returns != Returns::code || code == 0;
    session_.host_call(event);
}

Stop Applet::serve(const Site& site, RawValue* slots) {
    const Row& row = *site.row;
    Stop stop = Stop::done;
    Inputs inputs;
    Served served;
    Outcome outcome = Outcome::missing;
    if (row.ready == nullptr || site.replacement != nullptr || (services().*row.ready)()) {
        outcome = read(row, slots, inputs, stop);
        if (outcome == Outcome::ok) outcome = answer(site, inputs, served);
        else if (outcome == Outcome::unreadable) host_log(Level::error, row.name, "an argument lies outside memory");
    } else {
        host_log(Level::error, row.name, "not configured");
    }
    const bool observed = session_.observer != nullptr;
    std::array<Bytes, kMostInputs> kept;
    if (observed) {
        for (std::size_t i = 0; i < inputs.count; ++i) {   // the guest will run before the call is told
            if (inputs.values[i].kind() != Kind::bytes) continue;
            kept[i] = copy_bytes(inputs.bytes(i));
            inputs.values[i] = ValueView(kept[i]);
        }
    }
    if (outcome == Outcome::ok && row.shape.back() == 'o') outcome = deliver_all(row, served, slots, stop);
    std::int32_t code = code_of(row, plan_.options.codes, outcome);
    if (outcome == Outcome::ok && row.returns == Returns::code) code = served.value;
    if (observed) observe(site, inputs, code);
    if (stop != Stop::done) return stop;
    if (row.returns == Returns::code) slots[0].i32 = code;
    else if (row.returns == Returns::value) slots[0].i32 = outcome == Outcome::ok ? served.value : 0;
    return Stop::done;
}

Stop import_called(const void* function, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    try {
        return Applet::of(store).serve(*static_cast<const Site*>(function), slots);
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

}  // namespace mortise::abi::w3bstream
