"""No spelling of a target reaches a resource under a weaker route than its own, even where the
upstream takes many spellings for the same."""
import itertools
import random
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from support import settings
from support.h2client import H2Client, request_of
from support.places import API
from support.rawtls import RawClient


def as_a_tolerant_server_reads(target):
    """Case, slashes of both kinds, dots, parameters, escapes, and spaces at an end count for
    nothing."""
    path = target.split("?")[0].split("#")[0]
    for _ in range(2):
        path = urllib.parse.unquote(path, encoding="latin-1")
    path = path.replace("\\", "/").split("\0")[0].lower()
    path = re.sub(r";[^/]*", "", path)
    kept = []
    for segment in path.split("/"):
        segment = segment.rstrip(" .") if segment.strip(".") else segment
        if segment == "..":
            kept[-1:] = []
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept)


class Tolerant:
    """Says which resource it has served."""

    def __init__(self):
        self.served = served = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                served.append(as_a_tolerant_server_reads(self.path))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server = f"127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        self.http.shutdown()


@pytest.fixture(scope="module")
def tolerant():
    running = Tolerant()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, bank, tolerant):
    config = settings.base(pki, raw=tolerant.server)
    config["modules"] = {"bearer": settings.bearer(bank)}
    config["routes"] = [
        settings.route("weak", ["/**"], "raw", policies={"headers": None}),
        settings.route("strict", ["/admin/keys", "/admin/keys/{id}"], "raw", policies={
            "bearer": {"audience": [bank.audience]}, "headers": None}),
    ]
    return make_gateway(config)


PIECES = ["/", "//", "/./", "/../", "\\", "%2f", "%2F", "%5c", "%252f", "%255c", ";", ";x=1", "%3b",
          "%00", "%20", " ", ".", "..", "%2e", "%2e%2e", "%c0%af", "%c1%9c", "%e0%80%af", "%ef%bc%8f",
          "#", "?", "%23", "%3f", "/x/..", "/x/../", "/%2e/", "/.;/", "\t", "%09", "%0a", "%0d", "~"]


def spellings():
    plain = "/admin/keys"
    yield from (plain.upper(), "/Admin/keys", "/admin/KEYS", plain + "/", plain + "//", "/" + plain)
    for at, piece in itertools.product(range(len(plain) + 1), PIECES):
        yield plain[:at] + piece + plain[at:]
    for at in range(1, len(plain)):  # one letter escaped, once and twice, in either case
        for letter in (plain[at], plain[at].upper()):
            yield plain[:at] + f"%{ord(letter):02x}" + plain[at + 1:]
            yield plain[:at] + f"%25{ord(letter):02x}" + plain[at + 1:]
    generator = random.Random(20)
    for _ in range(600):
        text = "".join(generator.choice((letter, letter.upper(), f"%{ord(letter):02X}"))
                       for letter in plain)
        for _ in range(generator.randrange(3)):
            at = generator.randrange(len(text) + 1)
            text = text[:at] + generator.choice(PIECES) + text[at:]
        yield text


def test_the_tolerant_server_is_as_tolerant_as_it_should_be():
    for text in ("/ADMIN/keys", "/admin//keys/", "/x/../admin/keys", "/admin%2fkeys",
                 "/admin;a=1/keys", "\\admin\\keys", "/%61dmin/keys", "/admin/keys%00.png"):
        assert as_a_tolerant_server_reads(text) == "/admin/keys", text


def test_no_spelling_reaches_a_resource_under_a_weaker_route(gateway, tolerant):
    tried = reaching = 0
    client = None
    for target in spellings():
        client = client or RawClient(gateway)
        client.send(f"GET {target} HTTP/1.1\r\nHost: {API}\r\n\r\n".encode("latin-1"))
        answer = client.response()
        tried += 1
        reaching += answer.status == 200
        assert answer.status in (200, 400, 401, 404, 505), target
        if answer.one("Connection") == "close":
            client = None
    assert tried > 1000 and reaching > 10, "some spellings are of other resources"
    assert "/admin/keys" not in tolerant.served


def test_neither_in_http_2(gateway, tolerant):
    with H2Client(gateway) as client:
        for target in list(spellings())[::7]:
            answer = client.response(client.request(request_of(target)))
            assert answer.status in (200, 400, 401, 404), target
    assert "/admin/keys" not in tolerant.served


def test_what_is_forwarded_is_what_was_judged(gateway, tolerant):
    with RawClient(gateway) as client:
        assert client.ask("/pub%6cic/%41").status == 200
    assert tolerant.served[-1] == "/public/a"


def test_the_refusal_names_its_reason(gateway):
    with RawClient(gateway) as client:
        answer = client.ask("/ADMIN/keys")
    assert answer.status == 400
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "route.ambiguous_path"
