#!/usr/bin/env bash
# The shared library shows our own names alone: an engine's could clash with the program's.
# usage: exports_test.sh LIBRARY
set -euo pipefail
names=$(nm -D --defined-only "$1" | awk '{ print $NF }')
foreign=$(grep -vE '^_Z(T[ISVT]|GV|GVZ|Z|Thn?[0-9_]+|Tv[0-9n_]+)?N?K?(N?K?)7mortise|^mortise_[a-z]|^_ZZ?N?K?.*7mortise' <<<"$names" || true)
printf '%d names, %d of them not ours\n' "$(wc -l <<<"$names")" "$(grep -c . <<<"$foreign" || true)"
if [ -n "$foreign" ]; then
    head -40 <<<"$foreign"
    exit 1
fi
if grep -E '^mortise_(wasmi|wasmtime|text)_' <<<"$names"; then
    echo "the names above belong to the engines, and should be hidden"
    exit 1
fi
[ "$(wc -l <<<"$names")" -gt 20 ]
