"""The same octets through the gateway to servers with other parsers: where the gateway judged one
request, never another or a second one comes out."""
import collections

import pytest

import test_framing
from support import settings
from support.http1 import Closed
from support.parsers import Parser
from support.places import API
from support.rawtls import RawClient
from support.waiting import settled, wait_until

# Well-formed messages at the edges of the grammar, besides all that test_framing refuses.
GOOD = {
    "plain": b"GET /plain HTTP/1.1\r\nHost: %s\r\n\r\n",
    "chunked": b"POST /c HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"5\r\nhello\r\n0\r\n\r\n",
    "chunked_in_upper_case": b"POST /c HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: CHUNKED\r\n\r\n"
                             b"00005;a=b\r\nhello\r\n0;c\r\nX-A: 1\r\n\r\n",
    "body_that_is_a_request": b"POST /b HTTP/1.1\r\nHost: %s\r\nContent-Length: 30\r\n\r\n"
                              b"GET /smuggled HTTP/1.1\r\nA: b\r\n",
    "chunk_that_is_a_request": b"POST /b HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
                               b"1e\r\nGET /smuggled HTTP/1.1\r\nA: b\r\n\r\n0\r\n\r\n",
    "get_with_an_empty_chunked_body": b"GET /g HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked"
                                      b"\r\n\r\n0\r\n\r\n",
    "delete_with_length_zero": b"DELETE /d HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n",
    "length_zero": b"POST /z HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n",
    "pipelined": b"GET /p1 HTTP/1.1\r\nHost: %s\r\n\r\nGET /p2 HTTP/1.1\r\nHost: %s\r\n\r\n",
    "escapes": b"GET /a%%41%%7e?x=%%0d%%0aX: HTTP/1.1\r\nHost: %s\r\n\r\n",
    "odd_fields": b"GET /o HTTP/1.1\r\nHost: %s\r\nX-Odd: \xff\xfe;,\"\r\nX_Under: 1\r\n\r\n",
    "connection_lists_a_field": b"GET /l HTTP/1.1\r\nHost: %s\r\nConnection: x-a\r\nX-A: 1\r\n\r\n",
    "absolute": b"GET http://%s/abs HTTP/1.1\r\nHost: %s\r\n\r\n",
    "empty_line_before": b"\r\nGET /e HTTP/1.1\r\nHost: %s\r\n\r\n",
}

HIDDEN = b"POST /hidden HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"

# Well-formed, and refused: their content has no meaning, and it is a request for who does not read it.
MEANINGLESS = {
    f"{method}_{form}": f"{method} /bad HTTP/1.1\r\nHost: {API}\r\n".encode() + rest
    for method in ("GET", "HEAD", "DELETE", "OPTIONS")
    for form, rest in {
        "length": f"Content-Length: {len(HIDDEN)}\r\n\r\n".encode() + HIDDEN,
        "chunked": f"Transfer-Encoding: chunked\r\n\r\n{len(HIDDEN):x}\r\n".encode() + HIDDEN
                   + b"\r\n0\r\n\r\n",
        "trailers": b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-A: 1\r\n\r\n",
        "expected": f"Content-Length: {len(HIDDEN)}\r\nExpect: 100-continue\r\n\r\n".encode()
                    + HIDDEN,
    }.items()}


def good_octets():
    name = API.encode()
    for key, text in GOOD.items():
        yield key, text % ((name,) * text.count(b"%s"))


def doubtful_octets():
    for key, (octets, *_) in test_framing.HEADS.items():
        yield key, octets
    yield from MEANINGLESS.items()
    for key, (body, *_) in test_framing.BODIES.items():
        yield f"body_{key}", test_framing.post("Transfer-Encoding: chunked", body=body)


@pytest.fixture(scope="module", params=["node", "python", "nginx", "deaf"])
def parser(request, tmp_path_factory):
    running = Parser(request.param, tmp_path_factory.mktemp(request.param))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, parser):
    return make_gateway(settings.open_to_all(pki, parser.server))


def send(gateway, octets, number):
    with RawClient(gateway) as client:
        client.sock.settimeout(1)
        try:
            client.send(octets)
            # Wherever the message ended, this must not become a part of the one before.
            client.send(f"GET /mark-{number} HTTP/1.1\r\nHost: {API}\r\nConnection: close\r\n\r\n"
                        .encode())
            client.rest()
        except (OSError, Closed):
            pass


