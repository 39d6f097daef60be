"""PEM files as people have them: layouts of other servers load, and half a file is never the whole."""
import json
import re
import subprocess

import pytest

from support import settings
from support.authority import Authority, openssl
from support.gateway import sallyport
from support.mutual import refusal, status_of

BEGIN = "-----BEGIN CERTIFICATE-----"
PARAMETERS = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authorities")
    both = [Authority(folder / name, f"/O=Partner/CN=Partner CA {name}") for name in ("one", "two")]
    for authority in both:
        authority.issue("client", "client.example")
    return both


def text_of(*files):
    return "".join(file.read_text() for file in files)


def configured(pki, server, tmp_path, trust, served=None, key=None):
    """A configuration whose trust store, or served certificate, is the text of a file."""
    config = settings.open_to_all(pki, server)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(trust if isinstance(trust, bytes) else trust.encode())
    config["trust_stores"]["plaid"] = {"file": str(bundle)}
    if served is not None:
        combined = tmp_path / "combined.pem"
        combined.write_bytes(served.encode())
        combined.chmod(0o600)
        for entry in config["listeners"][0]["tls"]["certificates"]:
            entry["certificate"] = str(combined)
            entry["key"] = str(key or combined)
    return config


def check(config, tmp_path):
    config["listeners"][0]["address"] = "127.0.0.1:8443"
    file = tmp_path / "checked.yaml"
    file.write_text(json.dumps(config).replace("null", "{}"))
    checked, run = sallyport("check", "-c", file), None
    if checked.returncode:
        run = sallyport("run", "-c", file)
        assert run.returncode == 1
        assert run.stderr.splitlines() == checked.stderr.splitlines()[:-1]
    return checked


# ---- bundles of CAs

@pytest.mark.parametrize("change", [
    lambda text: "\ufeff" + text,
    lambda text: text.replace("\n", "\r\n"),
    lambda text: "# partners of 2026\n\n" + text.replace(BEGIN, "subject= /CN=Partner\n" + BEGIN),
    lambda text: PARAMETERS + text,
    lambda text: text.replace(" CERTIFICATE", " X509 CERTIFICATE"),
    lambda text: text.replace(" CERTIFICATE", " TRUSTED CERTIFICATE"),
], ids=["byte-order-mark", "crlf", "comments", "parameters", "x509-label", "trusted-label"])
def test_a_bundle_trusts_all_its_authorities(make_own_gateway, pki, upstream, authorities, tmp_path,
                                             change):
    text = change(text_of(*(authority.certificate for authority in authorities)))
    config = configured(pki, upstream.server, tmp_path, text)
    said = check(config, tmp_path)
    assert said.returncode == 0, said.stderr
    assert "bundle.pem: took 2 certificates" in said.stderr
    gateway = make_own_gateway(config)
    for authority in authorities:
        assert status_of(gateway, authority.folder / "client.pem") == 200


@pytest.mark.parametrize("change, line, what", [
    (lambda text: re.sub("(?m)^", "  ", text), 1, "white space before -----BEGIN"),
    (lambda text: text.rstrip("\n") + text, None, "holds both -----BEGIN and -----END"),
    (lambda text: text + "\ufeff" + text, None, "byte order mark"),
    (lambda text: text.replace("\n", "\\n"), 1, "line breaks written as"),
    (lambda text: text.replace("-----", "----", 1), 1, "looks like the beginning"),
    (lambda text: text.replace("-----", "\u2014\u2014-", 2), 1, "looks like the beginning"),
    (lambda text: text.replace("BEGIN", "Begin"), 1, "looks like the beginning"),
    (lambda text: text.split("\n", 1)[1], None, "ends a block that has no beginning"),
    (lambda text: text[:-30], None, "cut short"),
    (lambda text: text.replace("CERTIFICATE", "PKCS7"), None, "openssl pkcs7 -print_certs"),
], ids=["indented", "joined", "mark-inside", "escaped", "four-dashes", "other-dashes", "lower-case",
        "no-begin", "cut", "pkcs7"])
def test_a_misread_block_is_an_error_with_its_place(pki, authorities, tmp_path, change, line, what):
    one, two = (authority.certificate.read_text() for authority in authorities)
    said = check(configured(pki, "127.0.0.1:1", tmp_path, two + change(one)), tmp_path)
    assert said.returncode == 1, "half a bundle is taken for the whole"
    assert f"{tmp_path}/bundle.pem: line " in said.stderr and what in said.stderr, said.stderr
    if line:
        assert f"line {len(two.splitlines()) + line} " in said.stderr


def test_what_other_programs_wrote_in_two_octets_a_character_is_refused(pki, authorities, tmp_path):
    one, two = (authority.certificate.read_text() for authority in authorities)
    for text in (one.encode("utf-16"), one.encode() + two.encode("utf-16-le")):
        said = check(configured(pki, "127.0.0.1:1", tmp_path, text), tmp_path)
        assert said.returncode == 1 and "UTF-16" in said.stderr, said.stderr


