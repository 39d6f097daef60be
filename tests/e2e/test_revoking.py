"""Revoking by the command line: tokens as they are, client certificates, and what is listed."""
import hashlib
import json
import ssl
import subprocess
import time
import uuid

import pytest

from support import settings
from support.curl import curl
from support.places import SALLYPORT
from support.redis import Redis
from support.waiting import wait_until
from test_token_kinds import introspecting, opaque

ACCOUNTS = "/fdx/v6/accounts"


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, bank, legacy_api):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTROSPECTION", bank.about["clients"]["sallyport"])
        yield make_gateway(introspecting(settings.plaid(pki, bank, legacy_api.server), bank))


def revoke_token(gateway, token, verb="revoke"):
    return subprocess.run([SALLYPORT, verb, "token", "--reason", "a test", "--admin", gateway.socket],
                          input=token + "\n", capture_output=True, text=True, timeout=30)


def reason(gateway, answer):
    return gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]["reason"]


@pytest.mark.parametrize("form", ["jwt", "opaque"])
def test_a_token_is_revoked_as_it_is(gateway, bank, form):
    mine, other = (opaque(bank) if form == "opaque" else bank.issue() for _ in range(2))
    assert curl(gateway, ACCOUNTS, token=mine).status == 200
    done = revoke_token(gateway, mine)
    assert done.returncode == 0, done.stderr
    assert mine not in done.stdout
    for _ in range(4):  # on either worker, remembered or not
        answer = curl(gateway, ACCOUNTS, token=mine)
        assert answer.status == 401
        assert reason(gateway, answer) == "revocation.token"
    assert curl(gateway, ACCOUNTS, token=other).status == 200
    assert revoke_token(gateway, mine, "reinstate").returncode == 0
    assert curl(gateway, ACCOUNTS, token=mine).status == 200


@pytest.mark.parametrize("text, error", [
    ("", "standard input"), ("a.b.c", "no JWT"), ("a.b.c.d.e", "encrypted"),
    ("e30.e30.e30", "no jti")])
def test_what_is_no_token_is_not_revoked(gateway, text, error):
    done = revoke_token(gateway, text)
    assert done.returncode == 1
    assert error in done.stderr


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", " {} ", "DPoP {}", "\n{}\r"])
def test_a_token_is_revoked_as_it_was_copied(gateway, bank, form):
    """It was named by the digest of this spelling, with exit status 0, and lived on."""
    token = opaque(bank)
    assert curl(gateway, ACCOUNTS, token=token).status == 200
    done = revoke_token(gateway, form.format(token))
    assert done.returncode == 0, done.stderr
    assert curl(gateway, ACCOUNTS, token=token).status == 401


@pytest.mark.parametrize("text, error", [
    ("Bearer", "standard input has no token"), ("Basic abc", "several words"),
    ('"quoted"', "this is no token"), ("one\ntwo", "several words")])
def test_what_no_request_could_carry_is_not_revoked(gateway, text, error):
    before = gateway.cli("revoked", "jti").stdout
    done = revoke_token(gateway, text)
    assert done.returncode == 1
    assert error in done.stderr
    assert gateway.cli("revoked", "jti").stdout == before


def test_an_order_in_vain_says_so(gateway, bank):
    def told(*words):
        done = gateway.cli("revoke", *words)
        assert done.returncode == 0, done.stderr
        return done.stderr
    name = f"nobody-{uuid.uuid4()}"
    assert told("subject", name) == ""
    assert "has no issuer with this iss" in told("subject", name, "--issuer", "https://typo.example")
    assert "white space" in told("subject", f" {name}")
    assert "no issuer has published a key of that id" in told("kid", name)
    assert "longer ago" in told("client", name, "--cutoff", "2020-01-01")
    assert "was denied, so nothing has changed" in gateway.cli("keys", "allow", name).stdout
    for words, error in [(("subject", name, "--issuer", "bank"), "write the iss"),
                         (("jti", bank.issue()), "a whole token"),
                         (("subject", "x" * 1025), "longer than 1024"),
                         (("subject", ""), "value is missing")]:
        refused = gateway.cli("revoke", *words)
        assert refused.returncode == 1 and error in refused.stderr, refused


