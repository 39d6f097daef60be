"""Faults that befell other gateways in 2025 and 2026, one section each, named by where they were told."""
import struct
import uuid

import pytest

from support import proxy_protocol as proxy
from support import settings
from support.h2_upstream import H2Upstream
from support.h2client import Ended, H2Client, frames, request_of
from support.http1 import Closed
from support.rawtls import RawClient
from support.waiting import settled, wait_until

BALANCER = "127.0.0.2"
PARTNER = "192.0.2.1"
MIB = 1 << 20


def denial_at(gateway, mark):
    return gateway.line_of(mark)["deny"]["reason"]


# ---- caddy#7953: a client certificate is needed on every protocol that a listener speaks

@pytest.fixture(scope="module")
def mutual(make_gateway, pki, module_upstream):
    config = settings.open_to_all(pki, module_upstream.server)
    config["routes"][0]["policies"] = {"client_cert": {"trust_store": "plaid",
                                                       "common_name": ["plaid-mtls-<shortname>.plaid.com"]}}
    return make_gateway(config)


@pytest.mark.parametrize("alpn", [None, ["http/1.1"], ["x-unknown", "http/1.1"]],
                         ids=["none", "http1", "unknown_first"])
def test_http_1_needs_the_certificate(mutual, upstream, alpn):
    with RawClient(mutual, alpn=alpn) as client:
        assert client.ask("/").status in (401, 403)
    assert upstream.requests == []
    with RawClient(mutual, certificate="client", alpn=alpn) as client:
        assert client.ask("/").status == 200


def test_http_2_needs_the_certificate_on_every_stream(mutual, upstream):
    with H2Client(mutual) as client:
        assert [client.ask("/").status in (401, 403) for _ in range(3)] == [True] * 3
    assert upstream.requests == []
    with H2Client(mutual, certificate="client") as client:
        assert [client.ask("/").status for _ in range(3)] == [200] * 3


# ---- CVE-2026-49975, nghttp2#2793, sozu#1272, CVE-2026-47774: a few octets that become many fields

@pytest.fixture(scope="module")
def roomy(make_gateway, pki, module_upstream):
    """So many fields are allowed that the announced size alone is in the way."""
    return make_gateway(settings.open_to_all(
        pki, module_upstream.server, limits={"request_fields": 1000, "request_head": "16k"},
        timeouts={"min_drain": "0ms", "max_drain": "10s", "response_write": "1s"}))


def asked_with(gateway, fields, trailers=None):
    """The reason of the refusal, or the status."""
    mark = str(uuid.uuid4())
    with H2Client(gateway) as client:
        head = request_of("/", ("x-fapi-interaction-id", mark), *fields,
                          method="POST" if trailers else "GET")
        stream = client.request(head, b"x" if trailers else None, end=not trailers)
        if trailers:
            client.h2.send_headers(stream, [(name.encode(), value.encode())
                                            for name, value in trailers], end_stream=True)
            client.flush()
        answer = client.response(stream)
        # What is refused unparsed has no name of the client's.
        answer_mark = answer.one("x-fapi-interaction-id") if answer.fields else mark
        if answer.status == 200:
            return 200
        return denial_at(gateway, answer_mark)


@pytest.mark.parametrize("field", [("a", ""), ("cookie", "a"), ("x-tiny", "1")],
                         ids=["empty", "cookie_crumbs", "tiny"])
def test_every_field_counts_32_octets_more(roomy, upstream, field):
    assert asked_with(roomy, [field] * 300) == 200
    upstream.forget()
    assert asked_with(roomy, [field] * 500) == "http.head_too_large"
    assert upstream.requests == []


def test_crumbs_are_counted_before_they_are_joined(roomy, upstream):
    assert asked_with(roomy, [("cookie", "a=b")] * 380) == 200
    joined = upstream.requests[0].head.one("Cookie")
    assert joined.count("a=b") == 380
    upstream.forget()
    assert asked_with(roomy, [("cookie", "")] * 510) == "http.head_too_large"
    assert upstream.requests == []


