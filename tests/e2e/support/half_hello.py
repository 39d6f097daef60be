"""A client that stops in the middle of its handshake."""
import contextlib
import socket
import ssl

from .places import API
from .rawtls import head_of


class HalfHello:
    """It has sent a half of its ClientHello, until it is told to go on."""

    def __init__(self, gateway):
        context = ssl.create_default_context(cafile=gateway.pki.server_ca)
        self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.into, self.out, server_hostname=API)
        self.tcp = socket.create_connection(("127.0.0.1", gateway.port), timeout=5)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        hello = self.out.read()
        self.tcp.sendall(hello[:100])
        self.rest = hello[100:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tcp.close()

    def step(self, what):
        """Does `what`, as often as it takes."""
        while True:
            try:
                result = what()
            except ssl.SSLWantReadError:
                result = None
            self.tcp.sendall(self.out.read())
            if result is not None:
                return result
            self.into.write(self.tcp.recv(65536))

    def go_on(self):
        """The status of an answer."""
        self.tcp.sendall(self.rest)
        self.step(lambda: self.tls.do_handshake() or True)
        self.step(lambda: self.tls.write(head_of("GET", "/")))
        return int(self.step(lambda: self.tls.read(65536)).split()[1])
