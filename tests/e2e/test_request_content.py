"""Content of requests: the upstream never reads another request than the one that was judged."""
import socket
import threading
import time

import pytest

from support import settings
from support.curl import curl
from support.h2_upstream import H2Upstream
from support.h2client import H2Client, frames, request_of
from support.rawtls import RawClient, head_of
from support.upstreams import Upstream, server_tls
from support.waiting import settled, wait_until

HIDDEN = b"POST /internal/transfer HTTP/1.1\r\nHost: api\r\nContent-Length: 0\r\n\r\n"
REASON = "route.unexpected_content"
CONTENTLESS = ["GET", "HEAD", "DELETE", "OPTIONS"]


def deaf(exchange):
    """The usual handler: it answers and never reads what else came. Its server closes when asked to."""
    exchange.body = b""
    exchange.answer()
    if exchange.head.one("Connection") == "close":
        exchange.close()


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    return make_gateway(settings.open_to_all(pki, module_upstream.server))


@pytest.fixture
def deaf_upstream(upstream):
    upstream.handler = deaf
    return upstream


@pytest.fixture
def make(make_own_gateway, pki):
    """make(server, upstream options, request_bodies) is a gateway of its own."""
    def gateway(server, request_bodies=(), **options):
        config = settings.open_to_all(pki, server)
        config["upstreams"]["raw"] |= options
        config["routes"][0]["request_bodies"] = list(request_bodies)
        return make_own_gateway(config)
    return gateway


def surplus(gateway):
    return gateway.metric("sallyport_upstream_surplus_answers_total", route="all")


def refused(gateway, answer):
    assert answer.status == 400
    return gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]["reason"] == REASON


# ---- content that has no meaning is refused

def length(method):
    return head_of(method, "/open", f"Content-Length: {len(HIDDEN)}") + HIDDEN


def chunked(method):
    return head_of(method, "/open", "Transfer-Encoding: chunked") + \
        f"{len(HIDDEN):x}\r\n".encode() + HIDDEN + b"\r\n0\r\n\r\n"


def trailers(method):
    return head_of(method, "/open", "Transfer-Encoding: chunked") + b"0\r\nX-Hidden: 1\r\n\r\n"


def expectation(method):
    return head_of(method, "/open", "Transfer-Encoding: chunked", "Expect: 100-continue")


@pytest.mark.parametrize("form", [length, chunked, trailers, expectation])
@pytest.mark.parametrize("method", CONTENTLESS)
def test_content_without_meaning_never_leaves(gateway, deaf_upstream, method, form):
    with RawClient(gateway) as client:
        client.send(form(method))
        assert refused(gateway, client.response(method))
        if form is not trailers:
            assert client.rest() == b"", "the connection is not in step"
    assert deaf_upstream.requests == []


def test_a_method_that_nobody_knows_has_none(make, pki, make_own_gateway, deaf_upstream):
    config = settings.open_to_all(pki, deaf_upstream.server)
    config["routes"][0]["methods"] = ["GET", "PURGE"]
    gateway = make_own_gateway(config)
    with RawClient(gateway) as client:
        client.send(length("PURGE"))
        assert refused(gateway, client.response())
    assert deaf_upstream.requests == []


def test_a_pause_before_the_chunk_changes_nothing(gateway, deaf_upstream):
    octets = chunked("GET")
    at = octets.index(b"\r\n\r\n") + 4
    with RawClient(gateway) as client:
        client.send(octets[:at])
        time.sleep(0.3)
        assert deaf_upstream.requests == []
        client.send(octets[at:])
        assert refused(gateway, client.response())
    assert deaf_upstream.requests == []


