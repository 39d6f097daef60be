"""Messages that two parsers could read differently are refused, and nothing behind the gateway sees
them. Every case is followed by a good request on the same connection: it must not be answered, nor
reach the upstream, since nobody knows where the bad message ended."""
import itertools

import pytest

from support import settings
from support.http1 import Closed
from support.places import API
from support.rawtls import RawClient

SMUGGLED = f"GET /smuggled HTTP/1.1\r\nHost: {API}\r\n\r\n".encode()
marks = itertools.count()


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    return make_gateway(settings.open_to_all(pki, module_upstream.server))


def request(*lines, start="GET /bad HTTP/1.1", host=f"Host: {API}", body=b""):
    """A request of these lines; they may be octets."""
    all_lines = [start, *([host] if host else []), *lines, "", ""]
    octets = [line if isinstance(line, bytes) else line.encode("latin-1") for line in all_lines]
    return b"\r\n".join(octets) + body


def post(*lines, body=b"5\r\nhello\r\n0\r\n\r\n"):
    return request(*lines, start="POST /bad HTTP/1.1", body=body)


def target(text):
    return request(start=f"GET {text} HTTP/1.1")


def nothing_else_arrived(gateway, upstream, expected=()):
    """A request that comes through afterwards is the next one that the upstream sees."""
    mark = f"/mark-{next(marks)}"
    with RawClient(gateway) as client:
        assert client.ask(mark).status == 200
    assert upstream.targets() == [*expected, mark]


