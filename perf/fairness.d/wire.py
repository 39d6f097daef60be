"""TLS connections to a server under test, and HTTP/2 frames as octets (RFC 9113 sections 4 and 6)."""
import select
import socket
import ssl
import struct

HOST = "api.bank.example"
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE = 0x0, 0x1, 0x4, 0x6, 0x8
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Ended(OSError):
    """The server ended the connection."""


def tcp(port, source, receive_buffer=0):
    sock = socket.socket()
    sock.settimeout(4)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: ports are not used up
    sock.bind((source, 0))
    sock.connect(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def context(protocol="http/1.1"):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.set_alpn_protocols([protocol])
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE  # what is timed is the server
    return made


def tls(port, source, protocol="http/1.1", receive_buffer=0):
    return context(protocol).wrap_socket(tcp(port, source, receive_buffer), server_hostname=HOST)


def get(path, more=""):
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{more}\r\n".encode()


def answer(sock, rest=b""):
    """The status of one answer with Content-Length, which is read to its end."""
    octets = bytearray(rest)
    while (end := octets.find(b"\r\n\r\n")) < 0:
        octets += some(sock)
    head = octets[:end].lower()
    at = head.find(b"content-length:")
    left = int(head[at + 15:].split(b"\r\n")[0]) - (len(octets) - end - 4) if at >= 0 else 0
    while left > 0:
        left -= len(some(sock))
    return int(head[9:12])


def some(sock, size=1 << 18):
    octets = sock.recv(size)
    if not octets:
        raise Ended
    return octets


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def fields(method, path):
    """A header block without the dynamic table (RFC 7541 section 6.2.2), so that it stands anywhere."""
    def literal(index, text):
        return bytes([index, len(text)]) + text.encode()
    return {"GET": b"\x82", "POST": b"\x83"}[method] + b"\x87" + literal(4, path) + literal(1, HOST)


class Frames:
    """Cuts what was read into frames: feed returns (type, flags, stream, payload) of whole ones."""

    def __init__(self):
        self.rest = b""

    def feed(self, octets):
        self.rest += octets
        found, at = [], 0
        while len(self.rest) - at >= 9:
            size = int.from_bytes(self.rest[at:at + 3], "big")
            if len(self.rest) - at < 9 + size:
                break
            kind, flags, stream = struct.unpack_from(">BBI", self.rest, at + 3)
            found.append((kind, flags, stream, self.rest[at + 9:at + 9 + size]))
            at += 9 + size
        self.rest = self.rest[at:]
        return found


class Duplex:
    """Writes what `next_octets` gives, as fast as it is taken, and meanwhile reads: a sender that
    never reads would stop the server by its own answers."""

    def __init__(self, sock, tally):
        self.sock, self.tally, self.pending = sock, tally, b""
        sock.setblocking(False)

    def step(self, next_octets, wait=0.05):
        """One round; returns what was read."""
        if not self.pending:
            self.pending = next_octets()
        select.select([self.sock], [self.sock] if self.pending else [], [], wait)
        if self.pending:
            try:  # OpenSSL takes all or wants the same again
                self.tally.sent(self.sock.send(self.pending))
                self.pending = b""
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                pass
        return self.read()

    def read(self):
        octets = bytearray()
        while len(octets) < 1 << 20:
            try:
                octets += some(self.sock)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
        return bytes(octets)
