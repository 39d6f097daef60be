"""Where clients call from: rules on countries and networks, and databases that change meanwhile.

All of 127.0.0.0/8 is this machine, so a client chooses its country by the address it calls from.
"""
import concurrent.futures
import os
import threading
import time

import pytest

from support import mmdb, settings
from support.curl import curl
from support.gateway import sallyport
from support.waiting import wait_until

US, CA, KP, NOWHERE = "127.1.0.1", "127.2.0.1", "127.3.0.1", "127.9.0.1"
PLACES = {"127.1.0.0/16": ("US", "NA"), "127.2.0.0/16": ("CA", "NA"), "127.3.0.0/16": ("KP", "AS")}
NETWORKS = {"127.1.0.0/16": 64496, "127.2.0.0/15": 64500}
EVERYBODY = ["127.0.0.0/8"]


def routes(upstream):
    def route(name, **policies):
        # Answers carry the id of their log line when the policy `headers` is there.
        return settings.route(name, [f"/{name}"], upstream, policies=policies | {"headers": None})
    return [
        route("allow", geo={"allow": {"countries": ["US", "CA"]}}),
        route("deny", geo={"deny": {"continents": ["AS"], "asns": [64496]}}),
        route("observe", geo={"allow": {"countries": ["US"]}, "mode": "observe"}),
        route("tag", geo={"tag": {"cloud": {"asns": [64496]}, "north": {"continents": ["NA"]}}}),
        route("partner", address={"allow": [KP]}, geo={"allow": {"countries": ["US"]}}),
        route("strict", address={"allow": EVERYBODY},
              geo={"allow": {"countries": ["US"]}, "even_allowlisted": True}),
    ]


def configuration(pki, upstream, folder):
    config = settings.base(pki, api=upstream.server)
    config["modules"] = {"geo": {"databases": {"country": str(folder / "country.mmdb"),
                                               "asn": str(folder / "asn.mmdb")},
                                 "check_every": "50ms"}}
    config["routes"] = routes("api")
    return config


def put(file, content):
    """Replaces the file in one step."""
    new = file.with_suffix(".new")
    new.write_bytes(content)
    os.replace(new, file)


def now():
    return int(time.time())


@pytest.fixture
def files(tmp_path):
    put(tmp_path / "country.mmdb", mmdb.countries(PLACES, now()))
    put(tmp_path / "asn.mmdb", mmdb.asns(NETWORKS, now()))
    return tmp_path


@pytest.fixture
def gateway(make_own_gateway, pki, upstream, files):
    return make_own_gateway(configuration(pki, upstream, files))


def call(gateway, path, client):
    """The answer, its status, and the reason of a refusal in the log."""
    answer = curl(gateway, path, "--interface", client)
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["client_ip"] == client
    return answer.status, line.get("deny", {}).get("reason"), line


@pytest.mark.parametrize("path, client, reason", [
    ("/allow", US, None),
    ("/allow", CA, None),
    ("/allow", KP, "geo.not_allowed"),
    ("/allow", NOWHERE, "geo.unknown_address"),
    ("/deny", US, "geo.asn_denied"),
    ("/deny", CA, None),
    ("/deny", KP, "geo.continent_denied"),
    ("/deny", NOWHERE, None),
    ("/observe", KP, None),
    ("/tag", KP, None),
    ("/partner", KP, None),
    ("/partner", US, "address.not_allowed"),
    ("/strict", US, None),
    ("/strict", KP, "geo.not_allowed"),
])
def test_the_country_and_the_network_decide(gateway, path, client, reason):
    status, given, _ = call(gateway, path, client)
    assert (status, given) == (403 if reason else 200, reason)


def test_the_log_says_where_every_request_came_from(gateway):
    _, _, line = call(gateway, "/allow", KP)
    assert (line["country"], line["asn"]) == ("KP", 64500)
    assert "country=KP continent=AS asn=64500" in line["deny"]["evidence"]
    _, _, line = call(gateway, "/tag", US)
    assert (line["country"], line["asn"], line["geo_tags"]) == ("US", 64496, "cloud,north")
    _, _, line = call(gateway, "/observe", CA)
    assert line["would_deny"]["reason"] == "geo.not_allowed" and line["country"] == "CA"
    _, _, line = call(gateway, "/deny", NOWHERE)
    assert not {"country", "asn", "geo_tags"} & line.keys()


def test_why_shows_where_the_client_was(gateway):
    answer = curl(gateway, "/tag", "--interface", US)
    said = gateway.cli("why", answer.one("x-fapi-interaction-id")).stdout
    assert "country=US continent=NA asn=64496 tags=cloud,north" in said


