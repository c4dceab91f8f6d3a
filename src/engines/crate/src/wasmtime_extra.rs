//! What Wasmtime's C API lacks.

use crate::boundary::{bytes, catching, guarded, words_of};
use crate::limiter::{Growth, Limiter, REFUSED_BY_ENGINE};
use std::ffi::c_char;
use wasmtime_c_api::wasmtime::{self, Engine, Func, Module, ResourceLimiter, ThrownException, Trap, ValRaw};
use wasmtime_c_api::{
    WasmtimeStore, WasmtimeStoreContextMut, wasm_engine_t, wasmtime_error_t, wasmtime_module_t, wasmtime_store_t,
};

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

// Wasmtime's own C functions of the same names would end the process at a panic, and a module is a guest's doing: compilers
// are large, and their assertions are the likeliest panics that a module can reach.

// A module in a box is what the C API hands out, as a struct with the module as its only field.
const _: () = assert!(size_of::<wasmtime_module_t>() == size_of::<Module>());
const _: () = assert!(align_of::<wasmtime_module_t>() == align_of::<Module>());
const _: () = assert!(size_of::<wasm_engine_t>() == size_of::<Engine>());

/// Runs `body`; null if all is well. A panic is an error, too, and sets `panicked`.
fn checked(panicked: *mut bool, body: impl FnOnce() -> wasmtime::Result<()>) -> Option<Box<wasmtime_error_t>> {
    let outcome = guarded(body);
    if let Some(panicked) = unsafe { panicked.as_mut() } {
        *panicked = outcome.is_err();
    }
    let error = match outcome {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => error,
        Err(panic) => wasmtime::Error::msg(panic),
    };
    Some(Box::new(error.into()))
}

/// # Safety
/// As for `wasmtime_module_new`; `panicked` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmtime_module_new(
    engine: *const wasm_engine_t,
    wasm: *const u8,
    size: usize,
    module: *mut *mut wasmtime_module_t,
    panicked: *mut bool,
) -> Option<Box<wasmtime_error_t>> {
    checked(panicked, || {
        // SAFETY: wasm_engine_t is repr(C) with the Engine as its only field.
        let engine = unsafe { &*engine.cast::<Engine>() };
        let made = Module::from_binary(engine, unsafe { bytes(wasm, size) })?;
        unsafe { *module = Box::into_raw(Box::new(made)).cast() };
        Ok(())
    })
}

/// # Safety
/// As for `wasmtime_module_validate`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmtime_module_validate(
    engine: *const wasm_engine_t,
    wasm: *const u8,
    size: usize,
) -> Option<Box<wasmtime_error_t>> {
    checked(std::ptr::null_mut(), || {
        // SAFETY: as above.
        let engine = unsafe { &*engine.cast::<Engine>() };
        Module::validate(engine, unsafe { bytes(wasm, size) })
    })
}

/// # Safety
/// As for `wasmtime_module_deserialize`: the code was made by this engine and is as it was made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmtime_module_deserialize(
    engine: *const wasm_engine_t,
    code: *const u8,
    size: usize,
    module: *mut *mut wasmtime_module_t,
) -> Option<Box<wasmtime_error_t>> {
    checked(std::ptr::null_mut(), || {
        // SAFETY: as above; the caller vouches for the code.
        let engine = unsafe { &*engine.cast::<Engine>() };
        let made = unsafe { Module::deserialize(engine, bytes(code, size)) }?;
        unsafe { *module = Box::into_raw(Box::new(made)).cast() };
        Ok(())
    })
}

/// # Safety
/// As for `wasmtime_func_call_unchecked`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmtime_call(
    store: WasmtimeStoreContextMut<'_>,
    function: &Func,
    slots: *mut ValRaw,
    count: usize,
) -> Option<Box<wasmtime_error_t>> {
    let slots = std::ptr::slice_from_raw_parts_mut(slots, count);
    // A panic below guest code was caught by Wasmtime before the guest's frames, and goes on from here.
    match catching(|| unsafe { function.call_unchecked(store, slots) }) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(failed(error)),
        Err(panic) => Some(failed(wasmtime::Error::msg(words_of(panic)))),
    }
}

