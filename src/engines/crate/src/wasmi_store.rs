//! A Wasmi store behind the C interface: its handles, its fuel in slices, and calls in both directions.

use crate::boundary::{Outcome, Status};
use crate::limiter::{Growth, Limiter, REFUSED_BY_ENGINE};
use crate::wasmi_values::{Slot, from_slot, to_slot};
use std::collections::HashMap;
use std::ffi::c_void;
use std::fmt;
use std::sync::Arc;
use wasmi::errors::{ErrorKind, InstantiationError, MemoryError, TableError};
use wasmi::{
    AsContextMut, Caller, Error, Extern, Func, FuncType, Global, Instance, Memory, ResourceLimiter, ResumableCall,
    Store, StoreContextMut, TrapCode, Val,
};
use wasmi_core::LimiterError;

/// `mortise_wasmi_host_function_t`.
pub type HostFunction = extern "C" fn(*const c_void, *mut WasmiStore, *mut HostCaller, u32, *mut Slot) -> i32;
/// `mortise_wasmi_check_t`.
pub type Check = extern "C" fn(*mut c_void) -> i32;
/// What a running host function is lent.
pub type HostCaller = Caller<'static, Data>;

/// What Wasmi keeps for us in the store.
pub struct Data {
    limiter: StoreLimiter,
}

struct StoreLimiter {
    shared: *mut Limiter,
    /// Fuel that a `table.grow` lacked in the call that runs, see `table_grow_failed`.
    table_fuel: Option<u64>,
}

// SAFETY: a store and its limiter are used by one thread at a time (mortise_engines.h).
unsafe impl Send for StoreLimiter {}

impl StoreLimiter {
    fn get(&mut self) -> &mut Limiter {
        // SAFETY: the owner keeps it alive longer than the store.
        unsafe { &mut *self.shared }
    }
}

fn answer(growth: Growth) -> Result<bool, LimiterError> {
    match growth {
        Growth::Granted => Ok(true),
        Growth::Refused => Ok(false),
        Growth::EndsCall => Err(LimiterError::ResourceLimiterDeniedAllocation),
    }
}

impl ResourceLimiter for StoreLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool, LimiterError> {
        answer(self.get().memory(current, desired, maximum))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool, LimiterError> {
        answer(self.get().table(current, desired, maximum))
    }

    // Wasmi calls these two only after a growth granted above. With too little fuel the instruction runs again, and
    // asks again.
    fn memory_grow_failed(&mut self, error: &MemoryError) -> Result<(), LimiterError> {
        self.get().undo_memory();
        if !matches!(error, MemoryError::OutOfFuel { .. }) {
            self.get().growth_refused |= REFUSED_BY_ENGINE;
        }
        Ok(())
    }

    /// Wasmi 2.0.0 does not save its position when `table.grow` runs out of fuel: resumed, the function would go on
    /// somewhere else with the wrong registers. Such a call ends instead. It costs a unit of fuel per eight elements,
    /// so that only growth by eight or more just at the end of a slice can get here.
    fn table_grow_failed(&mut self, error: &TableError) -> Result<(), LimiterError> {
        self.get().undo_table();
        if let TableError::OutOfFuel { required_fuel } = error {
            self.table_fuel = Some(*required_fuel);
            return Err(LimiterError::ResourceLimiterDeniedAllocation);
        }
        self.get().table_refused |= REFUSED_BY_ENGINE;
        Ok(())
    }

    fn instances(&self) -> usize {
        // SAFETY: as in get.
        unsafe { (*self.shared).instances_limit as usize }
    }

    fn tables(&self) -> usize {
        unsafe { (*self.shared).tables_limit as usize }
    }

    fn memories(&self) -> usize {
        unsafe { (*self.shared).memories_limit as usize }
    }
}

/// An exported function with its types, which every call needs.
pub struct Function {
    func: Func,
    ty: FuncType,
}

impl Function {
    fn slots(&self) -> usize {
        self.ty.params().len().max(self.ty.results().len())
    }
}

