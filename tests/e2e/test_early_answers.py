"""Answers that are sent before the request's body has come: they must reach the clients that people
use, who go on sending for a while."""
import subprocess
import time

import pytest

from support import settings
from support.curl import curl
from support.h2client import H2Client, request_of
from support.places import API, ROOT
from support.waiting import wait_until

POSTERS = ROOT / "tests" / "e2e" / "support" / "posters"
TIMES = 5
LIMIT = 256 * 1024
SIZES = [1_000, 70_000, LIMIT]  # within the window of a stream, beyond it, and all that is waited for


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    """It refuses every POST at once."""
    config = settings.open_to_all(pki, module_upstream.server)
    config["routes"][0]["methods"] = ["GET"]
    return make_gateway(config)


def by_command(*command):
    def post(gateway, version, size, _):
        given = [gateway.port, API, gateway.pki.server_ca, version, size, TIMES]
        ended = subprocess.run([str(word) for word in (*command, *given)], capture_output=True,
                               text=True, timeout=60)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.splitlines()
    return post


def by_java(gateway, version, size, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 {API}\n")
    return by_command("java", f"-Djdk.net.hosts.file={hosts}", POSTERS / "Post.java")(
        gateway, version, size, tmp_path)


def by_curl(gateway, version, size, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(b"x" * size)
    answers = [curl(gateway, "/early", f"--http{version}", "-H", "Expect:", "--data-binary",
                    f"@{body}", certificate=None) for _ in range(TIMES)]
    return [answer.error or answer.start.split()[1] for answer in answers]


CLIENTS = {
    "curl": by_curl, "java": by_java, "node": by_command("node", POSTERS / "post.mjs"),
    "httpx": by_command("/usr/bin/python3", POSTERS / "post_httpx.py"),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize("client", CLIENTS)
def test_an_early_answer_reaches(gateway, tmp_path, client, version, size):
    assert CLIENTS[client](gateway, version, size, tmp_path) == ["405"] * TIMES


def test_a_client_that_stops_when_it_has_its_answer(gateway):
    """As Go's does: it ends its stream with RST_STREAM once the answer is complete."""
    with H2Client(gateway) as client:
        for _ in range(20):
            stream = client.request(request_of("/early", method="POST"), b"x" * 16_000, end=False)
            assert client.response(stream).status == 405
            client.h2.reset_stream(stream, 8)
            client.flush()
        assert client.ask("/").status == 200


def cut_bodies(gateway):
    return gateway.metric("sallyport_request_bodies_cut_total")


def post_and_read(client, size, *fields):
    stream = client.request(request_of("/early", *fields, method="POST"), end=False)
    answer = client.answers[stream]
    client.until(lambda: answer.ended, "the answer")
    assert answer.status == 405
    sent = 0
    while sent < size and answer.reset is None:
        room = min(client.h2.local_flow_control_window(stream), 16_000, size - sent)
        if room == 0:
            client.receive()
            continue
        client.h2.send_data(stream, b"x" * room)
        client.flush()
        sent += room
    return answer


def test_more_than_is_waited_for_is_cut(gateway):
    before = cut_bodies(gateway)
    with H2Client(gateway) as client:
        answer = post_and_read(client, LIMIT + 1)
        client.until(lambda: answer.reset is not None, "the reset")
        assert answer.reset == 0 and client.ask("/").status == 200
    assert cut_bodies(gateway) == before + 1


def test_what_crosses_the_cut_is_no_overhead(gateway):
    """The client fills its windows before it reads."""
    ended = gateway.metric("sallyport_connections_overhead_total")
    with H2Client(gateway) as client:
        for _ in range(10):
            fields = request_of("/early", ("content-length", str(LIMIT + 1)), method="POST")
            stream = client.request(fields, end=False)
            for _ in range(4):
                client.h2.send_data(stream, b"x" * 16_000)
            client.flush()
            assert client.response(stream).status == 405
            assert client.ask("/").status == 200
    assert gateway.metric("sallyport_connections_overhead_total") == ended


def test_an_announced_length_that_is_too_much_is_cut_at_once(gateway):
    with H2Client(gateway) as client:
        began = time.monotonic()
        answer = post_and_read(client, 0, ("content-length", str(LIMIT + 1)))
        client.until(lambda: answer.reset is not None, "the reset")
        assert answer.reset == 0 and time.monotonic() - began < 0.9


def test_a_rest_that_does_not_come_is_cut(gateway):
    with H2Client(gateway) as client:
        began = time.monotonic()
        answer = post_and_read(client, 10_000)
        client.until(lambda: answer.reset is not None, "the reset")
        assert answer.reset == 0 and 0.9 < time.monotonic() - began < 5


def test_what_is_thrown_away_is_no_overhead(gateway):
    ended = gateway.metric("sallyport_connections_overhead_total")
    with H2Client(gateway) as client:
        for _ in range(5):
            answer = post_and_read(client, LIMIT)
            client.h2.end_stream(max(client.answers))
            client.flush()
            assert answer.reset is None and client.ask("/").status == 200
    assert gateway.metric("sallyport_connections_overhead_total") == ended


def test_nothing_may_be_waited_for(make_own_gateway, pki, upstream):
    config = settings.open_to_all(pki, upstream.server, limits={"discard_body": 0})
    config["routes"][0]["methods"] = ["GET"]
    with H2Client(make_own_gateway(config)) as client:
        answer = post_and_read(client, 0)
        wait_until(lambda: answer.reset is not None or client.receive(), "the reset")
        assert answer.reset == 0
