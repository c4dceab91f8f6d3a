#!/usr/bin/env python3
"""Writes docs/performance.md and its plots from results: those of the benchmark programs and of peers/run.py.

usage: report.py FOLDER      with bench_*.json (--benchmark_out) and peers.json (peers/run.py --out), each of which may be missing
"""
import html
import json
import pathlib
import re
import statistics
import sys

DOCS = pathlib.Path(__file__).resolve().parents[1] / "docs"
# What a benchmark is for people, and the ratio to reach. Others are listed under their own names.
KNOWN = {
    "calls/add": ("bound `add(i32, i32)`", 1.25),
    "calls/host_lambda": ("guest calls a host lambda", 1.3),
    "wapc/echo_16": ("waPC echo, 16 B", 1.4),
    "wapc/host_call_16": ("waPC with one host call, 16 B", 1.4),
    "wapc/echo_64k": ("waPC echo, 64 KiB, copied out", 1.2),
    "wapc/echo_64k_in_place": ("waPC echo, 64 KiB, seen in place (bare: one memcpy)", 1.48),
    "wapc/echo_64m_in_place": ("waPC echo, 64 MiB, seen in place (bare: one memcpy)", None),
    "wapc/rust_echo": ("Rust plugin, echo", 1.2),
    "wapc/rust_ping": ("Rust plugin, ping", 1.2),
    "wapc/assemblyscript_hello": ("AssemblyScript plugin, hello", 1.2),
    "wapc/zig_hello": ("Zig plugin, hello", 1.2),
    "hookr/echo_16/16": ("hookr echo, 16 B", 1.4),
    "wasp/text/16": ("wasp string to string, 16 B", 1.6),
    "aspect/text": ("aspect, one string, gas counted", 1.8),
    "codec/encode": ("MessagePack, struct of 5 fields written", 1.2),
    "codec/decode": ("MessagePack, struct of 5 fields read", 1.2),
}


def ratios(folder):
    """(name, mortise ns, bare ns) of every pair NAME_mortise, NAME_bare, medians of the repetitions."""
    for file in sorted(folder.glob("bench_*.json")):
        times = {}
        for run in json.loads(file.read_text())["benchmarks"]:
            if run["run_type"] == "iteration":
                unit = {"ns": 1, "us": 1e3, "ms": 1e6}[run["time_unit"]]
                times.setdefault(run["run_name"], []).append(run["cpu_time"] * unit)
        for name, ours in times.items():
            bare = times.get(name.replace("_mortise", "_bare"))
            if "_mortise" in name and bare:
                short = file.stem.removeprefix("bench_") + "/" + name.replace("_mortise", "")
                yield short, statistics.median(ours), statistics.median(bare)


def speeds(folder):
    """(name, what a second) of benchmarks that count items or bytes."""
    for file in sorted(folder.glob("bench_*.json")):
        seen = {}
        for run in json.loads(file.read_text())["benchmarks"]:
            if run["run_type"] != "iteration":
                continue
            for key, unit in (("items_per_second", "/s"), ("bytes_per_second", " B/s")):
                if key in run:
                    seen.setdefault((run["run_name"], unit), []).append(run[key])
        for (name, unit), values in seen.items():
            yield f"{file.stem.removeprefix('bench_')}/{name}", statistics.median(values), unit


def label_of(name):
    return KNOWN.get(name, (re.sub(r"[_/]", " ", name), None))


def bars(path, title, rows, mark=None):
    """Horizontal bars: rows of (label, length, text)."""
    width, line, left = 760, 24, 270
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
    out = ["| what | mortise | bare | ratio | to reach |", "|---|---|---|---|---|"]
    for name, ours, bare in rows:
        label, goal = label_of(name)
        out.append(f"| {label} | {time_text(ours)} | {time_text(bare)} | {ours / bare:.2f} | {'≤ ' + str(goal) if goal else ''} |")
    known = [row for row in rows if row[0] in KNOWN]
    bars(DOCS / "performance-bare.svg", "Time of a call as a multiple of the bare engine's (line: the same)",
         [(label_of(name)[0].replace("`", ""), ours / bare, f"{ours / bare:.2f}") for name, ours, bare in known], 1.0)
    out += ["", "![Calls beside the bare engine](performance-bare.svg)", ""]
    counted = list(speeds(folder))
    if counted:
        out += ["| what | speed |", "|---|---|"]
        out += [f"| {label_of(name)[0]} | {value / 1e6:.3g} million{unit} |" for name, value, unit in counted]
        out.append("")
    return out


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
            "Medians of interleaved repetitions.", "", *bare_part(folder)]
    if peers:
        out += ["## Beside other hosts", "",
                "The same guests with the same inputs, all in one run, taking turns; the least time of each. See",
                "[bench/peers](../bench/peers).", "", *peers_part(peers)]
    (DOCS / "performance.md").write_text("\n".join(out).rstrip() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
