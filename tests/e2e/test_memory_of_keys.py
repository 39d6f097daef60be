"""Private keys in the process's memory: what was read of their files is gone once it was parsed."""
import base64
import re

import pytest

from support import settings
from support.authority import openssl


def memory(pid):
    """Everything that the process could have written, as a core dump would hold it."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not match or "[v" in line:
                continue
            begin, end = (int(part, 16) for part in match.groups())
            mem.seek(begin)
            try:
                yield mem.read(end - begin)
            except OSError:
                continue  # a guard page


def holds(pid, wanted):
    return any(wanted in part for part in memory(pid))


@pytest.mark.parametrize("layout", ["apart", "combined"])
def test_the_text_of_a_key_is_wiped_after_it_was_parsed(make_own_gateway, pki, upstream, tmp_path,
                                                        layout):
    key = tmp_path / "own.key"
    openssl("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
    certificate = tmp_path / "own.pem"
    openssl("req", "-x509", "-key", key, "-subj", "/CN=own", "-addext", "subjectAltName=DNS:x.example",
            "-out", certificate)
    if layout == "combined":
        certificate.write_text(certificate.read_text() + key.read_text())
        certificate.chmod(0o600)
    config = settings.open_to_all(pki, upstream.server)
    config["listeners"][0]["tls"]["certificates"].append(
        {"names": ["x.example"], "certificate": str(certificate),
         "key": str(certificate if layout == "combined" else key)})
    config["process"] = {"core_dumps": True}  # so that this test may read its memory without being root
    gateway = make_own_gateway(config)
    if gateway.is_sanitized():
        pytest.skip("a sanitizer keeps what was freed, and maps more than can be read")
    gateway.reload()
    lines = [line for line in key.read_text().splitlines() if not line.startswith("-")]
    der = base64.b64decode("".join(lines))
    pid = gateway.process.pid
    assert holds(pid, b"x.example"), "the search sees nothing"
    middle = lines[len(lines) // 2].encode()
    assert not holds(pid, middle), "the PEM text of the key is still there"
    assert not holds(pid, der[len(der) // 2:][:48]), "the DER of the key is still there"
