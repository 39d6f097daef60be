"""The demo PKI, new for every run; certs/README.md says what is in it."""
import subprocess

from .places import ROOT


class Pki:
    def __init__(self, folder):
        subprocess.run([ROOT / "certs" / "make-demo-pki", folder], check=True, timeout=60)
        self.folder = folder
        self.server_ca = folder / "server-ca.pem"

    def certificate(self, name):
        return self.folder / f"{name}.pem"

    def key(self, name):
        return self.folder / f"{name}.key"

    def private_lines(self):
        """Lines of every private key, for tests that look for leaks."""
        for key in self.folder.glob("*.key"):
            yield from (line for line in key.read_text().splitlines() if len(line) > 32
                        and not line.startswith("-"))
