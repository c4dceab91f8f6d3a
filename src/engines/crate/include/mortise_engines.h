/* The C interface of the engine library, beyond Wasmtime's own headers: a limiter for Wasmtime's stores, and Wasmi.
 *
 * Build-private: never installed. Every function is noexcept for C++: a Rust panic is caught at this boundary. */
#ifndef MORTISE_ENGINES_H
#define MORTISE_ENGINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The budget of one sandbox, summed over all memories, tables and instances of a store.
 * Owned by the caller: zero it, set the limits, keep it at the same address until after its store is gone. Not atomic:
 * read and write it on the thread that uses the store. */
typedef struct mortise_limiter {
    uint64_t memory_limit;   /* bytes of all memories together */
    uint64_t memory_used;    /* bytes now */
    uint64_t memory_peak;    /* the highest memory_used so far */
    uint64_t pending;        /* the engine's own */
    uint64_t table_limit;    /* elements of all tables together */
    uint64_t table_used;     /* elements now */
    uint32_t memories_limit; /* how many memories, tables and instances the store may hold */
    uint32_t tables_limit;
    uint32_t instances_limit;
    uint8_t growth_refused;           /* not 0: a memory was refused since the caller last cleared it; bits below */
    uint8_t table_refused;            /* the same for tables */
    uint8_t refused_growth_ends_call; /* not 0: a refused growth traps instead of answering -1 to the guest */
    uint8_t reserved;
} mortise_limiter_t;

enum {
    MORTISE_REFUSED_BY_LIMIT = 1,  /* over memory_limit or table_limit */
    MORTISE_REFUSED_BY_ENGINE = 2, /* within the limit, but beyond the type's range, or the system had no memory left */
};

struct wasmtime_store;
struct wasmtime_error;
struct wasmtime_module;
struct wasm_engine_t;

/* As Wasmtime's functions of these names without mortise_, which end the process where the engine panics: here a panic is
 * an error like others, with the panic's words. `panicked`, which may be null, tells it apart. */
struct wasmtime_error* mortise_wasmtime_module_new(struct wasm_engine_t* engine, const uint8_t* wasm, size_t size,
                                                   struct wasmtime_module** module, bool* panicked);
struct wasmtime_error* mortise_wasmtime_module_validate(struct wasm_engine_t* engine, const uint8_t* wasm, size_t size);
struct wasmtime_error* mortise_wasmtime_module_deserialize(struct wasm_engine_t* engine, const uint8_t* code, size_t size,
                                                           struct wasmtime_module** module);

/* Puts the store under the limiter; call it before the first instance, once. It replaces wasmtime_store_limiter.
 * Instantiation that fails leaves what it had counted so far counted: such a store is of no use anyway.
 * A growth beyond the memory's own maximum fails without a mark in growth_refused. */
void mortise_wasmtime_store_limiter(struct wasmtime_store* store, mortise_limiter_t* limiter);

struct wasmtime_context;
struct wasmtime_func;
union wasmtime_val_raw;

/* As wasmtime_func_call_unchecked, but every failure is an error, traps and panics, too: one outcome to look at. Null: done. */
struct wasmtime_error* mortise_wasmtime_call(struct wasmtime_context* store, const struct wasmtime_func* function,
                                             union wasmtime_val_raw* slots, size_t count);

/* Tells which trap an error is: a wasmtime_trap_code_t, or one of those below. Takes the error and gives it back. */
enum { MORTISE_NO_TRAP = -1, MORTISE_TRAP_WITHOUT_CODE = -2 };
struct wasmtime_error* mortise_wasmtime_trap_code(struct wasmtime_error* error, int32_t* code);

/* For example "48.0.8". Static. */
const char* mortise_wasmtime_version(void);

/* Wasmi, an interpreter, behind the same shape as the engine seam: imports by position, 16-byte slots, one store for
 * several instances. Objects: an engine makes modules, a module makes stores, a store holds instances. Each is freed by
 * its own
 * *_delete (null is fine); a store keeps what it needs of its engine and modules alive, so the order does not matter.
 * Engines and modules may be used by many threads at once; a store by one thread at a time. Functions, memories,
 * globals and instances are numbers that are valid in their store for as long as it lives. */

typedef struct mortise_wasmi_engine mortise_wasmi_engine_t;
typedef struct mortise_wasmi_module mortise_wasmi_module_t;
typedef struct mortise_wasmi_store mortise_wasmi_store_t;
typedef struct mortise_wasmi_caller mortise_wasmi_caller_t; /* lent to a host function while it runs */

/* Bytes (UTF-8, not terminated) that the receiver frees with mortise_text_free; data is null when there is no text. */
typedef struct mortise_text {
    char* data;
    size_t size;
} mortise_text_t;

