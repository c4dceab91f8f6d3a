//! What every C function here shares: texts that cross the boundary, outcomes, and panics that do not.

use std::any::Any;
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// `mortise_text_t`: owned bytes, given back with `mortise_text_free`.
#[repr(C)]
pub struct Text {
    data: *mut c_char,
    size: usize,
}

impl Text {
    pub const fn empty() -> Self {
        Text { data: std::ptr::null_mut(), size: 0 }
    }

    pub fn new(text: impl std::fmt::Display) -> Self {
        let bytes = text.to_string().into_bytes().into_boxed_slice();
        let size = bytes.len();
        Text { data: Box::into_raw(bytes).cast(), size }
    }
}

/// # Safety
/// `text` is null or came from a function of this library and is freed once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_text_free(text: *mut Text) {
    let Some(text) = (unsafe { text.as_mut() }) else { return };
    if !text.data.is_null() {
        // SAFETY: made by Text::new from a boxed slice of this size.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(text.data.cast::<u8>(), text.size)) });
        *text = Text::empty();
    }
}

/// How a call or an instantiation ended: `mortise_status_t`.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Done = 0,
    Trap = 1,
    HostStopped = 2,
    CheckStopped = 3,
    OutOfFuel = 4,
    Failed = 5,
    Panicked = 6,
}

/// `mortise_outcome_t`.
#[repr(C)]
pub struct Outcome {
    pub status: Status,
    pub code: i32,
    pub text: Text,
}

impl Outcome {
    pub fn done() -> Self {
        Self::of(Status::Done, 0)
    }

    pub fn of(status: Status, code: i32) -> Self {
        Outcome { status, code, text: Text::empty() }
    }

    pub fn with(status: Status, code: i32, text: impl std::fmt::Display) -> Self {
        Outcome { status, code, text: Text::new(text) }
    }
}

/// Runs `body`; a panic becomes its message.
pub fn guarded<R>(body: impl FnOnce() -> R) -> Result<R, String> {
    catching(body).map_err(words_of)
}

/// Runs `body`; gives what it panicked with. For where making a message would cost.
#[inline(always)]
pub fn catching<R>(body: impl FnOnce() -> R) -> std::thread::Result<R> {
    // The caller of every guarded body that can leave broken state behind marks that state as unusable.
    catch_unwind(AssertUnwindSafe(body))
}

#[cold]
pub fn words_of(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic in the engine: {}", text.unwrap_or_else(|| "no message".into()))
}

/// The bytes at `data`; empty for size 0, whatever the pointer.
///
/// # Safety
/// `data` points to `size` readable bytes that stay as they are for `'a`.
pub unsafe fn bytes<'a>(data: *const u8, size: usize) -> &'a [u8] {
    if size == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, size) } }
}

#[cfg(test)]
mod tests {
    /// Functions that call nothing that could panic.
    const NOTHING_TO_GUARD: [&str; 5] = [
        "mortise_text_free",
        "mortise_wasmi_version",
        "mortise_wasmtime_version",
        "mortise_wasmtime_store_limiter",
        "mortise_wasmtime_trap_code",
    ];
    /// What runs a body under `guarded`.
    const GUARDS: [&str; 5] = ["guarded(", "catching(", "on_store(", "look_up(", "checked("];

    #[test]
    fn every_c_function_catches_panics() {
        let sources = [include_str!("boundary.rs"), include_str!("wasmi_shim.rs"), include_str!("wasmtime_extra.rs")];
        let mut seen = 0;
        for function in sources.iter().flat_map(|source| source.split("#[unsafe(no_mangle)]\n").skip(1)) {
            let body = function.split("\n}\n").next().expect("a body");
            let Some(start) = body.find("fn mortise_") else { continue };
            let name = body[start + 3..].split('(').next().expect("a name");
            seen += 1;
            let guarded = GUARDS.iter().any(|guard| body.contains(guard));
            assert_eq!(!guarded, NOTHING_TO_GUARD.contains(&name), "{name}");
        }
        assert!(seen >= 24, "only {seen} found");
    }
}
