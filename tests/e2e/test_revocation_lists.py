"""Revocation lists: what each does to a handshake, and what their absence does."""
import contextlib
import ssl
import threading
import time

import pytest

from support.authority import Authority, serial_of
from support.h2client import Ended, H2Client
from support.http1 import Closed
from support.mutual import Client, context_of, reason_of, refusal, status_of
from support.places import API, LOGIN
from support.waiting import wait_until
from test_trust import trusting


@pytest.fixture
def root(tmp_path):
    return Authority(tmp_path / "root")


@pytest.fixture
def listing(make_own_gateway, pki, upstream, root, tmp_path):
    """listing(**options) starts a gateway whose store has the lists of the folder `crls`."""
    crls = tmp_path / "crls"
    crls.mkdir()

    def make(entries=(), **crl):
        gateway = make_own_gateway(trusting(pki, upstream.server, {
            "entries": [{"ca": str(root.certificate)}, *entries],
            "crl": {"directory": str(crls), **crl}}))
        gateway.crls = crls
        return gateway
    make.crls = crls
    return make


def test_a_revoked_certificate_is_refused_and_others_are_not(listing, upstream, root):
    good, bad = root.issue("good"), root.issue("bad")
    root.revoke("bad")
    root.crl(listing.crls / "root.crl")
    gateway = listing()
    assert status_of(gateway, good) == 200
    line = refusal(gateway, bad)
    assert line["deny"]["reason"] == "certificate.revoked"
    assert "is on the revocation list of CN=Plaid Client CA" in line["deny"]["evidence"]


def test_a_new_list_counts_at_once_and_ends_open_connections(listing, upstream, root):
    bad = root.issue("bad")
    root.crl(listing.crls / "root.crl")
    gateway = listing()
    with contextlib.closing(Client(gateway, bad)) as client:
        assert client.get().status == 200
        root.revoke("bad")
        root.crl(listing.crls / "root.crl")
        assert client.is_closed()
    assert reason_of(gateway, bad) == "revoked"
    withdrawn = gateway.event("trust_withdrawn")
    assert withdrawn["deny"]["reason"] == "certificate.revoked"
    assert gateway.metric("sallyport_connections_distrusted_total") == 1


@pytest.mark.parametrize("policy, is_let_in", [("hard_fail", False), ("soft_fail", True)])
def test_a_list_that_was_not_renewed(listing, upstream, root, policy, is_let_in):
    good = root.issue("good")
    root.crl(listing.crls / "root.crl", start=-5, end=-1)
    gateway = listing(expired=policy)
    assert (status_of(gateway, good) == 200) == is_let_in
    if not is_let_in:
        assert reason_of(gateway, good) == "crl_expired"
    assert "was to be renewed by" in gateway.stderr()


@pytest.mark.parametrize("policy, is_let_in", [("hard_fail", False), ("soft_fail", True)])
def test_an_issuer_without_a_list(listing, upstream, root, tmp_path, policy, is_let_in):
    other = Authority(tmp_path / "other", "/CN=Other CA")
    root.crl(listing.crls / "root.crl")
    gateway = listing([{"ca": str(other.certificate), "id": "other"}], absent=policy)
    assert status_of(gateway, root.issue("good")) == 200
    assert (status_of(gateway, other.issue("good")) == 200) == is_let_in
    if not is_let_in:
        assert reason_of(gateway, other.folder / "good.pem") == "crl_absent"
        other.crl(gateway.crls / "other.crl")
        wait_until(lambda: status_of(gateway, other.folder / "good.pem") == 200, "the list counts")


def test_two_issuers_of_one_name_have_two_lists(listing, upstream, root, tmp_path):
    twin = Authority(tmp_path / "twin")
    bad, good = root.issue("bad"), twin.issue("good")
    root.revoke("bad")
    root.crl(listing.crls / "root.crl")
    twin.crl(listing.crls / "twin.crl")
    gateway = listing([{"ca": str(twin.certificate), "id": "twin"}])
    assert reason_of(gateway, bad) == "revoked"
    assert status_of(gateway, good) == 200


