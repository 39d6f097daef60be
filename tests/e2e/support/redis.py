"""A Redis server of its own for a test, on a Unix socket."""
import os
import signal
import socket

from .processes import Process

# Debian's redis-tools has the server under this name; what it is called decides what it does.
PROGRAM = "/usr/bin/redis-check-rdb"


class Redis:
    def __init__(self, folder):
        self.folder, self.path = folder, folder / "redis.sock"
        self.server = f"unix:{self.path}"
        link = folder / "redis-server"
        link.symlink_to(PROGRAM)
        self.command = [link, "--port", "0", "--unixsocket", self.path, "--save", "",
                        "--dir", folder]
        self.start()

    def start(self):
        self.path.unlink(missing_ok=True)
        self.process = Process("redis", self.command, self.folder)
        self.process.wait_until(self.answers, "Redis answers")

    def answers(self):
        try:
            return self.ask("PING") == b"+PONG\r\n"
        except OSError:
            return False

    def ask(self, command):
        """The reply to an inline command, as it comes; for short ones."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            sock.connect(os.fspath(self.path))
            sock.sendall(command.encode() + b"\r\n")
            return sock.recv(65536)

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
