"""Requests and answers that come through: framing, connections, sizes, and upstreams that misbehave."""
import os
import subprocess
import threading
import time
import zlib

import pytest

from support import settings
from support.curl import curl
from support.http1 import Closed
from support.places import API
from support.processes import free_port
from support.rawtls import RawClient
from support.upstreams import Upstream
from support.waiting import settled, wait_until

GIB = 1 << 30
MIB = 1 << 20


@pytest.fixture(scope="module")
def unix_upstream(tmp_path_factory):
    running = Upstream(tmp_path_factory.mktemp("upstream") / "api.sock")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream, unix_upstream):
    config = settings.open_to_all(pki, module_upstream.server)
    config["upstreams"]["raw"] |= {"response_timeout": "500ms", "idle_timeout": "1500ms"}
    config["upstreams"]["down"] = {"servers": [f"127.0.0.1:{free_port()}"]}
    config["upstreams"]["unix"] = {"servers": [unix_upstream.server]}
    config["upstreams"]["renamed"] = {"servers": [module_upstream.server], "host": "inner.example"}
    for name in ("down", "unix", "renamed"):
        config["routes"].append(settings.route(name, [f"/{name}"], name, settings.ANY_METHOD,
                                               policies={"headers": None}))
    return make_gateway(config)


def head_of(method, path, *fields):
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {API}", *fields, "", ""]).encode()


# ---- connections

def test_one_connection_carries_many_requests_on_both_sides(gateway, upstream):
    with RawClient(gateway) as client:
        for number in range(5):
            answer = client.ask(f"/{number}")
            assert (answer.status, answer.body) == (200, b'{"ok":true}')
            assert answer.one("Connection") is None
    assert upstream.targets() == ["/0", "/1", "/2", "/3", "/4"]
    assert len(set(request.connection for request in upstream.requests)) == 1


def test_pipelined_requests_are_answered_in_their_order(gateway, upstream):
    def slow_first(exchange):
        if exchange.target == "/0":
            time.sleep(0.2)
        exchange.answer(body=exchange.target.encode())
    upstream.handler = slow_first
    with RawClient(gateway) as client:
        client.send(b"".join(head_of("GET", f"/{number}") for number in range(3)))
        assert [client.response().body for _ in range(3)] == [b"/0", b"/1", b"/2"]
    assert upstream.targets() == ["/0", "/1", "/2"]


def test_pipelined_bodies_do_not_mix(gateway, upstream):
    upstream.handler = lambda exchange: exchange.answer(body=exchange.read_body())
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/a", "Content-Length: 3") + b"abc"
                    + head_of("POST", "/b", "Transfer-Encoding: chunked")
                    + b"2\r\nde\r\n1\r\nf\r\n0\r\n\r\n" + head_of("POST", "/c", "Content-Length: 0"))
        assert [client.response().body for _ in range(3)] == [b"abc", b"def", b""]


def test_a_request_may_come_octet_by_octet(gateway, upstream):
    with RawClient(gateway) as client:
        for octet in head_of("POST", "/slow", "Transfer-Encoding: chunked") + \
                b"5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n":
            client.send(bytes([octet]))
        assert client.response().status == 200
    assert upstream.requests[0].body == b"hello"


def test_an_http_1_0_client_gets_an_answer_that_ends_with_the_connection(gateway, upstream):
    def chunked(exchange):
        exchange.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
    upstream.handler = chunked
    with RawClient(gateway) as client:
        client.send(f"GET /old HTTP/1.0\r\nHost: {API}\r\nConnection: keep-alive\r\n\r\n".encode())
        answer = client.response()
        assert answer.body == b"hello world"
        assert answer.one("Transfer-Encoding") is None and answer.one("Connection") == "close"
    assert upstream.requests[0].version == "HTTP/1.1"
    assert upstream.requests[0].head.all("Via") == ["1.0 sallyport"]


def test_an_http_1_0_client_may_keep_its_connection(gateway, upstream):
    with RawClient(gateway) as client:
        for _ in range(2):
            client.send(
                f"GET /old HTTP/1.0\r\nHost: {API}\r\nConnection: keep-alive\r\n\r\n".encode())
            answer = client.response()
            assert answer.status == 200 and answer.one("Connection") == "keep-alive"
        client.send(f"GET /old HTTP/1.0\r\nHost: {API}\r\n\r\n".encode())
        assert client.response().one("Connection") == "close"
        assert client.rest() == b""


def test_a_unix_socket_is_an_upstream_too(gateway, unix_upstream):
    assert curl(gateway, "/unix", certificate=None).json() == {"ok": True}
    assert unix_upstream.targets() == ["/unix"]


