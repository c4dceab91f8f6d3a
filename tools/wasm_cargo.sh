#!/usr/bin/env bash
# Builds a Rust plugin to WebAssembly with Debian's compiler, and copies the module.
#
# usage: wasm_cargo.sh CRATE OUTPUT.wasm [wasm32-unknown-unknown | wasm32-wasip1]
#
# Debian has no compiled standard library for WebAssembly, so cargo compiles it from source: half a minute the first time,
# then kept in the user's cache beside the engines. `tools/setup.sh guests` installs what this needs.
set -euo pipefail
crate=$(cd "$1" && pwd)
output=$2
target=${3:-wasm32-unknown-unknown}
cache=${MORTISE_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/mortise}/guests

# A rustup in the home directory would come first: its compiler does not fit Debian's sources of the standard library.
export PATH=/usr/bin:/bin RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR=$cache
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-16
export CARGO_TARGET_WASM32_WASIP1_LINKER=clang-16
export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS='-Clink-self-contained=no -Clink-arg=--target=wasm32-wasi -Clink-arg=-mexec-model=reactor'

locked=()
[ ! -f "$crate/Cargo.lock" ] || locked=(--locked)
mkdir -p "$cache" "$(dirname "$output")"
messages=$(cd "$crate" && cargo build --release "${locked[@]}" -Z build-std=std,panic_abort --target "$target" \
    --message-format=json-render-diagnostics)
module=$(grep -oE '"filenames":\["[^"]*\.wasm"' <<<"$messages" | tail -1 | cut -d'"' -f4)
cp "$module" "$output"
