#!/usr/bin/env bash
# Builds a crate that is one shared library into the cache of the engines, unless it is there, and links the build folder to it.
#
# usage: build_cargo_library.sh CRATE CACHE COMPILER_KEY KEY BUILD_DIR NAME
#
# CACHE/NAME-KEY holds the library; cargo's target folder is the one of build_engines.sh, beside a folder of the crate's own.
set -euo pipefail
crate=$1 cache=$2 compiler_key=$3 key=$4 build=$5 name=$6
entry=$cache/$name-$key
library=lib$name.so

mkdir -p "$cache" "$build"
exec 9>"$cache/lock-$name"
if ! flock -n 9; then
    echo "mortise: another build is using $entry; waiting for it"
    flock 9
fi

if [ ! -f "$entry/$library" ]; then
    echo "mortise: building $library with cargo; the result is kept in $entry"
    target=$cache/target-$name-$compiler_key
    (cd "$crate" && env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET \
        CARGO_TARGET_DIR="$target" cargo build --release --locked --lib)
    staging=$(mktemp -d "$cache/staging.XXXXXX")
    trap 'rm -rf "$staging"' EXIT
    cp "$target/release/$library" "$staging/"
    chmod 755 "$staging"
    rm -rf "$entry"
    mv "$staging" "$entry"
fi

touch "$entry"
ln -sfn "$entry/$library" "$build/$library"
