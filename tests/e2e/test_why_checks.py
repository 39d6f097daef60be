"""sallyport why tells each check of a request that happened, and agrees with what explain says."""
import json

import pytest

from support import settings
from support.curl import curl
from test_denials import minted, tampered
from test_explain_token import explain
from test_token_kinds import introspecting, opaque

ACCOUNTS = "/fdx/v6/accounts"
JUDGED = {"issuer": "pass", "times": "pass", "age": "pass", "audience": "pass", "binding": "pass"}
FIRST = {"credential": "pass", "form": "pass", "issuer": "pass", "signature": "pass",
         "claims": "pass"} | JUDGED
REMEMBERED = {"credential": "pass", "remembered": "pass"} | JUDGED


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, bank, legacy_api):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTROSPECTION", bank.about["clients"]["sallyport"])
        config = introspecting(settings.plaid(pki, bank, legacy_api.server), bank)
        config["workers"] = 1  # who remembers a token is the one that sees it again
        yield make_gateway(config)


def why(gateway, token):
    """The steps of a request with `token`, by policy, and how `why` prints them."""
    mark = curl(gateway, ACCOUNTS, token=token).one("x-fapi-interaction-id")
    told = json.loads(gateway.cli("why", mark, "--json").stdout)
    return {step["policy"]: step for step in told["steps"]}, gateway.cli("why", mark).stdout


def results(step):
    """By check, in the order in which they are told."""
    return {check["check"]: check["result"] for check in step["checks"]}


def explained(gateway, token):
    """The first check of each policy that fails by `explain`, with its detail."""
    told = json.loads(explain(token, "--json", "--admin", gateway.socket).stdout)
    failed = {}
    for check in told["checks"]:
        if not check["passed"]:
            failed.setdefault(check["policy"], (check["check"], check["detail"]))
    return failed, told


def test_a_token_is_checked_at_first_and_remembered_then(gateway, bank):
    token = bank.issue()
    steps, said = why(gateway, token)
    assert list(results(steps["bearer"]).items()) == list(FIRST.items())
    assert "    pass  signature\n" in said
    steps, said = why(gateway, token)
    assert list(results(steps["bearer"]).items()) == list(REMEMBERED.items())
    assert "    pass  remembered\n" in said and "signature" not in said
    assert explained(gateway, token)[0] == {}


def test_an_opaque_token_is_asked_about_at_first_and_remembered_then(gateway, bank):
    token = opaque(bank)
    steps, _ = why(gateway, token)
    assert results(steps["bearer"]) == {"credential": "pass", "issuer": "pass",
                                        "introspection": "pass", "claims": "pass"} | JUDGED
    assert results(why(gateway, token)[0]["bearer"]) == REMEMBERED


def test_what_other_policies_checked_is_told_too(gateway, bank):
    steps, _ = why(gateway, bank.issue())
    assert results(steps["address"]) == {"deny": "pass", "allow": "pass"}
    assert list(results(steps["client_cert"])) == ["certificate", "trust_store", "expiry", "trust",
                                                   "name"]
    assert results(steps["revocation"]) == {"store": "pass", "revocations": "pass"}
    assert "checks" not in steps["scope"] and "checks" not in steps["headers"]


@pytest.mark.parametrize("check, token", [
    ("times", minted(claims={"iat": "now-800", "exp": "now-200"})),
    ("age", minted(claims={"iat": "now-1000", "exp": "now+2600"})),
    ("audience", minted(claims={"aud": "https://other.example"})),
    ("signature", tampered),
    ("signature", minted(header={"kid": "other-key"})),
    ("issuer", minted(claims={"iss": "https://other.example"})),
    ("issuer", minted(header={"typ": "JWT"})),
    ("claims", minted(claims={"sub": None})),
    ("form", minted(alg="none")),
    ("certificate", minted(claims={"cnf": {"x5t#S256": "A" * 43}})),
    ("dpop", minted(claims={"cnf": {"jkt": "A" * 43}})),
    ("introspection", lambda bank: "no-such-token"),
    ("credential", lambda bank: "not*a*token"),
])
def test_the_check_that_failed_is_the_one_that_explain_names(gateway, bank, check, token):
    token = token(bank)
    steps, said = why(gateway, token)
    told = results(steps["bearer"])
    assert [name for name, result in told.items() if result == "fail"] == [check]
    names = list(told)
    assert {told[name] for name in names[:names.index(check)]} <= {"pass"}
    assert {told[name] for name in names[names.index(check) + 1:]} <= {"not_reached"}
    assert f"    FAIL  {check} " in said
    failed, explanation = explained(gateway, token)
    assert failed["bearer"][0] == check
    if check == "dpop":  # explain has no proof: it cannot tell, and refuses nothing
        assert "cannot tell without a proof" in failed["bearer"][1]
        assert explanation["refusals"] == [] and explanation["allowed"] is None
        return
    assert explanation["refusals"][0]["reason"] == steps["bearer"]["reason"]
    if check != "certificate":  # explain has no connection
        evidence = steps["bearer"].get("evidence", "")
        assert failed["bearer"][1].split(" now=")[0] == evidence.split(" now=")[0]


