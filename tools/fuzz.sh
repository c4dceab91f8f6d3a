#!/usr/bin/env bash
# Runs every fuzzer of a build folder, each for FUZZ_SECONDS (default 60). usage: fuzz.sh BUILD
# Inputs that teach the fuzzers something are kept in BUILD/corpus, what makes one fail in BUILD/crashes.
set -euo pipefail
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/.." && pwd)
shopt -s nullglob
programs=("$build"/bin/fuzz_*)
[ ${#programs[@]} != 0 ] || { echo "fuzz: $build/bin has no fuzzer" >&2; exit 1; }
mkdir -p "$build/crashes"
for program in "${programs[@]}"; do
    name=${program##*/fuzz_}
    corpus=$build/corpus/$name
    mkdir -p "$corpus"
    seeds=("$source/fuzz/seeds/$name")
    [ -d "${seeds[0]}" ] || seeds=()
    echo "== fuzz_$name for ${FUZZ_SECONDS:-60} seconds"
    "$program" -max_total_time="${FUZZ_SECONDS:-60}" -artifact_prefix="$build/crashes/$name-" -print_final_stats=1 \
        -rss_limit_mb=4096 -timeout=25 "$corpus" "${seeds[@]}"
done
