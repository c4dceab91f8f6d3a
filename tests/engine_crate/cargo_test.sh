#!/usr/bin/env bash
# Runs the engine crate's own tests in cargo's target folder of the cache. usage: cargo_test.sh CRATE TARGET
# Skipped (77) where that folder is not there, for example after the cache was copied without it: compiling two hundred
# crates again is not a test's business.
set -euo pipefail
[ -d "$2" ] || { echo "skipped: $2 is not there"; exit 77; }
cd "$1"
CARGO_TARGET_DIR=$2 exec cargo test --release --locked --lib
