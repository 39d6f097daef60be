"""A certificate that is denied stays so in every encoding that its holder can make of it."""
import contextlib

import pytest

from support.authority import Authority, key_sha256_of, openssl, serial_of, sha256_of, twin_of
from support.h2client import H2Client
from support.mutual import Client, reason_of, status_of
from support.redis import Redis
from support.waiting import wait_until
from test_trust import trusting


@pytest.fixture
def root(tmp_path):
    return Authority(tmp_path / "root")


@pytest.fixture
def between(tmp_path, root):
    return Authority(tmp_path / "between", "/O=Plaid/CN=Between", root)


def judging(pki, upstream, root, redis=None, **store):
    config = trusting(pki, upstream.server, {"entries": [{"ca": str(root.certificate)}], **store})
    config["modules"] = {"revocation": {"store": {"path": "revocations"}}}
    if redis:
        config["modules"]["revocation"]["redis"] = {"servers": [redis.server]}
    config["routes"][0]["policies"]["revocation"] = None
    return config


class Pki:
    """Whom clients trust, and what they show."""

    def __init__(self, pki, root):
        self.server_ca, self.folder = pki.server_ca, root.folder

    def certificate(self, name):
        return self.folder / f"{name}.pem"

    def key(self, name):
        return self.folder / f"{name}.key"


def names_of(pem):
    """Every fingerprint that denies the certificate, by what it is of."""
    return {"itself": sha256_of(pem), "its twin": sha256_of(twin_of(pem)), "its key": key_sha256_of(pem)}


def test_a_twin_is_another_certificate_that_verifies(root):
    pem = root.issue("client")
    twin = twin_of(pem)
    assert sha256_of(twin) != sha256_of(pem) and serial_of(twin) == serial_of(pem)
    openssl("verify", "-CAfile", root.certificate, twin)


@pytest.mark.parametrize("named", ["itself", "its twin", "its key"])
def test_an_order_denies_every_encoding(make_own_gateway, pki, upstream, root, named):
    pem, other = root.issue("client"), root.issue("other")
    twin = twin_of(pem)
    gateway = make_own_gateway(judging(pki, upstream, root))
    with contextlib.closing(Client(gateway, twin)) as kept:
        assert kept.get().status == status_of(gateway, pem) == 200
        gateway.revoke("cert", names_of(pem)[named])
        assert kept.get().status == 403, "a connection that was open before the order"
    for shown in (pem, twin):
        assert status_of(gateway, shown) == 403
    gateway.pki = Pki(pki, root)
    with H2Client(gateway, twin.stem) as client:
        assert client.ask("/who").status == 403
    line = gateway.log_line("the refusal", lambda line: line.get("cert", {}).get("sha256")
                            == sha256_of(twin) and line.get("deny"))
    assert line["deny"]["reason"] == "revocation.certificate"
    assert names_of(pem)[named] in line["deny"]["evidence"]
    assert status_of(gateway, other) == 200
    assert gateway.cli("reinstate", "cert", names_of(pem)[named]).returncode == 0
    assert status_of(gateway, pem) == status_of(gateway, twin) == 200


@pytest.mark.parametrize("named", ["itself", "its twin"])
def test_a_key_in_redis_denies_every_encoding(make_own_gateway, pki, upstream, root, tmp_path, named):
    pem = root.issue("client")
    twin = twin_of(pem)
    redis = Redis(tmp_path)
    try:
        gateway = make_own_gateway(judging(pki, upstream, root, redis))
        wait_until(lambda: status_of(gateway, twin) == 200, "revocations are known")
        redis.cli("SET", f"sallyport:revoked:cert:any:{names_of(pem)[named]}", "1")
        wait_until(lambda: status_of(gateway, twin) == 403, "it is revoked")
        assert status_of(gateway, pem) == 403
    finally:
        redis.kill()


@pytest.mark.parametrize("named", ["itself", "its twin", "its key"])
def test_what_a_store_blocks_is_blocked_in_every_encoding(make_own_gateway, pki, upstream, root, named):
    pem, other = root.issue("client"), root.issue("other")
    gateway = make_own_gateway(judging(pki, upstream, root, blocked=[names_of(pem)[named]]))
    for shown in (pem, twin_of(pem)):
        assert reason_of(gateway, shown) == "revoked"
    assert status_of(gateway, other) == status_of(gateway, twin_of(other)) == 200


def with_twin_of_issuer(pem, between):
    """The chain of `pem` with the twin of its CA's certificate."""
    file = pem.with_name(pem.stem + "-by-twin.pem")
    leaf, end, _ = pem.read_text().partition("-----END CERTIFICATE-----\n")
    ca = twin_of(between.certificate)
    file.write_text(leaf + end + ca.read_text())
    file.with_suffix(".key").write_bytes(pem.with_suffix(".key").read_bytes())
    return file


@pytest.mark.parametrize("named", ["itself", "its twin", "its key"])
def test_a_denied_ca_takes_what_it_issued_with_it(make_own_gateway, pki, upstream, root, between, named):
    pem, direct = between.issue("client"), root.issue("direct")
    by_twin = with_twin_of_issuer(pem, between)
    name = names_of(between.certificate)[named]
    gateway = make_own_gateway(judging(pki, upstream, root))
    assert status_of(gateway, pem) == status_of(gateway, by_twin) == 200
    gateway.revoke("cert", name)
    assert status_of(gateway, pem) == status_of(gateway, by_twin) == 403
    assert status_of(gateway, direct) == 200
    blocking = make_own_gateway(judging(pki, upstream, root, blocked=[name]))
    assert reason_of(blocking, pem) == reason_of(blocking, by_twin) == "revoked"
    assert status_of(blocking, direct) == 200


def test_a_client_whose_key_is_pinned_is_denied_by_its_key(make_own_gateway, pki, upstream, root,
                                                          tmp_path):
    """A pin of a key believes no signature, so its holder may write any certificate for it."""
    pem = root.issue("client")
    config = judging(pki, upstream, root)
    config["trust_stores"]["plaid"] = {"entries": [{"spki": key_sha256_of(pem), "id": "key"}]}
    gateway = make_own_gateway(config)
    own = tmp_path / "own.pem"
    own.with_suffix(".key").write_bytes(pem.with_suffix(".key").read_bytes())
    openssl("req", "-x509", "-key", own.with_suffix(".key"), "-subj", "/CN=whatever", "-out", own)
    assert status_of(gateway, own) == 200
    gateway.revoke("cert", key_sha256_of(pem))
    assert status_of(gateway, own) == status_of(gateway, pem) == 403
