"""Plots of bars as SVG, for report.py: white ground, so that they read on a dark page, too."""
import html
import math

LINE = 24          # height of a row with its gap
LETTER = 7.6       # at most the width of a letter at the size of labels, on average
INK, FAINT, MARK = "#222222", "#d8d8d8", "#b03030"
COLOURS = ["#4a6fa5", "#d08a30", "#5b9a68", "#8a5ba0", "#777777"]   # told apart by colour-blind eyes, too
PLOT = 520         # width of the longest bar


def ratio_text(ratio):
    """Three digits, or two of what is small."""
    return f"{ratio:.3g}" if ratio >= 10 else f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def text(x, y, words, anchor="start", size=13, fill=INK):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{fill}">{html.escape(words)}</text>'


def upright(x, top, bottom, colour, more=""):
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" stroke="{colour}"{more}/>'


def rect(x, y, width, height, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def document(width, height, parts):
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" font-family="sans-serif">',
                      rect(0, 0, width, height, "#ffffff"), *parts, "</svg>"]) + "\n"


def ratios(path, title, rows):
    """Bars of ratios: rows of (label, ratio, ratio to reach or None). The line is at 1; ticks are what is to be reached."""
    left = 62 + LETTER * max(len(label) for label, _, _ in rows)
    scale = PLOT / max(max(ratio, goal or 0) for _, ratio, goal in rows)
    bottom = 40 + LINE * len(rows)
    bars, words = [], [text(12, 22, title, size=15)]
    for i, (label, ratio, goal) in enumerate(rows):
        y = 36 + LINE * i
        missed = goal is not None and round(ratio, 2) > goal
        bars.append(rect(left, y, ratio * scale, LINE - 7, COLOURS[0]))
        if goal is not None:
            bars.append(upright(left + goal * scale, y - 2, y + LINE - 5, MARK if missed else INK, ' stroke-width="2"'))
        words.append(text(left - 50, y + 13, label, "end"))
        words.append(text(left - 8, y + 13, f"{ratio:.2f}", "end", fill=MARK if missed else INK))
    line = upright(left + scale, 30, bottom, MARK, ' stroke-dasharray="4 3"')
    path.write_text(document(left + PLOT + 20, bottom + 6, [*bars, line, *words]))


def ticks(low, high):
    """1, 2, 5, 10 ... that lie within."""
    out = [step * 10 ** power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1) for step in (1, 2, 5)]
    return [tick for tick in out if low <= tick <= high]


def groups(path, title, names, rows):
    """Bars to the right of 1 or to its left, on a logarithmic scale: rows of (label, {name: ratio}); each name has its colour."""
    every = [ratio for _, of in rows for ratio in of.values()]
    low, high = min(0.5, *every) / 1.15, max(2.0, *every) * 1.15
    left = 20 + LETTER * max(len(label) for label, _ in rows)
    bar, gap = LINE - 8, 14

    def at(ratio):
        return left + PLOT * (math.log(ratio) - math.log(low)) / (math.log(high) - math.log(low))

    bottom = 62 + sum(bar * len(of) + gap for _, of in rows)
    parts = [text(12, 22, title, size=15)]
    for tick in ticks(low, high):
        parts += [upright(at(tick), 58, bottom, FAINT), text(at(tick), bottom + 16, f"{tick:g}", "middle", 12)]
    x = left
    for name, colour in zip(names, COLOURS):
        parts += [rect(x, 34, 12, 12, colour), text(x + 17, 45, name)]
        x += 46 + 8.4 * len(name)   # names may be in capitals
    y = 62
    for label, of in rows:
        parts.append(text(left - 8, y + bar * len(of) / 2 + 5, label, "end"))
        for name in [name for name in names if name in of]:
            start, end = sorted((at(1), at(of[name])))
            parts.append(rect(start, y + 1, max(end - start, 1), bar - 2, COLOURS[names.index(name) % len(COLOURS)]))
            # Beside the bar's end, or beyond the line for what is quicker.
            parts.append(text(max(end, at(1)) + 6, y + bar - 4, ratio_text(of[name]), size=12))
            y += bar
        y += gap
    parts.append(upright(at(1), 58, bottom, MARK, ' stroke-dasharray="4 3"'))
    path.write_text(document(left + PLOT + 60, bottom + 26, parts))
