"""The authorization server's own endpoints behind the gateway: refresh grants, and RFC 7009."""
import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from support import settings
from support.curl import curl

TOKEN, REVOKE, ACCOUNTS = "/token", "/token/revocation", "/fdx/v6/accounts"
REDIRECT = "https://cdn.plaid.com/link/v2/stable/oauth.html"
CUSTOMER = "cust-00000042"


def with_login(config, bank):
    config["upstreams"]["login"] = {"servers": [urllib.parse.urlsplit(bank.issuer).netloc]}
    config["modules"]["oauth"] = {"authorization_servers": {"bank": {"issuer": bank.issuer}},
                                  "grants": {"path": "grants"}}
    # Who is revoked is so until now and the leeway.
    config["modules"]["bearer"]["issuers"]["bank"]["leeway"] = "1s"
    for name, path, kind in (("token", TOKEN, "token"), ("revoke", REVOKE, "revocation")):
        config["routes"].append(settings.route(
            name, [path], "login", ["POST"], errors="oauth", log_path=False,
            policies={"revocation": {}, "oauth": {"kind": kind, "server": "bank"}}))
    return config


@pytest.fixture(scope="module")
def config(pki, bank, legacy_api):
    return with_login(settings.plaid(pki, bank, legacy_api.server), bank)


@pytest.fixture
def gateway(make_own_gateway, config):
    return make_own_gateway(config)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def consent(bank):
    """A code, as the customer's browser brings it: the provider's pages approve by themselves."""
    cookies = urllib.request.HTTPCookieProcessor()
    opener = urllib.request.build_opener(NoRedirect, cookies)
    where = bank.about["endpoints"]["authorization"] + "?" + urllib.parse.urlencode(
        {"client_id": "plaid-demo", "response_type": "code", "redirect_uri": REDIRECT,
         "scope": "openid offline_access Account", "prompt": "consent"})
    while not where.startswith(REDIRECT):
        try:
            raise AssertionError(opener.open(where, timeout=10).read())
        except urllib.error.HTTPError as answer:
            assert answer.code in (302, 303), answer.read()
            where = urllib.parse.urljoin(where, answer.headers["Location"])
    return urllib.parse.parse_qs(urllib.parse.urlsplit(where).query)["code"][0]


def ask(gateway, bank, path, client="plaid-demo", secret=None, **form):
    login = f"{client}:{secret or bank.about['clients'][client]}"
    answer = curl(gateway, path, "-d", urllib.parse.urlencode(form), fields=[
        "Authorization: Basic " + base64.b64encode(login.encode()).decode()])
    body = json.loads(answer.body) if answer.body else {}
    bank.tokens.update(body[name] for name in ("access_token", "refresh_token", "id_token")
                       if name in body)
    return answer, body


def sign_in(gateway, bank):
    answer, tokens = ask(gateway, bank, TOKEN, grant_type="authorization_code", code=consent(bank),
                         redirect_uri=REDIRECT)
    assert answer.status == 200, answer.body
    return tokens


def refresh(gateway, bank, token):
    return ask(gateway, bank, TOKEN, grant_type="refresh_token", refresh_token=token)


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@pytest.mark.parametrize("unit", ["subject", "client", "consent"])
def test_a_refresh_token_of_whoever_is_revoked_is_no_grant(gateway, bank, unit):
    tokens = sign_in(gateway, bank)
    answer, tokens = refresh(gateway, bank, tokens["refresh_token"])
    assert answer.status == 200
    name = {"subject": CUSTOMER, "client": "plaid-demo",
            "consent": claims(tokens["access_token"])["fdxConsentId"]}[unit]
    gateway.revoke(unit, name)
    for _ in range(3):  # on either worker
        answer, body = refresh(gateway, bank, tokens["refresh_token"])
        assert (answer.status, body["error"]) == (400, "invalid_grant")
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "revocation.grant" and name in line["deny"]["evidence"]
    assert curl(gateway, ACCOUNTS, token=tokens["access_token"]).status == 401
    # Who signs in again after the cut-off is welcome.
    time.sleep(2.1)
    again = sign_in(gateway, bank)
    assert refresh(gateway, bank, again["refresh_token"])[0].status == 200


def test_what_was_learned_survives_a_crash(make_own_gateway, config, bank):
    gateway = make_own_gateway(config)
    tokens = sign_in(gateway, bank)
    gateway.kill()
    gateway.start()
    gateway.revoke("subject", CUSTOMER)
    answer, body = refresh(gateway, bank, tokens["refresh_token"])
    assert (answer.status, body["error"]) == (400, "invalid_grant")
    folder = gateway.folder / "grants"
    stored = b"".join(file.read_bytes() for file in folder.iterdir())
    assert CUSTOMER.encode() in stored
    for name in ("access_token", "refresh_token"):
        assert tokens[name].encode() not in stored


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_a_client_revokes_a_jwt_that_its_server_cannot(gateway, bank, which):
    mine, other = sign_in(gateway, bank), sign_in(gateway, bank)
    assert curl(gateway, ACCOUNTS, token=mine["access_token"]).status == 200
    answer, _ = ask(gateway, bank, REVOKE, token=mine["access_token"], secret="wrong")
    assert answer.status == 401
    assert curl(gateway, ACCOUNTS, token=mine["access_token"]).status == 200
    answer, body = ask(gateway, bank, REVOKE, token=mine[which])
    assert answer.status == 200, body
    for _ in range(3):
        refused = curl(gateway, ACCOUNTS, token=mine["access_token"])
        assert refused.status == 401
    assert gateway.line_of(refused.one("x-fapi-interaction-id"))["deny"]["reason"] == \
        "revocation.token"
    assert curl(gateway, ACCOUNTS, token=other["access_token"]).status == 200
    listed = json.loads(gateway.cli("revoked", "--json").stdout)["records"]
    assert [(each["unit"], each["who"]) for each in listed] == [("jti", "plaid-demo")]

