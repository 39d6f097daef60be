#!/usr/bin/env python3
"""C++ is laid out by clang-format 14 and .clang-format, so that no review is about it.

Usage: clang_format.py ROOT [--fix]. Prints the files that are laid out otherwise and exits 1 if there
is one; with --fix it lays them out instead.
"""
import pathlib
import subprocess
import sys

PROGRAM = "clang-format-14"
AT_A_TIME = 60


def sources(root):
    return [path for top in ("gateway", "modules", "perf", "tests")
            for path in sorted((pathlib.Path(root) / top).rglob("*")) if path.suffix in (".h", ".cc")]


def run(options, files):
    try:
        return subprocess.run([PROGRAM, *options, *files], capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit(f"{PROGRAM} is missing: scripts/setup installs it")


def misplaced(files):
    """Those of `files` that clang-format would change."""
    said = run(["--dry-run", "--ferror-limit=1", "-Werror"], files)
    if said.returncode == 0:
        return []
    named = [line.split(":")[0] for line in said.stderr.splitlines() if "clang-format-violations" in line]
    return sorted(set(named)) or [said.stderr]


def main():
    root = sys.argv[1]
    files = sources(root)
    chunks = [files[i:i + AT_A_TIME] for i in range(0, len(files), AT_A_TIME)]
    if "--fix" in sys.argv[2:]:
        for chunk in chunks:
            run(["-i"], chunk)
        return 0
    found = [path for chunk in chunks for path in misplaced(chunk)]
    print("\n".join(found))
    print(f"{len(files)} files, {len(found)} to be laid out: tests/lint/clang_format.py . --fix")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
