#!/usr/bin/env bash
# Runs every fuzzer of a build folder, each for FUZZ_SECONDS (default 60), two at once. usage: fuzz.sh BUILD
# Inputs that teach the fuzzers something are kept in BUILD/corpus, what makes one fail in BUILD/findings.
set -euo pipefail
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/.." && pwd)
seconds=${FUZZ_SECONDS:-60}
shopt -s nullglob
programs=("$build"/bin/fuzz_*)
[ ${#programs[@]} != 0 ] || { echo "fuzz: $build/bin has no fuzzer" >&2; exit 1; }
mkdir -p "$build/logs"

# One fuzzer; what it said is shown if it found something.
one() {
    local name=$1 log=$build/logs/$1.log
    if "$source/fuzz/run.sh" "$name" "$seconds" "$build" >"$log" 2>&1; then
        echo "fuzz_$name: $(grep -E '^Done ' "$log" || tail -1 "$log")"
    else
        cat "$log" >&2
        echo "fuzz_$name: FAILED; the input is in $build/findings" >&2
        return 1
    fi
}
export -f one
export build source seconds

echo "== ${#programs[@]} fuzzers for $seconds seconds each, two at once"
printf '%s\n' "${programs[@]##*/fuzz_}" | xargs -P 2 -I{} bash -c 'one {}'
