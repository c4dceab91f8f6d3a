#!/usr/bin/env bash
# Runs every benchmark program of a build folder, further arguments to each. usage: bench.sh BUILD [ARGUMENT...]
set -euo pipefail
build=$1
shift
shopt -s nullglob
programs=("$build"/bin/bench_*)
[ ${#programs[@]} != 0 ] || { echo "bench: $build/bin has no benchmark" >&2; exit 1; }
for program in "${programs[@]}"; do
    echo "== ${program##*/}"
    "$program" "$@"
done