def forms_of(understood):
    return collections.Counter((method, target.split("?")[0]) for method, target, _ in understood)


def let_through(gateway, since):
    """The requests that the gateway let through since then: method, path, octets of the body."""
    settled(lambda: len(gateway.log()), quiet=0.4)  # lines are written ten times a second
    return [(line["method"], line["path"], line["bytes_in"]) for line in gateway.log()[since:]
            if line["event"] == "request" and "upstream" in line]


def test_no_server_understands_what_was_not_judged(gateway, parser):
    since = len(gateway.log())
    cases = [*good_octets(), *doubtful_octets()]
    for number, (_, octets) in enumerate(cases):
        # Each with a path of its own, so that what came out can be told.
        send(gateway, octets.replace(b"/bad", f"/bad-{number}".encode()), number)
    assert len(cases) > 100
    understood = forms_of(parser.new_requests())
    # What broke off may have been seen by the gateway alone; nothing may be seen by the server
    # alone, and nothing in another form.
    assert understood - forms_of(let_through(gateway, since)) == collections.Counter()
    assert understood.total() > len(GOOD)


def test_good_messages_are_understood_as_they_were_judged(gateway, parser):
    since = len(gateway.log())
    for number, (_, octets) in enumerate(good_octets()):
        send(gateway, octets, number)
    understood, judged = parser.new_requests(), let_through(gateway, since)
    assert forms_of(understood) == forms_of(judged)
    if parser.kind in ("node", "python"):  # nginx's length counts the head as well
        assert sorted(size for *_, size in understood) == sorted(size for *_, size in judged)


def test_content_without_meaning_reaches_no_server(gateway, parser):
    since = len(gateway.log())
    for number, (_, octets) in enumerate(MEANINGLESS.items()):
        send(gateway, octets, number)
    # Where the message ended well, the next one on the connection is one.
    assert {path.split("-")[0] for _, path, _ in let_through(gateway, since)} <= {"/mark"}
    assert {path.split("-")[0] for _, path, _ in parser.new_requests()} <= {"/mark"}


@pytest.mark.parametrize("reuse", [False, True])
def test_content_that_is_a_request_is_none(make_gateway, pki, parser, reuse):
    """A POST with such content, then a GET, a hundred times."""
    if reuse and parser.kind == "deaf":
        return vouched_for_wrongly(make_gateway, pki, parser)
    config = settings.open_to_all(pki, parser.server)
    config["upstreams"]["raw"]["reuse_after_content"] = reuse
    gateway = make_gateway(config)
    with RawClient(gateway) as client:
        for number in range(100):
            client.send(f"POST /p-{number} HTTP/1.1\r\nHost: {API}\r\n"
                        f"Content-Length: {len(HIDDEN)}\r\n\r\n".encode() + HIDDEN)
            assert client.response().status == 200
            assert client.ask(f"/g-{number}").body == b"ok"
    understood = [(method, path) for method, path, _ in parser.new_requests()]
    assert sorted(understood) == sorted([("POST", f"/p-{n}") for n in range(100)]
                                        + [("GET", f"/g-{n}") for n in range(100)])
    assert gateway.metric("sallyport_upstream_surplus_answers_total", route="all") == 0
    return None


def vouched_for_wrongly(make_gateway, pki, parser):
    """What the option is for to prevent, and the alarm that says so."""
    config = settings.open_to_all(pki, parser.server)
    config["upstreams"]["raw"]["reuse_after_content"] = True
    gateway = make_gateway(config)
    with RawClient(gateway) as client:
        client.send(f"POST /p HTTP/1.1\r\nHost: {API}\r\nContent-Length: {len(HIDDEN)}\r\n\r\n"
                    .encode() + HIDDEN)
        assert client.response().status == 200
    wait_until(lambda: gateway.metric("sallyport_upstream_surplus_answers_total", route="all") == 1,
               "the alarm")
    assert gateway.event("surplus_answer")["route"] == "all"
    assert ["POST", "/hidden"] in [entry[:2] for entry in parser.new_requests()]


def test_pieces_of_any_size_are_the_same_message(gateway, parser):
    octets = dict(good_octets())["chunk_that_is_a_request"]
    for size in (1, 2, 3, 5, 7, 11, 64):
        with RawClient(gateway) as client:
            for at in range(0, len(octets), size):
                client.send(octets[at:at + size])
            assert client.response().status == 200
        assert [entry[:2] for entry in parser.new_requests()] == [["POST", "/b"]]
