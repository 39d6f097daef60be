"""Revocations in a Redis: what any tool writes there holds at once on every worker, and what was
known is not forgotten because the Redis forgot it."""
import contextlib
import hashlib
import json
import time
import uuid

import pytest

from support import settings
from support.issuer import Issuer
from support.processes import free_port
from support.rawtls import RawClient
from support.redis import Redis, Sentinel
from support.tcp_proxy import TcpProxy
from support.waiting import wait_until

CONNECTIONS = 8  # over two workers: the kernel spreads them


@pytest.fixture(scope="module")
def issuer():
    running = Issuer("k1", "k2").start()
    yield running
    running.stop()


@pytest.fixture
def redis(tmp_path):
    running = Redis(tmp_path)
    yield running
    running.kill()


def config_of(pki, issuer, upstream, redis, **revocation):
    config = settings.of_issuer(pki, issuer, upstream.server)
    config["modules"]["revocation"] = {"store": {"path": "revocations"}, "redis": redis,
                                       "redis_keys": {"prove_every": "200ms"}, **revocation}
    config["routes"][0]["policies"]["revocation"] = None
    return config


@pytest.fixture
def start(make_own_gateway, pki, issuer, upstream, redis):
    def make(server=None, synced=True, **revocation):
        gateway = make_own_gateway(config_of(
            pki, issuer, upstream,
            server or {"servers": [redis.server], "command_timeout": "300ms"}, **revocation))
        if synced:
            wait_until(lambda: is_synced(gateway), "the gateway follows the Redis")
        return gateway
    return make


def is_synced(gateway):
    return gateway.metric("sallyport_revocation_synced") == 1


@contextlib.contextmanager
def everywhere(gateway, token):
    """Asks with one token over connections to all workers; returns the statuses."""
    field = f"Authorization: Bearer {token}\r\n"
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(RawClient(gateway)) for _ in range(CONNECTIONS)]

        def ask():
            for client in clients:
                client.get(settings.ACCOUNTS, more=field)
            return {client.response().status for client in clients}
        yield ask


def status(gateway, token):
    with RawClient(gateway) as client:
        return client.ask(settings.ACCOUNTS, more=f"Authorization: Bearer {token}\r\n").status


def iss_hash(issuer):
    return hashlib.sha256(issuer.issuer.encode()).hexdigest()[:16]


def key_of(issuer, unit, value, prefix="sallyport:revoked"):
    return f"{prefix}:{unit}:{iss_hash(issuer)}:{value}"


def revoked_token(issuer, redis, **claims):
    """A new token, and the key that revokes it, which is in the Redis."""
    jti = str(uuid.uuid4())
    key = key_of(issuer, "jti", jti)
    redis.cli("SET", key, "", "EX", 600)
    return issuer.token("k1", jti=jti, **claims), key


# ---- what any tool writes

