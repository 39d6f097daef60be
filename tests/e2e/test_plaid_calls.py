"""What Plaid does on a good day, and what the API behind the gateway gets to see of it."""
import re
import uuid

import pytest

from support import settings
from support.curl import curl

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
RESOURCES = [
    "/fdx/v6/accounts",
    "/fdx/v6/accounts/dep-checking-01",
    "/fdx/v6/accounts/dep-checking-01/transactions?limit=100&startTime=2026-01-01",
    "/fdx/v6/accounts/dep-checking-01/statements",
    "/fdx/v6/accounts/dep-checking-01/statements/stmt-2026-01",
    "/fdx/v6/customers/current",
]


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, bank, legacy_api):
    return make_gateway(settings.plaid(pki, bank, legacy_api.server))


@pytest.fixture(scope="module")
def token(bank):
    return bank.issue()


def received(legacy_api, answer):
    """The fields of the request that the API answered with `answer`; names in lower case."""
    mark = answer.one("x-fapi-interaction-id")
    for request in reversed(legacy_api.reached()):
        fields = [(name.lower(), value) for name, value in request["headers"]]
        if ("x-fapi-interaction-id", mark) in fields:
            return fields
    raise AssertionError("the request did not reach the API")


def values(fields, name):
    return [value for key, value in fields if key == name]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("path", RESOURCES)
def test_every_resource_comes_through_unchanged(gateway, legacy_api, token, path, version):
    answer = curl(gateway, path, f"--tlsv{version}", "--tls-max", version, token=token)
    assert answer.exit == 0, answer.error
    content_type, body = legacy_api.ask(path)
    assert (answer.status, answer.one("Content-Type")) == (200, content_type)
    assert answer.body == body
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["tls"]["version"] == f"TLSv{version}"
    assert line["status"] == 200 and "deny" not in line


def test_a_statement_is_a_pdf_to_the_last_octet(gateway, legacy_api, token):
    path = "/fdx/v6/accounts/dep-checking-01/statements/stmt-2026-01"
    answer = curl(gateway, path, token=token)
    assert answer.one("Content-Type") == "application/pdf"
    assert answer.body.startswith(b"%PDF-1.4") and answer.body.endswith(b"%%EOF\n")
    assert answer.body == legacy_api.ask(path)[1]


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
def test_tokens_of_every_listed_algorithm_are_good(gateway, bank, alg):
    token = bank.issue(resource=f"{bank.audience}?alg={alg}")
    assert curl(gateway, "/fdx/v6/accounts", token=token).status == 200


def test_the_access_log_says_who_called_with_what(gateway, token):
    answer = curl(gateway, "/fdx/v6/accounts", token=token)
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert (line["method"], line["host"], line["path"]) == ("GET", "api.bank.example",
                                                            "/fdx/v6/accounts")
    assert (line["client_ip"], line["route"], line["listener"]) == ("127.0.0.1", "accounts",
                                                                    "public")
    assert line["cert"]["identity"] == "plaid"
    assert "CN=plaid-mtls-demo.plaid.com" in line["cert"]["subject"]
    assert line["token"]["client_id"] == "plaid-demo" and line["token"]["jti"]
    assert line["upstream"]["name"] == "fdx"
    assert line["bytes_out"] == len(answer.body)


@pytest.mark.parametrize("given", [str(uuid.uuid4()), str(uuid.uuid4()).upper()],
                         ids=["lower", "upper"])
def test_a_uuid_of_the_client_names_the_interaction(gateway, legacy_api, token, given):
    answer = curl(gateway, "/fdx/v6/accounts", token=token,
                  fields=[f"x-fapi-interaction-id: {given}"])
    assert answer.one("x-fapi-interaction-id") == given
    assert values(received(legacy_api, answer), "x-fapi-interaction-id") == [given]


@pytest.mark.parametrize("given", [
    [],
    ["x-fapi-interaction-id: 42"],
    ["x-fapi-interaction-id;"],
    [f"x-fapi-interaction-id: {uuid.uuid4()}x"],
    [f"x-fapi-interaction-id: {uuid.uuid4()}".replace("-4", "_4")],
    [f"x-fapi-interaction-id: {uuid.uuid4()}", f"x-fapi-interaction-id: {uuid.uuid4()}"],
], ids=["absent", "no_uuid", "empty", "too_long", "no_dash", "two"])
def test_otherwise_the_gateway_makes_one(gateway, legacy_api, token, given):
    answer = curl(gateway, "/fdx/v6/accounts", token=token, fields=given)
    made = answer.one("x-fapi-interaction-id")
    assert UUID.fullmatch(made) and not any(made in field for field in given)
    assert values(received(legacy_api, answer), "x-fapi-interaction-id") == [made]


SAID_BY_THE_GATEWAY = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
                       "x-forwarded-port", "forwarded"]


