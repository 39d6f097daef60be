"""The endpoints of OAuth and everybody else's readers: a refresh token of whoever is revoked reaches no
server that could find it, wherever in the request and however it is written."""
import gzip
import json
import urllib.parse
import zlib

import pytest

from support import settings
from support.form_readers import FORM, PYTHON_READERS, Node, Request
from support.h2client import H2Client
from support.places import API
from support.rawtls import RawClient

BAD, GOOD = "refresh-revoked", "refresh-of-another"
G = "grant_type=refresh_token"
R = f"refresh_token={BAD}"
CODE = "grant_type=authorization_code&code=c&client_id=plaid"


def case(body=CODE, *fields, query=None, method="POST", content_type=FORM):
    body = body if isinstance(body, bytes) else body.encode()
    lines = [f"{method} /token{'' if query is None else '?' + query} HTTP/1.1", f"Host: {API}",
             *([f"Content-Type: {content_type}"] if content_type else []), *fields,
             f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def named(name):
    return case(f"{CODE.replace('authorization_code', 'x')}&{name}={BAD}")


MULTIPART = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                    for name, value in (("grant_type", "refresh_token"),
                                        ("refresh_token", BAD))) + "--x--\r\n"
JSON = json.dumps({"grant_type": "refresh_token", "refresh_token": BAD})

# In each, one of the readers finds the revoked token.
HIDDEN = {
    "query": case("", query=f"{G}&{R}"),
    "query_with_a_form": case(query=f"{G}&{R}"),
    "query_has_the_token": case(G, query=R),
    "query_has_the_grant": case(R, query=G),
    "get": case("", query=f"{G}&{R}", method="GET", content_type=None),
    "gzip": case(gzip.compress(f"{G}&{R}".encode()), "Content-Encoding: gzip"),
    "x_gzip": case(gzip.compress(f"{G}&{R}".encode()), "Content-Encoding: x-gzip"),
    "deflate": case(zlib.compress(f"{G}&{R}".encode()), "Content-Encoding: deflate"),
    "utf_16": case(f"{G}&{R}".encode("utf-16"), content_type=f"{FORM}; charset=utf-16"),
    "utf_7": case(f"{G}&{R}".replace("_", "+AF8-").encode(), content_type=f"{FORM}; charset=utf-7"),
    "ebcdic": case(f"{G}&{R}".encode("cp037"), content_type=f"{FORM}; charset=cp037"),
    "byte_order_mark": case(b"\xef\xbb\xbf" + f"{R}&{G}".encode()),
    "escaped_byte_order_mark": case(f"%EF%BB%BF{R}&{G}"),
    "semicolons": case(f"a=b;{G};{R}"),
    "semicolon_before": case(f"{CODE};{R}"),
    "line_ends": case(f"{CODE}\r\n{G}\r\n{R}"),
    "multipart": case(MULTIPART, content_type="multipart/form-data; boundary=x"),
    "json": case(JSON, content_type="application/json"),
    "json_called_a_form": case(JSON, content_type=f"{FORM}, application/json"),
    "json_that_is_a_form_as_well": case('{"a":"&grant_type=x&b=",' + JSON[1:]),
    "cookie": case(G, f"Cookie: a=b; {R}"),
    "field": case(G, f"Refresh-Token: {BAD}"),
    "field_with_an_underscore": case(G, f"refresh_token: {BAD}"),
    "twice": case(f"{G}&refresh_token={GOOD}&{R}"),
    "twice_the_other_way": case(f"{G}&{R}&refresh_token={GOOD}"),
    "empty_first": case(f"{G}&refresh_token=&{R}"),
    "no_grant_type": case(R),
    "empty_grant_type": case(f"grant_type=&{R}"),
    "another_case": case(f"{G}&Refresh_Token={BAD}"),
    "grant_in_another_case": case(f"grant_type=REFRESH_TOKEN&{R}"),
    "another_grant": case(f"{CODE}&{R}"),
    "brackets": named("refresh_token[]"),
    "escaped_brackets": named("refresh_token%5B%5D"),
    "index": named("refresh_token[0]"),
    "inner": named("x[refresh_token]"),
    "only_inner": named("[refresh_token]"),
    "open_bracket": named("refresh[token"),
    "dot": named("refresh.token"),
    "blank": named("refresh+token"),
    "blank_before": named("+refresh_token"),
    "nul_in_the_name": named("refresh_token%00"),
    "escaped_twice": named("refresh%255Ftoken"),
    "escaped_name": named("refresh%5Ftoken"),
    "kelvin_sign": named("refresh_to%E2%84%AAen"),
    "zero_width_blank": named("refresh_token%E2%80%8B"),
    "nul_after": case(f"{G}&{R}%00"),
    "nul_and_more": case(f"{G}&{R}%00x"),
    "blank_after": case(f"{G}&{R}+"),
    "blank_around": case(f"{G}&refresh_token=%20{BAD}%09"),
    "line_end_after": case(f"{G}&{R}%0d%0a"),
    "line_end_at_the_end": case(f"{G}&{R}\r\n"),
    "second_equals": case(f"{G}&{R}=x"),
    "value_escaped_twice": case(f"{G}&refresh_token={BAD.replace('-', '%252D')}"),
}
# These all the readers find alike, and the server gets them.
OPEN = {
    "plain": case(f"{G}&refresh_token={GOOD}&client_id=plaid"),
    "charset": case(f"{G}&refresh_token={GOOD}", content_type=f"{FORM}; charset=UTF-8"),
    "unknown_parameters": case(f"x=1&x=2&filter[]=3&{G}&refresh_token={GOOD}&y"),
    "empty_parameters": case(f"{G}&refresh_token={GOOD}&scope=&code"),
    "resources": case(f"{G}&refresh_token={GOOD}&resource=a&resource=b&audience=c&audience=d"),
    "escaped_value": case(f"{G}&refresh_token={GOOD.replace('-', '%2D')}"),
    "the_allowed_query": case(f"{G}&refresh_token={GOOD}", query="tenant=retail"),
    "another_method": case(f"{G}&refresh_token={GOOD}", "X-HTTP-Method-Override: GET"),
    "code": case(CODE),
}


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readers")
    node = {f"node_{kind}": Node(kind, folder) for kind in ("extended", "simple")}
    yield PYTHON_READERS | node
    for each in node.values():
        each.stop()


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    config = settings.base(pki, login=module_upstream.server)
    config["modules"] = {"revocation": {"store": {"path": "revocations"}},
                         "oauth": {"authorization_servers": {"bank": {}},
                                   "grants": {"path": "grants"}}}
    config["routes"] = [settings.route(
        "token", ["/token"], "login", ["POST", "GET"], errors="oauth",
        policies={"revocation": {},
                  "oauth": {"kind": "token", "server": "bank", "query": "tenant=retail"}})]
    running = make_gateway(config)
    for refresh, grant in ((BAD, "consent-1"), (GOOD, "consent-2")):
        issue(running, module_upstream, refresh, grant)
    running.revoke("consent", "consent-1")
    return running


