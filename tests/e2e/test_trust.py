"""Whom a trust store lets in: every kind of entry, and every reason for a refusal by its name."""
import contextlib
import datetime
import shutil
import ssl
import subprocess
import time

import pytest

from support import settings
from support.authority import Authority, key_sha256_of, sha256_of
from support.gateway import sallyport
from support.http1 import Closed
from support.mutual import Client, reason_of, refusal, status_of
from support.places import API, LOGIN
from support.s_client import s_client
from support.waiting import wait_until


def trusting(pki, server, store, **more):
    """`/who` needs a certificate of the store; `/open` of the other name needs none."""
    config = settings.base(pki, raw=server)
    config["workers"] = 1
    config["trust_stores"] = {"plaid": store}
    config["routes"] = [
        settings.route("who", ["/who"], "raw",
                       policies={"client_cert": {"trust_store": "plaid"}, "headers": None}),
        settings.route("open", ["/open"], "raw", hosts=[API, LOGIN], policies={"headers": None})]
    return config | more


def in_days(days):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authorities")
    root = Authority(folder / "root")
    return {
        "root": root,
        "between": Authority(folder / "between", "/O=Plaid/CN=Between", root),
        "limited": Authority(folder / "limited", "/O=Plaid/CN=Limited", root, extensions=[
            "nameConstraints=critical,permitted;DNS:plaid.com"]),
        "expired": Authority(folder / "expired", "/O=Plaid/CN=Expired CA", start=-20, end=-1),
        "stranger": Authority(folder / "stranger"),  # the same name as the root
    }


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream, authorities, tmp_path_factory):
    """A store of everything: a bundle with an expired CA in it, two pins, an entry to come."""
    folder = tmp_path_factory.mktemp("trust")
    bundle = folder / "bundle.pem"
    bundle.write_text(authorities["expired"].certificate.read_text()
                      + authorities["root"].certificate.read_text())
    stranger = authorities["stranger"]
    pinned, keyed = stranger.issue("pinned", "pinned.example"), stranger.issue("keyed", "k.example")
    blocked = authorities["root"].issue("blocked")
    coming = Authority(folder / "coming", "/O=Plaid/CN=Coming CA")
    retired = Authority(folder / "retired", "/O=Plaid/CN=Retired CA")
    coming.issue("client")
    retired.issue("client")
    gateway = make_gateway(trusting(pki, module_upstream.server, {
        "entries": [
            {"ca": str(bundle), "id": "ca-2025", "note": "of the ticket",
             "identity": {"name": "plaid", "common_name": ["plaid-mtls-<shortname>.plaid.com"]}},
            {"leaf": str(pinned), "id": "pinned", "identity": {"name": "partner"}},
            {"spki": key_sha256_of(keyed), "id": "keyed"},
            {"ca": str(coming.certificate), "id": "coming", "not_before": in_days(5)},
            {"ca": str(retired.certificate), "id": "retired", "retire_after": in_days(-1)}],
        "blocked": [sha256_of(blocked)]}))
    gateway.coming, gateway.retired = coming.folder / "client.pem", retired.folder / "client.pem"
    return gateway


# ---- let in

def identity_of(gateway, pem):
    assert status_of(gateway, pem) == 200
    line = gateway.log_line("the request", lambda line: line["event"] == "request"
                            and line.get("cert", {}).get("sha256") == sha256_of(pem))
    return line["cert"]["identity"], line["cert"]["entry"]


def test_a_bundle_with_an_expired_stranger_still_counts(gateway, upstream, authorities):
    assert identity_of(gateway, authorities["root"].issue("good")) == ("plaid", "ca-2025")


def test_a_chain_with_an_intermediate_is_built(gateway, upstream, authorities):
    assert status_of(gateway, authorities["between"].issue("good")) == 200


def test_a_pinned_certificate_needs_no_issuer(gateway, upstream, authorities):
    pem = authorities["stranger"].folder / "pinned.pem"
    assert identity_of(gateway, pem) == ("partner", "pinned")


