"""Bodies of every size: bounded memory, flow control both ways, clients that leave midway."""
import os
import subprocess
import threading
import time
import uuid
import zlib

import pytest

from support import settings
from support.curl import curl
from support.places import API
from support.rawtls import RawClient, head_of
from support.waiting import settled, wait_until

GIB = 1 << 30
MIB = 1 << 20
KERNEL = 96 * MIB  # more than its buffers take of a body that nobody reads


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    return make_gateway(settings.open_to_all(pki, module_upstream.server))


# ---- sizes

class Growth:
    """The largest growth of the gateway's memory while the block runs."""

    def __init__(self, gateway):
        self.gateway, self.largest, self.running = gateway, 0, True
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while self.running:
            self.largest = max(self.largest, self.gateway.rss() - self.before)
            time.sleep(0.02)

    def __enter__(self):
        self.before = self.gateway.rss()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.thread.join()

    def is_bounded(self):
        # A sanitizer keeps what was freed.
        return self.largest < 30 * MIB or self.gateway.is_sanitized()


def test_a_gibibyte_goes_up_in_bounded_memory(gateway, upstream, tmp_path):
    received = [0]

    def count(exchange):
        assert exchange.head.one("Content-Length") == str(GIB)
        received[0] = len(exchange.connection.reader.buffer)
        exchange.connection.reader.buffer, exchange.body = b"", b"(counted)"
        buffer = bytearray(MIB)
        while received[0] < GIB and (got := exchange.connection.sock.recv_into(buffer)):
            received[0] += got
            assert not any(buffer[:16]), "the body is not what was sent"
        exchange.answer()
    upstream.handler = count
    file = tmp_path / "sparse"
    with open(file, "wb") as sparse:
        sparse.truncate(GIB)
    with Growth(gateway) as growth:
        answer = curl(gateway, "/upload", "-T", file, "-H", "Expect:", certificate=None,
                      timeout=120)
    assert (answer.exit, answer.status) == (0, 200), answer.error
    assert received[0] == GIB
    assert growth.is_bounded(), growth.largest


def test_a_gibibyte_comes_down_unchanged_in_bounded_memory(gateway, upstream):
    block = os.urandom(MIB)

    def send(exchange):
        exchange.send(f"HTTP/1.1 200 X\r\nContent-Length: {GIB}\r\n\r\n".encode())
        for _ in range(GIB // MIB):
            exchange.send(block)
    upstream.handler = send
    command = ["curl", "-sS", "--http1.1", "--cacert", gateway.pki.server_ca, "--max-time", "120",
               "--resolve", f"{API}:{gateway.port}:127.0.0.1",
               f"https://{API}:{gateway.port}/download"]
    size = checksum = 0
    with Growth(gateway) as growth, \
            subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as client:
        while piece := client.stdout.read(MIB):
            size, checksum = size + len(piece), zlib.crc32(piece, checksum)
    expected = 0
    for _ in range(GIB // MIB):
        expected = zlib.crc32(block, expected)
    assert (client.returncode, size, checksum) == (0, GIB, expected)
    assert growth.is_bounded(), growth.largest


def test_an_upstream_waits_for_a_client_that_does_not_read(gateway, upstream):
    sent = [0]

    def send(exchange):
        exchange.send(f"HTTP/1.1 200 X\r\nContent-Length: {256 * MIB}\r\n\r\n".encode())
        for _ in range(256):
            exchange.send(bytes(MIB))
            sent[0] += MIB
    upstream.handler = send
    with RawClient(gateway, receive_buffer=65536) as client, Growth(gateway) as growth:
        client.get("/big")
        wait_until(lambda: sent[0], "the upstream begins")
        assert settled(lambda: sent[0]) < KERNEL
        assert len(client.response().body) == 256 * MIB
    assert growth.is_bounded(), growth.largest


def test_a_client_waits_for_an_upstream_that_does_not_read(gateway, upstream):
    go_on, sent = threading.Event(), [0]

    def stall(exchange):
        go_on.wait(20)
        exchange.answer(body=str(len(exchange.read_body())).encode())
    upstream.handler = stall
    total, piece = 256 * MIB, bytes(MIB)
    with RawClient(gateway) as client:
        def push():
            for _ in range(total // MIB):
                client.send(piece)
                sent[0] += MIB
        client.send(head_of("POST", "/big", f"Content-Length: {total}"))
        pusher = threading.Thread(target=push, daemon=True)
        with Growth(gateway) as growth:
            pusher.start()
            assert settled(lambda: sent[0]) < KERNEL
        go_on.set()
        pusher.join(30)
        assert client.response().body == str(total).encode()
    assert growth.is_bounded(), growth.largest


def test_a_body_larger_than_the_limit_is_refused(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(settings.open_to_all(pki, upstream.server,
                                                    limits={"request_body": "1k"}))
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/big", "Content-Length: 1025"))
        assert client.response().status == 413
    assert upstream.requests == []
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/big", "Transfer-Encoding: chunked")
                    + b"401\r\n" + bytes(1025) + b"\r\n0\r\n\r\n")
        assert client.response().status == 413
    wait_until(lambda: all(not request.connection.is_open for request in upstream.requests),
               "the upstream connection's end")
    assert all(request.body is None for request in upstream.requests)


# ---- clients that leave

def test_a_client_that_leaves_while_it_waits_ends_the_upstream_request(gateway, upstream):
    left = threading.Event()

    def wait(exchange):
        exchange.wait_for_close()
        left.set()
    upstream.handler = wait
    client = RawClient(gateway)
    mark = str(uuid.uuid4())
    client.get("/long", more=f"x-fapi-interaction-id: {mark}\r\n")
    upstream.wait_for(1)
    client.vanish()
    assert left.wait(10), "the upstream's connection stays open"
    line = gateway.line_of(mark)
    assert line["client_gone"] is True and line["status"] == 0


def test_a_client_that_leaves_in_its_body_ends_the_upstream_request(gateway, upstream):
    left = []

    def wait(exchange):
        left.append(exchange.wait_for_close())
    upstream.handler = wait
    client = RawClient(gateway)
    client.send(head_of("POST", "/half", "Content-Length: 100") + b"a" * 40)
    upstream.wait_for(1)
    client.vanish()
    wait_until(lambda: left, "the upstream connection's end")
    assert left == [b"a" * 40]


def test_a_client_that_leaves_in_its_answer_ends_the_upstream_answer(gateway, upstream):
    left = threading.Event()

    def endless(exchange):
        exchange.send(b"HTTP/1.1 200 X\r\nContent-Length: 100000000000\r\n\r\n")
        try:
            while True:
                exchange.send(bytes(MIB))
        except OSError:
            left.set()
    upstream.handler = endless
    client = RawClient(gateway)
    client.get("/endless")
    client.reader.head()
    client.vanish()
    assert left.wait(10), "the upstream goes on sending"
