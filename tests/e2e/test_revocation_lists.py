"""Revocation lists: what each does to a handshake, and what their absence does."""
import contextlib
import threading
import time

import pytest

from support.authority import Authority
from support.mutual import Client, reason_of, refusal, status_of
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
