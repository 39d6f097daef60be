"""The token endpoint while the Redis is silent: what is known is refused, a code is redeemed, and only who
brings a token that was issued before needs to wait; and answers that nobody asked to be packed."""
import gzip
import json

import pytest

from support import settings
from support.curl import curl
from support.redis import Redis
from support.waiting import wait_until

CODE = "grant_type=authorization_code&code=c&client_id=plaid"


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    yield server
    server.thaw()
    server.kill()


def config_of(pki, server, **revocation):
    config = settings.base(pki, login=server)
    config["modules"] = {"revocation": {"store": {"path": "revocations"}, **revocation},
                         "oauth": {"authorization_servers": {"bank": {}},
                                   "grants": {"path": "grants"}}}
    config["routes"] = [
        settings.route(name, [f"/{name}"], "login", ["POST"], errors="oauth",
                       policies={"revocation": {"fresh_for": "1s", **options},
                                 "oauth": {"kind": "token", "server": "bank", **options}})
        for name, options in (("token", {}), ("lenient", {"on_unavailable": "allow"}),
                              ("watched", {"mode": "observe"}))]
    return config


def ask(gateway, path, form=CODE, *options, **more):
    return curl(gateway, path, "-d", form, *options, **more)


def refresh(gateway, path, token):
    answer = ask(gateway, path, f"grant_type=refresh_token&refresh_token={token}&client_id=plaid")
    return answer.status, answer.json().get("error")


def issue(gateway, upstream, token, consent, path="/token", coding=None):
    body = json.dumps({"access_token": f"access-{token}", "refresh_token": token,
                       "grant_id": consent}).encode()
    fields = [f"Content-Encoding: {coding}"] if coding else []
    sent = gzip.compress(body) if coding == "gzip" else body
    upstream.handler = lambda exchange: exchange.answer(200, sent, fields)
    answer = ask(gateway, path)
    assert (answer.status, answer.body) == (200, sent)


def test_a_silent_redis_stops_refresh_grants_and_no_codes(make_own_gateway, pki, upstream, redis):
    gateway = make_own_gateway(config_of(pki, upstream.server, redis={"servers": [redis.server]}))
    issue(gateway, upstream, "r-1", "consent-1")
    issue(gateway, upstream, "r-2", "consent-2")
    gateway.revoke("consent", "consent-1")
    redis.freeze()
    wait_until(lambda: refresh(gateway, "/token", "r-2")[0] == 503, "it is stale", 20)
    for path in ("/token", "/lenient"):
        assert refresh(gateway, path, "r-1") == (400, "invalid_grant")
        assert ask(gateway, path).status == 200
        answer = ask(gateway, path, f"{CODE}&Refresh_Token=r-1")
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    assert refresh(gateway, "/token", "r-2") == (503, "temporarily_unavailable")
    assert refresh(gateway, "/lenient", "r-2")[0] == 200
    redis.thaw()
    wait_until(lambda: refresh(gateway, "/token", "r-2")[0] == 200, "it is over", 20)


@pytest.fixture
def gateway(make_own_gateway, pki, upstream):
    return make_own_gateway(config_of(pki, upstream.server))


@pytest.mark.parametrize("protocol", ["--http1.1", "--http2"])
def test_nobody_asks_for_packed_answers(gateway, upstream, protocol):
    upstream.handler = lambda exchange: exchange.answer(200, b'{"access_token":"a"}')
    assert ask(gateway, "/token", CODE, protocol, "--compressed",
               fields=["Accept_Encoding: gzip"]).status == 200
    head = upstream.requests[-1].head
    assert not head.all("Accept-Encoding") and not head.all("Accept_Encoding")


@pytest.mark.parametrize("path", ["/token", "/watched"])
def test_a_packed_answer_is_learned_as_it_comes(gateway, upstream, path):
    issue(gateway, upstream, "r-1", "consent-1", path, coding="gzip")
    gateway.revoke("consent", "consent-1")
    assert refresh(gateway, "/token", "r-1") == (400, "invalid_grant")


@pytest.mark.parametrize("path", ["/token", "/lenient", "/watched"])
def test_what_cannot_be_read_passes_with_an_alarm(gateway, upstream, path):
    issue(gateway, upstream, "r-1", "consent-1", path, coding="br")
    wait_until(lambda: gateway.metric("sallyport_revocation_answers_not_learned_total",
                                      why="coding") == 1, "it is counted")
    assert "1 coding" in gateway.event("grant_alarm")["message"]
    assert gateway.event("grant_alarm")["level"] == "error"
