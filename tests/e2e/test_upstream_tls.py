"""TLS to an upstream: the server is who it should be, or it gets nothing."""
import base64
import contextlib
import hashlib
import socket
import ssl
import subprocess
import threading

import pytest

from support import settings
from support.curl import curl
from support.gateway import sallyport
from support.rawtls import RawClient, head_of
from support.upstreams import Upstream, server_tls


@pytest.fixture
def secure(pki):
    """secure(...) is an upstream under TLS; options are those of server_tls."""
    with contextlib.ExitStack() as stack:
        def make(**options):
            made = Upstream(tls=server_tls(pki, **options))
            stack.callback(made.stop)
            return made
        yield make


def config_of(pki, server, upstream=None, **tls):
    config = settings.open_to_all(pki, server)
    config["upstreams"]["raw"] |= {"tls": {"ca_file": str(pki.server_ca)} | tls, **(upstream or {})}
    return config


def pin_of(pki, name):
    key = subprocess.run(["openssl", "pkey", "-in", pki.key(name), "-pubout", "-outform", "DER"],
                         capture_output=True, check=True).stdout
    return "sha256/" + base64.b64encode(hashlib.sha256(key).digest()).decode()


def expect_refusal(gateway, upstream, rule):
    answer = curl(gateway, "/", certificate=None)
    assert answer.status == 502
    denial = gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]
    assert denial["reason"] == "upstream.tls" and f"rule={rule}" in denial["evidence"]
    assert upstream.requests == [], "it got the request"


def test_a_server_that_is_who_it_should_be(make_own_gateway, pki, secure):
    upstream = secure()
    gateway = make_own_gateway(config_of(pki, upstream.server, min_version="1.3",
                                         pins=[pin_of(pki, "client"), pin_of(pki, "server")]))
    with RawClient(gateway) as client:
        assert [client.ask("/").status for _ in range(3)] == [200] * 3
    assert len(upstream.connections) == 1, "connections are kept"
    assert upstream.requests[0].connection.sock.selected_alpn_protocol() == "http/1.1"


def test_large_bodies_both_ways(make_own_gateway, pki, secure):
    upstream = secure()
    upstream.handler = lambda exchange: exchange.answer(body=exchange.read_body())
    gateway = make_own_gateway(config_of(pki, upstream.server))
    body = bytes(range(256)) * 8192
    with RawClient(gateway) as client:
        for _ in range(2):
            client.send(head_of("POST", "/", f"Content-Length: {len(body)}") + body)
            assert client.response().body == body


def test_the_server_name_is_sent_and_asked_for(make_own_gateway, pki, secure):
    upstream = secure()
    seen = []
    upstream.tls.sni_callback = lambda sock, name, context: seen.append(name)
    gateway = make_own_gateway(config_of(pki, upstream.server, server_name="api.bank.example"))
    assert curl(gateway, "/", certificate=None).status == 200
    assert seen == ["api.bank.example"]


@pytest.mark.parametrize("certificate, tls, rule", [
    ("server", {"server_name": "other.example"}, "wrong_name"),
    ("client-wrong-usage", {}, "unknown_issuer"),
    ("server-expired", {}, "expired"),
    ("server", {"pins": ["sha256/" + "A" * 43 + "="]}, "pin_mismatch"),
], ids=["name", "issuer", "expired", "pin"])
def test_a_server_that_is_not(make_own_gateway, pki, secure, certificate, tls, rule):
    upstream = secure(certificate=certificate)
    gateway = make_own_gateway(config_of(pki, upstream.server, **tls))
    expect_refusal(gateway, upstream, rule)
    assert gateway.metric("sallyport_upstream_connect_failures_total", upstream="raw") == 1


def test_the_systems_authorities_do_not_vouch_for_ours(make_own_gateway, pki, secure):
    upstream = secure()
    config = config_of(pki, upstream.server)
    del config["upstreams"]["raw"]["tls"]["ca_file"]
    expect_refusal(make_own_gateway(config), upstream, "unknown_issuer")


def test_a_server_without_tls_gets_nothing(make_own_gateway, pki):
    got = []
    with socket.create_server(("127.0.0.1", 0)) as plain:
        def refuse():
            connection, _ = plain.accept()
            got.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            connection.close()
        threading.Thread(target=refuse, daemon=True).start()
        gateway = make_own_gateway(config_of(pki, f"127.0.0.1:{plain.getsockname()[1]}"))
        answer = curl(gateway, "/secret", certificate=None)
    assert answer.status == 502
    assert gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]["reason"] == "upstream.tls"
    assert b"secret" not in got[0]


def test_the_gateway_shows_its_certificate(make_own_gateway, pki, secure):
    upstream = secure(client_ca="client-ca")
    own = {"certificate": str(pki.certificate("client")), "key": str(pki.key("client"))}
    gateway = make_own_gateway(config_of(pki, upstream.server, **own))
    assert curl(gateway, "/", certificate=None).status == 200
    shown = upstream.requests[0].connection.sock.getpeercert(binary_form=True)
    assert shown == ssl.PEM_cert_to_DER_cert(pki.certificate("client").read_text())


def test_a_handshake_that_stalls_has_its_own_limit(make_own_gateway, pki):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gateway = make_own_gateway(config_of(pki, f"127.0.0.1:{silent.getsockname()[1]}",
                                             handshake_timeout="300ms"))
        answer = curl(gateway, "/", certificate=None)
        assert answer.status == 504
        denial = gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]
        assert denial["reason"] == "upstream.timeout" and "handshake_timeout" in denial["evidence"]


def test_health_checks_judge_the_certificate_as_well(make_own_gateway, pki, secure):
    upstream = secure(certificate="server-expired")
    health = {"path": "/healthz", "interval": "50ms", "fall": 1}
    gateway = make_own_gateway(config_of(pki, upstream.server, {"health": health}), ready=False)
    gateway.process.wait_until(lambda: gateway.metric("sallyport_upstream_servers_up") == 0, "down")
    answer = curl(gateway, "/", certificate=None)
    assert answer.status == 503 and upstream.requests == []


def test_verification_can_be_switched_off_in_a_sandbox_only(make_own_gateway, pki, secure):
    upstream = secure(certificate="server-expired")
    config = config_of(pki, upstream.server, insecure_skip_verify=True)
    del config["upstreams"]["raw"]["tls"]["ca_file"]
    gateway = make_own_gateway(config)
    assert curl(gateway, "/", certificate=None).status == 200
    gateway.write(config | {"environment": "production"})
    checked = sallyport("check", "-c", gateway.file)
    assert checked.returncode != 0
    assert "upstreams.raw.tls.insecure_skip_verify: " in checked.stderr


@pytest.mark.parametrize("tls, complaint", [
    ({"pins": ["sha256/short="]}, "is no pin"),
    ({"certificate": "CERTIFICATE"}, "needs both `certificate` and `key`"),
    ({"ca_file": "/nowhere.pem"}, "/nowhere.pem"),
], ids=["pin", "key", "ca"])
def test_what_is_wrong_is_said_where_it_stands(make_own_gateway, pki, tls, complaint):
    if "certificate" in tls:
        tls = {"certificate": str(pki.certificate("client"))}
    gateway = make_own_gateway(config_of(pki, "127.0.0.1:1", **tls), start=False)
    checked = sallyport("check", "-c", gateway.file)
    assert checked.returncode != 0
    assert "upstreams.raw.tls" in checked.stderr and complaint in checked.stderr
