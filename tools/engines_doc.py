#!/usr/bin/env python3
"""Writes docs/engines.md from what the engines say of themselves and from the results of the contract suite on each.

usage: engines_doc.py --mortise PROGRAM --tests PROGRAM [--results FILE.xml] [--check DOCUMENT] OUT

  --mortise  the command, asked for `mortise engines --json`
  --tests    the contract suite, test_engine; run unless --results has what it left (--gtest_output=xml:FILE)
  --check    compare with this document, and fail where it differs

Fails as well if a test failed, or if one was left out for any other reason than a capability that the engine does not claim.
"""

import argparse
import difflib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = ROOT / "include/mortise/engine_info.hpp"
SKIP = re.compile(r"(\w+) says it has no (\w+)$")

# How the suite sets each engine up; an engine under test that is not named here is an error, so that none goes unexplained.
SETUPS = {
    "wasmtime": "Wasmtime as it is by default: Cranelift, pooled instances",
    "wasmtime_unpooled": "without the pool",
    "wasmtime_bounds_checked": "with no address space reserved: every access is checked in the code",
    "wasmtime_winch": "the baseline compiler",
    "wasmtime_pulley": "the interpreter, for hosts without executable memory",
    "wasmtime_rewritten": "fuel and interruption by checks that mortise puts into the code",
    "wasmi": "Wasmi as it is by default",
    "wasmi_rewritten": "fuel and interruption by checks in the code",
    "wasm_c_api_wasmi": "Wasmi's own C API as a shared library, through the standard `wasm.h` alone",
    "wasm_c_api_wasmi_rewritten": "the same with checks in the code, which is what `--engine wasm-c-api:PATH` gives",
}


# Where the header has no need to say more than the name.
PLAIN = {"reference_types": "`funcref` and `externref` cross the seam", "multi_memory": "several memories in a module",
         "backtrace": "the guest's frames at a trap"}


def meanings():
    """What the header says of each capability."""
    found = {}
    for line in HEADER.read_text().splitlines():
        field = re.match(r"\s+bool (\w+) = false;\s*(?:///< (.*))?$", line)
        if field:
            found[field[1]] = field[2] or PLAIN[field[1]]
    return found


def metering(engine, name):
    can = engine["capabilities"]
    if not can[name]:
        return "no"
    return "rewritten" if can["rewritten_metering"] else "native"


def capability_table(engines):
    names = [name for name in engines[0]["capabilities"] if name != "rewritten_metering"]
    explained = meanings()
    lines = ["| capability | what | " + " | ".join(engine["name"] for engine in engines) + " |",
             "|---|---|" + "---|" * len(engines)]
    for name in names:
        metered = name in ("interrupt", "fuel")
        cells = [metering(engine, name) if metered else ("yes" if engine["capabilities"][name] else "no")
                 for engine in engines]
        lines.append(f"| `{name}` | {explained[name]} | " + " | ".join(cells) + " |")
    return lines


class Results:
    """Of the suites that run on each engine: counts by suite and set-up, and why cases were left out."""

    def __init__(self, path):
        self.suites, self.setups, self.claims = [], [], {}
        self.ran, self.skipped, self.reasons = {}, {}, {}
        for suite in xml.etree.ElementTree.parse(path).getroot():
            for case in suite:
                self.add(suite.get("name"), case)
        self.check()

    def add(self, suite, case):
        label = f"{suite}.{case.get('name')}"
        if case.find("failure") is not None:
            sys.exit(f"engines_doc: {label} fails")
        skipped = case.find("skipped")
        if not suite.startswith("Engines/"):
            if skipped is not None:
                sys.exit(f"engines_doc: {label} was left out: {skipped.get('message')}")
            return
        suite, setup = suite.removeprefix("Engines/"), case.get("name").rsplit("/", 1)[1]
        if setup not in SETUPS:
            sys.exit(f"engines_doc: {setup} is a new set-up of an engine: say in this script what it is")
        if suite not in self.suites:
            self.suites.append(suite)
        if setup not in self.setups:
            self.setups.append(setup)
        for item in case.iterfind("properties/property"):
            self.claims.setdefault(setup, {})[item.get("name")] = item.get("value")
        if skipped is None:
            self.ran[suite, setup] = self.ran.get((suite, setup), 0) + 1
            return
        said = SKIP.search(skipped.get("message").strip())
        if not said or said[1] != setup:
            sys.exit(f"engines_doc: {label} was left out, and not by MORTISE_NEEDS: {skipped.get('message')}")
        self.skipped[suite, setup] = self.skipped.get((suite, setup), 0) + 1
        self.reasons.setdefault((setup, said[2]), []).append(suite)

    def check(self):
        for (setup, capability), suites in self.reasons.items():
            if self.claims.get(setup, {}).get(capability) != "no":
                sys.exit(f"engines_doc: {setup} claims {capability}, and cases of {suites[0]} are left out for it")

    def cell(self, suite, setup):
        ran, skipped = self.ran.get((suite, setup), 0), self.skipped.get((suite, setup), 0)
        if not ran and not skipped:
            return ""
        return f"{ran} + {skipped} out" if skipped else str(ran)

    def table(self, setups):
        lines = ["| suite | " + " | ".join(f"`{setup}`" for setup in setups) + " |", "|---|" + "---|" * len(setups)]
        for suite in self.suites:
            lines.append(f"| {suite} | " + " | ".join(self.cell(suite, setup) for setup in setups) + " |")
        return lines

    def why(self):
        lines = ["| set-up | says it has no | cases left out |", "|---|---|---|"]
        for setup in self.setups:
            for (whose, capability), suites in self.reasons.items():
                if whose != setup:
                    continue
                counts = ", ".join(f"{suites.count(suite)} of {suite}" for suite in self.suites if suite in suites)
                lines.append(f"| `{setup}` | `{capability}` | {counts} |")
        return lines


