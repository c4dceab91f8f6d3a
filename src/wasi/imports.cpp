// The table of functions that a guest can import, and what leads from an engine's call to them.

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "base/text.hpp"
#include "wasi/call.hpp"

namespace mortise::wasi {

namespace {

using engine::RawValue;
using engine::Stop;

template <class T>
T from_slot(const RawValue& slot) noexcept {
    if constexpr (sizeof(T) == 4) {
        return static_cast<T>(slot.i32);
    } else {
        return static_cast<T>(slot.i64);
    }
}

template <class T>
constexpr ValType type_of() noexcept {
    static_assert(std::is_integral_v<T> && (sizeof(T) == 4 || sizeof(T) == 8));
    return sizeof(T) == 4 ? ValType::i32 : ValType::i64;
}

// Nothing may unwind into the engine: a failure of the embedder's own function ends the guest's call.
Stop guarded(Call& call, RawValue* slots, Errno (*invoke)(Call&, const RawValue*)) noexcept {
    try {
        const Errno error = invoke(call, slots);
        if (call.stop != Stop::done) return call.stop;
        if (const auto* rehearsal = call.world.rehearsal; rehearsal != nullptr && rehearsal->cut()) [[unlikely]] {
            return call.store.stop_with(Error(ErrorCode::cancelled, engine::kCutRehearsal));
        }
        slots[0].i32 = static_cast<std::int32_t>(error);
        return Stop::done;
    } catch (const std::bad_alloc&) {
        slots[0].i32 = static_cast<std::int32_t>(Errno::nomem);
        return Stop::done;
    } catch (const Exception& exception) {
        return call.store.stop_with(exception.error());
    } catch (const std::exception& exception) {
        return call.store.stop_with(Error(ErrorCode::host_function_failed, std::string("a function of the sandbox failed: ") + exception.what()));
    } catch (...) {
        return call.store.stop_with(Error(ErrorCode::host_function_failed, "a function of the sandbox threw something"));
    }
}

Stop without_world(engine::Store& store) noexcept {
    return store.stop_with(Error(ErrorCode::internal, "a WASI function was called in a store without a WASI world"));
}

template <auto Function>
struct Bound;

template <class... Args, Errno (*Function)(Call&, Args...)>
struct Bound<Function> {
    static constexpr std::array<ValType, sizeof...(Args)> kParams{type_of<Args>()...};

    static Errno invoke(Call& call, const RawValue* slots) { return unpack(call, slots, std::index_sequence_for<Args...>{}); }

    template <std::size_t... Index>
    static Errno unpack(Call& call, [[maybe_unused]] const RawValue* slots, std::index_sequence<Index...>) {
        return Function(call, from_slot<Args>(slots[Index])...);
    }

