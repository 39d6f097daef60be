"""Who is calling: by the PROXY header of a balancer, or by the field of a trusted proxy."""
import socket
import ssl
import time

import pytest

from support import proxy_protocol as proxy
from support import settings
from support.http1 import Reader
from support.places import API
from support.rawtls import RawClient

BALANCER, STRANGER = "127.0.0.2", "127.0.0.3"
PARTNER, OUTSIDER = "192.0.2.1", "198.51.100.9"
ALLOWED = ["192.0.2.0/24", "2001:db8::/32"]


def gateway_config(pki, upstream, **listener):
    config = settings.open_to_all(pki, upstream.server)
    config["listeners"][0] |= listener
    config["routes"][0]["policies"] = {"address": {"allow": ALLOWED}, "headers": None}
    return config


def refusal(gateway, reason, client):
    return gateway.log_line(reason, lambda line: line["event"] == "connection_refused"
                            and line["deny"]["reason"] == reason and line["client_ip"] == client)


def closed_without_a_word(gateway, octets=b"", source=BALANCER, close=False):
    """Connects, sends, and sees the gateway close; returns the client's port."""
    with socket.socket() as tcp:
        tcp.settimeout(10)
        tcp.bind((source, 0))
        tcp.connect(("127.0.0.1", gateway.port))
        port = tcp.getsockname()[1]
        try:
            tcp.sendall(octets)
            if close:
                tcp.shutdown(socket.SHUT_WR)
            assert tcp.recv(1) == b""
        except (ConnectionResetError, BrokenPipeError):
            pass
        return port


# ---- the PROXY protocol

@pytest.fixture(scope="module")
def proxied(make_gateway, pki, module_upstream):
    """A gateway whose listener demands a PROXY header of BALANCER."""
    return make_gateway(gateway_config(
        pki, module_upstream, proxy_protocol={"from": [BALANCER], "timeout": "500ms"}))


@pytest.mark.parametrize("header, client", [
    (proxy.v1(), PARTNER),
    (proxy.v1("2001:db8::1", "2001:db8::2"), "2001:db8::1"),
    (proxy.v1("::ffff:192.0.2.1", "::1"), PARTNER),
    (proxy.v2(), PARTNER),
    (proxy.v2("2001:db8::1", "2001:db8::2"), "2001:db8::1"),
    (proxy.v2(more=proxy.tlv(2, b"api.bank.example") + proxy.tlv(0xE0, b"x") * 2), PARTNER),
    (proxy.v2_with_checksum(), PARTNER),
], ids=["v1", "v1-ipv6", "v1-mapped", "v2", "v2-ipv6", "v2-tlvs", "v2-checksum"])
def test_the_client_is_whom_the_header_names(proxied, upstream, header, client):
    with RawClient(proxied, source=BALANCER, pieces=[header]) as caller:
        port = caller.sock.getsockname()[1]
        answer = caller.ask("/who")
    assert answer.status == 200
    assert upstream.requests[0].head.one("X-Forwarded-For") == client
    line = proxied.line_of(answer.one("x-fapi-interaction-id"))
    assert (line["client_ip"], line["client_port"]) == (client, 50000)
    assert line["proxy_peer"] == {"ip": BALANCER, "port": port}


@pytest.mark.parametrize("header", [proxy.v1(), proxy.v2_with_checksum()], ids=["v1", "v2"])
def test_a_header_may_come_octet_by_octet(proxied, upstream, header):
    octets = [bytes([octet]) for octet in header]
    with RawClient(proxied, source=BALANCER, pieces=octets) as caller:
        assert caller.ask("/split").status == 200


