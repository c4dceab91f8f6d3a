#!/usr/bin/env bash
# Builds mortise with a part of its engines only, and runs the tests that such a build has: the contract suite of each engine,
# and the command's golden files.
#
# usage: engines.sh [all | one | NAME...]      (default: all)
#
#   NAME   wasmtime, wasmi, wasm-c-api or native: that engine alone
#   one    one of them, another one with each commit: for continuous integration
#
# Build folders are build/engines-NAME.
set -euo pipefail
cd "$(dirname "$0")/.."
names=(wasmtime wasmi wasm-c-api native)
jobs=${JOBS:-$(nproc)}
case ${1:-all} in
    all) ;;
    one) names=("${names[$(($(git rev-list --count HEAD 2>/dev/null || date +%j | sed 's/^0*//') % ${#names[@]}))]}") ;;
    *) names=("$@") ;;
esac

for name in "${names[@]}"; do
    folder=build/engines-$name
    echo "== $name alone, in $folder"
    targets=(mortise mortise_command)
    if [ "$name" = native ]; then
        targets+=(test_base test_codec test_native test_trust test_wasm)
    else
        targets+=(test_engine)
    fi
    # Files of the command's output that show another engine say so, and are left out.
    case $name in wasmtime | wasmi) targets+=(test_cli_golden) ;; esac
    generator=()
    if [ ! -f "$folder/CMakeCache.txt" ] && command -v ninja >/dev/null; then generator=(-G Ninja); fi
    mkdir -p build
    cmake --preset ci -B "$folder" "${generator[@]}" -DMORTISE_ENGINES="$name" -DMORTISE_EXAMPLES=OFF -DMORTISE_BENCH=OFF \
        >"$folder.log" 2>&1 || { cat "$folder.log"; exit 1; }
    cmake --build "$folder" -j "$jobs" --target "${targets[@]}"
    for target in "${targets[@]}"; do
        case $target in test_*) "$folder/bin/$target" --gtest_brief=1 ;; esac
    done
    "$folder/bin/mortise" engines
done
