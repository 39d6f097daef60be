"""What befell peers of Sallyport with tokens, as tests: a cache that answered for another route, an
introspection that nobody judged, a token that no parser had expected."""
import base64
import http.server
import json
import threading
import time
import urllib.parse

import pytest

from support import settings
from support.curl import curl
from support.issuer import Issuer
from support.processes import free_port
from support.waiting import wait_until

ACCOUNTS = settings.ACCOUNTS


def segment(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"}


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def reason(gateway, answer):
    return gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]["reason"]


class Introspection:
    """An introspection endpoint whose answer a test chooses: a status and a dict or text."""

    def __init__(self):
        self.port = free_port()
        self.status = 200
        self.answer = {}
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.asked.append(urllib.parse.parse_qs(form)["token"][0])
                text = outer.answer if isinstance(outer.answer, str) else json.dumps(outer.answer)
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=[0.05], daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def introspection():
    running = Introspection()
    yield running
    running.stop()


def opaque_only(pki, introspection, server, **more):
    """An issuer without keys: all that it needs is where to ask."""
    config = settings.base(pki, fdx=server)
    config["workers"] = 1
    config["modules"] = {"bearer": {"issuers": {"bank": {
        "issuer": "https://as.example",
        "introspection": {"url": f"http://127.0.0.1:{introspection.port}/", "client_id": "gw",
                          "client_secret": "env:INTROSPECTION", **more}}}}}
    config["routes"] = [settings.route("accounts", [ACCOUNTS], "fdx", policies={
        "bearer": {"audience": [settings.AUDIENCE]}})]
    return config


def active(**changes):
    now = int(time.time())
    good = {"active": True, "client_id": "plaid", "sub": "customer", "aud": settings.AUDIENCE,
            "iat": now, "exp": now + 600}
    return {name: value for name, value in (good | changes).items() if value is not None}


def test_an_issuer_of_opaque_tokens_needs_no_keys(make_own_gateway, pki, introspection, upstream,
                                                  monkeypatch):
    monkeypatch.setenv("INTROSPECTION", "s3cret-of-the-gateway")
    gateway = make_own_gateway(opaque_only(pki, introspection, upstream.server))
    introspection.answer = active()
    assert curl(gateway, ACCOUNTS, token="opaque-1").status == 200
    claims = {"iss": "https://as.example"}
    jwt = ".".join([segment({**HEADER, "kid": "k"}), segment(claims), segment(b"s" * 64)])
    answer = curl(gateway, ACCOUNTS, token=jwt)
    assert answer.status == 401
    assert reason(gateway, answer) == "bearer.opaque_only"
    assert introspection.asked == ["opaque-1"]


def test_an_answer_is_judged_as_a_jwt_would_be(make_own_gateway, pki, introspection, upstream,
                                               monkeypatch):
    """Rows 19 and 21: whose token it is, whether it has ended, whether it is active at all."""
    monkeypatch.setenv("INTROSPECTION", "s3cret-of-the-gateway")
    config = opaque_only(pki, introspection, upstream.server, negative_ttl="0s")
    # A failure is tolerated: what is refused here is refused because the answer says so.
    config["routes"][0]["policies"]["bearer"]["on_unavailable"] = "allow"
    gateway = make_own_gateway(config)
    now = int(time.time())
    for number, (changes, wanted) in enumerate([
            ({"iss": "https://other.example"}, "bearer.unknown_issuer"),
            ({"cnf": {"kid": "x"}}, "bearer.bound_elsewhere"),
            ({"active": False}, "bearer.inactive"),
            ({"exp": now - 60}, "bearer.expired"), ({"exp": 0}, "bearer.expired"),
            ({"exp": None, "expires_in": -60}, "bearer.expired"),
            ({"aud": None}, "bearer.claim_missing"), ({"aud": "other"}, "bearer.audience")]):
        token = f"opaque-{number}"
        introspection.answer = active(**changes)
        for _ in range(2):
            answer = curl(gateway, ACCOUNTS, token=token)
            assert answer.status == 401, changes
            assert reason(gateway, answer) == wanted
        introspection.answer = active()
        if wanted != "bearer.audience":  # that answer may be remembered, and is judged every time
            assert curl(gateway, ACCOUNTS, token=token).status == 200, changes


@pytest.mark.parametrize("status, answer", [(500, "down"), (401, "{}"), (200, "<html>"),
                                            (200, {"active": "true"}), (302, "")])
