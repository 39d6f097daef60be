"""Upstreams that are down, slow or broken: one clear answer, or none that looks whole."""
import threading
import time
import uuid

import pytest

from support import settings
from support.curl import curl
from support.http1 import Closed
from support.processes import free_port
from support.rawtls import RawClient, head_of
from support.waiting import wait_until


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    config = settings.open_to_all(pki, module_upstream.server)
    config["upstreams"]["raw"] |= {"response_timeout": "500ms", "idle_timeout": "500ms"}
    config["upstreams"]["down"] = {"servers": [f"127.0.0.1:{free_port()}"]}
    config["routes"].append(settings.route("down", ["/down"], "down", settings.ANY_METHOD,
                                           policies={"headers": None}))
    return make_gateway(config)


# ---- no answer

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


def test_an_answer_that_stalls_looks_broken_to_the_client(gateway, upstream):
    def stall(exchange):
        exchange.send(b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nhalf")
        exchange.wait_for_close()
    upstream.handler = stall
    mark = str(uuid.uuid4())
    with RawClient(gateway) as client:
        client.get("/stalls", more=f"x-fapi-interaction-id: {mark}\r\n")
        with pytest.raises(Closed):
            client.response()
    denial = gateway.line_of(mark)["deny"]
    assert denial["reason"] == "upstream.timeout" and "idle_timeout" in denial["evidence"]


def test_an_upstream_is_not_blamed_for_a_slow_client(gateway, upstream):
    """Between two pieces of the request the upstream has nothing to do."""
    with RawClient(gateway) as client:
        client.send(head_of("POST", "/slow-client", "Content-Length: 2") + b"a")
        upstream.wait_for(1)
        time.sleep(0.8)  # more than any timeout of the upstream
        client.send(b"b")
        assert client.response().status == 200


def test_an_upstream_gets_no_more_connections_than_it_may_have(make_own_gateway, pki, upstream):
    config = settings.open_to_all(pki, upstream.server)
    config["upstreams"]["raw"]["max_connections"] = 1
    gateway = make_own_gateway(config)
    go_on = threading.Event()

    def wait(exchange):
        go_on.wait(10)
        exchange.answer()
    upstream.handler = wait
    with RawClient(gateway) as first:
        first.get("/first")
        upstream.wait_for(1)
        answer = curl(gateway, "/second", certificate=None)
        assert answer.status == 503 and answer.one("Retry-After") == "5"
        line = gateway.line_of(answer.one("x-fapi-interaction-id"))
        assert line["deny"]["reason"] == "upstream.busy"
        go_on.set()
        assert first.response().status == 200
    assert upstream.targets() == ["/first"]


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
    "folded_length": (b"HTTP/1.1 200 X\r\nContent-Length:\r\n 0\r\n\r\n", "http.obs_fold"),
    "folded_first_line": (b"HTTP/1.1 200 X\r\n X-A: 1\r\nContent-Length: 0\r\n\r\n",
                          "http.obs_fold"),
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


def test_a_status_line_that_ends_with_its_code_is_good_enough(gateway, upstream):
    before = gateway.metric("sallyport_upstream_tolerated_answers_total", what="no_reason_space")
    upstream.handler = lambda exchange: exchange.send(
        b'HTTP/1.1 200\r\nContent-Length: 15\r\n\r\n{"accounts":[]}')
    with RawClient(gateway) as client:
        answers = [client.ask("/old"), client.ask("/old")]
    assert [(answer.status, answer.body) for answer in answers] == [(200, b'{"accounts":[]}')] * 2
    assert upstream.requests[0].connection is upstream.requests[1].connection
    after = gateway.metric("sallyport_upstream_tolerated_answers_total", what="no_reason_space")
    assert after == before + 2


@pytest.mark.parametrize("field, rest", [(b"Transfer-Encoding: chunked", b"0\r\n\r\n"),
                                         (b"Content-Length: 5", b"")])
def test_what_a_204_announces_is_not_waited_for(gateway, upstream, field, rest):
    """Its sender may send it late: the answer reaches the client, the connection is not used again."""
    upstream.handler = lambda exchange: exchange.send(
        b"HTTP/1.1 204 No Content\r\n" + field + b"\r\n\r\n" + rest)
    with RawClient(gateway) as client:
        for _ in range(2):
            answer = client.ask("/none")
            assert answer.status == 204 and answer.one("Transfer-Encoding") is None
    assert upstream.requests[0].connection is not upstream.requests[1].connection
    assert gateway.metric("sallyport_upstream_tolerated_answers_total", what="content_with_204") >= 2


BROKEN_BODIES = {
    "bad_chunk": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nx\r\n",
    "chunk_without_end": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokk\r\n0\r\n"
                         b"\r\n",
    "trailer_without_colon": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
                             b"Content-Length\r\n\r\n",
    "space_behind_chunk_size": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0"
                               b"\r\n\r\n",
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
    mark = str(uuid.uuid4())
    with RawClient(gateway) as client:
        client.get("/breaks", more=f"x-fapi-interaction-id: {mark}\r\n")
        with pytest.raises(Closed):
            client.response()
    line = gateway.line_of(mark)
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
