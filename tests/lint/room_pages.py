#!/usr/bin/env python3
"""Fails when the page of a room (gateway/ROOM/README.md) does not say what the room holds.

A page has at most 40 lines of at most 110 characters. Its paragraph "May include: ..." names the rooms and
the single headers that include_arrows.py allows. Its section "## Units" names every unit in backticks: a unit
is the basename of .h and .cc files, without tests and fuzz targets. Other words in backticks there are taken
for units that are gone, unless they hold something else than a-z, 0-9 and "_".

Usage: room_pages.py ROOT. Prints what to change, and exits 1 if there is anything.
"""
import pathlib
import re
import sys

import include_arrows

LINES = 40
WIDTH = 110
TEST = re.compile(r"(^|_)(test|fuzz|bench|fixture)$|^test_|_test_server$")
QUOTED = re.compile(r"`([^`]+)`")


def units_of(folder):
    return {p.stem for p in folder.iterdir() if p.suffix in (".h", ".cc") and not TEST.search(p.stem)}


def purpose(folder, unit):
    """Returns the first sentence of the unit's comment, for the line that is to be added."""
    for suffix in (".h", ".cc"):
        file = folder / (unit + suffix)
        if not file.exists():
            continue
        comment = re.search(r"^// .*(?:\n// .*)*", file.read_text(), re.M)
        if comment:
            text = " ".join(line[3:] for line in comment.group().splitlines())
            return re.split(r"(?<=[.:])\s", text)[0].rstrip(".:") + "."
    return "what it does."


def section(text, heading):
    match = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return match.group(1) if match else None


def arrows_of(room):
    doors = include_arrows.EXTRA.get(f"gateway/{room}", set())
    return set(include_arrows.ROOMS[room].split()) | doors


def check_arrows(page, room, text):
    match = re.search(r"^May include: .*(?:\n\S.*)*", text, re.M)
    if not match:
        return [f"{page}: add a paragraph \"May include: ...\""]
    said = set(QUOTED.findall(match.group()))
    wanted = arrows_of(room)
    return ([f"{page}: \"May include:\" lacks `{name}`" for name in sorted(wanted - said)]
            + [f"{page}: \"May include:\" names `{name}`, which tests/lint/include_arrows.py does not allow"
               for name in sorted(said - wanted)])


def check_units(page, folder, text):
    listed = section(text, "Units")
    if listed is None:
        return [f"{page}: add a section \"## Units\""]
    named = {name for name in QUOTED.findall(listed) if re.fullmatch(r"[a-z0-9_]+", name)}
    units = units_of(folder)
    return ([f"{page}: add to \"## Units\" the line\n    - `{unit}`: {purpose(folder, unit)}"
             for unit in sorted(units - named)]
            + [f"{page}: remove `{unit}` from \"## Units\": there is no {unit}.h or {unit}.cc in {folder.name}/"
               for unit in sorted(named - units)])


def check_room(root, folder):
    page = folder.relative_to(root) / "README.md"
    if folder.name not in include_arrows.ROOMS:
        return [f"{folder.relative_to(root)}: add this room to ROOMS in tests/lint/include_arrows.py"]
    if not (root / page).exists():
        return [f"{page}: write this page, with \"May include:\" and \"## Units\" (see another room's)"]
    text = (root / page).read_text()
    lines = text.splitlines()
    problems = [f"{page}: {len(lines)} lines, more than {LINES}: join units that belong together"] \
        if len(lines) > LINES else []
    problems += [f"{page}:{number}: longer than {WIDTH} characters"
                 for number, line in enumerate(lines, 1) if len(line) > WIDTH]
    return problems + check_arrows(page, folder.name, text) + check_units(page, folder, text)


def main():
    root = pathlib.Path(sys.argv[1])
    folders = sorted(p for p in (root / "gateway").iterdir() if p.is_dir() and units_of(p))
    problems = [problem for folder in folders for problem in check_room(root, folder)]
    print("\n".join(problems))
    print(f"{len(folders)} rooms, {len(problems)} problems")
    return 1 if problems or not folders else 0


if __name__ == "__main__":
    sys.exit(main())
