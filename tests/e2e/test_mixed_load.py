"""Everything at once: requests over both protocols on two workers, revocations in Redis, new
certificates, reloads and an operator who reads the metrics. Each request must get the answer that it
gets when nothing else happens. Under the thread sanitizer it shows who shares memory with whom."""
import json
import threading
import uuid

import pytest

from support import settings
from support.authority import Authority
from support.h2client import H2Client
from support.issuer import Issuer
from support.rawtls import RawClient
from support.redis import Redis
from support.waiting import wait_until
from test_hot_change import Pki, new_pair, place
from test_revocation_redis import config_of, is_synced, key_of

ROUNDS = 3
PAUSE = 0.01  # a sanitized gateway needs part of two cores to load configurations


@pytest.fixture
def issuer():
    running = Issuer("k1", "k2").start()
    yield running
    running.stop()


@pytest.fixture
def redis(tmp_path):
    running = Redis(tmp_path)
    yield running
    running.kill()


@pytest.fixture
def server_ca(tmp_path):
    return Authority(tmp_path / "server", "/O=Bank/CN=Server CA")


@pytest.fixture
def tls(tmp_path, server_ca):
    folder = tmp_path / "tls"
    folder.mkdir()
    place(new_pair(server_ca, "first"), folder)
    return folder


@pytest.fixture
def gateway(make_own_gateway, pki, issuer, upstream, redis, server_ca, tls):
    config = config_of(pki, issuer, upstream, {"servers": [redis.server], "command_timeout": "10s"})
    for entry in config["listeners"][0]["tls"]["certificates"]:
        entry.update(certificate=str(tls / "server.pem"), key=str(tls / "server.key"))
    gateway = make_own_gateway(config)
    gateway.pki = Pki(server_ca, server_ca)
    wait_until(lambda: is_synced(gateway), "the gateway follows the Redis")
    return gateway


class Load:
    """Threads that repeat what they do until the load ends; what went wrong is in `faults`."""

    def __init__(self):
        self.faults, self.done, self.ending, self.threads = [], {}, threading.Event(), []

    def add(self, act):
        self.done[act.__name__] = 0

        def repeat():
            while not self.ending.wait(PAUSE) and not self.faults:
                try:
                    act()
                    self.done[act.__name__] += 1
                except Exception as error:  # whatever it is, it belongs to the report
                    self.faults.append(f"{act.__name__}: {error!r}")
        self.threads.append(threading.Thread(target=repeat))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()


def bearer_of(token):
    return "authorization", f"Bearer {token}"


def test_each_request_gets_its_answer_whatever_else_happens(gateway, issuer, redis, server_ca, tls):
    token = issuer.token("k1", jti="good")
    field = ": ".join(bearer_of(token)) + "\r\n"

    def new_connections():
        with RawClient(gateway) as client:
            for _ in range(3):
                assert client.ask(settings.ACCOUNTS, more=field).status == 200

    def streams():
        with H2Client(gateway) as client:
            for _ in range(5):
                assert client.ask(settings.ACCOUNTS, bearer_of(token)).status == 200

    def revocations():
        jti = str(uuid.uuid4())
        doomed = ": ".join(bearer_of(issuer.token("k2", jti=jti))) + "\r\n"
        with RawClient(gateway) as client:
            assert client.ask(settings.ACCOUNTS, more=doomed).status == 200
            redis.cli("SET", key_of(issuer, "jti", jti), "", "EX", 600)
            wait_until(lambda: client.ask(settings.ACCOUNTS, more=doomed).status == 401, "it holds",
                       60)

    def operators():
        assert gateway.ask_admin("/metrics")[0] == 200
        assert json.loads(gateway.cli("status").stdout)

    load = Load()
    for act in (new_connections, new_connections, streams, revocations, operators):
        load.add(act)
    pairs = [new_pair(server_ca, f"swap{n}") for n in range(2)]
    with load:
        for round_ in range(ROUNDS):
            generation = gateway.metric("sallyport_config_generation")
            place(pairs[round_ % 2], tls)
            wait_until(lambda: gateway.metric("sallyport_config_generation") > generation or load.faults,
                       f"swap {round_}", 60)
            assert gateway.reload().returncode == 0
    assert load.faults == []
    assert all(load.done.values()), load.done