@pytest.mark.parametrize("method", CONTENTLESS)
@pytest.mark.parametrize("fields, pieces", [
    ([("content-length", str(len(HIDDEN)))], [HIDDEN]),
    ([], [HIDDEN]),
    ([], [b"", HIDDEN]),
    ([], [b"", b"", b"x"]),
], ids=["length", "no_length", "after_an_empty_frame", "after_two"])
def test_over_http_2_it_never_leaves(gateway, deaf_upstream, method, fields, pieces):
    with H2Client(gateway) as client:
        stream = client.request(request_of("/open", *fields, method=method), end=False)
        for piece in pieces:
            client.send_frame(frames.DataFrame(stream, piece))
        assert refused(gateway, client.response(stream))
        assert client.ask("/next").status == 200
    assert deaf_upstream.targets() == ["/next"]


def test_over_http_2_trailers_are_content(gateway, deaf_upstream):
    with H2Client(gateway) as client:
        stream = client.request(request_of("/open"), end=False)
        client.h2.send_headers(stream, [(b"x-hidden", b"1")], end_stream=True)
        client.flush()
        assert refused(gateway, client.response(stream))
    assert deaf_upstream.requests == []


def test_octets_after_a_length_of_zero_are_none_of_the_request(gateway, deaf_upstream):
    """HTTP/2 lets the length be zero and frames follow: the stream ends, and no octet goes out."""
    with H2Client(gateway) as client:
        stream = client.request(request_of("/zero", ("content-length", "0")), end=False)
        client.send_frame(frames.DataFrame(stream, HIDDEN))
        client.response(stream)
        assert client.ask("/next").status == 200
    assert set(deaf_upstream.targets()) <= {"/zero", "/next"}


@pytest.mark.parametrize("protocol", ["http1", "h2"])
def test_to_an_upstream_of_http_2_it_never_goes_either(make, protocol):
    upstream = H2Upstream()
    gateway = make(upstream.server, protocol="h2")
    if protocol == "h2":
        with H2Client(gateway) as client:
            assert refused(gateway, client.ask("/open", method="DELETE", body=HIDDEN))
    else:
        with RawClient(gateway) as client:
            client.send(chunked("DELETE"))
            assert refused(gateway, client.response())
    assert upstream.requests == []
    upstream.stop()


# ---- no content is none, whatever its spelling

def no_framing(upstream):
    head = upstream.wait_for(1).head
    return not {"content-length", "transfer-encoding", "connection"} & \
        {name.lower() for name, _ in head.fields}


