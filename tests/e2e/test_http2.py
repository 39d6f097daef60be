"""HTTP/2 with clients: the same exchanges as with HTTP/1, judged by the same policies."""
import concurrent.futures
import itertools
import threading
import time

import pytest

from support import settings
from support.curl import curl
from support.h2client import H2Client, frames, request_of
from support.places import API, LOGIN
from support.rawtls import RawClient
from support.s_client import s_client
from support.waiting import settled, wait_until

marks = itertools.count()
PROTOCOL_ERROR, CALM = 0x1, 0xb


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    return make_gateway(settings.open_to_all(
        pki, module_upstream.server,
        timeouts={"min_drain": "0ms", "max_drain": "10s", "request_head": "700ms",
                  "request_body": "700ms", "response_write": "700ms", "keep_alive": "2s"}))


@pytest.fixture
def client(gateway):
    with H2Client(gateway) as connected:
        yield connected


# ---- what must come through

def test_curl_speaks_it(gateway, upstream):
    answer = curl(gateway, "/curl?a=1", "--http2", certificate=None)
    assert answer.start.startswith("HTTP/2 200") and answer.json() == {"ok": True}
    assert upstream.targets() == ["/curl?a=1"]


def test_a_request_arrives_as_one_of_http_1(client, gateway, upstream):
    answer = client.ask("/one", ("x-a", "1"), ("cookie", "a=b"), ("cookie", "c=d"),
                        ("te", "trailers"))
    assert answer.status == 200 and answer.body == b'{"ok":true}'
    head = upstream.requests[0].head
    assert (head.start, head.one("Host")) == ("GET /one HTTP/1.1", API)
    assert head.one("x-a") == "1" and head.one("Cookie") == "a=b; c=d" and head.one("TE") is None
    assert head.one("Via") == "2 sallyport"
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["http"] == "2" and line["status"] == 200 and "client_gone" not in line


def test_the_authority_may_be_in_host_alone(client, upstream):
    assert client.ask("/host", ("host", API), authority=None).status == 200
    assert upstream.requests[0].head.one("Host") == API


def test_a_body_of_unknown_length_comes_through(client, upstream):
    assert client.ask("/up", method="POST", body=b"hello").status == 200
    assert upstream.requests[0].head.one("Transfer-Encoding") == "chunked"
    assert upstream.requests[0].body == b"hello"


def test_a_body_of_known_length_keeps_it(client, upstream):
    answer = client.ask("/up", ("content-length", "5"), method="POST", body=b"hello")
    assert answer.status == 200
    assert upstream.requests[0].head.one("Content-Length") == "5"
    assert upstream.requests[0].body == b"hello"


def test_trailers_go_both_ways(client, upstream):
    def answer(exchange):
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n"
                      b"2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n")
    upstream.handler = answer
    stream = client.request(request_of("/t", method="POST"), b"hi", end=False)
    client.h2.send_headers(stream, [("x-check", "9")], end_stream=True)
    client.flush()
    got = client.response(stream)
    assert (got.status, got.body, got.trailers) == (200, b"ok", [("x-sum", "7")])
    assert ("x-check", "9") in upstream.requests[0].trailers


def test_a_hundred_requests_at_a_time_are_answered_each(client, upstream):
    streams = [client.request(request_of(f"/many/{i}")) for i in range(100)]
    answers = [client.response(stream) for stream in streams]
    assert {answer.status for answer in answers} == {200}
    assert sorted(upstream.targets()) == sorted(f"/many/{i}" for i in range(100))


def test_a_client_that_opens_more_streams_than_allowed_is_cut_off(gateway, upstream):
    go_on = threading.Event()
    upstream.handler = lambda exchange: (go_on.wait(10), exchange.answer())
    with H2Client(gateway) as client:
        client.h2.remote_settings[3] = 1000  # the client's own books would keep the limit
        client.h2.remote_settings.acknowledge()
        for i in range(105):
            client.request(request_of(f"/{i}"))
        assert client.wait_for_end() == PROTOCOL_ERROR
    go_on.set()
    assert len(upstream.requests) <= 100
    assert gateway.metric("sallyport_http2_connections_ended_total", kind="protocol") >= 1


def test_head_has_no_body_and_its_length(client, upstream):
    upstream.handler = lambda exchange: exchange.answer(200, b"x" * 33)
    answer = client.ask("/h", method="HEAD")
    assert (answer.status, answer.body, answer.one("content-length")) == (200, b"", "33")


