#!/usr/bin/env python3
"""Checks that every include respects the rooms of the house (ARCHITECTURE.md).

usage: check_layers.py [ROOT]        check the project at ROOT (default: the one this script is in)
       check_layers.py --self-test   plant forbidden includes in a scratch project and see each one found

Reads only #include lines of include/, src/, examples/ and bench/; prints one line for each that is not allowed.
"""

import pathlib
import re
import sys
import tempfile

# What each room may use, its own files aside. engines/* and abi/* are filled in from these two rows.
BELOW_ENGINES_AND_ABIS = {"base", "wasm", "engine"}
ROOMS = {
    "base": set(),
    "wasm": {"base"},
    "engine": {"base", "wasm"},
    "engines/*": BELOW_ENGINES_AND_ABIS,
    "wasi": BELOW_ENGINES_AND_ABIS,
    "abi": BELOW_ENGINES_AND_ABIS,
    "abi/*": BELOW_ENGINES_AND_ABIS | {"abi", "abi/message"},
    "codec": {"base"},
    "trust": {"base", "wasm"},
    "host": {"base", "wasm", "engine", "engines/*", "wasi", "abi", "abi/*", "codec", "trust"},
    "stream": set(),
    "capi": set(),
    "cli": set(),
}

# Folders of src/abi/ that are no ABI, but what several ABIs share.
SHARED_BY_ABIS = {"abi/message"}

# Public headers with a resource behind them: only for those who stand on top of the host.
RESOURCE_HEADERS = {"mortise.hpp", "runtime.hpp", "plugin.hpp", "instance.hpp", "pool.hpp", "slot.hpp", "function.hpp"}
RESOURCE_USERS = {"host", "stream", "capi", "cli"}

# Headers of other projects, by the beginning of their name, and the rooms that may include them.
VENDORS = {
    "wasmtime/wat.h": {"engines/wasmtime", "engines/wasmi"},
    "wasmtime": {"engines/wasmtime"},
    "wasm.h": {"engines/wasmtime", "engines/wasm_c_api"},
    "mortise_engines.h": {"engines/wasmtime", "engines/wasmi"},
    "nlohmann/": {"codec", "cli", "stream", "abi/w3bstream"},
    "msgpack": {"codec"},
    "sodium": {"trust", "abi/aspect", "wasi"},
    "nettle/": {"abi/aspect", "abi/w3bstream", "trust"},
    "secp256k1": {"abi/aspect", "trust"},
    "brotli/": {"abi/aspect", "abi/hookr", "abi/message", "abi/extism", "codec"},
    "CLI/": {"cli"},
    "toml++/": {"cli", "stream"},
    "sqlite3.h": {"stream", "abi/w3bstream", "abi/dataflow"},
    "spdlog/": {"cli", "stream"},
    "curl/": {"stream", "abi/w3bstream", "abi/extism"},
}

SYSTEM = re.compile(
    r"^(sys/|linux/|arpa/|netinet/|net/)|"
    r"^(unistd|fcntl|poll|dirent|dlfcn|pthread|sched|signal|spawn|termios|time|errno|limits|ucontext|"
    r"stdint|stddef|stdbool|stdio|stdlib|string|math|endian|netdb|ftw|glob|semaphore|getopt|pwd)\.h$"
)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
SUFFIXES = {".hpp", ".cpp", ".h", ".c"}


def room_of(path):
    """The room that a path below src/ belongs to: "engines/wasmtime" for src/engines/wasmtime/x.cpp."""
    parts = path.split("/")
    if parts[0] in ("engines", "abi") and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def allowed_rooms(room):
    group = room.split("/")[0] + "/*" if "/" in room else room
    return ROOMS.get(group)


def may_use(room, used):
    allowed = allowed_rooms(room)
    if room == used or used in allowed:
        return True
    if room in SHARED_BY_ABIS and used in SHARED_BY_ABIS:
        return True
    return "/" in used and used.split("/")[0] + "/*" in allowed


