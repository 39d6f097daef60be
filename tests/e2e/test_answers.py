"""Answers of servers that are odd without doubt about where they end, and the limits of their heads."""
import pytest

from support import settings
from support.curl import curl
from support.h2_upstream import H2Upstream
from support.rawtls import RawClient

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
LIMITS = {"response_head": "2k", "status_line": 100, "response_field": "1k",
          "response_fields": 10}

# octets, word, status, body, fields of the answer
TOLERATED = {
    "reason": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "no_reason_space", 200, {}),
    "coding_with_304": (b"HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\n", "coding_with_304",
                        304, {"Transfer-Encoding": None}),
    "space_before_colon": (LENGTH + b"X-A : 1\r\nX-B: 2\r\n\r\nok", "space_before_colon", 200,
                           {"X-A": "1", "X-B": "2"}),
    "folded": (LENGTH + b"X-A: 1\r\n 2\r\nX-B: 3\r\n\r\nok", "folded_line", 200,
               {"X-A": "1   2", "X-B": "3"}),
    "chunk_space": (CHUNKED + b"2 ; a = b\r\nok\r\n0\r\n\r\n", "chunk_space", 200, {}),
    "forbidden_trailer": (CHUNKED + b"2\r\nok\r\n0\r\nContent-Length: 2\r\n\r\n",
                          "forbidden_trailer", 200, {}),
}


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    config = settings.open_to_all(pki, module_upstream.server)
    config["upstreams"]["raw"] |= {"reuse_after_content": True, "limits": LIMITS}
    return make_gateway(config)


def counted(gateway, what):
    return gateway.metric("sallyport_upstream_tolerated_answers_total", what=what, route="all")


@pytest.mark.parametrize("octets, what, status, fields", TOLERATED.values(), ids=TOLERATED.keys())
def test_an_odd_answer_passes_and_is_counted_and_its_connection_is_kept(
        gateway, upstream, octets, what, status, fields):
    upstream.handler = lambda exchange: exchange.send(octets)
    before = counted(gateway, what)
    with RawClient(gateway) as client:
        answers = [client.ask("/odd"), client.ask("/odd")]
    for answer in answers:
        assert (answer.status, answer.body) == (status, b"" if status == 304 else b"ok")
        assert {name: answer.one(name) for name in fields} == fields
        line = gateway.line_of(answer.one("x-fapi-interaction-id"))
        assert line["upstream"]["tolerated"] == what and "deny" not in line
    assert upstream.requests[0].connection is upstream.requests[1].connection
    assert counted(gateway, what) == before + 2


def test_of_trailers_only_the_forbidden_ones_are_dropped(gateway, upstream):
    upstream.handler = lambda exchange: exchange.send(
        CHUNKED + b"2\r\nok\r\n0\r\nX-Sum: 7\r\nAuthorization: Bearer x\r\n\r\n")
    with RawClient(gateway) as client:
        client.get("/odd")
        text = b""
        while not text.endswith(b"\r\n0\r\nX-Sum: 7\r\n\r\n"):
            text += client.sock.recv(4096)
    assert b"Authorization" not in text


def test_an_answer_in_order_has_no_word_about_it(gateway, upstream):
    answer = curl(gateway, "/plain", certificate=None)
    assert "tolerated" not in gateway.line_of(answer.one("x-fapi-interaction-id"))["upstream"]


# ---- limits

BEYOND = {
    "response_head": [("x-a", "a" * 900), ("x-b", "b" * 900), ("x-c", "c" * 900)],
    "response_field": [("x-a", "a" * 1025)],
    "response_fields": [(f"x-{i}", "a") for i in range(11)],
}
WITHIN = {
    "response_head": [("x-a", "a" * 900), ("x-b", "b" * 900)],
    "response_field": [("x-a", "a" * 1000)],
    "response_fields": [(f"x-{i}", "a") for i in range(8)],
}


def head_of(fields, reason="OK"):
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"HTTP/1.1 200 {reason}\r\n{lines}Content-Length: 2\r\n\r\nok".encode()


def expect_refusal(gateway, limit):
    answer = curl(gateway, "/large", certificate=None)
    assert answer.status == 502
    denial = gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]
    assert denial["reason"] == "upstream.broken"
    assert denial["evidence"].endswith(f"limit={limit}")


@pytest.mark.parametrize("limit", BEYOND)
def test_a_head_beyond_a_limit_is_refused_by_its_name(gateway, upstream, limit):
    upstream.handler = lambda exchange: exchange.send(head_of(WITHIN[limit]))
    assert curl(gateway, "/large", certificate=None).status == 200
    upstream.handler = lambda exchange: exchange.send(head_of(BEYOND[limit]))
    expect_refusal(gateway, limit)


def test_a_status_line_beyond_its_limit_is_refused_by_its_name(gateway, upstream):
    upstream.handler = lambda exchange: exchange.send(head_of([], "x" * 80))
    assert curl(gateway, "/large", certificate=None).status == 200
    upstream.handler = lambda exchange: exchange.send(head_of([], "x" * 100))
    expect_refusal(gateway, "status_line")


def test_a_limit_may_be_raised(make_own_gateway, pki, upstream):
    config = settings.open_to_all(pki, upstream.server)
    config["upstreams"]["raw"]["limits"] = {"response_head": "100k", "response_field": "90k"}
    gateway = make_own_gateway(config)
    upstream.handler = lambda exchange: exchange.send(head_of([("x-a", "a" * 80 * 1024)]))
    with RawClient(gateway) as client:
        assert len(client.ask("/large").one("x-a")) == 80 * 1024


# ---- the same over HTTP/2

@pytest.fixture(scope="module")
def h2_upstream():
    made = H2Upstream()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def h2_gateway(make_gateway, pki, h2_upstream):
    config = settings.open_to_all(pki, h2_upstream.server)
    config["upstreams"]["raw"] |= {"protocol": "h2", "limits": LIMITS}
    return make_gateway(config)


@pytest.mark.parametrize("limit", BEYOND)
def test_a_head_beyond_a_limit_is_refused_over_http_2(h2_gateway, h2_upstream, limit):
    h2_upstream.handler = lambda request: request.answer(body=b"ok", fields=WITHIN[limit])
    assert curl(h2_gateway, "/large", certificate=None).status == 200
    h2_upstream.handler = lambda request: request.answer(body=b"ok", fields=BEYOND[limit])
    expect_refusal(h2_gateway, limit)


def test_a_forbidden_trailer_is_dropped_over_http_2(h2_gateway, h2_upstream):
    h2_upstream.handler = lambda request: request.answer(
        body=b"ok", trailers=[("x-sum", "7"), ("authorization", "Bearer x")])
    before = counted(h2_gateway, "forbidden_trailer")
    answer = curl(h2_gateway, "/odd", certificate=None)
    assert (answer.status, answer.body) == (200, b"ok")
    line = h2_gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["upstream"]["tolerated"] == "forbidden_trailer"
    assert counted(h2_gateway, "forbidden_trailer") == before + 1


def test_a_204_with_a_length_passes_over_http_2(h2_gateway, h2_upstream):
    h2_upstream.handler = lambda request: request.answer(204, fields=[("content-length", "5")])
    before = counted(h2_gateway, "content_with_204")
    assert curl(h2_gateway, "/odd", certificate=None).status == 204
    assert counted(h2_gateway, "content_with_204") == before + 1
