#!/usr/bin/env bash
# Builds the plugin of an example from source and prints where it is.
#
# usage: build_guest.sh EXAMPLE_FOLDER OUTPUT_FOLDER
#
#   guest/Cargo.toml       Rust. A toolchain with the target wasm32-unknown-unknown serves as it is; else Debian's rustc-web and
#                          rust-web-src compile the standard library first, once for each output folder (about half a minute)
#   guest.c                C without a library, by clang 16 or newer
#   guest.ts, package.json AssemblyScript, with the SDK that package.json names and the options of its key "mortise"
#
# Exit status 77: the compiler that it takes is not installed (tools/setup.sh guests installs them all).
set -euo pipefail

example=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)

lack() {
    echo "build_guest: $*; tools/setup.sh guests installs it" >&2
    exit 77
}

rust() {
    local target=wasm32-unknown-unknown build linker
    if [ -d "$(rustc --print sysroot 2>/dev/null)/lib/rustlib/$target/lib" ]; then
        build=(cargo build)
    elif [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library ]; then
        linker=$(command -v wasm-ld || ls /usr/bin/wasm-ld-* 2>/dev/null | head -1)
        [ -n "$linker" ] || lack "needs wasm-ld"
        export PATH=/usr/bin:/bin RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker
        build=(/usr/bin/cargo build -Z "build-std=std,panic_abort")
    else
        lack "needs Rust with the target $target, or Debian's rustc-web, cargo-web and rust-web-src"
    fi
    "${build[@]}" --locked --release --target "$target" --target-dir "$out" --manifest-path "$example/guest/Cargo.toml" >&2
    echo "$out/$target/release/$(sed -n 's/^name = "\(.*\)"/\1/p' "$example/guest/Cargo.toml" | head -1 | tr - _).wasm"
}

c() {
    local clang
    clang=$(command -v clang-16 || command -v clang-19 || command -v clang) || lack "needs clang"
    "$clang" --target=wasm32 -O2 -nostdlib -ffreestanding -Wl,--no-entry -Wl,-s -Wl,-z,stack-size=65536 -o "$out/guest.wasm" \
        "$example/guest.c" >&2
    echo "$out/guest.wasm"
}

assemblyscript() {
    command -v npm >/dev/null || lack "needs Node.js and npm"
    cp "$example/guest.ts" "$example/package.json" "$example/package-lock.json" "$out"
    cd "$out"
    [ -d node_modules/assemblyscript ] || npm ci --silent --no-audit --no-fund >&2
    local options
    mapfile -t options < <(node -p 'require("./package.json").mortise.asc.join("\n")')
    npx --no-install asc guest.ts -o guest.wasm "${options[@]}" >&2
    echo "$out/guest.wasm"
}

if [ -f "$example/guest/Cargo.toml" ]; then rust
elif [ -f "$example/guest.ts" ]; then assemblyscript
elif [ -f "$example/guest.c" ]; then c
else
    echo "build_guest: no plugin in $example" >&2
    exit 2
fi
