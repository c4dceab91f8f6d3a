//! The C functions of the Wasmi engine; `mortise_engines.h` documents each.
//!
//! Every body runs under `guarded`: a panic marks the store as broken and becomes a status, it never crosses the
//! boundary.

#![allow(clippy::missing_safety_doc, reason = "the C header is the documentation")]

use crate::boundary::{Outcome, Status, Text, bytes, guarded};
use crate::limiter::Limiter;
use crate::wasmi_store::{Check, HostCaller, HostFunction, WasmiStore, call, context, host_import, outcome_of};
use crate::wasmi_values::{Slot, from_slot, to_slot};
use std::ffi::{c_char, c_void};
use wasmi::{CompilationMode, Config, Engine, Extern, ExternType, Instance, Module};

#[repr(C)]
pub struct EngineConfig {
    stack_bytes: u64,
    recursion_depth: u32,
    metered: u8,
    bulk_memory: u8,
    references: u8,
    v128: u8,
    relaxed_v128: u8,
    multi_memory: u8,
    tail_calls: u8,
    reserved: u8,
}

pub struct WasmiEngine(Engine);

pub struct WasmiModule(Module);

#[repr(C)]
pub struct Import {
    kind: u32,
    from: u32,
    call: Option<HostFunction>,
    env: *const c_void,
    name: *const u8,
    name_size: usize,
}

const FUNCTION: u32 = 0;
const KINDS: u32 = 4;

fn configure(config: &EngineConfig) -> Config {
    const SMALLEST_STACK: usize = 4096;
    let mut result = Config::default();
    let stack = usize::try_from(config.stack_bytes).unwrap_or(usize::MAX).clamp(SMALLEST_STACK, 1 << 30);
    result.set_min_stack_height(1024).set_max_stack_height(stack).set_max_cached_stacks(16);
    result.set_max_recursion_depth(config.recursion_depth.max(1) as usize);
    // Eager: no validation or translation cost, and no error of theirs, in the middle of a call.
    result.compilation_mode(CompilationMode::Eager);
    result.consume_fuel(config.metered != 0).allow_start_fn(false).ignore_custom_sections(true);
    result.wasm_bulk_memory(config.bulk_memory != 0).wasm_reference_types(config.references != 0);
    result.wasm_simd(config.v128 != 0).wasm_relaxed_simd(config.v128 != 0 && config.relaxed_v128 != 0);
    result.wasm_multi_memory(config.multi_memory != 0).wasm_tail_call(config.tail_calls != 0);
    result.wasm_custom_page_sizes(false).wasm_wide_arithmetic(false);
    result
}

