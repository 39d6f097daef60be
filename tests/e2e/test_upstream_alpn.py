"""`protocol: auto`: each server is spoken to in the protocol that it settles on by ALPN."""
import contextlib
import threading

import pytest

from support import settings
from support.alpn_upstream import AlpnUpstream
from support.curl import curl
from support.rawtls import RawClient, head_of
from support.upstreams import Upstream
from support.waiting import settled, wait_until

BOTH = ["h2", "http/1.1"]


@pytest.fixture
def upstreams(pki):
    with contextlib.ExitStack() as stack:
        def make(offers, **options):
            made = AlpnUpstream(pki, offers, **options)
            stack.callback(made.stop)
            return made
        yield make


@pytest.fixture
def make(make_own_gateway, pki):
    def gateway(server, **options):
        config = settings.open_to_all(pki, server)
        config["upstreams"]["raw"] |= {
            "protocol": "auto", "tls": {"ca_file": str(pki.server_ca)}, **options}
        return make_own_gateway(config)
    return gateway


def denial_of(gateway, answer):
    return gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]


def ask(gateway):
    answer = curl(gateway, "/", certificate=None)
    return answer.status, answer.body


def in_use(gateway):
    return gateway.metric("sallyport_upstream_connections", state="busy")


@contextlib.contextmanager
def clients(gateway, count):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(RawClient(gateway)) for _ in range(count)]


@contextlib.contextmanager
def waiting_for_the_handshake(gateway, upstream, count):
    """So many requests have a place on connections that the server has not greeted yet."""
    upstream.greets.clear()
    with clients(gateway, count) as waiting:
        for client in waiting:
            client.get("/")
        wait_until(lambda: in_use(gateway) == count, "a place for each request")
        yield waiting


@pytest.mark.parametrize("offers, chosen", [
    (BOTH, "h2"), (["http/1.1", "h2"], "http/1.1"), (["h2"], "h2"), (["http/1.1"], "http/1.1"),
    ([], None),
], ids=["both", "both_but_rather_http1", "h2", "http1", "none"])
def test_what_the_server_chose_is_spoken(make, upstreams, offers, chosen):
    upstream = upstreams(offers)
    gateway = make(upstream.server)
    with RawClient(gateway) as client:
        assert [client.ask("/").body for _ in range(3)] == [b"ok"] * 3
        client.send(head_of("POST", "/", "Content-Length: 5") + b"hello")
        assert client.response().status == 200
    assert upstream.settled == [chosen], "one connection, which is kept"
    assert len(upstream.requests) == 4
    assert gateway.metric("sallyport_upstream_connects_total") == 1
    assert gateway.metric("sallyport_upstream_reused_total") == 3


def test_a_connection_of_http2_carries_many_requests(make, upstreams):
    upstream = upstreams(BOTH)
    gateway = make(upstream.server)
    assert ask(gateway) == (200, b"ok")
    go_on = threading.Event()
    upstream.handler = lambda request: (go_on.wait(10), request.answer(body=b"ok"))
    with clients(gateway, 20) as many:
        for client in many:
            client.get("/")
        wait_until(lambda: len(upstream.requests) == 21, "all requests at once")
        go_on.set()
        assert [client.response().body for client in many] == [b"ok"] * 20
    assert upstream.settled == ["h2"]


def test_a_connection_of_http1_carries_one_at_a_time(make, upstreams):
    upstream = upstreams(["http/1.1"])
    go_on = threading.Event()
    upstream.handler = lambda request: (go_on.wait(10), request.answer(body=b"ok"))
    gateway = make(upstream.server)
    with clients(gateway, 3) as many:
        for client in many:
            client.get("/")
        wait_until(lambda: len(upstream.requests) == 3, "all requests at once")
        go_on.set()
        assert [client.response().body for client in many] == [b"ok"] * 3
        wait_until(lambda: gateway.metric("sallyport_upstream_connections", state="idle") == 3,
                   "all are kept")
        assert many[0].ask("/").status == 200
    assert upstream.settled == ["http/1.1"] * 3


def test_a_connection_that_is_not_settled_is_for_one_request(make, upstreams):
    """Nothing is known of the server yet, and nobody waits for another's handshake in vain."""
    upstream = upstreams(BOTH)
    gateway = make(upstream.server)
    with waiting_for_the_handshake(gateway, upstream, 3) as waiting:
        upstream.greets.set()
        assert [client.response().body for client in waiting] == [b"ok"] * 3
    assert upstream.settled == ["h2"] * 3


# ---- a server that is another one after a restart

def restarted(upstream, upstreams, offers):
    upstream.stop()
    return upstreams(offers, port=upstream.port)


@pytest.mark.parametrize("before, after", [
    (["h2"], ["http/1.1"]), (["http/1.1"], ["h2"]), (BOTH, []), ([], BOTH)])
def test_a_server_may_change_its_mind(make, upstreams, before, after):
    upstream = upstreams(before)
    gateway = make(upstream.server)
    assert ask(gateway) == (200, b"ok")
    upstream = restarted(upstream, upstreams, after)
    assert [ask(gateway) for _ in range(3)] == [(200, b"ok")] * 3
    assert upstream.settled == [after[0] if after else None]


