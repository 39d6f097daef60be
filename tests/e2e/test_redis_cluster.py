"""A Redis Cluster: of three masters one was followed, and two thirds of the revocations were never heard of."""
import json

import pytest

from support import settings
from support.gateway import sallyport
from support.issuer import Issuer
from support.redis import Redis, RedisCluster
from support.waiting import wait_until


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    running = RedisCluster(tmp_path_factory.mktemp("cluster"))
    yield running
    running.kill()


@pytest.fixture(scope="module")
def issuer():
    running = Issuer("k1").start()
    yield running
    running.stop()


def revocation(config, server):
    config["modules"]["revocation"] = {"store": {"path": "revocations"}, "redis": {"servers": [server]},
                                       "redis_keys": {"prove_every": "200ms"}}
    config["routes"][0]["policies"]["revocation"] = None
    return config


def limits(module):
    def add(config, server):
        key = config["routes"][0]["policies"]
        config["modules"][module] = {
            "limits": {"a": {"by": ["address"], "requests": 100}},
            "shared": {"hash_key": "env:HASH_KEY", "redis": {"servers": [server]}}}
        key[module] = {"limits": ["a"]}
        return config
    return add


PLACES = [(revocation, "modules.revocation.redis"), (limits("rate"), "modules.rate.shared.redis"),
          (limits("quota"), "modules.quota.shared.redis")]


@pytest.mark.parametrize("add, place", PLACES, ids=[place for _, place in PLACES])
def test_with_a_node_of_a_cluster_nobody_is_ready(make_own_gateway, pki, issuer, upstream, cluster,
                                                  monkeypatch, add, place):
    monkeypatch.setenv("HASH_KEY", "the same for all gateways")
    gateway = make_own_gateway(
        add(settings.of_issuer(pki, issuer, upstream.server), cluster.servers[0]), ready=False)
    wait_until(lambda: "cluster_enabled:1" in gateway.ask_admin("/readyz")[1], "it says why")
    status, text = gateway.ask_admin("/readyz")
    assert status == 503
    assert place in text
    gateway.log_line("cluster_enabled:1", lambda line: line["level"] == "error")
    checked = sallyport("check", "-c", gateway.file)
    assert checked.returncode == 1
    assert place in checked.stderr and "cluster_enabled:1" in checked.stderr


def test_what_is_on_disk_holds_and_a_redis_that_is_no_cluster_makes_it_ready(
        make_own_gateway, pki, issuer, upstream, cluster, tmp_path):
    redis = Redis(tmp_path)
    try:
        config = revocation(settings.of_issuer(pki, issuer, upstream.server), redis.server)
        gateway = make_own_gateway(config)
        gateway.revoke("jti", "known")
        assert sallyport("check", "-c", gateway.file).returncode == 0
        config["modules"]["revocation"]["redis"]["servers"] = cluster.servers
        assert gateway.reload(config).returncode == 0
        wait_until(lambda: not gateway.is_ready(), "not ready after the reload")
        told = json.loads(gateway.cli("revoked", "--json").stdout)
        assert [record["value"] for record in told["records"]] == ["known"]
        assert "cluster_enabled:1" in told["redis"]["error"] and not told["redis"]["synced"]
        config["modules"]["revocation"]["redis"]["servers"] = [redis.server]
        assert gateway.reload(config).returncode == 0
        wait_until(gateway.is_ready, "ready again")
    finally:
        redis.kill()


def test_a_redis_that_is_not_reached_is_no_mistake(make_own_gateway, pki, issuer, upstream, tmp_path):
    gateway = make_own_gateway(
        revocation(settings.of_issuer(pki, issuer, upstream.server), f"unix:{tmp_path}/none"), start=False)
    checked = sallyport("check", "-c", gateway.file)
    assert checked.returncode == 0, checked.stderr
    assert "note: modules.revocation.redis was not reached" in checked.stderr
