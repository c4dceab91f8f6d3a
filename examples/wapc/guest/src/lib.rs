//! A waPC plugin with four operations, one of them friendly.

use wapc_guest::prelude::*;

#[no_mangle]
pub extern "C" fn wapc_init() {
    register_function("greet", greet);
    register_function("fail", fail);
    register_function("spin", spin);
    register_function("hoard", hoard);
}

/// Greets whoever is named, in capitals that only the host knows how to make.
fn greet(name: &[u8]) -> CallResult {
    console_log(&format!("greeting {} byte(s) of name", name.len()));
    let loud = host_call("demo", "text", "upper", name)?;
    let mut text = b"Hello, ".to_vec();
    text.extend_from_slice(&loud);
    text.push(b'!');
    Ok(text)
}

/// Reports an error, as a plugin does that does not like its input.
fn fail(_: &[u8]) -> CallResult {
    Err("I was asked to fail".into())
}

/// Never returns.
fn spin(_: &[u8]) -> CallResult {
    let mut n = 0u64;
    loop {
        n = std::hint::black_box(n.wrapping_add(1));
    }
}

/// Asks for ever more memory.
fn hoard(_: &[u8]) -> CallResult {
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        all.push(vec![1; 1 << 20]);
        std::hint::black_box(&all);
    }
}
