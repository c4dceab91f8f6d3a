#!/usr/bin/env bash
# Builds the engine crate into the cache, unless it is there, and links the build folder to it.
#
# usage: build_engines.sh CRATE CACHE COMPILER_KEY KEY BUILD_DIR
#
# CACHE/KEY holds include/ and lib/ of one state of the crate; CACHE/target-COMPILER_KEY is cargo's target folder, shared
# by every state, so that a change of our own sources compiles one crate and not two hundred.
set -euo pipefail
crate=$1 cache=$2 compiler_key=$3 key=$4 build=$5
entry=$cache/$key

mkdir -p "$cache" "$build"
exec 9>"$cache/lock"
if ! flock -n 9; then
    echo "mortise: another build is using $cache; waiting for it"
    flock 9
fi

if [ ! -f "$entry/lib/libmortise_engines.a" ]; then
    echo "mortise: building the WebAssembly engines (Wasmtime, Wasmi) with cargo."
    if [ ! -d "$cache/target-$compiler_key" ]; then
        echo "mortise: the first time takes three to five minutes on two cores; the result is kept in $cache"
    fi
    target=$cache/target-$compiler_key
    # The profile decides; flags of the surrounding shell would build something that the key does not describe.
    messages=$(cd "$crate" && env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET \
        CARGO_TARGET_DIR="$target" cargo build --release --locked --lib --message-format=json-render-diagnostics)
    # cargo says where the build script of Wasmtime's C API put its headers, configured for the features we chose.
    headers=$(sed -n '/"build-script-executed".*wasmtime-c-api-impl/s/.*"out_dir":"\([^"]*\)".*/\1/p' <<<"$messages")/include
    staging=$(mktemp -d "$cache/staging.XXXXXX")
    trap 'rm -rf "$staging"' EXIT
    mkdir "$staging/lib"
    cp -Rp "$headers" "$staging/include"
    cp "$target/release/libmortise_engines.a" "$staging/lib/"
    chmod 755 "$staging"
    rm -rf "$entry"
    mv "$staging" "$entry"
    # What nobody asked for in a month goes; anything missing is simply built again.
    find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime +30 ! -path "$entry" ! -path "$target" -exec rm -rf {} +
fi

touch "$entry"
[ ! -d "$cache/target-$compiler_key" ] || touch "$cache/target-$compiler_key"
mkdir -p "$build/lib"
ln -sfn "$entry/include" "$build/include"
ln -sfn "$entry/lib/libmortise_engines.a" "$build/lib/libmortise_engines.a"
