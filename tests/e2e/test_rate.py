"""Rate limits: what clients are told, that they hold over all workers and gateways, and that a
Redis that is slow or gone is nobody's problem."""
import collections
import contextlib
import json
import time

import pytest

from support import settings
from support.curl import curl
from support.rawtls import RawClient
from support.redis import Redis
from support.waiting import wait_until

FIELDS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")

LIMITS = {
    "slow": {"by": ["address"], "requests": 2, "per": "2s", "burst": 3},
    "told": {"by": ["address"], "requests": 3, "per": "30s"},
    "bulk": {"by": ["address"], "requests": 40, "per": "1h"},
    "partner": {"by": ["identity"], "requests": 5, "per": "1h",
                "classes": {"plaid": {"requests": 300, "per": "1s", "burst": 600}}},
    "busy": {"by": ["address"], "concurrent": 3},
}


def config_of(pki, upstream, limits=None, **rate):
    config = settings.base(pki, raw=upstream.server)
    config["modules"] = {"rate": {"limits": limits or LIMITS, **rate}}
    for name in (limits or LIMITS):
        policies = {"rate": {"limits": [name]}, "headers": None,
                    "client_cert": {"trust_store": "plaid", "identity": "plaid",
                                    "required": False}}
        config["routes"].append(settings.route(name, [f"/{name}"], "raw", policies=policies))
    return config


@pytest.fixture
def gateway(make_own_gateway, pki, upstream):
    return make_own_gateway(config_of(pki, upstream))


def statuses(client, path, times):
    return collections.Counter(client.ask(path).status for _ in range(times))


