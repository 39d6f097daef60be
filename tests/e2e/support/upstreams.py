"""Upstreams that do as a test tells them, octet by octet."""
import contextlib
import socket
import ssl
import struct
import threading

from .http1 import Closed, Reader
from .waiting import wait_until


class Exchange:
    """A request as the upstream received it, and the means to answer it, well or badly."""

    def __init__(self, connection, head):
        self.connection, self.head = connection, head
        self.method, self.target, self.version = head.start.split(" ")
        self.body, self.trailers = None, []

    def read_body(self):
        if self.body is not None:
            return self.body
        reader = self.connection.reader
        if self.head.one("Transfer-Encoding"):
            self.body, self.trailers = reader.chunked()
        else:
            self.body = reader.exactly(int(self.head.one("Content-Length") or 0))
        return self.body

    def send(self, octets):
        self.connection.sock.sendall(octets)

    def answer(self, status=200, body=b"", fields=()):
        self.read_body()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *fields, "", ""]
        self.send("\r\n".join(lines).encode() + (b"" if self.method == "HEAD" else body))

    def close(self):
        self.connection.close()

    def wait_for_close(self, timeout=10):
        """Waits until the gateway closes; returns what it sent before."""
        self.connection.sock.settimeout(timeout)
        try:
            return self.connection.reader.rest()
        except ConnectionResetError:
            return b""


class Connection:
    def __init__(self, sock):
        sock.settimeout(60)
        self.sock, self.reader = sock, Reader(sock)
        self.is_open = True

    def secure(self, context):
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.reader = Reader(self.sock)

    def close(self):
        self.is_open = False
        self.sock.close()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


def well_behaved(exchange):
    exchange.answer(200, b'{"ok":true}', ["Content-Type: application/json"])


def server_tls(pki, certificate="server", client_ca=None):
    """TLS for an upstream; with `client_ca` it demands a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.certificate(certificate), pki.key(certificate))
    context.set_alpn_protocols(["http/1.1"])
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pki.certificate(client_ca))
    return context


class Upstream:
    """A server that gives every request to `handler`, which a test sets; `requests` came."""

    def __init__(self, unix_path=None, address="127.0.0.1", port=0, tls=None):
        self.tls = tls
        if unix_path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(unix_path))
            self.server = f"unix:{unix_path}"
        else:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((address, port))
            self.port = self.listener.getsockname()[1]
            self.server = f"{address}:{self.port}"
        self.listener.listen(128)
        self.forget()
        threading.Thread(target=self.accept, daemon=True).start()

    def forget(self):
        """Back to the beginning: a good upstream that has seen nothing."""
        self.handler = well_behaved
        self.requests, self.connections, self.failures = [], [], []

    def targets(self):
        return [request.target for request in self.requests]

    def wait_for(self, count):
        """The request number `count`, counted from one, once its head is there."""
        wait_until(lambda: len(self.requests) >= count, f"{count} requests at the upstream")
        return self.requests[count - 1]

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            connection = Connection(sock)
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection):
        try:
            if self.tls:
                connection.secure(self.tls)
            while connection.is_open:
                exchange = Exchange(connection, connection.reader.head())
                self.requests.append(exchange)
                self.handler(exchange)
                if connection.is_open:
                    exchange.read_body()
        except (Closed, OSError):
            pass
        except Exception as error:  # told by the fixture: a thread has nobody to raise it to
            self.failures.append(error)
        finally:
            connection.close()

    def stop(self):
        with contextlib.suppress(OSError):  # wakes accept, so that the port is free at once
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.close()
