#!/usr/bin/env bash
# Sees to it that everything a build needs is installed; installs Debian packages where it may, else says what to install.
#
# usage: setup.sh [build] [guests] [clang]      (default: build)
#
#   build    library, command and tests
#   guests   compilers for the WebAssembly plugins that the demo builds from source
#   clang    clang 19: fuzzers, formatting, lint
#
# Safe to run at any time: quick and silent when nothing is missing.
set -euo pipefail

build_packages=(g++ make cmake git ninja-build ccache lld-19 pkg-config python3 ca-certificates
    libgtest-dev libgmock-dev libbenchmark-dev nlohmann-json3-dev libcli11-dev libmsgpack-cxx-dev
    libsodium-dev libbrotli-dev libsqlite3-dev nettle-dev valgrind)
guest_packages=(clang-16 lld-16 wasi-libc libclang-rt-16-dev-wasm32 rustc-web cargo-web rust-web-src)
clang_packages=(clang-19 libclang-rt-19-dev clang-format-19 clang-tidy-19)

say() { printf 'setup: %s\n' "$*"; }

# Those of the given packages that are not installed.
missing() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
    done
}

# The way to be root here, if there is one: "", "sudo -n" or nothing to be had.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

install() {
    local packages=("$@")
    if ! command -v apt-get >/dev/null; then
        say "this is not Debian; please install the equivalents of: ${packages[*]}"
        return 1
    fi
    if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
        say "these packages are missing, and only root may install them:"
        say "    sudo apt-get install --no-install-recommends ${packages[*]}"
        return 1
    fi
    say "installing ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # The lists may be as old as the machine: they are fetched only if the packages are not found in them.
    if ! as_root apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null 2>&1; then
        as_root apt-get update -qq
        as_root apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    fi
}

need() {
    local wanted
    mapfile -t wanted < <(missing "$@")
    [ ${#wanted[@]} = 0 ] || install "${wanted[@]}"
}

# version_at_least NAME HAVE WANT
version_at_least() {
    if [ "$(printf '%s\n%s\n' "$3" "$2" | sort -V | head -1)" != "$3" ]; then
        say "$1 $3 or newer is needed, this is ${2:-missing}"
        return 1
    fi
}

first_number() { grep -oE '[0-9]+(\.[0-9]+)+' | head -1; }

rust_version() { (cargo --version && rustc --version) 2>/dev/null | first_number; }

need_rust() {
    local have
    have=$(rust_version || true)
    if [ -z "$have" ] && [ -n "$(missing cargo-web rustc-web)" ]; then
        say "there is no cargo; trying Debian's current one"
        need rustc-web cargo-web || true
        have=$(rust_version || true)
    fi
    if ! version_at_least "Rust (cargo, rustc)" "$have" 1.95; then
        say "install it with rustup, or Debian's packages rustc-web and cargo-web"
        return 1
    fi
}

parts=("$@")
[ ${#parts[@]} != 0 ] || parts=(build)
for part in "${parts[@]}"; do
    case $part in
    build)
        need "${build_packages[@]}"
        version_at_least "CMake" "$(cmake --version | first_number)" 3.25
        version_at_least "g++" "$(${CXX:-g++} -dumpfullversion 2>/dev/null || ${CXX:-g++} -dumpversion)" 12
        need_rust
        ;;
    guests)
        need "${guest_packages[@]}"
        command -v npm >/dev/null || need nodejs npm
        ;;
    clang) need "${clang_packages[@]}" ;;
    *)
        say "unknown part \"$part\"; there are: build guests clang"
        exit 2
        ;;
    esac
done
