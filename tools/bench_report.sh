#!/usr/bin/env bash
# Runs the benchmarks and the peers of a build folder and writes docs/performance.md. usage: bench_report.sh BUILD [DOCS]
#
# DOCS: another folder to write to, so that a trial leaves the committed report alone.
# BENCH_REPORT_FLAGS: further arguments of the benchmark programs; PEER_FLAGS: of bench/peers/run.py.
# What cannot be measured is named in the report with the reason. A program that fails is a failure of this one, too, but at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
docs=${2:-docs}
results=$build/bench-results
shopt -s nullglob
programs=("$build"/bin/bench_*)
[ ${#programs[@]} != 0 ] || { echo "bench_report: $build/bin has no benchmark (libbenchmark-dev?)" >&2; exit 1; }
# Figures of an earlier run are none of this one.
rm -rf "$results"
mkdir -p "$results"
failed=0
fail() {
    echo "bench_report: $*" >&2
    failed=1
}
for program in "${programs[@]}"; do
    name=${program##*/}
    [ "$name" = bench_engine_seam ] && continue   # of the inside; the same calls from outside are in bench_calls
    echo "== $name"
    # shellcheck disable=SC2086  # the flags are words
    "$program" --benchmark_min_time=0.05 --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true \
        --benchmark_out="$results/$name.json" --benchmark_out_format=json ${BENCH_REPORT_FLAGS:-} >"$results/$name.txt" 2>&1 ||
        fail "$name ended with $?, see $results/$name.txt"
done
echo "== peers"
# shellcheck disable=SC2086
python3 bench/peers/run.py "$build/bin/peer_ours" --out "$results/peers.json" ${PEER_FLAGS:-} >"$results/peers.txt" ||
    fail "the peers were not measured"
grep -E '^(not measured|unsteady): ' "$results/peers.txt" || true
python3 bench/report.py "$results" "$docs"
echo "$docs/performance.md is written"
exit $failed
