#!/usr/bin/env python3
"""Writes docs/performance.md and its plots from results: those of the benchmark programs and of peers/run.py.

usage: report.py FOLDER [DOCS]      FOLDER has bench_*.json (--benchmark_out) and peers.json (peers/run.py --out), each of which may
                                    be missing; DOCS is where the report is written, docs/ if not told
"""
import json
import pathlib
import re
import sys

import plot

DOCS = pathlib.Path(__file__).resolve().parents[1] / "docs"
# What a pair of benchmarks is for people, and the ratio to reach, if one was set. Others are listed under their own names.
KNOWN = {
    "calls/add": ("bound `add(i32, i32)`", 1.25),
    "calls/host_lambda": ("guest calls a host lambda", 1.3),
    "wapc/echo_16": ("waPC echo, 16 B", 1.4),
    "wapc/echo_16_reused": ("waPC echo, 16 B, into a kept buffer", 1.4),
    "wapc/echo_16_many": ("waPC echo, 16 B, `invoke_many` of 100", None),
    "wapc/host_call_16": ("waPC with one host call, 16 B", 1.4),
    "wapc/host_call_16_reused": ("waPC with one host call, 16 B, into a kept buffer", 1.4),
    "wapc/echo_64k": ("waPC echo, 64 KiB, copied out", 1.2),
    "wapc/echo_64k_reused": ("waPC echo, 64 KiB, into a kept buffer", None),
    "wapc/echo_64k_in_place": ("waPC echo, 64 KiB, seen in place (bare: one memcpy)", 1.48),
    "wapc/host_call_64k": ("waPC with one host call, 64 KiB", None),
    "wapc/host_call_64k_reused": ("waPC with one host call, 64 KiB, into a kept buffer", None),
    "wapc/echo_1m": ("waPC echo, 1 MiB, copied out", None),
    "wapc/echo_1m_reused": ("waPC echo, 1 MiB, into a kept buffer", None),
    "wapc/echo_1m_in_place": ("waPC echo, 1 MiB, seen in place (bare: one memcpy)", None),
    "wapc/echo_64m": ("waPC echo, 64 MiB, copied out", None),
    "wapc/echo_64m_reused": ("waPC echo, 64 MiB, into a kept buffer", None),
    "wapc/echo_64m_in_place": ("waPC echo, 64 MiB, seen in place (bare: one memcpy)", None),
    "wapc/echo_256m_in_place": ("waPC echo, 256 MiB, seen in place (bare: one memcpy)", None),
    "wapc/rust_echo": ("Rust plugin, echo", 1.2),
    "wapc/rust_echo_reused": ("Rust plugin, echo, into a kept buffer", None),
    "wapc/rust_ping": ("Rust plugin, ping", 1.2),
    "wapc/rust_ping_reused": ("Rust plugin, ping, into a kept buffer", None),
    "wapc/assemblyscript_hello": ("AssemblyScript plugin, hello", 1.2),
    "wapc/assemblyscript_hello_reused": ("AssemblyScript plugin, hello, into a kept buffer", None),
    "wapc/zig_hello": ("Zig plugin, hello", 1.2),
    "wapc/zig_hello_reused": ("Zig plugin, hello, into a kept buffer", None),
    "hookr/echo_16/16": ("hookr echo, 16 B", 1.4),
    "hookr/echo_64k/65536": ("hookr echo, 64 KiB", 1.2),
    "wasp/text/16": ("wasp string to string, 16 B", 1.6),
    "wasp/text_of_1024/1024": ("wasp string to string, 1 KiB", None),
    "wasp/callback/16": ("wasp, guest calls back with a string of 16 B", None),
    "aspect/text": ("aspect, one string, gas counted", 1.8),
    "aspect/host_call": ("aspect, guest calls the host with a string", None),
    "codec/encode": ("MessagePack, struct of 5 fields written (bare: msgpack-cxx by hand)", 1.2),
    "codec/decode": ("MessagePack, struct of 5 fields read (bare: msgpack-cxx by hand)", 1.2),
    "fresh/empty_1": ("fresh sandbox and call, one page touched", 1.5),
    "fresh/image_1": ("fresh sandbox and call, guest with 2 MiB of data", 1.5),
    "fresh/image_16": ("fresh sandbox and call, 16 pages of 2 MiB written", 1.5),
}
# Results that stand alone: label, what is read, goal as text, whether it is reached.
ALONE = {
    "w3bstream/record_quiet/16": ("W3bstream record of 16 B on a kept instance", "items_per_second", "≥ 2 million/s", lambda v: v >= 2e6),
    "w3bstream/record_quiet/1024": ("the same, record of 1 KiB", "items_per_second", "", None),
    "w3bstream/record_observed/16": ("W3bstream record, its log lines observed", "items_per_second", "", None),
    "w3bstream/record_observed/1024": ("the same, record of 1 KiB", "items_per_second", "", None),
    "w3bstream/fresh_event": ("W3bstream event, an instance for each", "items_per_second", "", None),
    "aspect/instrument/65536": ("gas rewriting, module of 64 KiB", "bytes_per_second", "≥ 20 MB/s", lambda v: v >= 20e6),
    "aspect/instrument/1048576": ("gas rewriting, module of 1 MiB", "bytes_per_second", "≥ 20 MB/s", lambda v: v >= 20e6),
    "aspect/instrument/8388608": ("gas rewriting, module of 8 MiB", "bytes_per_second", "≥ 20 MB/s", lambda v: v >= 20e6),
    "fresh/wapc/rust_copied": ("Rust waPC guest, fresh from its snapshot, and a call", "cpu_time", "≤ 20 µs", lambda v: v <= 20e3),
    "fresh/wapc/rust_started": ("the same, started for each call", "cpu_time", "", None),
    "fresh/wapc/tinygo_copied": ("TinyGo waPC guest, fresh from its snapshot, and a call", "cpu_time", "≤ 20 µs", lambda v: v <= 20e3),
    "fresh/wapc/tinygo_started": ("the same, started for each call", "cpu_time", "", None),
    "fresh/wapc/assemblyscript_copied": ("AssemblyScript waPC guest, fresh from its snapshot, and a call", "cpu_time", "", None),
    "fresh/wapc/assemblyscript_started": ("the same, started for each call", "cpu_time", "", None),
    "fresh/sequential_100000/iterations:1": ("100,000 fresh calls in a row: memory afterwards", "memory_growth", "flat", lambda v: v < 1 << 20),
    "cache/hit": ("file of 96 KB to first result, code in the cache", "real_time", "≤ 1 ms", lambda v: v <= 1e6),
    "cache/hit_new_runtime": ("the same, engine made anew, too", "real_time", "", None),
    "cache/compiled": ("the same, compiled", "real_time", "", None),
}
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
NATIVE = ("memcpy", "std::function")
PEER_ORDER = ("mortise", "mortise, in place", "bare", "wapc-rs", "wapc-go", "wapc-go, GOMAXPROCS=1", "extism", "hookr",
              "hookr, GOMAXPROCS=1", "wasp", "wasp, GOMAXPROCS=1")
