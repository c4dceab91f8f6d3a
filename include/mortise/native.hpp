#pragma once

#include <any>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/detail/host_function.hpp>
#include <mortise/detail/raw.hpp>
#include <mortise/export.hpp>
#include <mortise/module_info.hpp>

/// Plugins without Wasm: C++ functions of this program behind the same engine seam and every ABI, to step through a plugin
/// in a debugger, and to test a host where no engine is built. It is no sandbox: the functions can do what the program can.
///
///     native::Module shout("shout");
///     shout.memory(1);
///     shout.add("double", [](native::Context&, std::int32_t x) { return 2 * x; });
///     Runtime runtime({.engine = "native", .engine_options = {.native = {.modules = {native::share(shout)}}}});
///     auto plugin = runtime.load_bytes(shout.wasm());
///
/// `wasm()` is a module that says what these functions are, so that all that reads modules (ABI detection, inspection,
/// limits, digests) works as ever; the engine `native` finds the functions by its name among those it was made with.
///
/// What limits mean here: memory is capped exactly. Deadlines and `Instance::interrupt` are looked at whenever a function
/// uses its `Context` (memory, imports, `check`), not in between: the default `Limits::call_time` holds for plugins that do,
/// and cannot end a loop that never does. Fuel and the guest's stack are refused: `unsupported`.
namespace mortise::native {

class Context;

namespace detail {

class Machine;   // one sandbox, in src/engines/native

/// A function with its types erased: reads its arguments from the slots, leaves its result in the first.
using Erased = std::function<void(Context& guest, engine::RawValue* slots)>;

template <class T>
consteval ValType type_of() {
    using U = std::remove_cvref_t<T>;
    static_assert(mortise::detail::is_number<U>, "exports and imports of a module are numbers: int32_t, uint32_t, int64_t, "
                                                 "uint64_t, float, double, bool; text and bytes are addresses in guest memory");
    if constexpr (std::is_same_v<U, float>) return ValType::f32;
    else if constexpr (std::is_same_v<U, double>) return ValType::f64;
    else return sizeof(U) == 8 ? ValType::i64 : ValType::i32;
}

template <class R, class... A>
FunctionType function_type() {
    FunctionType type{{type_of<A>()...}, {}};
    if constexpr (!std::is_void_v<R>) type.results.push_back(type_of<R>());
    return type;
}

}  // namespace detail

/// Thrown by a function to trap, as a guest does by `unreachable`; `Context::trap` throws it. Any other exception that leaves
/// a function is a trap too, of unknown kind, with its text.
struct Trap {
    TrapKind kind = TrapKind::unreachable;
    std::string text;
};

/// What a native function sees of its sandbox: the byte arena that is its linear memory, its imports, its own state. Valid
/// during the call. Addresses are offsets into the arena, as a Wasm guest's are; every access is checked, and one outside
/// traps with `memory_out_of_bounds`. Every member may leave by an exception that only the engine knows, when the call is to
/// end: let it pass (a function that swallows it ends all the same, when it returns).
class MORTISE_API Context {
public:
    std::uint64_t memory_size() const noexcept;

    /// The bytes there. Dies when memory grows or an import is called.
    std::span<std::byte> bytes(std::uint32_t at, std::uint32_t count) const;
    std::string_view text(std::uint32_t at, std::uint32_t count) const;
    void write(std::uint32_t at, BytesView data) const;
    void write(std::uint32_t at, std::string_view data) const { write(at, bytes_of(data)); }

    /// A little-endian integer at any alignment.
    template <class T>
        requires std::is_integral_v<T>
    T load(std::uint32_t at) const {
        T value;
        const auto from = bytes(at, sizeof(T));
        for (std::size_t i = 0; i < sizeof(T); ++i) reinterpret_cast<std::byte*>(&value)[i] = from[i];
        return value;
    }
    template <class T>
        requires std::is_integral_v<T>
    void store(std::uint32_t at, T value) const {
        const auto to = bytes(at, sizeof(T));
        for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = reinterpret_cast<const std::byte*>(&value)[i];
    }

    /// memory.grow: the old size in pages of 64 KiB, or -1 beyond the declared maximum or the limits.
    std::int32_t grow(std::uint32_t pages) const;

    /// Room for `count` bytes, at a multiple of 8, never given out again: memory grows where it must, and the function traps
    /// where it cannot. The first 1 KiB is never given out, so that an address is not 0.
    std::uint32_t allocate(std::uint32_t count) const;

    /// Puts that many bytes into newly allocated memory; their address.
    std::uint32_t put(BytesView data) const;
    std::uint32_t put(std::string_view data) const { return put(bytes_of(data)); }