/// `mortise_wasmi_store_t`.
pub struct WasmiStore {
    store: Store<Data>,
    /// The host function that runs, innermost: while there is one, the store is borrowed by it, and is reached through
    /// it.
    caller: *mut HostCaller,
    pub instances: Vec<Instance>,
    pub functions: Vec<Arc<Function>>,
    function_numbers: HashMap<u64, u32>,
    pub memories: Vec<Memory>,
    pub globals: Vec<Global>,
    export_numbers: HashMap<(u32, Vec<u8>), u32>,
    /// Fuel that may be used beyond what Wasmi has in hand; None is without end.
    reserve: Option<u64>,
    slice: u64,
    check: Option<Check>,
    check_env: *mut c_void,
    /// Why the store refuses everything from now on: after a panic nothing about it is certain.
    pub broken: Option<&'static str>,
}

/// An error by which a host function's code comes out of the interpreter again.
#[derive(Debug)]
struct HostStop(i32);

impl fmt::Display for HostStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped by the host with code {}", self.0)
    }
}

impl wasmi::errors::HostError for HostStop {}

struct HostImport {
    call: HostFunction,
    env: *const c_void,
    store: *mut WasmiStore,
    instance: u32,
}

// SAFETY: called on the thread that uses the store; env is shared by the caller's promise (mortise_engines.h).
unsafe impl Send for HostImport {}
unsafe impl Sync for HostImport {}

impl WasmiStore {
    pub fn new(engine: &wasmi::Engine, limiter: *mut Limiter, slice: u64) -> Self {
        let data = Data { limiter: StoreLimiter { shared: limiter, table_fuel: None } };
        let mut store = Store::new(engine, data);
        store.limiter(|data| &mut data.limiter);
        WasmiStore {
            store,
            caller: std::ptr::null_mut(),
            instances: Vec::new(),
            functions: Vec::new(),
            function_numbers: HashMap::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            export_numbers: HashMap::new(),
            reserve: None,
            slice: slice.max(1),
            check: None,
            check_env: std::ptr::null_mut(),
            broken: None,
        }
    }

    pub fn set_check(&mut self, check: Option<Check>, env: *mut c_void) {
        self.check = check;
        self.check_env = env;
    }

    pub fn next_instance(&self) -> u32 {
        self.instances.len() as u32
    }

    /// Everything that may still be used.
    pub fn set_fuel(this: *mut Self, fuel: u64) -> bool {
        // Wasmi gets its share with the first slice.
        let metered = context(this).set_fuel(0).is_ok();
        if metered {
            // SAFETY: see context.
            unsafe { (*this).reserve = (fuel != u64::MAX).then_some(fuel) };
        }
        metered
    }

    pub fn fuel_left(this: *mut Self) -> u64 {
        let in_hand = context(this).get_fuel().unwrap_or(0);
        // SAFETY: see context.
        unsafe { (*this).reserve }.map_or(u64::MAX, |reserve| reserve.saturating_add(in_hand))
    }

    /// Remembers a function, and gives the number it has from then on.
    pub fn number_function(this: *mut Self, func: Func) -> u32 {
        let ty = func.ty(context(this));
        // SAFETY: see context.
        let this = unsafe { &mut *this };
        *this.function_numbers.entry(crate::wasmi_values::func_bits(func)).or_insert_with(|| {
            this.functions.push(Arc::new(Function { func, ty }));
            this.functions.len() as u32 - 1
        })
    }

    /// Remembers a memory or global under the name it was looked up by, so that looking it up again costs nothing
    /// lasting.
    pub fn number_export<T>(&mut self, list: fn(&mut Self) -> &mut Vec<T>, instance: u32, name: &[u8], item: T) -> u32 {
        let key = (instance, name.to_vec());
        if let Some(number) = self.export_numbers.get(&key) {
            return *number;
        }
        list(self).push(item);
        let number = list(self).len() as u32 - 1;
        self.export_numbers.insert(key, number);
        number
    }
}

