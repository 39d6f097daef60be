"""The same refusals as different specifications want to read them."""
import pytest
import yaml

from support import settings
from support.curl import curl
from support.places import API, ROOT
from support.rawtls import RawClient

TOKEN_ROUTE = "/token"


def own_profile():
    """A bank's own: other statuses, codes and words; its document type has string codes."""
    profile = yaml.safe_load((ROOT / "conf/profiles/plaid.yaml").read_text())
    profile["code_type"] = "string"
    profile["classes"]["unauthenticated"] = {"status": 401, "code": "BANK-7",
                                             "message": 'Say "please".'}
    profile["classes"]["not_found"] = {"status": 410, "code": "BANK-8", "message": "Gone."}
    return profile


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, bank, legacy_api):
    config = settings.plaid(pki, bank, legacy_api.server)
    config["errors"] = "fdx-6.4"
    config["error_profiles"] = {"bank": own_profile()}
    config["chains"]["oauth"] = {"client_cert": config["chains"]["plaid"]["client_cert"],
                                 "headers": None}
    config["routes"] += [
        settings.route("token", [TOKEN_ROUTE], "fdx", ["POST"], chain="oauth", errors="oauth",
                       log_path=False),
        settings.route("userinfo", ["/me"], "fdx", chain="plaid", errors="oauth"),
        settings.route("own", ["/own"], "fdx", chain="plaid", errors="bank"),
        settings.route("plaid", ["/plaid"], "fdx", chain="plaid", errors="plaid"),
    ]
    return make_gateway(config)


def test_fdx_6_4_has_codes_of_text_and_603_for_a_missing_token(gateway):
    answer = curl(gateway, "/fdx/v6/accounts")
    assert answer.status == 401
    assert answer.json() == {"code": "603", "message": "Customer not authorized."}
    assert answer.one("WWW-Authenticate") == 'Bearer realm="api"'


def test_fdx_6_4_has_602_for_a_scope_that_is_missing(gateway, bank):
    answer = curl(gateway, "/fdx/v6/accounts", token=bank.issue("Customer"))
    assert answer.status == 403 and answer.json()["code"] == "602"


def test_a_request_without_a_route_is_answered_by_the_default_profile(gateway):
    answer = curl(gateway, "/nowhere")
    assert answer.status == 404
    assert answer.json() == {"code": "1107", "message": "Data not found."}


def test_plaid_has_codes_that_are_numbers(gateway):
    answer = curl(gateway, "/plaid")
    assert answer.status == 401 and answer.json()["code"] == 602


def test_oauth_has_errors_of_rfc_6749_when_the_client_is_not_authenticated(gateway):
    answer = curl(gateway, TOKEN_ROUTE, "-d", "grant_type=refresh_token", certificate=None)
    assert answer.status == 401
    assert answer.json() == {"error": "invalid_client",
                             "error_description": "Client authentication failed."}
    assert answer.one("Cache-Control") == "no-store"
    assert answer.one("WWW-Authenticate") == 'Basic realm="oauth"'


def test_an_endpoint_of_oauth_challenges_in_the_scheme_that_was_used(gateway):
    for sent, challenge in (("Basic eDp5", 'Basic realm="oauth"'), ("Digest x", 'Digest realm="oauth"')):
        answer = curl(gateway, TOKEN_ROUTE, "-d", "grant_type=refresh_token", certificate=None,
                      fields=[f"Authorization: {sent}"])
        assert (answer.status, answer.one("WWW-Authenticate")) == (401, challenge)


def test_a_resource_with_errors_of_oauth_asks_for_a_token_and_for_no_client(gateway):
    for certificate in ("plaid", None):
        more = {} if certificate else {"certificate": None}
        answer = curl(gateway, "/me", **more)
        assert (answer.status, answer.json()["error"]) == (401, "invalid_token")
        assert answer.one("WWW-Authenticate") == 'Bearer realm="api"'


def test_oauth_says_invalid_token_for_a_bad_one(gateway, bank):
    answer = curl(gateway, "/me", token=bank.mint(claims={"iat": "now-800", "exp": "now-200"}))
    assert answer.status == 401
    assert answer.json()["error"] == "invalid_token"
    assert answer.one("WWW-Authenticate") == 'Bearer realm="api", error="invalid_token"'


def test_oauth_says_invalid_request_for_a_wrong_method(gateway):
    answer = curl(gateway, TOKEN_ROUTE)
    assert answer.status == 405 and answer.json()["error"] == "invalid_request"
    assert answer.one("Allow") == "POST"


def test_a_path_that_is_not_to_be_logged_shows_as_its_pattern(gateway):
    answer = curl(gateway, f"{TOKEN_ROUTE}?code=sesame", "-d", "a=b", certificate=None)
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["path"] == TOKEN_ROUTE and "sesame" not in str(line)


def test_a_profile_of_ones_own_says_what_it_says(gateway):
    answer = curl(gateway, "/own")
    assert answer.status == 401
    assert answer.json() == {"code": "BANK-7", "message": 'Say "please".'}


def test_the_answer_to_head_is_that_to_get_without_the_body(make_own_gateway, pki, upstream):
    config = settings.open_to_all(pki, upstream.server)
    config["routes"][0]["paths"] = ["/here"]
    gateway = make_own_gateway(config)
    with RawClient(gateway) as client:
        get = client.ask("/nowhere")
        client.send(f"HEAD /nowhere HTTP/1.1\r\nHost: {API}\r\n\r\n".encode())
        head = client.response("HEAD")
        assert head.status == get.status == 404
        assert head.one("Content-Length") == str(len(get.body))
        assert client.ask("/nowhere").body == get.body  # nothing of a body came before it
