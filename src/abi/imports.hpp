#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <mortise/host_functions.hpp>

#include "abi/abi.hpp"

namespace mortise::abi {

/// A function that an ABI itself provides to its guests.
struct Builtin {
    std::string_view name;
    FunctionType type;
    engine::HostFunction call = nullptr;
    const void* function = nullptr;   ///< handed to `call`; must outlive the module
};

/// `import "module" "name"` as errors spell an import.
std::string describe(const Import& import);

/// `import_mismatch` unless the import is a function of the wanted type; the text has wanted and got.
Result<void> check_import_type(const Import& import, const FunctionType& wanted);

/// The builtin that an import names, its type checked; null if the table has no such name.
Result<const Builtin*> find_builtin(const Import& import, std::span<const Builtin> table);

/// The embedder's function for an import by module and name: the last registered one. Null if there is none.
const detail::HostFn* find_host_function(const HostFunctions& host, std::string_view module, std::string_view name) noexcept;

/// The Wasm type of a number or bool as an import or export has it; nothing for other kinds.
std::optional<ValType> wasm_type(Kind kind) noexcept;

/// Binds imports to embedder's functions whose types are all numbers, as plain Wasm has it: kinds and Wasm types must agree
/// (i32, u32 and bool are i32; i64 and u64 are i64). Lives in a `Prepared::plan`, as what it binds is called through it.
class NumericBindings {
public:
    NumericBindings();
    ~NumericBindings();
    NumericBindings(const NumericBindings&) = delete;
    NumericBindings& operator=(const NumericBindings&) = delete;

    /// `observed`: calls are reported to the session's observer, which costs a little. Errors: `import_mismatch`.
    Result<engine::Resolved> bind(const Import& import, const detail::HostFn& function, bool observed);

private:
    struct Binding;
    std::vector<std::unique_ptr<Binding>> bindings_;
    static engine::Stop call(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;
};

/// A value as a Wasm slot of this type: integers of any kind that fit, f32 from float, f64 from float or double, bool as i32.
/// Errors: `type_mismatch`; `what` names the parameter.
Result<engine::RawValue> to_slot(const ValueView& value, ValType type, std::string_view what);

/// True if a value of this kind can go into a slot of this type (an integer may still not fit).
bool converts(Kind kind, ValType type) noexcept;

/// A slot as the wanted kind; `any`: as its Wasm type. Errors: `type_mismatch`.
Result<Value> from_slot(const engine::RawValue& slot, ValType type, Kind wanted);

}  // namespace mortise::abi