def expected_trust(gateway):
    authority = f"api.bank.example:{gateway.port}"
    return {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https",
            "x-forwarded-host": authority, "x-forwarded-port": str(gateway.port),
            "forwarded": f'for=127.0.0.1;host="{authority}";proto=https'}


def test_the_api_learns_from_the_gateway_who_called(gateway, legacy_api, token):
    answer = curl(gateway, "/fdx/v6/accounts", token=token)
    fields = received(legacy_api, answer)
    for name, value in expected_trust(gateway).items():
        assert values(fields, name) == [value]
    assert values(fields, "via") == ["1.1 sallyport"]
    assert values(fields, "authorization") == [f"Bearer {token}"]
    assert values(fields, "connection") in ([], ["keep-alive"])


@pytest.mark.parametrize("lie", [
    "X-Forwarded-For: 162.120.88.1", "x-forwarded-for: 162.120.88.1",
    "X_Forwarded_For: 162.120.88.1", "X-Forwarded_For: 162.120.88.1", "X-Forwarded-Proto: http",
    "X-Forwarded-Host: other.example", "X-Forwarded-Port: 1", "X-Forwarded-Client-Cert: Hash=1",
    "X-Forwarded-User: admin", "X-Forwarded: for=1.1.1.1", "Forwarded: for=162.120.88.1",
    "X-Real-IP: 162.120.88.1", "X_Real_IP: 162.120.88.1", "True-Client-IP: 162.120.88.1",
    "Client-Cert: :MIIB:", "Client_Cert: :MIIB:", "Client-Cert-Chain: :MIIB:",
    "X-SSL-Client-CN: plaid", "X_SSL_Client_Verify: SUCCESS", "SSL-Client-Cert: MIIB",
    "X-Client-Cert: MIIB", "Remote-User: admin", "X-Remote-User: admin", "X-User-Id: 1",
    "X-Original-URL: /admin", "X-Rewrite-URL: /admin", "X-HTTP-Method-Override: DELETE",
    "X-Method-Override: DELETE", "X-Sallyport-Identity: plaid",
])
def test_nobody_can_speak_for_the_gateway(gateway, legacy_api, token, lie):
    name, value = lie.split(": ")
    answer = curl(gateway, "/fdx/v6/accounts", token=token, fields=[lie, f"{name}: 10.9.8.7"])
    assert answer.status == 200
    fields = received(legacy_api, answer)
    for trusted, said in expected_trust(gateway).items():
        assert values(fields, trusted) == [said]
    folded = [(key.replace("_", "-"), said) for key, said in fields]
    if name.lower().replace("_", "-") not in SAID_BY_THE_GATEWAY:
        assert values(folded, name.lower().replace("_", "-")) == []
    assert not any(said in (value, "10.9.8.7") for _, said in folded)


def test_a_via_of_the_client_stays_and_gets_one_more_member(gateway, legacy_api, token):
    answer = curl(gateway, "/fdx/v6/accounts", token=token, fields=["Via: 1.1 partner"])
    assert ", ".join(values(received(legacy_api, answer), "via")) == "1.1 partner, 1.1 sallyport"


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Authorization", "Client-Cert",
                                  "Via", "Host", "Content-Length", "X_Forwarded_For"])
def test_a_client_cannot_have_a_protected_field_removed(gateway, legacy_api, token, name):
    before = len(legacy_api.reached())
    answer = curl(gateway, "/fdx/v6/accounts", token=token, fields=[f"Connection: close, {name}"])
    assert answer.status == 400
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "http.connection_names_protected_field"
    assert len(legacy_api.reached()) == before


def test_fields_between_neighbours_end_at_the_gateway(gateway, legacy_api, token):
    answer = curl(gateway, "/fdx/v6/accounts", token=token, fields=[
        "Connection: X-Between-Us", "X-Between-Us: 1", "Keep-Alive: timeout=5", "TE: trailers",
        "Proxy-Authorization: Basic YTpi", "Proxy-Connection: keep-alive", "X-Custom: stays"])
    fields = received(legacy_api, answer)
    names = {name for name, _ in fields}
    assert values(fields, "x-custom") == ["stays"]
    assert not names & {"x-between-us", "keep-alive", "te", "proxy-authorization",
                        "proxy-connection"}


def test_answers_tell_nothing_of_the_api_and_are_not_stored(gateway, token):
    answer = curl(gateway, "/fdx/v6/accounts", token=token)
    assert answer.one("Server") is None  # the API says LegacyBank/4.2
    assert answer.one("Cache-Control") == "no-store"
    assert answer.one("X-Content-Type-Options") == "nosniff"
    assert answer.one("Strict-Transport-Security") == "max-age=31536000"


def test_an_error_of_the_api_is_the_api_s_own(gateway, legacy_api, token):
    answer = curl(gateway, "/fdx/v6/accounts/no-such-account", token=token)
    assert answer.status == 404
    assert answer.json() == {"code": 701, "message": "Account not found"}
