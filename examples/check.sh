#!/usr/bin/env bash
# Builds an example's plugin, if it has one, runs its program, and compares what it prints.
#
# usage: check.sh EXAMPLE_FOLDER PROGRAM OUTPUT_FOLDER
#
# The output must be expected.txt to the byte or, where times are in it, have each line of expected_lines.txt.
set -euo pipefail

example=$1 program=$2 out=$3
if compgen -G "$example/guest*" >/dev/null; then
    plugin=$("$(dirname "$0")/../tools/build_guest.sh" "$example" "$out")
    "$program" "$plugin" >"$out/printed.txt"
else
    mkdir -p "$out"
    "$program" >"$out/printed.txt"   # it has its plugin inside
fi
if [ -f "$example/expected.txt" ]; then
    diff -u "$example/expected.txt" "$out/printed.txt"
else
    while IFS= read -r line; do
        grep -qF -- "$line" "$out/printed.txt" || { echo "not printed: $line"; cat "$out/printed.txt"; exit 1; }
    done <"$example/expected_lines.txt"
fi
