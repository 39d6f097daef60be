"""The OpenID provider of the demo, and tokens: those it issues, odd ones made with its keys."""
import base64
import json
import subprocess
import urllib.parse
import urllib.request

from .places import DEMO
from .processes import Process

EVERY_SCOPE = "Account Customer Transactions Statements"


class Provider:
    """`tokens` remembers every token made: none of them may ever show up in a log."""

    def __init__(self, folder, port=0, tls=()):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.tokens = set()
        self.minted = {}
        self.process = Process("provider", ["node", DEMO / "provider.mjs", "--run", folder,
                                            "--port", port, *tls], folder)
        about = folder / "provider.json"
        self.process.wait_until(about.exists, "the provider answers", timeout=60)
        self.about = json.loads(about.read_text())
        self.issuer, self.audience = self.about["issuer"], self.about["audience"]
        self.jwks_url = self.about["endpoints"]["jwks"]

    def secrets(self):
        return self.about["clients"].values()

    def issue(self, scope=EVERY_SCOPE, resource=None, client="plaid-demo", fields=None):
        """A token as a client gets it; `fields` are more header fields of its request."""
        form = {"grant_type": "client_credentials", "scope": scope,
                "resource": resource or self.audience}
        request = urllib.request.Request(self.about["endpoints"]["token"],
                                         urllib.parse.urlencode(form).encode())
        login = f"{client}:{self.about['clients'][client]}"
        request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
        for name, value in (fields or {}).items():
            request.add_header(name, value)
        with urllib.request.urlopen(request, timeout=10) as answer:
            token = json.load(answer)["access_token"]
        self.tokens.add(token)
        return token

    def mint(self, claims=None, header=None, alg="ES256", payload=None):
        """A token that the provider would not issue; see scripts/demo.d/mint.mjs."""
        command = ["node", DEMO / "mint.mjs", "--jwks", self.folder / "jwks.private.json",
                   "--alg", alg, "--claims", json.dumps(claims or {}),
                   "--header", json.dumps(header or {})]
        if payload is not None:
            command += ["--payload", payload]
        wanted = tuple(map(str, command))
        if wanted not in self.minted:
            made = subprocess.run(wanted, check=True, capture_output=True, text=True, timeout=60)
            self.minted[wanted] = made.stdout.strip()
            self.tokens.add(self.minted[wanted])
        return self.minted[wanted]

    def stop(self):
        self.process.stop()