# name: octets, status, reason
HEADS = {
    # How long is the body? (RFC 9112 section 6)
    "both_lengths": (post("Content-Length: 15", "Transfer-Encoding: chunked"), 400, "both_lengths"),
    "both_lengths_turned": (post("Transfer-Encoding: chunked", "Content-Length: 15"), 400,
                            "both_lengths"),
    "both_lengths_one_in_other_case": (post("content-LENGTH: 0", "TRANSFER-encoding: chunked"),
                                       400, "both_lengths"),
    "coding_unknown": (post("Transfer-Encoding: xchunked"), 501, "unknown_transfer_coding"),
    "coding_identity": (post("Transfer-Encoding: identity"), 501, "unknown_transfer_coding"),
    "coding_gzip_then_chunked": (post("Transfer-Encoding: gzip, chunked"), 501,
                                 "unknown_transfer_coding"),
    "coding_after_chunked": (post("Transfer-Encoding: chunked, gzip"), 400,
                             "bad_transfer_encoding"),
    "coding_chunked_twice": (post("Transfer-Encoding: chunked, chunked"), 400,
                             "bad_transfer_encoding"),
    "coding_empty": (post("Transfer-Encoding:"), 400, "bad_transfer_encoding"),
    "coding_with_parameter": (post("Transfer-Encoding: chunked;q=1"), 400, "bad_transfer_encoding"),
    "coding_quoted": (post('Transfer-Encoding: "chunked"'), 400, "bad_transfer_encoding"),
    "coding_fields_two": (post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), 400,
                          "duplicate_transfer_encoding"),
    "coding_fields_two_different": (post("Transfer-Encoding: chunked",
                                         "Transfer-Encoding: identity"), 400,
                                    "duplicate_transfer_encoding"),
    "coding_vertical_tab": (post("Transfer-Encoding: \x0bchunked"), 400, "control_in_field"),
    "coding_with_underscore": (post("Transfer_Encoding: chunked"), 400, "framing_lookalike"),
    "coding_in_http_1_0": (request("Transfer-Encoding: chunked", start="POST /bad HTTP/1.0",
                                   body=b"0\r\n\r\n"), 400, "transfer_encoding_in_http10"),
    "length_twice_equal": (post("Content-Length: 5", "Content-Length: 5"), 400,
                           "duplicate_content_length"),
    "length_twice_different": (post("Content-Length: 5", "Content-Length: 6"), 400,
                               "duplicate_content_length"),
    "length_list": (post("Content-Length: 5, 5"), 400, "list_content_length"),
    "length_plus": (post("Content-Length: +5"), 400, "bad_content_length"),
    "length_minus": (post("Content-Length: -5"), 400, "bad_content_length"),
    "length_hexadecimal": (post("Content-Length: 0x5"), 400, "bad_content_length"),
    "length_leading_zero": (post("Content-Length: 05"), 400, "bad_content_length"),
    "length_with_space": (post("Content-Length: 1 5"), 400, "bad_content_length"),
    "length_empty": (post("Content-Length:"), 400, "bad_content_length"),
    "length_too_large": (post("Content-Length: 9223372036854775808"), 413,
                         "content_length_overflow"),
    "length_with_underscore": (post("Content_Length: 5"), 400, "framing_lookalike"),
    # Where does a line end? (RFC 9112 section 2.2)
    "bare_line_feeds": (f"GET /bad HTTP/1.1\nHost: {API}\n\n".encode(), 400, "bare_line_feed"),
    "bare_line_feed_in_a_field": (request("X-A: 1\nX-B: 2"), 400, "bare_line_feed"),
    "bare_line_feed_at_the_end": (f"GET /bad HTTP/1.1\r\nHost: {API}\r\n\n".encode(), 400,
                                  "bare_line_feed"),
    "bare_carriage_return_in_a_field": (request("X-A: 1\rTransfer-Encoding: chunked"), 400,
                                        "bare_carriage_return"),
    "bare_carriage_return_in_the_target": (request(start="GET /bad\r HTTP/1.1"), 400,
                                           "bare_carriage_return"),
    "two_empty_lines_before": (b"\r\n\r\n" + request(), 400, "empty_line_before_start"),
    "folded_line": (request("X-A: 1", " folded"), 400, "obs_fold"),
    "folded_line_with_tab": (request("X-A: 1", "\tTransfer-Encoding: chunked"), 400, "obs_fold"),
    "folded_first_line": (request(start="GET /bad HTTP/1.1\r\n X-A: 1"), 400, "obs_fold"),
    # What is a field? (RFC 9110 section 5, RFC 9112 section 5)
    "nul_in_a_value": (request("X-A: a\0b"), 400, "nul_in_field"),
    "nul_in_a_name": (request("X\0A: b"), 400, "nul_in_field"),
    "control_in_a_value": (request("X-A: a\x01b"), 400, "control_in_field"),
    "delete_in_a_value": (request("X-A: a\x7fb"), 400, "control_in_field"),
    "space_before_colon": (request("Transfer-Encoding : chunked"), 400, "space_before_colon"),
    "tab_before_colon": (request("Content-Length\t: 5"), 400, "space_before_colon"),
    "no_colon": (request("X-A"), 400, "missing_colon"),
    "no_name": (request(": 1"), 400, "empty_field_name"),
    "name_with_space": (request("X A: 1"), 400, "bad_field_name"),
    "name_beyond_ascii": (request("X-\xe9: 1"), 400, "bad_field_name"),
    "name_with_brackets": (request("X[A]: 1"), 400, "bad_field_name"),
    # What is asked for? (RFC 9112 section 3)
    "http_0_9": (b"GET /bad\r\n\r\n", 505, "version_not_supported"),
    "http_1_2": (request(start="GET /bad HTTP/1.2"), 505, "version_not_supported"),
    "http_2_0": (request(start="GET /bad HTTP/2.0"), 505, "version_not_supported"),
    "http_2_preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_not_supported"),
    "version_in_lower_case": (request(start="GET /bad http/1.1"), 400, "bad_request_line"),
    "version_with_more_digits": (request(start="GET /bad HTTP/1.10"), 400, "bad_request_line"),
    "two_spaces": (request(start="GET  /bad HTTP/1.1"), 400, "bad_request_line"),
    "space_in_target": (request(start="GET /bad /other HTTP/1.1"), 400, "bad_request_line"),
    "tab_for_space": (request(start="GET\t/bad\tHTTP/1.1"), 400, "bad_request_line"),
    "space_before_method": (request(start=" GET /bad HTTP/1.1"), 400, "bad_method"),
    "method_in_lower_case": (request(start="get /bad HTTP/1.1"), 400, "bad_method"),
    "method_of_other_octets": (request(start="G(T /bad HTTP/1.1"), 400, "bad_method"),
    "method_too_long": (request(start=f"{'M' * 33} /bad HTTP/1.1"), 400, "bad_method"),
    "connect": (request(start=f"CONNECT {API}:443 HTTP/1.1"), 501, "connect_refused"),
    "trace": (request(start="TRACE /bad HTTP/1.1"), 501, "trace_refused"),
    "upgrade_with_content": (post("Connection: Upgrade", "Upgrade: websocket", "Content-Length: 5"), 501,
                             "upgrade_refused"),
    "other_expectation": (post("Content-Length: 5", "Expect: 200-ok"), 417, "unknown_expectation"),
    "connection_option_no_token": (request("Connection: close, (x)"), 400,
                                   "bad_connection_option"),
    "connection_options_too_many": (request("Connection: " + ", ".join(
        f"x-{i}" for i in range(17))), 400, "too_many_connection_options"),
    # For whom?
    "no_host": (request(host=None), 400, "missing_host"),
    "no_host_in_http_1_0": (request(start="GET /bad HTTP/1.0", host=None), 400, "missing_host"),
    "two_hosts": (request("Host: other.example"), 400, "duplicate_host"),
    "two_equal_hosts": (request(f"Host: {API}"), 400, "duplicate_host"),
    "empty_host": (request(host="Host:"), 400, "bad_host"),
    "host_with_path": (request(host=f"Host: {API}/x"), 400, "bad_host"),
    "host_with_comma": (request(host=f"Host: {API}, other.example"), 400, "bad_host"),
    "host_with_user": (request(host=f"Host: admin@{API}"), 400, "authority_userinfo"),
    "host_with_dot_at_end": (request(host=f"Host: {API}."), 400, "host_trailing_dot"),
    "host_with_bad_port": (request(host=f"Host: {API}:https"), 400, "bad_port"),
    "host_with_port_too_large": (request(host=f"Host: {API}:65536"), 400, "bad_port"),
    "absolute_target_of_another_host": (target("https://other.example/bad"), 400, "host_mismatch"),
    "absolute_target_of_another_port": (target(f"https://{API}:1/bad"), 400, "host_mismatch"),
    "absolute_target_with_user": (target(f"https://admin@{API}/bad"), 400, "host_mismatch"),
    # Which resource? (style: one spelling each)
    "no_slash": (target("bad"), 400, "target_bad_form"),
    "other_scheme": (target(f"ftp://{API}/bad"), 400, "target_bad_form"),
    "asterisk": (target("*"), 400, "target_asterisk"),
    "fragment": (target("/bad#x"), 400, "target_fragment"),
    "encoded_slash": (target("/bad%2Fx"), 400, "target_encoded_slash"),
    "encoded_slash_in_lower_case": (target("/bad%2fx"), 400, "target_encoded_slash"),
    "encoded_backslash": (target("/bad%5cx"), 400, "target_encoded_backslash"),
    "backslash": (target("/bad\\x"), 400, "target_backslash"),
    "dot_segment": (target("/bad/./x"), 400, "target_dot_segment"),
    "dot_dot_segment": (target("/bad/../x"), 400, "target_dot_segment"),
    "dot_dot_at_the_end": (target("/bad/.."), 400, "target_dot_segment"),
    "encoded_dot_dot": (target("/bad/%2e%2E/x"), 400, "target_dot_segment"),
    "half_encoded_dot_dot": (target("/bad/.%2e/x"), 400, "target_dot_segment"),
    "empty_segment": (target("/bad//x"), 400, "target_empty_segment"),
    "empty_first_segment": (target("//bad"), 400, "target_empty_segment"),
    "parameter": (target("/bad;x=1"), 400, "target_parameter"),
    "encoded_parameter": (target("/bad%3bx"), 400, "target_parameter"),
    "percent_alone": (target("/bad%"), 400, "target_bad_escape"),
    "percent_and_letters": (target("/bad%zz"), 400, "target_bad_escape"),
    "percent_in_query": (target("/bad?x=%2"), 400, "target_bad_escape"),
    "encoded_nul": (target("/bad%00"), 400, "target_encoded_control"),
    "encoded_line_feed": (target("/bad%0aX"), 400, "target_encoded_control"),
    "encoded_twice": (target("/bad%252e%252e"), 400, "target_double_encoding"),
    "overlong_utf_8": (target("/bad%c0%ae"), 400, "target_bad_utf8"),
    "broken_utf_8": (target("/bad%e4x"), 400, "target_bad_utf8"),
    "octets_beyond_ascii": (target("/b\xe4d"), 400, "target_non_ascii"),
    "quotation_mark": (target('/bad"'), 400, "target_illegal_character"),
    # How much is too much?
    "line_too_long": (target("/" + "a" * 8192), 414, "request_line_too_long"),
    "query_too_long": (target("/bad?" + "a" * 8192), 414, "request_line_too_long"),
    "field_too_long": (request("X-A: " + "a" * (16 * 1024)), 431, "field_too_large"),
    "head_too_long": (request(*(f"X-{i}: " + "a" * 4096 for i in range(9))), 431,
                      "head_too_large"),
    "fields_too_many": (request(*(f"X-{i}: 1" for i in range(101))), 431, "too_many_fields"),
}


