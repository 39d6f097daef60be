"""Makes certificates and revocation lists, good ones and every kind of other one, in memory."""
import dataclasses
import datetime
import functools
import itertools

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.utcnow().replace(microsecond=0)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
SERIALS = itertools.count(0x1001)
UNKNOWN_EXTENSION = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")


def days(count):
    return NOW + datetime.timedelta(days=count)


def new_key(kind="P-256"):
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind.startswith("RSA-"):
        return rsa_key(int(kind[4:]))
    return ec.generate_private_key({"P-224": ec.SECP224R1, "P-256": ec.SECP256R1, "P-384": ec.SECP384R1,
                                    "P-521": ec.SECP521R1, "K-256": ec.SECP256K1}[kind]())


@functools.lru_cache
def rsa_key(bits):
    return rsa.generate_private_key(65537, bits)


def name(text):
    """CN=a,O=b in that order; a text without = is a CN."""
    kinds = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME}
    parts = [part.split("=", 1) if "=" in part else ("CN", part) for part in text.split(",") if part]
    return x509.Name([x509.NameAttribute(kinds[kind], value) for kind, value in parts])


@dataclasses.dataclass
class Made:
    certificate: x509.Certificate
    key: object

    @property
    def pem(self):
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def subject(self):
        return self.certificate.subject

    @property
    def serial(self):
        return self.certificate.serial_number


def key_usage(*bits):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{bit: bit in bits for bit in names})


def constraints(permitted=(), excluded=()):
    return x509.NameConstraints(list(permitted) or None, list(excluded) or None)


def key_id(key):
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest


def authority(issuer_key, aki):
    """True: of the key. Octets: those. A number: issuer and serial as well, with the right key."""
    if isinstance(aki, bytes):
        return x509.AuthorityKeyIdentifier(aki, None, None)
    issuer, number = (aki if isinstance(aki, tuple) else (None, None))
    names = [x509.DirectoryName(issuer)] if issuer else None
    return x509.AuthorityKeyIdentifier(key_id(issuer_key), names, number)


def make(subject, by=None, key=None, kind="P-256", ca=False, path_length=None, usage=None, purposes=(),
         names=(), ski=True, aki=True, start=-1, end=30, digest=hashes.SHA256(), limits=None,
         unknown=None, issuer=None):
    """A certificate signed by `by`, or by its own key. `unknown` is whether an extension that nobody
    knows is critical; None: there is none. `issuer` is the name to write there when it is another."""
    key = key or new_key(kind)
    signer = by.key if by else key
    builder = (x509.CertificateBuilder().subject_name(name(subject))
               .issuer_name(name(issuer) if issuer else by.subject if by else name(subject))
               .public_key(key.public_key()).serial_number(next(SERIALS))
               .not_valid_before(days(start)).not_valid_after(days(end)))
    extensions = [(x509.BasicConstraints(ca, path_length if ca else None), True)] if ca is not None else []
    if usage is None and ca:
        usage = ("key_cert_sign", "crl_sign")
    if usage:
        extensions.append((key_usage(*usage), True))
    if purposes:
        extensions.append((x509.ExtendedKeyUsage(purposes), False))
    if names:
        extensions.append((x509.SubjectAlternativeName(names), not subject))
    if limits:
        extensions.append((limits, True))
    if ski:
        extensions.append((x509.SubjectKeyIdentifier(ski if isinstance(ski, bytes) else key_id(key)), False))
    if aki and by:
        extensions.append((authority(by.key, aki), False))
    if unknown is not None:
        extensions.append((UNKNOWN_EXTENSION, unknown))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else digest
    return Made(builder.sign(signer, digest), key)


def authority_of(subject="Root", by=None, **more):
    return make(subject, by, ca=True, **more)


def client(by, subject="client", **more):
    return make(subject, by, **({"purposes": [CLIENT]} | more))


def spoilt(made):
    """The same with another last octet: of the signature."""
    der = bytearray(made.certificate.public_bytes(Encoding.DER))
    der[-1] ^= 1
    return Made(x509.load_der_x509_certificate(bytes(der)), made.key)


def revocation_list(by, revoked=(), start=-1, end=7, key=None, number=1, delta=None, scope=None):
    """`scope` names what an issuingDistributionPoint says, such as only_contains_user_certs."""
    builder = (x509.CertificateRevocationListBuilder().issuer_name(by.subject)
               .last_update(days(start)).next_update(days(end))
               .add_extension(x509.CRLNumber(number), False)
               .add_extension(authority((key or by.key), True), False))
    if delta is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(delta), True)
    if scope is not None:
        said = dict(full_name=None, relative_name=None, only_contains_user_certs=False,
                    only_contains_ca_certs=False, only_some_reasons=None, indirect_crl=False,
                    only_contains_attribute_certs=False)
        builder = builder.add_extension(x509.IssuingDistributionPoint(**{**said, scope: True}), True)
    for made in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(made.serial).revocation_date(days(-1)).build())
    return builder.sign(key or by.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
