#!/usr/bin/env python3
"""Fails when a source file passes 450 lines: there is a second idea in it. Usage: file_sizes.py ROOT"""
import pathlib
import sys

LIMIT = 450


def main():
    root = pathlib.Path(sys.argv[1])
    files = [p for top in ("gateway", "modules") for p in (root / top).rglob("*")
             if p.suffix in (".h", ".cc")]
    long = [(len(p.read_text().splitlines()), p.relative_to(root)) for p in files]
    long = sorted(entry for entry in long if entry[0] > LIMIT)
    for lines, path in long:
        print(f"{path}: {lines} lines, more than {LIMIT}")
    print(f"{len(files)} files, {len(long)} too long")
    return 1 if long or not files else 0


if __name__ == "__main__":
    sys.exit(main())