#[cold]
fn failed(error: wasmtime::Error) -> Box<wasmtime_error_t> {
    Box::new(error.into())
}

const NO_TRAP: i32 = -1;
const TRAP_WITHOUT_CODE: i32 = -2;

/// # Safety
/// `code` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmtime_trap_code(
    error: Box<wasmtime_error_t>,
    code: *mut i32,
) -> Box<wasmtime_error_t> {
    let error = wasmtime::Error::from(*error);
    let found = match error.downcast_ref::<Trap>() {
        Some(trap) => i32::from(*trap as u8),
        None if error.is::<ThrownException>() => TRAP_WITHOUT_CODE,
        None => NO_TRAP,
    };
    unsafe { *code = found };
    Box::new(error.into())
}

/// Wasmtime's version, for example "48.0.8". Static.
#[unsafe(no_mangle)]
pub extern "C" fn mortise_wasmtime_version() -> *const c_char {
    concat!(env!("MORTISE_WASMTIME_VERSION"), "\0").as_ptr().cast()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime_c_api::wasmtime::{AsContextMut, Instance};

    #[test]
    fn a_panic_while_compiling_becomes_an_error() {
        let mut panicked = false;
        let error = checked(&mut panicked, || panic!("of the compiler")).expect("an error");
        assert!(panicked);
        assert!(format!("{:?}", wasmtime::Error::from(*error)).contains("of the compiler"));
        assert!(checked(&mut panicked, || Ok(())).is_none());
        assert!(!panicked);
        assert!(checked(&mut panicked, || Err(wasmtime::Error::msg("refused"))).is_some());
        assert!(!panicked);
    }

    #[test]
    fn a_panic_below_a_running_guest_becomes_an_error() {
        let engine = wasmtime_c_api::wasm_engine_new();
        let mut store = wasmtime_c_api::wasmtime_store_new(&engine, std::ptr::null_mut(), None);
        // SAFETY: as in mortise_wasmtime_store_limiter.
        let store = unsafe { &mut *(&raw mut *store).cast::<WasmtimeStore>() };
        let wat = r#"(module (import "" "" (func)) (export "panic" (func 0)) (func (export "trap") unreachable))"#;
        let module = Module::new(store.engine(), wat).unwrap();
        let panics = Func::wrap(&mut *store, || -> () { panic!("of a function below") });
        let instance = Instance::new(&mut *store, &module, &[panics.into()]).unwrap();
        let mut fails = |name| {
            let function = instance.get_func(&mut *store, name).unwrap();
            let mut slot = ValRaw::i32(0);
            let error = unsafe { mortise_wasmtime_call(store.as_context_mut(), &function, &mut slot, 1) };
            let mut code = 0;
            let error = unsafe { mortise_wasmtime_trap_code(error.expect("an error"), &mut code) };
            (code, format!("{:?}", wasmtime::Error::from(*error)))
        };
        let (code, words) = fails("panic");
        assert_eq!(code, NO_TRAP);
        assert!(words.contains("of a function below"), "{words}");
        assert_eq!(fails("trap").0, Trap::UnreachableCodeReached as i32);
        assert_eq!(fails("panic").0, NO_TRAP, "the store still serves");
    }

    #[test]
    fn a_module_is_what_the_c_api_takes_it_for() {
        let engine = wasmtime_c_api::wasm_engine_new();
        let wasm = *b"\0asm\x01\0\0\0";
        let mut module = std::ptr::null_mut();
        let error = unsafe {
            mortise_wasmtime_module_new(
                &raw const *engine,
                wasm.as_ptr(),
                wasm.len(),
                &mut module,
                std::ptr::null_mut(),
            )
        };
        assert!(error.is_none());
        let module = unsafe { Box::from_raw(module) };
        let mut exports = wasmtime_c_api::wasm_exporttype_vec_t::from(vec![]);
        wasmtime_c_api::wasmtime_module_exports(&module, &mut exports);
        assert!(exports.as_slice().is_empty());
        drop(module);
    }
}