@contextlib.contextmanager
def clients(gateway, count, certificate=None):
    """So many connections, which the kernel spreads over the workers."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(RawClient(gateway, certificate)) for _ in range(count)]


def in_turn(connections, path, times):
    """Asks with all connections at once, `times` each."""
    seen = collections.Counter()
    for _ in range(times):
        for client in connections:
            client.get(path)
        seen.update(client.response().status for client in connections)
    return seen


# ---- one gateway

def test_a_refusal_says_what_fdx_says_and_when_to_come_again(gateway):
    with RawClient(gateway) as client:
        answers = [client.ask("/slow") for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        refused = answers[-1]
        assert json.loads(refused.body)["code"] == 1207
        wait = int(refused.one("Retry-After"))
        assert 1 <= wait <= 2
        time.sleep(wait)
        assert client.ask("/slow").status == 200
        assert client.ask("/slow").status == 429
    line = gateway.line_of(refused.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "rate.exceeded"
    assert "limit=slow requests=2/2s burst=3 address=127.0.0.1" in line["deny"]["evidence"]
    assert gateway.metric("sallyport_rate_exceeded_total", limit="slow") == 2
    assert gateway.metric("sallyport_rate_allowed_total", limit="slow") == 4


def test_every_answer_says_what_is_left(gateway, upstream):
    time.sleep(3.1)  # until the bucket is full
    upstream.handler = lambda exchange: exchange.answer(200, b"{}", ["RateLimit-Limit: 9999"])
    with RawClient(gateway) as client:
        answers = [client.ask("/told") for _ in range(4)]
    told = [tuple(answer.one(name) for name in FIELDS) for answer in answers]
    assert told == [("3", "2", "10"), ("3", "1", "20"), ("3", "0", "30"), ("3", "0", "30")]


def test_curl_can_read_it(gateway):
    seen = [curl(gateway, "/slow", certificate=None) for _ in range(4)]
    assert [answer.status for answer in seen] == [200, 200, 200, 429]
    assert seen[-1].json()["code"] == 1207


def test_a_limit_is_exact_for_all_workers_together(gateway):
    with clients(gateway, 16) as connections:
        assert in_turn(connections, "/bulk", 10) == {200: 40, 429: 120}
    assert gateway.metric("sallyport_rate_allowed_total", limit="bulk") == 40


def test_a_partner_class_lets_a_burst_pass_that_others_may_not_send(gateway):
    with clients(gateway, 4, "client") as partners, clients(gateway, 2) as others:
        assert in_turn(partners, "/partner", 80) == {200: 320}
        assert in_turn(others, "/partner", 10) == {200: 5, 429: 15}
        assert in_turn(partners, "/partner", 20) == {200: 80}


def test_requests_under_way_are_limited_until_they_end(gateway, upstream):
    held = {}  # by target: which of them comes first is the workers' affair
    upstream.handler = lambda exchange: held.update({exchange.target: exchange})
    with clients(gateway, 5) as connections:
        for number, client in enumerate(connections[:3]):
            client.get(f"/busy?{number}")
        wait_until(lambda: len(held) == 3, "three are under way")
        refused = connections[3].ask("/busy")
        assert (refused.status, refused.one("Retry-After")) == (429, "1")
        assert gateway.line_of(refused.one("x-fapi-interaction-id"))["deny"]["reason"] == \
            "rate.concurrent"
        upstream.handler = lambda exchange: exchange.answer(200, b"late")
        held["/busy?0"].answer(200, b"done")
        assert connections[0].response().status == 200
        wait_until(lambda: connections[3].ask("/busy").status == 200, "one has left")
        connections[1].vanish()
        connections[2].vanish()
        wait_until(lambda: gateway.metric("sallyport_rate_keys") == 0, "who vanished has left")
        assert in_turn(connections[3:], "/busy", 3) == {200: 6}


def test_buckets_outlive_a_reload(gateway, pki, upstream):
    with RawClient(gateway) as client:
        assert statuses(client, "/bulk", 50) == {200: 40, 429: 10}
    config = config_of(pki, upstream)
    config["routes"][0]["methods"] = ["GET", "POST"]
    assert gateway.reload(config).returncode == 0
    with RawClient(gateway) as client:
        assert statuses(client, "/bulk", 5) == {429: 5}


# ---- several gateways

@pytest.fixture
def redis(tmp_path):
    running = Redis(tmp_path)
    yield running
    running.kill()


@pytest.fixture
def gateways(make_own_gateway, pki, upstream, redis):
    key = redis.folder / "hash_key"
    key.write_text("every gateway has this one\n")
    key.chmod(0o600)

    def make():
        config = config_of(pki, upstream, shared={
            "hash_key": f"file:{key}", "interval": "50ms",
            "redis": {"servers": [redis.server], "command_timeout": "300ms"}})
        running = make_own_gateway(config)
        wait_until(lambda: is_shared(running), "rates are shared")
        return running
    return make(), make()


def is_shared(gateway):
    return gateway.metric("sallyport_rate_shared_up") == 1


def test_two_gateways_count_together(gateways, redis):
    one, two = gateways
    with RawClient(one) as at_one, RawClient(two) as at_two:
        assert statuses(at_one, "/bulk", 30) == {200: 30}
        assert at_two.ask("/bulk").status == 200  # so that the second looks after this key
        wait_until(lambda: redis.ask("DBSIZE") == b":1\r\n", "the bucket is in the Redis")
        time.sleep(0.5)
        assert statuses(at_two, "/bulk", 20) == {200: 9, 429: 11}
        time.sleep(0.5)
        assert statuses(at_one, "/bulk", 5) == {429: 5}
    assert b"127.0.0.1" not in redis.ask("KEYS *")


def test_a_redis_that_dies_leaves_the_limits_of_each_and_costs_no_time(gateways, redis):
    one, two = gateways
    with RawClient(one) as at_one, RawClient(two) as at_two:
        assert statuses(at_one, "/bulk", 10) == {200: 10}
        redis.freeze()
        began = time.monotonic()
        assert statuses(at_one, "/bulk", 20) == {200: 20}
        slowest = time.monotonic() - began
        redis.kill()
        wait_until(lambda: not is_shared(one) and not is_shared(two), "the Redis is missed")
        assert statuses(at_one, "/bulk", 20) == {200: 10, 429: 10}
        assert statuses(at_two, "/bulk", 50) == {200: 40, 429: 10}
        # Twenty requests while every exchange with the Redis hangs for 300 ms.
        assert slowest < 3
        redis.start()
        wait_until(lambda: is_shared(one) and is_shared(two), "the Redis is back")
        assert at_one.ask("/bulk").status == 429
    assert one.is_ready() and two.is_ready()
