"""Fields that servers believe when a gateway says them: no client says them through this one, and a route
may name the only fields that pass."""
import contextlib
import re

import pytest

from support import settings
from support.curl import curl
from support.h2_upstream import H2Upstream
from support.h2client import H2Client
from support.http1 import split_field
from support.places import API, ROOT
from support.rawtls import RawClient

LIE = "said-by-a-client"
# One or two of each family, as the product spells it that believes it, and spellings that servers take
# for it which make variables of names.
LIES = [
    "$WSRA", "$WSRH", "$WSSN", "$WSSC", "$WSIS", "_WS_HAPRT_WLMVERSION",   # WebSphere
    "iv-user", "IV_USER", "iv-groups", "iv-creds", "iv-remote-address",    # WebSEAL
    "SM_USER", "sm-user", "SM_UNIVERSALID", "HTTP_SM_USER",                # SiteMinder
    "WL-Proxy-Client-IP", "WL-Proxy-Client-Cert", "WL_Proxy_SSL", "Proxy-Client-IP",  # WebLogic
    "OAM_REMOTE_USER", "Osso-User-Dn",                                     # Oracle Access Manager
    "OIDC_CLAIM_sub", "OIDC_access_token",                                 # mod_auth_openidc
    "Cf-Access-Jwt-Assertion", "CF-Connecting-IP", "True-Client-IP",       # Cloudflare, Akamai
    "X-Auth-User", "X-Auth-Request-Email", "X-Client-DN", "X-Client-Cert",
    "X-MS-TOKEN-AAD-ID-TOKEN", "X-MS-CLIENT-PRINCIPAL-NAME", "X-ARR-ClientCert",      # Azure
    "X-Authentik-Username", "Tyk-User", "HTTP_X_FORWARDED_FOR", "HTTP-User", "Fly-Client-IP",
    "X-Forwarded-User", "X-Forwarded-Preferred-Username", "X-Forwarded-Client-Cert",
    "X_Forwarded_Client_Cert", "x.forwarded.client.cert", "X-Forwarded~Client|Cert",
    "x-envoy-original-path", "X-SSL-Client-Verify", "SSL_CLIENT_CERT", "SSL_CIPHER_USEKEYSIZE",
    "REMOTE_USER", "Remote-Groups", "Shib-Session-ID", "eppn",
    "X-Consumer-Username", "X-Credential-Identifier", "x-amzn-oidc-data", "x-amzn-mtls-clientcert",
    "X-Goog-Authenticated-User-Email", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override",
    "X-Method-Override", "X-Middleware-Subrequest", "X-Accel-Mapping",
    # Spellings of fields by which this gateway or an upstream decides.
    "Content_Type", "Content.Encoding", "X_Fapi_Interaction_Id", "x-fapi_customer-ip-address",
]
FDX = ["Accept: application/json", "User-Agent: Aggregator/1 Link/2", "FDX-API-Actor-Type: BATCH",
       "x-fapi-customer-ip-address: 198.51.100.9", "FdxVersion: V4.0"]


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, bank, module_upstream):
    config = settings.open_to_all(pki, module_upstream.server)
    config["modules"] = {"bearer": settings.bearer(bank)}
    token = {"bearer": {"audience": [bank.audience]}}
    only = {"request_fields": {"only": ["fdx", "X-Branch"]}}
    config["routes"] = [
        settings.route(name, [f"/{name}"], "raw", settings.ANY_METHOD, **more) for name, more in {
            "open": {"policies": "none"},
            "dressed": {"policies": {"headers": None}},
            "only": {"policies": "none", **only},
            "only-dressed": {"policies": {"headers": {"client_cert": True}}, **only},
            "only-accept": {"policies": {**token, "headers": None},
                            "request_fields": {"only": ["Accept"]}},
            "first": {"policies": "none"},
        }.items()]
    return make_gateway(config)


def names(upstream, at=-1):
    return {name.lower() for name, _ in upstream.requests[at].head.fields}


def lines(fields):
    return "".join(f"{field}\r\n" for field in fields)


# ---- what only a gateway may say

@pytest.mark.parametrize("path", ["/open", "/dressed", "/only"])
@pytest.mark.parametrize("change", [str, str.upper, str.lower], ids=["as-is", "upper", "lower"])
def test_no_lie_reaches_an_upstream(gateway, upstream, path, change):
    """peers-2026 section 4, row 18: aliases, and letters of either case."""
    half = len(LIES) // 2
    for some in (LIES[:half], LIES[half:]):  # a request has no more than a hundred fields
        with RawClient(gateway) as client:
            answer = client.ask(path, more=lines(
                [f"{change(name)}: {LIE}" for name in some] + ["Accept: text/plain"]))
        assert answer.status == 200
        assert LIE not in upstream.requests[-1].head.raw.decode()
        assert upstream.requests[-1].head.one("Accept") == "text/plain"


