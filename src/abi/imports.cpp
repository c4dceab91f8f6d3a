#include "abi/imports.hpp"

#include <array>
#include <cmath>
#include <utility>

namespace mortise::abi {

using engine::RawValue;
using engine::Stop;

std::string describe(const Import& import) { return "import \"" + import.module + "\" \"" + import.name + "\""; }

Result<void> check_import_type(const Import& import, const FunctionType& wanted) {
    if (import.kind != ExternKind::function) {
        return fail(ErrorCode::import_mismatch, describe(import) + " is a " + std::string(to_string(import.kind)) +
                                                    ", the host provides a function " + to_string(wanted));
    }
    if (import.function != wanted) {
        return fail(ErrorCode::import_mismatch, describe(import) + " has type " + to_string(import.function) +
                                                    ", the host provides " + to_string(wanted));
    }
    return {};
}

Result<const Builtin*> find_builtin(const Import& import, std::span<const Builtin> table) {
    for (const Builtin& builtin : table) {
        if (builtin.name != import.name) continue;
        if (auto fits = check_import_type(import, builtin.type); !fits) return fail(std::move(fits).error());
        return &builtin;
    }
    return nullptr;
}

const detail::HostFn* find_host_function(const HostFunctions& host, std::string_view module,
                                         std::string_view name) noexcept {
    const auto& all = host.functions();
    for (auto it = all.rbegin(); it != all.rend(); ++it) {
        if (it->module == module && it->name == name) return &*it;
    }
    return nullptr;
}

std::optional<ValType> wasm_type(Kind kind) noexcept {
    switch (kind) {
        case Kind::i32:
        case Kind::u32:
        case Kind::boolean: return ValType::i32;
        case Kind::i64:
        case Kind::u64: return ValType::i64;
        case Kind::f32: return ValType::f32;
        case Kind::f64: return ValType::f64;
        default: return std::nullopt;
    }
}

namespace {

Result<FunctionType> numeric_type(const Import& import, const detail::HostFn& function) {
    FunctionType type;
    for (const Kind kind : function.params) {
        const auto wasm = wasm_type(kind);
        if (!wasm) {
            return fail(ErrorCode::import_mismatch, describe(import) + ": the host's function takes a " +
                                                        std::string(to_string(kind)) + ", which only numbers can cross here");
        }
        type.params.push_back(*wasm);
    }
    if (function.result == Kind::none) return type;
    const auto wasm = wasm_type(function.result);
    if (!wasm) {
        return fail(ErrorCode::import_mismatch, describe(import) + ": the host's function gives a " +
                                                    std::string(to_string(function.result)) + ", which only numbers can cross here");
    }
    type.results.push_back(*wasm);
    return type;
}

ValueView view_of_slot(const RawValue& slot, Kind kind) noexcept {
    switch (kind) {
        case Kind::i32: return slot.i32;
        case Kind::u32: return static_cast<std::uint32_t>(slot.i32);
        case Kind::boolean: return slot.i32 != 0;
        case Kind::i64: return slot.i64;
        case Kind::u64: return static_cast<std::uint64_t>(slot.i64);
        case Kind::f32: return slot.f32;
        case Kind::f64: return slot.f64;
        default: return {};
    }
}

}  // namespace

struct NumericBindings::Binding {
    const detail::HostFn* function;
    std::string module, name;
    FunctionType type;
};

NumericBindings::NumericBindings() = default;
NumericBindings::~NumericBindings() = default;

Result<engine::Resolved> NumericBindings::bind(const Import& import, const detail::HostFn& function, bool observed) {
    auto type = numeric_type(import, function);
    if (!type) return fail(std::move(type).error());
    if (auto fits = check_import_type(import, *type); !fits) return fail(std::move(fits).error());
    if (function.raw != nullptr && !observed) {
        return engine::Resolved(engine::HostImport{function.raw, function.function.get()});
    }
    bindings_.push_back(std::make_unique<Binding>(Binding{&function, import.module, import.name, *std::move(type)}));
    return engine::Resolved(engine::HostImport{&NumericBindings::call, bindings_.back().get()});
}

Stop NumericBindings::call(const void* function, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    const auto& binding = *static_cast<const Binding*>(function);
    Session& session = Session::of(store);
    try {
        std::array<ValueView, 16> few;
        std::vector<ValueView> many;
        const auto count = binding.function->params.size();
        if (count > few.size()) many.resize(count);
        const auto arguments = count > few.size() ? std::span(many) : std::span(few).first(count);
        for (std::size_t i = 0; i < count; ++i) arguments[i] = view_of_slot(slots[i], binding.function->params[i]);

        HostCall call;
        call.instance_id = session.instance_id;
        call.module = binding.module;
        call.name = binding.name;
        call.instance_ = session.handle;
        auto result = binding.function->values(binding.function->function.get(), call, arguments);
        if (session.observer != nullptr) {
            HostCallEvent event;
            event.module = call.module;
            event.name = call.name;
            event.arguments = arguments;
            event.ok = result.has_value();
            session.host_call(event);
        }
        if (!result) return detail::fail_host_call(store, std::move(result).error());
        if (binding.type.results.empty()) return Stop::done;
        auto slot = to_slot(ValueView(*result), binding.type.results[0], "the result");
        if (!slot) return store.stop_with(std::move(slot).error());
        slots[0] = *slot;
        return Stop::done;
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

bool converts(Kind kind, ValType type) noexcept {
    const bool integer = kind == Kind::i32 || kind == Kind::u32 || kind == Kind::i64 || kind == Kind::u64 || kind == Kind::boolean;
    switch (type) {
        case ValType::i32:
        case ValType::i64: return integer;
        case ValType::f32: return kind == Kind::f32;
        case ValType::f64: return kind == Kind::f32 || kind == Kind::f64;
        default: return false;
    }
}

Result<RawValue> to_slot(const ValueView& value, ValType type, std::string_view what) {
    RawValue slot{};
    if (!converts(value.kind(), type)) {
        return fail(ErrorCode::type_mismatch, std::string(what) + " is " + std::string(to_string(type)) + ", got " +
                                                  std::string(to_string(value.kind())));
    }
    switch (type) {
        case ValType::i32: {
            const std::int64_t wide = value.i64();
            const bool fits = value.kind() == Kind::u64 ? value.u64() <= UINT32_MAX
                                                        : value.kind() != Kind::i64 || (wide >= INT32_MIN && wide <= UINT32_MAX);
            if (!fits) return fail(ErrorCode::type_mismatch, std::string(what) + " is i32, the value does not fit");
            slot.i32 = value.i32();
            return slot;
        }
        case ValType::i64:
            slot.i64 = value.kind() == Kind::i32 ? value.i32() : value.i64();
            return slot;
        case ValType::f32: slot.f32 = value.f32(); return slot;
        default: slot.f64 = value.kind() == Kind::f32 ? static_cast<double>(value.f32()) : value.f64(); return slot;
    }
}

Result<Value> from_slot(const RawValue& slot, ValType type, Kind wanted) {
    if (wanted == Kind::none) return Value();
    switch (type) {
        case ValType::i32:
            if (wanted == Kind::i32 || wanted == Kind::any) return Value(slot.i32);
            if (wanted == Kind::u32) return Value(static_cast<std::uint32_t>(slot.i32));
            if (wanted == Kind::boolean) return Value(slot.i32 != 0);
            break;
        case ValType::i64:
            if (wanted == Kind::i64 || wanted == Kind::any) return Value(slot.i64);
            if (wanted == Kind::u64) return Value(static_cast<std::uint64_t>(slot.i64));
            break;
        case ValType::f32:
            if (wanted == Kind::f32 || wanted == Kind::any) return Value(slot.f32);
            break;
        case ValType::f64:
            if (wanted == Kind::f64 || wanted == Kind::any) return Value(slot.f64);
            break;
        default: break;
    }
    return fail(ErrorCode::type_mismatch, "the result is " + std::string(to_string(type)) + ", asked for " +
                                              std::string(to_string(wanted)));
}

}  // namespace mortise::abi