# Tables of their own are for protocols whose cases begin with their names; the others are those of waPC and Extism.
OWN_TABLES = ("hookr", "wasp")


def read_runs(folder):
    """Every repetition as (name of the program and benchmark, result), and the reasons of those that could not be."""
    runs, reasons = [], {}
    for file in sorted(folder.glob("bench_*.json")):
        program = file.stem.removeprefix("bench_")
        try:
            told = json.loads(file.read_text())["benchmarks"]
        except (ValueError, KeyError):
            reasons[program] = "its program ended before its results were written"
            continue
        for run in told:
            name = program + "/" + run["run_name"]
            if run.get("error_occurred"):
                reasons[name] = run["error_message"]
            elif run["run_type"] == "iteration":
                runs.append((name, run))
    return runs, reasons


def ratios(runs):
    """(name, mortise ns, bare ns) of every pair NAME_mortise, NAME_bare: the least of the repetitions."""
    times = {}
    for name, run in runs:
        times.setdefault(name, []).append(run["cpu_time"] * UNITS[run["time_unit"]])
    for name, ours in times.items():
        bare = times.get(name.replace("_mortise", "_bare"))
        if "_mortise" in name and bare:
            yield name.replace("_mortise", ""), min(ours), min(bare)


def alone(runs):
    """Rows of the results that stand alone: the best of the repetitions."""
    seen = {}
    for name, run in runs:
        if name in ALONE:
            what = ALONE[name][1]
            seen.setdefault(name, []).append(run[what] * (UNITS[run["time_unit"]] if what.endswith("_time") else 1))
    for name, (label, what, goal, reached) in ALONE.items():
        if name not in seen:
            continue
        best = max(seen[name]) if what.endswith("per_second") else min(seen[name])
        text = {"items_per_second": per_second_text, "bytes_per_second": lambda v: f"{v / 1e6:.3g} MB/s",
                "memory_growth": lambda v: f"{v / 1024:.0f} KiB more"}.get(what, time_text)(best)
        yield label, text, goal, "" if reached is None else "yes" if reached(best) else "no"