@pytest.mark.parametrize("path", ["/open", "/dressed", "/only"])
def test_nor_in_http_2(gateway, upstream, path):
    with H2Client(gateway) as client:
        answer = client.ask(path, *[(name.lower(), LIE) for name in LIES], ("accept", "text/plain"))
    assert answer.status == 200
    assert LIE not in upstream.requests[-1].head.raw.decode()
    assert upstream.requests[-1].head.one("Accept") == "text/plain"


@pytest.mark.parametrize("name", ["X-Forwarded-Client-Cert", "x_forwarded_client_cert", "$WSRH", "SM_USER",
                                  "iv.user", "WL-Proxy-SSL", "X-Fapi-Interaction-Id", "Content_Type"])
def test_connection_cannot_name_a_field_of_ours(gateway, upstream, name):
    with RawClient(gateway) as client:
        answer = client.ask("/open", more=f"Connection: {name}\r\n{name}: {LIE}\r\n")
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert (answer.status, upstream.requests) == (400, [])
    assert line["deny"]["reason"] == "http.connection_names_protected_field"


@pytest.mark.parametrize("name", ["SM_USER", "$WSRA", "iv-user", "Content_Type"])
def test_trailers_cannot_say_them_either(gateway, upstream, name):
    with RawClient(gateway) as client:
        client.send(f"POST /open HTTP/1.1\r\nHost: {API}\r\nTransfer-Encoding: chunked\r\n\r\n"
                    f"0\r\n{name}: {LIE}\r\n\r\n".encode())
        assert client.response().status == 400
    assert all(not request.trailers for request in upstream.requests)


def test_the_page_names_every_family_that_is_removed(gateway, upstream):
    page = (ROOT / "docs" / "believed-fields.md").read_text()
    listed = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert len(listed) > 100
    # The page writes names folded; "…" is where a family goes on. The sets of fields stand there, too.
    fields = [f"{name.replace('…', 'x')}: {LIE}" for name in listed if name not in ("fdx", "oauth")]
    for begin in range(0, len(fields), 80):
        with RawClient(gateway) as client:
            assert client.ask("/open", more=lines(fields[begin:begin + 80])).status == 200
        assert LIE not in upstream.requests[-1].head.raw.decode()


# ---- the only fields that pass

@pytest.mark.parametrize("path", ["/only", "/only-dressed"])
def test_a_route_passes_the_fields_that_it_names_and_no_others(gateway, upstream, path):
    with RawClient(gateway) as client:
        answer = client.ask(path, more=lines(
            [*FDX, "x-branch: 7", "Cookie: a=b", "X-Tenant: 1", "X-Roles: admin", "X_Branch: 8",
             "FDX_API_Actor_Type: USER", "X-Custom: 1", "X-Request-Id: 1"]))
    assert answer.status == 200
    sent = {split_field(field)[0].lower() for field in [*FDX, "x-branch: 7"]}
    ours = {"host", "connection"}
    if path == "/only-dressed":
        ours |= {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port",
                 "forwarded", "via", "x-fapi-interaction-id"}
        assert upstream.requests[-1].head.one("X-Forwarded-For") == "127.0.0.1"
    assert sent <= names(upstream) <= sent | ours
    assert upstream.requests[-1].head.one("X-Branch") == "7"


