"""Calls by curl, the client that most people would try first."""
import dataclasses
import json
import re
import subprocess
import tempfile

from .http1 import Head, split_field
from .places import API


@dataclasses.dataclass
class Answer(Head):
    body: bytes
    exit: int
    error: str
    alert: str  # of TLS, that the gateway sent instead of an answer: "unknown CA"; else None

    def json(self):
        return json.loads(self.body)


def curl(gateway, path, *options, token=None, certificate="client", host=API, fields=(), sni=None,
         timeout=30):
    """One request. `fields` are header lines; other `options` go to curl as they are."""
    name = sni or host
    command = ["curl", "-sSv", "--max-time", timeout, "--http1.1",
               "--cacert", gateway.pki.server_ca, "--resolve", f"{name}:{gateway.port}:127.0.0.1"]
    if certificate:
        command += ["--cert", gateway.pki.certificate(certificate),
                    "--key", gateway.pki.key(certificate)]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    if sni:
        command += ["-H", f"Host: {host}"]
    for field in fields:
        command += ["-H", field]
    with tempfile.NamedTemporaryFile() as head, tempfile.NamedTemporaryFile() as body:
        command += ["-D", head.name, "-o", body.name, *options,
                    f"https://{name}:{gateway.port}{path}"]
        ended = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                               timeout=timeout + 10)
        raw = head.read()
        start, *lines = raw.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        alert = ended.returncode and re.search(r"\(IN\), TLS alert, ([^(]+) \(", ended.stderr)
        error = "".join(re.findall(r"^curl: .*$", ended.stderr, re.MULTILINE))
        return Answer(raw, start, [split_field(line) for line in lines if line], body.read(),
                      ended.returncode, error, alert[1] if alert else None)
