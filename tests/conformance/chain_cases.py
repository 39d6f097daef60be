"""The chains and lists that `chains` asks about: what each is, what the gateway says of it, and why it
says something else than openssl where it does."""
import dataclasses
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from chain_maker import (CLIENT, SERVER, authority_of, client, constraints, make, new_key,
                         revocation_list, spoilt)

HOST = "api.bank.example"
CASES = {}


@dataclasses.dataclass
class Case:
    anchors: list
    chain: list
    says: str = "accepted"  # or the reason; "unusable" where the store cannot be made
    host: str = "-"
    lists: tuple = ()
    differs: str = ""  # why openssl says something else


def case(function):
    CASES[function.__name__.replace("_", " ")] = function
    return function


def family(what, variants):
    """One case for each variant; `make_case` makes it of the variant's words."""
    def add(make_case):
        for label, words in variants.items():
            CASES[f"{what}: {label}"] = lambda words=words: make_case(**words)
        return make_case
    return add


def dns(*names):
    return [x509.DNSName(one) for one in names]


# ---- keys and digests

@family("key of the client", {
    "P-256": {"kind": "P-256"}, "P-384": {"kind": "P-384"}, "P-521": {"kind": "P-521"},
    "Ed25519": {"kind": "Ed25519"}, "RSA 2048": {"kind": "RSA-2048"}, "RSA 3072": {"kind": "RSA-3072"},
    "RSA 1024": {"kind": "RSA-1024", "says": "weak_key"},
    "P-224": {"kind": "P-224", "says": "weak_key", "differs":
              "TLS 1.3 has no smaller curve than P-256; 112 bits are enough for openssl's level 2"},
    "secp256k1": {"kind": "K-256", "says": "weak_key", "differs":
                  "the curve is none of those that TLS has; openssl asks for 112 bits of any"}})
def _key_of_client(kind, **more):
    root = authority_of()
    return Case([root], [client(root, kind=kind)], **more)


@family("key of the CA", {
    "P-384": {"kind": "P-384"}, "P-521": {"kind": "P-521"}, "Ed25519": {"kind": "Ed25519"},
    "RSA 2048": {"kind": "RSA-2048"}, "RSA 1024": {"kind": "RSA-1024", "says": "weak_key"}})
def _key_of_ca(kind, **more):
    root = authority_of(kind=kind)
    return Case([root], [client(root)], **more)


@family("digest", {
    "SHA-384": {"digest": hashes.SHA384()}, "SHA-512": {"digest": hashes.SHA512()},
    "SHA-1": {"digest": hashes.SHA1(), "says": "weak_signature"},
    "SHA-224": {"digest": hashes.SHA224(), "says": "weak_signature", "differs":
                "112 bits are enough for openssl's level 2; no CA that means well signs with SHA-224"}})
def _digest(digest, **more):
    root = authority_of(kind="RSA-2048")
    return Case([root], [client(root, digest=digest)], **more)


@case
def anchor_signed_with_SHA_1():
    root = authority_of(kind="RSA-2048", digest=hashes.SHA1())
    return Case([root], [client(root)])


# ---- dates

@family("dates", {
    "expired": {"start": -9, "end": -1, "says": "expired"},
    "not yet valid": {"start": 1, "says": "not_yet_valid"}})
def _dates(says, **dates):
    root = authority_of()
    return Case([root], [client(root, **dates)], says)


@case
def expired_intermediate():
    root = authority_of()
    between = authority_of("Between", root, start=-9, end=-1)
    return Case([root], [client(between), between], "expired")


@case
def expired_root():
    root = authority_of(start=-9, end=-1)
    return Case([root], [client(root)], "expired")


@case
def renewed_root_beside_the_expired_one():
    key = new_key()
    old, new = authority_of(key=key, start=-90, end=-1), authority_of(key=key)
    return Case([old, new], [client(old)])


# ---- purposes and usages

@family("purpose of the client", {
    "none": {"purposes": []}, "both": {"purposes": [CLIENT, SERVER]},
    "server": {"purposes": [SERVER], "says": "wrong_purpose"},
    "code signing": {"purposes": [x509.oid.ExtendedKeyUsageOID.CODE_SIGNING], "says": "wrong_purpose"},
    "any": {"purposes": [x509.oid.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], "says": "wrong_purpose"}})
def _purpose(purposes, **more):
    root = authority_of()
    return Case([root], [client(root, purposes=purposes)], **more)


@family("purpose of the CA", {
    "client": {"purposes": [CLIENT]}, "server": {"purposes": [SERVER], "says": "wrong_purpose"}})