def test_no_verdict_is_the_gateways_trouble_and_not_the_clients(
        make_own_gateway, pki, introspection, upstream, monkeypatch, status, answer):
    """Row 22: 503 with Retry-After; a 401 would make the client throw a good token away."""
    monkeypatch.setenv("INTROSPECTION", "s3cret-of-the-gateway")
    gateway = make_own_gateway(opaque_only(pki, introspection, upstream.server))
    introspection.status, introspection.answer = status, answer
    refused = curl(gateway, ACCOUNTS, token="opaque")
    assert refused.status == 503
    assert int(refused.one("Retry-After")) > 0
    assert refused.one("WWW-Authenticate") is None
    introspection.status, introspection.answer = 200, active()
    assert curl(gateway, ACCOUNTS, token="opaque").status == 200


def test_an_answer_may_lack_the_audience_only_when_told_to(make_own_gateway, pki, introspection,
                                                           upstream, monkeypatch):
    monkeypatch.setenv("INTROSPECTION", "s3cret-of-the-gateway")
    config = opaque_only(pki, introspection, upstream.server, audience="optional")
    gateway = make_own_gateway(config)
    introspection.answer = active(aud=None)
    assert curl(gateway, ACCOUNTS, token="without").status == 200
    introspection.answer = active(aud="https://other.example")
    assert curl(gateway, ACCOUNTS, token="for-another").status == 401
    # What was remembered of an answer is judged by the rule that holds now.
    del config["modules"]["bearer"]["issuers"]["bank"]["introspection"]["audience"]
    gateway.reload(config)
    introspection.answer = active(aud=None)
    answer = curl(gateway, ACCOUNTS, token="without")
    assert reason(gateway, answer) == "bearer.claim_missing"


def test_a_verdict_of_one_route_is_not_anothers(make_own_gateway, pki, bank, upstream):
    """Rows 20 and 28: tokens of a real provider; one cache, two routes with other demands."""
    config = settings.base(pki, fdx=upstream.server)
    config["workers"] = 1
    config["modules"] = {"bearer": {"issuers": {"bank": {
        "issuer": bank.issuer, "jwks": {"url": bank.jwks_url},
        "algorithms": ["RS256", "PS256", "ES256", "EdDSA"]}}}}
    routes = {"theirs": {"bearer": {"audience": [bank.audience]}},
              "other-audience": {"bearer": {"audience": ["https://other.example"]}},
              "other-scope": {"bearer": {"audience": [bank.audience]},
                              "scope": {"require": ["Statements"]}},
              "bound": {"bearer": {"audience": [bank.audience], "binding": "required"}}}
    config["routes"] = [settings.route(name, [f"/{name}"], "fdx", policies=policies)
                        for name, policies in routes.items()]
    gateway = make_own_gateway(config)
    token = bank.issue(scope="Account")
    for _ in range(3):  # from the second time on it is remembered
        assert curl(gateway, "/theirs", token=token).status == 200
        for route, status, wanted in [("other-audience", 401, "bearer.audience"),
                                      ("other-scope", 403, "scope.missing"),
                                      ("bound", 401, "bearer.not_bound")]:
            answer = curl(gateway, f"/{route}", token=token)
            assert answer.status == status
            assert reason(gateway, answer) == wanted
    assert gateway.metric("sallyport_bearer_cache_hits_total") > 0


@pytest.fixture(scope="module")
def issuer():
    running = Issuer("k1").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, issuer, module_upstream):
    return make_gateway(settings.of_issuer(pki, issuer, module_upstream.server))


MALFORMED = [
    ".", "..", "...", "a.b.c", "....", "a..", ".a.", "..a", "=.=.=", "%00", "null.null.null",
    f"{segment(b'')}.{segment(b'')}.AAAA", f"{segment(b'null')}.{segment(b'{}')}.AAAA",
    f"{segment(b'[]')}.{segment(b'[]')}.AAAA", f"{segment(b'1e999')}.{segment({})}.AAAA",
    f"{segment(bytes([255, 254]))}.{segment({})}.AAAA", f"{segment(b'{')}.{segment(b'}')}.AAAA",
    f"{segment(b'{' * 3000)}.{segment({})}.AAAA", f"{segment({**HEADER, 'alg': 1})}.{segment({})}.AA",
    f"{segment({**HEADER, 'alg': ['ES256']})}.{segment({})}.AAAA",
    f"{segment({**HEADER, 'kid': {}})}.{segment({})}.{'A' * 86}",
    f"{segment({**HEADER, 'crit': ['exp']})}.{segment({})}.{'A' * 86}",
    f"{segment({**HEADER, 'crit': []})}.{segment({})}.{'A' * 86}",
    segment({"payload": "e30", "signatures": [{"header": HEADER, "signature": "AAAA"}]}),
]


@pytest.mark.parametrize("token", MALFORMED)
def test_a_malformed_token_is_the_clients_fault(gateway, token):
    """Row 25: 401, never 500, and the gateway goes on."""
    answer = curl(gateway, ACCOUNTS, fields=[f"Authorization: Bearer {token}"])
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.one("WWW-Authenticate")


