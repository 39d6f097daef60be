#!/usr/bin/env python3
"""Writes apt source entries (deb-src) for the Debian archive that this machine already uses.

usage: debian_sources.py CODENAME OUTPUT_FOLDER

Reads /etc/apt/sources.list and sources.list.d (both formats) and writes debian.list and
debian.sources into OUTPUT_FOLDER, to be given to apt as Dir::Etc::sourceparts. Only entries of
Debian's own suites and of the component main are taken; other archives are left alone. Exits 1
when the machine has no such entry.
"""
import pathlib
import re
import sys

APT = pathlib.Path("/etc/apt")


def is_debian(uri, suite, components, codename):
    """An entry of Debian itself: its suite, its component, a mirror that is named after it."""
    suites = {codename, f"{codename}-updates", f"{codename}-security", f"{codename}/updates"}
    return (suite in suites and "main" in components and "debian" in uri
            and not uri.startswith("cdrom:"))


def from_one_line(text, codename):
    """`deb [options] uri suite component...` lines, as deb-src lines."""
    for line in text.splitlines():
        entry = re.match(r"deb\s+(\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]+)", line.strip())
        if entry:
            options, uri, suite, components = entry.groups()
            if is_debian(uri, suite, components.split(), codename):
                yield f"deb-src {options or ''}{uri} {suite} main"


def from_deb822(text, codename):
    """Stanzas with Types, URIs, Suites and Components, as stanzas of Types: deb-src."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields = {}
        for name, value in re.findall(r"^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)", stanza, re.M):
            fields[name.lower()] = value.strip("\n")
        words = {name: value.split() for name, value in fields.items()}
        if "deb" not in words.get("types", []) or words.get("enabled") == ["no"]:
            continue
        uris = [u for u in words.get("uris", []) if "debian" in u]
        suites = [s for s in words.get("suites", [])
                  if uris and is_debian(uris[0], s, words.get("components", []), codename)]
        if suites:
            kept = ["Types: deb-src", f"URIs: {' '.join(uris)}", f"Suites: {' '.join(suites)}",
                    "Components: main"]
            kept += [f"{name.title()}:{fields[name]}" for name in ("signed-by", "trusted")
                     if name in fields]
            yield "\n".join(kept) + "\n"


def main():
    codename, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    one_line, deb822 = [], []
    for path in [APT / "sources.list", *sorted((APT / "sources.list.d").glob("*.list"))]:
        if path.is_file():
            one_line += from_one_line(path.read_text(), codename)
    for path in sorted((APT / "sources.list.d").glob("*.sources")):
        deb822 += from_deb822(path.read_text(), codename)
    if not one_line and not deb822:
        print(f"{APT} names no Debian archive of {codename} main", file=sys.stderr)
        return 1
    (folder / "debian.list").write_text("\n".join(dict.fromkeys(one_line)) + "\n")
    (folder / "debian.sources").write_text("\n".join(deb822))
    return 0


if __name__ == "__main__":
    sys.exit(main())
