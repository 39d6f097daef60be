"""Calls with a client certificate: what comes of the handshake, and connections that stay open."""
import contextlib
import socket
import ssl

from .authority import serial_of
from .http1 import Closed, Reader
from .places import API


def context_of(gateway, pem=None, version=None):
    context = ssl.create_default_context(cafile=gateway.pki.server_ca)
    context.set_ciphers("DEFAULT@SECLEVEL=0")  # the gateway is to refuse what is weak, not we
    if version:
        context.minimum_version = context.maximum_version = version
    if pem:
        context.load_cert_chain(pem, pem.with_suffix(".key"))
    return context


class Client:
    """One connection that stays open until it is closed by either side."""

    def __init__(self, gateway, pem=None, sni=API, context=None, before=b""):
        """`before` goes ahead of TLS."""
        raw = socket.create_connection(("127.0.0.1", gateway.port), timeout=20)
        raw.sendall(before)
        self.socket = (context or context_of(gateway, pem)).wrap_socket(raw, server_hostname=sni)
        self.reader = Reader(self.socket)

    def get(self, path="/who", host=API):
        self.send(path, host)
        return self.reader.response()

    def send(self, path="/who", host=API):
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    def is_closed(self, within=5):
        """Whether the gateway ends the connection in that time."""
        self.socket.settimeout(within)
        try:
            return self.socket.recv(1) == b""
        except (ssl.SSLError, ConnectionError):
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()


def status_of(gateway, pem=None, path="/who", sni=API, host=API):
    """The answer's status, or None when the handshake was refused."""
    try:
        with contextlib.closing(Client(gateway, pem, sni)) as client:
            return client.get(path, host).status
    except (ssl.SSLError, ConnectionError, Closed):
        return None


def refusal(gateway, pem):
    """The log line of a handshake that is refused for this certificate."""
    serial = serial_of(pem)
    assert status_of(gateway, pem) is None
    return gateway.log_line(f"the refusal of {pem}", lambda line: line["event"] == "handshake_failed"
                            and line.get("cert", {}).get("serial") == serial)


def reason_of(gateway, pem):
    return refusal(gateway, pem)["deny"]["reason"].removeprefix("certificate.")
