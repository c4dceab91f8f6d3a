#!/usr/bin/env bash
# What bash offers after some beginnings of a command line. usage: completion_test.sh COMMAND FOLDER
set -euo pipefail
command=$1
# shellcheck source=/dev/null
. "$2/mortise.bash"
failed=0

# offers "LINE" WORD...: each WORD is offered for the last word of LINE. refuses: none of them is.
complete_line() {
    read -ra COMP_WORDS <<<"$command $1"
    [[ $1 != *' ' && -n $1 ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _mortise
}
offers() {
    complete_line "$1"
    local word
    for word in "${@:2}"; do
        printf '%s\n' "${COMPREPLY[@]}" | grep -qxF -- "$word" || { echo "\"mortise $1\" does not offer $word, but: ${COMPREPLY[*]}"; failed=1; }
    done
}
offers_only() {
    offers "$@"
    [ "${#COMPREPLY[@]}" -eq $(($# - 1)) ] || { echo "\"mortise $1\" offers more: ${COMPREPLY[*]}"; failed=1; }
}

offers "" call run inspect engines abis --help --version
offers_only "insp" inspect
offers "call --" --abi --host --timeout --json --jsonl --help
offers "call --js" --json --jsonl
offers "call --abi " plain wapc
offers "call --codec " raw json msgpack
offers_only "call --output h" hex
offers_only "call " # files, by the shell
[ "$failed" -eq 0 ] && echo "completion is as it should be"
exit "$failed"
