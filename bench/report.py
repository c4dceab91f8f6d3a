#!/usr/bin/env python3
"""Writes docs/performance.md and its plots from results: those of the benchmark programs and of peers/run.py.

usage: report.py FOLDER      with bench_*.json (--benchmark_out) and peers.json (peers/run.py --out), each of which may be missing
"""
import html
import json
import pathlib
import re
import sys

DOCS = pathlib.Path(__file__).resolve().parents[1] / "docs"
# What a pair of benchmarks is for people, and the ratio to reach. Others are listed under their own names.
KNOWN = {
    "calls/add": ("bound `add(i32, i32)`", 1.25),
    "calls/host_lambda": ("guest calls a host lambda", 1.3),
    "wapc/echo_16": ("waPC echo, 16 B", 1.4),
    "wapc/echo_16_reused": ("waPC echo, 16 B, into a kept buffer", 1.4),
    "wapc/echo_16_many": ("waPC echo, 16 B, `invoke_many` of 100", None),
    "wapc/host_call_16": ("waPC with one host call, 16 B", 1.4),
    "wapc/host_call_16_reused": ("waPC with one host call, 16 B, into a kept buffer", 1.4),
    "wapc/echo_64k": ("waPC echo, 64 KiB, copied out", 1.2),
    "wapc/echo_64k_in_place": ("waPC echo, 64 KiB, seen in place (bare: one memcpy)", 1.48),
    "wapc/echo_1m_in_place": ("waPC echo, 1 MiB, seen in place (bare: one memcpy)", None),
    "wapc/echo_64m_reused": ("waPC echo, 64 MiB, into a kept buffer", None),
    "wapc/echo_64m_in_place": ("waPC echo, 64 MiB, seen in place (bare: one memcpy)", None),
    "wapc/echo_256m_in_place": ("waPC echo, 256 MiB, seen in place (bare: one memcpy)", None),
    "wapc/rust_echo": ("Rust plugin, echo", 1.2),
    "wapc/rust_ping": ("Rust plugin, ping", 1.2),
    "wapc/assemblyscript_hello": ("AssemblyScript plugin, hello", 1.2),
    "wapc/zig_hello": ("Zig plugin, hello", 1.2),
    "hookr/echo_16/16": ("hookr echo, 16 B", 1.4),
    "hookr/echo_64k/65536": ("hookr echo, 64 KiB", 1.2),
    "wasp/text/16": ("wasp string to string, 16 B", 1.6),
    "wasp/callback/16": ("wasp, guest calls back with a string of 16 B", None),
    "aspect/text": ("aspect, one string, gas counted", 1.8),
    "aspect/host_call": ("aspect, guest calls the host with a string", None),
    "codec/encode": ("MessagePack, struct of 5 fields written (bare: msgpack-cxx by hand)", 1.2),
    "codec/decode": ("MessagePack, struct of 5 fields read (bare: msgpack-cxx by hand)", 1.2),
    "fresh/empty_1": ("fresh sandbox and call, one page touched", 1.5),
    "fresh/image_1": ("the same, guest with 2 MiB of data", 1.5),
    "fresh/image_16": ("the same, 16 pages of the data written", 1.5),
}
# Results that stand alone: label, what is read, goal as text, whether it is reached.
ALONE = {
    "w3bstream/record_quiet/16": ("W3bstream record on a kept instance", "items_per_second", "≥ 2 million/s", lambda v: v >= 2e6),
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
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6}


def runs_of(folder):
    """(name of the program and benchmark, result) of every repetition."""
    for file in sorted(folder.glob("bench_*.json")):
        for run in json.loads(file.read_text())["benchmarks"]:
            if run["run_type"] == "iteration" and not run.get("error_occurred"):
                yield file.stem.removeprefix("bench_") + "/" + run["run_name"], run


def ratios(folder):
    """(name, mortise ns, bare ns) of every pair NAME_mortise, NAME_bare: the least of the repetitions."""
    times = {}
    for name, run in runs_of(folder):
        times.setdefault(name, []).append(run["cpu_time"] * UNITS[run["time_unit"]])
    for name, ours in times.items():
        bare = times.get(name.replace("_mortise", "_bare"))
        if "_mortise" in name and bare:
            yield name.replace("_mortise", ""), min(ours), min(bare)


