"""Upstreams of several servers: who gets a request, and what becomes of one that cannot have one."""
import collections
import contextlib
import threading
import time

import pytest

from support import settings
from support.curl import curl
from support.processes import free_port
from support.rawtls import RawClient, head_of
from support.upstreams import Upstream
from support.waiting import wait_until


@pytest.fixture
def servers():
    """servers(n) are so many upstream servers."""
    with contextlib.ExitStack() as stack:
        def make(count, **options):
            made = [Upstream(**options) for _ in range(count)]
            for server in made:
                stack.callback(server.stop)
            return made
        yield make


@pytest.fixture
def make(make_own_gateway, pki):
    """make(servers, **options) is a gateway before one upstream."""
    def gateway(addresses, **options):
        config = settings.open_to_all(pki, "")
        config["upstreams"]["raw"] = {"servers": addresses, **options}
        return make_own_gateway(config)
    return gateway


def ask(gateway, path="/"):
    return curl(gateway, path, certificate=None)


def ask_many(gateway, count, path="/"):
    """Statuses of so many requests, one after the other, on one connection."""
    with RawClient(gateway) as client:
        return [client.ask(path).status for _ in range(count)]


def denial_of(gateway, answer):
    return gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]


def is_up(gateway):
    return gateway.metric("sallyport_upstream_servers_up", upstream="raw")


# ---- the choice

def test_requests_go_round_by_weight(make, servers):
    heavy, light = servers(2)
    gateway = make([{"address": heavy.server, "weight": 3}, light.server])
    assert ask_many(gateway, 20) == [200] * 20
    assert (len(heavy.requests), len(light.requests)) == (15, 5)
    assert gateway.metric("sallyport_upstream_requests_total", upstream="raw", code_class="2xx") == 20
    assert gateway.metric("sallyport_upstream_connects_total") == 2
    assert gateway.metric("sallyport_upstream_reused_total") == 18
    assert gateway.metric("sallyport_upstream_connections", state="idle") == 2


def test_a_slow_server_gets_what_it_can_take(make, servers):
    slow, quick = servers(2)
    go_on = threading.Event()

    def wait(exchange):
        go_on.wait(10)
        exchange.answer()
    slow.handler = wait
    gateway = make([slow.server, quick.server])
    with RawClient(gateway) as first, RawClient(gateway) as second:
        first.get("/1")
        second.get("/2")  # one of the two waits for the slow one
        slow.wait_for(1)
        quick.wait_for(1)
        assert ask_many(gateway, 10) == [200] * 10
        assert len(slow.requests) == 1, "it has one under way already"
        go_on.set()
        assert (first.response().status, second.response().status) == (200, 200)


def test_a_server_that_does_not_listen_is_passed_over(make, servers):
    """No octet of the request was sent: any method may go to another server."""
    good, = servers(1)
    gateway = make([f"127.0.0.1:{free_port()}", good.server])
    body = head_of("POST", "/post", "Content-Length: 5") + b"hello"
    with RawClient(gateway) as client:
        for _ in range(4):
            client.send(body)
            assert client.response().status == 200
    assert [request.body for request in good.requests] == [b"hello"] * 4
    assert gateway.metric("sallyport_upstream_retries_total") >= 1
    assert gateway.metric("sallyport_upstream_connect_failures_total") >= 1


def test_retries_can_be_switched_off(make, servers):
    good, = servers(1)
    gateway = make([f"127.0.0.1:{free_port()}", good.server], retries=0, eject_after=0)
    assert sorted(ask_many(gateway, 4)) == [200, 200, 502, 502]


def test_a_request_that_may_have_been_seen_is_repeated_only_if_safe(make, servers):
    crashing, good = servers(2)
    crashing.handler = lambda exchange: (exchange.read_body(), exchange.close())
    gateway = make([crashing.server, good.server], eject_after=0)
    assert ask_many(gateway, 4) == [200] * 4
    with RawClient(gateway) as client:
        statuses = []
        for _ in range(4):
            client.send(head_of("POST", "/post", "Content-Length: 0"))
            statuses.append(client.response().status)
    assert sorted(statuses) == [200, 200, 502, 502]


