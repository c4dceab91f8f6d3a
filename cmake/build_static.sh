#!/usr/bin/env bash
# Makes one object of our rooms and the engines, in which only our public names are visible.
#
# usage: build_static.sh OUTPUT ROOMS_ARCHIVE ENGINES_ARCHIVE NM OBJCOPY
#
# An ordinary archive beside the engines' own would show a program a thousand names of Wasmtime and of Rust's standard
# library. Only the classic linker can drop unused sections from a relocatable object; lld does not.
set -euo pipefail
output=$1 rooms=$2 engines=$3 nm=$4 objcopy=$5
linker=$(command -v ld.bfd || command -v ld)
public='^(_ZN7mortise|_ZNK7mortise|_ZT[ISV]N7mortise|_ZT[hv].*N7mortise|mortise_)'

# Hidden symbols are not public, and names of the engines' crate are not ours to show.
readelf -sW "$rooms" 2>/dev/null |
    awk '($5 == "GLOBAL" || $5 == "WEAK") && $6 == "DEFAULT" && $7 != "UND" { print $8 }' |
    grep -E "$public" | sort -u >"$output.names"
[ -s "$output.names" ]
sed 's/^/-u /' "$output.names" >"$output.roots"
"$linker" -r --gc-sections --force-group-allocation "@$output.roots" -o "$output.all" \
    --whole-archive "$rooms" --no-whole-archive "$engines"
"$objcopy" --keep-global-symbols="$output.names" --remove-section=.llvmbc --remove-section=.llvmcmd "$output.all" "$output"
rm -f "$output.all" "$output.roots"
echo "libmortise.a: $("$nm" --defined-only --extern-only "$output" | wc -l) public names"