def test_a_pinned_key_counts_in_any_certificate(gateway, upstream, authorities):
    pem = authorities["stranger"].folder / "keyed.pem"
    assert identity_of(gateway, pem) == ("plaid", "keyed")  # the store's name


def test_constrained_names_that_fit_are_let_in(gateway, upstream, authorities):
    assert status_of(gateway, authorities["limited"].issue("good")) == 200


# ---- refused, each by its name

WRONG = {
    "unknown_issuer": lambda of: of["stranger"].issue("unknown"),
    "expired": lambda of: of["root"].issue("old", start=-9, end=-1),
    "not_yet_valid": lambda of: of["root"].issue("early", start=1, end=9),
    "wrong_purpose": lambda of: of["root"].issue("server", usage="serverAuth"),
    "weak_key": lambda of: of["root"].issue("weak", key=("RSA", "rsa_keygen_bits:1024")),
    "weak_signature": lambda of: of["root"].issue("sha1", digest="sha1"),
    "identity_mismatch": lambda of: of["root"].issue("evil", "plaid-mtls-demo.plaid.com.evil.com"),
    "invalid_issuer": lambda of: of["limited"].issue("outside", alt_name="DNS:evil.example"),
    "revoked": lambda of: of["root"].folder / "blocked.pem",
}


@pytest.mark.parametrize("reason", WRONG)
def test_every_refusal_has_its_name(gateway, upstream, authorities, reason):
    pem = WRONG[reason](authorities)
    before = gateway.metric("sallyport_tls_handshake_failures_total", reason=f"certificate.{reason}")
    line = refusal(gateway, pem)
    assert line["deny"]["reason"] == f"certificate.{reason}", line
    assert line["cert"]["subject"].endswith("O=Plaid") and line["cert"]["serial"]
    assert "CN=" in line["cert"]["issuer"]
    assert gateway.metric("sallyport_tls_handshake_failures_total",
                          reason=f"certificate.{reason}") == before + 1
    assert upstream.requests == []


def test_an_entry_counts_in_its_time_only(gateway, upstream):
    for pem, says in ((gateway.coming, "coming is not active before"),
                      (gateway.retired, "retired was retired at")):
        line = refusal(gateway, pem)
        assert line["deny"]["reason"] == "certificate.not_active"
        assert says in line["deny"]["evidence"]


def test_the_missing_intermediate_is_an_unknown_issuer(gateway, upstream, authorities, tmp_path):
    pem = authorities["between"].issue("alone")
    alone = tmp_path / "alone.pem"
    subprocess.run(["openssl", "x509", "-in", pem, "-out", alone], check=True, timeout=20)
    shutil.copy(pem.with_suffix(".key"), tmp_path / "alone.key")
    assert reason_of(gateway, alone) == "unknown_issuer"


def test_what_was_wrong_is_not_told_to_the_client(gateway, upstream, authorities):
    pem = WRONG["identity_mismatch"](authorities)
    ended = s_client(gateway, "-tls1_3", "-cert", pem, "-key", pem.with_suffix(".key"),
                     request="/who")
    assert ended.status is None and ended.alert == "certificate unknown", ended.output
    assert "shortname" not in ended.output


def test_the_use_of_each_entry_is_counted(gateway, upstream, authorities):
    labels = {"store": "plaid", "entry": "pinned"}
    before = gateway.metric("sallyport_trust_entry_handshakes_total", **labels)
    assert status_of(gateway, authorities["stranger"].folder / "pinned.pem") == 200
    assert gateway.metric("sallyport_trust_entry_handshakes_total", **labels) == before + 1


# ---- routes, names, listeners

def test_a_route_asks_again_for_what_the_handshake_left_open(gateway, upstream):
    assert status_of(gateway, None, "/who") == 403
    assert status_of(gateway, None, "/open") == 200
    assert upstream.targets() == ["/open"]


def test_browsers_are_not_asked_for_a_certificate(gateway, upstream):
    asked = "Acceptable client certificate CA names"
    assert asked not in s_client(gateway, "-tls1_2", sni=LOGIN).output
    assert status_of(gateway, None, "/open", sni=LOGIN, host=LOGIN) == 200


