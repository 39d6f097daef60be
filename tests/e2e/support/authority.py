"""A certificate authority on `openssl`: leaves and lists with whatever a test needs in them."""
import datetime
import shutil
import ssl
import subprocess

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

CONFIG = """
[ca]
default_ca = here
[here]
database = {folder}/index.txt
crlnumber = {folder}/crlnumber
rand_serial = yes
policy = anything
unique_subject = no
default_md = {digest}
[anything]
organizationName = optional
commonName = optional
"""


def openssl(*words, **more):
    ended = subprocess.run(["openssl", *(str(word) for word in words)], capture_output=True,
                           timeout=60, **more)
    assert ended.returncode == 0, ended.stderr.decode(errors="replace")
    return ended.stdout


def utc(days):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return moment.strftime("%Y%m%d%H%M%SZ")


def new_key(file, algorithm="EC", option="ec_paramgen_curve:P-256"):
    options = ["-pkeyopt", option] if option else []
    openssl("genpkey", "-quiet", "-algorithm", algorithm, *options, "-out", file)


class Authority:
    """`folder` gets ca.pem, ca.key and what is issued, each as NAME.pem and NAME.key."""

    def __init__(self, folder, subject="/O=Plaid/CN=Plaid Client CA", issuer=None, start=-1,
                 end=60, extensions=(), key=("EC", "ec_paramgen_curve:P-256"), key_file=None):
        folder.mkdir(parents=True)
        self.folder, self.issuer = folder, issuer
        self.certificate, self.key = folder / "ca.pem", folder / "ca.key"
        (folder / "index.txt").touch()
        (folder / "crlnumber").write_text("01\n")
        if key_file:
            shutil.copy(key_file, self.key)
        else:
            new_key(self.key, *key)
        lines = ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign,cRLSign",
                 "subjectKeyIdentifier=hash", *extensions]
        self.sign(self.key, subject, self.certificate, lines, start, end, by=issuer or self,
                  self_signed=issuer is None)

    def renamed(self, folder, subject):
        """A root of another name with the same key."""
        return Authority(folder, subject, key_file=self.key)

    def sign(self, key, subject, to, extensions, start, end, by, self_signed=False,
             digest="sha256"):
        request, text = to.with_suffix(".csr"), to.with_suffix(".ext")
        openssl("req", "-new", "-key", key, "-subj", subject, "-out", request)
        text.write_text("\n".join(extensions) + "\n")
        issuer = ["-selfsign"] if self_signed else ["-cert", by.certificate]
        openssl("ca", "-batch", "-notext", "-config", by.config(digest), "-keyfile", by.key,
                *issuer, "-outdir", by.folder, "-in", request, "-extfile", text,
                "-startdate", utc(start), "-enddate", utc(end), "-out", to)

    def config(self, digest="sha256"):
        file = self.folder / "openssl.cnf"
        file.write_text(CONFIG.format(folder=self.folder, digest=digest))
        return file

    def issue(self, name, common_name="plaid-mtls-demo.plaid.com", usage="clientAuth", start=-1,
              end=30, alt_name=None, digest="sha256", key=("EC", "ec_paramgen_curve:P-256"), more=()):
        """The chain (without the root) in NAME.pem, the key in NAME.key; returns NAME.pem."""
        new_key(self.folder / f"{name}.key", *key)
        file = self.folder / f"{name}.pem"
        extensions = ["basicConstraints=critical,CA:false", "keyUsage=critical,digitalSignature",
                      f"extendedKeyUsage={usage}",
                      f"subjectAltName={alt_name or 'DNS:' + common_name}", *more]
        self.sign(self.folder / f"{name}.key", f"/O=Plaid/CN={common_name}", file, extensions,
                  start, end, by=self, digest=digest)
        authority = self
        while authority.issuer:
            file.write_text(file.read_text() + authority.certificate.read_text())
            authority = authority.issuer
        return file

    def revoke(self, name):
        leaf = self.folder / "revoked.pem"
        openssl("x509", "-in", self.folder / f"{name}.pem", "-out", leaf)
        openssl("ca", "-config", self.config(), "-cert", self.certificate, "-keyfile", self.key,
                "-revoke", leaf)

    def revoke_numbers(self, count, first=0):
        """As many serial numbers of nobody."""
        rows = "".join(f"R\t301231235959Z\t260101000000Z\t{0x7000000000000000 + n:X}\tunknown\t/CN=x\n"
                       for n in range(first, first + count))
        with open(self.folder / "index.txt", "a") as index:
            index.write(rows)

    def crl(self, to, start=-1, end=7, extensions=(), options=()):
        """The list as it stands, renamed into place."""
        half, config = to.with_suffix(".new"), self.config()
        with open(config, "a") as file:
            file.write("\n".join(["[list]", "authorityKeyIdentifier=keyid", *extensions, ""]))
        openssl("ca", "-gencrl", "-config", config, "-cert", self.certificate, "-crlexts", "list",
                "-keyfile", self.key, "-crl_lastupdate", utc(start), "-crl_nextupdate", utc(end),
                *options, "-out", half)
        half.rename(to)
        return to


def sha256_of(pem):
    der = openssl("x509", "-in", pem, "-outform", "DER")
    return openssl("dgst", "-sha256", "-r", input=der).split()[0].decode()


def key_sha256_of(pem):
    public = openssl("x509", "-in", pem, "-pubkey", "-noout")
    der = openssl("pkey", "-pubin", "-outform", "DER", input=public)
    return openssl("dgst", "-sha256", "-r", input=der).split()[0].decode()


def serial_of(pem):
    """As the log has it."""
    return openssl("x509", "-in", pem, "-noout", "-serial").decode().strip().split("=")[1].lower()


ORDER_OF_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551


def element(octets, at):
    """Where the content of the DER element at `at` begins, and where it ends."""
    size, content = octets[at + 1], at + 2
    if size & 0x80:
        content += size & 0x7f
        size = int.from_bytes(octets[at + 2:content], "big")
    return content, content + size


def wrap(tag, content):
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def twin_der(der):
    """The same certificate with the other signature that its CA's P-256 key verifies: (r, n - s)."""
    start, _ = element(der, 0)
    signed_end = element(der, start)[1]
    signature = element(der, signed_end)[1]
    content, end = element(der, signature)
    r, s = decode_dss_signature(der[content + 1:end])
    other = encode_dss_signature(r, ORDER_OF_P256 - s)
    return wrap(0x30, der[start:signature] + wrap(3, b"\0" + other))


def twin_of(pem):
    """NAME-twin.pem of NAME.pem, its chain the same, and its key beside it."""
    file = pem.with_name(pem.stem + "-twin.pem")
    leaf, end, chain = pem.read_text().partition("-----END CERTIFICATE-----\n")
    file.write_text(ssl.DER_cert_to_PEM_cert(twin_der(ssl.PEM_cert_to_DER_cert(leaf + end))) + chain)
    shutil.copy(pem.with_suffix(".key"), file.with_suffix(".key"))
    return file
