#!/usr/bin/env python3
"""Builds the peers from their registries (or a given source folder) and runs the same guests with the same inputs on all of them.

usage: run.py PEER_OURS [--out RESULTS.json] [--seconds S] [--rounds N] [--only PEER,...] [--shared FOLDER]

Each peer is a program that takes the list of cases and prints a line of JSON for each case that it can run: the mean of what fitted into
the seconds. All peers take turns in each round; a case's figure is the least of the rounds. A peer or a case that cannot be built or run
is named with the reason, never left out. See README.md for what each peer needs.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STEADY = 1.1   # how far the second best round may be from the best
PLUGINS = [("Rust echo", "rust_guest_test.wasm", "echo", b"\xa5hello"), ("Rust ping", "rust_basic.wasm", "ping", b"hello"),
           ("AssemblyScript hello", "assemblyscript_hello.wasm", "hello", b"World")]


class NotMeasured(Exception):
    pass


def cache():
    base = os.environ.get("MORTISE_CACHE_DIR") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "mortise")
    return pathlib.Path(base) / "peers"


def run(command, **more):
    name = next(pathlib.Path(part).name for part in command if part not in ("nice", "-n", "10", "env", "GOMAXPROCS=1"))
    try:
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    except subprocess.TimeoutExpired as error:
        raise NotMeasured(f"{name}: not done in {error.timeout:.0f} s") from error
    except OSError as error:
        raise NotMeasured(f"{name}: {error.strerror}") from error
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        told = [line for line in lines if line.startswith("error")][:3] or lines[-3:]
        said = " / ".join(told)[:300] or f"ended with {done.returncode}"
        for path, short in ((cache(), "CACHE"), (ROOT, "."), (pathlib.Path.home(), "~")):
            said = said.replace(str(path), short)
        raise NotMeasured(f"{name}: {said}")
    return done.stdout


def need(tool):
    if not shutil.which(tool):
        raise NotMeasured(f"{tool} is not installed")


def nice(*command):
    return ["nice", "-n", "10", *command]


def rust(folder, source_variable, crates):
    """A peer of cargo; the variable names a checkout to take the crates from instead of the registry."""
    need("cargo")
    target = cache() / "cargo"
    source, more = HERE / folder, ["--locked"]
    given = os.environ.get(source_variable)
    if given:
        # In a copy, since cargo writes to the lock file what it took instead.
        for part in ("rust", folder):
            shutil.copytree(HERE / part, cache() / "given" / part, dirs_exist_ok=True)
        source, more = cache() / "given" / folder, []
        for crate, path in crates:
            more += ["--config", f'patch.crates-io.{crate}.path="{pathlib.Path(given).resolve() / path}"']
    run(nice("cargo", "build", "--release", "--quiet", "--manifest-path", source / "Cargo.toml", "--target-dir", target, *more))
    return target / "release" / f"peer-{folder}"


def go(folder, source_variable, module):
    """A peer of Go; the variable names a checkout of the module to use instead of the registry."""
    need("go")
    given = os.environ.get(source_variable)
    work = cache() / "go" / folder
    for part in ("go", folder):
        shutil.copytree(HERE / part, work.parent / part, dirs_exist_ok=True)
    if given:
        run(["go", "mod", "edit", f"-replace={module}={pathlib.Path(given).resolve()}"], cwd=work)
        run(["go", "mod", "tidy"], cwd=work)
    run(nice("go", "build", "-o", f"peer-{folder}", "."), cwd=work)
    return work / f"peer-{folder}"


def of_source(folder, module):
    """A peer of Go whose module is not to be had by name: from a checkout of it, or a program that somebody built."""
    name = folder.upper()
    program = os.environ.get(f"{name}_PEER")
    if program:
        return program
    if not os.environ.get(f"{name}_SOURCE"):
        raise NotMeasured(f"its module is not to be had by name: set {name}_SOURCE to a checkout of it, or {name}_PEER to a program "
                          "that follows bench/peers/README.md")
    return go(folder, f"{name}_SOURCE", module)


PEERS = {
    "wapc-rs": lambda: [rust("wapc-rs", "WAPC_RS_SOURCE", [("wapc", "crates/wapc"), ("wasmtime-provider", "crates/wasmtime-provider")])],
    "extism": lambda: [rust("extism", "EXTISM_SOURCE", [("extism", "runtime")])],
    "wapc-go": lambda: [go("wapc-go", "WAPC_GO_SOURCE", "github.com/wapc/wapc-go")],
    # Go's collector on the processor of the calls: its default wakes the others for it, which may cost more than it saves.
    "wapc-go-1": lambda: ["env", "GOMAXPROCS=1", go("wapc-go", "WAPC_GO_SOURCE", "github.com/wapc/wapc-go")],
    "hookr": lambda: [of_source("hookr", "github.com/mopeyjellyfish/hookr")],
    "hookr-1": lambda: ["env", "GOMAXPROCS=1", of_source("hookr", "github.com/mopeyjellyfish/hookr")],
    "wasp": lambda: [of_source("wasp", "github.com/nicholasjackson/wasp")],
    "wasp-1": lambda: ["env", "GOMAXPROCS=1", of_source("wasp", "github.com/nicholasjackson/wasp")],
}


def make_cases(ours, folder, shared):
    """The file that lists the cases, and what is not among them for which reason."""
    run([ours, "guests", folder])
    payloads, missing = {}, {}

    def payload(data):
        path = payloads.setdefault(data, folder / f"payload{len(payloads)}")
        path.write_bytes(data)
        return path

    wapc, extism, hookr, wasp = (folder / f"{name}.wasm" for name in ("wapc", "extism", "hookr", "wasp"))
    small, large = payload(b"x" * 16), payload(b"x" * 65536)
    cases = [("numbers", "add(i32, i32)", folder / "numbers.wasm", "add", small),
             ("wapc", "echo 16 B", wapc, "echo", small), ("extism", "echo 16 B", extism, "echo", small),
             ("wapc", "host call 16 B", wapc, "ask", small),
             ("wapc", "echo 64 KiB", wapc, "echo", large), ("extism", "echo 64 KiB", extism, "echo", large)]
    for name, file, operation, data in PLUGINS:
        if (shared / "plugins" / "wapc" / file).exists():
            cases.append(("wapc", name, shared / "plugins" / "wapc" / file, operation, payload(data)))
        else:
            missing[name] = f"the plugin {file} is not there"
    cases += [("wapc-fresh", "fresh sandbox, echo 16 B", wapc, "echo", small),
              ("extism-fresh", "fresh sandbox, echo 16 B", extism, "echo", small),
              ("hookr", "hookr echo 16 B", hookr, "echo", small), ("hookr", "hookr host call 16 B", hookr, "ask", small),
              ("hookr", "hookr echo 64 KiB", hookr, "echo", large), ("hookr-fresh", "hookr fresh sandbox, echo 16 B", hookr, "echo", small),
              ("wasp-numbers", "wasp add(i32, i32)", wasp, "add", small), ("wasp", "wasp string to string 16 B", wasp, "shout", small),
              ("wasp", "wasp callback with a string of 16 B", wasp, "ask", small),
              ("wasp-fresh", "wasp fresh sandbox, string to string 16 B", wasp, "shout", small)]
    listing = folder / "cases.tsv"
    listing.write_text("".join("\t".join(str(field) for field in case) + "\n" for case in cases))
    return listing, missing


def build(names):
    programs, missing = {}, {}
    for name in names:
        print(f"building {name}", file=sys.stderr)
        try:
            programs[name] = PEERS[name]()
        except NotMeasured as error:
            missing[name] = str(error)
    return programs, missing


def measure(programs, missing, cases, seconds, rounds):
    """The times of every round by case and peer, and the peers' versions."""
    times, versions = {}, {}
    for turn in range(rounds):
        for name, command in list(programs.items()):
            print(f"round {turn + 1} of {rounds}: {name}", file=sys.stderr)
            try:
                lines = run([*command, cases, seconds], timeout=120 + 100 * seconds).splitlines()
            except NotMeasured as error:
                missing[name] = str(error)
                del programs[name]
                continue
            for line in lines:
                told = json.loads(line)
                times.setdefault(told["case"], {}).setdefault(told["peer"], []).append(told["ns"])
                versions[told["peer"]] = told["version"]
    return times, versions


