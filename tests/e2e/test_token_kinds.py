"""Opaque tokens, and tokens that are bound: to a certificate, to a DPoP key. Of a real provider."""
import base64
import ssl
import subprocess

import pytest

from support import settings
from support.curl import curl
from support.jose import Key
from support.places import API, SALLYPORT

ACCOUNTS = "/fdx/v6/accounts"


def introspecting(config, bank):
    issuer = config["modules"]["bearer"]["issuers"]["bank"]
    issuer["introspection"] = {"url": bank.about["endpoints"]["introspection"],
                               "client_id": "sallyport", "client_secret": "env:INTROSPECTION",
                               "max_ttl": "30s"}
    return config


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, bank, legacy_api):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTROSPECTION", bank.about["clients"]["sallyport"])
        yield make_gateway(introspecting(settings.plaid(pki, bank, legacy_api.server), bank))



def opaque(bank, **how):
    return bank.issue(resource=f"{bank.audience}?format=opaque", **how)


def test_an_opaque_token_is_asked_about_once(gateway, bank):
    token = opaque(bank)
    before = gateway.metric("sallyport_bearer_introspections_total")
    for _ in range(5):
        assert curl(gateway, ACCOUNTS, token=token).status == 200
    # Each of two workers asks for itself.
    assert 1 <= gateway.metric("sallyport_bearer_introspections_total") - before <= 2


def test_an_opaque_token_needs_the_scope_too(gateway, bank):
    answer = curl(gateway, ACCOUNTS, token=opaque(bank, scope="Customer"))
    assert answer.status == 403
    assert answer.one("WWW-Authenticate") == 'Bearer realm="api", error="insufficient_scope", scope="Account"'


def test_an_unknown_opaque_token_is_refused(gateway):
    answer = curl(gateway, ACCOUNTS, token="no-such-token")
    assert answer.status == 401
    assert answer.one("WWW-Authenticate") == 'Bearer realm="api", error="invalid_token"'


def test_without_the_issuer_opaque_tokens_are_refused(make_own_gateway, pki, bank, legacy_api,
                                                      monkeypatch):
    monkeypatch.setenv("INTROSPECTION", bank.about["clients"]["sallyport"])
    config = introspecting(settings.plaid(pki, bank, legacy_api.server), bank)
    config["modules"]["bearer"]["issuers"]["bank"]["introspection"]["url"] = "http://127.0.0.1:1/"
    gateway = make_own_gateway(config)
    answer = curl(gateway, ACCOUNTS, token=opaque(bank))
    assert answer.status == 503
    assert int(answer.one("Retry-After")) > 0
    assert curl(gateway, ACCOUNTS, token=bank.issue()).status == 200


@pytest.mark.parametrize("certificate,status", [("client", 200), ("client-wrong-name", 503)])
def test_the_issuer_knows_us_by_our_certificate(make_own_gateway, pki, bank, legacy_api, certificate,
                                                status):
    """RFC 8705 section 2.1: the server asks for it, and the client has no secret."""
    config = settings.plaid(pki, bank, legacy_api.server)
    config["modules"]["bearer"]["issuers"]["bank"]["introspection"] = {
        "url": bank.about["endpoints"]["introspection_tls"], "ca": str(pki.server_ca),
        "client_id": "sallyport-tls", "auth": "tls_client_auth",
        "certificate": str(pki.certificate(certificate)), "key": str(pki.key(certificate))}
    gateway = make_own_gateway(config)
    assert curl(gateway, ACCOUNTS, token=opaque(bank)).status == status
    unknown = curl(gateway, ACCOUNTS, token="no-such-token").status
    assert unknown == (401 if status == 200 else 503)


def conveyed(pki, name):
    """The certificate as the gateway writes it into Client-Cert (RFC 9440)."""
    der = ssl.PEM_cert_to_DER_cert(pki.certificate(name).read_text())
    return {"Client-Cert": f":{base64.b64encode(der).decode()}:"}


@pytest.mark.parametrize("form", ["jwt", "opaque"])
def test_a_token_bound_to_a_certificate(gateway, pki, bank, form):
    resource = f"{bank.audience}?format=opaque" if form == "opaque" else None
    mine = bank.issue(resource=resource, client="plaid-bound", fields=conveyed(pki, "client"))
    other = bank.issue(resource=resource, client="plaid-bound",
                       fields=conveyed(pki, "client-wrong-name"))
    for _ in range(3):  # the second and third are remembered
        assert curl(gateway, ACCOUNTS, token=mine).status == 200
        answer = curl(gateway, ACCOUNTS, token=other)
        assert answer.status == 401
        assert answer.one("WWW-Authenticate") == 'Bearer realm="api", error="invalid_token"'


