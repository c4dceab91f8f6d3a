# Completion of the command mortise in bash. Commands and options are read off its own help, so that they are always its own.

_mortise_commands() { "$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'; }
_mortise_options() { "$1" "$2" --help 2>/dev/null | sed -n 's/^  \(-[a-z], \)\{0,1\}\(--[a-z0-9-]*\).*/\2/p'; }
# The words a|b|c that the help puts behind an option.
_mortise_choices() { "$1" "$2" --help 2>/dev/null | sed -n "s/^  $3 \([a-z0-9]*|[a-z0-9|]*\).*/\1/p" | tr '|' ' '; }

_mortise() {
    local command=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} sub=${COMP_WORDS[1]} words=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="$(_mortise_commands "$command") --help --version"
    elif [[ $word == -* ]]; then
        words=$(_mortise_options "$command" "$sub")
    else
        case $before in
            --engine) words="$("$command" engines 2>/dev/null | sed -n 's/^\([a-z]\S*\) .*/\1/p')" ;;
            --abi) words="$("$command" abis 2>/dev/null | sed 's/ .*//')" ;;
            --*) words=$(_mortise_choices "$command" "$sub" "$before") ;;
        esac
    fi
    # Without a word of its own the file names of the shell are offered.
    [ -z "$words" ] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o default -F _mortise mortise
