"""A client that sends exactly the octets it is told to, over TLS."""
import socket
import ssl
import struct
import time

from .http1 import Reader
from .places import API


def head_of(method, path, *fields):
    """A request's head, as one would write it."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {API}", *fields, "", ""]).encode()


class RawClient:
    """A TLS connection to the gateway. `certificate` names one of the PKI; `sni` the server;
    `source` is the client's own address; the `pieces` go before TLS, each in a packet of its own."""

    def __init__(self, gateway, certificate=None, sni=API, receive_buffer=None, version=None,
                 alpn=None, source=None, pieces=()):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(gateway.pki.server_ca)
        if alpn:
            context.set_alpn_protocols(alpn)
        if version:
            context.minimum_version = context.maximum_version = version
        if certificate:
            context.load_cert_chain(gateway.pki.certificate(certificate),
                                    gateway.pki.key(certificate))
        tcp = socket.socket()
        tcp.settimeout(15)
        if receive_buffer:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            tcp.bind((source, 0))
        tcp.connect(("127.0.0.1", gateway.port))
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            tcp.sendall(piece)
            time.sleep(0.002)
        self.sock = context.wrap_socket(tcp, server_hostname=sni)
        self.reader = Reader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, octets):
        self.sock.sendall(octets)

    def get(self, path, host=API, more=""):
        self.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode())

    def response(self, method="GET"):
        return self.reader.response(method)

    def ask(self, path, **options):
        self.get(path, **options)
        return self.response()

    def rest(self):
        """What else comes until the gateway closes; fails when it does not close."""
        return self.reader.rest()

    def vanish(self):
        """Ends as a crashed client does: with a reset, without a word."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
