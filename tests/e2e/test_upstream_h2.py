"""HTTP/2 to an upstream: many exchanges on one connection, held to the same rules as HTTP/1.1."""
import contextlib
import socket
import threading
import time
import uuid

import pytest

from support import settings
from support.curl import curl
from support.h2_upstream import H2Upstream
from support.http1 import Closed
from support.rawtls import RawClient, head_of
from support.upstreams import Upstream, server_tls
from support.waiting import settled, wait_until

REFUSED_STREAM, CANCEL = 7, 8


@pytest.fixture
def upstreams():
    with contextlib.ExitStack() as stack:
        def make(**options):
            made = H2Upstream(**options)
            stack.callback(made.stop)
            return made
        yield make


@pytest.fixture
def make(make_own_gateway, pki):
    def gateway(server, **options):
        config = settings.open_to_all(pki, server)
        config["upstreams"]["raw"] |= {"protocol": "h2", **options}
        return make_own_gateway(config)
    return gateway


def denial_of(gateway, answer):
    return gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]


def test_a_request_and_its_answer(make, upstreams):
    upstream = upstreams()
    upstream.handler = lambda request: (request.wait(), request.answer(
        201, request.body[::-1], [("content-length", "5"), ("x-answer", "yes")]))
    gateway = make(upstream.server, host="api.internal")
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/a?b=c", "Content-Length: 5", "X-Ask: Yes") + b"hello")
        answer = client.response()
    assert (answer.status, answer.body, answer.one("X-Answer")) == (201, b"olleh", "yes")
    request, = upstream.requests
    assert request.fields[:4] == [(":method", "POST"), (":scheme", "http"),
                                  (":authority", "api.internal"), (":path", "/a?b=c")]
    assert request.one("x-ask") == "Yes" and request.one("content-length") == "5"
    assert not {"host", "connection", "transfer-encoding"} & {name for name, _ in request.fields}


def test_over_tls_it_is_settled_by_alpn(make, upstreams, pki):
    tls = server_tls(pki)
    tls.set_alpn_protocols(["h2"])
    upstream = upstreams(tls=tls)
    gateway = make(upstream.server, tls={"ca_file": str(pki.server_ca)})
    assert curl(gateway, "/", certificate=None).body == b"ok"
    assert upstream.requests[0].one(":scheme") == "https"


def test_a_server_that_settles_on_another_protocol_gets_nothing(make, pki):
    upstream = Upstream(tls=server_tls(pki))
    gateway = make(upstream.server, tls={"ca_file": str(pki.server_ca)})
    answer = curl(gateway, "/", certificate=None)
    assert answer.status == 502 and upstream.requests == []
    denial = denial_of(gateway, answer)
    assert denial["reason"] == "upstream.tls"
    upstream.stop()


def test_one_connection_carries_many_exchanges(make, upstreams):
    upstream = upstreams()
    go_on = threading.Event()
    upstream.handler = lambda request: (go_on.wait(10), request.answer(body=b"ok"))
    gateway = make(upstream.server)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(RawClient(gateway)) for _ in range(20)]
        for client in clients:
            client.get("/")
        wait_until(lambda: len(upstream.requests) == 20, "all requests at once")
        go_on.set()
        assert [client.response().status for client in clients] == [200] * 20
    assert len(upstream.connections) == 1


def test_max_connections_counts_requests(make, upstreams):
    """As with HTTP/1.1, where a request and a connection in use are one."""
    upstream = upstreams()
    go_on = threading.Event()
    upstream.handler = lambda request: (go_on.wait(10), request.answer(body=b"ok"))
    gateway = make(upstream.server, max_connections=2, max_pending=1, queue_timeout="8s")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(RawClient(gateway)) for _ in range(3)]
        for client in clients:
            client.get("/")
        wait_until(lambda: gateway.metric("sallyport_upstream_requests_waiting") == 1, "the queue")
        wait_until(lambda: len(upstream.requests) == 2, "the first two")
        assert gateway.metric("sallyport_upstream_connections", state="busy") == 2
        answer = curl(gateway, "/", certificate=None)
        assert answer.status == 503 and denial_of(gateway, answer)["reason"] == "upstream.busy"
        assert len(upstream.requests) == 2
        go_on.set()
        assert [client.response().status for client in clients] == [200] * 3
    assert len(upstream.connections) == 1


