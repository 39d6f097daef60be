"""The alert rules speak of metrics that exist, at 30, 14 and 7 days."""
import re
import shutil
import subprocess

import pytest
import yaml

from support import settings
from support.places import ROOT
from support.processes import free_port
from support.redis import Redis

RULES = sorted((ROOT / "conf" / "prometheus").glob("*.yaml"))


@pytest.fixture
def redis_port(tmp_path):
    redis = Redis(tmp_path, free_port())
    yield redis.port
    redis.kill()


def rules_of(file):
    return [rule for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.name)
def test_every_rule_is_whole_and_asks_for_a_metric_that_exists(make_own_gateway, pki, upstream,
                                                               redis_port, file):
    config = settings.open_to_all(pki, upstream.server)
    config["modules"] = {"revocation": {"store": {"path": "revocations"},
                                        "redis": {"servers": [f"127.0.0.1:{redis_port}"]}}}
    config["modules"]["oauth"] = {"authorization_servers": {"bank": {}}, "grants": {"path": "grants"}}
    config["routes"][0]["policies"]["revocation"] = None
    config["routes"].append(settings.route("token", ["/token"], config["routes"][0]["upstream"], ["POST"], errors="oauth", policies={
        "revocation": None, "oauth": {"kind": "token", "server": "bank"}}))
    gateway = make_own_gateway(config)
    exposed = gateway.ask_admin("/metrics")[1]
    rules = rules_of(file)
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule) >= {"alert", "expr", "labels", "annotations"} and rule["labels"]["severity"]
        for metric in re.findall(r"sallyport_\w+", rule["expr"]):
            assert f"# TYPE {metric} " in exposed, metric


def test_expiry_is_alerted_30_14_and_7_days_ahead():
    file = next(file for file in RULES if file.name == "certificates.yaml")
    days = {int(days) for rule in rules_of(file)
            for days in re.findall(r"< (\d+) \* 86400", rule["expr"])}
    assert days == {30, 14, 7}


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
@pytest.mark.parametrize("file", RULES, ids=lambda file: file.name)
def test_prometheus_accepts_the_rules(file):
    subprocess.run(["promtool", "check", "rules", file], check=True, timeout=60)
