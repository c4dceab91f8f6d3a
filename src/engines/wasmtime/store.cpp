#include "engines/wasmtime/store.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "engines/wasmtime/failure.hpp"

#if MORTISE_WASMTIME_OWN
#include <mortise_engines.h>
#endif

namespace mortise::engines::wasmtime {
namespace {

using base::concat;
using base::quoted;
using engine::Stop;


/// A memory, in the seam's opaque bytes: its place in the store's list.
struct ListedMemory {
    std::uint64_t index;
    std::uint64_t unused[2];
};
static_assert(sizeof(ListedMemory) == sizeof(engine::MemoryRef));
static_assert(sizeof(wasmtime_val_raw_t) == sizeof(engine::RawValue) &&
              alignof(wasmtime_val_raw_t) == alignof(engine::RawValue));

/// A global and its type, in the seam's opaque bytes: the type stands in the vendor struct's padding.
struct TypedGlobal {
    std::uint64_t store_id;
    std::uint32_t parts[3];
    std::uint32_t type;
};
static_assert(sizeof(TypedGlobal) == sizeof(engine::GlobalRef) && sizeof(wasmtime_global_t) == sizeof(TypedGlobal));
static_assert(offsetof(wasmtime_global_t, __private3) == offsetof(TypedGlobal, parts[2]));

constexpr std::string_view kMemory = "memory";  // the one that an instance's host functions get

/// Slots that a store may come to need under its limits.
std::uint32_t slots_for(const engine::StoreLimits& limits) noexcept {
    const std::uint32_t by_tables = limits.tables / kTablesPerSlot + (limits.tables % kTablesPerSlot != 0 ? 1 : 0);
    return std::max({limits.instances, limits.memories, by_tables, std::uint32_t{1}});
}

}  // namespace

WasmtimeStore::WasmtimeStore(std::shared_ptr<Profile> profile, const engine::StoreLimits& limits, std::uint32_t slots)
    : profile_(std::move(profile)),
      slots_(slots),
      limiter_(limits),
      store_(wasmtime_store_new(profile_->engine(slots != 0), this, nullptr)),
      context_(wasmtime_store_context(store_.get())) {
    limiter_.install(*store_);
    refused_ = limiter_.refused();
    if (profile_->options().interrupt) {
        wasmtime_store_epoch_deadline_callback(store_.get(), &WasmtimeStore::on_epoch, this, nullptr);
        wasmtime_context_set_epoch_deadline(context_, 1);
    }
}

WasmtimeStore::~WasmtimeStore() {
    instances_.clear();
    store_.reset();
    if (slots_ != 0) profile_->give_slots(slots_);
}

Result<std::unique_ptr<engine::Store>> WasmtimeStore::make(std::shared_ptr<Profile> profile, bool may_pool,
                                                           const engine::StoreLimits& limits) {
#if !MORTISE_WASMTIME_OWN
    if (limits.refused_growth_ends_call) {
        return fail(ErrorCode::unsupported, "this Wasmtime cannot end a call at a refused growth of memory");
    }
#endif
    // Pooled tables cannot grow beyond their slots, which would be a lower limit than the one asked for.
    const std::uint32_t wanted = slots_for(limits);
    const bool pooled = may_pool && limits.table_elements <= kPooledTableElements && profile->take_slots(wanted);
    return std::unique_ptr<engine::Store>(new WasmtimeStore(std::move(profile), limits, pooled ? wanted : 0));
}

Result<engine::InstanceId> WasmtimeStore::instantiate(const engine::Module& module) {
    const auto* compiled = dynamic_cast<const CompiledModule*>(&module);
    if (compiled == nullptr || compiled->profile() != profile_) {
        return fail(ErrorCode::invalid_argument,
                    "the module was compiled by another engine or with other options than the store's");
    }
    if (compiled->info().start) {
        return fail(ErrorCode::invalid_argument, "the module still has a start section, which would run unguarded");
    }
    const Variant* variant = compiled->variant(slots_ != 0);
    if (variant == nullptr) {
        return fail(ErrorCode::unsupported, "the module does not fit into this store, which was made from another one");
    }
    if (auto fits = limiter_.admit(compiled->info()); !fits) return fail(std::move(fits).error());

    auto handle = make_instance(*compiled, *variant);
    if (!handle) {
        failed_.push_back(compiled->shared_from_this());
        return fail(std::move(handle).error());
    }
    instances_.push_back({.handle = *handle, .memory = {}, .module = compiled->shared_from_this()});
    const engine::InstanceId id{static_cast<std::uint32_t>(instances_.size() - 1)};
    instances_.back().memory = this->memory(id, kMemory);
    if (instances_.back().memory && profile_->machine().huge_pages) {
        const auto memory = view(*instances_.back().memory);
        const auto bytes = memory.writable(0, memory.size());
        if (bytes && !bytes->empty()) ask_for_huge_pages(profile_->machine(), bytes->data(), bytes->size());
    }
    return id;
}

Result<wasmtime_instance_t> WasmtimeStore::make_instance(const CompiledModule& module, const Variant& variant) {
    wasmtime_instance_t instance{};
    wasm_trap_t* raw_trap = nullptr;
    ErrorPtr error;
    if (variant.instance_pre) {
        error.reset(wasmtime_instance_pre_instantiate(variant.instance_pre.get(), context_, &instance, &raw_trap));
    } else {
        const auto imports = resolve(module, variant);
        if (!imports) return fail(imports.error());
        error.reset(wasmtime_instance_new(context_, variant.module.get(), imports->data(), imports->size(), &instance,
                                          &raw_trap));
    }
    const Failure failure(std::move(error), TrapPtr(raw_trap));
    if (!failure.failed()) [[likely]] return instance;
    if (failure.trapped()) {
        engine::StopInfo info;
        failure.classify(info);
        Error trap(ErrorCode::trap, "the module's initial data or elements do not fit: " + info.text);
        trap.set_trap(info.trap, failure.backtrace());
        return fail(std::move(trap));
    }
    // Imports were resolved and limits checked before: what is left is address space, or a type that differs.
    return fail(variant.instance_pre ? ErrorCode::io : ErrorCode::import_mismatch,
                "the engine cannot make an instance: " + failure.words());
}

Result<std::vector<wasmtime_extern_t>> WasmtimeStore::resolve(const CompiledModule& module, const Variant& variant) {
    std::vector<wasmtime_extern_t> externs;
    externs.reserve(module.imports().size());
    for (std::size_t i = 0; i < module.imports().size(); ++i) {
        const Import& import = module.info().imports[i];
        if (const auto* link = std::get_if<engine::LinkedImport>(&module.imports()[i])) {
            auto found = resolve_linked(import, *link);
            if (!found) return fail(std::move(found).error());
            externs.push_back(*found);
            continue;
        }
        const std::string name = position_name(i);
        wasmtime_extern_t item;
        if (!wasmtime_linker_get(variant.linker.get(), context_, "", 0, name.data(), name.size(), &item)) {
            return fail(ErrorCode::internal,
                        concat("import ", quoted(import.module), " ", quoted(import.name), " is not bound"));
        }
        externs.push_back(item);
    }
    return externs;
}

Result<wasmtime_extern_t> WasmtimeStore::resolve_linked(const Import& import, const engine::LinkedImport& link) {
    static constexpr wasmtime_extern_kind_t kKinds[] = {WASMTIME_EXTERN_FUNC, WASMTIME_EXTERN_TABLE,
                                                        WASMTIME_EXTERN_MEMORY, WASMTIME_EXTERN_GLOBAL,
                                                        WASMTIME_EXTERN_TAG};
    const std::string wanted = concat("import ", quoted(import.module), " ", quoted(import.name));
    if (link.from.index >= instances_.size()) {
        return fail(ErrorCode::missing_import, concat(wanted, " is linked to an instance that is not there"));
    }
    const auto found = find(link.from, link.name, kKinds[static_cast<std::size_t>(import.kind)]);
    if (!found) {
        return fail(ErrorCode::missing_import, concat(wanted, " is linked to a ", to_string(import.kind), " ",
                                                      quoted(link.name), " that the instance does not export"));
    }
    if (import.kind == ExternKind::function) {
        const FunctionTypePtr type(wasmtime_func_type(context_, &found->of.func));
        if (!same_type(*type, import.function)) {
            return fail(ErrorCode::import_mismatch, concat(wanted, " wants a function ", to_string(import.function),
                                                           ", ", quoted(link.name), " has another type"));
        }
    }
    return *found;
}

std::optional<wasmtime_extern_t> WasmtimeStore::find(engine::InstanceId instance, std::string_view name,
                                                     wasmtime_extern_kind_t kind) {
    if (instance.index >= instances_.size()) return std::nullopt;
    wasmtime_extern_t item;
    if (!wasmtime_instance_export_get(context_, &instances_[instance.index].handle, name.data(), name.size(), &item))
        return std::nullopt;
    if (item.kind == kind) return item;
    wasmtime_extern_delete(&item);
    return std::nullopt;
}

std::optional<engine::FunctionRef> WasmtimeStore::function(engine::InstanceId instance, std::string_view name) {
    const auto item = find(instance, name, WASMTIME_EXTERN_FUNC);
    if (!item) return std::nullopt;
    const FunctionType* type = instances_[instance.index].module->info().exported_function(name);
    if (type == nullptr) return std::nullopt;
    return engine::FunctionRef::of(item->of.func, *type);
}

std::optional<engine::MemoryRef> WasmtimeStore::memory(engine::InstanceId instance, std::string_view name) {
    if (name == kMemory && instance.index < instances_.size() && instances_[instance.index].memory)
        return instances_[instance.index].memory;
    const auto item = find(instance, name, WASMTIME_EXTERN_MEMORY);
    if (!item) return std::nullopt;
    const wasmtime_memory_t& wanted = item->of.memory;
    const auto listed = std::ranges::find_if(memories_, [&wanted](const Memory& memory) {
        const wasmtime_memory_t& known = memory.handle;
        return known.store_id == wanted.store_id && known.__private1 == wanted.__private1 && known.__private2 == wanted.__private2;
    });
    const auto index = static_cast<std::uint64_t>(listed - memories_.begin());
    if (listed == memories_.end()) memories_.push_back({.handle = wanted, .seen = {}});
    return std::bit_cast<engine::MemoryRef>(ListedMemory{.index = index, .unused = {}});
}

std::optional<engine::GlobalRef> WasmtimeStore::global(engine::InstanceId instance, std::string_view name) {
    const auto item = find(instance, name, WASMTIME_EXTERN_GLOBAL);
    if (!item) return std::nullopt;
    const CompiledModule& module = *instances_[instance.index].module;
    const Export* exported = module.info().find_export(name);
    if (exported == nullptr) return std::nullopt;
    const GlobalType* type = module.global_type(exported->index);
    if (type == nullptr) return std::nullopt;
    auto packed = std::bit_cast<TypedGlobal>(item->of.global);
    packed.type = static_cast<std::uint32_t>(type->type);
    return std::bit_cast<engine::GlobalRef>(packed);
}

engine::Stop WasmtimeStore::enter(const engine::FunctionRef& function, engine::RawValue* slots,
                                  std::size_t count) noexcept {
    // The reference holds the vendor's own bytes (see `function`): only the engine reads them, so they need no copy.
    const auto* callee = reinterpret_cast<const wasmtime_func_t*>(&function.opaque);
    auto* values = reinterpret_cast<wasmtime_val_raw_t*>(slots);
    wasm_trap_t* trap = nullptr;
#if MORTISE_WASMTIME_OWN
    wasmtime_error_t* error = mortise_wasmtime_call(context_, callee, values, count);
#else
    wasmtime_error_t* error = wasmtime_func_call_unchecked(context_, callee, values, count, &trap);
#endif
    if (error == nullptr && trap == nullptr) [[likely]]
        return Stop::done;
    return failed(error, trap);
}

wasm_trap_t* WasmtimeStore::host_call(void* import, wasmtime_caller_t* caller, wasmtime_val_raw_t* slots,
                                      std::size_t) noexcept {
    const auto* bound = static_cast<const engine::HostImport*>(import);
    auto* store = static_cast<WasmtimeStore*>(wasmtime_context_get_data(wasmtime_caller_context(caller)));
    const Stop said =
        bound->call(bound->function, *store, engine::Caller{caller}, reinterpret_cast<engine::RawValue*>(slots));
    const Stop stop = store->after_host_call(said);
    if (stop == Stop::done) [[likely]]
        return nullptr;
    return store->end_call(said, stop);
}

wasm_trap_t* WasmtimeStore::end_call(engine::Stop said, engine::Stop stop) noexcept {
    if (said != stop) stop_.reset();  // the host function's details are not those of a deadline
    ending_ = stop;
    static constexpr std::string_view kText = "ended by the host";
    return wasmtime_trap_new(kText.data(), kText.size());
}

wasmtime_error_t* WasmtimeStore::on_epoch(wasmtime_context_t*, void* store, std::uint64_t* delta,
                                          wasmtime_update_deadline_kind_t* kind) noexcept {
    auto* self = static_cast<WasmtimeStore*>(store);
    *delta = 1;
    *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
    const Stop due = self->due();
    if (due == Stop::done) [[likely]]
        return nullptr;
    self->stop_.reset();
    self->ending_ = due;
    return wasmtime_error_new("ended by the host");
}

engine::Stop WasmtimeStore::failed(wasmtime_error_t* error, wasm_trap_t* trap) noexcept {
    const Failure failure{ErrorPtr(error), TrapPtr(trap)};
    const Stop remembered = std::exchange(ending_, Stop::done);
    if (remembered == Stop::done) stop_.reset();
    Stop why = remembered;
    try {
        engine::StopInfo& info = stop_ ? *stop_ : stop_.emplace();
        if (remembered == Stop::done) {
            if (failure.trapped()) {
                why = failure.classify(info);
            } else if (limiter_.refusal_ends_call() && growth_was_refused()) {
                why = Stop::memory_limit;
            } else {
                why = Stop::engine;
                info.text = failure.words();
            }
        }
        info.backtrace = failure.backtrace();
    } catch (...) {
        // No memory for the details: the reason alone must do.
        if (why == Stop::done) why = failure.trapped() ? Stop::trap : Stop::engine;
    }
    return why;
}

engine::GuestMemory WasmtimeStore::look_at(Memory& memory) noexcept {
    memory.seen = {reinterpret_cast<std::byte*>(wasmtime_memory_data(context_, &memory.handle)),
                   wasmtime_memory_data_size(context_, &memory.handle)};
    memory.seen_at = limiter_.memory_bytes();
    return memory.seen;
}

// A memory moves and changes its size only by growing, and every growth goes through the limiter.
engine::GuestMemory WasmtimeStore::view(const engine::MemoryRef& memory) noexcept {
    Memory& listed = memories_[std::bit_cast<ListedMemory>(memory).index];
    if (Limiter::kCounts && listed.seen_at == limiter_.memory_bytes()) [[likely]]
        return listed.seen;
    return look_at(listed);
}

engine::GuestMemory WasmtimeStore::view(engine::Caller caller) noexcept {
    if (instances_.size() == 1) [[likely]] {
        return instances_.front().memory ? view(*instances_.front().memory) : engine::GuestMemory{};
    }
    // Which of several instances it is, only the engine knows: a host function travels with tables and re-exports.
    wasmtime_extern_t item;
    auto* from = static_cast<wasmtime_caller_t*>(caller.opaque);
    if (from == nullptr || !wasmtime_caller_export_get(from, kMemory.data(), kMemory.size(), &item)) return {};
    if (item.kind == WASMTIME_EXTERN_MEMORY) {
        Memory memory{.handle = item.of.memory, .seen = {}};
        return look_at(memory);
    }
    wasmtime_extern_delete(&item);
    return {};
}

engine::RawValue WasmtimeStore::get(const engine::GlobalRef& global) noexcept {
    const auto typed = std::bit_cast<TypedGlobal>(global);
    const auto handle = std::bit_cast<wasmtime_global_t>(global);
    wasmtime_val_t value;
    wasmtime_global_get(context_, &handle, &value);
    engine::RawValue raw{};
    switch (static_cast<ValType>(typed.type)) {
        case ValType::i32: raw.i32 = value.of.i32; break;
        case ValType::i64: raw.i64 = value.of.i64; break;
        case ValType::f32: std::memcpy(&raw.f32_bits, &value.of.f32, sizeof(raw.f32_bits)); break;
        case ValType::f64: std::memcpy(&raw.f64_bits, &value.of.f64, sizeof(raw.f64_bits)); break;
        case ValType::v128: std::memcpy(raw.v128, value.of.v128, sizeof(raw.v128)); break;
        case ValType::funcref:
            if (!wasmtime_funcref_is_null(&value.of.funcref))
                raw.ref = wasmtime_func_to_raw(context_, &value.of.funcref);
            break;
        case ValType::externref:
        case ValType::other: break;
    }
    wasmtime_val_unroot(&value);
    return raw;
}

void WasmtimeStore::set(const engine::GlobalRef& global, engine::RawValue raw) noexcept {
    const auto typed = std::bit_cast<TypedGlobal>(global);
    const auto handle = std::bit_cast<wasmtime_global_t>(global);
    wasmtime_val_t value{};
    switch (static_cast<ValType>(typed.type)) {
        case ValType::i32: value.kind = WASMTIME_I32, value.of.i32 = raw.i32; break;
        case ValType::i64: value.kind = WASMTIME_I64, value.of.i64 = raw.i64; break;
        case ValType::f32:
            value.kind = WASMTIME_F32, std::memcpy(&value.of.f32, &raw.f32_bits, sizeof(raw.f32_bits));
            break;
        case ValType::f64:
            value.kind = WASMTIME_F64, std::memcpy(&value.of.f64, &raw.f64_bits, sizeof(raw.f64_bits));
            break;
        case ValType::v128: value.kind = WASMTIME_V128, std::memcpy(value.of.v128, raw.v128, sizeof(raw.v128)); break;
        case ValType::funcref:
            value.kind = WASMTIME_FUNCREF;
            wasmtime_funcref_set_null(&value.of.funcref);
            if (raw.ref != nullptr) wasmtime_func_from_raw(context_, raw.ref, &value.of.funcref);
            break;
        case ValType::externref:
#if defined(WASMTIME_FEATURE_GC)
            value.kind = WASMTIME_EXTERNREF;  // null is all that hosts have
            break;
#endif
        case ValType::other: return;
    }
    // The only error left is an immutable global, which whoever asks for one knows.
    const ErrorPtr ignored(wasmtime_global_set(context_, &handle, &value));
}

Result<void> WasmtimeStore::set_fuel(std::uint64_t units) {
    if (!profile_->options().fuel) return fail(ErrorCode::unsupported, "the module was compiled without fuel");
    const ErrorPtr error(wasmtime_context_set_fuel(context_, units));
    if (error) return fail(ErrorCode::internal, "the engine takes no fuel: " + message_of(*error));
    return {};
}

std::uint64_t WasmtimeStore::fuel_left() noexcept {
    std::uint64_t left = 0;
    if (profile_->options().fuel) const ErrorPtr ignored(wasmtime_context_get_fuel(context_, &left));
    return left;
}

std::uint64_t WasmtimeStore::memory_bytes() noexcept {
#if !MORTISE_WASMTIME_OWN
    std::uint64_t seen = 0;
    for (const Memory& memory : memories_) seen += wasmtime_memory_data_size(context_, &memory.handle);
    limiter_.observe(seen);
#endif
    return limiter_.memory_bytes();
}

std::uint64_t WasmtimeStore::memory_peak_bytes() noexcept {
    memory_bytes();
    return limiter_.memory_peak_bytes();
}

}  // namespace mortise::engines::wasmtime
