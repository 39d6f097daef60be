#!/usr/bin/env python3
"""Fails when a tracked file holds a private key or the path of a machine. Usage: no_secrets.py ROOT"""
import re
import subprocess
import sys

FORBIDDEN = {
    # With its Base64 after it, be it in a PEM file or in a string of a source file.
    "a private key": re.compile(rb"PRIVATE KEY-----[^A-Za-z0-9+/]{0,12}n?[^A-Za-z0-9+/]{0,12}"
                                rb"[A-Za-z0-9+/]{40}"),
    "a home directory": re.compile(rb"/(home|root)/[a-z.]"),
}


def main():
    root = sys.argv[1]
    listing = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True)
    if listing.returncode != 0:
        print("not a git checkout: there is nothing tracked to check")
        return 0
    problems = 0
    names = [name for name in listing.stdout.decode().split("\0") if name]
    for name in names:
        if name.endswith("no_secrets.py"):
            continue
        try:
            with open(f"{root}/{name}", "rb") as file:
                content = file.read()
        except FileNotFoundError:
            continue
        for what, pattern in FORBIDDEN.items():
            if pattern.search(content):
                print(f"{name}: holds {what}")
                problems += 1
    print(f"{len(names)} files, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