def test_a_subject_is_revoked_until_now_and_the_leeway(gateway):
    """An issuer's clock may be ahead: a token of before the order may be of a later second."""
    before = int(time.time())
    told = json.loads(gateway.cli("revoke", "subject", f"u-{uuid.uuid4()}").stdout)
    assert told["leeway_s"] == 10
    assert 0 <= told["revoked"]["cutoff"] - 10 - before <= 5


def test_why_a_key_is_denied_is_logged_as_it_was_said(gateway):
    name = f"key-{uuid.uuid4()}"
    assert gateway.cli("keys", "deny", name, "--reason", "two words").returncode == 0
    line = gateway.log_line(name, lambda line: line["event"] == "key_denied" and name in line["message"])
    assert line["message"].endswith(": two words")
    assert gateway.cli("keys", "allow", name).returncode == 0


def test_a_token_never_stands_on_the_command_line(gateway):
    done = gateway.cli("revoke", "token", "some-token")
    assert done.returncode == 1
    assert "standard input" in done.stderr


def test_a_certificate_is_revoked_whatever_its_token_says(gateway, pki, bank):
    der = ssl.PEM_cert_to_DER_cert(pki.certificate("client").read_text())
    fingerprint = hashlib.sha256(der).hexdigest()
    written = ":".join(fingerprint[i:i + 2] for i in range(0, 64, 2)).upper()
    token = bank.issue()
    gateway.revoke("cert", written)
    try:
        answer = curl(gateway, ACCOUNTS, token=token)
        assert answer.status == 403
        assert reason(gateway, answer) == "revocation.certificate"
    finally:
        assert gateway.cli("reinstate", "cert", fingerprint).returncode == 0
    assert curl(gateway, ACCOUNTS, token=token).status == 200


def test_a_certificate_is_revoked_by_a_key_in_redis(make_own_gateway, pki, bank, legacy_api, tmp_path):
    redis = Redis(tmp_path)
    try:
        config = settings.plaid(pki, bank, legacy_api.server)
        config["modules"]["revocation"]["redis"] = {"servers": [redis.server]}
        gateway = make_own_gateway(config)
        token = bank.issue()
        wait_until(lambda: curl(gateway, ACCOUNTS, token=token).status == 200, "revocations are known")
        der = ssl.PEM_cert_to_DER_cert(pki.certificate("client").read_text())
        key = f"sallyport:revoked:cert:any:{hashlib.sha256(der).hexdigest()}"
        redis.cli("SET", key, "1")
        wait_until(lambda: curl(gateway, ACCOUNTS, token=token).status == 403, "it is revoked")
        redis.cli("DEL", key)
        wait_until(lambda: curl(gateway, ACCOUNTS, token=token).status == 200, "it is lifted")
    finally:
        redis.kill()


def test_what_is_revoked_is_listed_with_who_and_why(gateway):
    name = f"subject-{uuid.uuid4()}"
    done = gateway.cli("revoke", "subject", name, "--reason", "left the bank", "--cutoff",
                       "2026-01-31T12:00:00Z", "--expires", "2099-01-31")
    assert done.returncode == 0, done.stderr
    table = gateway.cli("revoked", "subject").stdout
    row = next(line for line in table.splitlines() if name in line)
    assert "2026-01-31T12:00:00Z" in row and "2099-01-31T00:00:00Z" in row and "left the bank" in row
    listed = json.loads(gateway.cli("revoked", "subject", name, "--json").stdout)["records"]
    assert [record["value"] for record in listed] == [name]
    assert listed[0]["cutoff"] == 1769860800 and listed[0]["who"]
    line = gateway.log_line(name, lambda line: line["event"] == "revoked"
                            and name in line["message"])
    assert "left the bank" in line["message"] and listed[0]["who"] in line["message"]
    assert gateway.cli("reinstate", "subject", name, "--reason", "a mistake").returncode == 0
    line = gateway.log_line(name, lambda line: line["event"] == "reinstated"
                            and name in line["message"])
    assert "a mistake" in line["message"]
