"""Each frame that breaks RFC 9113, and the answer that it asks for: what is an error of the connection,
what of a stream, and what is ignored."""
import threading

import pytest

from support import settings
from support.h2client import H2Client, raw, request_of

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, \
    CONTINUATION = range(10)
PRIORITY_UPDATE, ALTSVC, ORIGIN = 0x10, 0xa, 0xc
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR = 1, 3, 5, 6


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    return make_gateway(settings.open_to_all(pki, module_upstream.server,
                                             timeouts={"min_drain": "0ms"}))


@pytest.fixture
def client(gateway, upstream):
    with H2Client(gateway) as connected:
        yield connected


def block(client, *fields):
    return client.header_block(request_of("/", *fields))


def open_request(client, stream):
    """A request on that stream, and its answer."""
    client.h2.highest_outbound_stream_id = stream - 2
    assert client.response(client.request(request_of("/"))).status == 200


def a_head(client, stream):
    return raw(HEADERS, END_HEADERS | END_STREAM, stream, block(client))


def some_data(_, stream):
    return raw(DATA, 0, stream, b"x")


FRAMES = {"headers": a_head, "data": some_data}
kinds = pytest.mark.parametrize("kind", FRAMES)


def ends_with(client, sent):
    client.sock.sendall(sent)
    return client.wait_for_end()


def lives(client):
    return client.ask("/after").status == 200


# ---- identifiers

@kinds
def test_a_lower_identifier_that_was_never_opened(client, kind):
    open_request(client, 5)
    assert ends_with(client, FRAMES[kind](client, 3)) == PROTOCOL_ERROR


def test_both_identifiers_in_one_write(client):
    assert ends_with(client, a_head(client, 7) + a_head(client, 5)) == PROTOCOL_ERROR


def test_data_on_a_stream_that_is_idle(client):
    assert ends_with(client, some_data(client, 1)) == PROTOCOL_ERROR


@pytest.mark.parametrize("kind", [WINDOW_UPDATE, RST_STREAM])
def test_a_word_about_a_stream_that_is_idle(client, kind):
    assert ends_with(client, raw(kind, 0, 1, b"\0\0\0\1")) == PROTOCOL_ERROR


@pytest.mark.parametrize("stream", [0, 2])
def test_a_request_on_an_identifier_that_is_not_a_client_s(client, stream):
    assert ends_with(client, a_head(client, stream)) == PROTOCOL_ERROR


def test_data_on_the_connection(client):
    assert ends_with(client, some_data(client, 0)) == PROTOCOL_ERROR


# ---- closed streams

@kinds
def test_a_stream_that_is_over(client, kind):
    open_request(client, 1)
    assert ends_with(client, FRAMES[kind](client, 1)) == STREAM_CLOSED


@kinds
def test_a_stream_that_the_client_ended_and_that_is_not_answered(client, upstream, kind):
    go_on = threading.Event()
    upstream.handler = lambda exchange: (go_on.wait(10), exchange.answer())
    stream = client.request(request_of("/"))
    upstream.wait_for(1)
    assert ends_with(client, FRAMES[kind](client, stream)) == STREAM_CLOSED
    go_on.set()


@kinds
def test_a_stream_that_the_client_reset(client, upstream, kind):
    stream = client.request(request_of("/", method="POST"), end=False)
    upstream.wait_for(1)
    client.sock.sendall(raw(RST_STREAM, 0, stream, b"\0\0\0\x08"))
    assert ends_with(client, FRAMES[kind](client, stream)) == STREAM_CLOSED


def reset_by_the_gateway(client):
    """A stream that the gateway ended before its client had."""
    stream = client.request(request_of("/", ("content-length", "1"), method="POST"), end=False)
    # Fields that do not end the stream are a malformed message (section 8.1).
    client.sock.sendall(raw(HEADERS, END_HEADERS, stream, client.header_block([("x-a", "1")])))
    answer = client.response(stream)
    assert answer.reset == PROTOCOL_ERROR
    return stream


@pytest.mark.parametrize("kind, flags, payload", [
    (DATA, 0, b"x" * 1000), (DATA, END_STREAM, b""), (WINDOW_UPDATE, 0, b"\0\0\0\1"),
    (RST_STREAM, 0, b"\0\0\0\x08")], ids=["data", "the end", "a window", "a reset"])
def test_a_stream_that_the_gateway_reset_is_ignored(client, kind, flags, payload):
    client.sock.sendall(raw(kind, flags, reset_by_the_gateway(client), payload))
    assert lives(client)


def test_ignored_fields_are_in_the_table_of_the_connection(client, upstream):
    new = ("x-new-name", "new-value")
    client.sock.sendall(raw(HEADERS, END_HEADERS | END_STREAM, reset_by_the_gateway(client),
                            client.header_block([new])))
    assert client.ask("/table", new).status == 200
    assert upstream.requests[-1].head.one(new[0]) == new[1]


