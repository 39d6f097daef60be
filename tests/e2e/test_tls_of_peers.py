"""Faults of other gateways in the handshake and in the choice of names, looked for here: names in other
spellings and under wildcards, hellos that do not fit into one packet, groups that nobody knows, names
with a NUL in them, old and new CAs side by side."""
import concurrent.futures
import contextlib
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from support import proxy_protocol as proxy
from support import settings
from support.authority import Authority, new_key
from support.hello import X25519, X25519MLKEM768, answer_to, client_hello
from support.http1 import Reader
from support.mutual import reason_of, status_of
from support.places import API, LOGIN
from support.s_client import s_client

STRICT, LAX = "a.strict.example", "a.lax.example"  # of wildcards, with and without certificates
ASKED = "Acceptable client certificate CA names"
HANDSHAKE_FAILURE = 40


def wildcards(pki, server):
    """Two names and two wildcards, of which one each asks for certificates."""
    config = settings.base(pki, raw=server)
    config["workers"] = 1
    entries = config["listeners"][0]["tls"]["certificates"]
    plain = {key: entries[1][key] for key in ("certificate", "key")}
    entries.append({"names": ["*.strict.example"], **plain, "client_certificates": "plaid"})
    entries.append({"names": ["*.lax.example"], **plain})
    config["routes"] = [
        settings.route("strict", ["/who"], "raw", hosts=[API, STRICT], policies={
            "client_cert": {"trust_store": "plaid", "identity": "partner"}, "headers": None}),
        settings.route("lax", ["/who"], "raw", hosts=[LOGIN, LAX], policies={"headers": None})]
    return config


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    return make_gateway(wildcards(pki, module_upstream.server))


def get(gateway, sni, host, certificate=None):
    """The status of a GET over HTTP/1.1; the server's certificate is not looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(gateway.pki.certificate(certificate), gateway.pki.key(certificate))
    raw = socket.create_connection(("127.0.0.1", gateway.port), timeout=20)
    with contextlib.closing(context.wrap_socket(raw, server_hostname=sni)) as tls:
        tls.sendall(f"GET /who HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        return Reader(tls).response().status


# ---- which entry a server name chooses (GHSA-9cr8-q42q-g8m7, GHSA-5r4w-85f3-pw66, caddy#7499)

@pytest.mark.parametrize("sni", [API, API.upper(), "aPi.BANK.example", STRICT, "A.Strict.EXAMPLE",
                                 "other.strict.example", "*.strict.example"])
def test_no_spelling_of_a_strict_name_goes_without_a_certificate(gateway, upstream, sni):
    assert ASKED in s_client(gateway, "-tls1_2", sni=sni).output
    if sni.lower() in (API, STRICT):
        assert get(gateway, sni, sni) == 403
    assert upstream.requests == []


@pytest.mark.parametrize("sni", ["a.b.strict.example", "strict.example",
                                 "a.strict.example.evil.example"])
def test_a_wildcard_stands_for_one_label(gateway, sni):
    session = s_client(gateway, "-tls1_2", sni=sni)
    assert not session.succeeded and session.alert == "unrecognized name"


@pytest.mark.parametrize("strict", [API, STRICT])
@pytest.mark.parametrize("lax", [LOGIN, LAX, "other.lax.example"])
def test_a_lax_server_name_opens_no_strict_host(gateway, upstream, lax, strict):
    for host in (strict, strict.upper(), f"{strict}:443"):
        assert get(gateway, lax, host) == 421, host
        assert get(gateway, lax.upper(), host) == 421, host
        assert get(gateway, lax, host, "client") == 421, host
    assert get(gateway, strict, lax, "client") in (404, 421)
    assert upstream.requests == []


@pytest.mark.parametrize("name", [API, STRICT])
def test_a_client_with_its_certificate_is_not_misdirected(gateway, upstream, name):
    for sni in (name, name.upper()):
        for host in (name, name.upper(), f"{name}:{gateway.port}"):
            assert get(gateway, sni, host, "client") == 200, (sni, host)


def test_two_names_of_one_wildcard_are_one_policy(gateway, upstream):
    assert get(gateway, "other.strict.example", STRICT, "client") == 200
    assert get(gateway, "other.lax.example", LAX) == 200


# ---- hellos (haproxy#3148, tldr.fail, ssllabs-scan#1009)

def large_hello():
    """As today's browsers send it: the key share of a group that we do not have, then one of ours."""
    hello = client_hello([X25519MLKEM768, X25519], [(X25519MLKEM768, 1216), (X25519, 32)])
    assert len(hello) > 1460
    return hello


def split_at_every(octets, step=1):
    return [(octets[:at], octets[at:]) for at in range(1, len(octets), step)]


def assert_all_answered(gateway, splits):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda pieces: answer_to(gateway, pieces, pause=0.003), splits))
    wrong = [len(pieces[0]) for pieces, answer in zip(splits, answers) if not answer.is_server_hello]
    assert not wrong, f"no ServerHello when split at {wrong[:20]}"