def scaling(runs):
    """(name, calls a second on one thread, on two)."""
    seen = {}
    for name, run in runs:
        if name.startswith("scaling/"):
            title, threads = re.match(r"scaling/(\w+)/.*threads:(\d+)", name).groups()
            of = seen.setdefault(title, {})
            of[threads] = max(of.get(threads, 0), run["items_per_second"])
    for title, of in sorted(seen.items()):
        if {"1", "2"} <= set(of):
            yield title.replace("_", " "), of["1"], of["2"]


def label_of(name):
    return KNOWN.get(name, (re.sub(r"[_/]", " ", name), None))


def time_text(nanoseconds):
    for limit, unit, by in ((1e3, "ns", 1), (1e6, "µs", 1e3), (1e9, "ms", 1e6)):
        if nanoseconds < limit:
            number = nanoseconds / by
            return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"
    return f"{nanoseconds / 1e9:.2f} s"


def per_second_text(number):
    return f"{number / 1e6:.3g} million/s" if number >= 1e6 else f"{number / 1e3:.3g} thousand/s"


def bare_part(runs, docs):
    rows = sorted(ratios(runs), key=lambda row: list(KNOWN).index(row[0]) if row[0] in KNOWN else len(KNOWN))
    if not rows:
        return ["No results of the benchmark programs.", ""]
    out = ["| what | mortise | bare | ratio | to reach | reached |", "|---|---|---|---|---|---|"]
    for name, ours, bare in rows:
        label, goal = label_of(name)
        reached = "" if goal is None else "yes" if round(ours / bare, 2) <= goal else "no"
        out.append(f"| {label} | {time_text(ours)} | {time_text(bare)} | {ours / bare:.2f} | {'≤ ' + str(goal) if goal else ''} | {reached} |")
    plot.ratios(docs / "performance-bare.svg", "Time of a call as a multiple of the bare engine's (line: the same; ticks: to be reached)",
                [(re.sub(r"`| \(bare: .*\)", "", label_of(name)[0]), ours / bare, label_of(name)[1]) for name, ours, bare in rows])
    out += ["", "![Calls beside the bare engine](performance-bare.svg)", ""]
    return out


def alone_part(runs):
    out = []
    rows = list(alone(runs))
    if rows:
        out += ["## By themselves", "", "| what | result | to reach | reached |", "|---|---|---|---|"]
        out += [f"| {' | '.join(row)} |" for row in rows] + [""]
    rows = list(scaling(runs))
    if rows:
        out += ["## Two threads", "", "Calls a second, with instances of their own or leases of one pool; the machine's other users take from the second",
                "processor. To reach: 1.9 times.", "", "| what | one thread | two threads | ratio |", "|---|---|---|---|"]
        out += [f"| {name} | {one / 1e6:.3g} million/s | {two / 1e6:.3g} million/s | {two / one:.2f} |" for name, one, two in rows] + [""]
    return out


def missing_part(runs, reasons):
    """What should be in the tables above and is not, with the reason that its program gave, if it gave one."""
    there = {name for name, _, _ in ratios(runs)} | {name for name, _ in runs}
    out = []
    for name, (label, *_) in [*KNOWN.items(), *ALONE.items()]:
        if name in there:
            continue
        pair = [reason for told, reason in reasons.items() if told.replace("_mortise", "").replace("_bare", "") == name]
        out.append(f"- {label} (`{name}`): {(pair + [reasons.get(name.split('/')[0], 'no result of it')])[0]}.")
    return ["## Not measured", "", *out, ""] if out else []


def peer_goals(cases):
    """How much faster than others on 16 bytes, beside what the bare engine would be."""
    out, beyond = [], False
    for case in ("echo 16 B", "host call 16 B"):
        of = cases.get(case, {})
        for peer, goal in (("wapc-rs", 3.5), ("wapc-go", 6), ("wapc-go, GOMAXPROCS=1", 6)):
            if {peer, "mortise", "mortise, in place", "bare"} <= set(of):
                ratio, in_place, possible = (of[peer] / of[ours] for ours in ("mortise", "mortise, in place", "bare"))
                beyond |= possible < goal
                reached = "yes" if ratio >= goal else "in place" if in_place >= goal else "no"
                out.append(f"| {case}, {peer} | {ratio:.2f} | {in_place:.2f} | {possible:.2f} | ≥ {goal} | {reached} |")
    if not out:
        return []
    return ["How many times the calls of the other:", "", "| case, other | mortise | mortise, in place | the bare engine, copied out | to reach | reached |",
            "|---|---|---|---|---|---|",
            *out, "", *(["Where the bare engine does not reach it either, no host around it can that copies, which wapc-go does not.", ""] if beyond else [])]


