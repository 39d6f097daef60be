"""What one read brings leaves in one write, however small the pieces are: each record of TLS that a
client gets is one at least."""
import contextlib
import socket
import ssl

import pytest

from support import settings
from support.http1 import Reader
from support.places import API
from support.rawtls import head_of

MANY = 200
APPLICATION_DATA = 23  # RFC 8446 section 5.1


class RecordCounter:
    """A TLS client that sees its records; `reader` reads what is in them."""

    def __init__(self, gateway):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(gateway.pki.server_ca)
        self.tcp = socket.create_connection(("127.0.0.1", gateway.port), timeout=15)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=API)
        self.wire = b""
        self.records = 0
        self.of_wire(self.tls.do_handshake)
        self.reader = Reader(self)

    def of_wire(self, step, *arguments):
        """Does a step of TLS, with what the wire has to give and take for it."""
        while True:
            try:
                done = step(*arguments)
            except ssl.SSLWantReadError:
                done = None
            if self.outgoing.pending:
                self.tcp.sendall(self.outgoing.read())
            if done is not None or step == self.tls.do_handshake and self.tls.cipher():
                return done
            if not (octets := self.tcp.recv(1 << 16)):
                return b""
            self.wire += octets
            while len(self.wire) >= 5 and len(self.wire) >= (size := 5 + int.from_bytes(self.wire[3:5])):
                self.records += self.wire[0] == APPLICATION_DATA
                self.incoming.write(self.wire[:size])
                self.wire = self.wire[size:]

    def end_with(self, octets):
        """Sends the octets and ends this side, all at once."""
        self.tls.write(octets)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.tcp.sendall(self.outgoing.read())
        self.tcp.shutdown(socket.SHUT_WR)

    def recv(self, size):
        return self.of_wire(self.tls.read, size)

    def send(self, octets):
        self.of_wire(self.tls.write, octets)


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    config = settings.open_to_all(pki, module_upstream.server)
    config["routes"][0]["methods"] = ["GET"]
    return make_gateway(config)


@pytest.fixture
def client(gateway):
    counting = RecordCounter(gateway)
    yield counting
    counting.tcp.close()


def test_answers_to_requests_sent_ahead_leave_together(client):
    client.send(head_of("POST", "/refused", "Content-Length: 0") * MANY)
    before = client.records
    for _ in range(MANY):
        assert client.reader.response().status == 405
    assert client.records - before < MANY / 5


def test_requests_sent_ahead_are_answered_in_their_order(client, upstream):
    upstream.handler = lambda exchange: exchange.answer(200, exchange.target.encode())
    client.send(b"".join(head_of("GET" if i % 3 else "POST", f"/{i}", "Content-Length: 0")
                         for i in range(MANY)))
    for i in range(MANY):
        answer = client.reader.response()
        assert answer.status == (200 if i % 3 else 405)
        assert i % 3 == 0 or answer.body == f"/{i}".encode()


def test_the_last_of_them_does_not_wait_for_more(client):
    """Half a request behind it: its answer leaves all the same."""
    client.send(head_of("POST", "/refused", "Content-Length: 0") * 3 + b"GET /half HTTP/1.1\r\nHo")
    for _ in range(3):
        assert client.reader.response().status == 405
    client.send(f"st: {API}\r\n\r\n".encode())
    assert client.reader.response().status == 200


@pytest.mark.parametrize("method, status", [("POST", 405), ("GET", 200)])
def test_a_client_that_ends_its_side_has_the_answers(client, upstream, method, status):
    client.end_with(head_of(method, "/ahead", "Content-Length: 0") * MANY + b"GET /half")
    for _ in range(MANY):
        assert client.reader.response().status == status


def test_an_answer_in_chunks_of_one_octet_leaves_in_few_records(client, upstream):
    def handler(exchange):
        exchange.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 2000
                      + b"0\r\n\r\n")
    upstream.handler = handler
    before = client.records
    client.send(head_of("GET", "/chunks"))
    assert client.reader.response().body == b"x" * 2000
    assert client.records - before < 20
