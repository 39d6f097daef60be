"""What operators rely on: health, readiness, metrics, the admin socket, what survives a crash."""
import base64
import json
import re
import stat
import urllib.parse

import pytest

from support import settings
from support.curl import curl
from support.gateway import sallyport
from support.places import API
from support.processes import free_port
from support.provider import Provider
from support.rawtls import RawClient
from support.waiting import wait_until

ACCOUNTS = "/fdx/v6/accounts"

# What dashboards and alerts are made of. conf/ and docs/ name them; renaming one breaks operators.
METRICS = {
    "sallyport_build_info": "gauge",
    "sallyport_config_generation": "gauge",
    "sallyport_config_last_reload_successful": "gauge",
    "sallyport_config_last_reload_success_timestamp_seconds": "gauge",
    "sallyport_connections_accepted_total": "counter",
    "sallyport_connections_distrusted_total": "counter",
    "sallyport_connections_open": "gauge",
    "sallyport_connections_refused_total": "counter",
    "sallyport_connections_shed_total": "counter",
    "sallyport_denials_total": "counter",
    "sallyport_descriptors_exhausted_total": "counter",
    "sallyport_expiry_timestamp_seconds": "gauge",
    "sallyport_jwks_age_seconds": "gauge",
    "sallyport_jwks_keys": "gauge",
    "sallyport_jwks_read_failures_total": "counter",
    "sallyport_bearer_verifications_total": "counter",
    "sallyport_log_lines_dropped_total": "counter",
    "sallyport_memory_bytes": "gauge",
    "sallyport_memory_pressure": "gauge",
    "sallyport_policy_duration_seconds": "histogram",
    "sallyport_ready": "gauge",
    "sallyport_request_duration_seconds": "histogram",
    "sallyport_requests_total": "counter",
    "sallyport_stale_files": "gauge",
    "sallyport_tls_handshake_duration_seconds": "histogram",
    "sallyport_tls_handshake_failures_total": "counter",
    "sallyport_tls_handshakes_total": "counter",
    "sallyport_tls_resumed_total": "counter",
    "sallyport_trust_entry_handshakes_total": "counter",
}


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, bank, legacy_api):
    return make_gateway(settings.plaid(pki, bank, legacy_api.server))


# ---- health and readiness

def test_a_running_gateway_is_healthy_and_ready(gateway):
    assert gateway.ask_admin("/healthz") == (200, "ok\n")
    status, body = gateway.ask_admin("/readyz")
    assert (status, json.loads(body)) == (200, {"ready": True, "reasons": []})
    ended = gateway.cli("status")
    assert ended.returncode == 0 and json.loads(ended.stdout)["ready"] is True


def test_without_keys_it_is_not_ready_until_they_come(make_own_gateway, pki, bank, secrets,
                                                      legacy_api, tmp_path):
    port = free_port()
    config = settings.plaid(pki, bank, legacy_api.server)
    issuer = config["modules"]["bearer"]["issuers"]["bank"]
    issuer["issuer"] = f"http://127.0.0.1:{port}"
    issuer["jwks"]["url"] = f"http://127.0.0.1:{port}/jwks"
    gateway = make_own_gateway(config, ready=False)
    status, body = gateway.ask_admin("/readyz")
    assert status == 503
    assert "bearer: no keys of issuer bank" in json.loads(body)["reasons"][0]
    assert gateway.cli("status").returncode == 1
    assert gateway.metric("sallyport_ready") == 0
    answer = curl(gateway, ACCOUNTS, token=bank.issue())
    assert answer.status == 401  # of another issuer; keys are not asked for

    late = Provider(tmp_path / "late", port)
    secrets.append(lambda: late.tokens)
    try:
        # Shut while there are no keys, and not a moment longer.
        token = late.issue()
        assert curl(gateway, ACCOUNTS, token=token).status in (200, 503)
        wait_until(gateway.is_ready, "ready after the keys came", timeout=40)
        assert curl(gateway, ACCOUNTS, token=token).status == 200
    finally:
        late.stop()
    # The provider's end changes nothing for tokens that it signed: the keys are here.
    assert curl(gateway, ACCOUNTS, token=late.mint(claims={"sub": "later"})).status == 200


def test_without_keys_a_token_is_neither_believed_nor_blamed(make_own_gateway, pki, bank,
                                                             legacy_api):
    config = settings.plaid(pki, bank, legacy_api.server)
    config["modules"]["bearer"]["issuers"]["bank"]["jwks"]["url"] = \
        f"http://127.0.0.1:{free_port()}/jwks"
    gateway = make_own_gateway(config, ready=False)
    answer = curl(gateway, ACCOUNTS, token=bank.issue())
    assert answer.status == 503 and answer.one("Retry-After") == "5"
    assert answer.json()["code"] == 503
    line = gateway.line_of(answer.one("x-fapi-interaction-id"))
    assert line["deny"]["reason"] == "bearer.keys_unavailable"


