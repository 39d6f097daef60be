"""The wall clock is not to be trusted blindly: it jumps, and it goes on while a request is on its way."""
import json
import time

import pytest

from support import settings
from support.issuer import Issuer
from support.moved_clock import MovedClock
from support.rawtls import RawClient, head_of
from support.redis import Redis
from support.waiting import wait_until

@pytest.fixture(scope="module")
def issuer():
    running = Issuer("k1").start()
    yield running
    running.stop()


def config_of(pki, issuer, upstream, **more):
    config = settings.of_issuer(pki, issuer, upstream.server, **more)
    config["modules"]["revocation"] = {"store": {"path": "revocations"}, "clock_trial": "2s"}
    config["routes"][0]["policies"]["revocation"] = None
    return config


def status(gateway, token):
    with RawClient(gateway) as client:
        return client.ask(settings.ACCOUNTS, more=f"Authorization: Bearer {token}\r\n").status


@pytest.fixture
def gateway(make_own_gateway, pki, issuer, upstream):
    gateway = make_own_gateway(config_of(pki, issuer, upstream), start=False)
    gateway.clock = MovedClock(gateway.folder)
    gateway.before = gateway.clock.before
    gateway.start()
    return gateway


def believes(gateway):
    return gateway.metric("sallyport_revocation_clock_believed") == 1


def jumps(gateway):
    return gateway.metric("sallyport_revocation_clock_jumps_total")


def revoked(gateway):
    return {record["value"] for record in json.loads(gateway.cli("revoked", "--json").stdout)["records"]}


def test_a_clock_that_is_ahead_for_a_moment_erases_nothing(gateway, issuer):
    token = issuer.token("k1", jti="kept")
    wait_until(lambda: believes(gateway), "the trial is over")
    gateway.revoke("jti", "kept")
    gateway.clock.move(2 * 86400)
    wait_until(lambda: jumps(gateway) == 1, "the jump is seen")
    time.sleep(1.5)  # more than one look for what has expired
    gateway.clock.move(0)
    wait_until(lambda: jumps(gateway) == 2, "and the way back")
    assert status(gateway, token) == 401
    assert revoked(gateway) == {"kept"}
    gateway.log_line("clock_jumped", lambda line: line["event"] == "clock_jumped" and "ahead by 172800" in
                     line["message"])
    wait_until(lambda: believes(gateway), "the trial is over again")
    assert status(gateway, token) == 401
    gateway.stop()
    gateway.start()
    assert status(gateway, token) == 401, "on disk as well"


def test_what_ends_is_forgotten_once_the_clock_is_believed(gateway, issuer):
    token = issuer.token("k1", jti="short")
    done = gateway.cli("revoke", "jti", "short", "--expires", str(int(time.time()) + 4))
    assert done.returncode == 0, done.stderr
    assert status(gateway, token) == 401
    wait_until(lambda: status(gateway, token) == 200, "over", timeout=20)
    assert believes(gateway)


def test_no_cutoff_is_taken_from_a_clock_that_has_just_jumped(gateway, issuer):
    gateway.clock.move(-600)
    refused = gateway.cli("revoke", "subject", "customer")
    assert refused.returncode == 1
    assert "the wall clock has jumped" in refused.stderr and "--cutoff" in refused.stderr
    assert revoked(gateway) == set()
    named = gateway.cli("revoke", "subject", "customer", "--cutoff", str(int(time.time())))
    assert named.returncode == 0, named.stderr
    gateway.clock.move(0)
    assert status(gateway, issuer.token("k1", iat=int(time.time()) - 5)) == 401
    wait_until(lambda: believes(gateway), "the trial is over")
    assert gateway.cli("revoke", "client", "another").returncode == 0


def test_a_redis_whose_clock_jumps_reinstates_nobody(make_own_gateway, pki, issuer, upstream, tmp_path):
    """It ends its keys as if somebody had deleted them."""
    clock = MovedClock(tmp_path)
    redis = Redis(tmp_path, before=clock.before)
    try:
        config = config_of(pki, issuer, upstream)
        config["modules"]["revocation"] |= {"redis": {"servers": [redis.server]},
                                            "redis_keys": {"prove_every": "200ms"}}
        gateway = make_own_gateway(config)
        token, key = issuer.token("k1", jti="there"), "sallyport:revoked:jti:any:there"
        redis.cli("SET", key, "1", "EX", 600)
        wait_until(lambda: status(gateway, token) == 401, "revoked")
        clock.move(86400)
        wait_until(lambda: redis.cli("EXISTS", key) == "0", "the Redis has ended it")
        # A jump that is over before the next proof looks like a deletion, and nothing tells it from one.
        losses = "sallyport_revocation_redis_losses_total"
        wait_until(lambda: gateway.metric(losses, cause="clock") == 1, "the jump is seen")
        clock.move(0)
        wait_until(lambda: redis.cli("EXISTS", key) == "1", "it is written back", timeout=30)
        assert status(gateway, token) == 401
        assert gateway.metric("sallyport_revocation_redis_reinstated_total") == 0
    finally:
        redis.kill()


def test_a_token_is_judged_when_the_body_has_come(make_own_gateway, pki, issuer, upstream):
    """A form that came slowly had its token accepted 44 s after its end."""
    config = config_of(pki, issuer, upstream, leeway="0s")
    config["routes"][0]["methods"] = ["POST"]
    gateway = make_own_gateway(config)
    for pause, answer in [(0, 200), (3, 401)]:
        token = issuer.token("k1", exp=int(time.time()) + 2)
        with RawClient(gateway) as client:
            client.send(head_of("POST", settings.ACCOUNTS, f"Authorization: Bearer {token}",
                                "Content-Type: application/x-www-form-urlencoded", "Content-Length: 3"))
            time.sleep(pause)
            client.send(b"a=b")
            assert client.response().status == answer


@pytest.mark.parametrize("iat, answer", [(False, 401), (True, 200)])
def test_an_unknown_time_of_issue_is_before_every_cutoff(make_own_gateway, pki, issuer, upstream,
                                                         monkeypatch, iat, answer):
    """The time of first sight was taken for it: 200 after the order, and again after a restart."""
    monkeypatch.setenv("INTROSPECTION", "secret-of-the-gateway")
    gateway = make_own_gateway(config_of(pki, issuer, upstream, introspection={
        "url": f"{issuer.issuer}/introspect", "client_id": "gateway",
        "client_secret": "env:INTROSPECTION", "max_ttl": "1s"}))
    now = int(time.time())
    claims = {"aud": settings.AUDIENCE, "sub": "customer", "client_id": "plaid", "jti": "j", "exp": now + 900}
    issuer.active = {"opaque-1": claims | ({"iat": now} if iat else {}),
                     "opaque-2": claims | ({"iat": now} if iat else {})}
    assert status(gateway, "opaque-1") == 200
    cutoff = str(now - 30)  # who is seen first after it, or was issued after it, is another matter
    assert gateway.cli("revoke", "subject", "customer", "--cutoff", cutoff).returncode == 0
    assert status(gateway, "opaque-1") == answer
    assert status(gateway, "opaque-2") == answer, "seen for the first time"
    gateway.stop()
    gateway.start()
    assert status(gateway, "opaque-1") == answer
