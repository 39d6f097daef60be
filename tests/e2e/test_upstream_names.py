"""Servers that are named by a name: looked up while the gateway runs, again and again."""
import pytest

from support import settings
from support.curl import curl
from support.gateway import sallyport
from support.name_server import NameServer
from support.rawtls import RawClient
from support.upstreams import Upstream
from support.waiting import wait_until


@pytest.fixture
def names():
    running = NameServer()
    yield running
    running.stop()


@pytest.fixture
def pair():
    """Two servers with the same port and different addresses."""
    first = Upstream(address="127.0.0.2")
    second = Upstream(address="127.0.0.3", port=first.port)
    yield first, second
    first.stop()
    second.stop()


def named(pki, names, server, **options):
    config = settings.open_to_all(pki, "")
    config["upstreams"]["raw"] = {"servers": [server], "resolve_every": "100ms", **options}
    config["resolver"] = {"nameservers": [names.address], "timeout": "500ms"}
    return config


def test_localhost_needs_no_name_server(make_own_gateway, pki, names):
    server = Upstream()
    gateway = make_own_gateway(named(pki, names, f"localhost:{server.port}"))
    assert curl(gateway, "/", certificate=None).status == 200
    server.stop()


def test_every_address_of_a_name_is_a_server(make_own_gateway, pki, names, pair):
    names.records["api.internal"] = ["127.0.0.2", "127.0.0.3"]
    gateway = make_own_gateway(named(pki, names, f"api.internal:{pair[0].port}"))
    with RawClient(gateway) as client:
        assert [client.ask("/").status for _ in range(6)] == [200] * 6
    assert [len(server.requests) for server in pair] == [3, 3]


def test_a_name_that_moves_is_followed(make_own_gateway, pki, names, pair):
    names.records["api.internal"] = ["127.0.0.2"]
    gateway = make_own_gateway(named(pki, names, f"api.internal:{pair[0].port}"))
    with RawClient(gateway) as client:
        assert client.ask("/").status == 200
        old = pair[0].requests[0].connection
        pair[0].handler = lambda exchange: (moved(), exchange.answer(body=b"old"))

        def moved():
            names.records["api.internal"] = ["127.0.0.3"]
            wait_until(lambda: gateway.metric("sallyport_upstream_servers") == 1
                       and names.questions.count("api.internal") > count + 4, "the next answers")
        count = names.questions.count("api.internal")
        assert client.ask("/").body == b"old", "what is under way ends where it began"
        assert client.ask("/").status == 200
    assert len(pair[1].requests) == 1
    wait_until(lambda: not old.is_open, "the end of the old connection")


def test_the_last_good_answer_is_kept(make_own_gateway, pki, names, pair):
    names.records["api.internal"] = ["127.0.0.2"]
    gateway = make_own_gateway(named(pki, names, f"api.internal:{pair[0].port}"))
    names.is_down = True
    wait_until(lambda: gateway.metric("sallyport_upstream_resolve_failures_total") >= 2, "failures")
    assert curl(gateway, "/", certificate=None).status == 200
    assert gateway.metric("sallyport_ready") == 1


def test_a_name_that_was_never_resolved_is_not_ready_and_fails_closed(make_own_gateway, pki, names,
                                                                       pair):
    config = named(pki, names, f"api.internal:{pair[0].port}")
    gateway = make_own_gateway(config, ready=False)
    wait_until(lambda: gateway.metric("sallyport_upstream_resolve_failures_total") >= 1, "a failure")
    status, text = gateway.ask_admin("/readyz")
    assert status == 503 and "api.internal" in text
    answer = curl(gateway, "/", certificate=None)
    assert answer.status == 503 and answer.one("Retry-After") == "5"
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "upstream.unresolved"
    names.records["api.internal"] = ["127.0.0.2"]
    wait_until(gateway.is_ready, "the gateway is ready")
    assert curl(gateway, "/", certificate=None).status == 200


def test_check_warns_of_a_name_that_cannot_be_resolved(make_own_gateway, pki, names):
    config = named(pki, names, "api.internal:80")
    gateway = make_own_gateway(config, start=False)
    checked = sallyport("check", "-c", gateway.file)
    assert checked.returncode == 0
    assert "upstreams.raw.servers[0]: api.internal cannot be resolved" in checked.stderr
    assert "warning" in checked.stderr
    assert sallyport("check", "--strict", "-c", gateway.file).returncode == 3
    names.records["api.internal"] = ["127.0.0.2"]
    assert "cannot be resolved" not in sallyport("check", "-c", gateway.file).stderr


def test_a_reload_does_not_lose_requests(make_own_gateway, pki, names, pair):
    """A new upstream's name is looked up first; its requests wait for that."""
    names.records["api.internal"] = ["127.0.0.2"]
    names.records["other.internal"] = ["127.0.0.3"]
    gateway = make_own_gateway(named(pki, names, f"api.internal:{pair[0].port}",
                                     queue_timeout="2s"))
    with RawClient(gateway) as client:
        assert client.ask("/").status == 200
        done = gateway.reload(named(pki, names, f"other.internal:{pair[0].port}",
                                    queue_timeout="2s"))
        assert done.returncode == 0, done.stderr
        assert client.ask("/").status == 200
    assert len(pair[1].requests) == 1
