"""Too many clients, too slow ones and too little of everything: each ends at its own limit, those
who are well behaved go on, and afterwards everything is as it was."""
import contextlib
import os
import resource
import socket
import threading
import time

import pytest

from support import settings
from support.half_hello import HalfHello
from support.places import API
from support.http1 import Closed
from support.rawtls import RawClient, head_of
from support.waiting import wait_until

ATTACKER, BYSTANDER = "127.0.0.5", "127.0.0.6"
GRACE = 1.0  # seconds that a slow client may fall behind


def config(pki, upstream, workers=1, **limits):
    written = settings.open_to_all(pki, upstream.server)
    written["workers"] = workers
    written["limits"] = {"exempt": [], **limits}
    written["timeouts"] |= {"request_body": f"{int(GRACE * 1000)}ms",
                            "response_write": f"{int(GRACE * 1000)}ms"}
    return written


def refusals(gateway, reason):
    return gateway.metric("sallyport_connections_refused_total", reason=reason)


def is_closed(client):
    """Whether the gateway has closed this connection or is about to."""
    client.sock.settimeout(3)
    try:
        while client.sock.recv(4096):  # what HTTP/2 says first
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


@contextlib.contextmanager
def silent_connections(gateway, count, source=ATTACKER):
    """TCP connections that never say a word."""
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(count):
            tcp = stack.enter_context(socket.socket())
            tcp.settimeout(5)
            tcp.bind((source, 0))
            tcp.connect(("127.0.0.1", gateway.port))
            made.append(tcp)
        yield made


# ---- slow clients

@pytest.fixture(scope="module")
def strict(make_gateway, pki, module_upstream):
    return make_gateway(config(pki, module_upstream, min_body_rate=2_000,
                               min_response_rate=200_000))


def send_body(client, path, pieces, pause):
    """Sends a body slowly; returns the answer and how long it took."""
    client.send(head_of("POST", path, f"Content-Length: {sum(map(len, pieces))}"))
    began = time.monotonic()
    client.sock.settimeout(pause)
    for piece in pieces:
        client.send(piece)
        try:
            client.reader.more()
            break
        except TimeoutError:
            pass
    client.sock.settimeout(10)
    return client.response(), time.monotonic() - began