def test_no_content_and_not_modified_have_no_body(client, upstream):
    for status in (204, 304):
        upstream.handler = lambda exchange, status=status: exchange.send(
            f"HTTP/1.1 {status} X\r\n\r\n".encode())
        answer = client.ask(f"/{status}")
        assert (answer.status, answer.body, answer.ended) == (status, b"", True)


def test_hop_by_hop_fields_of_the_upstream_stay_behind(client, upstream):
    upstream.handler = lambda exchange: exchange.answer(
        200, b"ok", ["Connection: X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5", "X-End: 2"])
    answer = client.ask("/hop")
    names = {name for name, _ in answer.fields}
    assert "x-end" in names and not names & {"connection", "x-hop", "keep-alive"}


def test_a_permitted_body_is_asked_for(client, upstream):
    stream = client.request(request_of("/expect", ("expect", "100-continue"), method="POST"),
                            end=False)
    client.until(lambda: client.answers[stream].interim, "100 Continue")
    assert client.answers[stream].interim == [100]
    client.h2.send_data(stream, b"now", end_stream=True)
    client.flush()
    assert client.response(stream).status == 200
    assert upstream.requests[0].body == b"now" and upstream.requests[0].head.one("Expect") is None


def test_a_large_answer_comes_whole_and_waits_for_a_slow_client(gateway, upstream):
    size = 24 * 1024 * 1024

    def answer(exchange):
        exchange.send(f"HTTP/1.1 200 X\r\nContent-Length: {size}\r\n\r\n".encode())
        exchange.sent = 0
        while exchange.sent < size:
            exchange.connection.sock.sendall(b"d" * 65536)
            exchange.sent += 65536
    upstream.handler = answer
    with H2Client(gateway, credit=False) as client:
        stream = client.request(request_of("/large"))
        request = upstream.wait_for(1)
        client.until(lambda: len(client.answers[stream].body) >= 65535, "a window of octets")
        assert settled(lambda: getattr(request, "sent", 0)) < size / 2, "the upstream must wait"
        got = len(client.answers[stream].body)
        client.credit = True
        client.h2.acknowledge_received_data(got, stream)
        client.flush()
        answer = client.response(stream)
    assert answer.body == b"d" * size


def test_a_large_body_waits_for_a_slow_upstream(gateway, upstream):
    go_on = threading.Event()

    def handler(exchange):
        go_on.wait(10)
        exchange.answer(200, str(len(exchange.read_body())).encode())
    upstream.handler = handler
    size = 16 * 1024 * 1024
    with H2Client(gateway) as client:
        before = gateway.rss()
        stream = client.request(request_of("/up", method="POST"), end=False)
        sent = 0

        def send_what_fits():
            nonlocal sent
            room = min(client.h2.local_flow_control_window(stream), size - sent)
            while room > 0:
                piece = min(room, client.h2.max_outbound_frame_size)
                client.h2.send_data(stream, b"u" * piece)
                sent, room = sent + piece, room - piece
            client.flush()
        # As far as the gateway lets us: what the kernel and the windows hold.
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            send_what_fits()
            try:
                client.receive(timeout=0.1)
            except TimeoutError:
                pass
        assert 0 < sent < size, "the client must be held back"
        assert gateway.is_sanitized() or gateway.rss() - before < 8 * 1024 * 1024
        go_on.set()
        while sent < size:
            send_what_fits()
            if sent < size:
                client.receive()
        client.h2.end_stream(stream)
        client.flush()
        assert client.response(stream).body == str(size).encode()


def test_policies_judge_every_stream(make_own_gateway, pki, bank, legacy_api):
    gateway = make_own_gateway(settings.plaid(pki, bank, legacy_api.server))
    token = bank.issue("Account")
    with H2Client(gateway, certificate="client") as client:
        good = client.ask("/fdx/v6/accounts", ("authorization", f"Bearer {token}"))
        none = client.ask("/fdx/v6/accounts")
        scope = client.ask("/fdx/v6/customers/current", ("authorization", f"Bearer {token}"))
    assert [good.status, none.status, scope.status] == [200, 401, 403]
    assert b'"code":602' in none.body and none.one("www-authenticate") == 'Bearer realm="api"'
    assert gateway.line_of(scope.one("x-fapi-interaction-id"))["deny"]["stage"] == "scope"