@pytest.fixture(params=["jwt", "opaque"])
def dpop(request, bank):
    """A key, and a token that is bound to it."""
    key = Key()
    resource = f"{bank.audience}?format=opaque" if request.param == "opaque" else None
    proof = key.proof("POST", bank.about["endpoints"]["token"])
    return key, bank.issue(resource=resource, fields={"DPoP": proof})


def url(gateway):
    """What clients call the resource: the port is part of it."""
    return f"https://{API}:{gateway.port}{ACCOUNTS}"


def present(gateway, token, proof, scheme="DPoP"):
    fields = [f"Authorization: {scheme} {token}"] + ([f"DPoP: {proof}"] if proof else [])
    return curl(gateway, ACCOUNTS, fields=fields)


def refusal(gateway, answer):
    """The reason for a 401, as the log tells it."""
    assert answer.status == 401
    return gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]["reason"]


def test_a_token_bound_to_a_key_needs_a_new_proof_every_time(gateway, dpop):
    key, token = dpop
    used = key.proof("GET", url(gateway), token)
    assert present(gateway, token, used).status == 200
    for _ in range(4):  # on whichever of the workers it arrives
        answer = present(gateway, token, used)
        assert refusal(gateway, answer) == "bearer.dpop_replayed"
        assert answer.one("WWW-Authenticate") == ('DPoP realm="api", error="invalid_dpop_proof", '
                                                  'algs="ES256 ES384 PS256 EdDSA"')
    assert present(gateway, token, key.proof("GET", url(gateway), token)).status == 200


def test_a_token_bound_to_a_key_is_no_bearer_token(gateway, dpop):
    key, token = dpop
    answer = present(gateway, token, key.proof("GET", url(gateway), token), scheme="Bearer")
    assert refusal(gateway, answer) == "bearer.dpop_as_bearer"
    assert refusal(gateway, present(gateway, token, None)) == "bearer.dpop_missing"


@pytest.mark.parametrize("changes, reason", [
    ({"htm": "POST"}, "dpop_request"), ({"htu": "https://evil.example/"}, "dpop_request"),
    ({"iat": 1}, "dpop_stale"), ({"ath": "x"}, "dpop_token")])
def test_a_proof_for_something_else_is_refused(gateway, dpop, changes, reason):
    key, token = dpop
    answer = present(gateway, token, key.proof("GET", url(gateway), token, **changes))
    assert refusal(gateway, answer) == f"bearer.{reason}"


def test_the_url_of_a_proof_may_be_spelled_otherwise(gateway, dpop):
    """RFC 3986 6.2.2 and 6.2.3: what two clients may write for one URL."""
    key, token = dpop
    host = f"{API.upper()}:{gateway.port}"
    for url_of in (f"HTTPS://{host}/fdx/v6/%61ccounts", f"https://{host}/x/../fdx/./v6/accounts",
                   f"https://{host}{ACCOUNTS}?limit=1#top",
                   f"https://{host.replace('.', '%2e')}{ACCOUNTS}"):
        assert present(gateway, token, key.proof("GET", url_of, token)).status == 200, url_of
    for url_of in (f"https://{host}/fdx/v6/Accounts", f"https://{host}/fdx%2Fv6/accounts",
                   f"https://{host}{ACCOUNTS}/"):
        answer = present(gateway, token, key.proof("GET", url_of, token))
        assert refusal(gateway, answer) == "bearer.dpop_request", url_of


def test_explaining_a_token_bound_to_a_key_says_that_it_cannot_tell(gateway, dpop):
    ended = subprocess.run([str(word) for word in (
        SALLYPORT, "explain", "--token", "-", "--route", "accounts", "--admin", gateway.socket)],
        input=f"{dpop[1]}\n", capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert "open  bearer       dpop           cannot tell without a proof" in ended.stdout
    assert "pass  scope" in ended.stdout, "the other policies are asked all the same"
    assert "FAIL" not in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("cannot tell: route accounts would accept")


def test_a_proof_by_another_key_is_refused(gateway, dpop):
    _, token = dpop
    answer = present(gateway, token, Key().proof("GET", url(gateway), token))
    assert refusal(gateway, answer) == "bearer.dpop_key"
