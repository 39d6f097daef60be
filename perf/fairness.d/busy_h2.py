"""What a busy or hostile HTTP/2 connection does. Hostile frames are octets made before, sent as fast
as they are taken."""
import struct
import time

import wire
from busy import SOURCE

STALLED = 0.1  # seconds without a window, after which a new connection goes on: nginx keeps for itself
# what padding took of it
LARGEST_WINDOW = (1 << 31) - 1
GET = wire.fields("GET", "/polite")
WHOLE = wire.END_STREAM | wire.END_HEADERS


def opened(port):
    """A connection whose SETTINGS are exchanged, and the windows that the server gives: of a stream,
    of the connection."""
    sock = wire.tls(port, SOURCE, "h2")
    sock.sendall(wire.PREFACE + wire.frame(wire.SETTINGS, payload=struct.pack(
        ">HI", 0x4, LARGEST_WINDOW)) + wire.frame(wire.WINDOW_UPDATE, payload=struct.pack(
            ">I", LARGEST_WINDOW - 65535)))
    frames, window, connection, is_known = wire.Frames(), 65535, 65535, False
    while not is_known:
        for kind, flags, _, payload in frames.feed(wire.some(sock)):
            if kind == wire.WINDOW_UPDATE:
                connection += int.from_bytes(payload, "big")
            if kind == wire.SETTINGS and not flags & wire.ACK:
                is_known = True
                for name, value in struct.iter_unpack(">HI", payload):
                    window = value if name == 0x4 else window
    sock.sendall(wire.frame(wire.SETTINGS, wire.ACK))
    return sock, frames, window, connection


def await_end_of(sock, frames, stream):
    while True:
        for kind, flags, number, _ in frames.feed(wire.some(sock)):
            if kind in (wire.DATA, wire.HEADERS) and flags & wire.END_STREAM and number == stream:
                return


def flood(piece):
    """`piece` again and again, after a request on stream 1 that was answered and so is closed."""
    block = piece * ((1 << 15) // len(piece))

    def run(port, tally):
        sock, frames, _, _ = opened(port)
        with sock:
            sock.sendall(wire.frame(wire.HEADERS, WHOLE, 1, GET))
            await_end_of(sock, frames, 1)
            both = wire.Duplex(sock, tally)
            while True:
                both.step(lambda: block)
    return run


HEADERS_ON_CLOSED = flood(wire.frame(wire.HEADERS, WHOLE, 1, GET))
DATA_ON_CLOSED = flood(wire.frame(wire.DATA, 0, 1))
WINDOW_UPDATE_ON_CLOSED = flood(wire.frame(wire.WINDOW_UPDATE, 0, 1, b"\0\0\0\1"))
UNKNOWN_FRAMES = flood(wire.frame(0xEE))
PING_FLOOD = flood(wire.frame(wire.PING, payload=bytes(8)))


def send_body(piece, cost):
    """A request whose body is `piece` again and again; each takes `cost` octets of the windows."""
    count = max(1, (1 << 16) // len(piece))
    block = piece * count

    def run(port, tally):
        sock, frames, stream, connection = opened(port)
        with sock:
            sock.sendall(wire.frame(wire.HEADERS, wire.END_HEADERS, 1,
                                    wire.fields("POST", "/heavy/upload")))
            both = wire.Duplex(sock, tally)
            window, moved = [connection, stream], time.monotonic()

            def next_octets():
                pieces = min(count, min(window) // cost)
                window[0] -= pieces * cost
                window[1] -= pieces * cost
                return block if pieces == count else block[:pieces * len(piece)]
            while min(window) >= cost or time.monotonic() - moved < STALLED:
                if min(window) >= cost:
                    moved = time.monotonic()
                for kind, _, number, payload in frames.feed(both.step(next_octets)):
                    if kind == wire.WINDOW_UPDATE:
                        window[min(number, 1)] += int.from_bytes(payload, "big")
    return run


UPLOAD = send_body(wire.frame(wire.DATA, 0, 1, bytes(16384)), 16384)
PADDED_EMPTY_DATA = send_body(wire.frame(wire.DATA, wire.PADDED, 1, b"\0"), 1)


def download(port, tally):
    """2 GiB, with windows that never close."""
    sock, _, _, _ = opened(port)
    space, taken, more = bytearray(1 << 18), 0, 1 << 28
    update = b"".join(wire.frame(wire.WINDOW_UPDATE, 0, stream, struct.pack(">I", more * 99 // 100))
                      for stream in (0, 1))
    with sock:
        sock.sendall(wire.frame(wire.HEADERS, WHOLE, 1, wire.fields("GET", "/heavy/download")))
        while size := sock.recv_into(space):
            tally.sent(size)
            taken += size
            if taken >= more:
                taken -= more
                sock.sendall(update)
    raise wire.Ended


def pings_and_settings(port, tally):
    """50 PING and 25 SETTINGS a second: less than the limits of Sallyport."""
    piece = wire.frame(wire.PING, payload=bytes(8)) * 2 + wire.frame(wire.SETTINGS)
    sock, _, _, _ = opened(port)
    with sock:
        both = wire.Duplex(sock, tally)
        while True:
            both.step(lambda: piece)
            time.sleep(0.04)


def many_streams(port, tally):
    """Small requests, 50 at a time; after 1,000 a new connection."""
    sock, frames, _, _ = opened(port)
    with sock:
        for first in range(1, 2001, 100):
            block = b"".join(wire.frame(wire.HEADERS, WHOLE, stream, GET)
                             for stream in range(first, first + 100, 2))
            sock.sendall(block)
            tally.sent(len(block))
            ended = 0
            while ended < 50:
                for kind, flags, _, _ in frames.feed(wire.some(sock)):
                    ended += kind in (wire.DATA, wire.HEADERS) and flags & wire.END_STREAM