def _purpose_of_ca(purposes, **more):
    root = authority_of()
    between = authority_of("Between", root, purposes=purposes)
    return Case([root], [client(between), between], **more)


@case
def purpose_of_the_anchor_server():
    root = authority_of(purposes=[SERVER])
    return Case([root], [client(root)], "wrong_purpose")


@family("usage of the client", {
    "digitalSignature": {"usage": ["digital_signature"]},
    "keyAgreement": {"usage": ["key_agreement"]},
    "keyEncipherment": {"usage": ["key_encipherment"], "says": "wrong_purpose"},
    "cRLSign": {"usage": ["crl_sign"], "says": "wrong_purpose"}})
def _usage(usage, **more):
    root = authority_of()
    return Case([root], [client(root, usage=usage)], **more)


@case
def intermediate_without_keyCertSign():
    root = authority_of()
    between = authority_of("Between", root, usage=["digital_signature"])
    return Case([root], [client(between), between], "unknown_issuer")


@case
def anchor_without_keyCertSign():
    root = authority_of(usage=["crl_sign"])
    return Case([root], [client(root)], "unusable")


@case
def anchor_without_usage():
    root = authority_of(usage=[])
    return Case([root], [client(root)])


# ---- CAs and their limits

@family("intermediate that is no CA", {
    "by basicConstraints": {"ca": False}, "without basicConstraints": {"ca": None}})
def _no_ca(ca):
    root = authority_of()
    between = make("Between", root, ca=ca)
    return Case([root], [client(between), between], "invalid_issuer")


@family("path length", {
    "0 of an intermediate, kept": {"limit": 0, "below": 0},
    "0 of an intermediate, broken": {"limit": 0, "below": 1, "says": "invalid_issuer"},
    "1 of an intermediate, kept": {"limit": 1, "below": 1},
    "1 of an intermediate, broken": {"limit": 1, "below": 2, "says": "invalid_issuer"},
    "0 of the anchor, broken": {"limit": None, "anchor": 0, "below": 0, "says": "invalid_issuer"},
    "1 of the anchor, kept": {"limit": None, "anchor": 1, "below": 0}})
def _path_length(limit, below, anchor=None, **more):
    root = authority_of(path_length=anchor)
    issuers = [authority_of("Between", root, path_length=limit)]
    for number in range(below):
        issuers.insert(0, authority_of(f"Below {number}", issuers[0]))
    return Case([root], [client(issuers[0]), *issuers], **more)


@family("depth", {
    "5 issuers": {"count": 4}, "6 issuers": {"count": 5, "says": "chain_too_long", "differs":
                                             "we look at five issuers; openssl at a hundred"}})
def _depth(count, **more):
    root = authority_of()
    issuers = [root]
    for number in range(count):
        issuers.insert(0, authority_of(f"CA {number}", issuers[0]))
    return Case([root], [client(issuers[0]), *issuers[:-1]], **more)


@family("critical extension that nobody knows", {
    "in the leaf": {"where": 0, "says": "malformed"},
    "in the intermediate": {"where": 1, "says": "malformed"},
    "in the anchor": {"where": 2, "says": "malformed"},
    "not critical": {"where": 0, "critical": False}})
def _unknown(where, critical=True, **more):
    unknown = [critical if place == where else None for place in range(3)]
    root = authority_of(unknown=unknown[2])
    between = authority_of("Between", root, unknown=unknown[1])
    return Case([root], [client(between, unknown=unknown[0]), between], **more)


# ---- ways

@case
def anchor_that_is_an_intermediate():
    between = authority_of("Between", authority_of())
    return Case([between], [client(between)])


@case
def anchor_that_is_the_client_itself():
    own = make("self", ca=True, usage=[])
    return Case([own], [own])


@case
def client_that_signed_itself():
    return Case([authority_of()], [make("self", purposes=[CLIENT])], "unknown_issuer")


@case
def missing_intermediate():
    root = authority_of()
    return Case([root], [client(authority_of("Between", root))], "unknown_issuer")


@case
def issuers_in_the_wrong_order_with_a_stranger_and_the_root():
    root, stranger = authority_of(), authority_of("Stranger")
    upper = authority_of("Upper", root)
    lower = authority_of("Lower", upper)
    return Case([root], [client(lower), root, stranger, upper, lower])


@case
def stranger():
    return Case([authority_of()], [client(authority_of("Stranger"))], "unknown_issuer")