/// The store as whoever runs now may use it: through the innermost host function if there is one.
///
/// `this` is a live store, used by this thread alone. The fields beside `store` are not part of what a running host
/// function borrows, and are reached through the raw pointer.
pub fn context<'a>(this: *mut WasmiStore) -> StoreContextMut<'a, Data> {
    // SAFETY: callers hold no other reference into the store, but for the frames that lent it to the host function.
    unsafe {
        match (*this).caller.as_mut() {
            Some(caller) => caller.as_context_mut(),
            None => (&mut *(&raw mut (*this).store)).as_context_mut(),
        }
    }
}

/// A host function as an import of the instance with the number `instance`.
pub fn host_import(
    this: *mut WasmiStore,
    ty: FuncType,
    call: HostFunction,
    env: *const c_void,
    instance: u32,
) -> Extern {
    let import = HostImport { call, env, store: this, instance };
    let slots = ty.params().len().max(ty.results().len()).max(1);
    let func = Func::new(context(this), ty, move |caller, params, results| {
        enter_host(&import, slots, caller, params, results)
    });
    Extern::Func(func)
}

/// Puts the caller back that ran before, also when a panic passes through.
struct CallerScope {
    store: *mut WasmiStore,
    outer: *mut HostCaller,
}

impl Drop for CallerScope {
    fn drop(&mut self) {
        // SAFETY: the store outlives every call into it.
        unsafe { (*self.store).caller = self.outer };
    }
}

fn enter_host(
    import: &HostImport,
    count: usize,
    mut caller: Caller<'_, Data>,
    params: &[Val],
    results: &mut [Val],
) -> Result<(), Error> {
    let mut few = [Slot::ZERO; 16];
    let mut many = Vec::new();
    let slots = if count <= few.len() {
        &mut few[..]
    } else {
        many.resize(count, Slot::ZERO);
        &mut many[..]
    };
    for (slot, value) in slots.iter_mut().zip(params) {
        *slot = to_slot(value);
    }
    let borrowed = (&raw mut caller).cast::<HostCaller>();
    // SAFETY: the store outlives the call; its field `caller` is not part of what `caller` borrows.
    let outer = unsafe { std::mem::replace(&mut (*import.store).caller, borrowed) };
    let scope = CallerScope { store: import.store, outer };
    let code = (import.call)(import.env, import.store, borrowed, import.instance, slots.as_mut_ptr());
    drop(scope);
    if code != 0 {
        return Err(Error::host(HostStop(code)));
    }
    for (result, slot) in results.iter_mut().zip(slots.iter()) {
        *result = from_slot(result.ty(), slot);
    }
    Ok(())
}

/// Gives Wasmi fuel for the next slice, at least `required`; or says why the call ends here.
fn refill(this: *mut WasmiStore, required: u64) -> Result<(), Outcome> {
    let in_hand = context(this).get_fuel().unwrap_or(0);
    // SAFETY: see context. The check may look at the store, so no reference into it is held across.
    let (reserve, slice, check, env) = unsafe { ((*this).reserve, (*this).slice, (*this).check, (*this).check_env) };
    let available = reserve.map_or(u64::MAX, |reserve| reserve.saturating_add(in_hand));
    if required > available {
        return Err(Outcome::of(Status::OutOfFuel, 0));
    }
    if let Some(check) = check {
        let code = check(env);
        if code != 0 {
            return Err(Outcome::of(Status::CheckStopped, code));
        }
    }
    let give = slice.max(required).min(available);
    if let Err(error) = context(this).set_fuel(give) {
        return Err(Outcome::with(Status::Failed, 0, error));
    }
    unsafe { (*this).reserve = reserve.map(|_| available - give) };
    Ok(())
}

