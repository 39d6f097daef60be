"""An HTTP/2 client that can break every rule: Python's h2 reads and keeps the books, and frames may
also be sent as they are."""
import collections
import dataclasses
import socket
import ssl
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import hyperframe.frame as frames

from .places import API

__all__ = ["Ended", "H2Client", "frames", "raw", "request_of"]


class Ended(Exception):
    """The gateway ended the connection."""


def raw(kind, flags, stream, payload=b""):
    """A frame as it is sent (RFC 9113 section 4.1), well formed or not."""
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
            + payload)


def request_of(path="/", *fields, method="GET", authority=API, scheme="https"):
    """The fields of a request, as pairs; `None` leaves a pseudo-header field out."""
    pseudo = [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path)]
    return [(name, value) for name, value in pseudo if value is not None] + list(fields)


def octets(text):
    return text.encode("latin-1") if isinstance(text, str) else text


@dataclasses.dataclass
class Answer:
    """What came on one stream."""
    fields: list = dataclasses.field(default_factory=list)
    interim: list = dataclasses.field(default_factory=list)  # statuses below 200
    body: bytearray = dataclasses.field(default_factory=bytearray)
    trailers: list = dataclasses.field(default_factory=list)
    ended: bool = False
    reset: int = None  # error code

    @property
    def status(self):
        return int(self.one(":status")) if self.fields else None

    def one(self, name):
        values = [value for key, value in self.fields if key == name]
        assert len(values) <= 1, f"{name} is there {len(values)} times"
        return values[0] if values else None


class H2Client:
    """A connection with HTTP/2. `credit` says whether received octets are acknowledged."""

    def __init__(self, gateway, certificate=None, sni=API, credit=True, settings=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(gateway.pki.server_ca)
        context.set_alpn_protocols(["h2"])
        if certificate:
            context.load_cert_chain(gateway.pki.certificate(certificate),
                                    gateway.pki.key(certificate))
        tcp = socket.create_connection(("127.0.0.1", gateway.port), timeout=15)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = context.wrap_socket(tcp, server_hostname=sni)
        assert self.sock.selected_alpn_protocol() == "h2"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            header_encoding="latin-1", validate_outbound_headers=False,
            normalize_outbound_headers=False, validate_inbound_headers=True))
        if settings:
            self.h2.local_settings.update(settings)
        self.credit = credit
        self.answers = collections.defaultdict(Answer)
        self.goaway = None  # (error code, last stream)
        self.greeted = False
        self.received = b""
        self.h2.initiate_connection()
        self.flush()
        self.until(lambda: self.greeted, "the gateway's settings")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def flush(self):
        if data := self.h2.data_to_send():
            self.sock.sendall(data)

    # ---- sending

    def request(self, fields, body=None, end=True):
        """Begins a stream and returns its number. Fields are pairs of text or octets."""
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [(octets(name), octets(value)) for name, value in fields],
                             end_stream=end and body is None)
        if body is not None:
            self.h2.send_data(stream, body, end_stream=end)
        self.flush()
        return stream

    def send_frame(self, *sent):
        """Sends frames as they are, past the books."""
        self.sock.sendall(b"".join(frame.serialize() for frame in sent))

    def header_block(self, fields):
        return self.h2.encoder.encode([(octets(name), octets(value)) for name, value in fields])

    # ---- receiving

    def receive(self, timeout=15):
        """Handles what one read brings; raises Ended at the connection's end."""
        self.sock.settimeout(timeout)
        try:
            data = self.sock.recv(1 << 16)
        except ConnectionError as error:
            raise Ended from error
        if not data:
            raise Ended
        self.received += data
        for frame in self.whole_frames():
            for event in self.h2.receive_data(frame):
                self.take(event)
            # h2 takes GOAWAY for the end of everything; streams that are open go on (RFC 9113 6.8).
            if self.goaway:
                self.h2.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN
        try:
            self.flush()
        except OSError:
            pass  # the end is read, not written

    def whole_frames(self):
        while len(self.received) >= 9:
            size = 9 + int.from_bytes(self.received[:3], "big")
            if len(self.received) < size:
                return
            frame, self.received = self.received[:size], self.received[size:]
            yield frame

    def take(self, event):
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = (int(event.error_code), event.last_stream_id)
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.greeted = True
        elif getattr(event, "stream_id", None):
            self.take_stream(event, self.answers[event.stream_id])

    def take_stream(self, event, answer):
        if isinstance(event, h2.events.ResponseReceived):
            answer.fields = list(event.headers)
        elif isinstance(event, h2.events.InformationalResponseReceived):
            answer.interim.append(int(dict(event.headers)[":status"]))
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data
            if self.credit and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            answer.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            answer.ended = True
        elif isinstance(event, h2.events.StreamReset):
            answer.reset = int(event.error_code)

    def until(self, condition, what):
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within 20 s"
            self.receive()

    def response(self, stream):
        """The answer on a stream, once it is over, one way or the other."""
        answer = self.answers[stream]
        self.until(lambda: answer.ended or answer.reset is not None, f"the end of stream {stream}")
        return answer

    def ask(self, path="/", *fields, body=None, **pseudo):
        return self.response(self.request(request_of(path, *fields, **pseudo), body))

    def wait_for_end(self):
        """Reads until the gateway closes; returns the error code of its GOAWAY, or None."""
        try:
            while True:
                self.receive()
        except Ended:
            return self.goaway and self.goaway[0]
