#!/usr/bin/env bash
# Runs one fuzzer: run.sh TARGET [SECONDS] [BUILD_FOLDER]
set -eu
target=$1
seconds=${2:-60}
root=$(cd "$(dirname "$0")/.." && pwd)
build=${3:-$root/build/fuzz}
mkdir -p "$build/corpus/$target" "$build/findings"
PATH=$PATH:/usr/lib/llvm-19/bin  # the symbolizer
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
exec "$build/bin/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -artifact_prefix="$build/findings/$target-" "$build/corpus/$target" "$root/fuzz/corpus/$target"
