//! The waPC cases on wapc-rs. usage: peer-wapc-rs CASES SECONDS   (see ../README.md)
#[path = "../../rust/measure.rs"]
mod measure;

use measure::{measure, versions};
use wapc::WapcHost;
use wasmtime_provider::WasmtimeEngineProviderBuilder;

fn host(wasm: &[u8]) -> WapcHost {
    let engine = WasmtimeEngineProviderBuilder::new().module_bytes(wasm).build().expect("module");
    WapcHost::new(Box::new(engine), Some(Box::new(|_, _, _, _, payload| Ok(payload.to_vec())))).expect("host")
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let cases = arguments.next().expect("CASES");
    let seconds: f64 = arguments.next().expect("SECONDS").parse().expect("a number");
    let versions = versions(&["wapc", "wasmtime-provider", "wasmtime"]);
    for line in std::fs::read_to_string(cases).expect("cases").lines() {
        // kind, name, file of the module, operation, file of the payload
        let field: Vec<&str> = line.split('\t').collect();
        if field.len() != 5 || !field[0].starts_with("wapc") {
            continue;
        }
        let wasm = std::fs::read(field[2]).expect("module");
        let payload = std::fs::read(field[4]).expect("payload");
        let nanoseconds = match field[0] {
            "wapc" => {
                let guest = host(&wasm);
                guest.call(field[3], &payload).expect("call");
                measure(seconds, || {
                    std::hint::black_box(guest.call(field[3], &payload).expect("call"));
                })
            }
            "wapc-fresh" => {
                let engine = WasmtimeEngineProviderBuilder::new().module_bytes(&wasm).build_pre().expect("module");
                measure(seconds, || {
                    let guest = WapcHost::new(
                        Box::new(engine.rehydrate(None).expect("instance")),
                        Some(Box::new(|_, _, _, _, payload| Ok(payload.to_vec()))),
                    )
                    .expect("host");
                    std::hint::black_box(guest.call(field[3], &payload).expect("call"));
                })
            }
            _ => continue,
        };
        println!("{{\"peer\":\"wapc-rs\",\"version\":\"{versions}\",\"case\":\"{}\",\"ns\":{nanoseconds:.1}}}", field[1]);
    }
}
