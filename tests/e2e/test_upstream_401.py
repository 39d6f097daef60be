"""What becomes of an API's own 401: passed on, or turned into the one of the route's profile."""
import json

import pytest

from support import settings
from support.curl import curl
from support.issuer import AUDIENCE, Issuer


@pytest.fixture(scope="module")
def issuer():
    running = Issuer("k1").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, issuer, module_upstream):
    config = settings.of_issuer(pki, issuer, module_upstream.server)
    for profile in ("plaid", "fdx-6.4"):
        config["routes"].append(settings.route(
            profile, [f"/{profile}"], "fdx", errors=profile,
            policies={"bearer": {"audience": [AUDIENCE], "upstream_401": "normalise"}}))
    return make_gateway(config)


def refuse(exchange):
    exchange.answer(401, b"<html>who are you?</html>",
                    ["Content-Type: text/html", 'WWW-Authenticate: Basic realm="legacy"'])


def test_it_is_passed_on_unless_told_otherwise(gateway, upstream, issuer):
    upstream.handler = refuse
    answer = curl(gateway, settings.ACCOUNTS, token=issuer.token("k1"))
    assert answer.status == 401
    assert answer.body == b"<html>who are you?</html>"


@pytest.mark.parametrize("profile, code", [("plaid", 602), ("fdx-6.4", "603")])
def test_it_gets_the_shape_of_the_profile(gateway, upstream, issuer, profile, code):
    upstream.handler = refuse
    answer = curl(gateway, f"/{profile}", token=issuer.token("k1"))
    assert answer.status == 401
    assert answer.json()["code"] == code
    assert answer.all("WWW-Authenticate") == ['Bearer realm="api", error="invalid_token"']
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "bearer.upstream_refused"
    steps = json.loads(gateway.cli("why", line["request_id"], "--json").stdout)["steps"]
    assert [step["outcome"] for step in steps] == ["allow", "deny"]
    assert steps[1]["checks"] == [{"check": "answer", "result": "fail"}]


def test_other_answers_are_left_alone(gateway, upstream, issuer):
    assert curl(gateway, "/plaid", token=issuer.token("k1")).body == b'{"ok":true}'
    upstream.handler = lambda exchange: exchange.answer(403, b"no")
    assert curl(gateway, "/plaid", token=issuer.token("k1")).body == b"no"
    upstream.handler = refuse
    assert curl(gateway, "/plaid", token=issuer.token("k1")).json()["code"] == 602
    upstream.handler = lambda exchange: exchange.answer(200, b"yes")
    assert curl(gateway, "/plaid", token=issuer.token("k1")).body == b"yes"
