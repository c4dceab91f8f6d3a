#!/usr/bin/env bash
# The command where the system gives it little address space: plugins load, run, trap and grow as they do elsewhere.
# usage: little_address_space.sh MORTISE
set -euo pipefail
mortise=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cat >"$scratch/guest.wat" <<'WAT'
(module
  (memory (export "memory") 1)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
WAT

failed=0
# try KIB WANTED_STATUS WANTED_OUTPUT ARGUMENT...
try() {
    local kib=$1 status=0 output
    output=$(ulimit -v "$kib" && "$mortise" call --cache off "${@:4}" 2>"$scratch/errors") || status=$?
    [ "$status" = "$2" ] && [ "$output" = "$3" ] && return
    echo "with $kib KiB, mortise call ${*:4}: status $status, not $2; \"$output\", not \"$3\"" >&2
    cat "$scratch/errors" >&2
    failed=1
}

for engine in $("$mortise" engines | grep -oE '^(wasmtime|wasmi)\b'); do
    for kib in 4000000 1000000; do
        try $kib 0 0 --engine "$engine" "$scratch/guest.wat" load 65532
        try $kib 0 1 --engine "$engine" "$scratch/guest.wat" grow 100
        try $kib 1 "" --engine "$engine" "$scratch/guest.wat" load 65536
    done
    # More than there is, though the plugin's limit would allow it: the guest is told no, and the host lives.
    try 700000 0 -1 --engine "$engine" --memory 2GiB "$scratch/guest.wat" grow 30000
done

# An entry of the cache that is damaged so that it seems large costs a compilation and no more.
if "$mortise" engines | grep -q '^wasmtime'; then
    cached() { (ulimit -v 1000000 && "$mortise" call --cache "$scratch/cache" "$scratch/guest.wat" grow 0 2>&1 >/dev/null); }
    cached
    truncate -s 2G "$scratch"/cache/*.code
    for wanted in 'mortise: warning: compiled code cannot be taken from the cache'* ''; do
        said=$(cached) || failed=1
        # shellcheck disable=SC2053 # a pattern
        [[ $said == $wanted ]] || { echo "with a large damaged entry: $said" >&2; failed=1; }
    done
fi
exit $failed