def test_a_host_of_another_policy_is_misdirected(client, upstream):
    """Browsers reuse a connection for every name of its certificate; 421 tells them not to."""
    assert client.ask("/coalesced", authority=LOGIN).status == 421
    assert upstream.requests == []
    assert client.ask("/own").status == 200


def test_a_listener_may_offer_http_1_alone(make_own_gateway, pki, upstream):
    config = settings.open_to_all(pki, upstream.server)
    config["listeners"][0]["tls"]["protocols"] = ["http/1.1"]
    gateway = make_own_gateway(config)
    assert "ALPN protocol: http/1.1" in s_client(gateway, "-alpn", "h2,http/1.1").output
    assert not s_client(gateway, "-alpn", "h2").succeeded


def test_the_preface_without_alpn_is_no_http_2(gateway, upstream):
    with RawClient(gateway) as raw:
        raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert raw.response().status == 505


# ---- messages that could be read in two ways

BAD = {  # name: fields, reason, body
    "no_method": (request_of(method=None), "pseudo_field_missing"),
    "no_scheme": (request_of(scheme=None), "pseudo_field_missing"),
    "no_path": (request_of(path=None), "pseudo_field_missing"),
    "no_authority": (request_of(authority=None), "pseudo_field_missing"),
    "empty_path": (request_of(path=""), "target_bad_form"),
    "scheme_http": (request_of(scheme="http"), "bad_scheme"),
    "scheme_in_upper_case": (request_of(scheme="HTTPS"), "bad_scheme"),
    "method_twice": ([(":method", "GET"), *request_of()], "pseudo_field_duplicate"),
    "path_twice": ([(":path", "/a"), *request_of()], "pseudo_field_duplicate"),
    "authority_twice": ([(":authority", API), *request_of()], "pseudo_field_duplicate"),
    "status": ([(":status", "200"), *request_of()], "pseudo_field_unknown"),
    "protocol": ([(":protocol", "websocket"), *request_of()], "pseudo_field_unknown"),
    "pseudo_after_field": ([("x-a", "1"), *request_of()], "pseudo_field_late"),
    "path_after_field": (request_of(None, ("x-a", "1"), (":path", "/")), "pseudo_field_late"),
    "connect": ([(":method", "CONNECT"), (":authority", API)], "connect_refused"),
    "trace": (request_of(method="TRACE"), "trace_refused"),
    "host_differs": (request_of("/", ("host", LOGIN)), "host_mismatch"),
    "host_twice": (request_of("/", ("host", API), ("host", API)), "duplicate_host"),
    "user_in_authority": (request_of(authority=f"user@{API}"), "authority_userinfo"),
    "absolute_path": (request_of(f"https://{API}/a"), "target_bad_form"),
    "asterisk_for_get": (request_of("*"), "target_asterisk"),
    # RFC 9113 section 8.2.2
    "connection": (request_of("/", ("connection", "close")), "connection_specific_field"),
    "keep_alive": (request_of("/", ("keep-alive", "1")), "connection_specific_field"),
    "proxy_connection": (request_of("/", ("proxy-connection", "x")), "connection_specific_field"),
    "transfer_encoding": (request_of("/", ("transfer-encoding", "chunked")),
                          "connection_specific_field"),
    "upgrade": (request_of("/", ("upgrade", "h2c")), "connection_specific_field"),
    "te_gzip": (request_of("/", ("te", "gzip")), "connection_specific_field"),
    # RFC 9113 section 8.2.1
    "upper_case_name": (request_of("/", ("X-A", "1")), "upper_case_field_name"),
    "upper_case_transfer_encoding": (request_of("/", ("Transfer-Encoding", "chunked")),
                                     "upper_case_field_name"),
    "empty_name": (request_of("/", ("", "1")), "empty_field_name"),
    "leading_space": (request_of("/", ("x-a", " 1")), "space_around_field_value"),
    "trailing_tab": (request_of("/", ("x-a", "1\t")), "space_around_field_value"),
    # What would be another message in HTTP/1
    "line_end_in_value": (request_of("/", ("x-a", "1\r\ntransfer-encoding: chunked")),
                          "bare_carriage_return"),
    "line_feed_in_value": (request_of("/", ("x-a", "1\nx-b: 2")), "bare_line_feed"),
    "return_in_value": (request_of("/", ("x-a", "1\rx")), "bare_carriage_return"),
    "nul_in_value": (request_of("/", ("x-a", "1\0x")), "nul_in_field"),
    "line_end_in_name": (request_of("/", ("x-a\r\ntransfer-encoding", "chunked")),
                         "bad_field_name"),
    "nul_in_name": (request_of("/", ("x\0a", "1")), "nul_in_field"),
    "space_in_name": (request_of("/", ("x a", "1")), "bad_field_name"),
    "colon_in_name": (request_of("/", ("x-a: 1", "2")), "bad_field_name"),
    "line_end_in_method": (request_of(method="GET / HTTP/1.1\r\nHost: x\r\n\r\nGET"),
                           "bad_method"),
    "space_in_method": (request_of(method="GET /admin"), "bad_method"),
    "method_in_lower_case": (request_of(method="get"), "bad_method"),
    "line_end_in_path": (request_of("/ HTTP/1.1\r\nHost: x\r\n\r\nGET /smuggled"),
                         "target_control"),
    "space_in_path": (request_of("/a b"), "target_control"),
    "nul_in_path": (request_of("/a\0b"), "target_control"),
    "fragment_in_path": (request_of("/a#b"), "target_fragment"),
    "dots_in_path": (request_of("/a/../admin"), "target_dot_segment"),
    "encoded_slash_in_path": (request_of("/a%2fb"), "target_encoded_slash"),
    "line_end_in_authority": (request_of(authority=f"{API}\r\nx-a: 1"), "bad_host"),
    "space_in_authority": (request_of(authority=f"{API} x"), "bad_host"),
    "path_in_authority": (request_of(authority=f"{API}/admin"), "bad_host"),
    "lookalike_of_length": (request_of("/", ("content_length", "5")), "framing_lookalike"),
    "lookalike_of_coding": (request_of("/", ("transfer_encoding", "chunked")),
                            "framing_lookalike"),
    # RFC 9113 section 8.1.1
    "length_without_body": (request_of("/", ("content-length", "5")), "body_length_mismatch"),
    "length_twice": (request_of("/", ("content-length", "0"), ("content-length", "0")),
                     "duplicate_content_length"),
    "length_with_sign": (request_of("/", ("content-length", "+0")), "bad_content_length"),
    "length_list": (request_of("/", ("content-length", "0, 0")), "list_content_length"),
    # Limits
    "too_many_fields": (request_of("/", *((f"x-{i}", "1") for i in range(120))),
                        "too_many_fields"),
    "field_too_large": (request_of("/", ("x-a", "a" * 17000)), "field_too_large"),
    "head_too_large": (request_of("/", *((f"x-{i}", "a" * 9000) for i in range(5))),
                       "head_too_large"),
}


