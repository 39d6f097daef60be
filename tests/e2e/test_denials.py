"""Everybody who must not come in: what they are told, what the operator is told."""
import dataclasses
import json
import ssl
import time
import uuid

import pytest
import yaml

from support import settings
from support.curl import curl
from support.places import API, LOGIN, ROOT
from support.rawtls import RawClient

ACCOUNTS = "/fdx/v6/accounts"
PROFILE = yaml.safe_load((ROOT / "conf/profiles/plaid.yaml").read_text())["classes"]
BAD_TOKEN = 'Bearer realm="api", error="invalid_token"'


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, bank, legacy_api):
    config = settings.plaid(pki, bank, legacy_api.server)
    config["routes"].append(settings.route("pages", ["/**"], "fdx", hosts=[LOGIN],
                                           policies={"headers": None}))
    return make_gateway(config)


@dataclasses.dataclass
class Denial:
    """A call and what must come of it. `token` makes one of the provider, or is None."""
    kind: str       # error class: status, code and message are those of conf/profiles/plaid.yaml
    reason: str
    evidence: str = ""
    token: object = None
    challenge: str = None
    path: str = ACCOUNTS
    options: tuple = ()
    fields: tuple = ()
    certificate: str = "client"
    host: str = API
    sni: str = None
    is_judged: bool = True  # by policies; else refused before them


def good(bank):
    return bank.issue()


def minted(**how):
    return lambda bank: bank.mint(**how)


def tampered(bank):
    head, payload, signature = bank.mint().split(".")
    other = "A" if signature[0] != "A" else "B"
    token = f"{head}.{payload}.{other}{signature[1:]}"
    bank.tokens.add(token)
    return token


def with_other_claims(bank):
    """The claims of one token with the signature of another."""
    head, _, signature = bank.mint().split(".")
    payload = bank.mint(claims={"sub": "somebody-else"}).split(".")[1]
    token = f"{head}.{payload}.{signature}"
    bank.tokens.add(token)
    return token


def bad_token(reason, token, evidence=""):
    return Denial("invalid_token", reason, evidence, token, BAD_TOKEN)


