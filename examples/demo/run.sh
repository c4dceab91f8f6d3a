#!/usr/bin/env bash
# The main job, shown: builds a plugin from source with a published guest SDK, then runs it by program and by command.
#
# usage: run.sh MORTISE_COMMAND
set -euo pipefail

command=$(realpath "$1")
bin=$(dirname "$command")
here=$(cd "$(dirname "$0")/.." && pwd)
root=$(dirname "$here")

say() { printf '\n== %s\n' "$*"; }

say "building the plugin in examples/wapc/guest, written in Rust with the crate wapc-guest (the first time about a minute)"
plugin=$("$root/tools/build_guest.sh" "$here/wapc" "$root/build/guests/wapc")
ls -l "$plugin" | awk '{ print "   " $5 " bytes of WebAssembly" }'

say "a C++ program runs it: examples/wapc/host.cpp"
"$bin/example_wapc" "$plugin"

show() {
    printf '\n$ mortise'
    printf ' %q' "${@/#$root\//}"
    printf '\n'
    (cd "$root" && "$command" "$@") || printf '   (exit status %d)\n' $?
}

say "the same by command, the host's part played by examples/wapc/host.json"
cd "$root"
show inspect "$plugin"
show call --host "$here/wapc/host.json" "$plugin" greet world
show call --host "$here/wapc/host.json" --json "$plugin" greet world
show call --timeout 200ms "$plugin" spin
show call --memory 16MiB "$plugin" hoard