def test_a_hello_of_two_packets_may_be_split_anywhere(gateway):
    assert_all_answered(gateway, split_at_every(large_hello()))


def test_it_may_be_split_anywhere_behind_a_header_of_the_balancer(make_own_gateway, pki, upstream):
    config = wildcards(pki, upstream.server)
    config["listeners"][0]["proxy_protocol"] = {"from": ["127.0.0.0/30"], "timeout": "5s"}
    gateway = make_own_gateway(config)
    header = proxy.v2(more=proxy.tlv(0x02, API.encode()) + proxy.tlv(0xE0, b"x" * 200))
    octets = header + large_hello()
    around = [(octets[:at], octets[at:]) for at in range(1, len(header) + 64)]
    assert_all_answered(gateway, around + split_at_every(octets, step=7))


def test_a_hello_octet_by_octet_is_answered(gateway):
    hello = large_hello()
    assert answer_to(gateway, [bytes([octet]) for octet in hello]).is_server_hello


@pytest.mark.parametrize("groups, alert", [
    ([0x1234, X25519], None), ([X25519MLKEM768, 0x0A0A, X25519], None),
    ([0x1234], HANDSHAKE_FAILURE), ([0x0A0A, X25519MLKEM768], HANDSHAKE_FAILURE)])
def test_unknown_groups_are_passed_over(gateway, groups, alert):
    """TLS 1.2: with none that is known, the alert is the one for it (RFC 8422 5.1), and no other."""
    answer = answer_to(gateway, [client_hello(groups)])
    assert (answer.is_server_hello, answer.alert) == (alert is None, alert)


# ---- names with a NUL (Envoy CVE-2026-47778, CVE-2025-66220)

def with_nul(authority, name, common_name, dns_names):
    """A client certificate that openssl's command line would not make."""
    new_key(authority.folder / f"{name}.key")
    load = serialization.load_pem_private_key
    key, ca_key = (load(file.read_bytes(), None) for file in
                   (authority.folder / f"{name}.key", authority.key))
    ca = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    subject = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)]
    builder = (x509.CertificateBuilder().subject_name(x509.Name(subject)).issuer_name(ca.subject)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(ca.not_valid_before).not_valid_after(ca.not_valid_after))
    if dns_names:
        names = x509.SubjectAlternativeName([x509.DNSName(one) for one in dns_names])
        builder = builder.add_extension(names, False)
    file = authority.folder / f"{name}.pem"
    file.write_bytes(builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return file


GOOD = "plaid-mtls-demo.plaid.com"


@pytest.mark.parametrize("kind, common_name, dns_names", [
    ("dns_name", "x", [f"{GOOD}\0.evil.example"]), ("dns_name", "x", [f"{GOOD}\0"]),
    ("dns_name", "x", [f"evil.example\0{GOOD}"]), ("dns_name", "x", ["plaid-mtls-a\0.plaid.com"]),
    ("common_name", f"{GOOD}\0.evil.example", []), ("common_name", f"{GOOD}\0", [GOOD])])
def test_a_name_with_a_nul_is_no_prefix_of_itself(make_own_gateway, pki, upstream, tmp_path, kind,
                                                  common_name, dns_names):
    authority = Authority(tmp_path / "ca")
    config = wildcards(pki, upstream.server)
    config["trust_stores"]["plaid"] = {"entries": [
        {"ca": str(authority.certificate), "id": "ca",
         "identity": {"name": "plaid", kind: ["plaid-mtls-<shortname>.plaid.com"]}}]}
    gateway = make_own_gateway(config)
    assert status_of(gateway, authority.issue("good")) == 200
    pem = with_nul(authority, "nul", common_name, dns_names)
    assert reason_of(gateway, pem) == "identity_mismatch"


# ---- CAs that follow each other (ztunnel#1679)

@pytest.mark.parametrize("as_entries", [False, True])
@pytest.mark.parametrize("new_first", [False, True])
def test_old_and_new_root_of_one_name_count_in_either_order(make_own_gateway, pki, upstream, tmp_path,
                                                            as_entries, new_first):
    roots = [Authority(tmp_path / when) for when in ("old", "new")]
    clients = [root.issue("client") for root in roots]
    order = [roots[1], roots[0]] if new_first else roots
    config = wildcards(pki, upstream.server)
    if as_entries:
        store = {"entries": [{"ca": str(root.certificate), "id": root.folder.name} for root in order]}
    else:
        bundle = tmp_path / "bundle.pem"
        bundle.write_text("".join(root.certificate.read_text() for root in order))
        store = {"file": str(bundle)}
    config["trust_stores"]["plaid"] = store
    gateway = make_own_gateway(config)
    for pem in clients:
        assert status_of(gateway, pem) == 200
    stranger = Authority(tmp_path / "stranger").issue("client")
    assert reason_of(gateway, stranger) == "unknown_issuer"