def alone(folder):
    """Rows of the results that stand alone: the best of the repetitions."""
    seen = {}
    for name, run in runs_of(folder):
        if name in ALONE:
            what = ALONE[name][1]
            seen.setdefault(name, []).append(run[what] * (UNITS[run["time_unit"]] if what.endswith("_time") else 1))
    for name, (label, what, goal, reached) in ALONE.items():
        if name not in seen:
            continue
        best = max(seen[name]) if what.endswith("per_second") else min(seen[name])
        text = {"items_per_second": lambda v: f"{v / 1e6:.3g} million/s", "bytes_per_second": lambda v: f"{v / 1e6:.3g} MB/s",
                "memory_growth": lambda v: f"{v / 1024:.0f} KiB more"}.get(what, time_text)(best)
        yield label, text, goal, "" if reached is None else "yes" if reached(best) else "no"


def scaling(folder):
    """(name, calls a second on one thread, on two)."""
    seen = {}
    for name, run in runs_of(folder):
        if name.startswith("scaling/"):
            title, threads = re.match(r"scaling/(\w+)/.*threads:(\d+)", name).groups()
            of = seen.setdefault(title, {})
            of[threads] = max(of.get(threads, 0), run["items_per_second"])
    for title, of in seen.items():
        if {"1", "2"} <= set(of):
            yield title.replace("_", " "), of["1"], of["2"]


def label_of(name):
    return KNOWN.get(name, (re.sub(r"[_/]", " ", name), None))


def bars(path, title, rows, mark=None):
    """Horizontal bars: rows of (label, length, text)."""
    line = 24
    left = 24 + 7 * max(len(label) for label, _, _ in rows)   # about the width of a letter at this size
    width = left + 490
    longest = max(length for _, length, _ in rows)
    scale = (width - left - 90) / longest
    height = 44 + line * len(rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
           f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
           f'<text x="12" y="22" font-size="15" fill="#222222">{html.escape(title)}</text>']
    for i, (label, length, text) in enumerate(rows):
        y = 36 + line * i
        out.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end" fill="#222222">{html.escape(label)}</text>')
        out.append(f'<rect x="{left}" y="{y}" width="{max(1.0, length * scale):.1f}" height="{line - 7}" fill="#4a6fa5"/>')
        out.append(f'<text x="{left + max(1.0, length * scale) + 6:.1f}" y="{y + 13}" fill="#222222">{html.escape(text)}</text>')
    if mark is not None:
        x = left + mark * scale
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="30" y2="{height - 6}" stroke="#b03030" stroke-dasharray="4 3"/>')
    path.write_text("\n".join([*out, "</svg>"]) + "\n")


def time_text(nanoseconds):
    for limit, unit, by in ((1e3, "ns", 1), (1e6, "µs", 1e3), (1e9, "ms", 1e6)):
        if nanoseconds < limit:
            number = nanoseconds / by
            return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"
    return f"{nanoseconds / 1e9:.2f} s"


def bare_part(folder):
    rows = sorted(ratios(folder), key=lambda row: list(KNOWN).index(row[0]) if row[0] in KNOWN else len(KNOWN))
    if not rows:
        return ["No results of the benchmark programs.", ""]
    out = ["| what | mortise | bare | ratio | to reach | reached |", "|---|---|---|---|---|---|"]
    for name, ours, bare in rows:
        label, goal = label_of(name)
        reached = "" if goal is None else "yes" if round(ours / bare, 2) <= goal else "no"
        out.append(f"| {label} | {time_text(ours)} | {time_text(bare)} | {ours / bare:.2f} | {'≤ ' + str(goal) if goal else ''} | {reached} |")
    known = [row for row in rows if row[0] in KNOWN]
    bars(DOCS / "performance-bare.svg", "Time of a call as a multiple of the bare engine's (line: the same)",
         [(re.sub(r"`| \(bare: .*\)", "", label_of(name)[0]), ours / bare, f"{ours / bare:.2f}") for name, ours, bare in known], 1.0)
    out += ["", "![Calls beside the bare engine](performance-bare.svg)", ""]
    return out


