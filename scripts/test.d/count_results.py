#!/usr/bin/env python3
"""Adds up JUnit reports and prints "N passed, N failed[, N skipped]".

usage: count_results.py REPORT.xml...

A report that is missing or empty counts as a failure: a runner that died has tested nothing.
Exits 1 when anything failed.
"""
import sys
import xml.etree.ElementTree as ElementTree


def count(path):
    """(passed, failed, skipped) of one report."""
    try:
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        print(f"{path}: no report ({error})", file=sys.stderr)
        return 0, 1, 0
    if not cases:
        print(f"{path}: no tests were run", file=sys.stderr)
        return 0, 1, 0
    failed = sum(1 for case in cases if case.find("failure") is not None
                 or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return len(cases) - failed - skipped, failed, skipped


def main():
    passed, failed, skipped = (sum(column) for column in zip(*map(count, sys.argv[1:])))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
