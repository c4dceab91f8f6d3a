#include "engines/wasm_c_api/store.hpp"

#include <array>
#include <bit>
#include <span>
#include <utility>

#include "base/text.hpp"
#include "engine/binding.hpp"

namespace mortise::engines::wasm_c_api {
namespace {

using base::concat;
using base::quoted;
using engine::Stop;

constexpr std::uint64_t kPage = 65'536;

/// What the seam's opaque bytes hold.
struct Callee {
    c::Function* function;
    const FunctionType* type;
};
struct OpaqueMemory {
    c::Memory* memory;
    std::uint64_t unused[2];
};
struct OpaqueGlobal {
    c::Global* global;
    std::uint64_t type;
    std::uint64_t unused;
};
static_assert(sizeof(OpaqueMemory) == sizeof(engine::MemoryRef) && sizeof(OpaqueGlobal) == sizeof(engine::GlobalRef));

/// Room for the values of a call: on the stack for usual functions.
template <class T>
class Values {
public:
    explicit Values(std::size_t count) {
        if (count <= few_.size()) return;
        many_.resize(count);
    }
    T* data() noexcept { return many_.empty() ? few_.data() : many_.data(); }

private:
    std::array<T, 16> few_{};
    std::vector<T> many_;
};

c::Value to_c(ValType type, const engine::RawValue& raw) noexcept {
    c::Value value{};
    value.kind = static_cast<std::uint8_t>(type);
    if (type == ValType::i32 || type == ValType::f32) value.of.i32 = raw.i32;
    else value.of.i64 = raw.i64;
    return value;
}

engine::RawValue from_c(ValType type, const c::Value& value) noexcept {
    engine::RawValue raw{};
    if (type == ValType::i32 || type == ValType::f32) raw.i32 = value.of.i32;
    else raw.i64 = value.of.i64;
    return raw;
}

void to_c(std::span<const ValType> types, const engine::RawValue* raw, c::Value* out) noexcept {
    for (std::size_t i = 0; i < types.size(); ++i) out[i] = to_c(types[i], raw[i]);
}

void from_c(std::span<const ValType> types, const c::Value* values, engine::RawValue* out) noexcept {
    for (std::size_t i = 0; i < types.size(); ++i) out[i] = from_c(types[i], values[i]);
}

std::uint8_t kind_of(ExternKind kind) noexcept {
    switch (kind) {
        case ExternKind::function: return c::kExternFunction;
        case ExternKind::table: return c::kExternTable;
        case ExternKind::memory: return c::kExternMemory;
        case ExternKind::global: return c::kExternGlobal;
        case ExternKind::tag: break;
    }
    return UINT8_MAX;
}

}  // namespace

LibraryStore::Instance::Instance(const Api& table) : api(table), handle(nullptr, table.instance_delete) {}

LibraryStore::Instance::~Instance() {
    if (exports.data != nullptr) api.extern_vec_delete(&exports);
}

LibraryStore::LibraryStore(std::shared_ptr<const Library> library, const engine::CompileOptions& options,
                           const engine::StoreLimits& limits)
    : library_(std::move(library)),
      api_(library_->api()),
      options_(options),
      limits_(limits),
      admission_(limits),
      store_(library_->new_store()) {}

LibraryStore::~LibraryStore() { instances_.clear(); }

Result<std::unique_ptr<engine::Store>> LibraryStore::make(std::shared_ptr<const Library> library,
                                                          const engine::CompileOptions& options,
                                                          const engine::StoreLimits& limits) {
    std::unique_ptr<LibraryStore> store(new LibraryStore(std::move(library), options, limits));
    if (!store->store_) return fail(ErrorCode::io, concat(quoted(store->library_->file()), " cannot make a store"));
    return std::unique_ptr<engine::Store>(std::move(store));
}

Result<engine::InstanceId> LibraryStore::instantiate(const engine::Module& module) {
    const auto* compiled = dynamic_cast<const CompiledModule*>(&module);
    if (compiled == nullptr || compiled->library() != library_ || compiled->options() != options_) {
        return fail(ErrorCode::invalid_argument,
                    "the module was compiled by another engine or with other options than the store's");
    }
    auto fits = admission_.admit(compiled->info(), memory_bytes(), table_elements());
    if (!fits) return fail(std::move(fits).error());
    const auto theirs = compiled->in(*store_);
    if (!theirs) {
        return fail(ErrorCode::io, concat(quoted(library_->file()), " cannot bring the module into another store"));
    }
    auto instance = std::make_unique<Instance>(api_);
    instance->module = compiled->shared_from_this();
    auto imports = resolve(*instance);
    if (!imports) return fail(std::move(imports).error());
    const c::Vec<c::Extern*> externs(imports->size(), imports->data());
    c::Trap* raw_trap = nullptr;
    instance->handle.reset(api_.instance_new(store_.get(), theirs.get(), &externs, &raw_trap));
    const Owned<c::Trap> trap(raw_trap, api_.trap_delete);
    if (trap) {
        return fail(ErrorCode::trap,
                    "the module's initial data or elements do not fit: " + library_->message_of(*trap));
    }
    if (!instance->handle) {
        return fail(ErrorCode::io, concat(quoted(library_->file()), " cannot make an instance and gives no reason"));
    }
    if (auto known = adopt_exports(*instance); !known) return fail(std::move(known).error());
    instances_.push_back(std::move(instance));
    return engine::InstanceId{static_cast<std::uint32_t>(instances_.size() - 1)};
}

Result<void> LibraryStore::adopt_exports(Instance& instance) {
    api_.instance_exports(instance.handle.get(), &instance.exports);
    const ModuleInfo& info = instance.module->info();
    const auto wrong = [&] {
        return fail(ErrorCode::internal, concat(quoted(library_->file()), " hands out other exports than the module has"));
    };
    if (instance.exports.size != table_export(info, info.tables.size())) return wrong();
    const auto is = [&](std::size_t position, ExternKind kind) {
        return api_.extern_kind(instance.exports.data[position]) == kind_of(kind);
    };
    for (std::size_t i = 0; i < info.exports.size(); ++i) {
        if (!is(i, info.exports[i].kind)) return wrong();
        if (info.exports[i].kind == ExternKind::memory && info.exports[i].name == "memory")
            instance.memory = api_.extern_as_memory(instance.exports.data[i]);
    }
    for (std::size_t i = 0; i < info.memories.size(); ++i) {
        if (!is(memory_export(info, i), ExternKind::memory)) return wrong();
        instance.memories.push_back(api_.extern_as_memory(instance.exports.data[memory_export(info, i)]));
    }
    for (std::size_t i = 0; i < info.tables.size(); ++i) {
        if (!is(table_export(info, i), ExternKind::table)) return wrong();
        instance.tables.push_back(api_.extern_as_table(instance.exports.data[table_export(info, i)]));
    }
    return {};
}

Result<std::vector<c::Extern*>> LibraryStore::resolve(Instance& instance) {
    std::vector<c::Extern*> externs;
    const CompiledModule& module = *instance.module;
    for (const std::size_t position : module.import_order()) {
        auto found = position == Prepared::kAsksBeforeGrowth ? bind_growth(instance) : resolve_import(instance, position);
        if (!found) return fail(std::move(found).error());
        externs.push_back(*found);
    }
    return externs;
}

Result<c::Extern*> LibraryStore::resolve_import(Instance& instance, std::size_t position) {
    const Import& import = instance.module->info().imports[position];
    const engine::Resolved& resolved = instance.module->imports()[position];
    if (const auto* host = std::get_if<engine::HostImport>(&resolved)) return bind(instance, import, *host);
    return resolve_linked(instance, import, std::get<engine::LinkedImport>(resolved));
}

Result<c::Extern*> LibraryStore::new_function(Instance& instance, const FunctionType& type, c::Callback callback,
                                              void* env) {
    const auto theirs = library_->new_function_type(type);
    Owned<c::Function> function(
        theirs ? api_.func_new_with_env(store_.get(), theirs.get(), callback, env, nullptr) : nullptr, api_.func_delete);
    if (!function) {
        return fail(ErrorCode::internal, concat(quoted(library_->file()), " cannot make a host function ", to_string(type)));
    }
    c::Extern* item = api_.func_as_extern(function.get());
    instance.functions.push_back(std::move(function));
    return item;
}

Result<c::Extern*> LibraryStore::bind(Instance& instance, const Import& import, const engine::HostImport& host) {
    instance.bindings.push_back({.store = this, .instance = &instance, .import = host, .type = &import.function});
    return new_function(instance, import.function, &LibraryStore::host_call, &instance.bindings.back());
}

Result<c::Extern*> LibraryStore::bind_growth(Instance& instance) {
    static const FunctionType kAsk{{ValType::i32, ValType::i32}, {ValType::i32}};
    return new_function(instance, kAsk, &LibraryStore::ask_growth, this);
}

Result<c::Extern*> LibraryStore::resolve_linked(Instance& instance, const Import& import,
                                                const engine::LinkedImport& link) {
    const Instance* from = at(link.from);
    if (from == nullptr) {
        return fail(ErrorCode::missing_import,
                    concat("import ", engine::spelled(import), " is linked to an instance that is not there"));
    }
    const ModuleInfo& info = from->module->info();
    if (auto there = engine::check_link(import, link, info); !there) return fail(std::move(there).error());
    const Export* exported = info.find_export(link.name);
    if (import.kind == ExternKind::function && exported->index < info.imported(ExternKind::function)) {
        // It hands on what it imports itself: bound anew, so that a host function sees who really calls.
        std::uint32_t left = exported->index;
        for (std::size_t i = 0; i < info.imports.size(); ++i) {
            if (info.imports[i].kind != ExternKind::function || left-- != 0) continue;
            const auto& behind = from->module->imports()[i];
            if (const auto* host = std::get_if<engine::HostImport>(&behind)) return bind(instance, import, *host);
            return resolve_linked(instance, import, std::get<engine::LinkedImport>(behind));
        }
    }
    c::Extern* found = from->exports.data[exported - info.exports.data()];
    if (auto fits = check_link_type(import, *from, exported->index, found); !fits) return fail(std::move(fits).error());
    return found;
}

// The library would refuse it too, without a word why.
Result<void> LibraryStore::check_link_type(const Import& import, const Instance& from, std::uint32_t index,
                                           c::Extern* found) {
    bool fits = true;
    if (import.kind == ExternKind::global) {
        const GlobalType* type = from.module->global_type(index);
        fits = type != nullptr && type->type == import.global.type && type->is_mutable == import.global.is_mutable;
    } else if (import.kind == ExternKind::memory) {
        const SizeRange* type = from.module->memory_type(index);
        const std::uint64_t pages = api_.memory_data_size(api_.extern_as_memory(found)) / kPage;
        fits = type != nullptr && pages >= import.memory.minimum &&
               (!import.memory.maximum || (type->maximum && *type->maximum <= *import.memory.maximum));
    }
    if (fits) return {};
    return fail(ErrorCode::import_mismatch, concat("import ", engine::spelled(import), " is linked to a ",
                                                   to_string(import.kind), " of another type or size"));
}

const LibraryStore::Instance* LibraryStore::at(engine::InstanceId id) const noexcept {
    return id.index < instances_.size() ? instances_[id.index].get() : nullptr;
}

std::optional<engine::FunctionRef> LibraryStore::function(engine::InstanceId instance, std::string_view name) {
    const Instance* from = at(instance);
    const Export* exported = from == nullptr ? nullptr : from->module->info().find_export(name);
    if (exported == nullptr || exported->kind != ExternKind::function) return std::nullopt;
    const FunctionType* type = from->module->info().function_type(exported->index);
    // Vectors and references have no words in the API: such a function is for the guest's own use.
    if (type == nullptr || !crosses(*type)) return std::nullopt;
    const auto position = exported - from->module->info().exports.data();
    return engine::FunctionRef::of(Callee{api_.extern_as_func(from->exports.data[position]), type}, *type);
}

std::optional<engine::MemoryRef> LibraryStore::memory(engine::InstanceId instance, std::string_view name) {
    const Instance* from = at(instance);
    const Export* exported = from == nullptr ? nullptr : from->module->info().find_export(name);
    if (exported == nullptr || exported->kind != ExternKind::memory) return std::nullopt;
    const auto position = exported - from->module->info().exports.data();
    return std::bit_cast<engine::MemoryRef>(OpaqueMemory{api_.extern_as_memory(from->exports.data[position]), {}});
}

std::optional<engine::GlobalRef> LibraryStore::global(engine::InstanceId instance, std::string_view name) {
    const Instance* from = at(instance);
    const Export* exported = from == nullptr ? nullptr : from->module->info().find_export(name);
    if (exported == nullptr || exported->kind != ExternKind::global) return std::nullopt;
    const GlobalType* type = from->module->global_type(exported->index);
    if (type == nullptr || !crosses(type->type)) return std::nullopt;
    const auto position = exported - from->module->info().exports.data();
    return std::bit_cast<engine::GlobalRef>(OpaqueGlobal{api_.extern_as_global(from->exports.data[position]),
                                                         static_cast<std::uint64_t>(type->type), 0});
}

engine::Stop LibraryStore::enter(const engine::FunctionRef& function, engine::RawValue* slots,
                                 std::size_t) noexcept try {
    const auto callee = function.own<Callee>();
    const auto& params = callee.type->params;
    const auto& results = callee.type->results;
    Values<c::Value> given(params.size()), taken(results.size());
    to_c(params, slots, given.data());
    const c::Vec<c::Value> arguments(params.size(), given.data());
    c::Vec<c::Value> out(results.size(), taken.data());
    c::Trap* trap = api_.func_call(callee.function, &arguments, &out);
    if (trap != nullptr || ending_ != Stop::done) [[unlikely]] return failed(trap);
    from_c(results, taken.data(), slots);
    return Stop::done;
} catch (...) {
    return Stop::engine;  // no memory for the values
}

c::Trap* LibraryStore::host_call(void* env, const c::Vec<c::Value>* arguments, c::Vec<c::Value>* results) noexcept {
    const auto& binding = *static_cast<const Binding*>(env);
    LibraryStore& store = *binding.store;
    const auto& params = binding.type->params;
    const auto& types = binding.type->results;
    try {
        Values<engine::RawValue> slots(std::max(params.size(), types.size()));
        from_c(params, arguments->data, slots.data());
        const Stop said = binding.import.call(binding.import.function, store, engine::Caller{env}, slots.data());
        const Stop stop = store.after_host_call(said);
        if (stop != Stop::done) [[unlikely]] return store.end_call(said, stop);
        to_c(types, slots.data(), results->data);
        return nullptr;
    } catch (...) {
        return store.end_call(Stop::done, Stop::engine);  // no memory for the values
    }
}

c::Trap* LibraryStore::ask_growth(void* env, const c::Vec<c::Value>* arguments, c::Vec<c::Value>* results) noexcept {
    auto& store = *static_cast<LibraryStore*>(env);
    const bool memory = arguments->data[0].of.i32 == std::to_underlying(Grown::memory);
    const auto count = std::uint64_t{static_cast<std::uint32_t>(arguments->data[1].of.i32)};
    const std::uint64_t used = memory ? store.memory_bytes() : store.table_elements();
    const std::uint64_t limit = memory ? store.limits_.memory_bytes : store.limits_.table_elements;
    // Both sides are below 2^49, so nothing wraps.
    const bool fits = used + (memory ? count * kPage : count) <= limit;
    if (!fits) {
        *store.refused_ = 1;
        if (store.limits_.refused_growth_ends_call) return store.end_call(Stop::done, Stop::memory_limit);
    }
    results->data[0] = {.kind = c::kI32, .of = {.i32 = fits ? 1 : 0}};
    return nullptr;
}

c::Trap* LibraryStore::end_call(engine::Stop said, engine::Stop stop) noexcept {
    if (said != stop) stop_.reset();  // the host function's details are not those of a deadline
    ending_ = stop;
    char text[] = "ended by the host";
    const c::Vec<char> message(sizeof(text), text);  // with its zero, as the standard wants it
    return api_.trap_new(store_.get(), &message);
}

engine::Stop LibraryStore::failed(c::Trap* raw_trap) noexcept {
    const Owned<c::Trap> trap(raw_trap, api_.trap_delete);
    const Stop remembered = std::exchange(ending_, Stop::done);
    if (remembered != Stop::done) return remembered;
    stop_.reset();
    try {
        engine::StopInfo& info = stop_.emplace();
        info.text = trap ? library_->message_of(*trap) : "trap";
    } catch (...) {
        stop_.reset();  // no memory for the details: the reason alone must do
    }
    return Stop::trap;
}

engine::GuestMemory LibraryStore::view(const engine::MemoryRef& memory) noexcept {
    c::Memory* theirs = std::bit_cast<OpaqueMemory>(memory).memory;
    return {reinterpret_cast<std::byte*>(api_.memory_data(theirs)), api_.memory_data_size(theirs)};
}

engine::GuestMemory LibraryStore::view(engine::Caller caller) noexcept {
    const auto* binding = static_cast<const Binding*>(caller.opaque);
    if (binding == nullptr || binding->instance->memory == nullptr) return {};
    c::Memory* theirs = binding->instance->memory;
    return {reinterpret_cast<std::byte*>(api_.memory_data(theirs)), api_.memory_data_size(theirs)};
}

engine::RawValue LibraryStore::get(const engine::GlobalRef& global) noexcept {
    const auto known = std::bit_cast<OpaqueGlobal>(global);
    c::Value value{};
    api_.global_get(known.global, &value);
    return from_c(static_cast<ValType>(known.type), value);
}

void LibraryStore::set(const engine::GlobalRef& global, engine::RawValue raw) noexcept {
    const auto known = std::bit_cast<OpaqueGlobal>(global);
    const c::Value value = to_c(static_cast<ValType>(known.type), raw);
    api_.global_set(known.global, &value);
}

Result<void> LibraryStore::set_fuel(std::uint64_t) {
    return fail(ErrorCode::unsupported, "the standard C API has no fuel");
}

std::uint64_t LibraryStore::memory_bytes() noexcept {
    std::uint64_t bytes = 0;
    for (const auto& instance : instances_) {
        for (const c::Memory* memory : instance->memories) bytes += api_.memory_data_size(memory);
    }
    return bytes;
}

std::uint64_t LibraryStore::table_elements() noexcept {
    std::uint64_t elements = 0;
    for (const auto& instance : instances_) {
        for (const c::Table* table : instance->tables) elements += api_.table_size(table);
    }
    return elements;
}

}  // namespace mortise::engines::wasm_c_api