def peers_table(cases):
    every = {peer for of_case in cases.values() for peer in of_case}
    columns = [peer for peer in PEER_ORDER if peer in every] + sorted(every - {*PEER_ORDER, *NATIVE}) + [peer for peer in NATIVE if peer in every]
    out = ["| case | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for case, of_case in cases.items():
        base = of_case.get("mortise")
        cells = []
        for peer in columns:
            if peer not in of_case:
                cells.append("")
            elif peer == "mortise" or not base:
                cells.append(time_text(of_case[peer]))
            else:
                cells.append(f"{time_text(of_case[peer])} ({plot.ratio_text(of_case[peer] / base)})")
        out.append(f"| {case} | " + " | ".join(cells) + " |")
    return [*out, ""], columns


def peers_family(family, cases, docs):
    """The table and the plot of one protocol's cases, and the peers in it that are other hosts."""
    table, columns = peers_table(cases)
    others = [peer for peer in columns if peer not in ("mortise", "mortise, in place", "bare", *NATIVE)]
    out = [f"### {family or 'waPC and Extism'}", "", *table]
    rows = []
    for case, of_case in cases.items():
        ratio = {peer: of_case[peer] / of_case["mortise"] for peer in others if peer in of_case and "mortise" in of_case}
        if ratio:
            rows.append((case, ratio))
    if rows:
        file = f"performance-peers{'-' + family if family else ''}.svg"
        plot.groups(docs / file, "Time on other hosts as a multiple of mortise's (line: the same; logarithmic)", others, rows)
        out += [f"![Calls on other hosts]({file})", ""]
    return out, others


def peers_part(results, docs):
    families = {}
    for case, of_case in results["cases"].items():
        family = next((name for name in OWN_TABLES if case.startswith(name + " ")), "")
        families.setdefault(family, {})[case] = of_case
    out, others = ["In brackets: as a multiple of mortise.", ""], []
    for family, cases in families.items():
        part, of_family = peers_family(family, cases, docs)
        out += part
        others += of_family
        if not family:
            out += peer_goals(cases)
    out += ["### What was measured", ""]
    versions = [f"{peer}: {version}" for peer, version in results["versions"].items() if version and peer in ("mortise", *others)]
    out += ["Versions:", "", *[f"- {version}" for version in versions], ""]
    if results["unsteady"]:
        out += ["Unsteady, the best round and the next more than a tenth apart:", "", *[f"- {doubt}" for doubt in results["unsteady"]], ""]
    if results["not_measured"]:
        out += ["Not measured:", "", *[f"- {name}: {reason}" for name, reason in results["not_measured"].items()], ""]
    return out


PEERS_TEXT = """The same guests with the same inputs, all in one run, taking turns. A figure is the mean over {seconds:g} s of calls in a row, after a
warm-up, and of {rounds} such rounds the least. The mean, since a call costs what its host's garbage collector costs, too, which never
falls into the best millisecond; the least of the rounds, since other programs on the machine are nobody's cost. Hosts in Go are there
twice: as they come, and with `GOMAXPROCS=1`, where their collector takes its turns between the calls instead of waking another
processor. What wapc-go and hookr return is the guest's memory and no copy, as "mortise, in place" does. The guest of a protocol is the
same on all hosts but Extism, whose own one hands its input back where it lies. Every host has its own defaults: mortise keeps a pool
of sandboxes, the others do not; a fresh sandbox of hookr is compiled anew, since it cannot drop an instance and keep its code. See
[bench/peers](../bench/peers)."""


def main():
    folder = pathlib.Path(sys.argv[1])
    docs = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else DOCS
    docs.mkdir(parents=True, exist_ok=True)
    runs, reasons = read_runs(folder)
    peers = json.loads((folder / "peers.json").read_text()) if (folder / "peers.json").exists() else None
    out = ["# Performance", "", "Generated by `make bench-report`; do not edit. Figures of one machine that other programs used at the same time:",
           "compare within a row, not across documents.", ""]
    if peers:
        of = peers["machine"]
        out += [f"Machine: {of['processor']}, {of['processors']} processors, {of['system']}.", ""]
    out += ["## Beside the bare engine", "",
            "\"Bare\" is the same work straight on Wasmtime's C API in the same process: unchecked calls, the same compile options, nothing",
            "around it but what the protocol and memory safety demand. mortise has its deadline, memory limit and all checks on.",
            "The least of interleaved repetitions: neither side has a garbage collector, whose turns that would leave out.", "",
            *bare_part(runs, docs), *alone_part(runs)]
    out += ["## Beside other hosts", ""]
    out += [PEERS_TEXT.format(**peers), "", *peers_part(peers, docs)] if peers else ["Not measured: bench/peers/run.py left no results.", ""]
    out += missing_part(runs, reasons)
    (docs / "performance.md").write_text("\n".join(out).rstrip() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