# ---- metrics

def parse(text):
    """Prometheus' text format, strictly: {family: (type, [(name, labels, value), ...])}."""
    families, current, helped = {}, None, set()
    for line in text.splitlines():
        if match := re.fullmatch(r"# HELP ([a-z_]+) \S.*", line):
            helped.add(match[1])
        elif match := re.fullmatch(r"# TYPE ([a-z_]+) (counter|gauge|histogram)", line):
            current = match[1]
            assert current not in families, f"{current} appears twice"
            assert current in helped, f"{current} has no help"
            families[current] = (match[2], [])
        else:
            match = re.fullmatch(r'([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\})? (\S+)', line)
            assert match, f"no line of the format: {line}"
            assert match[1] == current or match[1].removeprefix(current) in (
                "_bucket", "_sum", "_count"), f"{match[1]} stands under {current}"
            families[current][1].append((match[1], match[2] or "", float(match[3])))
    return families


def test_metrics_are_prometheus_text_with_the_names_that_are_promised(gateway, bank):
    assert curl(gateway, ACCOUNTS, token=bank.issue()).status == 200
    assert curl(gateway, ACCOUNTS).status == 401
    assert curl(gateway, ACCOUNTS, certificate="client-expired").alert
    families = parse(gateway.ask_admin("/metrics")[1])
    assert METRICS.items() <= {name: kind for name, (kind, _) in families.items()}.items()
    for name, (kind, samples) in families.items():
        assert name.endswith("_total") == (kind == "counter"), name
        series = [(sample, labels) for sample, labels, _ in samples]
        assert len(series) == len(set(series)), f"{name} has a series twice"


def test_requests_and_refusals_are_counted_by_route_and_reason(gateway, bank):
    def counts():
        return (gateway.metric("sallyport_requests_total", route="accounts", code_class="2xx"),
                gateway.metric("sallyport_requests_total", route="accounts", code_class="4xx"),
                gateway.metric("sallyport_denials_total", route="accounts", stage="bearer",
                               reason="bearer.missing"),
                gateway.metric("sallyport_request_duration_seconds_count", route="accounts"))
    before = counts()
    curl(gateway, ACCOUNTS, token=bank.issue())
    curl(gateway, ACCOUNTS)
    wait_until(lambda: counts() == tuple(count + more for count, more in zip(before, (1, 1, 1, 2))),
               f"one more of each than {before}")


def test_nothing_from_the_wire_becomes_a_label(gateway, bank):
    curl(gateway, "/path-of-the-client", "-X", "METHOD", host="host-of-the-client", sni=API)
    curl(gateway, ACCOUNTS, token=bank.mint(header={"kid": "kid-of-the-client"}))
    text = gateway.ask_admin("/metrics")[1]
    assert "of-the-client" not in text and "METHOD" not in text


# ---- the admin port and socket

@pytest.mark.parametrize("path", ["/reload", "/command/revoke", "/command/reinstate",
                                  "/command/revoked", "/readyz"])
def test_the_admin_port_changes_nothing(gateway, path):
    before = gateway.metric("sallyport_config_generation")
    assert gateway.ask_admin(path, "POST")[0] == 405
    assert gateway.metric("sallyport_config_generation") == before


@pytest.mark.parametrize("path", ["/reload", "/command/revoke", "/why?id=1", "/", "/debug"])
def test_the_admin_port_tells_only_health_readiness_and_metrics(gateway, path):
    assert gateway.ask_admin(path)[0] == 404


def test_the_admin_socket_is_its_owner_s(gateway):
    mode = gateway.socket.stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


def test_the_command_line_says_when_no_gateway_is_there(gateway, tmp_path):
    for verb in (["status"], ["reload"], ["why", "0"], ["revoked"], ["revoke", "jti", "x"]):
        ended = sallyport(*verb, "--admin", tmp_path / "none.sock")
        assert ended.returncode == 1 and "is the gateway running" in ended.stderr


def test_why_knows_only_what_happened(gateway):
    ended = gateway.cli("why", "00000000-0000-4000-8000-000000000000")
    assert ended.returncode == 1 and "access log" in ended.stderr
    assert gateway.cli("why", "../reload").returncode == 2


def test_why_explains_a_request_that_came_through(gateway, bank):
    answer = curl(gateway, ACCOUNTS, token=bank.issue())
    ended = gateway.cli("why", answer.one("x-fapi-interaction-id"))
    assert ended.returncode == 0 and "-> 200" in ended.stdout
    order = [word for word in re.findall(r"^  (\w+) +allow", ended.stdout, re.MULTILINE)]
    assert order == ["address", "client_cert", "bearer", "revocation", "scope", "headers"]