def test_what_is_not_signed_changes_nothing(gateway, issuer):
    """Row 25: the header of RFC 7515 7.2's JSON form is outside the signature; it has no place here."""
    header, payload, signature = issuer.token("k1").split(".")
    flattened = json.dumps({"protected": header, "payload": payload, "signature": signature,
                            "header": {"alg": "none", "crit": ["exp"]}}).replace(" ", "")
    for text in (flattened, segment(flattened.encode())):
        answer = curl(gateway, ACCOUNTS, fields=[f"Authorization: Bearer {text}"])
        assert answer.status in (400, 401)


def test_a_signature_of_any_length_is_only_a_bad_one(gateway, issuer):
    """Row 36: r and s of odd, short and too great lengths, and DER instead of both."""
    signed = issuer.token("k1").rsplit(".", 1)[0]
    for length in [*range(1, 12), 31, 32, 33, 48, *range(60, 73), 95, 96, 97, 132, 255, 256, 512]:
        for octet in (b"\x00", b"\x01", b"\xff"):
            answer = curl(gateway, ACCOUNTS, token=f"{signed}.{segment(octet * length)}")
            assert answer.status == 401, length
    der = bytes.fromhex("3044" "0220" + "7f" * 32 + "0220" + "7f" * 32)
    assert curl(gateway, ACCOUNTS, token=f"{signed}.{segment(der)}").status == 401
    assert curl(gateway, ACCOUNTS, token=issuer.token("k1")).status == 200


def test_an_issuer_that_names_no_audience(make_own_gateway, pki, issuer, upstream):
    """Its access tokens have client_id only: accepted when the option says so, and never else."""
    config = settings.of_issuer(pki, issuer, upstream.server)
    bare = claims_of(issuer.token("k1"))
    del bare["aud"]
    token = issuer.keys["k1"].sign(HEADER, bare)
    gateway = make_own_gateway(config)
    answer = curl(gateway, ACCOUNTS, token=token)
    assert (answer.status, reason(gateway, answer)) == (401, "bearer.claim_missing")
    config["modules"]["bearer"]["issuers"]["bank"]["audience_from"] = "client_id"
    config["routes"][0]["policies"]["bearer"]["audience"] = ["plaid"]
    gateway.reload(config)
    assert curl(gateway, ACCOUNTS, token=token).status == 200
    stranger = issuer.keys["k1"].sign(HEADER, {**bare, "client_id": "stranger"})
    assert reason(gateway, curl(gateway, ACCOUNTS, token=stranger)) == "bearer.audience"
    id_token = issuer.token("k1", aud="plaid")
    assert reason(gateway, curl(gateway, ACCOUNTS, token=id_token)) == "bearer.audience"


def test_times_with_a_fraction_or_an_exponent(gateway, issuer):
    now = time.time()
    token = issuer.token("k1", iat=now, exp=now + 600.387841)
    assert curl(gateway, ACCOUNTS, token=token).status == 200
    written = json.dumps(claims_of(issuer.token("k1")) | {"iat": 0})
    written = written.replace('"iat": 0', f'"iat": {now / 1e9:.15f}E9')
    token = issuer.keys["k1"].sign(HEADER, written)
    assert curl(gateway, ACCOUNTS, token=token).status == 200
    answer = curl(gateway, ACCOUNTS, token=issuer.token("k1", iat=now - 700.5, exp=now - 20.5))
    assert reason(gateway, answer) == "bearer.expired"


def test_a_failure_to_fetch_keys_has_a_line_and_a_number(make_own_gateway, pki, upstream):
    """Row 23: not one line a second, but one that says what is wrong."""
    server = Issuer("k1").start()
    try:
        gateway = make_own_gateway(settings.of_issuer(pki, server, upstream.server))
        before = gateway.metric("sallyport_jwks_read_failures_total")
        server.answer = (500, "down")
        for _ in range(2):
            assert gateway.cli("keys", "refresh").returncode == 1
        assert gateway.metric("sallyport_jwks_read_failures_total") >= before + 2
        wait_until(lambda: any(line["event"] == "keys_not_read" for line in gateway.log()), "the line")
        lines = [line for line in gateway.log() if line["event"] == "keys_not_read"]
        assert len(lines) == 1
        assert "issuer bank" in lines[0]["message"] and "500" in lines[0]["message"]
        server.answer = None
        assert gateway.cli("keys", "refresh").returncode == 0
        wait_until(lambda: any(line["event"] == "keys_read_again" for line in gateway.log()), "the end")
    finally:
        server.stop()