def internal_problem(room, name):
    if "/" not in name:
        return "write the path from src/, for example \"base/checked.hpp\""
    used = room_of(name)
    if allowed_rooms(used) is None:
        return f"there is no room {used}"
    return None if may_use(room, used) else f"{room} may not use {used}"


def public_problem(room, name):
    if name in RESOURCE_HEADERS and room not in RESOURCE_USERS:
        return f"{room} may use values of the public API, not <mortise/{name}>"
    if name.startswith("abi/") and room.startswith("abi/") and room not in SHARED_BY_ABIS:
        if not re.fullmatch(re.escape(room) + r"(_\w+)?\.hpp", name):
            return f"{room} may not know another ABI"
    if name.startswith("abi/") and (room.startswith("engine") or room == "wasi"):
        return f"{room} may not know an ABI"
    return None


def vendor_problem(room, name):
    if "/" not in name and "." not in name or SYSTEM.search(name):
        return None
    for beginning, rooms in VENDORS.items():
        if name.startswith(beginning):
            return None if room in rooms else f"<{name}> is for {', '.join(sorted(rooms))} alone"
    return f"<{name}> is not in the table of tools/check_layers.py"


def problem_of(part, room, bracket, name):
    """Why this include is not allowed, or None. part is the top folder, room the room below src/."""
    if part == "include":
        if bracket == '"':
            return "public headers include <mortise/...> and the standard library"
        if name.startswith("mortise/") or ("/" not in name and "." not in name):
            return None
        return f"a public header may not need <{name}>"
    if part in ("examples",):
        ours = bracket == "<" and name.startswith("mortise/") and not name.startswith("mortise/detail/")
        return None if ours or "/" not in name else "examples use the public API alone"
    if part == "bench":
        return None
    if bracket == '"':
        return internal_problem(room, name)
    if name.startswith("mortise/"):
        return public_problem(room, name.removeprefix("mortise/"))
    return vendor_problem(room, name)


def check(root):
    """(number of includes seen, problems) of the project at root."""
    seen, problems = 0, []
    for part in ("include", "src", "examples", "bench"):
        for path in sorted((root / part).rglob("*")):
            if path.suffix not in SUFFIXES or "crate" in path.parts:
                continue
            inside = path.relative_to(root / part).as_posix()
            room = room_of(inside) if part == "src" else part
            where = path.relative_to(root)
            if part == "src" and allowed_rooms(room) is None:
                problems.append(f"{where}: there is no room {room} in tools/check_layers.py")
                continue
            text = path.read_text(encoding="utf-8")
            for match in INCLUDE.finditer(text):
                seen += 1
                problem = problem_of(part, room, match.group(1), match.group(2))
                if problem:
                    line = text.count("\n", 0, match.start()) + 1
                    problems.append(f"{where}:{line}: {problem}")
    return seen, problems


