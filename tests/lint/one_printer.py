#!/usr/bin/env python3
"""Fails when the command line prints past cli/print.h, which makes texts of others safe for a
terminal, or when a file is written past base/file.h; the log has its own writer
(observe/log_sink.h). Usage: one_printer.py ROOT"""
import pathlib
import re
import sys

PRINTS = re.compile(r"\b(printf|fprintf|puts|fputs|putchar|fwrite|std::cout|std::cerr|fmt::print)\b")
WRITES = re.compile(r"\bofstream\b|\bfopen\(.*\"[wa]|\bO_WRONLY\b|\bstd::rename\b|\bmkstemp\b")


def main():
    root = pathlib.Path(sys.argv[1])
    found = []
    sources = [p for top in ("gateway", "modules") for p in (root / top).rglob("*.cc")
               if not p.stem.endswith("_test")]
    for path in sources:
        rules = [WRITES] if path.name not in ("file.cc", "log_sink.cc") else []
        if path.parent.name == "cli" and path.name != "print.cc":
            rules.append(PRINTS)
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if any(rule.search(line) for rule in rules):
                found.append(f"{path.relative_to(root)}:{number}: {line.strip()}")
    print("\n".join(found))
    print(f"{len(sources)} files, {len(found)} lines that print or write in another way")
    return 1 if found or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
