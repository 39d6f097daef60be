#!/usr/bin/env python3
"""Functions stay short enough to be read at once.

Usage: function_sizes.py ROOT. Prints every C++ function whose body has more than LIMIT lines and
exits 1 if there is one. Rows of a table (the values of a constant, or of a range that is walked) are
not counted.
"""
import pathlib
import re
import sys

LIMIT = 60
TOKENS = re.compile(r"""
    (?P<skip> //[^\n]* | /\*.*?\*/ | R"(?P<raw>[^(\s]*)\(.*?\)(?P=raw)" | "(?:\\.|[^"\\\n])*"
            | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+' | ^\s*\#[^\n]*(?:\\\n[^\n]*)* )
  | (?P<mark> [{};] )""", re.VERBOSE | re.DOTALL | re.MULTILINE)
SCOPE = re.compile(r"^\s*(template\s*<.*>\s*)?(inline\s+)?(namespace|class|struct|union|enum|extern)\b",
                   re.DOTALL)
TABLE = re.compile(r"\b(const|constexpr)\b[^;()]*$|\bfor\s*\([^;()]*:\s*$")


def blocks(text):
    """Yields (start, end, introduction, depth) of each pair of braces, inner ones first."""
    open_blocks, begin = [], 0
    for token in TOKENS.finditer(text):
        mark = token["mark"]
        if mark is None:
            if token[0].lstrip().startswith("#"):
                begin = token.end()
            continue
        if mark == "{":
            open_blocks.append((token.start(), text[begin:token.start()]))
        elif mark == "}" and open_blocks:
            start, introduction = open_blocks.pop()
            yield start, token.end(), introduction, [intro for _, intro in open_blocks]
        begin = token.end()


def without_comments(introduction):
    return re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", " ", introduction, flags=re.DOTALL)


def is_scope(introduction):
    return bool(SCOPE.search(without_comments(introduction)))


def long_functions(text):
    """(line, lines, first words) of every function that is too long."""
    tables, functions = [], []
    for start, end, introduction, outer in blocks(text):
        clean = without_comments(introduction)
        if TABLE.search(clean) and not all(map(is_scope, outer)):
            tables.append((start, end))
        elif "(" in clean and not is_scope(introduction) and all(map(is_scope, outer)):
            functions.append((start, end, " ".join(clean.split())))
    for start, end, name in functions:
        lines = text.count("\n", start, end) - 1
        lines -= sum(text.count("\n", *table) for table in tables
                     if start < table[0] and table[1] < end)
        if lines > LIMIT:
            yield text.count("\n", 0, start) + 1, lines, name[:90]


def main():
    root = pathlib.Path(sys.argv[1])
    files = [path for top in ("gateway", "modules", "perf", "tests")
             for path in sorted((root / top).rglob("*")) if path.suffix in (".h", ".cc")]
    problems = [f"{path.relative_to(root)}:{line}: {lines} lines, at most {LIMIT}: {name}"
                for path in files for line, lines, name in long_functions(path.read_text())]
    print("\n".join(problems))
    print(f"{len(files)} files, {len(problems)} functions too long")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
