"""Readers of forms that are not the gateway's: what parameters each finds in the octets of a request.

Node is a running server with body-parser. The others are written here in the way of what they are named
after, so that they need no Java and no PHP: urllib.parse; a CGI that reads query and body; a servlet, whose
parameters are those of the query, then those of the form, in the charset that the client names, behind a
filter that unpacks; PHP's $_REQUEST, with its mangled names and cookies; one that splits at ';' as well, folds
case and decodes twice. Each gives a list of (name, value).
"""
import gzip
import json
import re
import socket
import urllib.parse
import zlib
from http.cookies import CookieError, SimpleCookie

from .places import ROOT
from .processes import Process, free_port

FORM = "application/x-www-form-urlencoded"


class Request:
    def __init__(self, octets):
        head, self.body = octets.split(b"\r\n\r\n", 1)
        start, *lines = head.decode("latin-1").split("\r\n")
        self.octets = octets
        self.method, self.target, _ = start.split(" ")
        self.query = self.target.partition("?")[2]
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]

    def field(self, name):
        return next((value for key, value in self.fields if key.lower() == name), "")

    def charset(self):
        return (re.search(r'charset="?([^";\s]+)', self.field("content-type"), re.I) or
                [None, "utf-8"])[1]

    def is_form(self):
        return self.field("content-type").split(";")[0].strip().lower() == FORM


def pairs(text, separator="&", encoding="utf-8"):
    return [(name, value) for name, values in urllib.parse.parse_qs(
        text, keep_blank_values=True, separator=separator, encoding=encoding,
        errors="replace").items() for value in values]


def unpacked(request):
    try:
        if request.field("content-encoding").lower() in ("gzip", "x-gzip"):
            return gzip.decompress(request.body)
        if request.field("content-encoding").lower() == "deflate":
            return zlib.decompress(request.body)
    except (OSError, zlib.error, EOFError):
        pass
    return request.body


def text_of(octets, encoding):
    try:
        return octets.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return octets.decode("latin-1")


def python(request):
    return pairs(text_of(request.body, "utf-8-sig"))


def cgi(request):
    return pairs(request.query) + pairs(request.body.decode("latin-1"), encoding="latin-1")


def old_cgi(request):
    return [pair for text in (request.query, request.body.decode("latin-1"))
            for pair in pairs(text.replace(";", "&"))]


def servlet(request):
    found = pairs(request.query)
    if request.is_form():
        charset = request.charset()
        found += pairs(text_of(unpacked(request), charset),
                       encoding=charset if charset.lower() in ("utf-8", "iso-8859-1") else "utf-8")
    return found


def multipart(request):
    return re.findall(r'name="([^"]+)"\r\n\r\n(.*?)\r\n', request.body.decode("latin-1"), re.S)


def json_body(request):
    try:
        value = json.loads(request.body)
    except ValueError:
        return []
    return flat(value)


def php(request):
    cookies = [tuple(part.strip().split("=", 1)) for part in request.field("cookie").split(";")
               if "=" in part]
    found = pairs(request.query) + pairs(request.body.decode("latin-1")) + \
        [(urllib.parse.unquote(name), urllib.parse.unquote(value)) for name, value in cookies]
    return [(re.sub(r"[ .]", "_", name.lstrip(" ").split("[")[0] if name.find("]") > 0
                    else name.lstrip(" ").replace("[", "_")).split("\0")[0], value)
            for name, value in found]


def aspnet(request):
    """Request["x"]: query, form, cookies and fields, whatever the case."""
    found = pairs(request.query) + pairs(request.body.decode("latin-1"))
    found += [(name.replace("-", "_"), value) for name, value in request.fields]
    try:
        found += [(name, cookie.value) for name, cookie in SimpleCookie(request.field("cookie")).items()]
    except CookieError:
        pass
    return [(name.casefold(), value) for name, value in found]


def tolerant(request):
    text = urllib.parse.unquote_plus(unpacked(request).decode("utf-8-sig", "replace"))
    found = []
    for piece in re.split(r"[&;\r\n]", request.query + "&" + text):
        name, _, value = piece.partition("=")
        name = urllib.parse.unquote_plus(name).casefold().strip("\0\t\r\n \u200b\ufeff")
        found.append((name.split("[")[0].split("\0")[0],
                      urllib.parse.unquote_plus(value.split("=")[0]).split("\0")[0].strip()))
    return found


def undecoded(request):
    """One that takes names and values as they stand."""
    return [tuple((piece.split("=") + [""])[:2])
            for piece in request.body.decode("latin-1").split("&")]


PYTHON_READERS = {reader.__name__: reader for reader in (
    python, cgi, old_cgi, servlet, multipart, json_body, php, aspnet, tolerant, undecoded)}


def flat(value, name=""):
    """The leaves of JSON, each under every name above it."""
    if isinstance(value, dict):
        return [(key, leaf) for key, inner in value.items()
                for _, leaf in flat(inner, key)] + [
                    pair for inner in value.values() if isinstance(inner, (dict, list))
                    for pair in flat(inner)]
    if isinstance(value, list):
        return [(name, leaf) for inner in value for _, leaf in flat(inner, name)]
    return [(name, str(value))]


class Node:
    """body-parser, `extended` (qs) or `simple` (querystring)."""

    def __init__(self, kind, folder):
        self.port = free_port()
        self.process = Process(f"node-{kind}", ["node", ROOT / "tests/node/form_reader.mjs",
                                                self.port, kind], folder)
        self.process.wait_until(self.listens, "node listens")

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def __call__(self, request):
        with socket.create_connection(("127.0.0.1", self.port), 10) as sock:
            sock.sendall(request.octets)
            answer = b""
            while piece := sock.recv(65536):
                answer += piece
        body = answer.partition(b"\r\n\r\n")[2]
        return flat(json.loads(body)) if body.startswith(b"{") else []

    def stop(self):
        self.process.stop()