def alone_part(folder):
    out = []
    rows = list(alone(folder))
    if rows:
        out += ["## By themselves", "", "| what | result | to reach | reached |", "|---|---|---|---|"]
        out += [f"| {' | '.join(row)} |" for row in rows] + [""]
    rows = list(scaling(folder))
    if rows:
        out += ["## Two threads", "", "Calls a second, with instances of their own or leases of one pool; the machine's other users take from the second",
                "processor. To reach: 1.9 times.", "", "| what | one thread | two threads | ratio |", "|---|---|---|---|"]
        out += [f"| {name} | {one / 1e6:.3g} million/s | {two / 1e6:.3g} million/s | {two / one:.2f} |" for name, one, two in rows] + [""]
    return out


def peer_goals(cases):
    """How much faster than others on 16 bytes, beside what the bare engine would be."""
    out = ["| 16 B, as often as the other | mortise | the bare engine | to reach | reached |", "|---|---|---|---|---|"]
    for case in ("echo 16 B", "host call 16 B"):
        of = cases.get(case, {})
        for peer, goal in (("wapc-rs", 3.5), ("wapc-go", 6)):
            if {peer, "mortise", "bare"} <= set(of):
                ratio = of[peer] / of["mortise"]
                out.append(f"| {case}, {peer} | {ratio:.2f} | {of[peer] / of['bare']:.2f} | ≥ {goal} | {'yes' if ratio >= goal else 'no'} |")
    return [*out, "", "Where the bare engine does not reach it either, no host around it can.", ""] if len(out) > 2 else []


def peers_part(results):
    out = []
    columns = []
    for of_case in results["cases"].values():
        columns += [peer for peer in of_case if peer not in columns]
    out += ["| case | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for case, of_case in results["cases"].items():
        base = of_case.get("mortise")
        cells = []
        for peer in columns:
            if peer not in of_case:
                cells.append("")
            elif peer == "mortise" or not base:
                cells.append(time_text(of_case[peer]))
            else:
                cells.append(f"{time_text(of_case[peer])} ({of_case[peer] / base:.2f})")
        out.append(f"| {case} | " + " | ".join(cells) + " |")
    out += ["", "In brackets: as a multiple of mortise.", ""]
    rows = [(f"{case}: {peer}", of_case[peer] / of_case["mortise"], f"{of_case[peer] / of_case['mortise']:.1f}")
            for case, of_case in results["cases"].items() if "mortise" in of_case
            for peer in of_case if peer not in ("mortise", "mortise, in place", "bare", "memcpy", "std::function")]
    if rows:
        bars(DOCS / "performance-peers.svg", "Time on other hosts as a multiple of mortise's (line: the same)", rows, 1.0)
        out += ["![Calls on other hosts](performance-peers.svg)", ""]
    out += peer_goals(results["cases"])
    versions = ", ".join(f"{peer}: {version}" for peer, version in results["versions"].items()
                         if peer not in ("bare", "memcpy", "std::function", "mortise, in place"))
    out += [f"Versions: {versions}.", ""]
    out += [f"Not measured: {name} ({reason})." for name, reason in results["not_measured"].items()]
    return out


def main():
    folder = pathlib.Path(sys.argv[1])
    DOCS.mkdir(exist_ok=True)
    peers = json.loads((folder / "peers.json").read_text()) if (folder / "peers.json").exists() else None
    out = ["# Performance", "", "Generated by `make bench-report`; do not edit. Figures of one machine that other programs used at the same time:",
           "compare within a row, not across documents.", ""]
    if peers:
        of = peers["machine"]
        out += [f"Machine: {of['processor']}, {of['processors']} processors, {of['system']}.", ""]
    out += ["## Beside the bare engine", "",
            "\"Bare\" is the same work straight on Wasmtime's C API in the same process: unchecked calls, the same compile options, nothing",
            "around it but what the protocol and memory safety demand. mortise has its deadline, memory limit and all checks on.",
            "The least of interleaved repetitions.", "", *bare_part(folder), *alone_part(folder)]
    if peers:
        out += ["## Beside other hosts", "",
                "The same guests with the same inputs, all in one run, taking turns; the least time of each. See",
                "[bench/peers](../bench/peers).", "", *peers_part(peers)]
    (DOCS / "performance.md").write_text("\n".join(out).rstrip() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