    static Stop run(const void* version, engine::Store& store, engine::Caller caller, RawValue* slots) noexcept {
        if (store.wasi == nullptr) [[unlikely]] return without_world(store);
        Call call{static_cast<World*>(store.wasi)->state(), store, caller, *static_cast<const Version*>(version)};
        return guarded(call, slots, &invoke);
    }
};

struct Entry {
    std::string_view name;
    engine::HostFunction call;
    std::span<const ValType> params;
    bool returns = true;
    bool in_unstable = true;
};

template <auto Function>
constexpr Entry entry(std::string_view name) {
    return {name, &Bound<Function>::run, Bound<Function>::kParams, true, true};
}

template <auto Function>
constexpr Entry preview1_only(std::string_view name) {
    return {name, &Bound<Function>::run, Bound<Function>::kParams, true, false};
}

template <auto Function>
constexpr Entry without_result(std::string_view name) {
    return {name, &Bound<Function>::run, Bound<Function>::kParams, false, true};
}

constexpr Entry kFunctions[] = {
    entry<&args_get>("args_get"),
    entry<&args_sizes_get>("args_sizes_get"),
    entry<&clock_res_get>("clock_res_get"),
    entry<&clock_time_get>("clock_time_get"),
    entry<&environ_get>("environ_get"),
    entry<&environ_sizes_get>("environ_sizes_get"),
    entry<&fd_advise>("fd_advise"),
    entry<&fd_allocate>("fd_allocate"),
    entry<&fd_close>("fd_close"),
    entry<&fd_datasync>("fd_datasync"),
    entry<&fd_fdstat_get>("fd_fdstat_get"),
    entry<&fd_fdstat_set_flags>("fd_fdstat_set_flags"),
    entry<&fd_fdstat_set_rights>("fd_fdstat_set_rights"),
    entry<&fd_filestat_get>("fd_filestat_get"),
    entry<&fd_filestat_set_size>("fd_filestat_set_size"),
    entry<&fd_filestat_set_times>("fd_filestat_set_times"),
    entry<&fd_pread>("fd_pread"),
    entry<&fd_prestat_dir_name>("fd_prestat_dir_name"),
    entry<&fd_prestat_get>("fd_prestat_get"),
    entry<&fd_pwrite>("fd_pwrite"),
    entry<&fd_read>("fd_read"),
    entry<&fd_readdir>("fd_readdir"),
    entry<&fd_renumber>("fd_renumber"),
    entry<&fd_seek>("fd_seek"),
    entry<&fd_sync>("fd_sync"),
    entry<&fd_tell>("fd_tell"),
    entry<&fd_write>("fd_write"),
    entry<&path_create_directory>("path_create_directory"),
    entry<&path_filestat_get>("path_filestat_get"),
    entry<&path_filestat_set_times>("path_filestat_set_times"),
    entry<&path_link>("path_link"),
    entry<&path_open>("path_open"),
    entry<&path_readlink>("path_readlink"),
    entry<&path_remove_directory>("path_remove_directory"),
    entry<&path_rename>("path_rename"),
    entry<&path_symlink>("path_symlink"),
    entry<&path_unlink_file>("path_unlink_file"),
    entry<&poll_oneoff>("poll_oneoff"),
    without_result<&proc_exit>("proc_exit"),
    entry<&proc_raise>("proc_raise"),
    entry<&random_get>("random_get"),
    entry<&sched_yield>("sched_yield"),
    preview1_only<&sock_accept>("sock_accept"),
    entry<&sock_recv>("sock_recv"),
    entry<&sock_send>("sock_send"),
    entry<&sock_shutdown>("sock_shutdown"),
};
static_assert(std::size(kFunctions) == 46);

constexpr Version kPreview1 = Version::preview1;
constexpr Version kUnstable = Version::unstable;

const Version* version_of(std::string_view module, const Policy& policy) noexcept {
    if (policy.preview1 && module == "wasi_snapshot_preview1") return &kPreview1;
    if (policy.unstable && module == "wasi_unstable") return &kUnstable;
    if (policy.legacy && module == "wasi") return &kUnstable;
    return nullptr;
}

FunctionType type_of_entry(const Entry& entry) {
    FunctionType type;
    type.params.assign(entry.params.begin(), entry.params.end());
    if (entry.returns) type.results.push_back(ValType::i32);
    return type;
}

}  // namespace

Result<std::optional<engine::HostImport>> resolve(const Import& import, const Policy& policy) {
    const Version* version = version_of(import.module, policy);
    if (version == nullptr) return std::nullopt;
    const auto* const found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                           [&](const Entry& entry) { return entry.name == import.name; });
    if (found == std::end(kFunctions) || (*version == Version::unstable && !found->in_unstable)) return std::nullopt;
    const FunctionType wanted = type_of_entry(*found);
    if (import.kind != ExternKind::function || import.function != wanted) {
        const std::string got = import.kind == ExternKind::function ? to_string(import.function)
                                                                    : "a " + std::string(to_string(import.kind));
        return fail(ErrorCode::import_mismatch,
                    base::concat("import ", base::quoted(import.module), " ", base::quoted(import.name), ": WASI has ",
                                 to_string(wanted), ", the module wants ", got));
    }
    return engine::HostImport{found->call, version};
}

}  // namespace mortise::wasi
