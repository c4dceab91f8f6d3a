//! What Wasmtime's C API lacks.

use crate::limiter::{Growth, Limiter, REFUSED_BY_ENGINE};
use std::ffi::c_char;
use wasmtime_c_api::wasmtime::{self, ResourceLimiter};
use wasmtime_c_api::{WasmtimeStore, wasmtime_store_t};

fn answer(growth: Growth, what: &str) -> wasmtime::Result<bool> {
    match growth {
        Growth::Granted => Ok(true),
        Growth::Refused => Ok(false),
        Growth::EndsCall => Err(wasmtime::Error::msg(format!("{what} limit of the sandbox reached"))),
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        answer(self.memory(current, desired, maximum), "memory")
    }

    /// Called after a growth granted above failed, but also without any question asked before (a size that the memory's
    /// type cannot have). The former has a typed error at its root (of the system, or out of memory), the latter is a bare
    /// message: for that nothing is given back, since otherwise a guest could make us forget memory that it has.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        let is_message = error.is::<&'static str>() || error.is::<String>();
        if !is_message || error.chain().count() > 1 {
            self.undo_memory();
        }
        self.growth_refused |= REFUSED_BY_ENGINE;
        match self.refused_growth_ends_call {
            0 => Ok(()),
            _ => Err(error),
        }
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        answer(self.table(current, desired, maximum), "table")
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.table_refused |= REFUSED_BY_ENGINE;
        Ok(())
    }

    fn instances(&self) -> usize {
        self.instances_limit as usize
    }

    fn tables(&self) -> usize {
        self.tables_limit as usize
    }

    fn memories(&self) -> usize {
        self.memories_limit as usize
    }
}

struct SharedLimiter(*mut Limiter);

// SAFETY: the store is used by one thread at a time, and the limiter with it (mortise_engines.h).
unsafe impl Send for SharedLimiter {}
unsafe impl Sync for SharedLimiter {}

impl SharedLimiter {
    fn get(&self) -> *mut Limiter {
        self.0
    }
}

/// # Safety
/// `store` is a live store; `limiter` outlives it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmtime_store_limiter(store: *mut wasmtime_store_t, limiter: *mut Limiter) {
    // SAFETY: wasmtime_store_t is repr(C) with the Store as its only field, at offset 0.
    let store = unsafe { &mut *store.cast::<WasmtimeStore>() };
    let shared = SharedLimiter(limiter);
    // SAFETY: the caller keeps the limiter alive and untouched while guest code runs.
    store.limiter(move |_| unsafe { &mut *shared.get() });
}

const _: () = assert!(size_of::<wasmtime_store_t>() == size_of::<WasmtimeStore>());

/// Wasmtime's version, for example "48.0.8". Static.
#[unsafe(no_mangle)]
pub extern "C" fn mortise_wasmtime_version() -> *const c_char {
    concat!(env!("MORTISE_WASMTIME_VERSION"), "\0").as_ptr().cast()
}