@pytest.mark.parametrize("fields, reason", BAD.values(), ids=BAD)
def test_a_doubtful_request_is_refused_and_the_connection_lives(gateway, client, upstream, fields,
                                                                reason):
    answer = client.response(client.request(fields))
    assert answer.status in (400, 431, 501), answer
    deny = gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]
    assert (deny["stage"], deny["reason"]) == ("http", f"http.{reason}")
    mark = f"/mark-{next(marks)}"
    assert client.ask(mark).status == 200
    assert upstream.targets() == [mark]


@pytest.mark.parametrize("length, body, end", [("3", b"hello", True), ("9", b"hello", True),
                                               ("3", b"hello", False)],
                         ids=["longer", "shorter", "longer_and_open"])
def test_a_body_of_another_length_is_never_completed(client, upstream, length, body, end):
    complete = []

    def handler(exchange):
        exchange.read_body()
        complete.append(exchange.target)
        exchange.answer()
    upstream.handler = handler
    stream = client.request(request_of("/bad", ("content-length", length), method="POST"), body,
                            end=end)
    answer = client.response(stream)
    assert answer.status == 400 and complete == []
    assert client.ask("/after").status == 200


def test_refused_bodies_give_their_window_back(client, upstream):
    """Together they are larger than the connection's window."""
    size = 3 * 16384
    for _ in range(30):
        stream = client.request(request_of("/bad", ("content-length", str(size)), method="POST"),
                                end=False)
        for piece in (16384, 16384, 16384, 1):
            client.h2.send_data(stream, bytes(piece))
        client.flush()
        assert client.response(stream).status == 400
    assert client.ask("/after", method="POST", body=b"hello").status == 200


@pytest.mark.parametrize("field", [(":path", "/x"), ("content-length", "1"),
                                   ("transfer-encoding", "chunked"), ("host", "x"),
                                   ("authorization", "Bearer x"), ("x-forwarded-for", "1.2.3.4"),
                                   ("X-A", "1"), ("x-a", "1\r\nx-b: 2")], ids=str)
