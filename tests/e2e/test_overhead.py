"""What is cheap to send, of use to nobody, and not counted by any other limit ends its connection."""
import contextlib
import os
import socket
import subprocess
import threading
import time

import pytest

from support import settings
from support.h2client import H2Client, raw, request_of
from support.places import API
from support.rawtls import RawClient, head_of
from support.waiting import wait_until

DATA, HEADERS, PRIORITY_UPDATE = 0, 1, 0x10
END_STREAM, END_HEADERS, PADDED = 1, 4, 8
CALM = 0xb
LIMIT = 26 * 1024  # limits.overhead in these tests; the default is ten times that


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    return make_gateway(settings.open_to_all(pki, module_upstream.server,
                                             timeouts={"min_drain": "0ms"}))


def ended(gateway):
    return gateway.metric("sallyport_connections_overhead_total")


@pytest.fixture
def ends_one(gateway):
    """The test must end exactly one connection for its overhead."""
    before = ended(gateway)
    yield
    wait_until(lambda: ended(gateway) == before + 1, "one connection ended for its overhead")


def reset_stream(client):
    """A stream that the gateway reset: frames on it are ignored, and tell the library nothing."""
    stream = client.request(request_of("/", ("content-length", "1"), method="POST"), end=False)
    client.sock.sendall(raw(HEADERS, END_HEADERS, stream, client.header_block([("x-a", "1")])))
    assert client.response(stream).reset is not None
    return stream


def open_stream(client):
    return client.request(request_of("/", method="POST"), end=False)


# ---- HTTP/2