def test_a_list_that_somebody_else_signed_is_not_taken(listing, upstream, root, tmp_path):
    root.crl(listing.crls / "root.crl")
    gateway = listing()
    forged = Authority(tmp_path / "forger")
    forged.crl(gateway.crls / "root.crl")
    line = gateway.log_line("the warning", lambda line: line["event"] == "config"
                            and "has signed this one" in line["message"])
    assert "goes on as it was" in line["message"]
    assert status_of(gateway, root.issue("good")) == 200
    assert gateway.metric("sallyport_stale_files") == 1
    root.crl(gateway.crls / "root.crl")
    wait_until(lambda: gateway.metric("sallyport_stale_files") == 0, "the good list is taken")


def test_a_renamed_ca_has_a_list_of_each_name(listing, upstream, root, tmp_path):
    """The same key: the newer list of the one name says nothing of the other's certificates."""
    renamed = root.renamed(tmp_path / "renamed", "/O=Plaid/CN=Plaid Client CA 2")
    bad, old, good = root.issue("bad"), root.issue("old"), renamed.issue("good")
    root.revoke("bad")
    root.crl(listing.crls / "old.crl", start=-2)
    renamed.crl(listing.crls / "new.crl", start=-1)
    gateway = listing([{"ca": str(renamed.certificate), "id": "renamed"}])
    assert reason_of(gateway, bad) == "revoked"
    assert status_of(gateway, old) == status_of(gateway, good) == 200
    (listing.crls / "old.crl").unlink()
    wait_until(lambda: status_of(gateway, old) is None, "only the other name's list is left")
    assert reason_of(gateway, old) == "crl_absent"
    assert status_of(gateway, good) == 200


POINT = "URI:http://ca.example/1.0/crl"


@pytest.fixture
def step_list(root, listing):
    """As step-ca writes it: for users, with the distribution point that the leaves name."""
    root.extensions_of_list = [
        "issuingDistributionPoint=critical,@point", "[point]", f"fullname={POINT}", "onlyuser=TRUE"]

    def write(**more):
        root.crl(listing.crls / "root.crl", extensions=root.extensions_of_list, **more)
    return write


def test_a_critical_distribution_point_works_for_its_leaves(listing, upstream, root, step_list):
    good, bad = (root.issue(name, more=[f"crlDistributionPoints={POINT}"]) for name in ("good", "bad"))
    other = root.issue("other", more=["crlDistributionPoints=URI:http://ca.example/2.0/crl"])
    root.revoke("bad")
    step_list()
    gateway = listing()
    assert status_of(gateway, good) == 200
    assert reason_of(gateway, bad) == "revoked"
    line = refusal(gateway, other)
    assert line["deny"]["reason"] == "certificate.crl_absent"
    assert "covers certificates of users, not of CAs, that name the distribution point " \
        "http://ca.example/1.0/crl" in line["deny"]["evidence"]


@pytest.mark.parametrize("restriction, name", [
    ("indirectCRL=TRUE", "indirectCRL"), ("onlysomereasons=keyCompromise", "onlySomeReasons"),
    ("onlyAA=TRUE", "onlyContainsAttributeCerts")])
@pytest.mark.parametrize("critical", ["critical,", ""])
def test_what_says_less_than_it_seems_is_refused_by_name(listing, upstream, root, restriction, name,
                                                        critical):
    root.crl(listing.crls / "root.crl")
    gateway = listing()
    root.crl(listing.crls / "root.crl", extensions=[
        f"issuingDistributionPoint={critical}@point", "[point]", f"fullname={POINT}", restriction])
    line = gateway.log_line("the warning", lambda line: line["event"] == "config"
                            and name in line["message"])
    assert "root.crl" in line["message"] and "goes on as it was" in line["message"]


def test_a_list_of_the_future_is_not_taken(listing, upstream, root):
    bad = root.issue("bad")
    root.revoke("bad")
    root.crl(listing.crls / "root.crl")
    gateway = listing()
    root.crl(listing.crls / "root.crl", start=1)
    line = gateway.log_line("the warning", lambda line: line["event"] == "config"
                            and "is from the future" in line["message"])
    assert "clock" in line["message"] and "goes on as it was" in line["message"]
    assert reason_of(gateway, bad) == "revoked"