def test_a_private_key_among_trusted_certificates_is_an_error(pki, authorities, tmp_path):
    text = text_of(authorities[0].certificate, authorities[0].key)
    said = check(configured(pki, "127.0.0.1:1", tmp_path, text), tmp_path)
    assert said.returncode == 1 and "is a private key" in said.stderr, said.stderr


def test_restrictions_of_openssl_are_not_overlooked(pki, authorities, tmp_path):
    text = openssl("x509", "-in", authorities[0].certificate, "-addreject", "clientAuth", "-trustout")
    said = check(configured(pki, "127.0.0.1:1", tmp_path, text), tmp_path)
    assert said.returncode == 1 and "says what it may be trusted for" in said.stderr, said.stderr


# ---- served certificates

@pytest.mark.parametrize("layout", ["chain-key", "key-chain", "parameters", "crlf", "traditional"])
def test_one_file_of_chain_and_key_is_served(make_own_gateway, pki, upstream, authorities, tmp_path,
                                             layout):
    chain, key = pki.certificate("server").read_text(), pki.key("server").read_text()
    if layout == "traditional":
        key = openssl("pkey", "-traditional", "-in", pki.key("server")).decode()
    text = {"chain-key": chain + key, "key-chain": key + chain}.get(layout, PARAMETERS + key + chain)
    if layout == "crlf":
        text = text.replace("\n", "\r\n")
    trusted = authorities[0].certificate.read_text()
    config = configured(pki, upstream.server, tmp_path, trusted, served=text)
    said = check(config, tmp_path)
    assert said.returncode == 0, said.stderr
    assert "PRIVATE KEY (line " in said.stderr and "took 1 private key; skipped" in said.stderr
    gateway = make_own_gateway(config)
    assert status_of(gateway, authorities[0].folder / "client.pem") == 200


def test_an_encrypted_key_is_refused_with_what_to_do(pki, authorities, tmp_path):
    for form in ([], ["-traditional"]):
        key = openssl("pkey", *form, "-aes128", "-passout", "pass:secret", "-in", pki.key("server"))
        text = pki.certificate("server").read_text() + key.decode()
        config = configured(pki, "127.0.0.1:1", tmp_path, authorities[0].certificate.read_text(),
                            served=text)
        said = check(config, tmp_path)
        assert said.returncode == 1 and "is encrypted; decrypt it" in said.stderr, said.stderr


# ---- revocation lists

def test_several_lists_of_one_file_all_count(make_own_gateway, pki, upstream, tmp_path):
    both = [Authority(tmp_path / name, f"/CN=Listed CA {name}") for name in ("one", "two")]
    lists = ""
    for authority in both:
        authority.issue("client", "client.example")
        authority.issue("gone", "gone.example")
        authority.revoke("gone")
        lists += authority.crl(tmp_path / f"{authority.folder.name}.crl").read_text()
    config = configured(pki, upstream.server, tmp_path, text_of(*(a.certificate for a in both)))
    file = tmp_path / "lists.pem"
    file.write_text(text_of(*(a.certificate for a in both)) + lists)
    config["trust_stores"]["plaid"]["crl"] = {"files": [str(file)]}
    said = check(config, tmp_path)
    assert "lists.pem: took 2 revocation lists; skipped CERTIFICATE (line 1)" in said.stderr
    gateway = make_own_gateway(config)
    for authority in both:
        assert status_of(gateway, authority.folder / "client.pem") == 200
        assert status_of(gateway, authority.folder / "gone.pem") is None


# ---- certificates that the TLS library refuses

def issue_with(authority, name, key, usage):
    pem = authority.issue(name, f"{name}.example", key=key)
    authority.sign(authority.folder / f"{name}.key", f"/O=Partner/CN={name}.example", pem,
                   ["basicConstraints=critical,CA:false", f"keyUsage=critical,{usage}"], -1, 30,
                   by=authority)
    return pem


def test_a_certificate_that_the_library_refuses_is_named(make_own_gateway, pki, upstream, tmp_path):
    authority = Authority(tmp_path / "ca", "/O=Partner/CN=Partner CA")
    config = configured(pki, upstream.server, tmp_path, authority.certificate.read_text())
    gateway = make_own_gateway(config)
    pem = issue_with(authority, "encipher", ("RSA", "rsa_keygen_bits:2048"), "keyEncipherment")
    line = refusal(gateway, pem)
    assert line["deny"]["reason"] == "certificate.wrong_purpose", line
    assert line["cert"]["subject"] == "CN=encipher.example,O=Partner"
    assert line["cert"]["issuer"] == "CN=Partner CA,O=Partner"
    assert "digitalSignature" in line["deny"]["evidence"]
    pem = issue_with(authority, "odd", ("EC", "ec_paramgen_curve:secp256k1"), "digitalSignature")
    subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-tls1_2",
                    "-servername", settings.API, "-cert", pem, "-key", pem.with_suffix(".key")],
                   input=b"", capture_output=True, timeout=20)
    line = gateway.log_line("the refusal", lambda line: line["event"] == "handshake_failed"
                            and line.get("cert", {}).get("subject") == "CN=odd.example,O=Partner")
    assert line["deny"]["reason"] == "certificate.weak_key", line