def document(engines, results):
    lines = ["# What each engine can do, and what was tested", "",
             "Made by `tools/engines_doc.py` (`make engines-doc`) from `mortise engines --json` and from the results of the",
             "contract suite in `tests/engine`; a test compares it with what they say now.", "",
             "## What they say of themselves", ""]
    for engine in engines:
        name = engine["name"] + (f" {engine['version']}" if engine["version"] else "")
        lines.append(f"- **{name}**: {engine['description']}")
    lines += ["", "Asking for what an engine lacks fails when the plugin is loaded. `native` metering is the engine's own;",
              "`rewritten` is done by checks that mortise puts into the code, and a unit of fuel is then an instruction. What a",
              "library behind `wasm-c-api` takes beyond this (several memories) is found out when it is opened.", ""]
    lines += capability_table(engines)
    lines += ["", "## The contract suite on each set-up", ""]
    lines += [f"- `{setup}`: {SETUPS[setup]}" for setup in results.setups]
    lines += ["", "Cases that passed; \"out\" are those that the engine is not asked for, since it does not claim what they need. A",
              "case that was left out for something that the engine claims would fail the making of this document.", ""]
    compiled = [setup for setup in results.setups if setup.startswith("wasmtime")]
    others = [setup for setup in results.setups if setup not in compiled]
    lines += results.table(compiled) + [""] + results.table(others)
    lines += ["", "What was left out, and why:", ""] + results.why()
    lines += ["", "Native modules are C++: `tests/native` has their suites. Engines on the same generated modules are compared by",
              "`tests/differential` and by the fuzzer `engines`; the suites of the host and of every ABI run on Wasmtime and Wasmi."]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description="writes docs/engines.md")
    parser.add_argument("--mortise", required=True)
    parser.add_argument("--tests", required=True)
    parser.add_argument("--results")
    parser.add_argument("--check")
    parser.add_argument("out")
    given = parser.parse_args()
    engines = json.loads(subprocess.run([given.mortise, "engines", "--json"], check=True, capture_output=True).stdout)
    with tempfile.TemporaryDirectory() as scratch:
        results = given.results
        if not results:
            results = os.path.join(scratch, "results.xml")
            environment = {name: value for name, value in os.environ.items() if not name.startswith(("MORTISE_TEST_", "GTEST_"))}
            run = subprocess.run([given.tests, "--gtest_brief=1", f"--gtest_output=xml:{results}"], env=environment,
                                 stdout=subprocess.PIPE, text=True)
            if run.returncode != 0:
                sys.exit(run.stdout)
        text = document(engines, Results(results))
    pathlib.Path(given.out).write_text(text)
    if given.check:
        committed = pathlib.Path(given.check).read_text()
        if committed != text:
            sys.stdout.writelines(difflib.unified_diff(committed.splitlines(True), text.splitlines(True), given.check, given.out))
            sys.exit(f"engines_doc: {given.check} is out of date: make engines-doc")


if __name__ == "__main__":
    main()
