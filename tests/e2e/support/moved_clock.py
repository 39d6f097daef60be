"""The wall clock of one process, moved while it runs; CLOCK_BOOTTIME and CLOCK_MONOTONIC stay."""
import os
import pathlib
import struct
import subprocess

SOURCE = pathlib.Path(__file__).with_suffix(".c")


class MovedClock:
    """`before` is the command that starts a process with this clock."""

    def __init__(self, folder):
        self.file, library = folder / "moved-clock", folder / "moved-clock.so"
        self.file.write_bytes(struct.pack("=q", 0))
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE], check=True, timeout=60)
        # A build with AddressSanitizer wants to be the first library; the clock is one before it.
        options = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
        self.before = ["env", f"LD_PRELOAD={library}", f"MOVED_CLOCK={self.file}",
                       f"ASAN_OPTIONS={options}"]

    def move(self, seconds):
        with open(self.file, "r+b") as file:
            os.pwrite(file.fileno(), struct.pack("=q", seconds), 0)
