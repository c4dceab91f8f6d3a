//! What the peers in Rust share.
use std::time::Instant;

/// Nanoseconds of one run: the mean of all that fit into the time, after a warm-up of a tenth of it.
pub fn measure(seconds: f64, mut run: impl FnMut()) -> f64 {
    // Ever longer batches, until reading the clock between them costs nothing.
    let (mut batch, begin) = (1u64, Instant::now());
    while begin.elapsed().as_secs_f64() < seconds / 10.0 {
        let at = Instant::now();
        (0..batch).for_each(|_| run());
        if at.elapsed().as_secs_f64() < 1e-4 {
            batch *= 2;
        }
    }
    let (mut calls, begin) = (0u64, Instant::now());
    loop {
        (0..batch).for_each(|_| run());
        calls += batch;
        let took = begin.elapsed().as_secs_f64();
        if took >= seconds {
            return took * 1e9 / calls as f64;
        }
    }
}

/// The crates' versions that were built in, as the lock file tells.
pub fn versions(crates: &[&str]) -> String {
    let lock = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));
    let version = |of: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{of}\"\nversion = \"")).expect("a locked crate");
        rest.split('"').next().expect("a version")
    };
    crates.iter().map(|of| format!("{of} {}", version(of))).collect::<Vec<_>>().join(", ")
}
