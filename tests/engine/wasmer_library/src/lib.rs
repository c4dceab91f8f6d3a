pub use wasmer::*;
