//! Wasmi's own C API as a shared library with the standard names, and a reader of the text format for the tests.

pub use wasmi_c_api::*;

/// Turns text into a binary. Returns its size and sets `out` to bytes that `mortise_wat_free` releases; 0 for bad text.
///
/// # Safety
/// `text` must be readable for `size` bytes, `out` writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wat(text: *const u8, size: usize, out: *mut *mut u8) -> usize {
    let text = unsafe { std::slice::from_raw_parts(text, size) };
    match wat::parse_bytes(text) {
        Ok(wasm) => {
            let wasm: Box<[u8]> = wasm.into_owned().into_boxed_slice();
            let length = wasm.len();
            unsafe { *out = Box::into_raw(wasm).cast() };
            length
        }
        Err(_) => 0,
    }
}

/// # Safety
/// `bytes` and `size` must be what `mortise_wat` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mortise_wat_free(bytes: *mut u8, size: usize) {
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(bytes, size)) });
}
