#!/usr/bin/env python3
"""Counts the instructions of the hot paths and compares them with the committed numbers, so that noise cannot hide a slow-down.

usage: check.py PROGRAM KEY [--update]

Counts differ between compilers and their options, hence a set of numbers for each KEY (compiler, build type, optimisation), and between
processors, since C libraries and engines choose instructions by what there is. Ends with status 77 where there is nothing to compare: no
valgrind, or no numbers for this KEY and kind of processor. A count may be its tolerance above its number; what is that much below it should
be committed with --update, together with the change that earned it.
"""
import json
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

NUMBERS = pathlib.Path(__file__).with_name("numbers.json")
TOLERANCE = 0.03   # and three instructions
LOOSE = {"fresh_wapc_echo": 0.08}   # where the engine sometimes has more to clear
RUNS = {"fresh_wapc_echo": 50}


def processor():
    """What decides over instructions: valgrind shows programs nothing newer than AVX2."""
    machine = platform.machine()
    if machine != "x86_64":
        return machine
    flags = set()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            flags = set(line.split())
            break
    return "x86-64-v3" if {"avx2", "bmi2", "fma", "movbe"} <= flags else "x86-64"


def count(program):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        run = subprocess.run(["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", program],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if run.returncode != 0:
            sys.exit(f"check.py: {program} failed under valgrind:\n{run.stdout}")
        least = {}
        for part in pathlib.Path(folder).glob("out.*"):
            text = part.read_text(errors="replace")
            name = re.search(r"^desc: Trigger: Client Request: (\w+)", text, re.M)
            total = re.search(r"^(?:summary|totals): (\d+)", text, re.M)
            if name and total:
                each = int(total[1]) / RUNS.get(name[1], 500)
                least[name[1]] = min(least.get(name[1], each), each)
    return {name: round(number) for name, number in sorted(least.items())}


def main():
    program, key = sys.argv[1:3]
    key += " " + processor()
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not installed")
        return 77
    committed = json.loads(NUMBERS.read_text()) if NUMBERS.exists() else {}
    if "--update" not in sys.argv and key not in committed:
        print(f"skipped: no committed numbers for {key}; check.py --update adds them")
        return 77
    counted = count(program)
    if not counted:
        sys.exit("check.py: nothing was counted: was the program built without valgrind/callgrind.h?")
    if "--update" in sys.argv:
        committed[key] = counted
        NUMBERS.write_text(json.dumps(committed, indent=2, sort_keys=True) + "\n")
        print(json.dumps(counted, indent=2))
        return 0
    failed = 0
    for name in sorted(set(counted) | set(committed[key])):
        have, want = counted.get(name), committed[key].get(name)
        verdict = "ok"
        if have is None or want is None:
            verdict, failed = "MISSING", failed + 1
        elif have > want * (1 + LOOSE.get(name, TOLERANCE)) + 3:
            verdict, failed = "SLOWER", failed + 1
        elif have < want * (1 - LOOSE.get(name, TOLERANCE)) - 3:
            verdict = "faster: commit the new number"
        print(f"{name:20} {have!s:>8} instructions, committed {want!s:>8}  {verdict}")
    if failed:
        print(f"If that is meant, commit what this writes, and say why:\n  python3 {' '.join(sys.argv)} --update")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