# A file, an include line, and whether it is allowed there.
PLANTED = [
    ("src/base/a.cpp", '#include "base/text.hpp"', True),
    ("src/base/a.cpp", '#include "wasm/reader.hpp"', False),
    ("src/wasm/a.hpp", '#include "base/text.hpp"', True),
    ("src/wasm/a.hpp", '#include "engine/store.hpp"', False),
    ("src/engine/a.hpp", '#include "host/plugin.hpp"', False),
    ("src/engines/wasmi/a.cpp", '#include "engine/store.hpp"', True),
    ("src/engines/wasmi/a.cpp", '#include "engines/wasmtime/store.hpp"', False),
    ("src/engines/wasmi/a.cpp", '#include "abi/abi.hpp"', False),
    ("src/engines/wasmi/a.cpp", "#include <mortise_engines.h>", True),
    ("src/engines/wasmi/a.cpp", "#include <wasmtime.h>", False),
    ("src/engines/wasmi/a.cpp", "#include <wasmtime/wat.h>", True),
    ("src/engines/native/a.cpp", "#include <wasmtime/wat.h>", False),
    ("src/engines/wasmtime/a.cpp", "#include <wasmtime.h>", True),
    ("src/engines/wasmtime/a.cpp", "#include <wasmtime/store.h>", True),
    ("src/engines/native/a.cpp", "#include <mortise_engines.h>", False),
    ("src/engines/native/a.cpp", "#include <mortise/abi/wapc.hpp>", False),
    ("src/host/a.cpp", "#include <wasmtime.h>", False),
    ("src/host/a.cpp", '#include "engines/wasmtime/wasmtime_engine.hpp"', True),
    ("src/host/a.cpp", '#include "abi/wapc/wapc.hpp"', True),
    ("src/host/a.cpp", '#include "trust/digest.hpp"', True),
    ("src/host/a.cpp", '#include "cli/command.hpp"', False),
    ("src/host/a.cpp", "#include <mortise/runtime.hpp>", True),
    ("src/abi/wapc/a.cpp", '#include "abi/abi.hpp"', True),
    ("src/abi/wapc/a.cpp", '#include "abi/message/calls.hpp"', True),
    ("src/abi/wapc/a.cpp", '#include "abi/wasp/wasp.hpp"', False),
    ("src/abi/wapc/a.cpp", "#include <mortise/abi/wapc.hpp>", True),
    ("src/abi/wapc/a.cpp", "#include <mortise/abi/wapc_options.hpp>", True),
    ("src/abi/wapc/a.cpp", "#include <mortise/abi/wasp.hpp>", False),
    ("src/abi/wapc/a.cpp", '#include "engines/wasmtime/store.hpp"', False),
    ("src/abi/wapc/a.cpp", "#include <mortise/host_functions.hpp>", True),
    ("src/abi/wapc/a.cpp", "#include <mortise/plugin.hpp>", False),
    ("src/abi/message/a.cpp", '#include "abi/wapc/wapc.hpp"', False),
    ("src/abi/a.cpp", '#include "abi/wapc/wapc.hpp"', False),
    ("src/wasi/a.cpp", '#include "engine/store.hpp"', True),
    ("src/wasi/a.cpp", '#include "abi/abi.hpp"', False),
    ("src/wasi/a.cpp", "#include <sys/stat.h>", True),
    ("src/codec/a.cpp", "#include <nlohmann/json.hpp>", True),
    ("src/codec/a.cpp", '#include "wasm/reader.hpp"', False),
    ("src/trust/a.cpp", '#include "engine/engine.hpp"', False),
    ("src/cli/a.cpp", '#include "cli/command.hpp"', True),
    ("src/cli/a.cpp", "#include <mortise/mortise.hpp>", True),
    ("src/cli/a.cpp", '#include "base/text.hpp"', False),
    ("src/capi/a.cpp", '#include "host/plugin.hpp"', False),
    ("src/base/a.cpp", "#include <left_pad.hpp>", False),
    ("src/base/a.cpp", '#include "text.hpp"', False),
    ("src/attic/a.cpp", "#include <vector>", False),
    ("include/mortise/a.hpp", "#include <mortise/error.hpp>", True),
    ("include/mortise/a.hpp", "#include <vector>", True),
    ("include/mortise/a.hpp", '#include "base/text.hpp"', False),
    ("include/mortise/a.hpp", "#include <wasmtime.h>", False),
    ("include/mortise/a.hpp", "#include <nlohmann/json.hpp>", False),
    ("examples/a/main.cpp", "#include <mortise/mortise.hpp>", True),
    ("examples/a/main.cpp", '#include "base/text.hpp"', False),
]


def self_test():
    wrong = 0
    for file, line, fine in PLANTED:
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch) / file
            path.parent.mkdir(parents=True)
            path.write_text("#pragma once\n" + line + "\n", encoding="utf-8")
            _, problems = check(pathlib.Path(scratch))
        if (not problems) != fine:
            wrong += 1
            print(f"{file}: {line} should be {'allowed' if fine else 'found'}; said: {problems}")
    print(f"{len(PLANTED) - wrong} of {len(PLANTED)} planted includes judged right")
    return 1 if wrong else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).resolve().parent.parent)
    seen, problems = check(root)
    for problem in problems:
        print(problem)
    print(f"{seen} includes, {len(problems)} not allowed")
    return 1 if problems or seen == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
