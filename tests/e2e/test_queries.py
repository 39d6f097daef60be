"""Queries with characters that RFC 3986 does not allow in one, as browsers send them."""
import uuid

import pytest

from support import settings
from support.h2client import H2Client
from support.places import API
from support.rawtls import RawClient

SENT = "/page?[]{}|^=%5b&x[0]=1"
MEANT = "/page?%5B%5D%7B%7D%7C%5E=%5b&x%5B0%5D=1"


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, module_upstream):
    config = settings.open_to_all(pki, module_upstream.server)
    config["routes"].append(settings.route("page", ["/page"], "raw", ["GET"], query="lenient",
                                           policies={"headers": None}))
    config["routes"].append(settings.route("quiet", ["/quiet/{uid}"], "raw", ["GET"],
                                           log_path=False, policies={"headers": None}))
    config["routes"][0]["paths"] = ["/strict/**"]
    return make_gateway(config)


def status_of(gateway, version, target, method="GET", mark=None):
    mark = mark or str(uuid.uuid4())
    if version == 1:
        with RawClient(gateway) as client:
            client.send(f"{method} {target} HTTP/1.1\r\nHost: {API}\r\n"
                        f"x-fapi-interaction-id: {mark}\r\n\r\n".encode())
            return client.response().status
    with H2Client(gateway) as client:
        return client.ask(target, ("x-fapi-interaction-id", mark), method=method).status


def ask(gateway, version, target, method="GET"):
    """Status and log line of the one answer."""
    mark = str(uuid.uuid4())
    return status_of(gateway, version, target, method, mark), gateway.line_of(mark)


@pytest.mark.parametrize("version", [1, 2])
def test_a_lenient_route_forwards_them_percent_encoded(gateway, upstream, version):
    assert status_of(gateway, version, SENT) == 200
    assert upstream.targets() == [MEANT]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("character", "[]{}|^")
def test_other_routes_and_no_route_refuse_them(gateway, upstream, version, character):
    for target, route in (("/strict/a", "all"), ("/none", None), ("/quiet/secret", "quiet")):
        status, line = ask(gateway, version, f"{target}?a{character}b")
        assert status == 400
        assert line["deny"]["reason"] == "http.target_illegal_character"
        assert line["deny"]["stage"] == "http" and line.get("route") == route, line
        assert "secret" not in line["path"]
    assert upstream.targets() == []


@pytest.mark.parametrize("version", [1, 2])
def test_a_method_that_the_route_does_not_have_shows_no_more_of_the_path(gateway, version):
    status, line = ask(gateway, version, "/quiet/secret?a[b", method="DELETE")
    assert status == 400 and line["path"] == "/quiet/{uid}"


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("character", ['"', "<", ">", "\\", "`", "#"])
def test_a_lenient_route_refuses_all_others(gateway, upstream, version, character):
    assert status_of(gateway, version, f"/page?a{character}b") == 400
    assert status_of(gateway, version, f"/page{character}?a") == 400
    assert upstream.targets() == []


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("character", "[]{}|^")
def test_a_lenient_route_takes_them_in_no_path(gateway, upstream, version, character):
    assert status_of(gateway, version, f"/page{character}") == 400
    assert upstream.targets() == []
