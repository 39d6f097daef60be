"""What the TLS side offers, what it refuses, and what a resumed session may and may not do."""
import shutil
import subprocess

import pytest

from support import settings
from support.places import API, LOGIN
from support.s_client import s_client

WEAK = "ALL:COMPLEMENTOFALL@SECLEVEL=0"


def with_certificates(pki, server, store=None):
    """`/who` needs a client certificate, of `store` if given; `/open` none."""
    config = settings.open_to_all(pki, server)
    config["routes"][0]["paths"] = ["/open"]
    config["routes"].append(settings.route("who", ["/who"], "raw", policies={
        "client_cert": {"trust_store": "plaid", "identity": "partner"}, "headers": None}))
    config["routes"].append(settings.route("login", ["/open"], "raw", hosts=[LOGIN],
                                           policies={"headers": None}))
    if store:
        config["trust_stores"]["plaid"]["file"] = str(store)
    return config


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    return make_gateway(with_certificates(pki, module_upstream.server))


# ---- versions, suites, groups

@pytest.mark.parametrize("version", ["1_2", "1_3"])
def test_modern_versions_are_spoken(gateway, version):
    session = s_client(gateway, f"-tls{version}")
    assert session.succeeded and session.version == f"TLSv{version.replace('_', '.')}"


@pytest.mark.parametrize("version", ["tls1", "tls1_1"])
def test_old_versions_are_refused(gateway, version):
    session = s_client(gateway, f"-{version}", "-cipher", "DEFAULT@SECLEVEL=0")
    assert not session.succeeded and "protocol version" in session.alert


def test_the_newest_version_is_taken(gateway):
    assert s_client(gateway).version == "TLSv1.3"


def test_a_listener_may_ask_for_tls_1_3(make_own_gateway, pki, upstream):
    config = settings.open_to_all(pki, upstream.server)
    config["listeners"][0]["tls"]["min_version"] = "1.3"
    gateway = make_own_gateway(config)
    assert s_client(gateway, "-tls1_3").succeeded
    session = s_client(gateway, "-tls1_2")
    assert not session.succeeded and "protocol version" in session.alert


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                                   "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_suites_with_forward_secrecy_are_offered(gateway, suite):
    assert s_client(gateway, "-tls1_2", "-cipher", suite).cipher == suite


@pytest.mark.parametrize("suites", [
    "AES128-GCM-SHA256", "AES256-SHA", "DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-CCM8", "aNULL@SECLEVEL=0", "eNULL@SECLEVEL=0",
    f"{WEAK}:!ECDHE"])
def test_weaker_suites_are_refused(gateway, suites):
    session = s_client(gateway, "-tls1_2", "-cipher", suites)
    assert not session.succeeded and session.alert == "handshake failure"


@pytest.mark.parametrize("group, is_good", [("X25519", True), ("P-256", True), ("P-384", True),
                                            ("P-521", False), ("ffdhe2048", False)])
def test_only_strong_and_common_groups_are_offered(gateway, group, is_good):
    assert s_client(gateway, "-tls1_3", "-groups", group).succeeded == is_good


def test_compression_and_early_data_are_not_offered(gateway):
    output = s_client(gateway, "-tls1_2", "-comp").output
    assert "Compression: NONE" in output and "Expansion: NONE" in output
    assert "Max Early Data: 0" in s_client(gateway, "-tls1_3", request="/open").output


def test_renegotiation_is_refused(gateway):
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername", API,
               "-tls1_2", "-CAfile", gateway.pki.server_ca]
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, bufsize=0,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        try:
            client.stdin.write(b"R\n")
            output = client.stdout.read()  # up to its end: the gateway has closed
        finally:
            client.kill()
    assert b"RENEGOTIATING" in output and b"no renegotiation" in output


# ---- names and protocols

def test_a_certificate_is_chosen_by_the_name_asked_for(gateway):
    for name, asks in ((API, True), (LOGIN, False), ("API.Bank.Example", True)):
        output = s_client(gateway, "-tls1_2", sni=name).output
        assert ("Acceptable client certificate CA names" in output) == asks, name


@pytest.mark.parametrize("name", ["other.bank.example", "bank.example", "x.api.bank.example", None])
def test_an_unknown_name_is_refused(gateway, name):
    session = s_client(gateway, sni=name)
    assert not session.succeeded
    assert session.alert == "unrecognized name"


def test_a_default_certificate_serves_unknown_names(make_own_gateway, pki, upstream):
    config = settings.open_to_all(pki, upstream.server)
    config["listeners"][0]["tls"]["certificates"][1]["default"] = True
    gateway = make_own_gateway(config)
    assert s_client(gateway, sni="other.bank.example").succeeded
    assert s_client(gateway, sni=None).succeeded


def test_the_best_common_protocol_is_agreed_upon(gateway):
    assert "ALPN protocol: h2" in s_client(gateway, "-alpn", "http/1.1,h2").output
    assert "ALPN protocol: http/1.1" in s_client(gateway, "-alpn", "http/1.1").output
    assert s_client(gateway).succeeded  # without ALPN


def test_other_protocols_are_refused(gateway):
    session = s_client(gateway, "-alpn", "spdy/3,imap")
    assert not session.succeeded and session.alert == "no application protocol"


