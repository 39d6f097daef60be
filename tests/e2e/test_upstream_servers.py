"""Each server of an upstream: the log says when it goes down and why, and when it is back; metrics
name it."""
import contextlib

import pytest

from support import settings
from support.processes import free_port
from support.rawtls import RawClient
from support.upstreams import Upstream
from support.waiting import wait_until

HEALTH = {"path": "/healthz", "interval": "100ms", "timeout": "500ms", "rise": 1, "fall": 2}


@pytest.fixture
def servers():
    with contextlib.ExitStack() as stack:
        made = [Upstream(), Upstream()]
        for server in made:
            stack.callback(server.stop)
        yield made


@pytest.fixture
def make(make_own_gateway, pki):
    def gateway(addresses, **options):
        config = settings.open_to_all(pki, "")
        config["workers"] = 2
        config["upstreams"]["raw"] = {"servers": addresses, **options}
        return make_own_gateway(config)
    return gateway


def ask(gateway, count):
    statuses = []
    for _ in range(count):
        with RawClient(gateway) as client:
            statuses.append(client.ask("/").status)
    return statuses


def of_server(gateway, name, server, **labels):
    return gateway.metric(f"sallyport_upstream_server_{name}", upstream="raw", server=server.server,
                          **labels)


def said(gateway, event, text):
    return gateway.log_line(f"{event} {text}", lambda line: line["event"] == event
                            and text in line["message"])


def answer_with(status):
    def answer(exchange):
        exchange.read_body()
        exchange.send(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
    return answer


def test_requests_and_connections_are_counted_by_server(make, servers):
    first, second = servers
    gateway = make([{"address": first.server, "weight": 3}, second.server])
    assert of_server(gateway, "up", first) == of_server(gateway, "up", second) == 1
    assert f'sallyport_upstream_server_requests_total{{upstream="raw",server="{first.server}"}} 0' \
        in gateway.ask_admin("/metrics")[1]
    assert ask(gateway, 16) == [200] * 16
    counts = [of_server(gateway, "requests_total", server) for server in servers]
    assert counts == [len(server.requests) for server in servers] and sum(counts) == 16
    assert of_server(gateway, "connections", first, state="busy") == 0
    assert 1 <= of_server(gateway, "connections", first, state="idle") <= 2
    assert of_server(gateway, "failures_total", first) == 0


def test_a_failed_check_is_said_with_its_cause_and_so_is_the_return(make, servers):
    first, second = servers
    gateway = make([first.server, second.server], health=HEALTH)
    wait_until(lambda: of_server(gateway, "checked_timestamp_seconds", first) > 0, "a check")
    first.handler = answer_with(503)
    line = said(gateway, "upstream_server_down", first.server)
    assert line["level"] == "warn" and "its health checks fail: answered 503" in line["message"]
    assert of_server(gateway, "up", first) == 0 and of_server(gateway, "up", second) == 1
    first.handler = answer_with(200)
    assert said(gateway, "upstream_server_up", first.server)["level"] == "info"
    assert of_server(gateway, "up", first) == 1


def test_a_server_that_refuses_connections_is_said(make, servers):
    gateway = make([servers[0].server, f"127.0.0.1:{free_port()}"], health=HEALTH)
    line = said(gateway, "upstream_server_down", "upstream raw: 127.0.0.1")
    assert "upstream.connect" in line["message"]


def test_an_ejected_server_is_said_and_its_failures_are_counted(make, servers):
    first, second = servers
    gateway = make([first.server, second.server],
                   eject_after=2, eject_for="3s", max_ejected=50)
    first.handler = answer_with(502)
    wait_until(lambda: ask(gateway, 2) and of_server(gateway, "up", first) == 0, "it is ejected")
    line = said(gateway, "upstream_server_down", first.server)
    assert "its requests failed" in line["message"]
    assert of_server(gateway, "failures_total", first) >= 2
    first.handler = answer_with(200)
    said(gateway, "upstream_server_up", first.server)


def test_every_server_down_is_a_problem_until_one_is_up(make, servers):
    gateway = make([servers[0].server], health=HEALTH)
    servers[0].handler = answer_with(500)
    said(gateway, "problem", "upstream raw: every server is down")
    assert ask(gateway, 1) == [503]
    servers[0].handler = answer_with(200)
    said(gateway, "problem_over", "upstream raw: every server is down")
    assert ask(gateway, 1) == [200]
