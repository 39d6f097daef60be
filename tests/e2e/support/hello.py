"""A ClientHello octet by octet, for what no library sends, and the first record of the answer."""
import os
import socket
import struct
import time

from .places import API

X25519, X25519MLKEM768 = 0x001D, 0x11EC
HANDSHAKE, ALERT = 22, 21
CIPHERS_12, CIPHERS_13 = (0xC02B, 0xC02F), (0x1301, 0x1302, 0x1303)


def vector(size, octets):
    return len(octets).to_bytes(size, "big") + octets


def words(values):
    return b"".join(struct.pack(">H", value) for value in values)


def extension(kind, content):
    return struct.pack(">H", kind) + vector(2, content)


def client_hello(groups, shares=(), sni=API, ciphers=CIPHERS_12):
    """The whole record. `shares` are (group, length); with any, TLS 1.3 is offered."""
    parts = [extension(0, vector(2, b"\0" + vector(2, sni.encode()))),
             extension(10, vector(2, words(groups))), extension(11, vector(1, b"\0")),
             extension(13, vector(2, words((0x0403, 0x0804, 0x0401)))),
             extension(23, b"")]
    if shares:
        ciphers = CIPHERS_13 + tuple(ciphers)
        keys = b"".join(struct.pack(">H", group) + vector(2, os.urandom(size)) for group, size in shares)
        parts += [extension(51, vector(2, keys)), extension(43, vector(1, words((0x0304, 0x0303)))),
                  extension(21, bytes(300))]  # padding, RFC 7685
    body = (b"\x03\x03" + os.urandom(32) + vector(1, os.urandom(32)) + vector(2, words(ciphers))
            + vector(1, b"\0") + vector(2, b"".join(parts)))
    return b"\x16\x03\x01" + vector(2, b"\x01" + vector(3, body))


class Answer:
    """The first record that came: its kind, and what is in it."""

    def __init__(self, octets):
        self.kind = octets[0] if octets else None
        self.octets = octets[5:]

    @property
    def is_server_hello(self):
        return self.kind == HANDSHAKE and self.octets[:1] == b"\x02"

    @property
    def alert(self):
        return self.octets[1] if self.kind == ALERT else None


def answer_to(gateway, pieces, pause=0.0):
    """What comes first after the pieces, each in a packet of its own."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as tcp:
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            if piece:
                tcp.sendall(piece)
            if pause:
                time.sleep(pause)
        octets = b""
        while len(octets) < 5 or len(octets) < 5 + int.from_bytes(octets[3:5], "big"):
            more = tcp.recv(65536)
            if not more:
                break
            octets += more
        return Answer(octets)
