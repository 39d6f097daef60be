"""Child processes that end with the test, by their own id, with their output in files."""
import contextlib
import random
import socket
import subprocess

from .waiting import wait_until


def ports_below_the_ephemeral():
    """Ports that no outgoing connection is given: one that the kernel names as free may be taken by
    a connection before the server that it is for has bound it."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as kernel:
        first = int(kernel.read().split()[0])
    lowest, highest = (20_000, first) if first > 25_000 else (first, 65_000)
    port = random.randrange(lowest, highest)
    while True:
        port = port + 1 if port + 1 < highest else lowest
        yield port


PORTS = ports_below_the_ephemeral()


def free_port():
    for port in PORTS:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Process:
    """A running command. Its output is in FOLDER/NAME.out and FOLDER/NAME.err."""

    def __init__(self, name, command, folder):
        self.name = name
        self.out, self.err = folder / f"{name}.out", folder / f"{name}.err"
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self.child = subprocess.Popen([str(word) for word in command], stdout=out, stderr=err,
                                          stdin=subprocess.DEVNULL)

    @property
    def pid(self):
        return self.child.pid

    def is_running(self):
        return self.child.poll() is None

    def wait_until(self, condition, what, timeout=20):
        """As waiting.wait_until, and fails at once, with the output, when the process ends."""
        def check():
            value = condition()
            if not value and not self.is_running():
                raise AssertionError(f"{self.name} ended with {self.child.returncode} before: "
                                     f"{what}\n{self.err.read_text()}{self.out.read_text()}")
            return value
        return wait_until(check, what, timeout)

    def wait(self, timeout=20):
        """The exit status, once the process ends by itself."""
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {timeout} s") from None

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        if self.is_running():
            self.child.kill()
            self.child.wait()

    def stop(self):
        if self.is_running():
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