DENIALS = {
    "no_client_certificate": Denial("certificate_required", "client_cert.absent", token=good,
                                    certificate=None),
    "certificate_for_a_longer_name": Denial(
        "forbidden", "client_cert.name_mismatch", token=good, certificate="client-wrong-name",
        evidence='common_name="plaid-mtls-demo.plaid.com.evil.example"'),
    "address_outside_the_allowlist": Denial(
        "forbidden", "address.not_allowed", "client=127.0.0.2", good,
        options=("--interface", "127.0.0.2")),
    "no_token": Denial("unauthenticated", "bearer.missing", challenge='Bearer realm="api"'),
    "another_scheme": Denial("unauthenticated", "bearer.scheme", challenge='Bearer realm="api"',
                             fields=["Authorization: Basic cGxhaWQ6c2VjcmV0"]),
    "expired": bad_token("bearer.expired", minted(claims={"iat": "now-800", "exp": "now-200"}),
                         "exp="),
    "older_than_900_seconds": bad_token(
        "bearer.too_old", minted(claims={"iat": "now-1000", "exp": "now+2600"}), "max_age=900"),
    "issued_in_the_future": bad_token("bearer.issued_in_future",
                                      minted(claims={"iat": "now+60"}), "iat="),
    "not_valid_yet": bad_token("bearer.not_yet_valid", minted(claims={"nbf": "now+60"}), "nbf="),
    "for_another_api": bad_token("bearer.audience", minted(claims={"aud": "https://other.example"}),
                                 "other.example"),
    "of_another_issuer": bad_token("bearer.unknown_issuer",
                                   minted(claims={"iss": "https://other.example"}),
                                   "iss=https://other.example"),
    "unknown_kid": bad_token("bearer.key_unknown", minted(header={"kid": "other-key"}),
                             "kid=other-key"),
    "no_kid": bad_token("bearer.key_id_missing", minted(header={"kid": None}), "kid"),
    "key_of_another_algorithm": bad_token("bearer.key_mismatch",
                                          minted(header={"kid": "demo-rs256"}), "kid=demo-rs256"),
    "alg_none": bad_token("bearer.algorithm_none", minted(alg="none"), "none"),
    "alg_none_in_other_letters": bad_token("bearer.algorithm_none",
                                           minted(alg="none", header={"alg": "nOnE"}), "none"),
    "hs256_with_the_public_key": bad_token(
        "bearer.algorithm_symmetric", minted(alg="HS256", header={"kid": "demo-rs256"})),
    "critical_extension": bad_token("bearer.critical_header",
                                    minted(header={"crit": ["exp"], "exp": 1})),
    "id_token": bad_token("bearer.typ", minted(header={"typ": "JWT"}), "typ=JWT"),
    "no_type": bad_token("bearer.typ", minted(header={"typ": None}), "(absent)"),
    "tampered_signature": bad_token("bearer.signature", tampered, "kid=demo-es256"),
    "tampered_claims": bad_token("bearer.signature", with_other_claims, "kid=demo-es256"),
    "no_subject": bad_token("bearer.claim_missing", minted(claims={"sub": None}), "claim=sub"),
    "no_expiry": bad_token("bearer.claim_missing", minted(claims={"exp": None}), "claim=exp"),
    "a_claim_twice": bad_token("bearer.duplicate_member",
                               minted(payload='{"iss":"a","iss":"b"}'), "twice"),
    "opaque_token": bad_token(
        "bearer.malformed",
        lambda bank: bank.issue(resource=f"{bank.audience}?format=opaque"), "three parts"),
    "bound_to_another_certificate": bad_token(
        "bearer.bound_elsewhere", minted(claims={"cnf": {"x5t#S256": "A" * 43}}),
        "certificate=another"),
    "missing_scope": Denial(
        "insufficient_scope", "scope.missing", "missing=Account",
        lambda bank: bank.issue("Customer"),
        'Bearer realm="api", error="insufficient_scope", scope="Account"'),
    "several_credentials": Denial(
        "invalid_request", "bearer.several_credentials", token=good,
        fields=["Authorization: Bearer other"], challenge='Bearer realm="api", error="invalid_request"'),
    "token_in_the_query": Denial(
        "invalid_request", "bearer.token_in_query", token=good,
        path=f"{ACCOUNTS}?access_token=sesame", challenge='Bearer realm="api", error="invalid_request"'),
    "unknown_path": Denial("not_found", "route.none", token=good, path="/fdx/v6/transfers",
                           is_judged=False),
    "unknown_host": Denial("not_found", "route.none", token=good, host="other.bank.example",
                           sni=API, is_judged=False),
    "wrong_method": Denial("method_not_allowed", "route.method", token=good,
                           options=("-X", "DELETE"), is_judged=False),
    "connection_for_a_weaker_host": Denial("misdirected", "route.misdirected", token=good,
                                           sni=LOGIN, certificate=None, is_judged=False),
}


@pytest.fixture(scope="module")
def refuse(gateway, bank, legacy_api):
    """Makes a call that must be refused, checks all that is common, returns answer and log line."""
    def call(denial):
        reached = len(legacy_api.reached())
        mark = str(uuid.uuid4())
        token = denial.token(bank) if denial.token else None
        answer = curl(gateway, denial.path, *denial.options, token=token, host=denial.host,
                      sni=denial.sni, certificate=denial.certificate,
                      fields=[*denial.fields, f"x-fapi-interaction-id: {mark}"])
        assert answer.exit == 0, answer.error
        check_answer(denial, answer, mark)
        line = gateway.line_of(mark)
        check_line(denial, line, answer)
        check_why(denial, gateway, mark)
        assert len(legacy_api.reached()) == reached, "it reached the API"
        return answer, line
    return call


def check_answer(denial, answer, mark):
    rule = PROFILE[denial.kind]
    assert answer.status == rule["status"]
    assert answer.json() == {"code": int(rule["code"]), "message": rule["message"]}
    assert list(answer.json()) == ["code", "message"], "nothing internal is in the body"
    assert answer.one("Content-Type") == "application/json"
    assert answer.one("Cache-Control") == "no-store"
    assert answer.one("WWW-Authenticate") == denial.challenge
    assert answer.one("x-fapi-interaction-id") == mark
    assert answer.one("Content-Length") == str(len(answer.body))
    reason = denial.reason.encode()
    assert reason not in answer.raw and reason not in answer.body


def check_line(denial, line, answer):
    stage = denial.reason.split(".")[0]
    assert (line["status"], line["code"]) == (answer.status, str(answer.json()["code"]))
    assert (line["deny"]["stage"], line["deny"]["reason"]) == (stage, denial.reason)
    assert denial.evidence in line["deny"].get("evidence", "")
    assert line["level"] == "warn" and "upstream" not in line


