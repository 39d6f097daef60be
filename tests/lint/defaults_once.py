#!/usr/bin/env python3
"""The default of a limit or a time stands once, with its option (gateway/load/settings*.h).

Usage: defaults_once.py ROOT. The structs that workers read hold no second copy of it, which would be
believed and never used: their numbers begin with zero. Prints each that does not, and exits 1.
"""
import pathlib
import re
import sys

STRUCTS = {
    "gateway/server/generation.h": ["Timeouts", "Limits"],
    "gateway/server/connection_tally.h": ["AddressLimits"],
    "gateway/server/handshake_queue.h": ["Limits"],
    "gateway/proxy/upstream.h": ["Upstream"],
    "gateway/proxy/ejection.h": ["EjectionRules"],
    "gateway/http/h2_limits.h": ["H2Limits"],
}
NUMBER = re.compile(r"^\s*[\w:<>, ]+\s\w+\s*(=\s*[^;]*(?<!\w)[1-9][^;]*|\{[^;]*(?<!\w)[1-9][^;]*\})\s*;")


def members(text, struct):
    """The lines of a struct's body, with their numbers; none when it is not there."""
    begin = re.search(rf"^( *)struct {struct} \{{$", text, re.MULTILINE)
    if not begin:
        return []
    end = text.index(f"\n{begin[1]}}};", begin.end())
    first = text.count("\n", 0, begin.end()) + 1
    return list(enumerate(text[begin.end():end].split("\n"), first))


def main():
    root = pathlib.Path(sys.argv[1])
    problems, seen = [], 0
    for path, structs in STRUCTS.items():
        text = (root / path).read_text()
        for struct in structs:
            lines = members(text, struct)
            seen += len(lines)
            if not lines:
                problems.append(f"{path}: struct {struct} is gone: tests/lint/defaults_once.py looks for it")
            problems += [f"{path}:{number}: a second default: {line.strip()}" for number, line in lines
                         if NUMBER.match(re.sub(r"//.*", "", line))]
    print("\n".join(problems))
    print(f"{seen} lines, {len(problems)} defaults that stand twice")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
