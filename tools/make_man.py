#!/usr/bin/env python3
"""Manual pages from what the command says with --help: make_man.py COMMAND FOLDER."""

import pathlib
import re
import subprocess
import sys


def ask(command, *arguments):
    return subprocess.run([command, *arguments], check=True, capture_output=True, text=True).stdout


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def sections(help_text):
    """The help's usage, its description, and its titled blocks."""
    usage, rest = help_text.split("\n", 1)
    blocks = [block.strip("\n") for block in rest.strip("\n").split("\n\n")]
    about = []
    while blocks and not re.match(r"[A-Z][^\n]*:\n", blocks[0]):
        about.append(" ".join(blocks.pop(0).split()))
    return usage.removeprefix("usage: "), about, blocks


def block(text):
    title, _, body = text.partition("\n")
    if not re.fullmatch(r"[A-Z].*:", title):
        return [".SH NOTES", roff(" ".join(text.split()))]
    out = [f".SH {roff(title.rstrip(':').upper())}"]
    if title == "Examples:":
        return out + [".nf", *(roff(line.strip()) for line in body.split("\n")), ".fi"]
    for line in body.split("\n"):
        item = re.match(r"  (\S.*?)(?:  +(\S.*))?$", line)
        if item and not line.startswith("   "):
            out += [".TP", f"\\fB{roff(item[1])}\\fR"] + ([roff(item[2])] if item[2] else [])
        else:
            out.append(roff(line.strip()))
    return out


STATUS = [".SH EXIT STATUS"] + [
    line for status, meaning in (
        ("0", "Done."),
        ("1", "The plugin failed: a trap, an error of its own, a limit."),
        ("2", "Wrong usage or input: no such file, no module, an unknown option, a missing import or export."),
        ("3", "Refused by policy."),
        ("4", "The host's environment failed."),
    ) for line in (".TP", status, roff(meaning))]
RUN_STATUS = [".PP", "When the guest exits by itself with 0 to 125, its own status; above that 1."]
ENVIRONMENT = [
    ".SH ENVIRONMENT",
    ".TP", "XDG_CACHE_HOME, HOME", roff("Where compiled code is kept: mortise/code in the first, else .cache/mortise/code in the second."),
    ".TP", "NO_COLOR, TERM", roff("No colour is written if the first is not empty or the second is dumb."),
]


def page(name, summary, version, help_text, see):
    usage, about, blocks = sections(help_text)
    out = [f'.TH {name.upper()} 1 "" "{version}"', ".SH NAME", f"{roff(name)} \\- {roff(summary)}"]
    out += [".SH SYNOPSIS", roff(usage), ".SH DESCRIPTION"]
    for paragraph in about:
        out += [".PP", roff(paragraph)]
    for each in blocks:
        out += block(each)
    if name != "mortise":   # whose help says it
        out += STATUS + (RUN_STATUS if name == "mortise-run" else [])
    out += ENVIRONMENT
    out += [".SH FILES", roff("command.md in the documentation folder (share/doc/mortise) has the formats of requests, outcomes and host files.")]
    out += [".SH SEE ALSO", ", ".join(f"\\fB{roff(other)}\\fR(1)" for other in see)]
    return "\n".join(out) + "\n"


def main():
    command, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    top = ask(command, "--help")
    listed = top.split("Commands:\n", 1)[1].split("\n\n", 1)[0]
    commands = dict(line.strip().split(None, 1) for line in listed.split("\n"))
    version = ask(command, "--version").strip()
    pages = {"mortise": page("mortise", "run WebAssembly plugins", version, top, [f"mortise-{name}" for name in commands])}
    for name, summary in commands.items():
        pages[f"mortise-{name}"] = page(f"mortise-{name}", summary, version, ask(command, name, "--help"), ["mortise"])
    for name, text in pages.items():
        (folder / f"{name}.1").write_text(text)


main()
