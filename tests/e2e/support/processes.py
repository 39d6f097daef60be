"""Child processes that end with the test, by their own id, with their output in files."""
import socket
import subprocess

from .waiting import wait_until


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


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
