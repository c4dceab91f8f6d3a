//! The Extism cases on Extism. usage: peer-extism CASES SECONDS   (see ../README.md)
#[path = "../../rust/measure.rs"]
mod measure;

use extism::{Manifest, Plugin, PluginBuilder, Wasm};
use measure::{measure, versions};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let cases = arguments.next().expect("CASES");
    let seconds: f64 = arguments.next().expect("SECONDS").parse().expect("a number");
    let versions = versions(&["extism", "wasmtime"]);
    for line in std::fs::read_to_string(cases).expect("cases").lines() {
        // kind, name, file of the module, operation, file of the payload
        let field: Vec<&str> = line.split('\t').collect();
        if field.len() != 5 || !field[0].starts_with("extism") {
            continue;
        }
        let manifest = Manifest::new([Wasm::data(std::fs::read(field[2]).expect("module"))]);
        let payload = std::fs::read(field[4]).expect("payload");
        let call = |plugin: &mut Plugin| -> Vec<u8> { plugin.call(field[3], payload.as_slice()).expect("call") };
        let compiled = PluginBuilder::new(&manifest).with_wasi(false).compile().expect("module");
        let mut plugin = Plugin::new_from_compiled(&compiled).expect("plugin");
        assert_eq!(call(&mut plugin), payload, "the guest is to answer with its input");
        let nanoseconds = match field[0] {
            "extism" => measure(seconds, || {
                std::hint::black_box(call(&mut plugin));
            }),
            "extism-fresh" => measure(seconds, || {
                let mut plugin = Plugin::new_from_compiled(&compiled).expect("plugin");
                std::hint::black_box(call(&mut plugin));
            }),
            _ => continue,
        };
        println!("{{\"peer\":\"extism\",\"version\":\"{versions}\",\"case\":\"{}\",\"ns\":{nanoseconds:.1}}}", field[1]);
    }
}
