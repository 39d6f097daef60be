#!/usr/bin/env python3
"""Checks the arrows between rooms from the #include lines; see gateway/README.md.

Usage: include_arrows.py ROOT. Prints every line that breaks a rule and exits 1 if there is one.
"""
import pathlib
import re
import sys

# Room: what it may include besides itself. What is absent is forbidden.
ROOMS = {
    "base": "",
    "json": "base",
    "config": "base json",
    "event": "base",
    "metrics": "base",
    "net": "base",
    "crypto": "base",
    "tls": "base event crypto net",
    "http": "base event",
    "clients": "base config event tls http json net crypto",
    "policy": "base config json crypto net clients metrics",
    "ratelimit": "base config crypto net clients metrics policy",
    "observe": "base json crypto net metrics policy",
    "proxy": "base event net tls http metrics policy observe",
    "server": "base json config event net crypto tls http clients metrics policy proxy observe",
}
ROOMS["load"] = ROOMS["server"] + " server"
ROOMS["desk"] = ROOMS["load"] + " load"
ROOMS["control"] = ROOMS["desk"] + " desk"
ROOMS["admin"] = ROOMS["control"] + " control"
ROOMS["cli"] = ROOMS["admin"] + " admin"

# Single headers of rooms that are otherwise closed: the doors of policies and modules.
DOORS = {
    "gateway/event/task.h", "gateway/event/live.h", "gateway/event/loop.h",
    "gateway/event/worker.h",
    "gateway/http/message.h",
}
EXTRA = {
    # Routes are judged in the canonical form, and the inspection keeps deadlines.
    "gateway/policy": DOORS | {"gateway/http/target.h", "gateway/event/watch.h"},
    # What the modules rate and quota share: a module in all but name.
    "gateway/ratelimit": DOORS | {"gateway/event/watch.h"},
    # Which fields are trust fields is one table for the codecs and for the policy that strips them.
    "modules": DOORS | {"gateway/http/field_names.h", "gateway/event/watch.h",
                        "gateway/event/control_door.h", "gateway/event/file_watch.h"},
}
MODULE_ROOMS = "base config json crypto net clients metrics policy ratelimit".split()

# A library's headers belong to the rooms that wrap it.
LIBRARIES = {
    r"simdjson\.h": ["json"],
    r"jansson\.h": ["json"],
    r"yaml-cpp/": ["config"],
    r"event2/": ["event"],
    r"ares\.h": ["event"],
    r"openssl/": ["crypto", "tls"],
    r"nghttp2/": ["http"],
    r"hiredis/": ["clients"],
    r"lmdb\.h": ["clients"],
    r"maxminddb\.h": ["modules/geo"],
    r"zlib\.h": ["modules/oauth"],
    r"CLI/": ["cli"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def room_of(path):
    parts = path.parts
    if parts[0] == "gateway":
        return parts[1] if len(parts) > 2 else "main"
    return "/".join(parts[:2]) if len(parts) > 2 else "modules"


def is_test(path):
    return bool(re.search(r"(^|_)(test|fuzz|bench|fixture)(_|\.)", path.name))


def allowed_local(path, room, header):
    target = header.split("/")
    if is_test(path):
        return True  # tests may look at anything
    if room == "main":
        return True
    if target[0] == "gateway":
        if room.startswith("modules"):
            return target[1] in MODULE_ROOMS or header in EXTRA["modules"]
        return (target[1] == room or target[1] in ROOMS[room].split()
                or header in EXTRA.get(f"gateway/{room}", ()))
    if target[0] == "modules":
        return room == "modules" or room == "/".join(target[:2])
    return target[0] not in ("tests", "perf")


def allowed_library(path, room, header):
    if is_test(path):
        return True
    for pattern, rooms in LIBRARIES.items():
        if re.match(pattern, header):
            return room in rooms
    return True


def check(root):
    problems = []
    files = sorted(p for top in ("gateway", "modules") for p in (root / top).rglob("*.[ch]*")
                   if p.suffix in (".h", ".cc"))
    for file in files:
        path = file.relative_to(root)
        room = room_of(path)
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            quote, header = match.groups()
            good = (allowed_local(path, room, header) if quote == '"'
                    else allowed_library(path, room, header))
            if not good:
                problems.append(f"{path}:{number}: {room} may not include {header}")
    return problems, len(files)


def main():
    problems, count = check(pathlib.Path(sys.argv[1]))
    print("\n".join(problems))
    print(f"{count} files, {len(problems)} forbidden includes")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
