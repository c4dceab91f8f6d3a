# Completion of the command mortise in fish, read off its own help.

function __mortise_commands
    mortise --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\)  *\(.*\)/\1\t\2/p'
end

function __mortise_options
    set -l words (commandline -opc)
    mortise $words[2] --help 2>/dev/null | sed -n 's/^  \(-[a-z], \)\{0,1\}\(--[a-z0-9-]*\).*/\2/p'
end

complete -c mortise -n 'test (count (commandline -opc)) -eq 1' -f -a '(__mortise_commands)'
complete -c mortise -n 'test (count (commandline -opc)) -gt 1; and string match -q -- "-*" (commandline -ct)' -f -a '(__mortise_options)'
