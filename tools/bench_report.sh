#!/usr/bin/env bash
# Runs the benchmarks and the peers of a build folder and writes docs/performance.md. usage: bench_report.sh BUILD
# BENCH_REPORT_FLAGS: further arguments of the benchmark programs; PEER_FLAGS: of bench/peers/run.py.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
results=$build/bench-results
mkdir -p "$results"
for program in "$build"/bin/bench_*; do
    name=${program##*/}
    [ "$name" = bench_engine_seam ] && continue
    echo "== $name"
    "$program" --benchmark_min_time=0.05 --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true \
        --benchmark_out="$results/$name.json" --benchmark_out_format=json ${BENCH_REPORT_FLAGS:-} >"$results/$name.txt"
done
python3 bench/peers/run.py "$build/bin/peer_ours" --out "$results/peers.json" ${PEER_FLAGS:-}
python3 bench/report.py "$results"
echo "docs/performance.md is written"
