"""Clients that are too slow, each kind cut off at its own limit and not before."""
import socket
import time

import pytest

from support import settings
from support.places import API
from support.rawtls import RawClient
from support.waiting import wait_until

LIMIT = 0.6  # seconds, of every wait
LONGEST = LIMIT + 2


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    config = settings.open_to_all(pki, module_upstream.server)
    for name in ("handshake", "request_head", "request_body", "response_write", "keep_alive"):
        config["timeouts"][name] = f"{int(LIMIT * 1000)}ms"
    return make_gateway(config)


class Stopwatch:
    def __enter__(self):
        self.began = time.monotonic()
        return self

    def __exit__(self, *_):
        self.passed = time.monotonic() - self.began

    def shows_the_limit(self):
        return LIMIT * 0.9 <= self.passed <= LONGEST


def trickle(send, octets, pause=0.1):
    """Sends one octet at a time until the peer has had enough."""
    try:
        for octet in octets:
            send(bytes([octet]))
            time.sleep(pause)
    except OSError:
        pass


def test_a_handshake_that_does_not_begin(gateway):
    with socket.create_connection(("127.0.0.1", gateway.port)) as tcp, Stopwatch() as watch:
        tcp.settimeout(10)
        assert tcp.recv(1) == b""
    assert watch.shows_the_limit(), watch.passed
    gateway.log_line("the handshake's end", lambda line: line["event"] == "handshake_failed"
                     and line["deny"]["reason"] == "tls.timeout")


def test_a_handshake_that_trickles_gets_no_more_time(gateway):
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100)
    with socket.create_connection(("127.0.0.1", gateway.port)) as tcp, Stopwatch() as watch:
        tcp.settimeout(10)
        trickle(tcp.sendall, hello)
    assert watch.shows_the_limit(), watch.passed


def test_a_connection_without_a_first_request_is_closed(gateway, upstream):
    with RawClient(gateway) as client, Stopwatch() as watch:
        assert client.rest() == b""
    assert watch.shows_the_limit(), watch.passed


def test_a_head_that_trickles_is_answered_with_408(gateway, upstream):
    with RawClient(gateway) as client, Stopwatch() as watch:
        client.sock.settimeout(10)
        head = f"GET /slow HTTP/1.1\r\nHost: {API}\r\nX-Slow: {'a' * 200}\r\n\r\n".encode()
        for octet in head:
            client.send(bytes([octet]))
            client.sock.settimeout(0.05)
            try:
                client.reader.more()
                break
            except TimeoutError:
                pass
        client.sock.settimeout(10)
        answer = client.response()
        assert client.rest() == b""
    assert answer.status == 408 and answer.one("Connection") == "close"
    assert watch.shows_the_limit(), watch.passed
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "gateway.head_timeout"
    assert upstream.requests == []


@pytest.mark.parametrize("framing, piece", [("Content-Length: 100", b"abc"),
                                            ("Transfer-Encoding: chunked", b"3\r\nabc\r\n")],
                         ids=["length", "chunked"])
def test_a_body_that_stops_is_answered_with_408(gateway, upstream, framing, piece):
    with RawClient(gateway) as client:
        client.send(f"POST /slow HTTP/1.1\r\nHost: {API}\r\n{framing}\r\n\r\n".encode() + piece)
        with Stopwatch() as watch:
            answer = client.response()
            assert client.rest() == b""
    assert answer.status == 408 and answer.one("Connection") == "close"
    assert watch.shows_the_limit(), watch.passed
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "gateway.body_timeout"
    # The upstream is not left waiting for the rest.
    wait_until(lambda: not upstream.connections[0].is_open, "the upstream connection's end")
    assert upstream.requests[0].body is None


def test_a_body_that_goes_on_arriving_has_all_the_time_it_needs(gateway, upstream):
    with RawClient(gateway) as client:
        client.send(f"POST /steady HTTP/1.1\r\nHost: {API}\r\nContent-Length: 600\r\n\r\n".encode())
        with Stopwatch() as watch:
            for _ in range(6):
                client.send(bytes(100))
                time.sleep(LIMIT / 3)
        assert client.response().status == 200
    assert watch.passed > LIMIT * 1.5 and upstream.requests[0].body == bytes(600)


def test_a_client_that_does_not_read_its_answer_is_left(gateway, upstream):
    ended = []

    def endless(exchange):
        exchange.send(b"HTTP/1.1 200 X\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while True:
                exchange.send(bytes(1 << 20))
        except OSError:
            ended.append(time.monotonic())
    upstream.handler = endless
    with RawClient(gateway, receive_buffer=4096) as client:
        with Stopwatch() as watch:
            client.get("/big")
            wait_until(lambda: ended, "the upstream connection's end")
    assert watch.passed >= LIMIT * 0.9
    gateway.log_line("the client's end", lambda line: line.get("path") == "/big"
                     and line.get("client_gone"))


def test_a_connection_without_a_next_request_is_closed(gateway, upstream):
    with RawClient(gateway) as client:
        assert client.ask("/one").status == 200
        time.sleep(LIMIT / 2)
        assert client.ask("/two").status == 200
        with Stopwatch() as watch:
            assert client.rest() == b""
    assert watch.shows_the_limit(), watch.passed


def test_the_time_between_requests_is_not_taken_from_the_next_head(gateway, upstream):
    """The head's time begins with its first octet."""
    with RawClient(gateway) as client:
        assert client.ask("/one").status == 200
        time.sleep(LIMIT * 0.7)
        client.send(b"GET /two HTTP/1.1\r\n")
        time.sleep(LIMIT * 0.7)
        client.send(f"Host: {API}\r\n\r\n".encode())
        assert client.response().status == 200
    assert upstream.targets() == ["/one", "/two"]


@pytest.mark.parametrize("octets", [b"\r\n", b"\r"])
@pytest.mark.parametrize("apart", [False, True])
def test_an_empty_line_between_two_requests_begins_none(gateway, upstream, octets, apart):
    """Old clients send one behind a body: the connection stays idle, and ends as an idle one does."""
    refused = gateway.metric("sallyport_requests_total", code_class="4xx", route="none")
    with RawClient(gateway) as client:
        client.send(f"POST /old HTTP/1.1\r\nHost: {API}\r\nContent-Length: 2\r\n\r\nab".encode()
                    + (b"" if apart else octets))
        assert client.response().status == 200
        with Stopwatch() as watch:
            if apart:
                client.send(octets)
            assert client.rest() == b""
    assert watch.shows_the_limit(), watch.passed
    assert len(upstream.requests) == 1
    assert gateway.metric("sallyport_requests_total", code_class="4xx", route="none") == refused


def test_an_empty_line_does_not_give_an_idle_connection_more_time(gateway, upstream):
    with RawClient(gateway) as client, Stopwatch() as watch:
        assert client.ask("/one").status == 200
        time.sleep(LIMIT * 0.7)
        client.send(b"\r\n")
        assert client.rest() == b""
    assert LIMIT * 0.9 <= watch.passed < LIMIT * 1.5, watch.passed


def test_a_request_may_follow_one_empty_line_and_no_second(gateway, upstream):
    with RawClient(gateway) as client:
        for pieces in ((b"\r\n",), (b"\r", b"\n")):
            for piece in pieces:
                client.send(piece)
                time.sleep(0.05)
            assert client.ask("/next").status == 200
        client.send(b"\r\n\r\n")
        answer = client.response()
        assert (answer.status, client.rest()) == (400, b"")
    denial = gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]
    assert denial["reason"] == "http.empty_line_before_start"
    assert upstream.targets() == ["/next"] * 2
