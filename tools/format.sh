#!/usr/bin/env bash
# Formats the sources. usage: format.sh [--check]
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
[ "${1:-}" != --check ] || mode=(--dry-run --Werror)
git ls-files -z -- '*.hpp' '*.cpp' '*.h' '*.c' | xargs -0 -r -n 40 clang-format-19 "${mode[@]}"
if command -v rustfmt >/dev/null; then
    check=()
    [ "${1:-}" != --check ] || check=(--check)
    rustfmt --edition 2024 "${check[@]}" src/engines/crate/src/lib.rs src/engines/crate/build.rs
fi
