#!/usr/bin/env bash
# Runs the engines' contract suite on Wasmer's C API, opened as any library with the standard wasm.h is.
#
# usage: test_wasmer.sh BUILD_FOLDER      (with the targets test_engine and wasmer_library built)
set -euo pipefail
build=$1
lock=$(dirname "$0")/../tests/engine/wasmer_library/Cargo.lock
version=$(sed -n '/^name = "wasmer-c-api"$/{n;s/version = "\(.*\)"/\1/p}' "$lock")
export MORTISE_TEST_WASM_C_API="$build/engines/mortise_wasmer/libmortise_wasmer.so"
export MORTISE_TEST_WASM_C_API_VERSION="wasmer $version"
exec "$build/bin/test_engine" --gtest_filter='*/wasm_c_api_given' "${@:2}"
