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
 * Owned by the caller: zero it, set the limits, keep it at the same address until after its store is gone. Not atomic: read and
 * write it on the thread that uses the store. */
typedef struct mortise_limiter {
    uint64_t memory_limit;            /* bytes of all memories together */
    uint64_t memory_used;             /* bytes now */
    uint64_t memory_peak;             /* the highest memory_used so far */
    uint64_t pending;                 /* the engine's own */
    uint64_t table_limit;             /* elements of all tables together */
    uint64_t table_used;              /* elements now */
    uint32_t memories_limit;          /* how many memories, tables and instances the store may hold */
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

/* Puts the store under the limiter; call it before the first instance, once. It replaces wasmtime_store_limiter.
 * Instantiation that fails leaves what it had counted so far counted: such a store is of no use anyway.
 * A growth beyond the memory's own maximum fails without a mark in growth_refused. */
void mortise_wasmtime_store_limiter(struct wasmtime_store* store, mortise_limiter_t* limiter);

/* For example "48.0.8". Static. */
const char* mortise_wasmtime_version(void);

#ifdef __cplusplus
}
#endif
#endif
