"""The recipes for the bank's code: those lines, as they stand in the documentation, write these keys."""
import hashlib
import os
import re
import subprocess
import time

import pytest

from support.places import ROOT
from support.redis import Redis

TEXT = (ROOT / "docs" / "revocation-recipes.md").read_text()
ISS, SUB, CONSENT = "https://login.bank.example", "cust:42", "consent-1"
ISS_HASH = hashlib.sha256(ISS.encode()).hexdigest()[:16]
LOGOUT, WITHDRAWAL, SINGLE = (TEXT.split("\n## ")[at] for at in (1, 2, 3))


def lines(part, language):
    return re.search(rf"```{language}\n(.*?)```", part, re.S)[1]


def is_now_and_leeway(cutoff):
    """An accepted `iat` may be ahead by the default leeway of `modules.bearer`."""
    return -5 < int(cutoff) - 10 - time.time() < 5


class Recorder:
    """Takes the place of a Redis client and keeps what it was told."""

    def set(self, key, value, ex):
        self.told = (key, str(value), ex)


@pytest.mark.parametrize("part, key, seconds", [
    (LOGOUT, f"sallyport:revoked:subject:{ISS_HASH}:{SUB}", 86400),
    (WITHDRAWAL, f"sallyport:revoked:consent:any:{CONSENT}", 34560000)])
def test_python(part, key, seconds):
    recorder = Recorder()
    exec(lines(part, "python"), {"redis": recorder, "hashlib": hashlib, "time": time, "iss": ISS,
                                 "sub": SUB, "consent_id": CONSENT})
    assert (recorder.told[0], recorder.told[2]) == (key, seconds)
    assert recorder.told[1] == "1" or is_now_and_leeway(recorder.told[1])


@pytest.mark.parametrize("part, key, seconds", [
    (LOGOUT, f"sallyport:revoked:subject:{ISS_HASH}:{SUB}", 86400),
    (WITHDRAWAL, f"sallyport:revoked:consent:any:{CONSENT}", 34560000)])
def test_node(part, key, seconds):
    program = (f"import {{ createHash }} from 'node:crypto';\n"
               f"const redis = {{ set: (key, value, how) => console.log(key, value, how.EX) }};\n"
               f"const [iss, sub, consentId] = ['{ISS}', '{SUB}', '{CONSENT}'];\n"
               + lines(part, "js"))
    ended = subprocess.run(["node", "--input-type=module", "-e", program], capture_output=True,
                           text=True, timeout=30)
    told = ended.stdout.split()
    assert (told[0], int(told[2])) == (key, seconds), ended.stderr
    assert told[1] == "1" or is_now_and_leeway(told[1])


def test_shell(tmp_path):
    redis = Redis(tmp_path)
    # The test's server is at a Unix socket, which has no URL.
    wrapper = tmp_path / "redis-cli"
    wrapper.write_text(f'#!/bin/sh\nshift 2\nexec /usr/bin/redis-cli -s {redis.path} "$@"\n')
    wrapper.chmod(0o755)
    names = {"REDIS_URL": "redis://redis.bank.example", "ISS": ISS, "SUB": SUB, "CONSENT": CONSENT,
             "JTI": "jti-1", "KID": "key-1", "FINGERPRINT": "ab" * 32,
             "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    try:
        for part in (LOGOUT, WITHDRAWAL, SINGLE):
            subprocess.run(["sh", "-eu", "-c", lines(part, "sh")], check=True, timeout=30,
                           env={**os.environ, **names}, stdout=subprocess.DEVNULL)
        asked = subprocess.run(["/usr/bin/redis-cli", "-s", redis.path, "KEYS", "*"], check=True,
                               capture_output=True, text=True, timeout=30)
        assert set(asked.stdout.split()) == {
            f"sallyport:revoked:{rest}" for rest in
            (f"subject:{ISS_HASH}:{SUB}", f"consent:any:{CONSENT}", "jti:any:jti-1",
             "kid:any:key-1", f"cert:any:{'ab' * 32}")}
        cutoff = redis.cli("GET", f"sallyport:revoked:subject:{ISS_HASH}:{SUB}")
        assert is_now_and_leeway(cutoff)
        assert b":86" in redis.ask(f"TTL sallyport:revoked:subject:{ISS_HASH}:{SUB}")
    finally:
        redis.kill()
