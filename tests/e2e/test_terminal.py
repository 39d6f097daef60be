"""What operators read: texts that others chose move no cursor and begin no line; files that others
prepared are not followed; the admin port answers those who mean it."""
import json
import os
import socket
import subprocess

import pytest

from support import settings
from support.authority import Authority
from support.curl import curl
from support.gateway import SALLYPORT, sallyport

ACCOUNTS = "/fdx/v6/accounts"
ID = "3f1c0de5-0000-4000-8000-00000000000"
# A title, a cleared screen in C1, overrides, isolates, separators, and a line that was never printed.
EVIL = "x\x1b]0;owned\x07\u009b2J\x7f\u202egnp\u2066\u061c\u200f\u2028z\u0085q\nforged  line"
HIDDEN = [chr(c) for c in [*range(0x20), *range(0x7f, 0xa0), 0x61c, 0x200e, 0x200f,
                           *range(0x2028, 0x202f), *range(0x2066, 0x206a)] if chr(c) != "\n"]


@pytest.fixture(scope="module")
def gateway(make_gateway, pki, bank, legacy_api):
    return make_gateway(settings.plaid(pki, bank, legacy_api.server))


def shows_nothing_hidden(text):
    found = {hex(ord(c)) for c in HIDDEN if c in text}
    assert not found, f"{found} in {text!r}"


def raw(gateway, verb, *words):
    """What it prints, octets that are no UTF-8 included."""
    ended = subprocess.run([SALLYPORT, verb, *words, "--admin",
                            gateway.socket], capture_output=True, timeout=30)
    return ended.stdout + ended.stderr


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["table", "json"])
def test_what_orders_say_reaches_no_terminal_as_it_is(gateway, form):
    ended = gateway.cli("revoke", "subject", f"--value={EVIL}", "--reason", EVIL)
    assert ended.returncode == 0, ended.stderr
    shows_nothing_hidden(ended.stdout)
    listed = gateway.cli("revoked", "subject", f"--value={EVIL}", *form)
    assert listed.returncode == 0 and "owned" in listed.stdout
    shows_nothing_hidden(listed.stdout)
    lines = listed.stdout.splitlines()
    assert len(lines) == (1 if form else 2), "a line is forged"
    if form:
        assert json.loads(lines[0])["records"][0]["value"] == EVIL  # JSON says what it said


def test_the_log_holds_no_hidden_character(gateway):
    gateway.cli("revoke", "subject", f"--value={EVIL}-logged", "--reason", EVIL)
    gateway.log_line("the order", lambda line: line["event"] == "revoked" and "logged" in str(line))
    shows_nothing_hidden(gateway.process.out.read_text())


def test_octets_that_are_no_utf_8_reach_no_terminal(gateway):
    said = raw(gateway, "revoke", "subject", b"--value=c1\x9b2J\xff", "--reason", b"\x9b\xe2\x80")
    said += raw(gateway, "revoked", "subject") + raw(gateway, "revoked", "subject", "--json")
    said.decode()  # strict
    shows_nothing_hidden(said.decode())


def test_why_and_explain_print_what_claims_say_safely(gateway, bank):
    for claims in ({"aud": EVIL}, {"iss": EVIL}, {"client_id": EVIL}, {"scope": EVIL}, {"sub": EVIL}):
        token = bank.mint(claims=claims)
        answer = curl(gateway, ACCOUNTS, token=token)
        shows_nothing_hidden(gateway.cli("why", answer.one("x-fapi-interaction-id")).stdout)
        for form in ([], ["--json"]):
            ended = subprocess.run([SALLYPORT, "explain", "--token", "-", "--route",
                                    gateway.config["routes"][0]["id"], *form, "--admin",
                                    gateway.socket], input=token, text=True, capture_output=True,
                                   timeout=30)
            shows_nothing_hidden(ended.stdout + ended.stderr)


def test_why_counts_the_requests_of_one_interaction_id(gateway, bank):
    marks = [ID + "1", ID + "1", ID + "1", ID + "2"]
    for mark in marks:
        curl(gateway, ACCOUNTS, token=bank.issue(), fields=[f"x-fapi-interaction-id: {mark}"])
    told = gateway.cli("why", ID + "1").stdout
    assert "3 remembered requests have this id" in told
    document = json.loads(gateway.cli("why", ID + "1", "--json").stdout)
    assert document["requests"] == 3 and len(document["others"]) == 2
    for other in document["others"]:
        alone = json.loads(gateway.cli("why", other, "--json").stdout)
        assert alone["request_id"] == other and "requests" not in alone
        assert f"  {other}\n" in told
    assert "remembered requests" not in gateway.cli("why", ID + "2").stdout


# ---- files

