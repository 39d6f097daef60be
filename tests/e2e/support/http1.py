"""HTTP/1 messages read off a socket by the letter, so that a wrong octet shows."""
import dataclasses


class Closed(Exception):
    """The peer closed in the middle of a message; args[0] is what had come of it."""


@dataclasses.dataclass
class Head:
    raw: bytes
    start: str
    fields: list  # of (name, value), as they came

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def one(self, name):
        """The field's value, or None; fails when it is there twice."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} is there {len(values)} times: {values}"
        return values[0] if values else None

    @property
    def status(self):
        return int(self.start.split(" ")[1])


@dataclasses.dataclass
class Response(Head):
    body: bytes
    trailers: list
    interim: list  # heads with a status below 200


class Reader:
    """Reads from a socket; what was received too early waits in `buffer`."""

    def __init__(self, sock):
        self.sock, self.buffer = sock, b""

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed(self.buffer)
        self.buffer += data

    def until(self, mark):
        while mark not in self.buffer:
            self.more()
        text, self.buffer = self.buffer.split(mark, 1)
        return text

    def exactly(self, count):
        data = bytearray(self.buffer[:count])
        self.buffer = self.buffer[count:]
        while len(data) < count:
            piece = self.sock.recv(min(count - len(data), 1 << 20))
            if not piece:
                raise Closed(bytes(data))
            data += piece
        return bytes(data)

    def rest(self):
        """Everything up to the peer's close."""
        data, self.buffer = bytearray(self.buffer), b""
        while piece := self.sock.recv(1 << 20):
            data += piece
        return bytes(data)

    def head(self):
        raw = self.until(b"\r\n\r\n")
        start, *lines = raw.decode("latin-1").split("\r\n")
        return Head(raw + b"\r\n\r\n", start, [split_field(line) for line in lines])

    def chunked(self):
        """The body and the trailers of a chunked message."""
        body = b""
        while size := int(self.until(b"\r\n"), 16):
            body += self.exactly(size)
            assert self.exactly(2) == b"\r\n", "a chunk does not end with CRLF"
        trailers = []
        while line := self.until(b"\r\n"):
            trailers.append(split_field(line.decode("latin-1")))
        return body, trailers

    def response(self, method="GET"):
        interim = []
        while (head := self.head()).status < 200:
            interim.append(head)
        body, trailers = b"", []
        length = head.one("Content-Length")
        if method == "HEAD" or head.status in (204, 304):
            pass
        elif head.one("Transfer-Encoding"):
            assert length is None and head.one("Transfer-Encoding") == "chunked", head.raw
            body, trailers = self.chunked()
        elif length is not None:
            body = self.exactly(int(length))
        else:
            body = self.rest()
        return Response(head.raw, head.start, head.fields, body, trailers, interim)


def split_field(line):
    name, _, value = line.partition(":")
    return name, value.strip(" \t")