@pytest.mark.parametrize("octets", [
    head_of("GET", "/", "Content-Length: 0"),
    head_of("DELETE", "/", "Content-Length: 0"),
    head_of("OPTIONS", "/", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    head_of("GET", "/", "Transfer-Encoding: chunked") + b"000;a=b\r\n\r\n",
], ids=["length_zero", "delete_zero", "empty_chunked", "empty_with_extension"])
def test_no_content_is_forwarded_without_framing(gateway, deaf_upstream, octets):
    with RawClient(gateway) as client:
        client.send(octets)
        assert client.response().status == 200
        assert client.ask("/next").status == 200, "the client's connection goes on"
    assert no_framing(deaf_upstream)
    assert len({request.connection for request in deaf_upstream.requests}) == 1, "and the upstream's"


def test_nothing_goes_upstream_before_it_is_known(gateway, deaf_upstream):
    with RawClient(gateway) as client:
        client.send(head_of("GET", "/", "Transfer-Encoding: chunked"))
        for octet in b"0\r\n\r":
            client.send(bytes([octet]))
            time.sleep(0.05)
        assert deaf_upstream.requests == []
        client.send(b"\n")
        assert client.response().status == 200
    assert no_framing(deaf_upstream)


@pytest.mark.parametrize("fields, empty_frame", [
    ([], False), ([], True), ([("content-length", "0")], True), ([("content-length", "0")], False)])
def test_no_content_over_http_2(gateway, deaf_upstream, fields, empty_frame):
    with H2Client(gateway) as client:
        stream = client.request(request_of("/", *fields), end=not empty_frame)
        if empty_frame and not fields:
            time.sleep(0.3)
            assert deaf_upstream.requests == []
        if empty_frame:
            client.h2.send_data(stream, b"", end_stream=True)
            client.flush()
        assert client.response(stream).status == 200
    assert no_framing(deaf_upstream)


def test_a_post_without_content_says_so(gateway, upstream):
    """RFC 9110 section 8.6: there are servers that answer 411 otherwise."""
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/", "Content-Length: 0"))
        assert client.response().status == 200
        assert client.ask("/next").status == 200
    assert upstream.requests[0].head.one("Content-Length") == "0"
    assert upstream.requests[0].connection is upstream.requests[1].connection, "nothing is left over"


# ---- a connection that carried content

POST = head_of("POST", "/page", f"Content-Length: {len(HIDDEN)}") + HIDDEN


def test_a_post_that_is_not_read_is_no_second_request(gateway, deaf_upstream):
    with RawClient(gateway) as client:
        for _ in range(3):
            client.send(POST)
            assert client.response().status == 200
        assert client.ask("/next").status == 200
    assert deaf_upstream.targets() == ["/page"] * 3 + ["/next"]
    assert deaf_upstream.requests[0].head.one("Connection") == "close"
    assert len({request.connection for request in deaf_upstream.requests}) == 4


def test_over_http_2_it_is_none_either(gateway, deaf_upstream):
    with H2Client(gateway) as client:
        for _ in range(3):
            assert client.ask("/page", method="POST", body=HIDDEN).status == 200
    assert deaf_upstream.targets() == ["/page"] * 3


def test_a_server_that_is_vouched_for_keeps_its_connection(make, upstream):
    gateway = make(upstream.server, reuse_after_content=True)
    with RawClient(gateway) as client:
        for _ in range(3):
            client.send(POST)
            assert client.response().status == 200
    assert len(upstream.connections) == 1
    assert upstream.requests[0].head.one("Connection") is None
    assert surplus(gateway) == 0


def test_content_of_an_allowed_method_ends_its_connection_whatever_was_vouched_for(make, upstream):
    gateway = make(upstream.server, request_bodies=["DELETE"], reuse_after_content=True)
    with RawClient(gateway) as client:
        for form in (length, chunked):
            client.send(form("DELETE"))
            assert client.response().status == 200
        client.send(head_of("DELETE", "/none"))
        assert client.response().status == 200
        assert client.ask("/next").status == 200
        client.send(length("GET"))
        assert refused(gateway, client.response())
    assert [request.body for request in upstream.requests] == [HIDDEN, HIDDEN, b"", b""]
    assert [request.head.one("Connection") for request in upstream.requests] == \
        ["close", "close", None, None]
    assert len(upstream.connections) == 3


def test_whoever_was_vouched_for_wrongly_raises_an_alarm_that_names_the_route(make, upstream):
    def never_reads(exchange):
        exchange.body = b""
        exchange.answer(body=exchange.target.encode())
    upstream.handler = never_reads
    gateway = make(upstream.server, reuse_after_content=True)
    with RawClient(gateway) as client:
        client.send(POST)
        assert client.response().body == b"/page"
        wait_until(lambda: surplus(gateway) == 1, "the alarm")
        assert client.ask("/next").body == b"/next", "its own answer"
    line = gateway.event("surplus_answer")
    assert (line["level"], line["route"]) == ("error", "all")
    assert line["upstream"] == {"name": "raw", "addr": upstream.server}
    assert len(upstream.connections) == 2


# ---- other ways to leave octets on a connection

def test_an_answer_that_began_before_the_request_was_whole(make, upstream):
    """Its end came after: the server may have read all, or nothing."""
    go_on = threading.Event()

    def early(exchange):
        exchange.send(b"HTTP/1.1 403 X\r\nContent-Length: 2\r\n\r\n")
        go_on.wait(10)
        exchange.send(b"no")
        exchange.body = b""
    upstream.handler = early
    gateway = make(upstream.server, reuse_after_content=True)
    with RawClient(gateway) as client:
        client.send(POST[:-len(HIDDEN)])
        client.reader.head()
        client.send(HIDDEN)
        time.sleep(0.3)
        upstream.handler = deaf
        go_on.set()
        assert client.reader.exactly(2) == b"no"
    assert curl(gateway, "/next", certificate=None).status == 200
    assert upstream.targets()[0] == "/page" and "/next" in upstream.targets()
    assert upstream.requests[0].connection is not upstream.requests[-1].connection


def test_an_early_answer_while_the_client_still_sends(gateway, upstream):
    def early(exchange):
        exchange.send(b"HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n")
        exchange.body = b""
        exchange.wait_for_close()
    upstream.handler = early
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/early", "Content-Length: 100000") + bytes(10))
        assert client.response().status == 413
    upstream.handler = deaf
    assert curl(gateway, "/next", certificate=None).status == 200
    assert upstream.targets() == ["/early", "/next"]
    assert len(upstream.connections) == 2


@pytest.mark.parametrize("version", ["http1", "h2"])
def test_a_client_that_leaves_within_its_body(make, upstream, version):
    gateway = make(upstream.server, reuse_after_content=True)
    if version == "http1":
        client = RawClient(gateway)
        client.send(head_of("POST", "/half", "Content-Length: 100") + HIDDEN[:40])
        upstream.wait_for(1)
        client.vanish()
    else:
        with H2Client(gateway) as client:
            stream = client.request(request_of("/half", method="POST"), end=False)
            client.send_frame(frames.DataFrame(stream, HIDDEN))
            upstream.wait_for(1)
            client.send_frame(frames.RstStreamFrame(stream, error_code=8))
            client.ask("/meanwhile")
    wait_until(lambda: not upstream.requests[0].connection.is_open, "the upstream connection's end")
    assert curl(gateway, "/next", certificate=None).status == 200
    assert upstream.requests[0].connection is not upstream.requests[-1].connection


@pytest.mark.parametrize("length, body", [("100", HIDDEN), ("5", HIDDEN)], ids=["short", "long"])
def test_content_of_another_length_over_http_2(make, upstream, length, body):
    gateway = make(upstream.server, reuse_after_content=True)
    with H2Client(gateway) as client:
        client.ask("/bad", ("content-length", length), method="POST", body=body)
        assert client.ask("/next").status == 200
    connections = {request.target: request.connection for request in upstream.requests}
    assert connections.get("/bad") is not connections["/next"]
    assert all(request.body is None or len(request.body) == int(length)
               for request in upstream.requests if request.target == "/bad")


POISON = b"HTTP/1.1 200 X\r\nContent-Length: 6\r\n\r\npoison"


@pytest.mark.parametrize("method, start, asked", [
    ("HEAD", f"HTTP/1.1 200 X\r\nContent-Length: {len(POISON)}\r\n\r\n", "close"),
    ("HEAD", "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n", "close"),
    ("HEAD", "HTTP/1.1 200 X\r\n\r\n", "close"),
    ("GET", f"HTTP/1.1 304 X\r\nContent-Length: {len(POISON)}\r\n\r\n", None),
    ("GET", "HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\n", None),
], ids=["head", "head_chunked", "head_without", "304", "304_chunked"])
def test_content_that_comes_late_after_an_answer_without(gateway, upstream, method, start, asked):
    """As of handlers that treat HEAD like GET: it would be the answer to the next request."""
    def answer(exchange):
        if exchange.target != "/first":
            return exchange.answer(body=b"good")
        exchange.send(start.encode())
        time.sleep(0.2)
        try:
            exchange.send(POISON)
        except OSError:
            pass
        return None
    upstream.handler = answer
    with RawClient(gateway) as client:
        client.send(head_of(method, "/first"))
        client.response("HEAD")
        assert client.ask("/next").body == b"good"
    assert upstream.requests[0].head.one("Connection") == asked
    assert upstream.requests[0].connection is not upstream.requests[1].connection


@pytest.mark.parametrize("start", [
    b"HTTP/1.1 204 X\r\n\r\n", b"HTTP/1.1 304 X\r\n\r\n", b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n"],
    ids=["204", "304", "empty"])
def test_octets_right_behind_an_answer_are_an_alarm(make, upstream, start):
    def answer(exchange):
        if exchange.target != "/first":
            return exchange.answer(body=b"good")
        return exchange.send(start + POISON)
    upstream.handler = answer
    gateway = make(upstream.server)
    with RawClient(gateway) as client:
        client.get("/first")
        client.response("HEAD")
        assert client.ask("/next").body == b"good"
    assert surplus(gateway) == 1


def test_a_late_interim_answer_is_surplus(make, upstream):
    """100 Continue of a server that was not asked for it, after its answer."""
    def answer(exchange):
        exchange.answer(body=b"good")
        if exchange.target == "/first":
            exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    upstream.handler = answer
    gateway = make(upstream.server)
    with RawClient(gateway) as client:
        assert client.ask("/first").body == b"good"
        wait_until(lambda: surplus(gateway) == 1, "the alarm")
        assert client.ask("/next").body == b"good"
    assert len(upstream.connections) == 2


def test_what_tls_has_read_ahead_is_noticed(make, pki):
    """Two records in one packet: the kernel has nothing left to tell of the second."""
    upstream = Upstream(tls=server_tls(pki))

    def answer(exchange):
        sock = exchange.connection.sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        exchange.answer(body=b"good")
        if exchange.target == "/first":
            exchange.send(POISON)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    upstream.handler = answer
    gateway = make(upstream.server, tls={"ca_file": str(pki.server_ca)})
    with RawClient(gateway) as client:
        assert client.ask("/first").body == b"good"
        assert client.ask("/next").body == b"good"
    assert surplus(gateway) == 1
    assert len(upstream.connections) == 2
    assert upstream.failures == []
    upstream.stop()


def test_streams_of_http_2_share_a_connection_after_content(make):
    """Frames delimit it (RFC 9113 section 8.1): nothing of one stream is read as another."""
    upstream = H2Upstream()
    upstream.handler = lambda request: (settled(lambda: len(request.body), quiet=0.1),
                                        request.answer(body=b"ok"))
    gateway = make(upstream.server, protocol="h2", request_bodies=["DELETE"])
    with RawClient(gateway) as client:
        for method in ("POST", "DELETE", "POST"):
            client.send(length(method))
            assert client.response().status == 200
    assert [request.body for request in upstream.requests] == [HIDDEN] * 3
    assert len({request.connection for request in upstream.requests}) == 1
    upstream.stop()


def test_a_stream_that_is_answered_early_is_reset(make):
    upstream = H2Upstream()
    upstream.handler = lambda request: request.answer(body=b"ok")
    gateway = make(upstream.server, protocol="h2")
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/early", "Content-Length: 100000") + HIDDEN)
        assert client.response().status == 200
    assert curl(gateway, "/next", certificate=None).status == 200
    assert [request.one(":path") for request in upstream.requests] == ["/early", "/next"]
    upstream.stop()


def test_an_expected_body_is_asked_for_and_its_connection_closed(gateway, deaf_upstream):
    with RawClient(gateway) as client:
        client.send(POST[:-len(HIDDEN) - 2] + b"Expect: 100-continue\r\n\r\n")
        assert client.reader.head().start.startswith("HTTP/1.1 100")
        client.send(HIDDEN)
        assert client.response().status == 200
    assert deaf_upstream.targets() == ["/page"]


def test_a_reload_changes_what_a_route_takes(make, upstream):
    gateway = make(upstream.server)
    with RawClient(gateway) as client:
        client.send(length("DELETE"))
        assert refused(gateway, client.response())
    gateway.config["routes"][0]["request_bodies"] = ["DELETE"]
    gateway.reload(gateway.config)
    with RawClient(gateway) as client:
        client.send(length("DELETE"))
        assert client.response().status == 200
    assert upstream.requests[0].body == HIDDEN