def test_no_link_is_followed_when_trust_is_changed(make_own_gateway, pki, upstream, tmp_path):
    authority = Authority(tmp_path / "ca", "/CN=Old CA")
    folder, victim, secret = tmp_path / "trust", tmp_path / "victim", tmp_path / "secret"
    folder.mkdir()
    victim.write_text("precious")
    secret.write_text("note: a secret of somebody\n")
    (folder / "old.pem").write_text(authority.certificate.read_text())
    config = settings.open_to_all(pki, upstream.server)
    config["trust_stores"]["plaid"] = {"directory": str(folder)}
    gateway = make_own_gateway(config)
    for name in (".new.pem.new", ".new.yaml.new"):
        (folder / name).symlink_to(victim)
    other = Authority(tmp_path / "other", "/CN=New CA")
    added = gateway.cli("trust", "add", other.certificate, "--store", "plaid", "--id", "new")
    assert added.returncode == 0, added.stderr
    assert victim.read_text() == "precious"
    assert not (folder / "new.pem").is_symlink() and "BEGIN" in (folder / "new.pem").read_text()
    (folder / "old.yaml").symlink_to(secret)
    retired = gateway.cli("trust", "retire", "old", "--store", "plaid", "--force")
    assert retired.returncode == 1, "what a link names is copied to where others read it"
    assert secret.read_text() == "note: a secret of somebody\n"
    (folder / "taken.pem").symlink_to(tmp_path / "nothing")
    taken = gateway.cli("trust", "add", other.certificate, "--store", "plaid", "--id", "taken")
    assert taken.returncode == 1 and "already" in taken.stderr


def test_a_file_in_the_socket_s_place_is_not_removed(pki, tmp_path):
    config = settings.open_to_all(pki, "127.0.0.1:1")
    config["listeners"][0]["address"] = "127.0.0.1:0"
    precious = tmp_path / "precious"
    precious.write_text("data")
    config["admin"] = {"socket": str(precious)}
    file = tmp_path / "sallyport.yaml"
    file.write_text(json.dumps(config).replace("null", "{}"))
    ended = sallyport("run", "-c", file)
    assert ended.returncode == 1 and "is no socket" in ended.stderr, ended.stderr
    assert precious.read_text() == "data"


# ---- the admin port

def ask(gateway, text, timeout=5):
    """The first line of the answer to a raw request; None when there was none in time."""
    with socket.create_connection(("127.0.0.1", gateway.admin_port), timeout=timeout) as admin:
        admin.sendall(text.encode())
        try:
            return admin.recv(4096).decode().split("\r\n")[0]
        except TimeoutError:
            return None


def status_for(gateway, *hosts, version="1.1", target="/healthz"):
    fields = "".join(f"Host: {host}\r\n" for host in hosts)
    return int(ask(gateway, f"GET {target} HTTP/{version}\r\n{fields}\r\n").split()[1])


def test_the_admin_port_answers_those_who_mean_it(gateway):
    port = gateway.admin_port
    for host in ("127.0.0.1", f"127.0.0.1:{port}", "localhost", f"LOCALHOST:{port}", "localhost:1"):
        assert status_for(gateway, host) == 200, host
    assert status_for(gateway, version="1.0") == 200
    assert status_for(gateway, "localhost", target=f"http://127.0.0.1:{port}/healthz") == 200
    for host in ("rebound.attacker.example", "127.0.0.1.attacker.example", f"attacker:{port}", "[::1]",
                 "metrics.bank.example"):
        for target in ("/healthz", "/readyz", "/metrics", "/nothing"):
            assert status_for(gateway, host, target=target) == 421, host
        assert status_for(gateway, host, version="1.0") == 421
    assert status_for(gateway) in (400, 421)  # HTTP/1.1 names its host, RFC 9112 section 3.2
    assert status_for(gateway, "localhost", "attacker.example") in (400, 421)
    assert status_for(gateway, "attacker.example", "localhost") in (400, 421)
    assert status_for(gateway, "localhost", target="http://attacker.example/healthz") == 421


def test_other_names_of_the_admin_port_are_configured(make_own_gateway, pki, upstream):
    gateway = make_own_gateway(settings.open_to_all(pki, upstream.server))
    assert status_for(gateway, "metrics.bank.example") == 421
    config = gateway.config
    config["admin"]["hosts"] = ["metrics.bank.example"]
    gateway.file.write_text(json.dumps(config).replace("null", "{}"))
    assert gateway.cli("reload").returncode == 0
    assert status_for(gateway, "Metrics.Bank.example:9090") == 200
    assert status_for(gateway, "other.bank.example") == 421
    config["admin"]["hosts"] = ["metrics.bank.example:9090"]
    gateway.file.write_text(json.dumps(config).replace("null", "{}"))
    refused = gateway.cli("reload")
    assert refused.returncode == 1 and "without port" in refused.stderr


def test_the_admin_port_has_so_many_connections_and_no_more(gateway):
    def descriptors():
        return len(os.listdir(f"/proc/{gateway.process.pid}/fd"))
    before = descriptors()
    silent = [socket.create_connection(("127.0.0.1", gateway.admin_port)) for _ in range(100)]
    try:
        assert ask(gateway, "GET /healthz HTTP/1.0\r\n\r\n", timeout=1) is None
        assert descriptors() - before <= 64 + 2
        assert gateway.cli("status").returncode == 0, "the socket is another door"
    finally:
        for one in silent:
            one.close()
    assert "200" in ask(gateway, "GET /healthz HTTP/1.0\r\n\r\n")
    for _ in range(200):  # and none is counted for ever
        assert "200" in ask(gateway, "GET /healthz HTTP/1.0\r\n\r\n")
