#compdef mortise
# Completion of the command mortise in zsh, read off its own help.

local command=$words[1] sub=$words[2]
if (( CURRENT == 2 )); then
    compadd -- ${(f)"$($command --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')"} --help --version
elif [[ $PREFIX == -* ]]; then
    compadd -- ${(f)"$($command $sub --help 2>/dev/null | sed -n 's/^  \(-[a-z], \)\{0,1\}\(--[a-z0-9-]*\).*/\2/p')"}
else
    case $words[CURRENT-1] in
        --engine) compadd -- ${(f)"$($command engines 2>/dev/null | sed -n 's/^\([a-z][^ ]*\) .*/\1/p')"} ;;
        --abi) compadd -- ${(f)"$($command abis 2>/dev/null | sed 's/ .*//')"} ;;
        *) _files ;;
    esac
fi
