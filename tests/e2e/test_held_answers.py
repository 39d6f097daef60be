"""Answers that a policy wants to see whole before the client gets any of them."""
import os
import time

import pytest

from support import settings
from support.curl import curl
from support.waiting import wait_until

FORM = ("-d", "grant_type=authorization_code&code=c&client_id=plaid")
TOKENS = b'{"access_token":"a","refresh_token":"r","expires_in":900}'


@pytest.fixture(scope="module", params=["http1", "h2"])
def protocol(request):
    return [] if request.param == "http1" else ["--http2"]


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    config = settings.base(pki, login=module_upstream.server)
    config["workers"] = 1
    config["modules"] = {"revocation": {"store": {"path": "revocations"}},
                         "oauth": {"authorization_servers": {"bank": {}},
                                   "grants": {"path": "grants"}}}
    config["routes"] = [settings.route("token", ["/token"], "login", ["POST"], errors="oauth",
                                       policies={"revocation": {}, "oauth": {
                                           "kind": "token", "server": "bank"}})]
    return make_gateway(config)


def ask(gateway, protocol):
    return curl(gateway, "/token", *protocol, *FORM)


def test_a_token_response_comes_through_unchanged(gateway, upstream, protocol):
    upstream.handler = lambda exchange: exchange.answer(200, TOKENS, ["X-Mine: 1"])
    before = gateway.metric("sallyport_revocation_grants")
    answer = ask(gateway, protocol)
    assert (answer.status, answer.body, answer.one("X-Mine")) == (200, TOKENS, "1")
    assert before <= gateway.metric("sallyport_revocation_grants") <= before + 2


def test_a_chunked_one_with_trailers_too(gateway, upstream, protocol):
    def handler(exchange):
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(TOKENS), 10):
            piece = TOKENS[at:at + 10]
            exchange.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        exchange.send(b"0\r\n\r\n")
    upstream.handler = handler
    answer = ask(gateway, protocol)
    assert (answer.status, answer.body) == (200, TOKENS)


@pytest.mark.parametrize("size", [0, 64 * 1024, 64 * 1024 + 1, 3_000_000])
def test_an_answer_of_any_size_comes_through(gateway, upstream, protocol, size):
    body = os.urandom(size)
    upstream.handler = lambda exchange: exchange.answer(200, body)
    answer = ask(gateway, protocol)
    assert (answer.status, answer.body) == (200, body)


def test_other_answers_are_not_held(gateway, upstream, protocol):
    upstream.handler = lambda exchange: exchange.answer(400, b'{"error":"invalid_grant"}')
    answer = ask(gateway, protocol)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")


def test_one_that_breaks_off_is_a_refusal_and_no_broken_answer(gateway, upstream, protocol):
    def handler(exchange):
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\nhalf")
        exchange.close()
    upstream.handler = handler
    answer = ask(gateway, protocol)
    assert (answer.exit, answer.status) == (0, 502)
    assert answer.json()["error"] == "temporarily_unavailable"
    # The next one is held and passed on as ever.
    upstream.handler = lambda exchange: exchange.answer(200, TOKENS)
    assert ask(gateway, protocol).body == TOKENS


def test_a_client_that_does_not_wait_leaves_nothing_behind(gateway, upstream, protocol):
    def handler(exchange):
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\nhalf")
        time.sleep(1)
        exchange.close()
    upstream.handler = handler
    assert curl(gateway, "/token", *protocol, *FORM, "--max-time", "0.4").exit == 28
    wait_until(lambda: any(line.get("client_gone") for line in gateway.log()),
               "the log says that the client has gone")
    upstream.handler = lambda exchange: exchange.answer(200, TOKENS)
    assert ask(gateway, protocol).body == TOKENS
