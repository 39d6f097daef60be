"""Key sets whose server is late, broken, away or abused: known keys go on working."""
import http.client
import json
import os
import socket
import ssl
import threading
import time

import pytest

from support import settings
from support.curl import curl
from support.issuer import Issuer
from support.jose import Key, base64url
from support.places import API
from support.waiting import wait_until

PATH = settings.ACCOUNTS


@pytest.fixture
def issuer():
    made = Issuer("k1")
    yield made
    made.stop()


class Client:
    """Keeps one connection open, as long as the gateway does, and counts the answers by status."""

    def __init__(self, gateway):
        self.context = ssl.create_default_context(cafile=str(gateway.pki.server_ca))
        self.context.load_cert_chain(gateway.pki.certificate("client"), gateway.pki.key("client"))
        self.port = gateway.port
        self.connection = http.client.HTTPConnection(API)
        self.connect()
        self.statuses = {}
        self.slowest = 0.0

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.connection.sock = self.context.wrap_socket(sock, server_hostname=API)

    def call(self, token):
        if self.connection.sock is None:  # the last answer said that it closes
            self.connect()
        began = time.monotonic()
        self.connection.request("GET", PATH, headers={"Host": API,
                                                      "Authorization": f"Bearer {token}"})
        answer = self.connection.getresponse()
        answer.read()
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        return answer.status


def test_ready_within_two_seconds_of_the_issuers_start(make_own_gateway, pki, issuer, upstream):
    gateway = make_own_gateway(settings.of_issuer(pki, issuer, upstream.server), ready=False)
    time.sleep(3)  # long enough for a growing pause between attempts to show
    status, body = gateway.ask_admin("/readyz")
    assert status == 503
    assert "no keys of issuer bank" in body
    assert curl(gateway, PATH, token=issuer.token("k1")).status == 503
    issuer.start()
    began = time.monotonic()
    wait_until(gateway.is_ready, "the gateway is ready", timeout=5)
    assert time.monotonic() - began < 2.0
    assert curl(gateway, PATH, token=issuer.token("k1")).status == 200


BAD_ANSWERS = {
    "an error": (500, "down"), "a page": (200, "<html>maintenance</html>"), "nothing": (200, ""),
    "no keys": (200, '{"keys":[]}'), "keys that are none": (200, '{"keys":[1,{}]}'),
    "half a document": (200, '{"keys":[{"kty":"EC","kid"'),
}


def test_the_last_good_keys_survive_every_bad_answer(make_own_gateway, pki, issuer, upstream):
    issuer.start()
    gateway = make_own_gateway(settings.of_issuer(pki, issuer, upstream.server))
    for what, answer in BAD_ANSWERS.items():
        issuer.answer = answer
        assert gateway.cli("keys", "refresh").returncode == 1, what
        assert curl(gateway, PATH, token=issuer.token("k1")).status == 200, what
        assert gateway.is_ready()
    issuer.answer = None
    issuer.add("k2")
    other = {**issuer.keys["k2"].jwk, "kid": "k1", "use": "sig", "alg": "ES256"}
    mine = json.loads(issuer.document())["keys"][0]
    issuer.answer = (200, json.dumps({"keys": [mine, other]}))
    refreshed = gateway.cli("keys", "refresh")
    assert refreshed.returncode == 1, "one kid for two keys: no key is left"
    assert "k1: kid stands for several keys" in refreshed.stdout + refreshed.stderr
    assert curl(gateway, PATH, token=issuer.token("k1")).status == 200
    skipped = gateway.metric("sallyport_jwks_keys_skipped_by_reason", reason="kid_duplicate")
    assert skipped == 2
    assert gateway.metric("sallyport_jwks_read_failures_total") >= len(BAD_ANSWERS)
    assert "stay in use" in gateway.event("keys_not_read")["message"]


@pytest.mark.parametrize("twin", [{}, {"use": "enc"}, {"use": "enc", "alg": "ECDH-ES"}])
def test_a_twin_takes_no_key_away(make_own_gateway, pki, issuer, upstream, twin):
    """The same key again, and the encryption key that some issuers publish under the same kid."""
    issuer.start()
    mine = json.loads(issuer.document())["keys"][0]
    key = {**(Key().jwk if twin else {}), **twin}
    issuer.answer = (200, json.dumps({"keys": [mine, {**mine, **key}]}))
    gateway = make_own_gateway(settings.of_issuer(pki, issuer, upstream.server))
    assert curl(gateway, PATH, token=issuer.token("k1")).status == 200


def test_a_kid_that_comes_back_with_another_key(make_own_gateway, pki, issuer, upstream):
    """The new key's tokens are accepted soon, the old one's are told apart, the operator hears."""
    issuer.start()
    gateway = make_own_gateway(settings.of_issuer(pki, issuer, upstream.server))
    old = issuer.token("k1")
    assert curl(gateway, PATH, token=old).status == 200
    issuer.add("k1")  # another key in the place of the first
    new = issuer.token("k1")
    fetches = issuer.fetches
    answer = curl(gateway, PATH, token=new)
    assert answer.status == 401
    wait_until(lambda: curl(gateway, PATH, token=new).status == 200, "the new key is known",
               timeout=15)
    assert issuer.fetches - fetches <= 3
    answer = curl(gateway, PATH, token=old)
    assert answer.status == 401
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "bearer.key_replaced"
    wait_until(lambda: gateway.metric("sallyport_key_alarms", alarm="rekeyed") == 1, "the alarm")
    wait_until(lambda: any(line["event"] == "key_alarm" and "key k1 rekeyed" in line["message"]
                           for line in gateway.log()), "the line")
    assert "rekeyed" in gateway.cli("keys").stdout