def test_a_servers_limit_of_streams_is_kept(make, upstreams):
    """What is too much for one connection waits in it or goes to another."""
    upstream = upstreams(max_streams=2)
    open_now, most, lock = {}, [], threading.Lock()

    def count(request, by):
        with lock:
            open_now[request.connection] = open_now.get(request.connection, 0) + by
            most.append(open_now[request.connection])

    def answer_slowly(request):
        count(request, 1)
        time.sleep(0.05)
        count(request, -1)
        request.answer(body=b"ok")
    gateway = make(upstream.server)
    assert curl(gateway, "/", certificate=None).status == 200
    upstream.handler = answer_slowly
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(RawClient(gateway)) for _ in range(12)]
        for client in clients:
            client.get("/")
        assert [client.response().status for client in clients] == [200] * 12
    assert max(most) == 2


def test_large_bodies_both_ways(make, upstreams):
    upstream = upstreams()
    upstream.handler = lambda request: (request.wait(), request.answer(body=request.body))
    gateway = make(upstream.server)
    body = bytes(range(256)) * 8192
    with RawClient(gateway) as client:
        for framing in (f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"):
            octets = body if "Length" in framing else (
                f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
            client.send(head_of("POST", "/", framing) + octets)
            assert client.response().body == body


def test_trailers_both_ways(make, upstreams):
    upstream = upstreams()
    upstream.handler = lambda request: (request.wait(), request.answer(
        body=b"ok", trailers=[("x-sum", "2")]))
    gateway = make(upstream.server)
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/", "Transfer-Encoding: chunked")
                    + b"2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n")
        answer = client.response()
    assert answer.body == b"ok"
    assert [(name, value) for name, value in upstream.requests[0].trailers] == [(b"x-sum", b"1")]


def test_a_client_that_does_not_read_stops_the_server(make, upstreams):
    upstream = upstreams()
    size = 32 * 1024 * 1024
    upstream.handler = lambda request: request.answer(body=b"a" * size)
    gateway = make(upstream.server)
    with RawClient(gateway, receive_buffer=8192) as client:
        client.get("/")
        stopped_at = settled(lambda: upstream.sent)
        assert 0 < stopped_at < size / 2
        with RawClient(gateway) as other:  # on the same connection
            upstream.handler = lambda request: request.answer(body=b"ok")
            assert other.ask("/").body == b"ok"
        assert len(client.response().body) == size


def test_a_client_that_leaves_cancels_its_stream_only(make, upstreams):
    upstream = upstreams()
    upstream.handler = lambda request: None
    gateway = make(upstream.server)
    with RawClient(gateway) as client:
        client.get("/")
        wait_until(lambda: upstream.requests, "the request")
        client.vanish()
        client.sock.close()
        wait_until(lambda: upstream.resets, "the reset")
    assert upstream.resets == [(1, CANCEL)]
    upstream.handler = lambda request: request.answer(body=b"ok")
    assert curl(gateway, "/", certificate=None).status == 200
    assert len(upstream.connections) == 1


# ---- failures

def test_a_refused_request_is_sent_again_whatever_it_is(make, upstreams):
    upstream = upstreams()

    def refuse_once(request):
        if len(upstream.requests) == 2:
            request.reset(REFUSED_STREAM)
        else:
            request.answer(body=b"ok")
    upstream.handler = refuse_once
    gateway = make(upstream.server)
    assert curl(gateway, "/", certificate=None).status == 200
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/", "Content-Length: 0"))
        assert client.response().status == 200
    assert len(upstream.requests) == 3


def test_a_reset_post_is_not_repeated(make, upstreams):
    upstream = upstreams()
    upstream.handler = lambda request: request.reset(CANCEL)
    gateway = make(upstream.server)
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/", "Content-Length: 0"))
        answer = client.response()
    assert answer.status == 502 and denial_of(gateway, answer)["reason"] == "upstream.closed"
    assert len(upstream.requests) == 1


def test_a_server_that_goes_away_finishes_what_it_began(make, upstreams):
    upstream = upstreams()

    def say_goodbye(request):
        with request.connection.lock:
            request.connection.h2.close_connection(last_stream_id=request.stream)
            data = request.connection.h2.data_to_send()
            # The library is done after its GOAWAY; the answer is written by hand.
            headers = b"\x00\x00\x01\x01\x05" + request.stream.to_bytes(4, "big") + b"\x88"
            request.connection.sock.sendall(data + headers)
    upstream.handler = say_goodbye
    gateway = make(upstream.server)
    assert curl(gateway, "/", certificate=None).status == 200
    upstream.handler = lambda request: request.answer(body=b"ok")
    assert curl(gateway, "/", certificate=None).status == 200
    assert len(upstream.connections) == 2


def test_a_server_that_never_greets_is_given_up(make):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gateway = make(f"127.0.0.1:{silent.getsockname()[1]}")
        answer = curl(gateway, "/", certificate=None)
    assert answer.status == 504
    assert "handshake_timeout" in denial_of(gateway, answer)["evidence"]


def test_a_silent_server_is_given_up(make, upstreams):
    upstream = upstreams()
    upstream.handler = lambda request: None
    gateway = make(upstream.server, response_timeout="300ms")
    answer = curl(gateway, "/", certificate=None)
    assert answer.status == 504
    assert "response_timeout" in denial_of(gateway, answer)["evidence"]
    wait_until(lambda: upstream.resets, "the reset")


BROKEN = {
    "connection_field": ([(":status", "200"), ("connection", "close")],
                         "http.connection_specific_field"),
    "chunked": ([(":status", "200"), ("transfer-encoding", "chunked")],
                "http.connection_specific_field"),
    "upper_case": ([(":status", "200"), ("X-A", "b")], "http.upper_case_field_name"),
    "switching": ([(":status", "101")], "http.switching_protocols_refused"),
    "no_status": ([("x-a", "b")], "http.pseudo_field_missing"),
    "line_end": ([(":status", "200"), ("x-a", "b\r\nx-b: c")], "http.bare_carriage_return"),
}


@pytest.mark.parametrize("fields, rule", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_is_not_passed_on(make, upstreams, fields, rule):
    upstream = upstreams()

    def answer_badly(request):
        with request.connection.lock:
            request.connection.h2.send_headers(request.stream, fields)
            request.connection.flush()
    upstream.handler = answer_badly
    gateway = make(upstream.server)
    answer = curl(gateway, "/", certificate=None)
    assert answer.status == 502
    denial = denial_of(gateway, answer)
    assert denial["reason"] == "upstream.broken" and rule in denial["evidence"]
    assert len(upstream.requests) == 1


def test_a_body_that_is_not_what_its_length_says(make, upstreams):
    upstream = upstreams()
    upstream.handler = lambda request: request.answer(
        body=b"short", fields=[("content-length", "10")])
    gateway = make(upstream.server)
    mark = str(uuid.uuid4())
    with RawClient(gateway) as client:
        client.get("/", more=f"x-fapi-interaction-id: {mark}\r\n")
        with pytest.raises(Closed):
            client.response()
    denial = gateway.line_of(mark)["deny"]
    assert "http.body_length_mismatch" in denial["evidence"]


def test_health_checks_speak_it_too(make, upstreams):
    upstream = upstreams()
    gateway = make(upstream.server, health={"path": "/healthz", "interval": "50ms"})
    wait_until(lambda: len(upstream.requests) > 2, "some checks")
    time.sleep(0.2)
    assert gateway.metric("sallyport_upstream_servers_up") == 1
    assert {request.one(":path") for request in upstream.requests} == {"/healthz"}