def test_a_host_of_another_policy_than_the_server_name_is_misdirected(gateway, upstream,
                                                                      authorities):
    good = authorities["root"].issue("misdirected")
    for pem, sni, host in ((good, API, LOGIN), (None, LOGIN, API), (None, API, LOGIN)):
        assert status_of(gateway, pem, "/open", sni=sni, host=host) == 421, (sni, host)
    assert upstream.requests == []


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_ticket_of_a_name_without_certificates_opens_no_other(gateway, upstream, tmp_path, version):
    session = tmp_path / "session"
    assert s_client(gateway, version, "-sess_out", session, sni=LOGIN, request="/open").status == 200
    again = s_client(gateway, version, "-sess_in", session, sni=API, request="/who")
    assert not again.was_resumed and again.status == 403


def test_an_open_connection_ends_with_the_entry_that_vouched(make_own_gateway, pki, upstream,
                                                             authorities):
    pem = authorities["root"].issue("open")
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=6)
    gateway = make_own_gateway(trusting(pki, upstream.server, {"entries": [
        {"ca": str(authorities["root"].certificate),
         "retire_after": end.strftime("%Y-%m-%dT%H:%M:%SZ")}]}))
    with contextlib.closing(Client(gateway, pem)) as client:
        assert client.get().status == 200
        answer = client.get()
        with contextlib.suppress(Closed, ssl.SSLError, ConnectionError):  # the worker was first
            while answer.status == 200:  # until the entry retires; the harness bounds this test
                time.sleep(0.01)
                answer = client.get()
            assert answer.status == 403 and answer.one("Connection") == "close"
    # Of a connection without a request at that moment, no request tells: it has a line of its own.
    gateway.log_line("the end of trust", lambda line: line.get("reason") == "certificate.not_active"
                     or line.get("deny", {}).get("reason") == "client_cert.no_longer_trusted")


def test_what_came_of_asking_for_a_certificate_is_counted(make_own_gateway, pki, upstream,
                                                          authorities):
    gateway = make_own_gateway(trusting(pki, upstream.server, {
        "file": str(authorities["root"].certificate)}))
    stranger = Authority(authorities["root"].folder / "stranger", "/CN=Stranger")
    assert status_of(gateway, authorities["root"].issue("counted")) == 200
    assert status_of(gateway) == 403
    assert status_of(gateway) == 403
    assert reason_of(gateway, stranger.issue("stranger")) == "unknown_issuer"
    for reason, times in (("trusted", 1), ("none", 2), ("unknown_issuer", 1)):
        wait_until(lambda: gateway.metric("sallyport_tls_client_certificates_total",
                                          reason=reason) == times, reason)


# ---- configurations that are not

@pytest.mark.parametrize("store, says", [
    ({}, "write one of `file`, `directory` and `entries`"),
    ({"entries": [{"id": "x"}]}, "write exactly one of `ca`, `leaf` and `spki`"),
    ({"entries": [{"spki": "abc", "id": "x"}]}, "64 hexadecimal digits"),
    ({"entries": [{"spki": "0" * 64}]}, "needs an `id`"),
    ({"blocked": ["xyz"], "entries": [{"spki": "0" * 64, "id": "a"}]}, "64 hexadecimal digits"),
    ({"entries": [{"spki": "0" * 64, "id": "a", "not_before": "tomorrow"}]}, "is no time in UTC"),
    ({"entries": [{"spki": "0" * 64, "id": "a", "not_before": "2027-01-01",
                   "retire_after": "2026-01-01"}]}, "would never count"),
    ({"directory": "nowhere"}, "cannot be read"),
])
def test_a_store_that_cannot_be_is_refused_with_its_place(make_own_gateway, pki, upstream, store,
                                                          says):
    gateway = make_own_gateway(trusting(pki, upstream.server, store), start=False)
    ended = sallyport("check", "-c", gateway.file)
    assert ended.returncode == 1 and says in ended.stderr, ended.stderr
    assert "trust_stores.plaid" in ended.stderr
