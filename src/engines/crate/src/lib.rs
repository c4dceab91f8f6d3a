//! The engines of mortise in one static library.
//!
//! Everything with a C name is documented in `include/mortise_engines.h` and, for Wasmtime, in Wasmtime's own headers.

// Naming Wasmtime's C functions here keeps them in the archive.
pub use wasmtime_c_api::*;

pub mod boundary;
pub mod limiter;
pub mod wasmi_shim;
mod wasmi_store;
mod wasmi_values;
pub mod wasmtime_extra;