def test_trailers_count_too(roomy, upstream):
    assert asked_with(roomy, [], [("x-t", "1")] * 300) == 200
    upstream.forget()
    assert asked_with(roomy, [], [("x-t", "")] * 600) == "http.trailers_too_large"
    assert all(request.body is None or request.trailers == [] for request in upstream.requests)


def test_answers_of_an_upstream_count_too(make_own_gateway, pki):
    """Ninety fields of 353 octets are 31,770 of 32 KiB, and 34,650 with what each counts besides."""
    upstream = H2Upstream()
    upstream.handler = lambda request: request.answer(
        200, fields=[("x-a", "v" * 350)] * int(request.one(":path")[1:]))
    config = settings.open_to_all(pki, upstream.server)
    config["upstreams"]["raw"]["protocol"] = "h2"
    gateway = make_own_gateway(config)
    with RawClient(gateway) as client:
        assert client.ask("/80").status == 200
        assert client.ask("/90").status == 502
    upstream.stop()


def too_large(gateway):
    return gateway.metric("sallyport_denials_total", reason="http.head_too_large")


def test_a_bomb_of_references_costs_nothing(roomy, upstream):
    rss, before = roomy.rss(), too_large(roomy)
    for _ in range(20):
        with H2Client(roomy) as client:
            block = client.header_block([*request_of("/bomb"), ("x-b", "b")])
            client.send_frame(frames.HeadersFrame(1, block + b"\xbe" * 15_000,
                                                  flags=["END_HEADERS", "END_STREAM"]))
            assert client.sock.recv(1 << 16)
    wait_until(lambda: too_large(roomy) == before + 20, "the refusals")
    assert roomy.is_sanitized() or roomy.rss() - rss < 8 * MIB
    assert upstream.requests == []


def test_closed_windows_hold_no_more_than_their_share(roomy, upstream):
    """Large answers for a client that gives no credit: each waits at its source, and ends."""
    upstream.handler = lambda exchange: exchange.answer(200, b"x" * MIB)
    rss = roomy.rss()
    with H2Client(roomy, credit=False) as client:
        streams = [client.request(request_of(f"/{n}")) for n in range(90)]
        wait_until(lambda: len(upstream.requests) >= 90, "all requests")
        if not roomy.is_sanitized():  # whose memory grows with time: what was freed is kept
            assert settled(roomy.rss, quiet=0.3) - rss < 30 * MIB
        try:
            client.until(lambda: all(client.answers[stream].reset is not None
                                     for stream in streams), "the resets")
        except Ended:
            pass
    with RawClient(roomy) as client:
        upstream.forget()
        assert client.ask("/after").status == 200


# ---- CVE-2026-47692, p2pool#399: what stands behind the addresses of a PROXY header

@pytest.fixture(scope="module")
def proxied(make_gateway, pki, module_upstream):
    return make_gateway(settings.open_to_all(pki, module_upstream.server) | {
        "listeners": [settings.base(pki)["listeners"][0]
                      | {"proxy_protocol": {"from": [BALANCER], "timeout": "500ms"}}]})


MANY = b"".join(proxy.tlv(kind, bytes([kind]) * 3) for kind in range(0x40, 0xF0))


@pytest.mark.parametrize("more", [
    MANY, proxy.tlv(0xEA, b"") * 200, proxy.tlv(0x04, bytes(500)), proxy.tlv(0x20, bytes(5)),
    proxy.tlv(0x01, b"h2") + proxy.tlv(0x02, b"api") + proxy.tlv(0x05, b"u" * 128),
], ids=["unknown", "empty", "noop", "ssl", "known"])
def test_tlvs_do_not_change_who_calls(proxied, upstream, more):
    with RawClient(proxied, source=BALANCER, pieces=[proxy.v2(more=more)]) as client:
        answer = client.ask("/")
    assert answer.status == 200
    assert proxied.line_of(answer.one("x-fapi-interaction-id"))["client_ip"] == PARTNER


REQUEST = b"GET /left HTTP/1.1\r\nHost: api.bank.example\r\n\r\n"


