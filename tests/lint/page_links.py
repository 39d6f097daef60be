#!/usr/bin/env python3
"""Fails when a page (*.md) names something that is not there.

It checks, in every page of the repository:
  - relative links: the file, and the heading after "#";
  - paths in backticks that begin with a folder of the repository (`gateway/...`, `tests/...`), with {a,b} and
    "*" expanded; under gateway/ also paths of .h and .cc files that are relative to the page or to gateway/;
  - tests: `tests/....py::test_name`, and `Suite.Name` of GoogleTest where there is such a suite.
Paths with words in capitals (`tests/corpus/TARGET/`) are patterns for the reader and are passed over.
CHANGELOG.md, docs/decisions/ and docs/security-findings.md tell of the past: there only links are checked, and
tests as far as they stand in docs/security-findings.md.

Usage: page_links.py ROOT. Prints each mistake with its line, and exits 1 if there is one.
"""
import functools
import pathlib
import re
import sys

TOPS = "gateway modules tests docs scripts conf perf certs cmake .ci".split()
SKIPPED = {"build", "node_modules", ".git"}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([^`]+)`")
PYTEST = re.compile(r"\b(tests/[\w/]+\.py)::(test_\w+)")
GTEST = re.compile(r"([A-Z]\w+)\.([A-Z]\w+)")
PLACEHOLDER = re.compile(r"\b(?!README|CHANGELOG|CONTRIBUTING|SECURITY|THREATS|REFERENCE)[A-Z]{3,}\b|<|…|\$|NAME")


def pages_of(root):
    return sorted(p for p in root.rglob("*.md")
                  if not SKIPPED & set(part for part in p.relative_to(root).parts))


def tells_of_the_past(page):
    return page.name == "CHANGELOG.md" or "decisions" in page.parts or page.name == "security-findings.md"


def slug(heading):
    """Returns the anchor of a heading as the usual renderers make it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@functools.lru_cache(maxsize=None)
def anchors_of(file):
    text = re.sub(r"^```.*?^```", "", file.read_text(), flags=re.M | re.S)
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", text, re.M)}


def expanded(path):
    """Returns the paths that {a,b} stands for."""
    match = re.search(r"\{([^{}]*)\}", path)
    if not match:
        return [path]
    return [each for word in match.group(1).split(",")
            for each in expanded(path[:match.start()] + word.strip() + path[match.end():])]


def exists(folder, path):
    """Says whether the path is there; one without an ending may be a unit (`http/serialise`)."""
    if "*" in path:
        return any(folder.glob(path))
    target = folder / path
    return target.exists() or any(target.with_name(target.name + end).exists() for end in (".h", ".cc"))


class Checker:
    def __init__(self, root):
        self.root = root
        self.problems = []
        sources = [p for top in ("gateway", "modules", "tests") for p in (root / top).rglob("*.cc")]
        self.suites = {}
        for source in sources:
            text = source.read_text()
            for suite, name in re.findall(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", text, re.M):
                self.suites.setdefault(suite, set()).add(name)

    def say(self, page, number, text):
        self.problems.append(f"{page.relative_to(self.root)}:{number}: {text}")

    def check_link(self, page, number, link):
        if re.match(r"[a-z]+:", link):
            return
        path, _, anchor = link.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            self.say(page, number, f"the link to {link} leads nowhere")
        elif anchor and file.suffix == ".md" and anchor not in anchors_of(file):
            self.say(page, number, f"{path or page.name} has no heading for #{anchor}")

    def check_path(self, page, number, quoted):
        path = quoted.split("::")[0].split(" ")[0].rstrip(",.:;/")
        if PLACEHOLDER.search(path):
            return
        folders = []
        if path.split("/")[0] in TOPS and "/" in path:
            folders = [self.root]
        elif page.is_relative_to(self.root / "gateway") and re.fullmatch(r"[\w/]+(\.(h|cc)|\.\{h,cc\})", path):
            folders = [page.parent, self.root / "gateway"]
        for each in expanded(path) if folders else []:
            if not any(exists(folder, each) for folder in folders):
                self.say(page, number, f"there is no {each}")

    def check_tests(self, page, number, line):
        for path, name in PYTEST.findall(line):
            file = self.root / path
            if not file.exists() or not re.search(rf"def {name}\(", file.read_text()):
                self.say(page, number, f"there is no {path}::{name}")
        for quoted in QUOTED.findall(line):
            match = GTEST.fullmatch(quoted)
            if match and match.group(1) in self.suites and match.group(2) not in self.suites[match.group(1)]:
                self.say(page, number, f"there is no test {quoted}")

    def check(self, page):
        relative = page.relative_to(self.root)
        in_block = False
        for number, line in enumerate(page.read_text().splitlines(), 1):
            if line.lstrip().startswith("```"):
                in_block = not in_block
            if in_block:
                continue
            for link in LINK.findall(QUOTED.sub(lambda m: "x" * len(m.group()), line)):
                self.check_link(page, number, link)
            if not tells_of_the_past(relative):
                for quoted in QUOTED.findall(line):
                    self.check_path(page, number, quoted)
            if not tells_of_the_past(relative) or relative.name == "security-findings.md":
                self.check_tests(page, number, line)


def main():
    checker = Checker(pathlib.Path(sys.argv[1]).resolve())
    pages = pages_of(checker.root)
    for page in pages:
        checker.check(page)
    print("\n".join(checker.problems))
    print(f"{len(pages)} pages, {len(checker.problems)} problems")
    return 1 if checker.problems or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