@family("another CA of the name", {
    "with key identifiers": {"identified": True, "says": "unknown_issuer"},
    "without": {"identified": False, "says": "bad_signature"}})
def _namesake(identified, says):
    root, other = authority_of(ski=identified), authority_of(ski=identified)
    return Case([root], [client(other, aki=identified)], says)


TWO_KEYS = ("RFC 4158: openssl takes one issuer by name and does not look for another when the signature "
            "does not hold")


@family("two anchors of one name", {
    "client of the first": {"which": 0}, "client of the second": {"which": 1, "differs": TWO_KEYS},
    "client of the second, with key identifiers": {"which": 1, "identified": True},
    "client of neither": {"which": 2, "says": "bad_signature"}})
def _two_anchors(which, identified=False, **more):
    cas = [authority_of(ski=identified) for _ in range(3)]
    return Case(cas[:2], [client(cas[which], aki=identified)], **more)


@family("re-keyed intermediate", {
    "client of the first sent": {"which": 0}, "of the second sent": {"which": 1, "differs": TWO_KEYS},
    "of the second sent, with key identifiers": {"which": 1, "identified": True}})
def _rekeyed(which, identified=False, **more):
    root = authority_of()
    both = [authority_of("Issuing", root, ski=True) for _ in range(2)]
    return Case([root], [client(both[which], aki=identified), *both], **more)


HINT = "RFC 5280 4.2.1.1: the identifier helps to find an issuer; openssl takes no other CA than it names"


@case
def identifier_with_the_serial_of_the_CA_before_its_renewal():
    key = new_key()
    old, new = authority_of(key=key), authority_of(key=key)
    leaf = client(new, aki=(old.subject, old.serial))
    return Case([new], [leaf], differs=HINT)


@case
def identifier_of_another_key():
    root = authority_of()
    return Case([root], [client(root, aki=b"another key")], differs=HINT)


@case
def cross_signed_way_to_the_old_root():
    old, new = authority_of("Old"), authority_of("New")
    bridge = authority_of("New", old, key=new.key)
    between = authority_of("Between", new)
    return Case([old], [client(between), between, bridge])


@case
def expired_cross_signed_way_beside_a_good_one():
    old, new = authority_of("Old"), authority_of("New")
    late = authority_of("New", old, key=new.key, start=-9, end=-1)
    good = authority_of("New", old, key=new.key)
    between = authority_of("Between", new)
    return Case([old], [client(between), between, late, good])


@family("spoilt signature", {"of the leaf": {"where": 0}, "of the intermediate": {"where": 1}})
def _spoilt(where):
    root = authority_of()
    between = authority_of("Between", root)
    chain = [client(between), between]
    chain[where] = spoilt(chain[where])
    return Case([root], chain, "bad_signature")


# ---- name constraints

def _limited(leaf_names=(), common_name="client", permitted=("partner.example",), excluded=(), at_anchor=False,
             **more):
    limits = constraints(dns(*permitted), dns(*excluded))
    root = authority_of(limits=limits if at_anchor else None)
    between = authority_of("Between", root, limits=None if at_anchor else limits)
    return Case([root], [client(between, common_name, names=list(leaf_names)), between], **more)


URI = [x509.UniformResourceIdentifier("urn:x")]
NO_DNS_NAME = ("the CN decides who the client is, so its form as a DNS name is enough to hold it to the "
               "constraints; openssl asks for its own form of one")

family("name constraints", {
    "DNS name inside": {"leaf_names": dns("a.partner.example")},
    "DNS name that is the base": {"leaf_names": dns("partner.example")},
    "DNS name outside": {"leaf_names": dns("plaid.com"), "says": "invalid_issuer"},
    "one inside, one outside": {"leaf_names": dns("a.partner.example", "plaid.com"),
                                "says": "invalid_issuer"},
    "DNS name excluded": {"permitted": (), "excluded": ("plaid.com",), "leaf_names": dns("a.plaid.com"),
                          "says": "invalid_issuer"},
    "DNS name beside the excluded": {"permitted": (), "excluded": ("plaid.com",),
                                     "leaf_names": dns("notplaid.com")},
    "of the anchor": {"leaf_names": dns("plaid.com"), "at_anchor": True, "says": "invalid_issuer"},
    "CN inside, no names": {"common_name": "a.partner.example"},
    "CN outside, no names": {"common_name": "a.plaid.com", "says": "invalid_issuer"},
    "CN outside, a URI": {"common_name": "a.plaid.com", "leaf_names": URI, "says": "invalid_issuer"},
    "CN outside, an address": {"common_name": "a.plaid.com", "says": "invalid_issuer", "leaf_names":
                               [x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]},
    "CN excluded, a URI": {"permitted": (), "excluded": ("plaid.com",), "common_name": "a.plaid.com",
                           "leaf_names": URI, "says": "invalid_issuer"},
    "CN outside, DNS name inside": {"common_name": "a.plaid.com", "leaf_names": dns("a.partner.example")},
    "CN outside with a leading hyphen": {"common_name": "-a.plaid.com", "says": "invalid_issuer",
                                         "differs": NO_DNS_NAME},
    "CN of another form": {"common_name": "Acme payments", "leaf_names": URI},
    "CN of one label": {"common_name": "acme", "leaf_names": URI}})(_limited)


