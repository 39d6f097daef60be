"""kill -9 while revocations are written: what was acknowledged must be there afterwards."""
import http.client
import json
import random
import socket
import threading
import time

from . import settings


def routes_of(pki):
    """A configuration with a revocation store; nobody calls its one route."""
    config = settings.base(pki, api="127.0.0.1:1")
    config["workers"] = 1
    config["modules"] = {"revocation": {"store": {"path": "revocations"}}}
    config["routes"] = [settings.route("all", ["/**"], "api", policies={"revocation": None})]
    return config


class OverSocket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def order(socket_path, verb, members):
    """Gives one order to the gateway; its answer as an object."""
    connection = OverSocket(socket_path)
    try:
        connection.request("POST", f"/command/{verb}", json.dumps(members))
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 200, body
        return body
    finally:
        connection.close()


class Writer(threading.Thread):
    """Revokes, and takes every fourth back, until the gateway is gone. It lives in another process
    than the gateway and notes only what was acknowledged; what was under way may be either."""

    def __init__(self, gateway, name):
        super().__init__(daemon=True)
        self.gateway, self.name_ = gateway, name
        self.revoked, self.reinstated, self.unsure = set(), set(), set()
        self.problem = None

    def give(self, verb, value, acknowledged):
        self.unsure.add(value)
        order(self.gateway.socket, verb, {"unit": "jti", "value": value, "who": "crash test"})
        self.unsure.discard(value)
        acknowledged.add(value)

    def run(self):
        try:
            for number in range(1_000_000):
                value = f"{self.name_}-{number}"
                self.give("revoke", value, self.revoked)
                if number % 4 == 3:
                    self.revoked.discard(value)
                    self.give("reinstate", value, self.reinstated)
        except (OSError, http.client.HTTPException):
            pass  # killed
        except Exception as problem:
            self.problem = problem
            raise


def listed(gateway):
    values, after = set(), None
    while True:
        page = order(gateway.socket, "revoked", {"limit": 1000} | ({"after": after} if after else {}))
        values.update(record["value"] for record in page["records"])
        after = page.get("next")
        if not after:
            return values


def crash(gateway, cycles, seed, writers=2, longest=0.15):
    """Kills a running gateway `cycles` times; it runs afterwards. Returns how many changes were
    acknowledged; fails at the first that is lost."""
    chance = random.Random(seed)
    revoked, reinstated, acknowledged = set(), set(), 0
    for cycle in range(cycles):
        at_work = [Writer(gateway, f"{cycle}-{index}") for index in range(writers)]
        for writer in at_work:
            writer.start()
        time.sleep(chance.uniform(0.005, longest))
        gateway.kill()
        for writer in at_work:
            writer.join(20)
            assert writer.problem is None and not writer.is_alive()
            revoked |= writer.revoked
            reinstated |= writer.reinstated
            acknowledged += len(writer.revoked) + 2 * len(writer.reinstated)
        gateway.start()
        now = listed(gateway)
        lost, back = revoked - now, reinstated & now
        assert not lost and not back, f"cycle {cycle}: lost {sorted(lost)}, back {sorted(back)}"
    return acknowledged