void mortise_text_free(mortise_text_t* text); /* also resets it; twice is fine */

/* Laid out as wasmtime_val_raw_t, and as the engine seam's RawValue. A reference is an opaque number, 0 for null, that
 * may only go back into the store that it came from. */
typedef union mortise_wasmi_value {
    int32_t i32;
    int64_t i64;
    uint32_t f32_bits;
    uint64_t f64_bits;
    uint8_t v128[16];
    uint64_t ref;
} mortise_wasmi_value_t;

typedef struct mortise_wasmi_config {
    uint64_t stack_bytes;     /* of values, a call; 4 KiB to 1 GiB, else the nearer of both */
    uint32_t recursion_depth; /* guest frames on top of each other, a call; at least 1 */
    uint8_t metered;          /* not 0: counts fuel, which also makes calls stoppable */
    uint8_t bulk_memory;      /* the Wasm features to accept */
    uint8_t references;
    uint8_t v128;
    uint8_t relaxed_v128; /* only together with v128 */
    uint8_t multi_memory;
    uint8_t tail_calls;
    uint8_t reserved;
} mortise_wasmi_config_t;

/* Null, with a text in *error (which may be null), if it cannot be made. */
mortise_wasmi_engine_t* mortise_wasmi_engine_new(const mortise_wasmi_config_t* config, mortise_text_t* error);
void mortise_wasmi_engine_delete(mortise_wasmi_engine_t* engine);

/* Validates and translates the whole module. Null, with a text in *error, if it is refused: so are modules with a start
 * section, which the caller turns into an export before, and memory64. */
mortise_wasmi_module_t* mortise_wasmi_compile(const mortise_wasmi_engine_t* engine, const uint8_t* wasm, size_t size,
                                              mortise_text_t* error);
void mortise_wasmi_module_delete(mortise_wasmi_module_t* module);

typedef enum mortise_status {
    MORTISE_DONE = 0,
    MORTISE_TRAP = 1,          /* code: mortise_trap_t */
    MORTISE_HOST_STOPPED = 2,  /* code: what the host function returned */
    MORTISE_CHECK_STOPPED = 3, /* code: what the check returned */
    MORTISE_OUT_OF_FUEL = 4,   /* the whole budget of mortise_wasmi_set_fuel */
    MORTISE_FAILED = 5,        /* refused or impossible; the text says what */
    MORTISE_PANICKED = 6,      /* a bug of the engine's, or what follows from one: the store answers nothing else from then on */
} mortise_status_t;

/* Wasmi's trap codes, pinned with its version. */
typedef enum mortise_trap {
    MORTISE_TRAP_UNREACHABLE = 1,
    MORTISE_TRAP_MEMORY_OUT_OF_BOUNDS = 2,
    MORTISE_TRAP_TABLE_OUT_OF_BOUNDS = 3,
    MORTISE_TRAP_INDIRECT_CALL_TO_NULL = 4,
    MORTISE_TRAP_INTEGER_DIVISION_BY_ZERO = 5,
    MORTISE_TRAP_INTEGER_OVERFLOW = 6,
    MORTISE_TRAP_BAD_CONVERSION_TO_INTEGER = 7,
    MORTISE_TRAP_STACK_OVERFLOW = 8,
    MORTISE_TRAP_BAD_SIGNATURE = 9,   /* of an indirect call */
    MORTISE_TRAP_GROWTH_REFUSED = 11, /* refused_growth_ends_call; or table.grow at the end of a slice, see below */
    MORTISE_TRAP_OUT_OF_SYSTEM_MEMORY = 12,
} mortise_trap_t;

/* How something ended. The receiver frees the text, which may be empty. */
typedef struct mortise_outcome {
    int32_t status; /* mortise_status_t */
    int32_t code;
    mortise_text_t text;
} mortise_outcome_t;

/* Asked between slices on the thread of the call: not 0 ends the call with MORTISE_CHECK_STOPPED. It may read the
 * store's fuel and memories; it must not call guests. It must not throw. */
typedef int32_t (*mortise_wasmi_check_t)(void* env);

/* A function that guests call. `slots` holds the arguments, and takes the results; it has room for the larger number of
 * both and at least one. `instance` is the one that the import was given to. Not 0 ends the guest's call with
 * MORTISE_HOST_STOPPED. It may use the store, mortise_wasmi_call included; all of that reaches the store through the
 * innermost running host function. It must not delete the store, and must not throw. */
typedef int32_t (*mortise_wasmi_host_function_t)(const void* env, mortise_wasmi_store_t* store,
                                                 mortise_wasmi_caller_t* caller, uint32_t instance,
                                                 mortise_wasmi_value_t* slots);