def test_retries_stay_within_their_budget(make, servers):
    crashing, good = servers(2)
    crashing.handler = lambda exchange: exchange.close()
    gateway = make([crashing.server, good.server], eject_after=0, retry_budget=10)
    statuses = collections.Counter(ask_many(gateway, 60))
    retries = gateway.metric("sallyport_upstream_retries_total")
    assert 10 <= retries <= 16, "ten at once, then one for ten requests"
    assert statuses[502] >= 30 - 16 and statuses[200] + statuses[502] == 60


# ---- servers that fail

def test_a_failing_server_is_left_alone_and_comes_back(make, servers):
    bad, good = servers(2)
    bad.handler = lambda exchange: exchange.answer(503)
    gateway = make([bad.server, good.server], eject_after=2, eject_for="1s")
    assert collections.Counter(ask_many(gateway, 20)) == {200: 18, 503: 2}
    assert gateway.metric("sallyport_upstream_ejections_total", upstream="raw") == 1
    assert is_up(gateway) == 1
    bad.forget()
    wait_until(lambda: is_up(gateway) == 2, "the end of the ejection")
    assert ask_many(gateway, 10) == [200] * 10
    assert len(bad.requests) == 5


def test_the_only_server_is_never_ejected(make, servers):
    bad, = servers(1)
    bad.handler = lambda exchange: exchange.answer(503)
    gateway = make([bad.server], eject_after=1)
    ask_many(gateway, 5)
    assert len(bad.requests) == 5


def test_an_application_error_is_no_reason_to_eject(make, servers):
    bad, good = servers(2)
    bad.handler = lambda exchange: exchange.answer(500)
    gateway = make([bad.server, good.server], eject_after=1)
    assert collections.Counter(ask_many(gateway, 10)) == {200: 5, 500: 5}


def test_a_slow_start_spares_a_server_that_returned(make, servers):
    bad, good = servers(2)
    bad.handler = lambda exchange: exchange.answer(503)
    gateway = make([bad.server, good.server], eject_after=1, eject_for="300ms", slow_start="1m")
    ask_many(gateway, 4)
    bad.forget()
    wait_until(lambda: is_up(gateway) == 2, "the end of the ejection")
    ask_many(gateway, 40)
    assert 1 <= len(bad.requests) <= 6, "a few of 40, not 20"


# ---- health checks

HEALTH = {"path": "/healthz", "interval": "50ms", "timeout": "300ms", "rise": 2, "fall": 2}


def health(status):
    def handler(exchange):
        exchange.answer(status() if exchange.target == "/healthz" else 200)
    return handler


def test_health_checks_take_a_server_out_and_bring_it_back(make, servers):
    sick, good = servers(2)
    status = 200
    sick.handler = health(lambda: status)
    gateway = make([sick.server, good.server], health=HEALTH)
    assert is_up(gateway) == 2
    status = 500
    wait_until(lambda: is_up(gateway) == 1, "the server is down")
    before = sick.targets().count("/")
    assert ask_many(gateway, 6) == [200] * 6
    assert sick.targets().count("/") == before
    status = 200
    wait_until(lambda: is_up(gateway) == 2, "the server is up")
    ask_many(gateway, 6)
    assert sick.targets().count("/") == before + 3
    assert gateway.metric("sallyport_upstream_health_check_failures_total", upstream="raw") >= 2


def test_a_health_check_is_a_request_as_configured(make, servers):
    server, = servers(1)
    server.handler = lambda exchange: exchange.answer(204)
    gateway = make([server.server], health=HEALTH | {"expect": [204], "host": "api.internal"})
    first = server.wait_for(1)
    assert (first.method, first.target, first.head.one("Host")) == ("GET", "/healthz", "api.internal")
    time.sleep(0.3)
    assert is_up(gateway) == 1