def test_a_key_set_of_many_keys_and_much_text(make_own_gateway, pki, issuer, upstream):
    """Sixty keys with certificate chains, 200 KiB: more than some peers take. Beyond: a clear no."""
    issuer.start()
    keys = json.loads(issuer.document())["keys"]
    chain = {"x5c": ["A" * 3400]}
    keys += [{**Key().jwk, "kid": f"more-{i}", "use": "sig", "alg": "ES256", **chain}
             for i in range(59)]
    issuer.answer = (200, json.dumps({"keys": keys}))
    assert len(issuer.answer[1]) > 200 * 1024
    gateway = make_own_gateway(settings.of_issuer(pki, issuer, upstream.server))
    assert curl(gateway, PATH, token=issuer.token("k1")).status == 200
    issuer.answer = (200, json.dumps({"keys": keys + 5 * keys[-1:]}))
    refreshed = gateway.cli("keys", "refresh")
    assert refreshed.returncode == 1
    assert "more than 64 keys" in refreshed.stdout + refreshed.stderr
    issuer.answer = (200, json.dumps({"keys": keys, "padding": "A" * 60_000}))
    assert gateway.cli("keys", "refresh").returncode == 1
    assert curl(gateway, PATH, token=issuer.token("k1")).status == 200


def test_random_kids_cost_one_fetch_in_ten_seconds(make_own_gateway, pki, issuer, upstream):
    issuer.start()
    gateway = make_own_gateway(settings.of_issuer(pki, issuer, upstream.server))
    good = issuer.token("k1")
    shape = issuer.token("k1", named="kid-%05d").split(".")
    hostile = [".".join([base64url(b'{"alg":"ES256","typ":"at+jwt","kid":"kid-%05d"}' % i),
                         *shape[1:]]) for i in range(10_000)]
    known = Client(gateway)
    for _ in range(100):
        assert known.call(good) == 200
    calm = known.slowest
    fetches, memory = issuer.fetches, gateway.rss()
    stop = threading.Event()

    def go_on():
        while not stop.is_set():
            known.call(good)
            time.sleep(0.005)

    def attack(client, tokens):
        for token in tokens:
            client.call(token)

    attackers = [Client(gateway) for _ in range(4)]
    threads = [threading.Thread(target=attack, args=[client, hostile[i::4]])
               for i, client in enumerate(attackers)]
    steady = threading.Thread(target=go_on)
    began = time.monotonic()
    for thread in (*threads, steady):
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(max(0.0, 10 - (time.monotonic() - began)))
    stop.set()
    steady.join()
    took = time.monotonic() - began

    assert sum(client.statuses.get(401, 0) for client in attackers) == 10_000
    assert issuer.fetches - fetches <= 1 + took // 10, f"in {took:.1f} s"
    assert set(known.statuses) == {200}
    # Python's own threads take turns; a fetch that is waited for would show as far more.
    assert known.slowest < max(1.0, 20 * calm)
    assert gateway.rss() - memory < 16 * 1024 * 1024


# An outage of an hour, an hour being four times the usual `refresh` and a part of `keep`: here four
# times ten seconds, and most of the shortest `keep`. SALLYPORT_OUTAGE_SECONDS=3600 plays the real
# hour, with the times that are the default.
OUTAGE = int(os.environ.get("SALLYPORT_OUTAGE_SECONDS", "40"))
IS_REAL = OUTAGE >= 3600


def test_an_outage_of_an_hour_under_load_refuses_nobody(make_own_gateway, pki, issuer, upstream):
    issuer.fields = {} if IS_REAL else {"Cache-Control": "max-age=1"}
    issuer.start()
    times = {} if IS_REAL else {"refresh_min": "10s", "refresh": "30s", "refresh_max": "30s",
                                "keep": "1m"}
    config = settings.of_issuer(pki, issuer, upstream.server, **times)
    config["workers"] = 2
    gateway = make_own_gateway(config)
    clients = [Client(gateway) for _ in range(3)]
    failures = []

    def load(client, end):
        try:
            while time.monotonic() < end:
                client.call(issuer.token("k1"))
                client.call(issuer.token("k1", named="unknown"))
        except (OSError, http.client.HTTPException) as error:
            failures.append(repr(error))

    issuer.stop()
    end = time.monotonic() + OUTAGE
    threads = [threading.Thread(target=load, args=(client, end)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for client in clients:
        assert set(client.statuses) == {200, 401}
        assert client.statuses[200] == client.statuses[401] > OUTAGE
    assert gateway.metric("sallyport_jwks_read_failures_total") >= 3, "it did try"
    assert gateway.is_ready()