# ---- servers

@family("server", {
    "its name": {"names": dns(HOST)}, "a wildcard": {"names": dns("*.bank.example")},
    "another name": {"names": dns("www.bank.example"), "says": "wrong_name"},
    "part of a label": {"names": dns("a*.bank.example"), "says": "wrong_name", "differs":
                        "RFC 9525 6.3: a wildcard is a whole label; openssl matches parts of one"},
    "name in the CN alone": {"names": (), "says": "wrong_name", "differs":
                             "RFC 9525 2: names are in subjectAltName; openssl falls back to the CN"},
    "NUL in the name": {"names": [x509.DNSName(f"{HOST}\0.evil.example")], "says": "wrong_name"}})
def _server(names, **more):
    root = authority_of()
    return Case([root], [make(HOST, root, purposes=[SERVER], names=names)], host=HOST, **more)


# ---- revocation lists

@case
def list_without_the_client():
    root = authority_of()
    return Case([root], [client(root)], lists=[revocation_list(root, [client(root)])])


@case
def list_with_the_client():
    root = authority_of()
    leaf = client(root)
    return Case([root], [leaf], "revoked", lists=[revocation_list(root, [leaf])])


@family("lists of two issuers", {
    "all good": {"revoked": None}, "client revoked": {"revoked": 0, "says": "revoked"},
    "intermediate revoked": {"revoked": 1, "says": "revoked"},
    "none of the intermediate": {"revoked": None, "without": 0, "says": "crl_absent"}})
def _two_lists(revoked, without=None, **more):
    root = authority_of()
    between = authority_of("Between", root)
    chain = [client(between), between]
    lists = [revocation_list(issuer, [chain[place]] if revoked == place else [])
             for place, issuer in enumerate((between, root))]
    if without is not None:
        del lists[without]
    return Case([root], chain, lists=lists, **more)


@case
def list_that_was_not_renewed():
    root = authority_of()
    return Case([root], [client(root)], "crl_expired", lists=[revocation_list(root, start=-9, end=-1)])


@case
def list_of_a_namesake():
    root, other = authority_of(), authority_of()
    return Case([root], [client(root)], "unusable", lists=[revocation_list(root, key=other.key)])


@case
def list_by_a_CA_that_may_sign_none():
    root = authority_of(usage=["key_cert_sign"])
    return Case([root], [client(root)], "unusable", lists=[revocation_list(root)])


@case
def delta_list_alone():
    root = authority_of()
    return Case([root], [client(root)], "unusable", lists=[revocation_list(root, delta=1)], differs=(
        "RFC 5280 5.2.4: it says what changed since another list; openssl takes it for a whole one"))


@case
def list_of_the_future():
    root = authority_of()
    return Case([root], [client(root)], "unusable", lists=[revocation_list(root, start=1)])


@case
def list_for_users_without_the_client():
    root = authority_of()
    lists = [revocation_list(root, scope="only_contains_user_certs")]
    return Case([root], [client(root)], lists=lists, differs=(
        "RFC 5280 6.1.3 asks for the status of what lies below the anchor; -crl_check_all asks for that of "
        "the anchor, too, which a list for users does not cover"))


@case
def list_for_users_with_the_client():
    root = authority_of()
    leaf = client(root)
    lists = [revocation_list(root, [leaf], scope="only_contains_user_certs")]
    return Case([root], [leaf], "revoked", lists=lists)


@case
def list_for_CAs():
    root = authority_of()
    lists = [revocation_list(root, scope="only_contains_ca_certs")]
    return Case([root], [client(root)], "crl_absent", lists=lists)


@case
def indirect_list():
    root = authority_of()
    return Case([root], [client(root)], "unusable", lists=[revocation_list(root, scope="indirect_crl")])