/* A sandbox for instances of modules of one engine.
 * limiter   kept, see mortise_limiter_t
 * slice     fuel between two checks; a simple instruction costs about 1, copying 64 bytes too: a million is about 2 ms.
 *           Memory and time that one instruction takes are not divided: a large memory.fill is one slice
 * check     may be null. Modules of an engine that is not metered are never stopped
 * Wasmi 2.0.0 cannot resume a table.grow by 8 elements or more that meets the end of a slice just then: that call ends
 * with MORTISE_TRAP_GROWTH_REFUSED. Larger slices make it rarer. Null if the engine panicked. */
mortise_wasmi_store_t* mortise_wasmi_store_new(const mortise_wasmi_module_t* module, mortise_limiter_t* limiter,
                                               uint64_t slice, mortise_wasmi_check_t check, void* check_env);
void mortise_wasmi_store_delete(mortise_wasmi_store_t* store);

typedef enum mortise_kind {
    MORTISE_FUNCTION = 0,
    MORTISE_TABLE = 1,
    MORTISE_MEMORY = 2,
    MORTISE_GLOBAL = 3,
} mortise_kind_t;

/* What one import gets: a host function, or, with `call` null, an export of an instance in the same store. */
typedef struct mortise_wasmi_import {
    uint32_t kind; /* mortise_kind_t of the import */
    uint32_t from; /* instance of the export */
    mortise_wasmi_host_function_t call;
    const void* env;  /* for `call`; outlives the store */
    const char* name; /* of the export; read during the call only */
    size_t name_size;
} mortise_wasmi_import_t;

/* Makes an instance; imports are given in the module's own order. Runs no guest code. *instance is set if the status is
 * MORTISE_DONE. Statuses: MORTISE_TRAP (a data or element segment out of bounds), MORTISE_FAILED (wrong imports, or
 * beyond the limiter, whose growth_refused and table_refused tell), MORTISE_PANICKED. Where a module that imports a table is
 * not instantiated, the store answers MORTISE_PANICKED from then on: Wasmi 2.0.0 may have left functions of the unfinished
 * instance in the table, which must not be called. */
mortise_outcome_t mortise_wasmi_instantiate(mortise_wasmi_store_t* store, const mortise_wasmi_module_t* module,
                                            const mortise_wasmi_import_t* imports, size_t count, uint32_t* instance);

/* Exports by name; false if there is none of that kind. Looking the same one up again gives the same number. */
bool mortise_wasmi_function(mortise_wasmi_store_t* store, uint32_t instance, const char* name, size_t size,
                            uint32_t* function);
bool mortise_wasmi_memory(mortise_wasmi_store_t* store, uint32_t instance, const char* name, size_t size,
                          uint32_t* memory);
bool mortise_wasmi_global(mortise_wasmi_store_t* store, uint32_t instance, const char* name, size_t size,
                          uint32_t* global);
bool mortise_wasmi_table_size(mortise_wasmi_store_t* store, uint32_t instance, const char* name, size_t size,
                              uint64_t* elements);

/* Calls a function, also from within a host function. `slots` holds the arguments on entry and, after MORTISE_DONE, the
 * results; `count` is at least the larger number of both. The types are the caller's business. */
mortise_outcome_t mortise_wasmi_call(mortise_wasmi_store_t* store, uint32_t function, mortise_wasmi_value_t* slots,
                                     size_t count);

/* The memory as it is now: valid until guest code runs or grows it. False, null and 0 if there is none. */
bool mortise_wasmi_memory_view(mortise_wasmi_store_t* store, uint32_t memory, uint8_t** data, size_t* size);

/* The exported memory `name` of the instance whose code called the host function. */
bool mortise_wasmi_caller_memory(mortise_wasmi_store_t* store, const mortise_wasmi_caller_t* caller, const char* name,
                                 size_t name_size, uint8_t** data, size_t* size);

bool mortise_wasmi_global_get(mortise_wasmi_store_t* store, uint32_t global, mortise_wasmi_value_t* value);
bool mortise_wasmi_global_set(mortise_wasmi_store_t* store, uint32_t global,
                              const mortise_wasmi_value_t* value); /* false: constant */

/* The fuel for everything that runs from now on; UINT64_MAX (which a new store has) is without end. False if not
 * metered. */
bool mortise_wasmi_set_fuel(mortise_wasmi_store_t* store, uint64_t fuel);
uint64_t mortise_wasmi_fuel_left(mortise_wasmi_store_t* store);

/* For example "2.0.0". Static. */
const char* mortise_wasmi_version(void);

#ifdef __cplusplus
}
#endif
#endif