def check_why(denial, gateway, mark):
    ended = gateway.cli("why", mark)
    assert ended.returncode == 0, ended.stderr
    assert f"refused by {denial.reason.split('.')[0]}: {denial.reason}" in ended.stdout
    assert denial.evidence in ended.stdout and "meaning" in ended.stdout
    steps = json.loads(gateway.cli("why", mark, "--json").stdout)["steps"]
    if denial.is_judged:
        assert steps[-1]["outcome"] == "deny" and steps[-1]["reason"] == denial.reason
        assert all(step["outcome"] == "allow" for step in steps[:-1])
    else:
        assert steps == []
    gateway.keeps_secrets(ended.stdout)


@pytest.mark.parametrize("denial", DENIALS.values(), ids=DENIALS.keys())
def test_a_refused_request_is_answered_logged_and_explained(refuse, denial):
    refuse(denial)


def test_a_wrong_method_is_told_the_right_ones(refuse):
    answer, _ = refuse(DENIALS["wrong_method"])
    assert answer.one("Allow") == "GET"


def test_the_first_policy_that_refuses_is_the_one_that_answers(refuse):
    """Everything is wrong with this call: the address is judged first."""
    refuse(Denial("forbidden", "address.not_allowed", "client=127.0.0.2",
                  DENIALS["expired"].token, options=("--interface", "127.0.0.2"),
                  certificate=None))


# ---- revocation: tokens that were good a moment ago

def unique(prefix):
    return f"{prefix}-{uuid.uuid4()}"


@pytest.mark.parametrize("unit, claim, reason", [
    ("jti", "jti", "revocation.token"), ("subject", "sub", "revocation.subject"),
    ("client", "client_id", "revocation.client"),
    ("consent", "fdxConsentId", "revocation.consent")])
def test_a_revoked_token_is_refused_at_once(gateway, bank, refuse, unit, claim, reason):
    name = unique(unit)
    how = {"claims": {claim: name, "iat": "now-5"}}
    other = {"claims": {claim: unique(unit), "iat": "now-5"}}
    token = bank.mint(**how)
    assert curl(gateway, ACCOUNTS, token=token).status == 200
    gateway.revoke(unit, name)
    refuse(bad_token(reason, minted(**how), name if unit != "subject" else ""))
    assert curl(gateway, ACCOUNTS, token=bank.mint(**other)).status == 200


def test_a_revoked_key_takes_its_tokens_with_it(gateway, bank, refuse):
    assert curl(gateway, ACCOUNTS, token=bank.mint(alg="RS256")).status == 200
    gateway.revoke("kid", "demo-rs256")
    try:
        refuse(bad_token("revocation.key", minted(alg="RS256"), "demo-rs256"))
        assert curl(gateway, ACCOUNTS, token=bank.mint()).status == 200
    finally:
        assert gateway.cli("reinstate", "kid", "demo-rs256").returncode == 0
    assert curl(gateway, ACCOUNTS, token=bank.mint(alg="RS256")).status == 200


def test_a_user_whose_tokens_were_revoked_may_sign_in_again(gateway, bank):
    """After an order without a cut-off, when the issuer's leeway is over: test_revoking.py."""
    name = unique("subject")
    ended = gateway.cli("revoke", "subject", f"--value={name}", "--cutoff", str(int(time.time()) - 60))
    assert ended.returncode == 0, ended.stderr
    assert curl(gateway, ACCOUNTS, token=bank.mint(claims={"sub": name, "iat": "now-90"})).status == 401
    assert curl(gateway, ACCOUNTS, token=bank.mint(claims={"sub": name})).status == 200


# ---- the handshake

def handshake_line(gateway, reason, seen):
    """The next line of a failed handshake after the first `seen` ones."""
    def failed(line):
        return line["event"] == "handshake_failed"
    gateway.log_line("a failed handshake", lambda _: sum(map(failed, gateway.log())) > seen)
    line = list(filter(failed, gateway.log()))[seen]
    assert line["deny"] | {"evidence": ""} == {"stage": "tls", "reason": reason, "evidence": ""}
    assert line["client_ip"] == "127.0.0.1" and line["listener"] == "public"
    return line