def test_ignored_data_gives_its_window_back(client, upstream):
    stream = reset_by_the_gateway(client)
    for _ in range(150):  # more than the window of the connection
        client.sock.sendall(raw(DATA, 0, stream, b"x" * 8000))
        assert client.ask("/window", body=b"y" * 8000, method="POST").status == 200


@pytest.mark.parametrize("kind, payload", [
    (WINDOW_UPDATE, b"\0\0\0\1"), (RST_STREAM, b"\0\0\0\x08"), (PRIORITY, b"\0\0\0\0\1"),
    (PRIORITY_UPDATE, b"\0\0\0\1u=1"), (ALTSVC, b"\0\0"), (ORIGIN, b""), (0xfe, b"abc")])
def test_what_may_come_after_the_end_is_ignored(client, kind, payload):
    open_request(client, 1)
    client.sock.sendall(raw(kind, 0, 1, payload))
    assert lives(client)


# ---- padding

def test_padding_is_not_content(client, upstream):
    stream = client.request(request_of("/", method="POST"), end=False)
    client.sock.sendall(raw(DATA, PADDED, stream, b"\x05abc" + b"\0" * 5)
                        + raw(DATA, PADDED, stream, b"\x03\0\0\0")
                        + raw(DATA, PADDED | END_STREAM, stream, b"\0d"))
    assert client.response(stream).status == 200
    assert upstream.requests[0].read_body() == b"abcd"


def test_a_head_may_be_padded(client):
    client.h2.send_headers(1, request_of("/"), end_stream=True)
    head = client.h2.data_to_send()[9:]
    client.sock.sendall(raw(HEADERS, END_HEADERS | END_STREAM | PADDED, 1,
                            b"\x04" + head + b"\0" * 4))
    assert client.response(1).status == 200


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x05abcd", b"\xff" + b"x" * 20])
def test_padding_that_is_longer_than_its_frame(client, payload):
    """Without even the length of the padding, FRAME_SIZE_ERROR would be as good (section 4.2)."""
    stream = client.request(request_of("/", method="POST"), end=False)
    assert ends_with(client, raw(DATA, PADDED, stream, payload)) == PROTOCOL_ERROR


def test_padding_that_is_longer_than_its_head(client):
    assert ends_with(client, raw(HEADERS, END_HEADERS | END_STREAM | PADDED, 1,
                                 b"\xff" + block(client))) == PROTOCOL_ERROR


# ---- sizes and order

@pytest.mark.parametrize("sent", [
    raw(SETTINGS, 0, 0, b"12345"), raw(SETTINGS, ACK, 0, b"123456"), raw(PING, 0, 0, b"1234567"),
    raw(RST_STREAM, 0, 1, b"123"), raw(WINDOW_UPDATE, 0, 0, b"123"), raw(GOAWAY, 0, 0, b"1234"),
    raw(DATA, 0, 1, b"x" * 16385)],
    ids=["settings", "settings-ack", "ping", "reset", "window", "goaway", "data"])
def test_a_size_that_is_wrong(client, sent):
    client.request(request_of("/", method="POST"), end=False)
    assert ends_with(client, sent) == FRAME_SIZE_ERROR


@pytest.mark.parametrize("sent", [
    raw(SETTINGS, 0, 1), raw(PING, 0, 1, b"12345678"), raw(GOAWAY, 0, 1, b"12345678"),
    raw(RST_STREAM, 0, 0, b"\0\0\0\x08"), raw(PRIORITY, 0, 0, b"\0\0\0\0\1"),
    raw(WINDOW_UPDATE, 0, 0, b"\0\0\0\0"), raw(CONTINUATION, END_HEADERS, 1, b""),
    raw(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2"), raw(HEADERS, 0, 1) + raw(PING, 0, 0, b"12345678"),
    raw(HEADERS, 0, 1) + raw(0xfe, 0, 0), raw(HEADERS, 0, 1) + raw(CONTINUATION, 0, 3)],
    ids=["settings", "ping", "goaway", "reset", "priority", "no window", "continuation", "push",
         "ping in a head", "unknown in a head", "another's continuation"])
def test_a_frame_that_has_no_place_there(client, sent):
    assert ends_with(client, sent) == PROTOCOL_ERROR


def test_a_window_that_overflows(client):
    assert ends_with(client, raw(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff")) == FLOW_CONTROL_ERROR


def test_an_empty_update_of_a_stream(client, upstream):
    """An error of the stream, which section 5.4.1 lets one take for one of the connection."""
    stream = client.request(request_of("/", method="POST"), end=False)
    assert ends_with(client, raw(WINDOW_UPDATE, 0, stream, b"\0\0\0\0")) == PROTOCOL_ERROR
