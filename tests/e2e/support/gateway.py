"""The gateway under test: its configuration, its life, and what it says of itself."""
import http.client
import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

import yaml

from .places import SALLYPORT
from .processes import Process, free_port
from .waiting import wait_until

SANITIZER = re.compile(r"(ERROR|WARNING): \w*Sanitizer|runtime error:|check failed")


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True  # the configuration knows no aliases


def sallyport(*arguments, timeout=30):
    """Runs the program to its end; the outcome has returncode, stdout, stderr."""
    return subprocess.run([str(word) for word in (SALLYPORT, *arguments)], capture_output=True,
                          text=True, timeout=timeout)


class Gateway:
    """Writes `config` with free ports into `folder`; `secrets` must never appear in its output."""

    started = []  # those that were not stopped yet

    def __init__(self, folder, config, pki, secrets):
        self.folder, self.pki, self.secrets = folder, pki, secrets
        self.file = folder / "sallyport.yaml"
        self.socket = folder / "admin.sock"
        self.port, self.admin_port = free_port(), free_port()
        self.write(config)
        self.process = None
        self.before = []  # a command that starts it, such as prlimit
        self.was_killed = False

    # ---- its life

    def write(self, config):
        """Writes the file only; see reload()."""
        config["listeners"][0]["address"] = f"127.0.0.1:{self.port}"
        # Tenths of the defaults: no honest client of these tests comes near the limits.
        config.setdefault("limits", {}).setdefault("overhead", "26k")
        # Who waits for what does not come waits for a moment only.
        config.setdefault("timeouts", {}).setdefault("start_wait", "300ms")
        config["admin"] = {"socket": str(self.socket), "listen": f"127.0.0.1:{self.admin_port}"}
        self.file.write_text(yaml.dump(config, Dumper=Dumper, sort_keys=False, width=1000))
        self.config = config

    def start(self, ready=True):
        """Returns when it is ready; with ready=False when it listens, with ready=None at once."""
        self.was_killed = False
        self.started.append(self)
        self.process = Process("gateway", [*self.before, SALLYPORT, "run", "-c", self.file], self.folder)
        if ready is not None:
            self.process.wait_until(self.is_ready if ready else self.has_started, "the gateway serves")
        return self

    def has_started(self):
        """It listens, ready or not."""
        return self.answers() and any(line["event"] == "started" for line in self.log())

    def stop(self):
        """Ends it as a service manager does. It must end well and have kept every secret."""
        if self.process is None:
            return
        self.started[:] = [other for other in self.started if other is not self]
        if self.process.is_running():
            self.process.signal(signal.SIGTERM)
            status = self.process.wait()
            assert status == 0, f"exit status {status}\n{self.stderr()}"
        assert self.was_killed or self.process.child.returncode == 0, self.stderr()
        assert not SANITIZER.search(self.stderr()), self.stderr()
        self.keeps_secrets(self.process.out.read_text() + self.stderr())

    def kill(self):
        self.was_killed = True
        self.process.kill()

    def keeps_secrets(self, text):
        for secret in self.secrets():
            assert secret not in text, f"{secret[:12]}... shows in what the gateway says"

    def reload(self, config=None):
        """`sallyport reload`, after writing `config` if there is one."""
        if config:
            self.write(config)
        return self.cli("reload")

    # ---- asking it

    def cli(self, verb, *arguments):
        return sallyport(verb, *arguments, "--admin", self.socket)

    def revoke(self, unit, value):
        ended = self.cli("revoke", unit, f"--value={value}", "--reason", "a test")
        assert ended.returncode == 0, ended.stderr

    def ask_admin(self, path, method="GET"):
        """Status and body of an answer of the admin port."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin_port}{path}",
                                         method=method, data=b"" if method == "POST" else None)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def answers(self):
        try:
            return self.ask_admin("/healthz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def is_ready(self):
        return self.answers() and self.ask_admin("/readyz")[0] == 200

    def metric(self, name, **labels):
        """The sum of a metric's samples that have these labels."""
        total = 0.0
        for line in self.ask_admin("/metrics")[1].splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if match and match[1] == name:
                its = dict(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
                if labels.items() <= its.items():
                    total += float(match[3])
        return total

    def rss(self):
        """Resident memory in bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def is_sanitized(self):
        with open(f"/proc/{self.process.pid}/maps") as maps:
            return any(word in line for line in maps for word in ("libasan", "libtsan"))

    # ---- what it said

    def stderr(self):
        return self.process.err.read_text()

    def last_words(self, lines=12):
        """The end of what it said, for the report of a test that failed."""
        time.sleep(0.3)  # lines are written every 100 ms
        said = self.process.out.read_text().splitlines() + self.stderr().splitlines()
        return "\n".join(line[:2000] for line in said[-lines:])

    def log(self):
        """Every whole line of the log; a line that is not JSON fails here."""
        text = self.process.out.read_text()
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def log_line(self, what, matches):
        """The first line for which `matches` is true, once it is written."""
        return wait_until(lambda: next(filter(matches, self.log()), None), f"a log line of {what}")

    def line_of(self, interaction_id):
        """The access-log line of a request."""
        return self.log_line(interaction_id, lambda line: line["event"] == "request"
                             and line.get("interaction_id") == interaction_id)

    def event(self, name):
        return self.log_line(name, lambda line: line["event"] == name)
