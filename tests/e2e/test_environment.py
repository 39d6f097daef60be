"""Production refuses a server certificate that callers will not verify; a sandbox warns of it."""
import subprocess

import pytest
import yaml

from support import settings
from support.authority import Authority
from support.gateway import sallyport
from support.places import API, LOGIN

NAMES = f"DNS:{API},DNS:{LOGIN}"


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("bank") / "ca", "/O=Bank/CN=Bank CA")


@pytest.fixture
def check(tmp_path, pki, bank, monkeypatch):
    """check(pem, **options): `sallyport check` with that certificate, where callers trust `bank`."""
    monkeypatch.setenv("SSL_CERT_FILE", str(bank.certificate))

    def run(pem, environment="production", **options):
        config = settings.open_to_all(pki, "127.0.0.1:1", environment=environment)
        config["listeners"][0]["address"] = "127.0.0.1:8443"
        config["trust_stores"]["bank"] = {"file": str(bank.certificate)}
        for entry in config["listeners"][0]["tls"]["certificates"]:
            entry.update(certificate=str(pem), key=str(pem.with_suffix(".key")), **options)
        file = tmp_path / "sallyport.yaml"
        file.write_text(yaml.safe_dump(config))
        return sallyport("check", "-c", file)
    return run


def self_signed(folder):
    pem = folder / "self.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "self.key", "-out", pem,
                    "-subj", "/CN=self", "-addext", f"subjectAltName={NAMES}"], check=True,
                   capture_output=True, timeout=20)
    (folder / "self.key").chmod(0o600)
    return pem


def incomplete(bank, folder):
    between = Authority(folder / "between", "/O=Bank/CN=Between", bank)
    pem = between.issue("server", API, "serverAuth", alt_name=NAMES)
    first = pem.read_text().split("-----END CERTIFICATE-----")[0]
    pem.write_text(first + "-----END CERTIFICATE-----\n")
    return pem


BAD = {
    "self-signed": (lambda bank, folder: self_signed(folder), "is self-signed"),
    "of a private CA": (lambda bank, folder: Authority(folder / "other", "/CN=Private CA").issue(
        "server", API, "serverAuth", alt_name=NAMES), "no CA of the trust store system issued"),
    "incomplete": (incomplete, "no CA of the trust store system issued"),
    "expired": (lambda bank, folder: bank.issue("old", API, "serverAuth", start=-9, end=-1,
                                                alt_name=NAMES), "expired at"),
    "without the name": (lambda bank, folder: bank.issue("nameless", API, "serverAuth"),
                         f"does not name {LOGIN}"),
    "for clients": (lambda bank, folder: bank.issue("client", API, "clientAuth", alt_name=NAMES),
                    "may not be used for TLS servers"),
}


def test_a_certificate_that_callers_verify_is_good(check, bank):
    ended = check(bank.issue("good", API, "serverAuth", alt_name=NAMES))
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("kind", BAD)
def test_production_refuses_and_a_sandbox_warns(check, bank, tmp_path, kind):
    make, says = BAD[kind]
    pem = make(bank, tmp_path)
    refused = check(pem)
    assert refused.returncode == 1 and "callers will refuse it: " in refused.stderr
    assert says in refused.stderr and "error: listeners[0].tls.certificates" in refused.stderr
    for options in ({"environment": "sandbox"}, {"insecure_skip_chain_check": True}):
        warned = check(pem, **options)
        assert warned.returncode == 0 and says in warned.stderr, warned.stderr
        assert "warning: listeners[0].tls.certificates" in warned.stderr


def test_a_private_ca_may_be_named(check, bank, monkeypatch, pki):
    pem = bank.issue("private", API, "serverAuth", alt_name=NAMES)
    monkeypatch.setenv("SSL_CERT_FILE", str(pki.server_ca))
    assert check(pem).returncode == 1
    ended = check(pem, issuers="bank")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "there is no trust store" in check(pem, issuers="nobody").stderr