def test_a_new_database_holds_for_the_next_request(gateway, files):
    assert call(gateway, "/allow", KP)[0] == 403
    built = now() - 60
    put(files / "country.mmdb", mmdb.countries(PLACES | {"127.3.0.0/16": ("CA", "NA")}, built))
    wait_until(lambda: gateway.metric("sallyport_geo_database_build_timestamp_seconds",
                                      database="country") == built, "the new database")
    assert call(gateway, "/allow", KP)[0] == 200
    assert gateway.metric("sallyport_geo_database_reloads_total", database="country") == 1
    assert gateway.metric("sallyport_geo_database_reloads_total", database="asn") == 0


@pytest.mark.parametrize("damage", [
    lambda file: os.truncate(file, 100),
    lambda file: os.truncate(file, 0),
    lambda file: file.write_bytes(os.urandom(file.stat().st_size)),
    lambda file: file.write_bytes((file.parent / "asn.mmdb").read_bytes()),
    lambda file: file.unlink(),
], ids=["cut", "emptied", "noise", "another_kind", "gone"])
def test_a_damaged_file_changes_nothing_and_is_told(gateway, files, damage):
    file = files / "country.mmdb"
    good = file.read_bytes()
    damage(file)
    wait_until(lambda: gateway.metric("sallyport_geo_database_reload_failures_total",
                                      database="country") == 1, "the failure")
    for client, status in ((US, 200), (KP, 403), (NOWHERE, 403)):
        assert call(gateway, "/allow", client)[0] == status
    assert gateway.metric("sallyport_geo_database_up", database="country") == 0
    assert gateway.ask_admin("/readyz")[0] == 200
    event = gateway.event("problem")
    assert event["level"] == "warn" and str(file) in event["message"]
    assert "stays in use" in event["message"]
    ended = sallyport("check", "-c", gateway.file)
    assert ended.returncode == 1 and "modules.geo.databases.country: " in ended.stderr
    # An urgent change of something else must not wait for a good file.
    ended = gateway.reload(gateway.config)
    assert ended.returncode == 0
    assert call(gateway, "/allow", US)[0] == 200
    put(file, good)
    wait_until(lambda: gateway.metric("sallyport_geo_database_up", database="country") == 1,
               "the file is good again")
    assert gateway.event("problem_over")["message"] == event["message"]


def test_requests_never_notice_that_databases_are_replaced(gateway, files):
    """In place, by renaming, cut in between: every answer is of one of the two databases."""
    file, stop = files / "country.mmdb", threading.Event()
    both = [mmdb.countries(PLACES, now()),
            mmdb.countries(PLACES | {"127.3.0.0/16": ("CN", "AS")}, now() + 1)]

    def replace():
        turn = 0
        while not stop.is_set():
            turn += 1
            if turn % 3 == 0:
                put(file, both[turn % 2])
            else:
                os.truncate(file, 64)
                file.write_bytes(both[turn % 2])
            time.sleep(0.15)

    def ask(client):
        return [call(gateway, "/deny", client) for _ in range(25)]

    with concurrent.futures.ThreadPoolExecutor() as pool:
        replacing = pool.submit(replace)
        answers = [pool.submit(ask, client) for client in (CA, KP, KP)]
        of_ca, *of_kp = [answer.result() for answer in answers]
        stop.set()
        replacing.result()
    assert all((status, line["country"]) == (200, "CA") for status, _, line in of_ca)
    for status, reason, line in sum(of_kp, []):
        assert (status, reason) == (403, "geo.continent_denied") and line["country"] in ("KP", "CN")
    assert gateway.metric("sallyport_geo_database_reloads_total", database="country") > 1


def test_an_old_database_is_used_and_told(make_own_gateway, pki, upstream, files):
    put(files / "asn.mmdb", mmdb.asns(NETWORKS, now() - 60 * 24 * 3600))
    gateway = make_own_gateway(configuration(pki, upstream, files))
    assert gateway.metric("sallyport_geo_database_stale", database="asn") == 1
    assert gateway.metric("sallyport_geo_database_stale", database="country") == 0
    assert "more than 45d ago" in gateway.event("problem")["message"]
    assert call(gateway, "/deny", US)[1] == "geo.asn_denied"


def test_geo_that_comes_with_a_reload_holds_from_its_first_request(make_own_gateway, pki, upstream,
                                                                   files):
    config = configuration(pki, upstream, files)
    geo = {key: config.pop(key) for key in ("modules", "routes")}
    config["routes"] = [settings.route("tag", ["/tag"], "api", policies={"headers": None})]
    gateway = make_own_gateway(config)
    assert curl(gateway, "/tag", "--interface", KP).status == 200
    assert gateway.reload(config | geo).returncode == 0
    assert call(gateway, "/allow", US)[0] == 200
    assert call(gateway, "/allow", KP)[1] == "geo.not_allowed"
