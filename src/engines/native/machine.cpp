#include "engines/native/machine.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <new>
#include <utility>

#include "base/text.hpp"

namespace mortise::native::detail {
namespace {

using engine::Stop;
using engines::native_modules::BoundModule;

constexpr std::uint64_t kPage = 65'536, kMaxPages = 65'536;

struct Callee {
    const Module::Function* function;
    std::uint64_t unused;
};
struct Index {
    std::uint64_t value;
    std::uint64_t unused[2];
};
static_assert(sizeof(Index) == sizeof(engine::MemoryRef) && sizeof(Index) == sizeof(engine::GlobalRef));

}  // namespace

Result<engine::InstanceId> Machine::instantiate(const engine::Module& module) {
    const auto* bound = dynamic_cast<const BoundModule*>(&module);
    if (bound == nullptr || bound->options() != options_) {
        return fail(ErrorCode::invalid_argument, "the module was made by another engine or with other options than the store's");
    }
    if (module_ != nullptr) return fail(ErrorCode::unsupported, "a native sandbox has one instance");
    if (auto fits = admission_.admit(bound->info(), 0, 0); !fits) return fail(std::move(fits).error());
    if (!bound->info().memories.empty()) {
        memory_.resize(static_cast<std::size_t>(bound->info().memories.front().minimum * kPage));
    }
    globals_.resize(bound->info().globals.size());   // counters that an ABI added: they begin at 0
    module_ = bound->shared_from_this();
    return engine::InstanceId{0};
}

std::optional<engine::FunctionRef> Machine::function(engine::InstanceId instance, std::string_view name) {
    if (instance.index != 0 || module_ == nullptr) return std::nullopt;
    const auto& all = module_->native().functions();
    const auto found = std::ranges::find(all, name, &Module::Function::name);
    if (found == all.end()) return std::nullopt;
    return engine::FunctionRef::of(Callee{&*found, 0}, found->type);
}

std::optional<engine::MemoryRef> Machine::memory(engine::InstanceId instance, std::string_view name) {
    const Export* found = instance.index == 0 && module_ ? module_->info().find_export(name) : nullptr;
    if (found == nullptr || found->kind != ExternKind::memory) return std::nullopt;
    return std::bit_cast<engine::MemoryRef>(Index{found->index, {}});
}

std::optional<engine::GlobalRef> Machine::global(engine::InstanceId instance, std::string_view name) {
    const Export* found = instance.index == 0 && module_ ? module_->info().find_export(name) : nullptr;
    if (found == nullptr || found->kind != ExternKind::global || found->index >= globals_.size()) return std::nullopt;
    return std::bit_cast<engine::GlobalRef>(Index{found->index, {}});
}

Stop Machine::enter(const engine::FunctionRef& function, engine::RawValue* slots, std::size_t) noexcept {
    const auto& callee = *function.own<Callee>().function;
    stop_.reset();
    const Stop outer = std::exchange(ending_, Stop::done);
    const Stop stop = run(callee, slots);
    ending_ = outer;
    return stop;
}

Stop Machine::run(const Module::Function& function, engine::RawValue* slots) try {
    Context context(*this);
    step();
    function.call(context, slots);
    // A function that swallowed the exception which was to end it ends here.
    return ending_;
} catch (const Ended&) {
    return ending_;
} catch (const Trap& trap) {
    return trapped(trap.kind, trap.text);
} catch (const std::exception& error) {
    return trapped(TrapKind::unknown, error.what());
} catch (...) {
    return trapped(TrapKind::unknown, "an exception that tells nothing");
}

Stop Machine::trapped(TrapKind kind, std::string_view text) noexcept {
    // What was to end the call before goes on ending it, whatever the function threw on its way out.
    if (ending_ != Stop::done) return ending_;
    try {
        engine::StopInfo& info = stop_.emplace();
        info.trap = kind;
        info.text = text;
    } catch (...) {
        stop_.reset();   // no memory for the details: the reason alone must do
    }
    return Stop::trap;
}

void Machine::end(Stop why) {
    ending_ = why;
    throw Ended();
}

void Machine::step() {
    if (ending_ != Stop::done) throw Ended();   // it went on after the exception
    if (const Stop now = due(); now != Stop::done) [[unlikely]] end(now);
}

std::span<std::byte> Machine::bytes(std::uint64_t at, std::uint64_t count) {
    step();
    const auto found = memory_view().writable(at, count);
    if (found) return *found;
    throw Trap{TrapKind::memory_out_of_bounds,
               base::concat(count, " bytes at ", at, " of a memory of ", memory_.size())};
}

std::int32_t Machine::grow(std::uint32_t pages) {
    step();
    if (module_->info().memories.empty()) return -1;
    const std::uint64_t old = memory_.size() / kPage;
    const std::uint64_t wanted = old + pages;
    if (wanted > module_->info().memories.front().maximum.value_or(kMaxPages) || wanted > kMaxPages) return -1;
    if (wanted * kPage > limits_.memory_bytes) {
        *refused_ = 1;
        if (limits_.refused_growth_ends_call) end(Stop::memory_limit);
        return -1;
    }
    try {
        memory_.resize(static_cast<std::size_t>(wanted * kPage));
    } catch (const std::bad_alloc&) {
        return -1;
    }
    return static_cast<std::int32_t>(old);
}

std::uint32_t Machine::allocate(std::uint32_t count) {
    const std::uint64_t at = next_free_;
    const std::uint64_t end_of_it = (at + count + 7) / 8 * 8;
    if (end_of_it > memory_.size()) {
        const std::uint64_t missing = (end_of_it - memory_.size() + kPage - 1) / kPage;
        if (missing > kMaxPages || grow(static_cast<std::uint32_t>(missing)) == -1) {
            throw Trap{TrapKind::out_of_memory, base::concat("no memory for ", count, " bytes")};
        }
    }
    next_free_ = end_of_it;
    return static_cast<std::uint32_t>(at);
}

void Machine::call_import(std::uint32_t position, engine::RawValue* slots) {
    step();
    if (position >= module_->imports().size()) throw Trap{TrapKind::unreachable, "no such import"};
    const auto& import = std::get<engine::HostImport>(module_->imports()[position]);
    const Stop said = import.call(import.function, *this, engine::Caller{this}, slots);
    const Stop stop = after_host_call(said);
    if (stop == Stop::done) [[likely]] return;
    if (said != stop) stop_.reset();   // the host function's details are not those of a deadline
    end(stop);
}

engine::RawValue Machine::get(const engine::GlobalRef& global) noexcept {
    return globals_[static_cast<std::size_t>(std::bit_cast<Index>(global).value)];
}

void Machine::set(const engine::GlobalRef& global, engine::RawValue value) noexcept {
    globals_[static_cast<std::size_t>(std::bit_cast<Index>(global).value)] = value;
}

Result<void> Machine::set_fuel(std::uint64_t) {
    return fail(ErrorCode::unsupported, "native functions have no fuel");
}

}  // namespace mortise::native::detail