@pytest.mark.parametrize("octets, status, reason", HEADS.values(), ids=HEADS.keys())
def test_a_doubtful_head_is_refused_and_ends_the_connection(gateway, upstream, octets, status,
                                                            reason):
    with RawClient(gateway) as client:
        client.send(octets + SMUGGLED)
        answer = client.response()
        assert client.rest() == b"", "it was answered twice"
    check_refusal(gateway, answer, status, reason)
    nothing_else_arrived(gateway, upstream)


def check_refusal(gateway, answer, status, reason):
    assert answer.status == status
    assert answer.one("Connection") == "close"
    assert answer.one("Content-Type") == "application/json"
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert (line["deny"]["stage"], line["deny"]["reason"]) == ("http", f"http.{reason}")
    assert line["status"] == answer.status


CHUNKED = "Transfer-Encoding: chunked"
LONG = b"a" * 300
BODIES = {
    "size_too_large": (b"FFFFFFFFFFFFFFFF\r\nhello", 413, "chunk_size_overflow"),
    "size_of_too_many_digits": (b"00000000000000005\r\nhello\r\n0\r\n\r\n", 400, "chunk_bad_size"),
    "size_with_0x": (b"0x5\r\nhello\r\n0\r\n\r\n", 400, "chunk_bad_size"),
    "size_with_sign": (b"+5\r\nhello\r\n0\r\n\r\n", 400, "chunk_bad_size"),
    "size_negative": (b"-5\r\nhello\r\n0\r\n\r\n", 400, "chunk_bad_size"),
    "size_missing": (b"\r\nhello\r\n0\r\n\r\n", 400, "chunk_bad_size"),
    "size_after_space": (b" 5\r\nhello\r\n0\r\n\r\n", 400, "chunk_bad_size"),
    "size_before_space": (b"5 \r\nhello\r\n0\r\n\r\n", 400, "chunk_bad_size"),
    "size_line_ends_with_line_feed": (b"5\nhello\r\n0\r\n\r\n", 400, "chunk_bad_line_end"),
    "size_line_with_bare_carriage_return": (b"5\rx\nhello\r\n0\r\n\r\n", 400,
                                            "chunk_bad_line_end"),
    "extension_too_long": (b"5;x=" + LONG + b"\r\nhello\r\n0\r\n\r\n", 400, "chunk_line_too_long"),
    "extensions_too_many": (b"1;" + b"x" * 200 + b"\r\nh\r\n", 400, "chunk_extensions_too_large"),
    "extension_malformed": (b"5;=x\r\nhello\r\n0\r\n\r\n", 400, "chunk_bad_extension"),
    "extension_with_line_feed": (b"5;x\nhello\r\n0\r\n\r\n", 400, "chunk_bad_line_end"),
    "data_longer_than_size": (b"5\r\nhelloX\r\n0\r\n\r\n", 400, "chunk_missing_line_end"),
    "data_ends_with_line_feed": (b"5\r\nhello\n0\r\n\r\n", 400, "chunk_missing_line_end"),
    "trailer_content_length": (b"0\r\nContent-Length: 5\r\n\r\n", 400, "trailer_forbidden"),
    "trailer_transfer_encoding": (b"0\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                                  "trailer_forbidden"),
    "trailer_host": (b"0\r\nHost: other.example\r\n\r\n", 400, "trailer_forbidden"),
    "trailer_authorization": (b"0\r\nAuthorization: Bearer x\r\n\r\n", 400, "trailer_forbidden"),
    "trailer_forwarded_for": (b"0\r\nX-Forwarded-For: 10.9.8.7\r\n\r\n", 400,
                              "trailer_forbidden"),
    "trailer_lookalike": (b"0\r\nX_Forwarded_For: 10.9.8.7\r\n\r\n", 400, "trailer_forbidden"),
    "trailer_client_cert": (b"0\r\nClient-Cert: :MIIB:\r\n\r\n", 400, "trailer_forbidden"),
    "trailer_without_colon": (b"0\r\nX-A\r\n\r\n", 400, "missing_colon"),
    "trailer_folded": (b"0\r\nX-A: 1\r\n b\r\n\r\n", 400, "obs_fold"),
    "trailers_too_large": (b"0\r\nX-A: " + b"a" * 9000 + b"\r\n\r\n", 431, "trailers_too_large"),
}


@pytest.mark.parametrize("body, status, reason", BODIES.values(), ids=BODIES.keys())
def test_a_doubtful_body_is_refused_and_never_completed(gateway, upstream, body, status, reason):
    complete = []

    def handler(exchange):
        try:
            complete.append((exchange.target, exchange.read_body()))
            exchange.answer()
        except Closed:
            pass  # the only end that a broken body may have
    upstream.handler = handler
    if reason == "chunk_extensions_too_large":
        body *= 21
    with RawClient(gateway) as client:
        client.send(post(CHUNKED, body=body) + SMUGGLED)
        answer = client.response()
        assert client.rest() == b"", "it was answered twice"
    check_refusal(gateway, answer, status, reason)
    with RawClient(gateway) as client:
        assert client.ask("/mark").status == 200
    assert complete == [("/mark", b"")]


# ---- what comes after an answer

def test_a_request_after_connection_close_is_not_answered(gateway, upstream):
    with RawClient(gateway) as client:
        client.get("/last", more="Connection: close\r\n")
        client.send(SMUGGLED)
        answer = client.response()
        assert answer.status == 200 and answer.one("Connection") == "close"
        assert client.rest() == b""
    nothing_else_arrived(gateway, upstream, ["/last"])


def test_what_was_asked_before_a_bad_request_is_answered_first(gateway, upstream):
    with RawClient(gateway) as client:
        client.get("/good")
        client.send(post("Content-Length: 5", CHUNKED) + SMUGGLED)
        assert client.response().status == 200
        assert client.response().status == 400
        assert client.rest() == b""
    nothing_else_arrived(gateway, upstream, ["/good"])


def test_a_body_that_looks_like_a_request_is_a_body(gateway, upstream):
    with RawClient(gateway) as client:
        client.send(post(f"Content-Length: {len(SMUGGLED)}", body=SMUGGLED))
        assert client.response().status == 200
    assert upstream.requests[0].body == SMUGGLED
    nothing_else_arrived(gateway, upstream, ["/bad"])


def test_a_refusal_before_the_body_ends_the_connection(gateway, upstream):
    """The body that follows could be read as requests."""
    with RawClient(gateway) as client:
        client.send(post("Content-Length: 100", "Connection: close, Host", body=SMUGGLED))
        assert client.response().status == 400
        assert client.rest() == b""
    nothing_else_arrived(gateway, upstream)


# ---- what looks odd and is good

@pytest.mark.parametrize("octets, arrives", [
    (b"\r\n" + request(start="GET /good HTTP/1.1"), "/good"),
    (request(start=f"GET https://{API}/good HTTP/1.1"), "/good"),
    (request(start=f"GET http://{API}/good?a=b HTTP/1.1"), "/good?a=b"),
    (request(start="GET /%67ood%C3%A4?x=%2f/;'%20 HTTP/1.1"), "/good%C3%A4?x=%2f/;'%20"),
    (request(start="OPTIONS * HTTP/1.1"), None),
    (request("X-A:1", "X-B: \t 2 \t", "X-C:", start="GET /good HTTP/1.1"), "/good"),
    (post("Transfer-Encoding: ChunKed", body=b"005;a=b;c=\"d\"\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"),
     "/bad"),
], ids=["one_empty_line", "absolute", "absolute_http", "escapes", "options_asterisk", "spaces",
        "chunk_extensions"])
def test_what_is_unusual_and_unambiguous_comes_through(gateway, upstream, octets, arrives):
    with RawClient(gateway) as client:
        client.send(octets)
        status = client.response().status
    assert (status, upstream.targets()) == ((200, [arrives]) if arrives else (404, []))
    assert all(request.head.all("Host") == [API] for request in upstream.requests)


@pytest.mark.parametrize("fields", [
    ("Upgrade: TLS/1.2", "Connection: Upgrade"),
    ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAB"),
    ("Upgrade: websocket",),
], ids=["tls", "h2c", "unlisted"])
def test_an_offer_to_upgrade_is_dropped(gateway, upstream, fields):
    """RFC 9110 section 7.8: a server may ignore it. The upstream never hears of it."""
    with RawClient(gateway) as client:
        for _ in range(2):  # the connection goes on
            client.send(request(*fields, start="GET /good HTTP/1.1"))
            assert client.response().status == 200
    assert upstream.targets() == ["/good"] * 2
    for sent in upstream.requests:
        assert not [field for field in fields if sent.head.one(field.split(":")[0]) not in (None, "")]