def test_a_trailer_that_could_change_the_message_is_refused(client, upstream, field):
    complete = []
    upstream.handler = lambda exchange: (exchange.read_body(), complete.append(1),
                                         exchange.answer())
    stream = client.request(request_of("/t", method="POST"), b"hi", end=False)
    client.send_frame(frames.HeadersFrame(stream, client.header_block([field]),
                                          flags=["END_HEADERS", "END_STREAM"]))
    answer = client.response(stream)
    assert answer.status == 400 or answer.reset is not None
    assert complete == []


def test_fields_in_the_middle_of_a_body_end_the_stream(client, upstream):
    stream = client.request(request_of("/t", method="POST"), b"hi", end=False)
    client.send_frame(frames.HeadersFrame(stream, client.header_block([("x-a", "1")]),
                                          flags=["END_HEADERS"]))
    assert client.response(stream).reset == 1


# ---- time

def test_a_head_that_does_not_end_ends_the_connection(client, upstream):
    began = time.monotonic()
    client.send_frame(frames.HeadersFrame(1, client.header_block(request_of("/endless")),
                                          flags=["END_STREAM"]))
    client.wait_for_end()
    assert 0.4 < time.monotonic() - began < 5
    assert "/endless" not in upstream.targets()


def test_a_body_that_stops_is_refused(gateway, client, upstream):
    stream = client.request(request_of("/slow", ("content-length", "9"), method="POST"), b"one",
                            end=False)
    answer = client.response(stream)
    assert answer.status == 408
    reason = gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]["reason"]
    assert reason == "gateway.body_timeout"
    assert client.ask("/after").status == 200


def test_a_client_that_opens_no_window_gets_its_stream_reset(gateway, upstream):
    upstream.handler = lambda exchange: exchange.answer(200, b"x" * 100_000)
    with H2Client(gateway, credit=False) as client:
        answer = client.response(client.request(request_of("/large")))
        assert answer.reset is not None and len(answer.body) == 65535


def test_pings_do_not_keep_an_idle_connection(client, upstream):
    assert client.ask("/").status == 200
    began = time.monotonic()
    stop = threading.Event()

    def ping():
        while not stop.wait(0.2):
            try:
                client.send_frame(frames.PingFrame(0, b"12345678"))
            except OSError:
                return
    thread = threading.Thread(target=ping)
    thread.start()
    try:
        client.wait_for_end()
    finally:
        stop.set()
        thread.join()
    assert 1.5 < time.monotonic() - began < 6
    assert client.goaway and client.goaway[0] == 0


# ---- floods

def flood(client, make, count, batch=200):
    """Sends frames until all are sent or the gateway ends the connection; its error code."""
    try:
        for first in range(0, count, batch):
            client.send_frame(*(frame for i in range(first, min(count, first + batch))
                                for frame in make(i)))
    except OSError:
        pass
    return client.wait_for_end()


def rapid_reset(client):
    block = client.header_block(request_of("/reset"))
    return lambda i: (frames.HeadersFrame(2 * i + 1, block, flags=["END_HEADERS", "END_STREAM"]),
                      frames.RstStreamFrame(2 * i + 1, error_code=8))


