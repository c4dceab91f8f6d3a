#!/usr/bin/env bash
# Builds a Rust plugin for wasm32-unknown-unknown and prints where it is.
#
# usage: build_rust_guest.sh CRATE_FOLDER OUTPUT_FOLDER
#
# With a rustup that has the target it is used as it is. Else Debian's rustc-web and rust-web-src compile the standard library
# for the target first, once for each output folder (about half a minute).
set -euo pipefail

crate=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
target=wasm32-unknown-unknown

if [ -d "$(rustc --print sysroot 2>/dev/null)/lib/rustlib/$target/lib" ]; then
    build=(cargo build)
elif [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library ]; then
    export PATH=/usr/bin:/bin RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    linker=$(command -v wasm-ld || ls /usr/bin/wasm-ld-* 2>/dev/null | head -1)
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker
    build=(/usr/bin/cargo build -Z "build-std=std,panic_abort")
else
    echo "build_rust_guest: needs a Rust with the target $target (rustup target add $target), or Debian's rustc-web, cargo-web," \
         "rust-web-src and lld" >&2
    exit 1
fi
"${build[@]}" --locked --release --target "$target" --target-dir "$out" --manifest-path "$crate/Cargo.toml" >&2
name=$(sed -n 's/^name = "\(.*\)"/\1/p' "$crate/Cargo.toml" | head -1 | tr - _)
echo "$out/$target/release/$name.wasm"