def test_version_names_the_libraries():
    ended = sallyport("version")
    assert ended.returncode == 0 and re.match(r"sallyport \d+\.\d+", ended.stdout)
    assert "BoringSSL" in ended.stdout


# ---- what survives

def test_revocations_survive_a_crash(make_own_gateway, pki, bank, legacy_api):
    gateway = make_own_gateway(settings.plaid(pki, bank, legacy_api.server))
    revoked, good = (bank.mint(claims={"jti": f"crash-{name}"}) for name in ("revoked", "good"))
    gateway.revoke("jti", "crash-revoked")
    assert curl(gateway, ACCOUNTS, token=revoked).status == 401
    gateway.kill()
    gateway.start()
    assert curl(gateway, ACCOUNTS, token=revoked).status == 401
    assert curl(gateway, ACCOUNTS, token=good).status == 200
    listed = json.loads(gateway.cli("revoked", "--json").stdout)["records"]
    assert [record["value"] for record in listed] == ["crash-revoked"]
    assert listed[0]["reason"] == "a test"


def test_revocations_survive_a_reload_and_can_be_taken_back(make_own_gateway, pki, bank,
                                                            legacy_api):
    config = settings.plaid(pki, bank, legacy_api.server)
    gateway = make_own_gateway(config)
    token = bank.mint(claims={"jti": "reloaded"})
    gateway.revoke("jti", "reloaded")
    config["timeouts"]["keep_alive"] = "60s"
    assert gateway.reload(config).returncode == 0
    assert curl(gateway, ACCOUNTS, token=token).status == 401
    assert gateway.cli("reinstate", "jti", "reloaded").returncode == 0
    assert curl(gateway, ACCOUNTS, token=token).status == 200
    ended = gateway.cli("reinstate", "jti", "reloaded")
    assert ended.returncode == 1 and ended.stderr


@pytest.mark.parametrize("arguments", [["jti"], ["colour", "red"], ["jti", "x", "--expires", "1"]],
                         ids=["no_value", "unknown_unit", "past"])
def test_an_order_half_understood_is_not_obeyed(gateway, arguments):
    ended = gateway.cli("revoke", *arguments)
    assert ended.returncode in (1, 2) and ended.stderr
    assert json.loads(gateway.cli("revoked", "--json").stdout)["records"] == []


# ---- secrets

def test_no_secret_shows_wherever_a_client_puts_it(gateway, bank):
    """Every gateway of these tests is searched for tokens when it ends; here they are put where
    they do not belong."""
    token = bank.issue()
    quoted = urllib.parse.quote(token)
    login = base64.b64encode(f"plaid-demo:{bank.about['clients']['plaid-demo']}".encode()).decode()
    calls = [
        {"path": f"{ACCOUNTS}?access_token={quoted}"},
        {"path": f"{ACCOUNTS}?code={quoted}", "token": token},
        {"fields": [f"Authorization: {token}"]},
        {"fields": [f"Authorization: Basic {login}"]},
        {"fields": [f"Authorization: DPoP {token}"]},
        {"fields": [f"Authorization: Bearer {token}, Bearer {token}"]},
        {"fields": [f"Authorization: Bearer {token} {token}"]},
        {"token": f"{token}{token}"},
        {"token": f"{token}."},
        {"token": token[:-30]},
        {"fields": [f"Cookie: session={token}"]},
        {"fields": [f"X-Access-Token: {token}"], "token": token},
        {"fields": [f"x-fapi-interaction-id: {token}"]},
        {"fields": [f"Connection: close, {token.replace('.', '!')}"]},
        {"options": ["-X", "POST", "-d", f"client_secret={bank.about['clients']['plaid-demo']}"]},
    ]
    marks = []
    for call in calls:
        answer = curl(gateway, call.get("path", ACCOUNTS), *call.get("options", []),
                      token=call.get("token"), fields=call.get("fields", []))
        assert answer.exit == 0, answer.error
        gateway.keeps_secrets(answer.body.decode())
        marks.append(answer.one("x-fapi-interaction-id"))
    with RawClient(gateway, "client") as client:
        client.send(f"GET {ACCOUNTS} HTTP/1.1\r\nHost: {API}\r\n{token}\r\n\r\n".encode())
        marks.append(client.response().one("x-fapi-interaction-id"))
    for mark in marks:
        gateway.line_of(mark)
        gateway.keeps_secrets(gateway.cli("why", mark).stdout)
    gateway.keeps_secrets(gateway.ask_admin("/metrics")[1] + gateway.process.out.read_text())
    basic = base64.b64encode(b"plaid-demo:").decode()[:14]
    assert basic not in gateway.process.out.read_text()