FLOODS = {
    "resets": (rapid_reset, 3000),
    "pings": (lambda client: lambda i: (frames.PingFrame(0, b"12345678"),), 3000),
    "settings": (lambda client: lambda i: (frames.SettingsFrame(0, settings={3: 1}),), 1000),
    "priorities": (lambda client: lambda i: (frames.PriorityFrame(2 * i + 1, depends_on=0,
                                                                  stream_weight=1),), 3000),
    "window_updates": (lambda client: lambda i: (frames.WindowUpdateFrame(
        0, window_increment=1),), 5000),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_ends_the_connection(gateway, client, upstream, kind):
    make, count = FLOODS[kind]
    before = gateway.metric("sallyport_http2_connections_ended_total", kind=kind)
    assert flood(client, make(client), count) in (CALM, None)
    assert gateway.metric("sallyport_http2_connections_ended_total", kind=kind) == before + 1
    gateway.log_line(kind, lambda line: line["event"] == "http2_connection_ended"
                     and line["message"].endswith(f"problem={kind}"))
    with H2Client(gateway) as good:
        assert good.ask("/good").status == 200


def test_a_flood_of_empty_data_ends_the_connection(gateway, client, upstream):
    client.request(request_of("/empty", method="POST"), end=False)
    upstream.wait_for(1)
    assert flood(client, lambda i: (frames.DataFrame(1, b""),), 3000) in (CALM, None)


def test_a_flood_of_continuations_ends_the_connection(gateway, client, upstream):
    rss = gateway.rss()
    client.send_frame(frames.HeadersFrame(1, client.header_block(request_of()),
                                          flags=["END_STREAM"]))
    flood(client, lambda i: (frames.ContinuationFrame(1, b"\x00\x01a\x01b" * 3000),), 1000, 20)
    assert gateway.is_sanitized() or gateway.rss() - rss < 8 * 1024 * 1024
    assert upstream.requests == []


def test_a_small_block_that_unpacks_to_much_is_refused(gateway, client, upstream):
    """One entry of the dynamic table, named thousands of times by one octet each."""
    rss = gateway.rss()
    block = client.header_block([*request_of("/bomb"), ("x-bomb", "b" * 3900)])
    bomb = block + b"\xbe" * 12_000
    client.send_frame(frames.HeadersFrame(1, bomb, flags=["END_HEADERS", "END_STREAM"]))
    line = gateway.log_line("the refusal", lambda line: line["event"] == "request"
                            and line.get("deny", {}).get("reason") == "http.head_too_large")
    assert line["status"] == 431
    assert gateway.is_sanitized() or gateway.rss() - rss < 8 * 1024 * 1024
    assert upstream.requests == []


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3,
                                  b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff" + b"x" * 60],
                         ids=["http_1", "noise"])
def test_what_is_no_http_2_ends_the_connection(gateway, upstream, sent):
    with RawClient(gateway, alpn=["h2"]) as raw:
        raw.send(sent)
        raw.rest()
    assert upstream.requests == []


# ---- the end

def test_a_client_that_resets_ends_the_upstream_s_work(client, upstream):
    ended = threading.Event()

    def handler(exchange):
        exchange.wait_for_close()
        ended.set()
    upstream.handler = handler
    stream = client.request(request_of("/wait"))
    upstream.wait_for(1)
    client.h2.reset_stream(stream)
    client.flush()
    assert ended.wait(5)
    upstream.handler = lambda exchange: exchange.answer()
    assert client.ask("/after").status == 200


def test_a_client_that_vanishes_ends_the_upstream_s_work(gateway, upstream):
    ended = threading.Event()

    def handler(exchange):
        exchange.wait_for_close()
        ended.set()
    upstream.handler = handler
    with H2Client(gateway) as client:
        client.request(request_of("/wait"))
        upstream.wait_for(1)
    assert ended.wait(5)


def test_an_answer_that_breaks_off_is_reset(client, upstream):
    def handler(exchange):
        exchange.send(b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nhalf")
        exchange.close()
    upstream.handler = handler
    answer = client.response(client.request(request_of("/half")))
    assert answer.status == 200 and answer.reset == 2 and not answer.ended


def test_a_refusal_before_the_body_s_end_is_not_an_error(gateway, make_own_gateway, pki, upstream):
    own = make_own_gateway(settings.open_to_all(pki, upstream.server,
                                                limits={"request_body": "1k"}))
    with H2Client(own) as client:
        stream = client.request(request_of("/big", method="POST"), b"x" * 5000, end=False)
        answer = client.answers[stream]
        client.until(lambda: answer.reset is not None, "the end of the request")
        assert (answer.status, answer.reset) == (413, 0)
        assert client.ask("/after").status == 200


def test_sigterm_lets_streams_finish(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(settings.open_to_all(pki, upstream.server))
    go_on = threading.Event()
    upstream.handler = lambda exchange: (go_on.wait(10), exchange.answer())
    with H2Client(gateway) as client, concurrent.futures.ThreadPoolExecutor() as pool:
        stream = client.request(request_of("/open"))
        upstream.wait_for(1)
        stopped = pool.submit(gateway.stop)
        client.until(lambda: client.goaway, "GOAWAY")
        assert client.goaway[0] == 0
        go_on.set()
        assert client.response(stream).status == 200
        stopped.result(10)


def test_a_connection_ends_after_its_share_of_requests(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(settings.open_to_all(pki, upstream.server,
                                                    limits={"requests_per_connection": 2}))
    with H2Client(gateway) as client:
        assert client.ask("/1").status == 200
        stream = client.request(request_of("/2"))
        assert client.response(stream).status == 200
        assert client.wait_for_end() == 0 and client.goaway[1] == stream