def with_length(header, length):
    return header[:14] + struct.pack(">H", length) + header[16:]


@pytest.mark.parametrize("header", [
    proxy.v2(more=b"\x02\xff\xff" + b"x" * 10),
    proxy.v2(more=proxy.tlv(0xE0, b"x") + b"\x02\x00"),
    proxy.v2(more=b"\x02"),
    with_length(proxy.v2(), 11),
    with_length(proxy.v2(), 0),
    with_length(proxy.v2(more=proxy.tlv(2, b"api")), 12 + 4),
    proxy.v2(more=proxy.tlv(5, b"u" * 129)),
    proxy.v2(more=proxy.tlv(3, bytes(3))),
], ids=["beyond", "cut_head", "one_octet", "short_block", "no_block", "block_ends_in_it", "long_id",
        "short_checksum"])
def test_a_tlv_that_does_not_fit_ends_the_connection(proxied, upstream, header):
    with pytest.raises((OSError, Closed)):
        with RawClient(proxied, source=BALANCER, pieces=[header + REQUEST]) as client:
            client.ask("/")
    assert upstream.requests == []


def test_nothing_of_a_header_is_read_as_a_request(proxied, upstream):
    """A length that takes in the beginning of TLS, and one that leaves a TLV outside."""
    for header in (with_length(proxy.v2(), 12 + 40),
                   with_length(proxy.v2(more=proxy.tlv(0xE0, REQUEST)), 12)):
        with pytest.raises((OSError, Closed)):
            with RawClient(proxied, source=BALANCER, pieces=[header]) as client:
                client.ask("/")
    assert upstream.requests == []


# ---- CVE-2026-26308: a field that is there twice has one verdict, joined or not

@pytest.fixture(scope="module")
def behind(make_gateway, pki, module_upstream):
    config = settings.open_to_all(pki, module_upstream.server)
    config["listeners"][0]["trusted_hops"] = {"proxies": [BALANCER]}
    config["routes"][0]["policies"] = {"address": {"allow": ["192.0.2.0/24"]}, "headers": None}
    return make_gateway(config)


@pytest.mark.parametrize("values", [
    ["198.51.100.9", PARTNER], [PARTNER, "198.51.100.9"], [PARTNER, PARTNER], ["x", PARTNER],
    [PARTNER, ""], ["", PARTNER], [PARTNER, "unknown"]])
def test_the_client_is_the_same_in_one_line_or_two(behind, upstream, values):
    verdicts = []
    for more in ("".join(f"X-Forwarded-For: {value}\r\n" for value in values),
                 f"X-Forwarded-For: {', '.join(values)}\r\n"):
        with RawClient(behind, source=BALANCER) as client:
            answer = client.ask("/", more=more)
        line = behind.line_of(answer.one("x-fapi-interaction-id"))
        verdicts.append((answer.status, line["client_ip"], line.get("deny", {}).get("reason")))
    assert verdicts[0] == verdicts[1]


@pytest.mark.parametrize("version", ["http1", "h2"])
def test_two_credentials_are_none_however_they_are_written(make_own_gateway, pki, bank, legacy_api,
                                                           version):
    gateway = make_own_gateway(settings.plaid(pki, bank, legacy_api.server))
    token = bank.issue("Account")
    reached = len(legacy_api.reached())
    for values in ([f"Bearer {token}"] * 2, [f"Bearer {token}, Bearer {token}"],
                   [f"Bearer {token}", "Basic eDp5"], ["Basic eDp5", f"Bearer {token}"],
                   [f"Bearer {token}", ""], [f"Bearer {token},"]):
        if version == "h2":
            with H2Client(gateway, certificate="client") as client:
                status = client.ask(settings.ACCOUNTS, *[("authorization", value)
                                                         for value in values]).status
        else:
            with RawClient(gateway, certificate="client") as client:
                status = client.ask(settings.ACCOUNTS, more="".join(
                    f"Authorization: {value}\r\n" for value in values)).status
        assert status in (400, 401), values
    assert len(legacy_api.reached()) == reached
