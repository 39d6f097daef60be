"""A Redis server of its own for a test, or a sentinel."""
import os
import signal
import socket
import subprocess

from .processes import Process, free_port

# Debian's redis-tools has the server under this name; what it is called decides what it does.
PROGRAM = "/usr/bin/redis-check-rdb"


class Redis:
    """On a Unix socket; `port` adds a TCP port, `options` are as on the command line, and `before` is a
    command that starts it, such as env."""

    def __init__(self, folder, port=0, options=(), name="redis", before=()):
        self.folder, self.port, self.name = folder, port, name
        self.path = folder / f"{name}.sock"
        self.server = f"127.0.0.1:{port}" if port else f"unix:{self.path}"
        link = folder / "redis-server"
        if not link.is_symlink():
            link.symlink_to(PROGRAM)
        self.data = folder / f"{name}.data"
        self.data.mkdir(exist_ok=True)
        self.command = [*before, link, "--port", port, "--bind", "127.0.0.1", "--unixsocket", self.path,
                        "--save", "", "--dir", self.data, *options]
        self.start()

    def start(self):
        self.path.unlink(missing_ok=True)
        self.process = Process(self.name, self.command, self.folder)
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

    def is_master(self):
        """False also while a failover disconnects everybody."""
        try:
            return b"master" in self.ask("ROLE")
        except OSError:
            return False

    def cli(self, *words):
        """What redis-cli says, as an operator's script would see it."""
        ended = subprocess.run(["redis-cli", "-s", str(self.path), *map(str, words)], timeout=10,
                               capture_output=True, text=True, check=True)
        return ended.stdout.strip()

    def connect(self):
        return RedisConnection(self.path)

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()


class RedisCluster:
    """Three masters on loopback, as `redis-cli --cluster create` makes them."""

    def __init__(self, folder):
        self.nodes = [Redis(folder, free_port(), name=f"node-{i}", options=(
            "--cluster-enabled", "yes", "--cluster-port", free_port(),
            "--cluster-config-file", f"node-{i}.conf")) for i in range(3)]
        self.servers = [node.server for node in self.nodes]
        self._cli("--cluster", "create", *self.servers, "--cluster-yes")
        for node in self.nodes:
            node.process.wait_until(lambda n=node: b"cluster_state:ok" in n.ask("CLUSTER INFO"),
                                    "the cluster is whole")

    def _cli(self, *words):
        return subprocess.run(["redis-cli", *map(str, words)], timeout=60, capture_output=True, text=True,
                              check=True).stdout.strip()

    def cli(self, *words):
        """As an operator with `redis-cli -c`, which goes to the node that has the key."""
        return self._cli("-c", "-p", self.nodes[0].port, *words)

    def kill(self):
        for node in self.nodes:
            node.kill()


class RedisConnection:
    """Speaks RESP 2 itself: thousands of commands, without a process for each."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(os.fspath(path))
        self.reader = self.sock.makefile("rb")

    def close(self):
        self.reader.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, *words):
        return self.pipeline([words])[0]

    def pipeline(self, commands):
        """The replies to several commands that are sent in one go."""
        octets = bytearray()
        for words in commands:
            texts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
            octets += b"*%d\r\n" % len(texts)
            for text in texts:
                octets += b"$%d\r\n%s\r\n" % (len(text), text)
        self.sock.sendall(octets)
        return [self.reply() for _ in commands]

    def reply(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("the connection to Redis ended")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.reader.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.reply() for _ in range(int(rest))]
        return rest


class Sentinel:
    """Watches the master `bank`; a failover takes it about a second."""

    def __init__(self, folder, master_port):
        self.port = free_port()
        self.file = folder / "sentinel.conf"
        self.file.write_text(f"port {self.port}\nbind 127.0.0.1\ndir {folder}\n"
                             f"sentinel monitor bank 127.0.0.1 {master_port} 1\n"
                             "sentinel down-after-milliseconds bank 300\n"
                             "sentinel failover-timeout bank 2000\n")
        link = folder / "redis-server"
        if not link.is_symlink():
            link.symlink_to(PROGRAM)
        self.process = Process("sentinel", [link, self.file, "--sentinel"], folder)
        self.process.wait_until(lambda: self.ask("PING").startswith("PONG"), "the sentinel answers")

    def ask(self, *words):
        ended = subprocess.run(["redis-cli", "-p", str(self.port), *words], timeout=10,
                               capture_output=True, text=True, check=False)
        return ended.stdout

    def knows_replicas(self, count):
        return self.ask("SENTINEL", "replicas", "bank").count("runid") >= count

    def kill(self):
        self.process.kill()
