#!/usr/bin/env python3
"""Fails when scripts/new-module makes a module that would not compile, or does not refuse a bad name.

It runs the script on a scratch copy of modules/ (and of the names of the gateway's rooms), then compiles the
files that the script made, and the list of modules, without generating code (-fsyntax-only). The flags are those
of the module scope. What the module does is not run here; contract.modules does so once it is in the tree.

Usage: new_module.py ROOT BUILD. BUILD is a build tree with compile_commands.json.
"""
import json
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

NAME = "lint_example_module"
BAD = {
    "scope": "there is a module scope already",
    "Scope": "cannot name a module",
    "9lives": "cannot name a module",
    "a__b": "cannot name a module",
    "../scope": "cannot name a module",
    "policy": "is a room of the gateway",
    "template": "is a word of C++",
}
# Each file, and the one whose flags it is compiled with.
COMPILED = {
    f"modules/{NAME}/{NAME}.cc": "modules/scope/scope.cc",
    f"modules/{NAME}/{NAME}_test.cc": "modules/scope/scope_test.cc",
    "modules/modules.cc": "modules/modules.cc",
}


def copy_tree(root, scratch):
    shutil.copytree(root / "modules", scratch / "modules")
    (scratch / "scripts").mkdir()
    shutil.copy2(root / "scripts/new-module", scratch / "scripts")
    shutil.copytree(root / "scripts/new-module.d", scratch / "scripts/new-module.d")
    for room in (root / "gateway").iterdir():
        if room.is_dir():
            (scratch / "gateway" / room.name).mkdir(parents=True)


def run(scratch, *arguments):
    return subprocess.run([scratch / "scripts/new-module", *arguments], capture_output=True, text=True)


def snapshot(scratch):
    return {p: p.read_bytes() for p in scratch.rglob("*") if p.is_file()}


def check_refusals(scratch):
    before = snapshot(scratch)
    problems = []
    for name, words in BAD.items():
        result = run(scratch, name)
        if result.returncode != 2 or words not in result.stderr:
            problems.append(f"new-module {name}: exit {result.returncode}, {result.stderr.strip()!r}, "
                            f"and not 2 with {words!r}")
    result = run(scratch, NAME, "--before", "nobody")
    if result.returncode != 2 or 'no module "nobody"' not in result.stderr:
        problems.append(f"new-module --before nobody: exit {result.returncode}, {result.stderr.strip()!r}")
    if snapshot(scratch) != before:
        problems.append("new-module changed files although it refused")
    return problems


def flags_for(build, source):
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if entry["file"].endswith("/" + source):
            words = entry.get("arguments") or shlex.split(entry["command"])
            compiler = [word for word in words if not word.endswith("ccache")]
            for option in ("-o", "-c", "-MF", "-MT"):
                while option in compiler:
                    at = compiler.index(option)
                    del compiler[at:at + 2]
            return [word for word in compiler if word != "-MD"], entry["directory"]
    raise SystemExit(f"{build}/compile_commands.json lists no {source}")


def check_compiles(scratch, build):
    problems = []
    for source, like in COMPILED.items():
        command, folder = flags_for(build, like)
        command[1:1] = ["-I", str(scratch)]
        result = subprocess.run([*command, "-fsyntax-only", str(scratch / source)], cwd=folder,
                                capture_output=True, text=True)
        if result.returncode != 0:
            problems.append(f"{source} does not compile; mend scripts/new-module.d/\n{result.stderr[:4000]}")
    return problems


def main():
    root, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        copy_tree(root, scratch)
        problems = check_refusals(scratch)
        made = run(scratch, NAME)
        if made.returncode != 0:
            problems.append(f"new-module {NAME}: {made.stderr.strip()}")
        else:
            problems += check_compiles(scratch, build)
    print("\n".join(problems))
    print(f"{len(BAD) + 1} refusals, {len(COMPILED)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