@pytest.mark.parametrize("salt", ["digest", "max"])
def test_a_list_signed_with_pss(listing, upstream, tmp_path, root, salt):
    rsa = Authority(tmp_path / "rsa", "/O=Plaid/CN=RSA CA", key=("RSA", "rsa_keygen_bits:2048"))
    good, bad = rsa.issue("good"), rsa.issue("bad")
    rsa.revoke("bad")
    root.crl(listing.crls / "root.crl")
    rsa.crl(listing.crls / "rsa.crl", options=["-sigopt", "rsa_padding_mode:pss",
                                               "-sigopt", f"rsa_pss_saltlen:{salt}"])
    gateway = listing([{"ca": str(rsa.certificate), "id": "rsa"}])
    assert status_of(gateway, good) == 200
    assert reason_of(gateway, bad) == "revoked"


# ---- peers: what befell others

class Pki:
    """Whom clients trust, and what they show."""

    def __init__(self, pki, root):
        self.server_ca, self.folder = pki.server_ca, root.folder

    def certificate(self, name):
        return self.folder / f"{name}.pem"

    def key(self, name):
        return self.folder / f"{name}.key"


ODD_LEAVES = {
    "without names": {"common_name": "x", "alt_name": "IP:192.0.2.1"},
    "of a long life": {"end": 20_000},
    "of RSA": {"key": ("RSA", "rsa_keygen_bits:2048")},
    "of Ed25519": {"key": ("ED25519", None)},
    "with many names": {"alt_name": ",".join(f"DNS:n{n}.example" for n in range(60))},
}


@pytest.mark.parametrize("kind", ODD_LEAVES)
def test_a_new_list_ends_connections_of_both_kinds_whatever_the_leaf(listing, upstream, pki, root, kind):
    """istio/ztunnel#1986: leaves that the bookkeeping does not understand must be followed as well."""
    odd = root.issue("odd", **ODD_LEAVES[kind])
    root.crl(listing.crls / "root.crl")
    gateway = listing()
    gateway.pki = Pki(pki, root)
    with contextlib.closing(Client(gateway, odd)) as client, H2Client(gateway, "odd") as modern:
        assert client.get().status == modern.ask("/who").status == 200
        root.revoke("odd")
        root.crl(listing.crls / "root.crl")
        assert client.is_closed()
        assert modern.wait_for_end() == 0, "GOAWAY without an error"
    wait_until(lambda: gateway.metric("sallyport_connections_distrusted_total") == 2, "both are counted")
    assert reason_of(gateway, odd) == "revoked"


def test_our_own_certificate_on_a_list_is_told_and_served(make_own_gateway, pki, upstream, tmp_path):
    """istio/ztunnel#1766: no silent outage; whoever reads the list refuses us, and we say so."""
    authority = Authority(tmp_path / "own", "/O=Bank/CN=Bank CA")
    own = authority.issue("server", API, "serverAuth", alt_name=f"DNS:{API},DNS:{LOGIN}")
    client = authority.issue("client")
    authority.revoke("server")
    list_file = authority.crl(tmp_path / "own.crl")
    config = trusting(pki, upstream.server, {"entries": [{"ca": str(authority.certificate)}],
                                             "crl": {"files": [str(list_file)]}})
    for served in config["listeners"][0]["tls"]["certificates"]:
        served |= {"certificate": str(own), "key": str(own.with_suffix(".key"))}
    gateway = make_own_gateway(config)
    assert f"(serial {serial_of(own)}) is on the revocation list of CN=Bank CA,O=Bank" in gateway.stderr()
    assert "whoever reads that list refuses it" in gateway.stderr()
    gateway.pki = Pki(pki, authority)
    gateway.pki.server_ca = authority.certificate
    assert status_of(gateway, client) == 200


