"""The short form of tests/faults/revocation: nothing revoked is accepted, nothing good refused,
whatever befalls the Redis. An empty start and a failover are in test_revocation_redis.py."""
import subprocess
import sys

from support.places import ROOT


def test_no_fault_of_redis_lets_a_revoked_token_in():
    faults = "kill -9+SIGSTOP+partition+FLUSHALL+slow link+reconnects"
    ended = subprocess.run([sys.executable, ROOT / "tests" / "faults" / "revocation", "--quick",
                            "--only", faults],
                           capture_output=True, text=True, timeout=180)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("\n| ") >= 6, ended.stdout