def test_the_authorities_asked_for_are_those_of_the_store(gateway):
    assert "CN = Demo Plaid Client CA" in s_client(gateway, "-tls1_2").output


def test_plain_http_on_the_tls_port_is_not_answered(gateway, upstream):
    ended = subprocess.run(["curl", "-sS", f"http://127.0.0.1:{gateway.port}/open"],
                           capture_output=True, text=True, timeout=20)
    assert ended.returncode != 0 and ended.stdout == ""
    gateway.log_line("plain HTTP", lambda line: line["event"] == "handshake_failed"
                     and line["deny"]["reason"] == "tls.http_request_on_tls_port")
    assert upstream.requests == []


# ---- resumption

VERSIONS = pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])


@VERSIONS
def test_a_resumed_session_keeps_the_identity_that_was_verified(gateway, upstream, tmp_path,
                                                                version):
    session = tmp_path / "session"
    first = s_client(gateway, version, "-sess_out", session, certificate="client", request="/who")
    assert first.status == 200 and not first.was_resumed
    again = s_client(gateway, version, "-sess_in", session, request="/who")
    assert again.was_resumed and again.status == 200
    def is_resumed(line):
        return line.get("path") == "/who" and line["tls"]["resumed"] \
            and line["tls"]["version"] == version.replace("-tls", "TLSv").replace("_", ".")
    line = gateway.log_line("the resumed request", is_resumed)
    assert line["cert"]["identity"] == "partner"
    assert "CN=plaid-mtls-demo.plaid.com" in line["cert"]["subject"]


@VERSIONS
def test_a_resumed_session_tells_log_and_upstream_the_same(make_own_gateway, pki, upstream, tmp_path,
                                                           version):
    """envoyproxy/envoy#42668"""
    config = with_certificates(pki, upstream.server, pki.certificate("client-ca"))
    config["routes"][1]["policies"]["headers"] = {"client_cert": True}
    gateway = make_own_gateway(config)
    session = tmp_path / "session"
    first = s_client(gateway, version, "-sess_out", session, certificate="client", request="/who")
    again = s_client(gateway, version, "-sess_in", session, request="/who")
    assert not first.was_resumed and again.was_resumed
    assert first.status == again.status == 200
    one, other = (exchange.head for exchange in upstream.requests)
    assert one.one("Client-Cert") == other.one("Client-Cert") != ""
    lines = [gateway.log_line(f"resumed: {resumed}", lambda line: line.get("path") == "/who"
                              and line["tls"]["resumed"] is resumed) for resumed in (False, True)]
    assert lines[0]["cert"] == lines[1]["cert"]


@VERSIONS
def test_a_resumed_session_without_a_certificate_has_no_identity(gateway, upstream, tmp_path,
                                                                 version):
    session = tmp_path / "session"
    assert s_client(gateway, version, "-sess_out", session, request="/open").status == 200
    again = s_client(gateway, version, "-sess_in", session, request="/who")
    assert again.was_resumed and again.status == 403


@VERSIONS
def test_a_session_of_another_name_is_not_resumed(gateway, upstream, tmp_path, version):
    session = tmp_path / "session"
    s_client(gateway, version, "-sess_out", session, certificate="client", request="/who")
    again = s_client(gateway, version, "-sess_in", session, sni=LOGIN, request="/open")
    assert not again.was_resumed


def test_a_changed_session_is_not_resumed(gateway, upstream, tmp_path):
    """Its ticket was altered: a full handshake follows, and nobody is believed."""
    session = tmp_path / "session"
    s_client(gateway, "-tls1_2", "-sess_out", session, certificate="client", request="/who")
    der = subprocess.run(["openssl", "sess_id", "-outform", "DER", "-in", session],
                         capture_output=True, check=True, timeout=20).stdout
    ticket = find_ticket(der)
    altered = der[:ticket + 40] + bytes([der[ticket + 40] ^ 1]) + der[ticket + 41:]
    subprocess.run(["openssl", "sess_id", "-inform", "DER", "-out", session], input=altered,
                   check=True, timeout=20)
    again = s_client(gateway, "-tls1_2", "-sess_in", session, request="/who")
    assert not again.was_resumed and again.status == 403


def find_ticket(der):
    """Where the ticket's octets begin in a session's DER: member [10], an OCTET STRING."""
    at = der.index(b"\xaa\x82")
    return at + 8


def test_a_session_ends_with_the_trust_that_it_was_made_under(make_own_gateway, pki, upstream,
                                                             tmp_path):
    store = tmp_path / "store.pem"
    shutil.copy(pki.certificate("client-ca"), store)
    gateway = make_own_gateway(with_certificates(pki, upstream.server, store))
    sessions = {version: tmp_path / version for version in ("-tls1_2", "-tls1_3")}
    for version, session in sessions.items():
        s_client(gateway, version, "-sess_out", session, certificate="client", request="/who")
    assert gateway.reload().returncode == 0
    for version, session in sessions.items():
        again = s_client(gateway, version, "-sess_in", session, request="/who")
        assert again.was_resumed and again.status == 200, "the same trust: resumed"
    shutil.copy(pki.certificate("unknown-ca"), store)
    assert gateway.reload().returncode == 0
    for version, session in sessions.items():
        again = s_client(gateway, version, "-sess_in", session, request="/who")
        assert not again.was_resumed and again.status == 403, version
