"""What the process gives away of its memory: nothing, unless the operator says so."""
import json
import os
import signal
import subprocess
import sys

import pytest

from support import settings
from support.waiting import wait_until

# Runs a command in a folder and tells how it ended: the status that subprocess keeps to itself says whether a
# core was written.
WITNESS = """
import json, os, resource, signal, subprocess, sys
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
child = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *sys.argv[2:]], cwd=sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: child.terminate())
while True:
    try:
        status = os.waitpid(child.pid, 0)[1]
        break
    except InterruptedError:
        pass
print(json.dumps({"signal": os.WTERMSIG(status), "core": os.WCOREDUMP(status)}), file=sys.stderr)
"""


def crash(gateway):
    """Ends a gateway that was started under the witness by SIGABRT; returns what the witness saw."""
    gateway.was_killed = True
    os.kill(child_of(gateway.process.pid), signal.SIGABRT)
    wait_until(lambda: not gateway.process.is_running(), "the witness has ended")
    return json.loads(gateway.stderr().splitlines()[-1])


def child_of(pid):
    return int(open(f"/proc/{pid}/task/{pid}/children").read().split()[0])


def core_limit(pid):
    with open(f"/proc/{pid}/limits") as limits:
        return next(line.split()[4] for line in limits if line.startswith("Max core file size"))


def is_sanitized(pid):
    with open(f"/proc/{pid}/maps") as maps:
        return any(word in line for line in maps for word in ("libasan", "libtsan"))


@pytest.fixture
def witnessed(make_own_gateway, pki, upstream, tmp_path):
    def make(**process):
        config = settings.open_to_all(pki, upstream.server)
        if process:
            config["process"] = process
        gateway = make_own_gateway(config, start=False)
        gateway.before = [sys.executable, "-c", WITNESS, tmp_path]  # where a core would be written
        return gateway.start()
    return make


def this_machine_writes_cores(folder):
    ended = subprocess.run([sys.executable, "-c", WITNESS, folder, sys.executable, "-c",
                            "import os; os.abort()"], capture_output=True, text=True)
    return json.loads(ended.stderr.splitlines()[-1])["core"]


def test_a_crash_writes_no_core(witnessed, tmp_path):
    gateway = witnessed()
    if is_sanitized(child_of(gateway.process.pid)):
        pytest.skip("a build with sanitizers stays dumpable: its leak checker attaches")
    assert this_machine_writes_cores(tmp_path), "this machine writes no core: the test shows nothing"
    assert core_limit(child_of(gateway.process.pid)) == "0"
    assert crash(gateway) == {"signal": signal.SIGABRT, "core": False}


def test_core_dumps_can_be_allowed(witnessed, tmp_path):
    gateway = witnessed(core_dumps=True)
    if is_sanitized(child_of(gateway.process.pid)):
        pytest.skip("AddressSanitizer itself forbids core files: its shadow memory is terabytes")
    assert this_machine_writes_cores(tmp_path), "this machine writes no core: the test shows nothing"
    assert crash(gateway) == {"signal": signal.SIGABRT, "core": True}
    assert "process.core_dumps: a core file holds the private keys" in gateway.stderr()


def test_a_reload_changes_it(witnessed):
    gateway = witnessed(core_dumps=True)
    pid = child_of(gateway.process.pid)
    if is_sanitized(pid):
        pytest.skip("a build with sanitizers stays dumpable: its leak checker attaches")
    assert core_limit(pid) != "0"
    gateway.config["process"] = {"core_dumps": False}
    assert gateway.reload(gateway.config).returncode == 0
    assert core_limit(pid) == "0"