/// Calls a function: arguments in `slots`, results there afterwards. `slots` has room for the larger number of both.
pub fn call(this: *mut WasmiStore, number: u32, slots: &mut [Slot]) -> Outcome {
    // SAFETY: see context. The entry is kept by its own count: a nested call may add functions and move the list.
    let Some(function) = (unsafe { (&(*this).functions).get(number as usize).cloned() }) else {
        return Outcome::with(Status::Failed, 0, format_args!("no function with the number {number}"));
    };
    if slots.len() < function.slots() {
        let text = format_args!("{} slots for a function that needs {}", slots.len(), function.slots());
        return Outcome::with(Status::Failed, 0, text);
    }
    context(this).data_mut().limiter.table_fuel = None;
    with_values(&function.ty, slots, |params, results| run(this, &function.func, params, results))
}

/// Decodes the arguments, runs `body`, encodes the results if it is done.
fn with_values(ty: &FuncType, slots: &mut [Slot], body: impl FnOnce(&[Val], &mut [Val]) -> Outcome) -> Outcome {
    let (params, results) = (ty.params(), ty.results());
    let count = params.len() + results.len();
    let mut few = [const { Val::I32(0) }; 16];
    let mut many = Vec::new();
    let values = if count <= few.len() {
        &mut few[..count]
    } else {
        many.resize(count, Val::I32(0));
        &mut many[..]
    };
    let (inputs, outputs) = values.split_at_mut(params.len());
    for ((value, ty), slot) in inputs.iter_mut().zip(params).zip(slots.iter()) {
        *value = from_slot(*ty, slot);
    }
    for (value, ty) in outputs.iter_mut().zip(results) {
        *value = Val::default_for_ty(*ty);
    }
    let outcome = body(inputs, outputs);
    if outcome.status == Status::Done {
        for (slot, value) in slots.iter_mut().zip(outputs.iter()) {
            *slot = to_slot(value);
        }
    }
    outcome
}

fn run(this: *mut WasmiStore, func: &Func, params: &[Val], results: &mut [Val]) -> Outcome {
    let mut step = func.call_resumable(context(this), params, results);
    loop {
        step = match step {
            Ok(ResumableCall::Finished) => return Outcome::done(),
            Ok(ResumableCall::HostTrap(stop)) => return outcome_of(this, &stop.into_host_error()),
            Ok(ResumableCall::OutOfFuel(rest)) => match refill(this, rest.required_fuel()) {
                Ok(()) => rest.resume(context(this), results),
                Err(outcome) => return outcome,
            },
            Err(error) => return outcome_of(this, &error),
        };
    }
}

/// What an error of Wasmi's is for the caller.
pub fn outcome_of(this: *mut WasmiStore, error: &Error) -> Outcome {
    if let Some(stop) = error.downcast_ref::<HostStop>() {
        return Outcome::of(Status::HostStopped, stop.0);
    }
    let trap = match error.kind() {
        ErrorKind::TrapCode(code) => Some(*code),
        ErrorKind::Memory(MemoryError::OutOfBoundsAccess) => Some(TrapCode::MemoryOutOfBounds),
        ErrorKind::Memory(MemoryError::ResourceLimiterDeniedAllocation)
        | ErrorKind::Table(TableError::ResourceLimiterDeniedAllocation) => Some(TrapCode::GrowthOperationLimited),
        ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) => {
            Some(TrapCode::TableOutOfBounds)
        }
        _ => None,
    };
    match trap {
        Some(TrapCode::OutOfFuel) => Outcome::of(Status::OutOfFuel, 0),
        Some(TrapCode::GrowthOperationLimited) if lacked_fuel(this) => Outcome::of(Status::OutOfFuel, 0),
        Some(code) => Outcome::with(Status::Trap, code as i32, error),
        None => Outcome::with(Status::Failed, 0, error),
    }
}

/// True if the growth that ended the call did so because the whole budget is used up, not just a slice.
fn lacked_fuel(this: *mut WasmiStore) -> bool {
    let required = context(this).data_mut().limiter.table_fuel.take();
    required.is_some_and(|required| required > WasmiStore::fuel_left(this))
}