def test_where_http2_is_known_requests_wait_for_one_handshake(make, upstreams):
    upstream = upstreams(BOTH)
    gateway = make(upstream.server)
    assert ask(gateway) == (200, b"ok")
    upstream = restarted(upstream, upstreams, BOTH)
    with waiting_for_the_handshake(gateway, upstream, 5) as waiting:
        upstream.greets.set()
        assert [client.response().body for client in waiting] == [b"ok"] * 5
    assert upstream.settled == ["h2"]


def test_they_get_connections_of_their_own_when_it_is_http1_by_then(make, upstreams):
    upstream = upstreams(BOTH)
    gateway = make(upstream.server)
    assert ask(gateway) == (200, b"ok")
    upstream = restarted(upstream, upstreams, ["http/1.1"])
    go_on = threading.Event()
    upstream.handler = lambda request: (go_on.wait(10), request.answer(body=b"ok"))
    with waiting_for_the_handshake(gateway, upstream, 5) as waiting:
        assert settled(lambda: len(upstream.sockets)) == 1, "they wait for one handshake"
        upstream.greets.set()
        wait_until(lambda: len(upstream.requests) == 5, "all requests at once")
        go_on.set()
        assert [client.response().body for client in waiting] == [b"ok"] * 5
    assert upstream.settled == ["http/1.1"] * 5
    assert gateway.metric("sallyport_upstream_retries_total") == 0


@pytest.mark.parametrize("after", [["h2"], ["http/1.1"]], ids=["h2", "http1"])
def test_a_client_that_leaves_before_takes_nothing_along(make, upstreams, after):
    """The one that leaves is the one for which the connection was begun."""
    upstream = upstreams(["h2"])
    gateway = make(upstream.server)
    assert ask(gateway) == (200, b"ok")
    upstream = restarted(upstream, upstreams, after)
    with waiting_for_the_handshake(gateway, upstream, 1) as (leaver,):
        with RawClient(gateway) as stayer:
            stayer.get("/")
            wait_until(lambda: in_use(gateway) == 2, "both wait")
            leaver.vanish()
            leaver.sock.close()
            wait_until(lambda: in_use(gateway) == 1, "one left")
            upstream.greets.set()
            assert stayer.response().body == b"ok"
    assert len(upstream.requests) == 1 and upstream.settled == after


def test_a_handshake_that_stalls_fails_all_that_wait_for_it(make, upstreams, pki):
    upstream = upstreams(["h2"])
    gateway = make(upstream.server, tls={"ca_file": str(pki.server_ca),
                                         "handshake_timeout": "500ms"}, eject_after=0)
    assert ask(gateway) == (200, b"ok")
    upstream = restarted(upstream, upstreams, BOTH)
    with waiting_for_the_handshake(gateway, upstream, 3) as waiting:
        answers = [client.response() for client in waiting]
    assert [answer.status for answer in answers] == [504] * 3
    for answer in answers:
        denial = denial_of(gateway, answer)
        assert denial["reason"] == "upstream.timeout" and "handshake_timeout" in denial["evidence"]
    wait_until(lambda: in_use(gateway) == 0, "all places are free")
    upstream.greets.set()
    assert ask(gateway) == (200, b"ok")


# ---- around it

def test_in_plain_text_it_is_http1(make_own_gateway, pki):
    upstream = Upstream()
    config = settings.open_to_all(pki, upstream.server)
    config["upstreams"]["raw"]["protocol"] = "auto"
    gateway = make_own_gateway(config)
    assert [ask(gateway)[0] for _ in range(2)] == [200] * 2
    assert [request.version for request in upstream.requests] == ["HTTP/1.1"] * 2
    assert len(upstream.connections) == 1
    upstream.stop()


@pytest.mark.parametrize("offers", [["h2"], ["http/1.1"]], ids=["h2", "http1"])
def test_health_checks_settle_it_for_themselves(make, upstreams, offers):
    upstream = upstreams(offers)
    gateway = make(upstream.server, health={"path": "/healthz", "interval": "50ms", "fall": 1})
    wait_until(lambda: len(upstream.requests) > 3, "some checks")
    assert gateway.metric("sallyport_upstream_servers_up") == 1
    assert set(upstream.settled) == set(offers)


def test_the_servers_of_an_upstream_need_not_agree(make_own_gateway, pki, upstreams):
    new, old = upstreams(["h2"]), upstreams(["http/1.1"])
    config = settings.open_to_all(pki, new.server)
    config["upstreams"]["raw"] |= {"servers": [new.server, old.server], "protocol": "auto",
                                   "tls": {"ca_file": str(pki.server_ca)}}
    gateway = make_own_gateway(config)
    assert [ask(gateway) for _ in range(6)] == [(200, b"ok")] * 6
    assert len(new.requests) == 3 and len(old.requests) == 3
    assert new.settled == ["h2"] and old.settled == ["http/1.1"]