def test_nor_in_http_2_nor_in_trailers(gateway, upstream):
    with H2Client(gateway) as client:
        answer = client.ask("/only", ("cookie", "a=b"), ("cookie", "c=d"), ("x-roles", "admin"),
                            ("accept", "text/plain"))
        assert answer.status == 200
    assert names(upstream) - {"connection"} == {"host", "accept"}
    with RawClient(gateway) as client:
        client.send(f"POST /only HTTP/1.1\r\nHost: {API}\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "1\r\na\r\n0\r\nX-Roles: admin\r\nX-Branch: 9\r\n\r\n".encode())
        assert client.response().status == 200
    assert upstream.requests[-1].body == b"a"
    assert upstream.requests[-1].trailers == [("X-Branch", "9")]


def test_policies_judge_what_the_upstream_does_not_get(gateway, upstream, bank):
    """The token is judged, although the route does not let it through."""
    answer = curl(gateway, "/only-accept", token=bank.issue(), fields=["Accept: text/plain"])
    assert answer.status == 200
    assert "authorization" not in names(upstream) and "user-agent" not in names(upstream)
    assert upstream.requests[-1].head.one("Accept") == "text/plain"
    assert curl(gateway, "/only-accept").status == 401
    assert len(upstream.requests) == 1


def test_a_body_keeps_its_framing_and_the_rest_is_withheld(gateway, upstream):
    with RawClient(gateway) as client:
        client.send(f"POST /only HTTP/1.1\r\nHost: {API}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
                    "Content-Type: application/json\r\nX-Roles: admin\r\n\r\n{}".encode())
        assert client.response().status == 200
    request = upstream.requests[-1]
    assert (request.body, request.head.one("Content-Length")) == (b"{}", "2")
    assert request.head.one("Content-Type") == "application/json"
    assert "x-roles" not in names(upstream)


def test_a_reload_changes_what_passes_on_open_connections_too(make_own_gateway, pki):
    """The upstream speaks HTTP/2 here: the same fields and trailers stay behind."""
    with contextlib.ExitStack() as stack:
        upstream = H2Upstream()
        stack.callback(upstream.stop)
        upstream.handler = lambda request: (request.wait(), request.answer(200, b"ok"))
        config = settings.open_to_all(pki, upstream.server)
        config["upstreams"]["raw"]["protocol"] = "h2"
        config["routes"][0] |= {"policies": "none", "request_fields": {"only": ["fdx"]}}
        gateway = make_own_gateway(config)
        request = (f"POST / HTTP/1.1\r\nHost: {API}\r\nTransfer-Encoding: chunked\r\nAccept: a/b\r\n"
                   "X-Branch: 7\r\nX-Roles: 8\r\n\r\n"
                   "1\r\na\r\n0\r\nX-Branch: 9\r\nX-Roles: 9\r\n\r\n").encode()
        with RawClient(gateway) as client:
            client.send(request)
            assert client.response().status == 200
            config["routes"][0]["request_fields"]["only"].append("X-Branch")
            assert gateway.reload(config).returncode == 0
            client.send(request)
            assert client.response().status == 200
        before, after = upstream.requests
    assert before.one("accept") == "a/b" and not {"x-branch", "x-roles"} & set(dict(before.fields))
    assert after.one("x-branch") == "7" and "x-roles" not in dict(after.fields)
    assert (before.trailers, after.trailers) == ([], [(b"x-branch", b"9")])


# ---- what else a client may say without being believed

@pytest.mark.parametrize("flags", ["00", "01", "ff"])
def test_a_trace_of_the_client_neither_silences_nor_forces_a_log_line(gateway, upstream, flags):
    """peers-2026 section 4, row 29."""
    trace = f"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}\r\n"
    before = gateway.metric("sallyport_requests_total", route="dressed", code_class="2xx")
    with RawClient(gateway) as client:
        plain = client.ask("/dressed")
        traced = client.ask("/dressed", more=trace + "tracestate: sallyport=drop\r\nX-B3-Sampled: 0\r\n"
                                                  "b3: 0\r\n")
        ids = [answer.one("x-fapi-interaction-id") for answer in (plain, traced)]
    one, other = ({key for key in gateway.line_of(mark)} for mark in ids)
    assert one == other
    assert gateway.metric("sallyport_requests_total", route="dressed", code_class="2xx") == before + 2
    assert len([line for line in gateway.log() if line.get("interaction_id") == ids[1]]) == 1
    assert upstream.requests[-1].head.one("traceparent") in trace


@pytest.mark.parametrize("agent", ["kube-probe/1.30", "GoogleHC/1.0", "ELB-HealthChecker/2.0",
                                   "sallyport-health", "Prometheus/3.0"])
@pytest.mark.parametrize("path", ["/only-accept", "/healthz", "/readyz", "/ping", "/ready"])
def test_no_user_agent_is_let_through(gateway, upstream, agent, path):
    """peers-2026 section 4, row 32: health checks have a listener of their own."""
    with RawClient(gateway) as client:
        answer = client.ask(path, more=f"User-Agent: {agent}\r\n")
    assert answer.status == (401 if path == "/only-accept" else 404)
    assert upstream.requests == []


@pytest.mark.parametrize("target, status", [
    ("/only-accept#/first", 400), ("/first#/only-accept", 400), ("/only-accept#", 400),
    ("/only-accept%23/first", 404), ("/first%23/only-accept", 404), ("/first%23", 404),
    ("/only-accept?x=%23/first", 401), ("/only-accept?#/first", 400), ("/only-accept%2523", 400),
])
def test_a_fragment_does_not_bend_the_route(gateway, upstream, target, status):
    """peers-2026 section 4, row 32: `#` is no octet of a target, `%23` is a part of its segment."""
    with RawClient(gateway) as client:
        assert client.ask(target).status == status
    with H2Client(gateway) as client:
        assert client.ask(target).status == status
    assert upstream.requests == []
