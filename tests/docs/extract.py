#!/usr/bin/env python3
"""Writes the C++ blocks of Markdown files, one source each: extract.py OUTPUT_FOLDER FILE...

Prints the sources, those with a main function first marked "program", the others "snippet".
"""
import pathlib
import re
import sys


def main() -> int:
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:]:
        text = pathlib.Path(name).read_text(encoding="utf-8")
        stem = pathlib.Path(name).stem.lower()
        for number, block in enumerate(re.findall(r"^```cpp\n(.*?)^```$", text, re.S | re.M), 1):
            path = out / f"{stem}_{number}.cpp"
            if not path.exists() or path.read_text(encoding="utf-8") != block:
                path.write_text(block, encoding="utf-8")
            kind = "program" if "int main(" in block else "snippet"
            print(f"{kind};{path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
