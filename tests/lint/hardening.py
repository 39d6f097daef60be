#!/usr/bin/env python3
"""Checks that the flags of cmake/Hardening.cmake are on every compile command, ours and BoringSSL's,
and that they took effect in the objects and in the binary.

Usage: hardening.py BUILD [--boringssl PREFIX] [--fortify]
  BUILD       a build tree with compile_commands.json, our archives and the program sallyport
  PREFIX      the BoringSSL that was linked; it must hold compile_commands.json
  --fortify   the tree was compiled with _FORTIFY_SOURCE (release builds)
"""
import argparse
import json
import pathlib
import platform
import re
import shlex
import subprocess
import sys

X86 = platform.machine() in ("x86_64", "amd64")
FLAGS = {"-fstack-protector-strong", "-fstack-clash-protection",
         "-fcf-protection=full" if X86 else "-mbranch-protection=standard"}
CXX_FLAGS = {"-D_GLIBCXX_ASSERTIONS"}
FORTIFY = {"-D_FORTIFY_SOURCE=2"}
WEAKENING = re.compile(r"-fno-stack-(protector|clash)|-fcf-protection=none|-U_GLIBCXX_ASSERTIONS|-D_FORTIFY_SOURCE=[01]$")
NOTE = "IBT, SHSTK" if X86 else "BTI, PAC"


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, errors="replace").stdout


def flags_of(command):
    return set(command.get("arguments") or shlex.split(command["command"]))


def lacking(command, fortify):
    """Returns what a compile command lacks, or has against it."""
    source, flags = command["file"], flags_of(command)
    if source.endswith(".S"):
        return []
    wanted = FLAGS | (FORTIFY if fortify else set())
    if source.endswith((".cc", ".cpp")):
        wanted |= CXX_FLAGS
    return sorted(wanted - flags) + sorted(f for f in flags if WEAKENING.match(f))


def check_commands(path, fortify, problems):
    commands = json.loads(path.read_text())
    if not commands:
        problems.append(f"{path}: lists no compile command")
    for command in commands:
        for flag in lacking(command, fortify):
            problems.append(f"{command['file']}: compiled with or without {flag}; see cmake/Hardening.cmake")
    return len(commands)


def objects_without_note(archive):
    """Returns the objects of an archive whose property note does not claim branch protection."""
    bad, name = [], None
    for part in re.split(r"^File: ", output("readelf", "-nW", str(archive)), flags=re.M)[1:]:
        name = part.splitlines()[0]
        if NOTE not in part:
            bad.append(name)
    if name is None:
        bad.append(f"{archive}: no object")
    return bad


def check_objects(build, problems):
    archives = sorted(build.glob("gateway/*/*.a")) + sorted(build.glob("modules/**/*.a"))
    if not archives:
        problems.append(f"{build}: holds no archive of ours")
    for archive in archives:
        problems += [f"{bad}: its note does not say {NOTE}" for bad in objects_without_note(archive)]
    return len(archives)


def check_binary(program, fortify, note, problems):
    imports = output("nm", "-D", "--undefined-only", "-C", str(program))
    if "__glibcxx_assert_fail" not in imports:
        problems.append(f"{program}: imports no __glibcxx_assert_fail")
    if fortify and not re.search(r"__(memcpy|memmove|memset|read|snprintf|fdelt)_chk", imports):
        problems.append(f"{program}: imports no function that checks sizes (__*_chk)")
    if "__stack_chk_fail" not in imports:
        problems.append(f"{program}: imports no __stack_chk_fail")
    shape = output("readelf", "-hldW", str(program))
    for what, pattern in {"position independent": r"Type:\s+DYN",
                          "bound at its start": r"FLAGS_1.*NOW",
                          "read-only after relocation": r"GNU_RELRO",
                          "free of an executable stack": r"GNU_STACK.*RW\s"}.items():
        if not re.search(pattern, shape):
            problems.append(f"{program}: is not {what}")
    if note and NOTE not in output("readelf", "-nW", str(program)):
        problems.append(f"{program}: its note does not say {NOTE}, though every object's does")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--boringssl", type=pathlib.Path)
    parser.add_argument("--fortify", action="store_true")
    args = parser.parse_args()
    problems = []
    commands = check_commands(args.build / "compile_commands.json", args.fortify, problems)
    archives = check_objects(args.build, problems)
    # One object without a note takes it from the whole binary. BoringSSL's assembler decides: our own
    # objects and its C were judged above.
    carried = False
    if args.boringssl:
        commands += check_commands(args.boringssl / "compile_commands.json", True, problems)
        crypto = args.boringssl / "lib" / "libcrypto.a"
        unmarked = objects_without_note(crypto)
        problems += [f"{name}: its note does not say {NOTE}" for name in unmarked if ".S.o" not in name]
        carried = not unmarked
        print(f"BoringSSL: {len(unmarked)} objects of its assembler carry no note")
    else:
        print("BoringSSL was not built by scripts/setup: its compile commands are not known")
    check_binary(args.build / "sallyport", args.fortify, carried, problems)
    print("\n".join(problems[:40]))
    print(f"{commands} compile commands, {archives} archives, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
