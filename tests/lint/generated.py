#!/usr/bin/env python3
"""Fails when a page that the program writes is not what it writes now. Usage: generated.py ROOT PROGRAM"""
import pathlib
import subprocess
import sys

PAGES = {
    "conf/REFERENCE.md": ["schema", "--reference"],
    "conf/sallyport.schema.json": ["schema"],
    "docs/reasons.md": ["schema", "--reasons"],
}


def main():
    root, program = map(pathlib.Path, sys.argv[1:])
    stale = 0
    for page, arguments in PAGES.items():
        wanted = subprocess.run([program, *arguments], capture_output=True, check=True).stdout
        if (root / page).read_bytes() != wanted:
            stale += 1
            print(f"{page} is stale: sallyport {' '.join(arguments)} > {page}")
    print(f"{len(PAGES)} pages, {stale} stale")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
