#!/usr/bin/env bash
# usage: install_test.sh BUILD SCRATCH CXX CMAKE
set -euo pipefail
build=$1 scratch=$2 cxx=$3 cmake=$4
here=$(cd "$(dirname "$0")" && pwd)
expected='mortise .* says 42'

step() { printf '== %s\n' "$*"; }

rm -rf "$scratch"
mkdir -p "$scratch/app"
cp "$here/consumer.cpp" "$scratch/app/main.cpp"

step "install into an empty prefix, then move it"
"$cmake" --install "$build" --prefix "$scratch/first" >/dev/null
mv "$scratch/first" "$scratch/prefix"
prefix=$scratch/prefix
(cd "$prefix" && find . -not -type d | sort | grep -v '^\./include/mortise/.*hpp$')
[ -z "$(find "$prefix/include" -type f -not -path '*/mortise/*')" ]
if grep -rl "$build" "$prefix" --include='*.cmake' --include='*.pc'; then
    echo "the files above name the build folder"
    exit 1
fi

step "find_package"
cat >"$scratch/app/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(consumer CXX)
find_package(mortise 0.1 REQUIRED)
add_executable(consumer main.cpp)
target_link_libraries(consumer PRIVATE mortise::mortise)
CMAKE
"$cmake" -S "$scratch/app" -B "$scratch/app/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$cxx" >/dev/null
"$cmake" --build "$scratch/app/build"
"$scratch/app/build/consumer" | tee /dev/stderr | grep -qx "$expected"

step "pkg-config"
pc=$(dirname "$(find "$prefix" -name mortise.pc)")
export PKG_CONFIG_PATH=$pc
# shellcheck disable=SC2046
"$cxx" -std=c++23 "$scratch/app/main.cpp" $(pkg-config --cflags --libs --static mortise) \
    -Wl,-rpath,"$(pkg-config --variable=libdir mortise)" -o "$scratch/app/by_pkg_config"
"$scratch/app/by_pkg_config" | grep -qx "$expected"

if [ -x "$prefix/bin/mortise" ]; then
    step "the command"
    env -u LD_LIBRARY_PATH "$prefix/bin/mortise" --version
fi
if [ -x "$prefix/bin/mortise" ]; then
    step "manual pages and completion"
    man=$(dirname "$(find "$prefix" -name mortise.1)")
    for command in $("$prefix/bin/mortise" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
        for section in OPTIONS 'EXIT STATUS' ENVIRONMENT; do
            grep -q "^\.SH $section" "$man/mortise-$command.1"
        done
    done
    for file in bash-completion/completions/mortise zsh/site-functions/_mortise fish/vendor_completions.d/mortise.fish doc/mortise/command.md; do
        test -s "$prefix/share/$file"
    done
fi
rm -rf "$scratch"
step "done"