FLOODS = {
    "headers of a stream that is gone": lambda client: raw(
        HEADERS, END_HEADERS | END_STREAM, reset_stream(client), client.header_block([("a", "b")])),
    "data of a stream that is gone": lambda client: raw(DATA, 0, reset_stream(client)),
    "padded data without content": lambda client: raw(
        DATA, PADDED, open_stream(client), b"\x04\0\0\0\0"),
    "unknown frames": lambda client: raw(0xfe, 0, 0, b"unknown"),
    "PRIORITY_UPDATE": lambda client: raw(PRIORITY_UPDATE, 0, 0, b"\0\0\0\1u=1"),
    "ALTSVC": lambda client: raw(0xa, 0, 1, b"\0\0"),
    "data one octet at a time": lambda client: raw(DATA, 0, open_stream(client), b"x"),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_that_no_kind_counts(gateway, upstream, ends_one, kind):
    with H2Client(gateway) as client:
        frame = FLOODS[kind](client)
        with contextlib.suppress(OSError):
            for _ in range(100):
                client.sock.sendall(frame * (2000 // len(frame)))
        assert client.wait_for_end() in (CALM, None)
    gateway.log_line("the end", lambda line: line["event"] == "http2_connection_ended"
                     and line["message"].endswith("problem=overhead"))


def test_requests_under_way_end_with_the_reason(gateway, upstream, ends_one):
    go_on = threading.Event()
    upstream.handler = lambda exchange: (go_on.wait(10), exchange.answer())
    with H2Client(gateway) as client:
        client.request(request_of("/under-way"))
        upstream.wait_for(1)
        with contextlib.suppress(OSError):
            for _ in range(100):
                client.sock.sendall(raw(0xfe, 0, 0, b"x" * 991))
        client.wait_for_end()
    go_on.set()
    line = gateway.log_line("the request", lambda line: line.get("path") == "/under-way")
    assert line["deny"]["reason"] == "connection.overhead"


def test_updates_for_what_we_sent_are_free(gateway, upstream):
    """Two for each frame, each in a record of its own."""
    size, step = 40_000_000, 16_000
    upstream.handler = lambda exchange: exchange.answer(200, b"x" * size)
    before = ended(gateway)
    with H2Client(gateway, credit=False) as client:
        stream = client.request(request_of("/large"))
        answer, credited = client.answers[stream], 0
        while not answer.ended:
            client.receive()
            while not answer.ended and len(answer.body) - credited >= step:
                for which in (None, stream):
                    client.h2.increment_flow_control_window(step, which)
                    client.flush()
                credited += step
        assert len(answer.body) == size
    assert ended(gateway) == before


def test_requests_pay_for_what_is_between_them(gateway, upstream):
    before = ended(gateway)
    with H2Client(gateway) as client:
        for _ in range(3 * LIMIT // 200):
            client.sock.sendall(raw(0xfe, 0, 0, b"x" * 191))
            assert client.ask("/").status == 200
    assert ended(gateway) == before


# ---- HTTP/1, and TLS

def test_chunks_of_one_octet(gateway, upstream, ends_one):
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/chunks", "Transfer-Encoding: chunked"))
        with contextlib.suppress(OSError):
            for _ in range(100):
                client.send(b"1\r\nx\r\n" * 100)
        answer = client.response()
        assert answer.status == 400 and answer.one("Connection") == "close"
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "connection.overhead"


@contextlib.contextmanager
def send_chunks(gateway):
    """The socket of a client that sent chunks of one octet, and has its answer."""
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/chunks", "Transfer-Encoding: chunked"))
        for _ in range(LIMIT // 300):
            client.send(b"1\r\nx\r\n" * 100)
        assert client.response().status == 400
        with socket.socket(fileno=os.dup(client.sock.fileno())) as tcp:
            yield tcp


@contextlib.contextmanager
def send_frames(gateway):
    """The socket of a client that sent unknown frames, and was told why it ended."""
    with H2Client(gateway) as client:
        for _ in range(LIMIT // 1000 + 1):
            client.sock.sendall(raw(0xfe, 0, 0, b"x" * 991))
        assert client.wait_for_end() == CALM
        with socket.socket(fileno=os.dup(client.sock.fileno())) as tcp:
            yield tcp


@pytest.mark.parametrize("sends", [send_chunks, send_frames])
def test_who_was_ended_is_not_read_any_more(gateway, upstream, ends_one, sends):
    """What it sends on waits in the kernel's buffers until the connection is closed."""
    with sends(gateway) as tcp:
        tcp.setblocking(False)
        sent, end = 0, time.monotonic() + 1
        while time.monotonic() < end:
            try:
                sent += tcp.send(bytes(1 << 16))
            except BlockingIOError:
                time.sleep(0.01)
    assert sent < 30_000_000


@pytest.mark.parametrize("size", [6, 16, 1400])
def test_chunks_of_some_octets_are_no_offence(gateway, upstream, size):
    before = ended(gateway)
    piece = b"%x\r\n" % size + b"x" * size + b"\r\n"
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/chunks", "Transfer-Encoding: chunked"))
        for _ in range(20):
            client.send(piece * (60_000 // len(piece)))
        client.send(b"0\r\n\r\n")
        assert client.response().status == 200
    assert ended(gateway) == before


def test_records_of_one_octet(gateway, upstream, ends_one):
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/records", f"Content-Length: {LIMIT}"))
        with contextlib.suppress(OSError):
            for _ in range(LIMIT // 10):
                client.send(b"x")
        assert client.response().status == 400


def test_key_updates(gateway, upstream, ends_one):
    """Each makes the gateway derive keys and answer with an update of its own. `openssl s_client` sends one
    for a K at the beginning of what it reads; the pipe keeps one write from the next."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername", API,
               "-CAfile", gateway.pki.server_ca, "-tls1_3", "-no_ign_eof"]
    theirs, ours = os.pipe2(os.O_DIRECT)
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as client:
        os.close(theirs)
        with contextlib.suppress(BrokenPipeError):
            os.write(ours, head_of("POST", "/updates", "Content-Length: 100000"))
            for turn in range(3000):  # more than 32 in a row the library refuses itself
                os.write(ours, b"x" if turn % 20 == 0 else b"K\n")
        os.close(ours)
        client.wait(20)
