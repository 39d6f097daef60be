"""What becomes of requests while the Redis is silent, as each route wants it."""
import pytest

from support import settings
from support.curl import curl
from support.redis import Redis
from support.waiting import wait_until
from test_token_kinds import introspecting, opaque

ACCOUNTS = "/fdx/v6/accounts"
RULES = {"allow": {}, "brief": {"on_stale": "allow", "fresh_for": "1s", "allow_for": "2s"},
         "deny": {"on_stale": "deny", "fresh_for": "1s"},
         "ask": {"on_stale": "introspect", "fresh_for": "1s"}}


def config_of(pki, bank, server, redis):
    config = introspecting(settings.plaid(pki, bank, server), bank)
    config["modules"]["revocation"]["redis"] = {"servers": [redis.server]}
    config["chains"], config["routes"] = {}, []
    for name, rule in RULES.items():
        config["routes"].append(settings.route(
            name, [f"/{name}/**"], "fdx", ["GET", "POST"],
            policies={"bearer": {"audience": [bank.audience]}, "revocation": rule}))
    return config


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    yield server
    server.thaw()
    server.kill()


@pytest.fixture
def gateway(make_own_gateway, pki, bank, upstream, redis, monkeypatch):
    monkeypatch.setenv("INTROSPECTION", bank.about["clients"]["sallyport"])
    return make_own_gateway(config_of(pki, bank, upstream.server, redis))


def outcome(gateway, rule, token, *options):
    answer = curl(gateway, f"/{rule}/x", *options, token=token)
    if answer.status == 200:
        return "allowed"
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert answer.status == (503 if line["deny"]["reason"] == "revocation.stale" else 401)
    assert (answer.one("Retry-After") is not None) == (answer.status == 503)
    return line["deny"]["reason"]


def test_every_route_has_its_own_rule(gateway, bank, redis):
    jwt, token = bank.issue(), opaque(bank)
    wait_until(lambda: outcome(gateway, "deny", jwt) == "allowed", "the Redis was followed")
    for rule in RULES:
        assert outcome(gateway, rule, token, "-d", "x") == "allowed"
    redis.freeze()
    wait_until(lambda: outcome(gateway, "deny", jwt) == "revocation.stale", "it is stale", 20)
    assert outcome(gateway, "ask", token, "-d", "x") == "allowed"
    assert outcome(gateway, "ask", token) == "allowed"
    wait_until(lambda: outcome(gateway, "brief", jwt) == "revocation.stale", "too old to allow", 20)
    wait_until(lambda: outcome(gateway, "allow", jwt, "-d", "x") == "revocation.stale",
               "a write is refused after fresh_for", 20)
    assert outcome(gateway, "allow", jwt) == "allowed"
    assert gateway.metric("sallyport_revocation_stale_requests_total", outcome="denied") > 0
    assert gateway.metric("sallyport_revocation_stale_requests_total", outcome="active") >= 2
    redis.thaw()
    for rule in RULES:
        wait_until(lambda: outcome(gateway, rule, jwt, "-d", "x") == "allowed", "it is over", 20)


def test_an_issuer_that_says_no_is_believed(gateway, bank, redis):
    """The provider does not know its JWTs when it is asked about them: it says that they are not active."""
    jwt = bank.issue()
    wait_until(lambda: outcome(gateway, "ask", jwt) == "allowed", "the Redis was followed")
    redis.freeze()
    wait_until(lambda: outcome(gateway, "deny", jwt) == "revocation.stale", "it is stale", 20)
    assert outcome(gateway, "ask", jwt) == "revocation.inactive"


def test_a_restart_knows_how_old_its_copy_is(gateway, bank, redis):
    jwt = bank.issue()
    wait_until(lambda: outcome(gateway, "deny", jwt) == "allowed", "the Redis was followed")
    redis.kill()
    wait_until(lambda: outcome(gateway, "deny", jwt) == "revocation.stale", "it is stale", 20)
    gateway.kill()
    gateway.start()
    wait_until(lambda: outcome(gateway, "allow", jwt) == "allowed", "the copy is young enough", 1)
    assert outcome(gateway, "deny", jwt) == "revocation.stale"