def failed_handshakes(gateway):
    return sum(line["event"] == "handshake_failed" for line in gateway.log())


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("certificate, reason, alert", [
    ("client-unknown-ca", "certificate.unknown_issuer", "unknown CA"),
    ("client-expired", "certificate.expired", "certificate expired"),
    ("client-wrong-usage", "certificate.wrong_purpose", "unsupported certificate"),
])
def test_a_bad_certificate_ends_the_handshake(gateway, bank, legacy_api, certificate, reason,
                                              alert, version):
    reached, seen = len(legacy_api.reached()), failed_handshakes(gateway)
    before = gateway.metric("sallyport_tls_handshake_failures_total", reason=reason)
    answer = curl(gateway, ACCOUNTS, f"--tlsv{version}", "--tls-max", version, token=good(bank),
                  certificate=certificate)
    assert answer.alert == alert, answer.error
    line = handshake_line(gateway, reason, seen)
    assert "CN=plaid-mtls-demo.plaid.com" in line["cert"]["subject"] and line["cert"]["serial"]
    assert "CN=Demo Plaid Client CA" in line["cert"]["issuer"]
    assert line["sni"] == API
    after = gateway.metric("sallyport_tls_handshake_failures_total", reason=reason)
    assert after == before + 1
    assert len(legacy_api.reached()) == reached


def test_a_bad_certificate_is_refused_even_where_none_is_required(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(settings.open_to_all(pki, upstream.server))
    assert curl(gateway, "/", certificate=None).status == 200
    assert curl(gateway, "/", certificate="client-unknown-ca").alert == "unknown CA"
    assert upstream.targets() == ["/"]


def test_tls_1_1_is_refused(gateway, bank):
    seen = failed_handshakes(gateway)
    answer = curl(gateway, ACCOUNTS, "--tlsv1.1", "--tls-max", "1.1",
                  "--ciphers", "DEFAULT@SECLEVEL=0", token=good(bank))
    assert answer.alert == "protocol version", answer.error
    handshake_line(gateway, "tls.no_shared_version", seen)


# ---- trying a policy out

def test_a_policy_in_observe_mode_tells_what_it_would_refuse(make_own_gateway, pki, bank,
                                                             legacy_api):
    config = settings.plaid(pki, bank, legacy_api.server)
    config["chains"]["plaid"]["address"] = {"allow": ["192.0.2.1"], "mode": "observe"}
    gateway = make_own_gateway(config)
    answer = curl(gateway, ACCOUNTS, token=good(bank))
    assert answer.status == 200
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert "deny" not in line
    assert line["would_deny"] == {"stage": "address", "reason": "address.not_allowed",
                                  "evidence": "client=127.0.0.1"}
    assert gateway.metric("sallyport_would_deny_total", reason="address.not_allowed") == 1
    assert gateway.metric("sallyport_denials_total") == 0
    assert "would_deny" in gateway.cli("why", answer.one("x-fapi-interaction-id")).stdout


def test_nobody_comes_in_because_a_policy_before_only_observes(make_own_gateway, pki, bank,
                                                               legacy_api):
    """Scope needs the token that bearer would have had to find."""
    config = settings.plaid(pki, bank, legacy_api.server)
    config["chains"]["plaid"]["bearer"]["mode"] = "observe"
    gateway = make_own_gateway(config)
    reached = len(legacy_api.reached())
    answer = curl(gateway, ACCOUNTS)
    assert answer.status == 403
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "gateway.fact_missing"
    assert len(legacy_api.reached()) == reached


# ---- one connection, many requests

def test_every_request_of_a_connection_is_judged_anew(gateway, bank, legacy_api):
    name = unique("jti")
    token = bank.mint(claims={"jti": name})
    more = f"Authorization: Bearer {token}\r\n"
    with RawClient(gateway, "client", version=ssl.TLSVersion.TLSv1_3) as client:
        assert client.ask(ACCOUNTS, more=more).status == 200
        assert client.ask(ACCOUNTS).status == 401
        assert client.ask(ACCOUNTS, more=more).status == 200
        gateway.revoke("jti", name)
        assert client.ask(ACCOUNTS, more=more).status == 401
        assert client.ask("/fdx/v6/other", more=more).status == 404


def test_a_good_token_opens_only_the_routes_that_it_covers(gateway, bank):
    token = bank.issue("Customer")
    assert curl(gateway, "/fdx/v6/customers/current", token=token).status == 200
    assert curl(gateway, ACCOUNTS, token=token).status == 403


@pytest.mark.parametrize("path", ["/fdx/v6/accounts/", "/fdx/v6//accounts", "/fdx/v6/./accounts",
                                  "/FDX/v6/accounts", "/fdx/v6/accounts/x/y/z",
                                  "/fdx/v6/accounts%2f", "/fdx/v6/accounts;x"])
def test_no_other_spelling_of_a_path_comes_through(gateway, bank, legacy_api, path):
    reached = len(legacy_api.reached())
    answer = curl(gateway, path, "--path-as-is", token=good(bank))
    assert answer.status in (400, 404)
    assert len(legacy_api.reached()) == reached