def unsteady(times):
    """Cases whose best round no other one comes near: the machine was busy, or the peer is different each time."""
    out = []
    for case, of_case in times.items():
        for peer, rounds in of_case.items():
            best, *others = sorted(rounds)
            if others and others[0] > STEADY * best:
                digits = 0 if best >= 100 else 1
                out.append(f"{case}, {peer}: {best:.{digits}f} ns, the next round {others[0]:.{digits}f} ns")
    return out



def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return {"processor": model, "processors": os.cpu_count(), "system": f"{platform.system()} {platform.release().split('-')[0]}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ours", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--shared", type=pathlib.Path, default=ROOT.parent / "shared", help="folder of the real plugins")
    options = parser.parse_args()
    names = [name for name in PEERS if not options.only or name in options.only.split(",")]
    programs, missing = build(names)
    missing |= {name: "left out of this run" for name in PEERS if name not in names}
    with tempfile.TemporaryDirectory() as folder:
        ours = options.ours.resolve()
        cases, left_out = make_cases(ours, pathlib.Path(folder), options.shared.resolve())
        missing |= left_out
        times, versions = measure({"mortise": [ours, "run"], **programs}, missing, cases, options.seconds, options.rounds)
    results = {case: {peer: min(rounds) for peer, rounds in of_case.items()} for case, of_case in times.items()}
    for case, peers in results.items():
        base = peers.get("mortise")
        print(f"\n{case}")
        for peer, nanoseconds in sorted(peers.items(), key=lambda item: item[1]):
            ratio = f"{nanoseconds / base:8.2f} x mortise" if base else ""
            print(f"  {peer:20} {nanoseconds:12.1f} ns {ratio}")
    print()
    for doubt in unsteady(times):
        print(f"unsteady: {doubt}")
    for name, reason in missing.items():
        print(f"not measured: {name}: {reason}")
    if options.out:
        told = {"machine": machine(), "seconds": options.seconds, "rounds": options.rounds, "versions": versions, "cases": results,
                "unsteady": unsteady(times), "not_measured": missing}
        options.out.write_text(json.dumps(told, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NotMeasured as error:
        sys.exit(f"run.py: {error}")
