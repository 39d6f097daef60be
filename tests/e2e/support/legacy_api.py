"""The bank's old API of the demo, and what reached it."""
import json
import urllib.request

from .places import DEMO
from .processes import Process


class LegacyApi:
    def __init__(self, folder):
        self.journal = folder / "api.jsonl"
        port_file = folder / "api.port"
        self.process = Process("legacy_api", [DEMO / "legacy_api.py", "--port-file", port_file,
                                              "--log", self.journal], folder)
        self.process.wait_until(lambda: port_file.exists() and port_file.read_text(),
                                "the API answers")
        self.server = f"127.0.0.1:{port_file.read_text().strip()}"

    def reached(self):
        """The requests that reached it: {"method", "path", "headers": [[name, value], ...]}."""
        return [json.loads(line) for line in self.journal.read_text().splitlines()]

    def ask(self, path):
        """What the API itself answers, past the gateway: content type and body."""
        with urllib.request.urlopen(f"http://{self.server}{path}", timeout=10) as answer:
            return answer.headers["Content-Type"], answer.read()

    def stop(self):
        self.process.stop()
