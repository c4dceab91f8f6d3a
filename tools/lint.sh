#!/usr/bin/env bash
# Runs clang-tidy on the sources of a build folder. usage: lint.sh BUILD [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shift
files=("$@")
if [ ${#files[@]} = 0 ]; then
    mapfile -t files < <(git ls-files -- 'src/*.cpp')
fi
printf '%s\0' "${files[@]}" | xargs -0 -r -P "$(nproc)" -n 4 clang-tidy-19 -p "$build" --quiet
