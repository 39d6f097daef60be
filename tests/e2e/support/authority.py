"""A certificate authority on `openssl`: leaves and lists with whatever a test needs in them."""
import datetime
import subprocess

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
    openssl("genpkey", "-quiet", "-algorithm", algorithm, "-pkeyopt", option, "-out", file)


class Authority:
    """`folder` gets ca.pem, ca.key and what is issued, each as NAME.pem and NAME.key."""

    def __init__(self, folder, subject="/O=Plaid/CN=Plaid Client CA", issuer=None, start=-1,
                 end=60, extensions=()):
        folder.mkdir(parents=True)
        self.folder, self.issuer = folder, issuer
        self.certificate, self.key = folder / "ca.pem", folder / "ca.key"
        (folder / "index.txt").touch()
        (folder / "crlnumber").write_text("01\n")
        new_key(self.key)
        lines = ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign,cRLSign",
                 "subjectKeyIdentifier=hash", *extensions]
        self.sign(self.key, subject, self.certificate, lines, start, end, by=issuer or self,
                  self_signed=issuer is None)

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
              end=30, alt_name=None, digest="sha256", key=("EC", "ec_paramgen_curve:P-256")):
        """The chain (without the root) in NAME.pem, the key in NAME.key; returns NAME.pem."""
        new_key(self.folder / f"{name}.key", *key)
        file = self.folder / f"{name}.pem"
        extensions = ["basicConstraints=critical,CA:false", "keyUsage=critical,digitalSignature",
                      f"extendedKeyUsage={usage}",
                      f"subjectAltName={alt_name or 'DNS:' + common_name}"]
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

    def revoke_numbers(self, count):
        """As many serial numbers of nobody."""
        rows = "".join(f"R\t301231235959Z\t260101000000Z\t{0x7000000000000000 + n:X}\tunknown\t/CN=x\n"
                       for n in range(count))
        with open(self.folder / "index.txt", "a") as index:
            index.write(rows)

    def crl(self, to, start=-1, end=7):
        """The list as it stands, renamed into place."""
        half = to.with_suffix(".new")
        openssl("ca", "-gencrl", "-config", self.config(), "-cert", self.certificate,
                "-keyfile", self.key, "-crl_lastupdate", utc(start), "-crl_nextupdate", utc(end),
                "-out", half)
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