def test_a_header_may_come_with_the_beginning_of_tls(proxied, upstream):
    """What follows the header in the same packet is the client's, to the octet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(proxied.pki.server_ca)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=API)
    with socket.socket() as tcp:
        tcp.settimeout(10)
        tcp.bind((BALANCER, 0))
        tcp.connect(("127.0.0.1", proxied.port))
        before = proxy.v2()
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                tcp.sendall(before + outgoing.read())
                before = b""
                incoming.write(tcp.recv(65536))
        tls.write(f"GET /joined HTTP/1.1\r\nHost: {API}\r\n\r\n".encode())
        tcp.sendall(outgoing.read())

        class Plain:
            def recv(self, size):
                while True:
                    try:
                        return tls.read(size)
                    except ssl.SSLWantReadError:
                        incoming.write(tcp.recv(65536))
        assert Reader(Plain()).response().status == 200


def test_nobody_else_may_name_a_client(proxied, upstream):
    for octets in (proxy.v1(), b""):
        closed_without_a_word(proxied, octets, source=STRANGER)
    refusal(proxied, "connection.proxy_header_untrusted_peer", STRANGER)
    assert proxied.metric("sallyport_connections_refused_total", listener="public",
                          reason="connection.proxy_header_untrusted_peer") >= 2


@pytest.mark.parametrize("octets, rule", [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "no_header"),
    (b"GET / HTTP/1.1\r\n\r\n", "no_header"),
    (proxy.v2_with_checksum(wrong=1), "bad_checksum"),
    (proxy.v1().replace(b"50000", b"050000"), "bad_port"),
    (b"PROXY UNKNOWN " + b"x" * 120 + b"\r\n", "too_long"),
    (proxy.SIGNATURE + b"\x21\x11\xff\xff", "too_long"),
    (proxy.v2(more=b"\x01\x00\x05ab"), "bad_tlv"),
], ids=["tls", "http", "checksum", "port", "long-line", "long-header", "tlv"])
def test_a_connection_without_a_good_header_is_refused(proxied, upstream, octets, rule):
    port = closed_without_a_word(proxied, octets)
    line = proxied.log_line(rule, lambda line: line["event"] == "connection_refused"
                            and line.get("client_port") == port)
    assert line["deny"] == {"stage": "connection", "reason": "connection.proxy_header_invalid",
                            "evidence": rule}
    assert (line["listener"], line["client_ip"]) == ("public", BALANCER)


def test_a_header_that_does_not_come_is_waited_for_only_so_long(proxied):
    began = time.monotonic()
    closed_without_a_word(proxied, proxy.v1()[:20])
    assert 0.4 < time.monotonic() - began < 3
    refusal(proxied, "connection.proxy_header_timeout", BALANCER)


def test_a_health_check_that_only_connects_is_told_apart(proxied):
    closed_without_a_word(proxied, b"", close=True)
    refusal(proxied, "connection.proxy_header_closed", BALANCER)


def test_a_second_header_is_not_believed(proxied, upstream):
    with pytest.raises((ssl.SSLError, OSError)):
        RawClient(proxied, source=BALANCER, pieces=[proxy.v1(OUTSIDER) + proxy.v1()])
    proxied.log_line("the handshake's end", lambda line: line["event"] == "handshake_failed"
                     and line["client_ip"] == OUTSIDER and line["proxy_peer"]["ip"] == BALANCER)
    assert upstream.requests == []


@pytest.mark.parametrize("header", [proxy.local(), proxy.local(b"ignored"), b"PROXY UNKNOWN\r\n"],
                         ids=["local", "local-with-data", "unknown"])
def test_a_balancer_that_names_nobody_speaks_for_itself(proxied, upstream, header):
    with RawClient(proxied, source=BALANCER, pieces=[header]) as caller:
        answer = caller.ask("/health")
    assert answer.status == 403 and upstream.requests == []
    line = proxied.line_of(answer.one("x-fapi-interaction-id"))
    assert (line["client_ip"], line["deny"]["reason"]) == (BALANCER, "address.not_allowed")


def test_policies_judge_the_client_and_no_field_changes_who_it_is(proxied, upstream):
    with RawClient(proxied, source=BALANCER, pieces=[proxy.v2(OUTSIDER)]) as caller:
        answer = caller.ask("/", more=f"X-Forwarded-For: {PARTNER}\r\nForwarded: for={PARTNER}\r\n")
    assert answer.status == 403 and upstream.requests == []


def test_a_checksum_can_be_demanded(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(gateway_config(
        pki, upstream, proxy_protocol={"from": ["127.0.0.0/30"], "require_checksum": True}))
    for header in (proxy.v1(), proxy.v2()):
        closed_without_a_word(gateway, header)
    line = refusal(gateway, "connection.proxy_header_invalid", BALANCER)
    assert line["deny"]["evidence"] == "no_checksum"
    with RawClient(gateway, source=BALANCER, pieces=[proxy.v2_with_checksum()]) as caller:
        assert caller.ask("/").status == 200


# ---- trusted hops

@pytest.fixture(scope="module")
def behind_x(make_gateway, pki, module_upstream):
    """Behind proxies that write X-Forwarded-For."""
    return make_gateway(gateway_config(
        pki, module_upstream, trusted_hops={"proxies": [BALANCER, "10.0.0.0/8"]}))


@pytest.fixture(scope="module")
def behind_forwarded(make_gateway, pki, module_upstream):
    """Behind proxies that write Forwarded."""
    return make_gateway(gateway_config(
        pki, module_upstream,
        trusted_hops={"proxies": [BALANCER, "10.0.0.0/8"], "field": "forwarded"}))


def call(gateway, *lines, source=BALANCER):
    """Status and log line of a request with these field lines."""
    with RawClient(gateway, source=source) as caller:
        answer = caller.ask("/", more="".join(f"{line}\r\n" for line in lines))
    return answer.status, gateway.line_of(answer.one("x-fapi-interaction-id"))


@pytest.mark.parametrize("lines, client", [
    ([f"X-Forwarded-For: {PARTNER}"], PARTNER),
    ([f"x-forwarded-for: {OUTSIDER}, {PARTNER}"], PARTNER),
    ([f"X-Forwarded-For: nonsense, {PARTNER}, 10.9.9.9, 10.0.0.1"], PARTNER),
    ([f"X-Forwarded-For: {OUTSIDER}", f"X-Forwarded-For: {PARTNER}"], PARTNER),
    ([f"X-Forwarded-For: {PARTNER}:40000"], PARTNER),
    (["X-Forwarded-For: [2001:db8::7]:40000, 10.0.0.1"], "2001:db8::7"),
    ([f"X-Forwarded-For: {PARTNER}, {OUTSIDER}"], OUTSIDER),
    ([f"X-Forwarded-For: {PARTNER}", f"X-Forwarded-For: {OUTSIDER}"], OUTSIDER),
    (["X-Forwarded-For: 10.0.0.7"], "10.0.0.7"),
    ([], BALANCER),
    ([f"Forwarded: for={PARTNER}"], BALANCER),
    ([f"X-Real-IP: {PARTNER}", f"X_Forwarded_For: {PARTNER}"], BALANCER),
], ids=["one", "forged-left", "chain", "two-lines", "port", "ipv6", "outsider", "outsider-line",
        "only-proxies", "none", "other-field", "look-alikes"])
def test_the_client_is_the_first_who_is_no_proxy(behind_x, upstream, lines, client):
    status, line = call(behind_x, *lines)
    assert status == (200 if client in (PARTNER, "2001:db8::7") else 403)
    assert line["client_ip"] == client
    assert line.get("via") == (None if client == BALANCER else BALANCER)
    if status == 200:
        assert upstream.requests[0].head.one("X-Forwarded-For") == client


@pytest.mark.parametrize("value, rule", [
    ("unknown", "hidden"), (f"{PARTNER}, unknown", "hidden"), (f"{PARTNER}, _x", "hidden"),
    ("", "malformed"), (f"{PARTNER},", "malformed"), ("192.0.2.1/32", "malformed"),
    (", ".join(["10.0.0.1"] * 33), "too_many_hops"),
])
def test_who_is_not_named_is_refused(behind_x, upstream, value, rule):
    status, line = call(behind_x, f"X-Forwarded-For: {value}")
    assert status == 400 and upstream.requests == []
    assert line["deny"] == {"stage": "client", "reason": "client.bad_forwarded",
                            "evidence": f"rule={rule} proxy={BALANCER}"}


def test_a_field_from_anybody_else_says_nothing(behind_x, upstream):
    status, line = call(behind_x, f"X-Forwarded-For: {PARTNER}", source=STRANGER)
    assert (status, line["client_ip"]) == (403, STRANGER)


def test_each_request_names_its_own_client(behind_x, upstream):
    with RawClient(behind_x, source=BALANCER) as caller:
        statuses = [caller.ask("/", more=f"X-Forwarded-For: {client}\r\n").status
                    for client in (PARTNER, OUTSIDER, PARTNER)]
        statuses.append(caller.ask("/").status)
    assert statuses == [200, 403, 200, 403]


@pytest.mark.parametrize("lines, expected", [
    ([f"Forwarded: for={PARTNER}"], 200),
    ([f"Forwarded: for={OUTSIDER}, for={PARTNER};proto=https;by=10.0.0.1, for=10.0.0.2"], 200),
    (['Forwarded: For="[2001:db8::7]:40000"'], 200),
    ([f"Forwarded: for={PARTNER}, for={OUTSIDER}"], 403),
    ([f"X-Forwarded-For: {PARTNER}"], 403),
    ([f"Forwarded: for={PARTNER}, for=unknown"], 400),
    ([f"Forwarded: for={PARTNER}, for=_hidden"], 400),
    ([f"Forwarded: for={PARTNER}, proto=https"], 400),
    ([f'Forwarded: for={OUTSIDER};x="', f"Forwarded: for={PARTNER}"], 400),
    (["Forwarded: for=2001:db8::7"], 400),
])
def test_forwarded_is_read_by_its_grammar(behind_forwarded, upstream, lines, expected):
    status, line = call(behind_forwarded, *lines)
    assert status == expected, line
    assert len(upstream.requests) == (1 if expected == 200 else 0)


def test_both_together(make_own_gateway, pki, upstream):
    """A balancer carries connections of a proxy, and the proxy names its clients."""
    gateway = make_own_gateway(gateway_config(
        pki, upstream, proxy_protocol={"from": [BALANCER]},
        trusted_hops={"proxies": ["10.0.0.0/8"]}))
    with RawClient(gateway, source=BALANCER, pieces=[proxy.v2("10.0.0.5")]) as caller:
        answer = caller.ask("/", more=f"X-Forwarded-For: {PARTNER}\r\n")
    assert answer.status == 200
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert (line["client_ip"], line["via"], line["proxy_peer"]["ip"]) == (
        PARTNER, "10.0.0.5", BALANCER)
    assert "client_port" not in line
