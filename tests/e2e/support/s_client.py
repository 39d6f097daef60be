"""openssl s_client: handshakes that no library does by accident."""
import re
import subprocess

from .places import API


class Session:
    def __init__(self, output):
        self.output = output

    def find(self, pattern):
        match = re.search(pattern, self.output, re.MULTILINE)
        return match[1] if match else None

    @property
    def version(self):
        return self.find(r"^(?:New|Reused), (TLSv[0-9.]+), ")

    @property
    def cipher(self):
        return self.find(r"^(?:New|Reused), TLSv[0-9.]+, Cipher is (\S+)")

    @property
    def was_resumed(self):
        return self.find(r"^(New|Reused), ") == "Reused"

    @property
    def succeeded(self):
        return self.cipher not in (None, "(NONE)")

    @property
    def alert(self):
        """The name of the alert that the gateway sent, such as "handshake failure"."""
        return self.find(r":(?:tlsv1|tlsv13|sslv3)(?: alert)? ([a-z ]+):")

    @property
    def status(self):
        status = self.find(r"HTTP/1\.1 (\d{3}) ")  # may stand amidst s_client's own talk
        return int(status) if status else None


def s_client(gateway, *options, sni=API, certificate=None, request=None, timeout=20):
    """One connection; with `request` (a path) it lasts until the gateway has answered."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}",
               "-CAfile", gateway.pki.server_ca, "-verify_return_error", *options]
    command += ["-servername", sni] if sni else ["-noservername"]
    if certificate:
        command += ["-cert", gateway.pki.certificate(certificate),
                    "-key", gateway.pki.key(certificate)]
    text = ""
    if request:
        command.append("-ign_eof")
        text = f"GET {request} HTTP/1.1\r\nHost: {sni}\r\nConnection: close\r\n\r\n"
    ended = subprocess.run([str(word) for word in command], input=text, text=True,
                           capture_output=True, timeout=timeout, errors="replace")
    return Session(ended.stdout + ended.stderr)
