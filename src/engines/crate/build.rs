//! Hands the locked versions of the engines to the code, which reports them.

fn main() {
    println!("cargo:rerun-if-changed=Cargo.lock");
    let lock = std::fs::read_to_string("Cargo.lock").expect("Cargo.lock is part of the sources");
    for name in ["wasmtime", "wasmi"] {
        let start = lock.find(&format!("name = \"{name}\"\nversion = \"")).expect("the engine is in Cargo.lock");
        let version = lock[start..].split('"').nth(3).expect("a version");
        println!("cargo:rustc-env=MORTISE_{}_VERSION={version}", name.to_uppercase());
    }
}