def test_a_body_that_trickles_does_not_gain_time_by_it(strict, upstream):
    with RawClient(strict) as client:
        answer, took = send_body(client, "/trickle", [b"0123456789"] * 100, 0.1)
    assert answer.status == 408 and answer.one("Connection") == "close"
    assert GRACE * 0.9 < took < GRACE + 1.5
    line = strict.line_of(answer.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "gateway.body_too_slow"


def test_a_body_at_the_rate_takes_as_long_as_it_takes(strict, upstream):
    with RawClient(strict) as client:
        answer, took = send_body(client, "/steady", [bytes(400)] * 12, 0.15)
    assert answer.status == 200 and took > GRACE * 1.5
    assert len(upstream.requests[0].body) == 4800


def answer_much(exchange):
    exchange.send(b"HTTP/1.1 200 X\r\nContent-Length: 100000000\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(100):
            exchange.send(bytes(1_000_000))
    exchange.close()


def read_slowly(client, size, pause, seconds):
    """Reads `size` octets after every pause; returns for how long that worked."""
    began = time.monotonic()
    with contextlib.suppress(OSError):
        while time.monotonic() - began < seconds:
            if client.sock.recv(size) == b"":
                break
            time.sleep(pause)
    return time.monotonic() - began


def test_an_answer_that_is_taken_too_slowly_ends(strict, upstream):
    upstream.handler = answer_much
    with RawClient(strict, receive_buffer=4096) as client:
        client.get("/slow-read")
        read_slowly(client, 512, 0.1, seconds=6)
        line = strict.log_line("the slow reader's end",
                               lambda line: line.get("path") == "/slow-read")
    assert line["deny"]["reason"] == "gateway.response_too_slow" and line["client_gone"]
    assert line["dur_ms"]["total"] < 5_000
    assert strict.metric("sallyport_denials_total", reason="gateway.response_too_slow") >= 1


def test_an_answer_at_the_rate_takes_as_long_as_it_takes(strict, upstream):
    """The kernel takes megabytes at once and then nothing for long: that is not the client's fault."""
    upstream.handler = answer_much
    with RawClient(strict, receive_buffer=65536) as client:
        client.get("/steady-read")
        assert read_slowly(client, 65536, 0.05, seconds=3.5) >= 3.5
        assert not [line for line in strict.log() if line.get("path") == "/steady-read"]


# ---- too many connections

def test_one_address_has_its_own_limit_over_all_workers(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(config(pki, upstream, workers=2, connections_per_address=4,
                                      exempt=["127.0.0.7/32"]))
    with contextlib.ExitStack() as stack:
        def connect(source):
            return stack.enter_context(RawClient(gateway, source=source))
        mine = [connect(ATTACKER) for _ in range(4)]
        assert all(client.ask("/").status == 200 for client in mine)
        for _ in range(4):
            with pytest.raises(OSError):
                RawClient(gateway, source=ATTACKER)
        assert connect(BYSTANDER).ask("/").status == 200
        assert all(connect("127.0.0.7").ask("/").status == 200 for _ in range(10))
        line = gateway.log_line("a refusal", lambda line: line["event"] == "connection_refused")
        assert line["deny"]["reason"] == "connection.address_limit"
        assert line["client_ip"] == ATTACKER
        assert refusals(gateway, "connection.address_limit") == 4
        mine[0].sock.close()
        wait_until(lambda: gateway.metric("sallyport_connections_open") == 14, "the end of one")
        assert connect(ATTACKER).ask("/").status == 200


def test_one_address_may_not_connect_too_often(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(config(pki, upstream, workers=2, connects_per_address=5))
    with silent_connections(gateway, 20):
        wait_until(lambda: refusals(gateway, "connection.address_rate") >= 10, "refusals")
        with RawClient(gateway, source=BYSTANDER) as client:
            assert client.ask("/").status == 200
    def returns():
        with contextlib.suppress(OSError), RawClient(gateway, source=ATTACKER) as client:
            return client.ask("/").status == 200
    wait_until(returns, "the address is good again", timeout=5)


def test_when_all_seats_are_taken_those_who_never_asked_make_room(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(config(pki, upstream, connections=40))
    with contextlib.ExitStack() as stack:
        old = stack.enter_context(RawClient(gateway))
        assert old.ask("/").status == 200
        flood = [stack.enter_context(RawClient(gateway, source=ATTACKER)) for _ in range(60)]
        with RawClient(gateway, source=BYSTANDER) as client:
            assert client.ask("/").status == 200
        assert old.ask("/still").status == 200
        assert is_closed(flood[0]), "who has had the longest time to ask"
        assert flood[-1].ask("/").status == 200
    shed = gateway.metric("sallyport_connections_shed_total", why="connections")
    assert shed >= 22 and refusals(gateway, "connection.limit") == 0


def test_when_all_have_asked_the_newest_idle_connection_makes_room(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(config(pki, upstream, connections=3))
    with contextlib.ExitStack() as stack:
        served = [stack.enter_context(RawClient(gateway)) for _ in range(3)]
        assert [client.ask("/").status for client in served] == [200] * 3
        with RawClient(gateway, source=BYSTANDER) as client:
            assert client.ask("/").status == 200
        assert is_closed(served[2])
        assert [client.ask("/still").status for client in served[:2]] == [200] * 2


@pytest.mark.parametrize("limit", ["connections", "handshakes"])
def test_a_flood_of_the_silent_takes_its_own_places(make_own_gateway, pki, upstream, limit):
    gateway = make_own_gateway(config(pki, upstream, **{limit: 12}))
    with contextlib.ExitStack() as stack:
        halfway = stack.enter_context(HalfHello(gateway))
        newcomer = stack.enter_context(RawClient(gateway, source=BYSTANDER))
        flood = stack.enter_context(silent_connections(gateway, 60))
        assert newcomer.ask("/").status == 200
        assert halfway.go_on() == 200
        with pytest.raises(ConnectionResetError):
            flood[0].recv(1)


# Openings that complete nothing: what a client sends at first, and then from time to time.

def slow_head(gateway):
    client = RawClient(gateway, source=ATTACKER)
    client.send(f"GET / HTTP/1.1\r\nHost: {API}\r\n".encode())
    return client


def slow_first_body(gateway):
    client = RawClient(gateway, source=ATTACKER)
    client.send(head_of("POST", "/trickle", "Content-Length: 100000"))
    return client


def open_header_block(gateway):
    client = RawClient(gateway, source=ATTACKER, alpn=["h2"])
    # RFC 9113 section 6.2: HEADERS without END_HEADERS, so that CONTINUATION must follow.
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(0x4, 0, 0) + frame(0x1, 0x1, 1, b"\x82"))
    return client


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


@pytest.mark.parametrize("opening", [slow_head, slow_first_body, open_header_block])
def test_who_completes_nothing_keeps_no_place_from_others(make_own_gateway, pki, upstream, opening):
    written = config(pki, upstream, connections=20)
    written["timeouts"] |= {"request_head": "60s", "request_body": "60s", "keep_alive": "60s"}
    gateway = make_own_gateway(written)
    with contextlib.ExitStack() as stack:
        served = [stack.enter_context(RawClient(gateway, source=BYSTANDER)) for _ in range(4)]
        assert [client.ask("/").status for client in served] == [200] * 4
        flood = [stack.enter_context(opening(gateway)) for _ in range(16)]
        time.sleep(1.2)  # a first body is not judged earlier
        for _ in range(3):
            with RawClient(gateway, source=BYSTANDER) as newcomer:
                assert newcomer.ask("/").status == 200
                flood.append(stack.enter_context(opening(gateway)))
        assert [client.ask("/still").status for client in served] == [200] * 4
        assert is_closed(flood[0]), "who has had the longest time to complete a request"
    assert gateway.metric("sallyport_connections_shed_total", why="connections") >= 3
    assert refusals(gateway, "connection.limit") == 0


def test_a_first_body_that_keeps_coming_keeps_its_place(make_own_gateway, pki, upstream):
    written = config(pki, upstream, connections=3)
    written["timeouts"] |= {"request_body": "60s"}
    gateway = make_own_gateway(written)
    with contextlib.ExitStack() as stack:
        uploads = [stack.enter_context(RawClient(gateway)) for _ in range(3)]
        for client in uploads:
            client.send(head_of("POST", "/upload", "Content-Length: 500000"))
        for _ in range(4):  # 50,000 octets in 300 ms
            for client in uploads:
                client.send(bytes(100_000))
            time.sleep(0.4)
        with pytest.raises(OSError):
            RawClient(gateway, source=BYSTANDER)
        for client in uploads:
            client.send(bytes(100_000))
        assert [client.response("POST").status for client in uploads] == [200] * 3


def test_when_nobody_is_idle_the_newcomer_is_refused(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(config(pki, upstream, connections=3))
    go_on = threading.Event()

    def handler(exchange):
        go_on.wait(10)
        exchange.answer()
    upstream.handler = handler
    with contextlib.ExitStack() as stack:
        busy = [stack.enter_context(RawClient(gateway)) for _ in range(3)]
        for client in busy:
            client.get("/busy")
        upstream.wait_for(3)
        with pytest.raises(OSError):
            RawClient(gateway)
        assert refusals(gateway, "connection.limit") == 1
        go_on.set()
        assert [client.response().status for client in busy] == [200] * 3
    wait_until(lambda: gateway.metric("sallyport_connections_open") == 0, "their ends")
    with RawClient(gateway) as client:
        assert client.ask("/").status == 200


def test_the_kernel_gives_every_worker_its_share(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(config(pki, upstream, workers=2))
    with silent_connections(gateway, 100):
        wait_until(lambda: gateway.metric("sallyport_connections_open") == 100, "100 connections")
        shares = [gateway.metric("sallyport_worker_connections_open", worker=str(worker))
                  for worker in (0, 1)]
    assert min(shares) >= 20 and sum(shares) == 100


# ---- handshakes

def test_handshakes_that_stand_still_make_room(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(config(pki, upstream, handshakes=10))
    with silent_connections(gateway, 30) as silent:
        with RawClient(gateway, source=BYSTANDER) as client:
            assert client.ask("/").status == 200
        with pytest.raises(ConnectionResetError):
            silent[0].recv(1)
    line = gateway.event("handshake_failed")
    assert line["deny"]["reason"] == "tls.crowded_out" and line["client_ip"] == ATTACKER
    assert gateway.metric("sallyport_tls_handshake_failures_total", reason="tls.crowded_out") >= 20


def test_handshakes_wait_their_turn_and_requests_do_not(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(config(pki, upstream, handshakes_per_second=20))
    stop = threading.Event()

    def shake_hands():
        while not stop.is_set():
            with contextlib.suppress(OSError):
                RawClient(gateway, source=ATTACKER).sock.close()
    with RawClient(gateway) as client:
        before = gateway.metric("sallyport_tls_handshakes_total")
        began = time.monotonic()
        flood = [threading.Thread(target=shake_hands) for _ in range(4)]
        for thread in flood:
            thread.start()
        try:
            while time.monotonic() - began < 2:
                assert client.ask("/").status == 200
        finally:
            passed = time.monotonic() - began
            made = gateway.metric("sallyport_tls_handshakes_total") - before
            stop.set()
            for thread in flood:
                thread.join()
    assert 10 <= made <= 20 * (passed + 1)


# ---- descriptors

def use_all_descriptors_but(gateway, few):
    """Lowers the running process's limit to what it uses and a few more."""
    pid = gateway.process.pid
    used = max(int(number) for number in os.listdir(f"/proc/{pid}/fd"))
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 1 + few, before[1]))
    return before


def test_without_descriptors_idle_connections_make_room(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(config(pki, upstream))
    with contextlib.ExitStack() as stack:
        old = stack.enter_context(RawClient(gateway))
        assert old.ask("/").status == 200
        before = use_all_descriptors_but(gateway, 20)
        for _ in range(30):
            stack.enter_context(RawClient(gateway, source=ATTACKER))
        with RawClient(gateway, source=BYSTANDER) as client:
            assert client.ask("/").status == 200
        assert old.ask("/still").status == 200
        assert gateway.metric("sallyport_descriptors_exhausted_total") >= 1
        assert gateway.metric("sallyport_connections_shed_total", why="descriptors") >= 10
        resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, before)


def busy_connection(gateway, stack):
    """A connection that has served and is not idle; None when the gateway does not take it."""
    with contextlib.suppress(OSError, Closed):
        client = stack.enter_context(RawClient(gateway, source=ATTACKER))
        assert client.ask("/").status == 200  # over the upstream connection that there is
        client.send(b"GET /half HTTP/1.1\r\n")
        time.sleep(0.02)
        return client


def test_without_descriptors_and_idle_connections_newcomers_are_told_so(make_own_gateway, pki,
                                                                        upstream):
    gateway = make_own_gateway(config(pki, upstream))
    with RawClient(gateway) as old:
        assert old.ask("/").status == 200
        old.send(b"GET /half HTTP/1.1\r\n")  # not idle
        before = use_all_descriptors_but(gateway, 5)
        with contextlib.ExitStack() as stack:
            flood = [busy_connection(gateway, stack) for _ in range(10)]
            assert flood[0] and not flood[-1]
            # From the log: the admin port has no descriptor left, either.
            gateway.log_line("refusals", lambda line: line["event"] == "connection_refused"
                             and line["deny"]["reason"] == "connection.descriptors")
            old.send(f"Host: {API}\r\n\r\n".encode())
            assert old.response().status == 200
            resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, before)
        wait_until(lambda: gateway.metric("sallyport_connections_open") == 1, "the flood's end")
        with RawClient(gateway, source=BYSTANDER) as client:
            assert client.ask("/").status == 200


def test_the_limit_of_descriptors_is_raised_and_connections_fit_into_it(make_own_gateway, pki,
                                                                        upstream):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limit[1]))
    try:
        gateway = make_own_gateway(config(pki, upstream, connections=1_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    assert resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE)[0] == limit[1]
    assert "1000000 of limits.connections" in gateway.event("descriptors")["message"]


# ---- memory

def test_near_the_ceiling_idle_connections_end_and_newcomers_wait(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(config(pki, upstream))
    pressure = lambda: gateway.metric("sallyport_memory_pressure")  # noqa: E731
    with contextlib.ExitStack() as stack:
        old = stack.enter_context(RawClient(gateway))
        assert old.ask("/").status == 200
        for _ in range(30):
            stack.enter_context(RawClient(gateway, source=ATTACKER))
        old.send(b"GET /half HTTP/1.1\r\n")  # not idle

        def be_near():
            """Moves the ceiling to where the memory is between nine tenths of it and all."""
            ceiling = int(gateway.rss() / 0.95)
            assert gateway.reload(config(pki, upstream, memory=ceiling)).returncode == 0
        assert gateway.reload(config(pki, upstream)).returncode == 0  # the memory that a reload needs
        be_near()
        wait_until(lambda: gateway.metric("sallyport_connections_shed_total", why="memory") >= 10,
                   "idle connections end")
        # What they held is given back, and with it the pressure may be over.
        for _ in range(20):
            if pressure() == 1:
                break
            be_near()
            time.sleep(0.6)  # two measurements
        assert pressure() == 1
        with pytest.raises(OSError):
            RawClient(gateway, source=BYSTANDER)
        assert refusals(gateway, "connection.memory") >= 1
        old.send(f"Host: {API}\r\n\r\n".encode())
        assert old.response().status == 200
        assert gateway.reload(config(pki, upstream, memory="8g")).returncode == 0
        wait_until(lambda: pressure() == 0, "the pressure is off")
        with RawClient(gateway, source=BYSTANDER) as client:
            assert client.ask("/").status == 200
    gateway.log_line("soft pressure", lambda line: line["event"] == "memory_pressure"
                     and line["message"].startswith("soft"))


def test_at_the_ceiling_requests_are_asked_to_come_back(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(config(pki, upstream))
    with RawClient(gateway) as client:
        assert client.ask("/").status == 200
        client.send(b"GET /full HTTP/1.1\r\n")
        assert gateway.reload(config(pki, upstream, memory="8m")).returncode == 0
        wait_until(lambda: gateway.metric("sallyport_memory_pressure") == 2, "pressure")
        client.send(f"Host: {API}\r\n\r\n".encode())
        answer = client.response()
        assert answer.status == 503 and int(answer.one("Retry-After")) > 0
        with pytest.raises(OSError):
            RawClient(gateway)
        assert gateway.reload(config(pki, upstream, memory="8g")).returncode == 0
        wait_until(lambda: gateway.metric("sallyport_memory_pressure") == 0, "no pressure")
    assert gateway.line_of(answer.one("x-fapi-interaction-id"))["deny"]["reason"] == (
        "gateway.overloaded")
    with RawClient(gateway) as client:
        assert client.ask("/").status == 200
    assert upstream.targets() == ["/", "/"]