@pytest.mark.parametrize("kind", ["h1", "h2", "proxy", "tls12", "open"])
def test_a_revoked_certificate_fails_on_every_kind_of_listener(make_own_gateway, pki, upstream, root,
                                                              tmp_path, kind):
    """nginx CVE-2026-28755. `open` is a name that asks for certificates without a route that needs one."""
    good, bad = root.issue("good"), root.issue("bad")
    root.revoke("bad")
    config = trusting(pki, upstream.server, {
        "entries": [{"ca": str(root.certificate)}],
        "crl": {"files": [str(root.crl(tmp_path / "root.crl"))]}})
    listener = config["listeners"][0]
    if kind == "proxy":
        listener["proxy_protocol"] = {"from": ["127.0.0.1"]}
    gateway = make_own_gateway(config)
    gateway.pki = Pki(pki, root)

    def is_served(pem):
        path = "/open" if kind == "open" else "/who"
        if kind == "h2":
            try:
                with H2Client(gateway, pem.stem) as client:
                    return client.ask(path).status == 200
            except (Ended, ssl.SSLError, ConnectionError):
                return False
        version = ssl.TLSVersion.TLSv1_2 if kind == "tls12" else None
        context = context_of(gateway, pem, version)
        before = b"PROXY TCP4 192.0.2.7 192.0.2.8 1234 443\r\n" if kind == "proxy" else b""
        try:
            with contextlib.closing(Client(gateway, context=context, before=before)) as client:
                return client.get(path).status == 200
        except (ssl.SSLError, ConnectionError, Closed):
            return False

    assert is_served(good)
    assert not is_served(bad)
    line = gateway.log_line("the refusal", lambda line: line["event"] == "handshake_failed"
                            and line.get("cert", {}).get("serial") == serial_of(bad))
    assert line["deny"]["reason"] == "certificate.revoked"


def test_handshakes_under_changing_lists_see_one_or_the_other(listing, upstream, root):
    """nginx CVE-2026-40701: the verifier's lists change under handshakes that are under way."""
    good, bad = root.issue("good"), root.issue("bad")
    root.revoke("bad")
    root.crl(listing.crls / "root.crl")
    gateway = listing()
    wrong, counts, stop = [], [], threading.Event()

    def call(pem, expected):
        count = 0
        while not stop.is_set():
            status = status_of(gateway, pem)
            if status != expected:
                wrong.append((pem.name, status))
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=call, args=one) for one in ((good, 200), (bad, None)) * 2]
    for thread in threads:
        thread.start()
    try:
        for n in range(30):
            generation = gateway.metric("sallyport_config_generation")
            root.revoke_numbers(1, n)
            root.crl(listing.crls / "root.crl")
            wait_until(lambda: gateway.metric("sallyport_config_generation") > generation, f"list {n}")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == [] and min(counts) > 10


def test_a_list_of_5_mib_blocks_nobody_and_is_there_once(listing, upstream, root):
    good, bad = root.issue("good"), root.issue("bad")
    root.crl(listing.crls / "root.crl")
    gateway = listing()
    assert status_of(gateway, good) == 200
    before = gateway.rss()
    root.revoke("bad")
    root.revoke_numbers(200_000)
    slowest, stop = [0.0], threading.Event()

    def call():
        with contextlib.closing(Client(gateway, good)) as client:
            while not stop.is_set():
                began = time.monotonic()
                assert client.get().status == 200
                slowest[0] = max(slowest[0], time.monotonic() - began)

    caller = threading.Thread(target=call)
    caller.start()
    try:
        file = root.crl(gateway.crls / "root.crl")
        assert file.stat().st_size > 5 * 1024 * 1024
        wait_until(lambda: gateway.metric("sallyport_config_generation") > 1, "the list is loaded", 30)
    finally:
        stop.set()
        caller.join()
    assert reason_of(gateway, bad) == "revoked"
    assert slowest[0] < 1, "requests wait while the list is read"
    if not gateway.is_sanitized():
        assert gateway.rss() - before < 40 * 1024 * 1024
    print(f"slowest request {slowest[0] * 1000:.1f} ms, "
          f"{(gateway.rss() - before) / 1024 / 1024:.1f} MiB more")