def test_a_server_that_does_not_answer_checks_is_down(make, servers):
    server, = servers(1)
    server.handler = lambda exchange: exchange.wait_for_close()
    gateway = make([server.server], health=HEALTH)
    wait_until(lambda: is_up(gateway) == 0, "the server is down")
    began = time.monotonic()
    answer = ask(gateway)
    assert answer.status == 503 and answer.one("Retry-After") == "5"
    assert time.monotonic() - began < 2, "it is known beforehand"
    assert denial_of(gateway, answer)["reason"] == "upstream.down"


# ---- as much as there is room for

def test_a_request_waits_for_a_connection(make, servers):
    server, = servers(1)
    go_on = threading.Event()

    def wait(exchange):
        if exchange.target == "/first":
            go_on.wait(10)
        exchange.answer(body=exchange.read_body())
    server.handler = wait
    gateway = make([server.server], max_connections=1, queue_timeout="8s")
    with RawClient(gateway) as first, RawClient(gateway) as second:
        first.get("/first")
        server.wait_for(1)
        second.send(head_of("POST", "/second", "Content-Length: 5") + b"hello")
        wait_until(lambda: gateway.metric("sallyport_upstream_requests_waiting") == 1, "the queue")
        go_on.set()
        assert first.response().status == 200
        assert second.response().body == b"hello"
    assert server.targets() == ["/first", "/second"]
    assert gateway.metric("sallyport_upstream_requests_waiting") == 0


def test_the_queue_is_bounded_in_size_and_time(make, servers):
    server, = servers(1)
    server.handler = lambda exchange: exchange.wait_for_close()
    gateway = make([server.server], max_connections=1, max_pending=1, queue_timeout="1s")
    with RawClient(gateway) as first, RawClient(gateway) as second:
        first.get("/first")
        server.wait_for(1)
        second.get("/second")
        wait_until(lambda: gateway.metric("sallyport_upstream_requests_waiting") == 1, "the queue")
        began = time.monotonic()
        answer = ask(gateway, "/third")
        assert answer.status == 503 and time.monotonic() - began < 0.8, "at once"
        assert denial_of(gateway, answer)["reason"] == "upstream.busy"
        late = second.response()
        assert late.status == 503
        denial = denial_of(gateway, late)
        assert denial["reason"] == "upstream.busy" and "queue_timeout" in denial["evidence"]


def test_a_client_that_leaves_the_queue_frees_its_place(make, servers):
    server, = servers(1)
    go_on = threading.Event()
    server.handler = lambda exchange: (go_on.wait(10), exchange.answer())
    gateway = make([server.server], max_connections=1, queue_timeout="8s")
    with RawClient(gateway) as first, RawClient(gateway) as second:
        first.get("/first")
        server.wait_for(1)
        second.get("/second")
        wait_until(lambda: gateway.metric("sallyport_upstream_requests_waiting") == 1, "the queue")
        second.vanish()
        second.sock.close()
        wait_until(lambda: gateway.metric("sallyport_upstream_requests_waiting") == 0, "it left")
        go_on.set()
        assert first.response().status == 200
    assert ask(gateway, "/third").status == 200
    assert server.targets() == ["/first", "/third"]


def test_a_slow_upstream_does_not_starve_another(make_own_gateway, pki, servers):
    slow, quick = servers(2)
    slow.handler = lambda exchange: exchange.wait_for_close(30)
    config = settings.open_to_all(pki, slow.server)
    config["upstreams"]["raw"] |= {"max_connections": 4, "max_pending": 4, "queue_timeout": "20s"}
    config["upstreams"]["quick"] = {"servers": [quick.server]}
    config["routes"].append(settings.route("quick", ["/quick"], "quick", policies={"headers": None}))
    gateway = make_own_gateway(config)
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(RawClient(gateway)).get("/slow")
        wait_until(lambda: gateway.metric("sallyport_upstream_requests_waiting") == 4, "the queue")
        began = time.monotonic()
        assert ask_many(gateway, 50, "/quick") == [200] * 50
        assert time.monotonic() - began < 5