    /// The plugin's own variables in this sandbox, made when they are first asked for; one type for each plugin.
    template <class T>
    T& state() const {
        std::any& slot = state_slot();
        if (!slot.has_value()) slot.emplace<T>();
        return std::any_cast<T&>(slot);
    }

    /// Ends the call if its time is over or it was interrupted: for long loops that use nothing else of this.
    void check() const;

    [[noreturn]] static void trap(std::string text) { throw Trap{TrapKind::unreachable, std::move(text)}; }

    /// Calls the import at that position; `Import` does it with types.
    void call_import(std::uint32_t position, engine::RawValue* slots) const;

    explicit Context(detail::Machine& machine) noexcept : machine_(&machine) {}

private:
    std::any& state_slot() const;
    detail::Machine* machine_;
};

/// An imported function, to be called with the context: `log(guest, at, size)`. A value.
template <class Signature>
class Import;
template <class R, class... A>
class Import<R(A...)> {
public:
    R operator()(const Context& guest, A... arguments) const {
        engine::RawValue slots[sizeof...(A) + 1]{};
        std::size_t i = 0;
        (mortise::detail::store_slot<A>(slots[i++], arguments), ...);
        guest.call_import(position_, slots);
        if constexpr (!std::is_void_v<R>) return mortise::detail::load_slot<R>(slots[0]);
    }

    explicit Import(std::uint32_t position) noexcept : position_(position) {}

private:
    std::uint32_t position_;
};

/// A plugin described: its exports with their functions, its imports, its memory. A value; build it on one thread. The
/// functions are shared by all instances and called from whichever thread runs one, several at once, as const.
class MORTISE_API Module {
public:
    /// `name`: unique among the modules of an engine.
    explicit Module(std::string name);

    /// Gives it a memory of that many pages of 64 KiB, exported as "memory". Without one it has none.
    Module& memory(std::uint32_t pages, std::optional<std::uint32_t> maximum_pages = std::nullopt);

    /// Adds an import of a function type such as `void(std::uint32_t, std::uint32_t)`.
    template <class Signature>
    Import<Signature> import(std::string module, std::string name) {
        return import_as(std::move(module), std::move(name), std::type_identity<Signature>{});
    }

    /// Adds an export: any callable of `Context&` and numbers (int32_t, uint32_t, int64_t, uint64_t, float, double, bool) to a
    /// number or nothing. A later one of the same name replaces the earlier.
    template <class F>
    Module& add(std::string name, F&& function) {
        using Callable = std::decay_t<F>;
        using S = mortise::detail::Signature<Callable>;
        return add_as<typename S::Returned>(std::move(name), std::forward<F>(function),
                                            std::type_identity<typename S::Arguments>{});
    }

    /// The module that stands for this one: bytes for `Runtime::load_bytes`, or for a file. The same description gives the
    /// same bytes. On another engine its functions trap.
    Bytes wasm() const;

    const std::string& name() const noexcept { return name_; }

    /// One export, one import; for the engine.
    struct Function {
        std::string name;
        FunctionType type;
        detail::Erased call;
    };
    struct Imported {
        std::string module, name;
        FunctionType type;
    };
    const std::vector<Function>& functions() const noexcept { return functions_; }
    const std::vector<Imported>& imports() const noexcept { return imports_; }

private:
    template <class R, class... A>
    Import<R(A...)> import_as(std::string module, std::string name, std::type_identity<R(A...)>) {
        imports_.push_back({std::move(module), std::move(name), detail::function_type<R, A...>()});
        return Import<R(A...)>(static_cast<std::uint32_t>(imports_.size() - 1));
    }

    template <class R, class F, class... A>
    Module& add_as(std::string name, F&& function, std::type_identity<std::tuple<Context&, A...>>) {
        return add_erased({std::move(name), detail::function_type<R, std::remove_cvref_t<A>...>(),
                           [f = std::forward<F>(function)](Context& guest, engine::RawValue* slots) {
                               apply<R, A...>(f, guest, slots, std::index_sequence_for<A...>{});
                           }});
    }

    template <class R, class... A, class F, std::size_t... I>
    static void apply(const F& f, Context& guest, engine::RawValue* slots, std::index_sequence<I...>) {
        using mortise::detail::load_slot;
        if constexpr (std::is_void_v<R>) f(guest, load_slot<std::remove_cvref_t<A>>(slots[I])...);
        else mortise::detail::store_slot<R>(slots[0], f(guest, load_slot<std::remove_cvref_t<A>>(slots[I])...));
    }

    Module& add_erased(Function function);

    std::string name_;
    std::vector<Function> functions_;
    std::vector<Imported> imports_;
    std::optional<SizeRange> memory_;
};

/// For `NativeOptions::modules`.
inline std::shared_ptr<const Module> share(Module module) { return std::make_shared<const Module>(std::move(module)); }

}  // namespace mortise::native
