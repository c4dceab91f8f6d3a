//! The Extism cases on Extism. usage: peer-extism CASES SECONDS   (see ../README.md)
use extism::{Manifest, Plugin, PluginBuilder, Wasm};
use std::time::Instant;

/// Nanoseconds of one run: the least of the batches that fit into the time.
fn measure(seconds: f64, mut run: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let (mut batch, mut best) = (1u32, f64::MAX);
    while begin.elapsed().as_secs_f64() < seconds {
        let at = Instant::now();
        for _ in 0..batch {
            run();
        }
        let took = at.elapsed().as_nanos() as f64;
        best = best.min(took / f64::from(batch));
        if took < 1e6 && batch < 1 << 20 {
            batch *= 2;
        }
    }
    best
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let cases = arguments.next().expect("CASES");
    let seconds: f64 = arguments.next().expect("SECONDS").parse().expect("a number");
    for line in std::fs::read_to_string(cases).expect("cases").lines() {
        let field: Vec<&str> = line.split('\t').collect();
        if field.len() != 5 || !field[0].starts_with("extism") {
            continue;
        }
        let manifest = Manifest::new([Wasm::data(std::fs::read(field[2]).expect("module"))]);
        let payload = std::fs::read(field[4]).expect("payload");
        let nanoseconds = match field[0] {
            "extism" => {
                let mut plugin = Plugin::new(&manifest, [], false).expect("plugin");
                measure(seconds, || {
                    let out: Vec<u8> = plugin.call(field[3], payload.as_slice()).expect("call");
                    std::hint::black_box(out);
                })
            }
            "extism-fresh" => {
                let compiled = PluginBuilder::new(&manifest).with_wasi(false).compile().expect("plugin");
                measure(seconds, || {
                    let mut plugin = Plugin::new_from_compiled(&compiled).expect("plugin");
                    let out: Vec<u8> = plugin.call(field[3], payload.as_slice()).expect("call");
                    std::hint::black_box(out);
                })
            }
            _ => continue,
        };
        println!("{{\"peer\":\"extism\",\"version\":\"extism 1.30.0\",\"case\":\"{}\",\"ns\":{nanoseconds:.1}}}", field[1]);
    }
}