def test_what_was_not_reached_is_said(gateway, bank):
    _, said = why(gateway, bank.mint(claims={"aud": "https://other.example"}))
    assert "    pass  age\n    FAIL  audience       aud=https://other.example\n" \
           "    -     binding        not reached\n" in said


def test_a_missing_scope_fails_behind_a_token_that_is_good(gateway, bank):
    token = bank.issue("Customer")
    steps, _ = why(gateway, token)
    assert results(steps["bearer"]) == FIRST
    assert steps["scope"]["reason"] == "scope.missing"
    failed, explanation = explained(gateway, token)
    assert failed == {} and explanation["refusals"][0]["policy"] == "scope"


def test_a_check_that_is_only_observed_has_failed_all_the_same(make_own_gateway, pki, bank,
                                                               legacy_api):
    config = settings.plaid(pki, bank, legacy_api.server)
    config["chains"]["plaid"]["bearer"] |= {"mode": "observe", "audience": ["https://other.example"]}
    for route in config["routes"]:
        del route["policies"]["scope"]
    gateway = make_own_gateway(config)
    steps, said = why(gateway, bank.issue())
    assert steps["bearer"]["outcome"] == "would_deny"
    assert results(steps["bearer"])["audience"] == "fail"
    assert results(steps["bearer"])["binding"] == "not_reached"
    assert "    FAIL  audience" in said
    _, explanation = explained(gateway, bank.issue())
    assert explanation["refusals"][0]["enforced"] is False
    assert explanation["refusals"][-1]["reason"] == steps["revocation"]["reason"]


def test_a_dependency_that_is_tolerated_has_failed_all_the_same(make_own_gateway, pki, bank,
                                                                legacy_api, monkeypatch):
    monkeypatch.setenv("INTROSPECTION", bank.about["clients"]["sallyport"])
    config = introspecting(settings.plaid(pki, bank, legacy_api.server), bank)
    config["modules"]["bearer"]["issuers"]["bank"]["introspection"]["url"] = "http://127.0.0.1:1/"
    config["chains"]["plaid"]["bearer"]["on_unavailable"] = "allow"
    gateway = make_own_gateway(config)
    steps, _ = why(gateway, "an-opaque-token")
    assert steps["bearer"]["outcome"] == "tolerated"
    assert results(steps["bearer"]) == {
        "credential": "pass", "issuer": "pass", "introspection": "fail", "claims": "not_reached",
        "times": "not_reached", "age": "not_reached", "audience": "not_reached",
        "binding": "not_reached"}
    # Revocation wants the token of this chain: it was not even asked.
    assert steps["revocation"]["reason"] == "gateway.fact_missing"
    assert set(results(steps["revocation"]).values()) == {"not_reached"}
    # explain says so, too: tolerating bearer does not give the others their token.
    _, explanation = explained(gateway, "an-opaque-token")
    assert [(refusal["policy"], refusal["reason"], refusal["enforced"])
            for refusal in explanation["refusals"]] == [
        ("bearer", "bearer.introspection_failed", False),
        ("revocation", "gateway.fact_missing", True)]
    assert explanation["allowed"] is False


def test_a_revoked_token_fails_the_revocations_in_both(gateway, bank):
    token = bank.mint(claims={"jti": "withdrawn-by-the-user"})
    assert explained(gateway, token)[0] == {}
    assert gateway.cli("revoke", "jti", "withdrawn-by-the-user").returncode == 0
    steps, said = why(gateway, token)
    assert results(steps["revocation"])["revocations"] == "fail"
    assert "    FAIL  revocations    jti=withdrawn-by-the-user\n" in said
    failed, explanation = explained(gateway, token)
    assert failed == {"revocation": ("revocations", "jti=withdrawn-by-the-user")}
    assert explanation["allowed"] is False