def test_a_set_holds_within_milliseconds_on_every_worker(start, issuer, redis):
    gateway = start()
    token = issuer.token("k1", jti="one")
    with everywhere(gateway, token) as ask, redis.connect() as writer:
        assert ask() == {200}
        times = []
        for _ in range(20):
            began = time.monotonic()
            writer.call("SET", key_of(issuer, "jti", "one"), "", "EX", "900")
            while ask() != {401}:
                assert time.monotonic() < began + 5
            times.append(time.monotonic() - began)
            assert ask() == {401}
            writer.call("DEL", key_of(issuer, "jti", "one"))
            wait_until(lambda: ask() == {200}, "a deleted key reinstates")
        times.sort()
        assert times[len(times) // 2] < 0.05, times
    assert gateway.metric("sallyport_revocation_redis_reinstated_total") == 20


@pytest.mark.parametrize("unit, claim, reason", [
    ("jti", "jti", "revocation.token"), ("subject", "sub", "revocation.subject"),
    ("client", "client_id", "revocation.client"), ("consent", "fdxConsentId", "revocation.consent"),
    ("kid", None, "revocation.key")])
def test_every_unit_for_one_issuer_and_for_all(start, issuer, redis, unit, claim, reason):
    gateway = start()
    for whose in (iss_hash(issuer), "any", "*"):
        name = str(uuid.uuid4()) if claim else "k2"
        token = issuer.token("k1", **{claim: name}) if claim else issuer.token("k2")
        assert status(gateway, token) == 200
        key = f"sallyport:revoked:{unit}:{whose}:{name}"
        redis.cli("SET", key, "1", "EX", 600)
        wait_until(lambda: status(gateway, token) == 401, f"{key} revokes")
        redis.cli("DEL", key)
        wait_until(lambda: status(gateway, token) == 200, f"{key} is deleted")
    other = "0" * 16
    redis.cli("SET", f"sallyport:revoked:{unit}:{other}:{name}", "1", "EX", 600)
    time.sleep(0.2)
    assert status(gateway, token) == 200  # of another issuer
    assert any(line.get("deny", {}).get("reason") == reason for line in gateway.log())


def test_a_cutoff_refuses_what_was_issued_until_then(start, issuer, redis):
    gateway = start()
    now = int(time.time())
    old, new = (issuer.token("k1", sub="u:1", iat=now + seconds) for seconds in (-60, 0))
    redis.cli("SET", key_of(issuer, "subject", "u:1"),
              json.dumps({"cutoff": now - 30, "reason": "lost phone", "who": "branch"}), "EX", 600)
    wait_until(lambda: status(gateway, old) == 401, "the old token is refused")
    assert status(gateway, new) == 200
    redis.cli("SET", key_of(issuer, "subject", "u:1"), now, "EX", 600)
    wait_until(lambda: status(gateway, new) == 401, "a later cut-off")
    page = json.loads(gateway.cli("revoked", "--json").stdout)
    assert page["records"][0]["reason"] == "lost phone"
    assert page["redis"]["synced"] is True


def test_what_is_not_understood_revokes_always_and_is_counted(start, issuer, redis):
    gateway = start()
    token = issuer.token("k1", sub="u2")
    redis.cli("SET", key_of(issuer, "subject", "u2"), int(time.time() * 1000), "EX", 600)
    wait_until(lambda: status(gateway, token) == 401, "milliseconds revoke always")
    assert gateway.metric("sallyport_revocation_redis_flawed_values_total") >= 1
    line = gateway.event("revocation_redis_flawed_value")
    assert "milliseconds" in line["message"]
    token = issuer.token("k1", sub="u3")
    redis.cli("LPUSH", key_of(issuer, "subject", "u3"), "x")
    wait_until(lambda: status(gateway, token) == 401, "a list revokes always")
    redis.cli("SET", "sallyport:revoked:tokn:any:x", "1", "EX", 600)
    wait_until(lambda: gateway.metric("sallyport_revocation_redis_unknown_keys_total") == 1,
               "a key that names no revocation is counted")


def test_keys_of_other_programs(start, issuer, redis):
    gateway = start(redis_keys={"prove_every": "200ms", "foreign": [
        {"pattern": "denylist:jti:{jti}"},
        {"pattern": "auth:user:revoked_after:{subject}", "value": "cutoff"}]})
    one, two = issuer.token("k1", jti="f1"), issuer.token("k1", sub="f2")
    redis.cli("SET", "denylist:jti:f1", "whatever", "EX", 600)
    redis.cli("SET", "auth:user:revoked_after:f2", int(time.time()), "EX", 600)
    wait_until(lambda: status(gateway, one) == 401, "a foreign jti")
    wait_until(lambda: status(gateway, two) == 401, "a foreign cut-off")
    redis.cli("DEL", "denylist:jti:f1")
    wait_until(lambda: status(gateway, one) == 200, "a foreign key deleted")


def test_a_key_ends_when_its_time_is_over(start, issuer, redis):
    gateway = start()
    token = issuer.token("k1", jti="short")
    redis.cli("SET", key_of(issuer, "jti", "short"), "", "EX", 2)
    wait_until(lambda: status(gateway, token) == 401, "revoked")
    wait_until(lambda: status(gateway, token) == 200, "over")
    assert gateway.metric("sallyport_revocation_redis_reinstated_total") == 0


# ---- what a Redis forgets

def test_an_emptied_redis_reinstates_nobody_and_is_filled_again(start, issuer, redis):
    gateway = start()
    token, key = revoked_token(issuer, redis)
    wait_until(lambda: status(gateway, token) == 401, "revoked")
    redis.cli("FLUSHALL")
    wait_until(lambda: redis.cli("EXISTS", key) == "1", "it is written back")
    assert status(gateway, token) == 401
    assert 590 < int(redis.cli("TTL", key)) <= 602  # ends are kept in whole seconds
    assert gateway.metric("sallyport_revocation_redis_losses_total", cause="flush") == 1
    gateway.event("revocation_redis_emptied")
    # A deletion while the flush is being made good counts as part of it.
    wait_until(lambda: redis.cli("DEL", key) and status(gateway, token) == 200,
               "and can be deleted again")


def test_a_redis_that_starts_empty_reinstates_nobody(start, issuer, redis):
    gateway = start()
    token, key = revoked_token(issuer, redis)
    wait_until(lambda: status(gateway, token) == 401, "revoked")
    redis.kill()
    wait_until(lambda: not is_synced(gateway), "the Redis is missed")
    assert status(gateway, token) == 401
    assert gateway.is_ready()
    redis.start()
    wait_until(lambda: is_synced(gateway), "the Redis is back")
    assert status(gateway, token) == 401
    wait_until(lambda: redis.cli("EXISTS", key) == "1", "it is written back")
    assert gateway.metric("sallyport_revocation_redis_losses_total", cause="restart") == 1


def test_an_evicted_key_is_no_reinstatement(start, issuer, redis):
    gateway = start()
    token, key = revoked_token(issuer, redis)
    wait_until(lambda: status(gateway, token) == 401, "revoked")
    redis.cli("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
    redis.cli("CONFIG", "SET", "maxmemory", "1")
    wait_until(lambda: redis.cli("EXISTS", key) == "0", "evicted")
    time.sleep(0.5)
    assert status(gateway, token) == 401
    redis.cli("CONFIG", "SET", "maxmemory", "0")
    wait_until(lambda: redis.cli("EXISTS", key) == "1", "it is written back", timeout=15)
    assert gateway.metric("sallyport_revocation_redis_losses_total", cause="eviction") >= 1
    assert gateway.metric("sallyport_revocation_redis_reinstated_total") == 0


def test_a_cold_start_without_redis_knows_what_was_known(start, issuer, redis):
    gateway = start()
    token, _ = revoked_token(issuer, redis)
    good = issuer.token("k1")
    wait_until(lambda: status(gateway, token) == 401, "revoked")
    time.sleep(0.3)  # the copy on disk is a moment behind
    gateway.kill()
    redis.kill()
    gateway.start()
    assert status(gateway, token) == 401
    assert status(gateway, good) == 200
    assert not is_synced(gateway)
    assert gateway.metric("sallyport_revocation_entries", unit="jti") == 1


def test_nothing_on_disk_and_no_redis_is_not_ready(make_own_gateway, pki, issuer, upstream, redis):
    redis.kill()
    gateway = make_own_gateway(config_of(pki, issuer, upstream, {"servers": [redis.server]}),
                               ready=False)
    code, why = gateway.ask_admin("/readyz")
    assert code == 503 and "never read from Redis" in why
    assert status(gateway, issuer.token("k1")) == 503
    redis.start()
    wait_until(gateway.is_ready, "the gateway becomes ready")
    assert status(gateway, issuer.token("k1")) == 200
    # An empty set that was complete is enough the next time.
    redis.kill()
    gateway.kill()
    gateway.start()
    assert status(gateway, issuer.token("k1")) == 200


# ---- what operators order

def test_an_order_is_written_for_all_gateways(start, issuer, redis):
    one, two = start(), start()
    token = issuer.token("k1", sub="u9")
    ended = one.cli("revoke", "subject", "u9", "--issuer", issuer.issuer, "--reason", "stolen")
    assert json.loads(ended.stdout)["redis"] == "written"
    assert status(one, token) == 401
    wait_until(lambda: status(two, token) == 401, "the other gateway knows")
    value = json.loads(redis.cli("GET", key_of(issuer, "subject", "u9")))
    assert (value["reason"], value["issuer"]) == ("stolen", issuer.issuer)
    assert two.cli("reinstate", "subject", "u9", "--issuer", issuer.issuer).returncode == 0
    assert status(two, token) == 200
    wait_until(lambda: status(one, token) == 200, "reinstated there, too")
    assert redis.cli("EXISTS", key_of(issuer, "subject", "u9")) == "0"


def test_an_order_without_redis_holds_here_and_is_written_later(start, issuer, redis):
    gateway = start()
    token = issuer.token("k1", jti="late")
    redis.kill()
    ended = gateway.cli("revoke", "jti", "late")
    assert json.loads(ended.stdout)["redis"] == "pending"
    assert status(gateway, token) == 401
    refused = gateway.cli("reinstate", "jti", "late")
    assert refused.returncode != 0 and "nothing was changed" in refused.stderr
    assert status(gateway, token) == 401
    redis.start()
    wait_until(lambda: redis.cli("EXISTS", "sallyport:revoked:jti:any:late") == "1", "written later")
    assert gateway.metric("sallyport_revocation_redis_losses_total") == 0
    assert gateway.cli("reinstate", "jti", "late").returncode == 0
    assert status(gateway, token) == 200


def test_a_gateway_that_was_away_learns_of_reinstatements(start, issuer, redis):
    one, two = start(), start()
    jti = str(uuid.uuid4())
    token, key = issuer.token("k1", jti=jti), f"sallyport:revoked:jti:any:{jti}"
    redis.cli("SET", key, "", "EX", 600)
    wait_until(lambda: status(one, token) == status(two, token) == 401, "revoked")
    time.sleep(1.1)  # a reinstatement of the same second does not count
    two.kill()
    redis.cli("DEL", key)
    wait_until(lambda: status(one, token) == 200, "reinstated")
    two.start()
    wait_until(lambda: is_synced(two), "it is back")
    assert status(two, token) == 200
    assert redis.cli("EXISTS", key) == "0"


# ---- how it is reached

def test_over_tls_with_a_user_of_its_own(start, issuer, pki, tmp_path):
    folder = tmp_path / "tls"
    folder.mkdir()
    port = free_port()
    secured = Redis(folder, options=[
        "--tls-port", port, "--tls-cert-file", pki.certificate("server"), "--tls-key-file",
        pki.key("server"), "--tls-ca-cert-file", pki.server_ca, "--tls-auth-clients", "no"])
    try:
        rules = ("on", ">s3cret", "resetchannels", "&__redis__:invalidate", "~sallyport:revoked:*",
                 "-@all", "+client|id", "+client|setname", "+client|tracking",
                 "+client|trackinginfo", "+del", "+eval", "+getrange", "+info", "+ping",
                 "+pttl", "+role", "+scan", "+set", "+subscribe")
        assert secured.cli("ACL", "SETUSER", "gateway", *rules) == "OK"
        password = folder / "password"
        password.write_text("s3cret\n")
        password.chmod(0o600)
        gateway = start({"servers": [f"127.0.0.1:{port}"], "username": "gateway",
                         "password": f"file:{password}",
                         "tls": {"ca_file": str(pki.server_ca), "server_name": settings.API}})
        token, key = revoked_token(issuer, secured)
        wait_until(lambda: status(gateway, token) == 401, "revoked over TLS")
        secured.cli("FLUSHALL")
        wait_until(lambda: secured.cli("EXISTS", key) == "1", "it may write")
        assert gateway.cli("revoke", "jti", "acl").returncode == 0
        assert gateway.cli("reinstate", "jti", "acl").returncode == 0
    finally:
        secured.kill()


def test_a_failover_to_a_replica_that_lags_reinstates_nobody(start, issuer, tmp_path):
    folder = tmp_path / "failover"
    folder.mkdir()
    master = Redis(folder, free_port(), name="master")
    stream = TcpProxy(master.port)
    replica = Redis(folder, free_port(), name="replica", options=[
        "--replicaof", "127.0.0.1", stream.port])
    wait_until(lambda: "master_link_status:up" in replica.cli("INFO", "replication"), "replicates")
    sentinel = Sentinel(folder, master.port)
    try:
        wait_until(lambda: sentinel.knows_replicas(1), "the sentinel knows the replica", 30)
        gateway = start({"sentinel": {"servers": [f"127.0.0.1:{sentinel.port}"],
                                      "master": "bank"}, "command_timeout": "300ms"})
        kept, _ = revoked_token(issuer, master)
        wait_until(lambda: status(gateway, kept) == 401, "revoked")
        # The last one never reaches the replica, and then the master dies.
        stream.is_cut = True
        lost, key = revoked_token(issuer, master)
        wait_until(lambda: status(gateway, lost) == 401, "revoked at the master")
        time.sleep(0.5)  # a proof, which looks at the stream's offset
        master.kill()
        stream.close()
        wait_until(replica.is_master, "failed over", 30)
        wait_until(lambda: is_synced(gateway), "the new master is followed", 20)
        assert status(gateway, kept) == status(gateway, lost) == 401
        wait_until(lambda: replica.cli("EXISTS", key) == "1", "it is written back")
        late, _ = revoked_token(issuer, replica)
        wait_until(lambda: status(gateway, late) == 401, "revoked at the new master")
        assert gateway.metric("sallyport_revocation_redis_losses_total", cause="lag") == 1
    finally:
        for process in (sentinel, replica, master):
            process.kill()
        stream.close()
