"""Requests and answers that come through: their framing, and the connections that carry them."""
import threading
import time

import pytest

from support import settings
from support.curl import curl
from support.places import API
from support.rawtls import RawClient, head_of
from support.upstreams import Upstream
from support.waiting import wait_until


@pytest.fixture(scope="module")
def unix_upstream(tmp_path_factory):
    running = Upstream(tmp_path_factory.mktemp("upstream") / "api.sock")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream, unix_upstream):
    config = settings.open_to_all(pki, module_upstream.server)
    config["upstreams"]["unix"] = {"servers": [unix_upstream.server]}
    config["upstreams"]["renamed"] = {"servers": [module_upstream.server], "host": "inner.example"}
    for name in ("unix", "renamed"):
        config["routes"].append(settings.route(name, [f"/{name}"], name, settings.ANY_METHOD,
                                               policies={"headers": None}))
    return make_gateway(config)


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
                    + b"2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
                    + head_of("POST", "/c", "Content-Length: 0"))
        assert [client.response().body for _ in range(3)] == [b"abc", b"def", b""]


def test_a_request_may_come_octet_by_octet(gateway, upstream):
    with RawClient(gateway) as client:
        for octet in head_of("POST", "/slow", "Transfer-Encoding: chunked") + \
                b"5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n":
            client.send(bytes([octet]))
        assert client.response().status == 200
    assert upstream.requests[0].body == b"hello"


def test_a_connection_ends_after_its_share_of_requests(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(settings.open_to_all(pki, upstream.server,
                                                    limits={"requests_per_connection": 2}))
    with RawClient(gateway) as client:
        assert client.ask("/one").one("Connection") is None
        assert client.ask("/two").one("Connection") == "close"
        assert client.rest() == b""


def test_connections_over_the_limit_are_closed_at_once(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(settings.open_to_all(pki, upstream.server,
                                                    limits={"connections": 2}))
    go_on = threading.Event()
    upstream.handler = lambda exchange: (go_on.wait(10), exchange.answer())
    with RawClient(gateway) as first, RawClient(gateway) as second:
        first.get("/first")
        second.get("/second")
        upstream.wait_for(2)  # nobody is idle, who could make room
        with pytest.raises(OSError):
            RawClient(gateway)
        assert gateway.metric("sallyport_connections_refused_total") == 1
        assert gateway.metric("sallyport_connections_open") == 2
        go_on.set()
        assert first.response().status == second.response().status == 200
    wait_until(lambda: gateway.metric("sallyport_connections_open") == 0, "both connections' end")
    with RawClient(gateway) as client:
        assert client.ask("/again").status == 200


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


def test_an_answer_before_the_body_s_end_reaches_the_client(gateway, upstream):
    """As with 413: the rest of the body is not wanted, and ends the connection."""
    def handler(exchange):
        exchange.send(b"HTTP/1.1 413 X\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        exchange.close()
    upstream.handler = handler
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/early", "Content-Length: 1000000") + bytes(1000))
        answer = client.response()
        assert (answer.status, answer.body) == (413, b"big")
        assert answer.one("Connection") == "close"
        assert client.rest() == b""


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
