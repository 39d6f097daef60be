"""sallyport explain --token: what the policy says of a token, without sending a request."""
import json
import subprocess

import pytest

from support import settings
from support.issuer import Issuer
from support.places import SALLYPORT


@pytest.fixture(scope="module")
def issuer():
    running = Issuer("k1").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, issuer, module_upstream):
    config = settings.of_issuer(pki, issuer, module_upstream.server)
    config["routes"][0]["policies"]["scope"] = {"require": ["Account"]}
    config["routes"].append(settings.route("open", ["/open"], "fdx", policies={"headers": None}))
    return make_gateway(config)


def explain(token, *options, route="accounts"):
    return subprocess.run([str(word) for word in (SALLYPORT, "explain", "--token", "-", "--route",
                                                  route, *options)],
                          input=f"{token}\n", capture_output=True, text=True, timeout=30)


def told(ended):
    return json.loads(ended.stdout)


def test_a_good_token_passes_every_check(gateway, issuer):
    ended = explain(issuer.token("k1"), "--admin", gateway.socket)
    assert ended.returncode == 0, ended.stderr
    for check in ("form", "signature", "claims", "times", "age", "audience", "binding"):
        assert f"pass  bearer       {check}" in ended.stdout
    assert "pass  scope" in ended.stdout
    assert "would accept" in ended.stdout


def test_every_check_that_fails_is_named(gateway, issuer):
    ended = explain(issuer.token("k1", aud="other", iat=1, exp=2), "--admin", gateway.socket)
    assert ended.returncode == 1
    assert "pass  bearer       signature" in ended.stdout
    for check in ("times", "age", "audience"):
        assert f"FAIL  bearer       {check}" in ended.stdout
    assert "bearer.expired" in ended.stdout
    assert "would refuse" in ended.stdout


def test_a_missing_scope_is_the_scope_policys_to_tell(gateway, issuer):
    ended = explain(issuer.token("k1", scope="Customer"), "--admin", gateway.socket, "--json")
    assert ended.returncode == 1
    assert [refusal["reason"] for refusal in told(ended)["refusals"]] == ["scope.missing"]


def test_nothing_shows_the_token(gateway, issuer):
    token = issuer.token("k1")
    ended = explain(token, "--admin", gateway.socket, "--json")
    assert token not in ended.stdout + ended.stderr
    gateway.keeps_secrets(json.dumps(gateway.log()))
    assert token not in json.dumps(gateway.log())


def test_a_file_can_be_asked_instead(gateway, issuer, tmp_path):
    copy = gateway.config | {"admin": {"socket": str(tmp_path / "none.sock")}}
    ledger = {**copy["modules"]["bearer"], "key_ledger": str(tmp_path / "keys")}
    path = tmp_path / "sallyport.yaml"
    path.write_text(json.dumps(copy | {"modules": {"bearer": ledger}}))
    assert explain(issuer.token("k1"), "-c", path).returncode == 0
    assert explain(issuer.token("k1", aud="other"), "-c", path).returncode == 1


def test_what_cannot_be_answered_is_said(gateway, issuer):
    token = issuer.token("k1")
    assert "no such route" in explain(token, "--admin", gateway.socket, route="none").stderr
    assert "no token" in explain("", "--admin", gateway.socket).stderr
    unjudged = explain(token, "--admin", gateway.socket, route="open")
    assert unjudged.returncode == 1
    assert "No policy of this route looks at tokens" in unjudged.stdout
    assert subprocess.run([SALLYPORT, "explain", "--token", token, "--route", "accounts"],
                          capture_output=True, timeout=30).returncode == 2
