"""An issuer whose key set a test changes, breaks and takes away at will."""
import http.server
import json
import threading
import time
import urllib.parse
import uuid

from .jose import Key
from .processes import free_port

AUDIENCE = "https://api.bank.example/fdx/v6"


class Issuer:
    """`published` are the kids that the key set has; `fetches` counts its readings. `active` is what
    introspection (RFC 7662) says of each opaque token that there is."""

    def __init__(self, *kids):
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.keys = {kid: Key() for kid in kids}
        self.published = list(kids)
        self.answer = None  # (status, text) instead of the key set
        self.fields = {}
        self.active = {}
        self.fetches = 0
        self.server = None

    def add(self, kid):
        self.keys[kid] = Key()

    def document(self):
        return json.dumps({"keys": [{**self.keys[kid].jwk, "kid": kid, "use": "sig", "alg": "ES256"}
                                    for kid in self.published]})

    def token(self, kid, named=None, **changes):
        """A token signed by `kid`, which names the key `named`."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": AUDIENCE, "sub": "customer", "client_id": "plaid",
                  "jti": str(uuid.uuid4()), "scope": "Account", "iat": now, "exp": now + 900}
        return self.keys[kid].sign({"alg": "ES256", "typ": "at+jwt", "kid": named or kid},
                                   claims | changes)

    def start(self):
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.fetches += 1
                status, text = issuer.answer or (200, issuer.document())
                self.send_response(status)
                for name, value in issuer.fields.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_POST(self):
                form = urllib.parse.parse_qs(
                    self.rfile.read(int(self.headers["Content-Length"])).decode())
                claims = issuer.active.get(form["token"][0])
                text = json.dumps({"active": claims is not None, **(claims or {})})
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=[0.05], daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