def issue(gateway, upstream, refresh, consent):
    answer = json.dumps({"access_token": f"access-of-{refresh}", "refresh_token": refresh,
                         "grant_id": consent}).encode()
    upstream.handler = lambda exchange: exchange.answer(200, answer)
    assert send(gateway, case(CODE)).status == 200


def send(gateway, octets):
    with RawClient(gateway) as client:
        client.send(octets)
        return client.response()


def tokens_seen(readers, octets):
    """Which refresh tokens the readers find: {token: [reader]}."""
    found = {}
    for name, reader in readers.items():
        for key, value in reader(Request(octets)):
            if str(key).strip() == "refresh_token" and value.strip("\0 \t\r\n"):
                found.setdefault(value.strip("\0 \t\r\n"), []).append(name)
    return found


def came(upstream):
    return [exchange.head.raw + exchange.read_body() for exchange in upstream.requests]


@pytest.mark.parametrize("name", HIDDEN)
def test_somebody_finds_the_hidden_token(readers, name):
    assert any(BAD in token for token in tokens_seen(readers, HIDDEN[name])), name


@pytest.mark.parametrize("name", HIDDEN)
def test_no_reader_sees_a_grant_that_was_not_judged(gateway, upstream, readers, name):
    answer = send(gateway, HIDDEN[name])
    error = json.loads(answer.body)["error"]
    assert (answer.status, error) == (400, "invalid_grant" if name == "another_grant"
                                      else "invalid_request"), answer.body
    assert upstream.requests == []
    line = gateway.line_of(answer.one("x-fapi-interaction-id")) if answer.one(
        "x-fapi-interaction-id") else gateway.log()[-1]
    assert BAD not in json.dumps(line)


def test_nor_over_http2(gateway, upstream):
    """The same requests, and a cookie in pieces (RFC 9113 section 8.2.3)."""
    pieces = case(G, "Cookie: a=b", f"Cookie: {R}")
    for name, octets in {**HIDDEN, "cookie_in_pieces": pieces}.items():
        request = Request(octets)
        fields = [(key.lower(), value) for key, value in request.fields
                  if key.lower() not in ("host", "content-length")]
        with H2Client(gateway) as client:
            answer = client.ask(request.target, *fields, body=request.body, method=request.method)
        assert (answer.status, json.loads(answer.body)["error"]) == (
            400, "invalid_grant" if name == "another_grant" else "invalid_request"), name
    assert upstream.requests == []


@pytest.mark.parametrize("name", OPEN)
def test_what_passes_is_the_same_for_every_reader(gateway, upstream, readers, name):
    upstream.handler = lambda exchange: exchange.answer(200, b'{"access_token":"a"}')
    assert send(gateway, OPEN[name]).status == 200
    octets, = came(upstream)
    assert b"Method-Override" not in octets
    seen = tokens_seen({key: reader for key, reader in readers.items()
                        if key not in ("multipart", "json_body")}, octets)
    if name == "escaped_value":
        seen.pop(GOOD.replace("-", "%2D"))  # of whoever decodes nothing, and gets no token for it
    assert set(seen) == (set() if name == "code" else {GOOD})


def test_the_revoked_one_is_refused_where_all_find_it(gateway, upstream):
    for octets in (case(f"{G}&{R}"), case(f"{G}&{R}", query="tenant=retail"),
                   case(f"{G}&refresh_token={urllib.parse.quote(BAD, safe='').replace('-', '%2D')}")):
        answer = send(gateway, octets)
        assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_grant")
    assert upstream.requests == []