def test_the_upstream_gets_the_client_s_host_or_its_own(gateway, upstream):
    curl(gateway, "/plain", certificate=None)
    curl(gateway, "/renamed", certificate=None)
    hosts = [request.head.one("Host") for request in upstream.requests]
    assert hosts == [f"{API}:{gateway.port}", "inner.example"]


# ---- answers

@pytest.mark.parametrize("method, answer, fields", [
    ("HEAD", b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n", {"Content-Length": "1000"}),
    ("HEAD", b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n", {}),
    ("GET", b"HTTP/1.1 204 X\r\n\r\n", {"Content-Length": None, "Transfer-Encoding": None}),
    ("GET", b"HTTP/1.1 304 X\r\nETag: \"a\"\r\nContent-Length: 1000\r\n\r\n", {"ETag": '"a"'}),
    ("GET", b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n", {"Content-Length": "0"}),
], ids=["head", "head_chunked", "204", "304", "empty"])
def test_an_answer_without_a_body_leaves_the_connection_usable(gateway, upstream, method, answer,
                                                               fields):
    def handler(exchange):
        if exchange.target == "/none":
            exchange.send(answer)
        else:
            exchange.answer(body=b"next")
    upstream.handler = handler
    with RawClient(gateway) as client:
        client.send(head_of(method, "/none") + head_of("GET", "/next"))
        got = client.response(method)
        assert got.start.split()[1] == answer.split()[1].decode() and got.body == b""
        assert all(got.one(name) == value for name, value in fields.items())
        assert client.response().body == b"next"
    assert upstream.requests[0].method == method


def test_a_chunked_body_is_chunked_all_the_way_both_ways(gateway, upstream):
    def handler(exchange):
        body = exchange.read_body()
        exchange.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
        for octet in body:
            exchange.send(b"1;ext=1\r\n" + bytes([octet]) + b"\r\n")
        exchange.send(b"0\r\n\r\n")
    upstream.handler = handler
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/echo", "Transfer-Encoding: chunked")
                    + b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
        answer = client.response()
    assert answer.body == b"hello world" and answer.one("Transfer-Encoding") == "chunked"
    request = upstream.requests[0].head
    assert request.one("Transfer-Encoding") == "chunked" and request.one("Content-Length") is None


def test_trailers_come_through_both_ways(gateway, upstream):
    def handler(exchange):
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"2\r\nok\r\n0\r\nX-Checksum: 99\r\n\r\n")
    upstream.handler = handler
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/sum", "Transfer-Encoding: chunked")
                    + b"2\r\nhi\r\n0\r\nX-Sum: 42\r\n\r\n")
        assert client.response().trailers == [("X-Checksum", "99")]
    assert upstream.requests[0].trailers == [("X-Sum", "42")]


def test_an_answer_that_ends_with_the_connection_is_chunked_for_the_client(gateway, upstream):
    def handler(exchange):
        exchange.send(b"HTTP/1.1 200 X\r\n\r\nuntil the end")
        exchange.close()
    upstream.handler = handler
    with RawClient(gateway) as client:
        answer = client.ask("/old-server")
        assert answer.body == b"until the end" and answer.one("Transfer-Encoding") == "chunked"


def test_interim_answers_of_the_upstream_are_not_the_answer(gateway, upstream):
    def handler(exchange):
        exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        exchange.answer()
    upstream.handler = handler
    with RawClient(gateway) as client:
        assert client.ask("/hints").status == 200


# ---- Expect: 100-continue

def test_a_permitted_body_is_asked_for(gateway, upstream):
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/big", "Content-Length: 5", "Expect: 100-continue"))
        assert client.reader.head().start == "HTTP/1.1 100 Continue"
        client.send(b"hello")
        assert client.response().status == 200
    assert upstream.requests[0].body == b"hello"


def test_a_refused_body_is_never_asked_for(make_own_gateway, pki, upstream):
    config = settings.open_to_all(pki, upstream.server)
    config["routes"][0]["policies"] = {"client_cert": {"trust_store": "plaid"}, "headers": None}
    gateway = make_own_gateway(config)
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/big", "Content-Length: 5", "Expect: 100-continue"))
        answer = client.response()
        assert answer.status == 403 and answer.interim == []
        assert client.rest() == b""
    assert upstream.requests == []


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
        exchange.send(f"HTTP/1.1 200 X\r\nContent-Length: {64 * MIB}\r\n\r\n".encode())
        for _ in range(64 * 16):
            exchange.send(bytes(MIB // 16))
            sent[0] += MIB // 16
    upstream.handler = send
    with RawClient(gateway, receive_buffer=65536) as client, Growth(gateway) as growth:
        client.get("/big")
        wait_until(lambda: sent[0], "the upstream begins")
        assert settled(lambda: sent[0]) < 24 * MIB  # what the kernel's buffers take
        assert len(client.response().body) == 64 * MIB
    assert growth.is_bounded(), growth.largest


def test_a_client_waits_for_an_upstream_that_does_not_read(gateway, upstream):
    go_on, sent = threading.Event(), [0]

    def stall(exchange):
        go_on.wait(20)
        exchange.answer(body=str(len(exchange.read_body())).encode())
    upstream.handler = stall
    total = 32 * MIB
    with RawClient(gateway) as client:
        def push():
            for _ in range(total // 65536):
                client.send(bytes(65536))
                sent[0] += 65536
        client.send(head_of("POST", "/big", f"Content-Length: {total}"))
        pusher = threading.Thread(target=push, daemon=True)
        with Growth(gateway) as growth:
            pusher.start()
            assert settled(lambda: sent[0]) < 24 * MIB
        go_on.set()
        pusher.join(30)
        assert client.response().body == str(total).encode()
    assert growth.is_bounded(), growth.largest


# ---- clients that leave

def test_a_client_that_leaves_while_it_waits_ends_the_upstream_request(gateway, upstream):
    left = threading.Event()

    def wait(exchange):
        exchange.wait_for_close()
        left.set()
    upstream.handler = wait
    client = RawClient(gateway)
    client.get("/long", more="x-fapi-interaction-id: 3b0c1d7e-0000-4000-8000-000000000001\r\n")
    upstream.wait_for(1)
    client.vanish()
    assert left.wait(10), "the upstream's connection stays open"
    line = gateway.line_of("3b0c1d7e-0000-4000-8000-000000000001")
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


# ---- upstreams that fail

def expect_failure(gateway, upstream, status, code, reason, rule="", path="/fails"):
    """A request that the upstream fails: the answer is the gateway's, in the profile's shape."""
    answer = curl(gateway, path, certificate=None)
    assert answer.status == status and list(answer.json()) == ["code", "message"]
    assert answer.json()["code"] == code
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert (line["deny"]["stage"], line["deny"]["reason"]) == ("upstream", reason)
    assert rule in line["deny"]["evidence"] and "server=" in line["deny"]["evidence"]
    return answer


def test_an_upstream_that_is_down(gateway, upstream):
    expect_failure(gateway, upstream, 502, 501, "upstream.connect", path="/down")


def test_an_upstream_that_does_not_answer_in_time(gateway, upstream):
    ended = threading.Event()

    def silent(exchange):
        exchange.wait_for_close()
        ended.set()
    upstream.handler = silent
    began = time.monotonic()
    expect_failure(gateway, upstream, 504, 501, "upstream.timeout", "response_timeout")
    assert 0.45 < time.monotonic() - began < 3
    assert ended.wait(5), "the connection stays open"


def test_an_upstream_that_closes_without_an_answer(gateway, upstream):
    upstream.handler = lambda exchange: exchange.connection.close()
    expect_failure(gateway, upstream, 502, 501, "upstream.closed")


def test_an_upstream_that_resets_the_connection(gateway, upstream):
    upstream.handler = lambda exchange: exchange.connection.reset()
    expect_failure(gateway, upstream, 502, 501, "upstream.closed")


BROKEN_HEADS = {
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", ""),
    "no_http": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "http.bad_status_line"),
    "http_2": (b"HTTP/2.0 200 OK\r\n\r\n", ""),
    "status_of_two_digits": (b"HTTP/1.1 20 X\r\n\r\n", ""),
    "status_too_large": (b"HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n", "http.bad_status_code"),
    "bad_length": (b"HTTP/1.1 200 X\r\nContent-Length: +1\r\n\r\na", "http.bad_content_length"),
    "two_lengths": (b"HTTP/1.1 200 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                    "http.duplicate_content_length"),
    "both_lengths": (b"HTTP/1.1 200 X\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
                     "http.both_lengths"),
    "unknown_coding": (b"HTTP/1.1 200 X\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                       "http.unknown_transfer_coding"),
    "bare_line_feeds": (b"HTTP/1.1 200 X\nContent-Length: 0\n\n", "http.bare_line_feed"),
    "folded": (b"HTTP/1.1 200 X\r\nX-A: 1\r\n b\r\nContent-Length: 0\r\n\r\n", "http.obs_fold"),
    "space_before_colon": (b"HTTP/1.1 200 X\r\nContent-Length : 0\r\n\r\n",
                           "http.space_before_colon"),
    "nul": (b"HTTP/1.1 200 X\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n", "http.nul_in_field"),
    "switched_protocols": (b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n",
                           "http.switching_protocols_refused"),
    "head_too_large": (b"HTTP/1.1 200 X\r\n" + b"X-A: " + b"a" * 15000 + b"\r\n"
                       + b"X-B: " + b"b" * 15000 + b"\r\nX-C: " + b"c" * 15000 + b"\r\n\r\n",
                       "http.head_too_large"),
    "interim_without_end": (b"HTTP/1.1 100 X\r\n\r\n" * 9, "too many interim heads"),
}


@pytest.mark.parametrize("octets, rule", BROKEN_HEADS.values(), ids=BROKEN_HEADS.keys())
def test_a_broken_answer_is_not_passed_on(gateway, upstream, octets, rule):
    ended = threading.Event()

    def handler(exchange):
        exchange.send(octets)
        exchange.wait_for_close()
        ended.set()
    upstream.handler = handler
    expect_failure(gateway, upstream, 502, 501, "upstream.broken", rule)
    assert ended.wait(5), "the connection stays open"
    assert len(upstream.requests) == 1, "it was asked again"


BROKEN_BODIES = {
    "bad_chunk": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nx\r\n",
    "chunk_without_end": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokk\r\n0\r\n\r\n",
    "trailer_of_framing": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
                          b"Content-Length: 2\r\n\r\n",
    "short_length": b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nok",
    "short_chunks": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nok",
}


@pytest.mark.parametrize("octets", BROKEN_BODIES.values(), ids=BROKEN_BODIES.keys())
def test_an_answer_that_breaks_off_looks_broken_to_the_client(gateway, upstream, octets):
    """Neither completed nor followed by anything: the client must not take it for the whole."""
    def handler(exchange):
        exchange.send(octets)
        exchange.close()
    upstream.handler = handler
    with RawClient(gateway) as client:
        client.get("/breaks", more="x-fapi-interaction-id: 3b0c1d7e-0000-4000-8000-00000000000"
                                   f"{list(BROKEN_BODIES.values()).index(octets)}\r\n")
        with pytest.raises(Closed):
            client.response()
    line = gateway.line_of("3b0c1d7e-0000-4000-8000-00000000000"
                           f"{list(BROKEN_BODIES.values()).index(octets)}")
    assert line["deny"]["reason"] in ("upstream.broken", "upstream.closed")


def test_octets_after_an_answer_end_the_upstream_connection(gateway, upstream):
    """They could become the answer to the next request, of another client."""
    def handler(exchange):
        if exchange.target == "/first":
            exchange.send(b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nok"
                          b"HTTP/1.1 200 X\r\nContent-Length: 6\r\n\r\npoison")
        else:
            exchange.answer(body=b"clean")
    upstream.handler = handler
    with RawClient(gateway) as client:
        assert client.ask("/first").body == b"ok"
        assert client.ask("/second").body == b"clean"
    assert upstream.requests[0].connection is not upstream.requests[1].connection


def test_octets_on_an_idle_upstream_connection_are_no_answer(gateway, upstream):
    with RawClient(gateway) as client:
        assert client.ask("/first").status == 200
        upstream.requests[0].send(b"HTTP/1.1 200 X\r\nContent-Length: 6\r\n\r\npoison")
        wait_until(lambda: not upstream.requests[0].connection.is_open, "the connection's end")
        upstream.handler = lambda exchange: exchange.answer(body=b"clean")
        assert client.ask("/second").body == b"clean"


# ---- connections that the upstream had given up

def closes_kept_connections(upstream):
    """An upstream that answers on new connections and drops the second request of each."""
    seen = set()

    def handler(exchange):
        if exchange.connection in seen:
            exchange.close()
        else:
            seen.add(exchange.connection)
            exchange.answer(body=exchange.read_body())
    upstream.handler = handler


def on_a_kept_connection(gateway, upstream, octets):
    """The answer to a request that the gateway first sends on a connection used before."""
    closes_kept_connections(upstream)
    with RawClient(gateway) as client:
        first = client.ask("/first")
        assert first.status == 200
        client.send(octets)
        return client.response()


def test_a_get_on_a_stale_connection_is_tried_once_more(gateway, upstream):
    answer = on_a_kept_connection(gateway, upstream, head_of("GET", "/again"))
    assert answer.status == 200
    assert upstream.targets().count("/again") == 2


def test_a_post_on_a_stale_connection_is_never_repeated(gateway, upstream):
    octets = head_of("POST", "/again", "Content-Length: 5") + b"hello"
    answer = on_a_kept_connection(gateway, upstream, octets)
    assert answer.status == 502
    assert upstream.targets().count("/again") == 1


def test_a_post_without_a_body_is_never_repeated_either(gateway, upstream):
    answer = on_a_kept_connection(gateway, upstream, head_of("POST", "/again", "Content-Length: 0"))
    assert answer.status == 502
    assert upstream.targets().count("/again") == 1


def test_a_get_is_tried_no_more_than_twice(gateway, upstream):
    with RawClient(gateway) as client:
        assert client.ask("/first").status == 200
        upstream.handler = lambda exchange: exchange.close()
        assert client.ask("/again").status == 502
    assert upstream.targets().count("/again") == 2