/// Stores the error text, where the caller wants it.
fn report(error: *mut Text, text: impl std::fmt::Display) {
    if let Some(error) = unsafe { error.as_mut() } {
        *error = Text::new(text);
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_engine_new(config: *const EngineConfig, error: *mut Text) -> *mut WasmiEngine {
    let config = unsafe { &*config };
    match guarded(|| Engine::new(&configure(config))) {
        Ok(engine) => Box::into_raw(Box::new(WasmiEngine(engine))),
        Err(panic) => {
            report(error, panic);
            std::ptr::null_mut()
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_engine_delete(engine: *mut WasmiEngine) {
    if !engine.is_null() {
        let _ = guarded(|| drop(unsafe { Box::from_raw(engine) }));
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_compile(
    engine: *const WasmiEngine,
    wasm: *const u8,
    size: usize,
    error: *mut Text,
) -> *mut WasmiModule {
    let engine = unsafe { &*engine };
    // Its words are made inside, too: they show parts of the module.
    let made = guarded(|| Module::new(&engine.0, unsafe { bytes(wasm, size) }).map_err(|refusal| refusal.to_string()));
    match made {
        Ok(Ok(module)) => Box::into_raw(Box::new(WasmiModule(module))),
        Ok(Err(text)) | Err(text) => {
            report(error, text);
            std::ptr::null_mut()
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_module_delete(module: *mut WasmiModule) {
    if !module.is_null() {
        let _ = guarded(|| drop(unsafe { Box::from_raw(module) }));
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_store_new(
    module: *const WasmiModule,
    limiter: *mut Limiter,
    slice: u64,
    check: Option<Check>,
    check_env: *mut c_void,
) -> *mut WasmiStore {
    let module = unsafe { &*module };
    let made = guarded(|| {
        let mut store = WasmiStore::new(module.0.engine(), limiter, slice);
        store.set_check(check, check_env);
        store
    });
    made.map_or(std::ptr::null_mut(), |store| Box::into_raw(Box::new(store)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_store_delete(store: *mut WasmiStore) {
    if !store.is_null() {
        let _ = guarded(|| drop(unsafe { Box::from_raw(store) }));
    }
}

/// Runs `body` on a store that is not broken; a panic breaks it.
fn on_store<R>(store: *mut WasmiStore, body: impl FnOnce() -> R) -> Result<R, Outcome> {
    if let Some(why) = unsafe { (*store).broken } {
        return Err(Outcome::with(Status::Panicked, 0, why));
    }
    guarded(body).map_err(|panic| {
        unsafe { (*store).broken = Some("the engine panicked in this sandbox before") };
        Outcome::with(Status::Panicked, 0, panic)
    })
}

fn instance_of(store: *mut WasmiStore, number: u32) -> Option<Instance> {
    unsafe { (&(*store).instances).get(number as usize).copied() }
}

fn export_of(store: *mut WasmiStore, instance: u32, name: &[u8]) -> Option<Extern> {
    instance_of(store, instance)?.get_export(context(store), std::str::from_utf8(name).ok()?)
}

/// The imports in Wasmi's order (functions, tables, memories, globals), made of the given ones in the module's.
fn resolve(store: *mut WasmiStore, module: &Module, imports: &[Import]) -> Result<Vec<Extern>, String> {
    let sorted = (0..KINDS).flat_map(|kind| imports.iter().filter(move |import| import.kind == kind));
    let instance = unsafe { (*store).next_instance() };
    let mut result = Vec::with_capacity(imports.len());
    for (wanted, import) in module.imports().zip(sorted) {
        result.push(match (import.call, wanted.ty()) {
            (Some(call), ExternType::Func(ty)) if import.kind == FUNCTION => {
                host_import(store, ty.clone(), call, import.env, instance)
            }
            (Some(_), _) => return Err(format!("import {}.{} is not a function", wanted.module(), wanted.name())),
            (None, _) => {
                let name = unsafe { bytes(import.name, import.name_size) };
                export_of(store, import.from, name).ok_or_else(|| {
                    let name = String::from_utf8_lossy(name);
                    format!("instance {} has no export \"{name}\"", import.from)
                })?
            }
        });
    }
    Ok(result)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_instantiate(
    store: *mut WasmiStore,
    module: *const WasmiModule,
    imports: *const Import,
    count: usize,
    instance: *mut u32,
) -> Outcome {
    let module = unsafe { &(*module).0 };
    let imports = if count == 0 { &[] } else { unsafe { std::slice::from_raw_parts(imports, count) } };
    let made = on_store(store, || {
        let externs = match resolve(store, module, imports) {
            Ok(externs) => externs,
            Err(text) => return Outcome::with(Status::Failed, 0, text),
        };
        match Instance::new(context(store), module, &externs) {
            Ok(made) => {
                let instances = unsafe { &mut (*store).instances };
                unsafe { *instance = instances.len() as u32 };
                instances.push(made);
                Outcome::done()
            }
            Err(error) => {
                // Wasmi 2.0.0 writes elements before it finishes the instance. What stands in a table of others then are
                // functions of an instance that is none, and calling one reads memory that nobody has.
                if module.imports().any(|import| matches!(import.ty(), ExternType::Table(_))) {
                    let why = "an instance that shares a table failed half-way in this sandbox before";
                    unsafe { (*store).broken = Some(why) };
                }
                outcome_of(store, &error)
            }
        }
    });
    made.unwrap_or_else(|outcome| outcome)
}

/// Looks an export up and gives it a number; the body of the next three.
unsafe fn look_up(
    store: *mut WasmiStore,
    instance: u32,
    name: *const c_char,
    size: usize,
    number: *mut u32,
    keep: fn(*mut WasmiStore, u32, &[u8], Extern) -> Option<u32>,
) -> bool {
    let name = unsafe { bytes(name.cast(), size) };
    let found = on_store(store, || keep(store, instance, name, export_of(store, instance, name)?));
    match found {
        Ok(Some(found)) => {
            unsafe { *number = found };
            true
        }
        _ => false,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_function(
    store: *mut WasmiStore,
    instance: u32,
    name: *const c_char,
    size: usize,
    function: *mut u32,
) -> bool {
    unsafe {
        look_up(store, instance, name, size, function, |store, _, _, item| {
            Some(WasmiStore::number_function(store, item.into_func()?))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_memory(
    store: *mut WasmiStore,
    instance: u32,
    name: *const c_char,
    size: usize,
    memory: *mut u32,
) -> bool {
    unsafe {
        look_up(store, instance, name, size, memory, |store, instance, name, item| {
            Some((*store).number_export(|store| &mut store.memories, instance, name, item.into_memory()?))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_global(
    store: *mut WasmiStore,
    instance: u32,
    name: *const c_char,
    size: usize,
    global: *mut u32,
) -> bool {
    unsafe {
        look_up(store, instance, name, size, global, |store, instance, name, item| {
            Some((*store).number_export(|store| &mut store.globals, instance, name, item.into_global()?))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_table_size(
    store: *mut WasmiStore,
    instance: u32,
    name: *const c_char,
    size: usize,
    elements: *mut u64,
) -> bool {
    let name = unsafe { bytes(name.cast(), size) };
    let found = on_store(store, || Some(export_of(store, instance, name)?.into_table()?.size(context(store))));
    match found {
        Ok(Some(found)) => {
            unsafe { *elements = found };
            true
        }
        _ => false,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_memory_view(
    store: *mut WasmiStore,
    memory: u32,
    data: *mut *mut u8,
    size: *mut usize,
) -> bool {
    let view = on_store(store, || {
        let memory = unsafe { (&(*store).memories).get(memory as usize).copied() }?;
        Some((memory.data_ptr(context(store)), memory.data_size(context(store))))
    });
    unsafe { give_view(view, data, size) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_caller_memory(
    store: *mut WasmiStore,
    caller: *const HostCaller,
    name: *const c_char,
    name_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> bool {
    let view = on_store(store, || {
        let name = std::str::from_utf8(unsafe { bytes(name.cast(), name_size) }).ok()?;
        let memory = unsafe { &*caller }.get_export(name)?.into_memory()?;
        Some((memory.data_ptr(context(store)), memory.data_size(context(store))))
    });
    unsafe { give_view(view, data, size) }
}

unsafe fn give_view(view: Result<Option<(*mut u8, usize)>, Outcome>, data: *mut *mut u8, size: *mut usize) -> bool {
    let (found, view) = match view {
        Ok(Some(view)) => (true, view),
        _ => (false, (std::ptr::null_mut(), 0)),
    };
    unsafe {
        *data = view.0;
        *size = view.1;
    }
    found
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_global_get(store: *mut WasmiStore, global: u32, value: *mut Slot) -> bool {
    let got = on_store(store, || {
        let global = unsafe { (&(*store).globals).get(global as usize).copied() }?;
        Some(to_slot(&global.get(context(store))))
    });
    match got {
        Ok(Some(slot)) => {
            unsafe { *value = slot };
            true
        }
        _ => false,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_global_set(store: *mut WasmiStore, global: u32, value: *const Slot) -> bool {
    let value = unsafe { *value };
    let set = on_store(store, || {
        let Some(global) = (unsafe { (&(*store).globals).get(global as usize).copied() }) else { return false };
        let ty = global.ty(context(store)).content();
        global.set(context(store), from_slot(ty, &value)).is_ok()
    });
    set.unwrap_or(false)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_call(
    store: *mut WasmiStore,
    function: u32,
    slots: *mut Slot,
    count: usize,
) -> Outcome {
    let slots = if count == 0 { &mut [] } else { unsafe { std::slice::from_raw_parts_mut(slots, count) } };
    on_store(store, || call(store, function, slots)).unwrap_or_else(|outcome| outcome)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_set_fuel(store: *mut WasmiStore, fuel: u64) -> bool {
    on_store(store, || WasmiStore::set_fuel(store, fuel)).unwrap_or(false)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wasmi_fuel_left(store: *mut WasmiStore) -> u64 {
    on_store(store, || WasmiStore::fuel_left(store)).unwrap_or(0)
}

#[unsafe(no_mangle)]
pub extern "C" fn mortise_wasmi_version() -> *const c_char {
    concat!(env!("MORTISE_WASMI_VERSION"), "\0").as_ptr().cast()
}
