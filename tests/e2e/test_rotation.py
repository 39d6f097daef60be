"""Plaid's rotation, played by docs/certificate-rotation.md: its commands with the output it shows."""
import contextlib
import re
import shlex

import pytest

from support.authority import Authority
from support.gateway import sallyport
from support.mutual import Client, status_of
from support.places import ROOT
from support.waiting import wait_until
from test_trust import trusting

PAGE = ROOT / "docs" / "certificate-rotation.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands():
    """(command, expected lines, expected exit status) of the page, in its order."""
    for block in BLOCK.findall(PAGE.read_text()):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.rstrip("\n").split("\n")
            status = 0
            if lines and (match := re.fullmatch(r"\(exit (\d+)\)", lines[-1])):
                status, lines = int(match[1]), lines[:-1]
            yield command, lines, status


def matches(expected, line):
    """`…` on the page stands for what differs from run to run; columns may be of any width."""
    pattern = ".*".join(re.escape(piece) for piece in " ".join(expected.split()).split("…"))
    return re.fullmatch(pattern, " ".join(line.split()))


class Stage:
    """The bank's gateway, Plaid's old and new certificate authorities and what they issued."""

    def __init__(self, gateway, folder, old, new):
        self.gateway, self.folder, self.old, self.new = gateway, folder, old, new
        self.old_client, self.new_client = old.folder / "client.pem", new.folder / "client.pem"
        self.places = {"plaid-2027-ca.pem": new.certificate, "plaid-2027.pem": self.new_client,
                       "/etc/sallyport/sallyport.yaml": gateway.file}

    def run(self, command):
        words = shlex.split(command)
        assert words[0] == "sallyport", command
        words = [str(self.places.get(word, word)) for word in words[1:]]
        needs_gateway = words[0] in ("certs", "trust") or (words[0] == "explain"
                                                           and "-c" not in words)
        return sallyport(*words, *(["--admin", self.gateway.socket] if needs_gateway else []))

    # What happens between the page's commands: the world, not the operator.
    def happen(self, command):
        if command.startswith("sallyport trust add"):
            wait_until(lambda: status_of(self.gateway, self.new_client) == 200, "the new one counts")
            self.settle()
        if command.startswith("sallyport trust retire") and "--force" in command:
            wait_until(lambda: status_of(self.gateway, self.old_client) is None, "the old one ended")

    def settle(self):
        """The register takes what workers noted once a second."""
        entries = lambda: self.gateway.cli("trust", "list").stdout.count(" active ")
        wait_until(lambda: entries() >= 1, "the entries are listed")
        wait_until(lambda: self.gateway.cli("certs").stdout.count("client ") >= 2, "both are known")


@pytest.fixture
def stage(make_own_gateway, pki, upstream, tmp_path):
    old = Authority(tmp_path / "old", "/O=Plaid/CN=Plaid Client CA 2026")
    new = Authority(tmp_path / "new", "/O=Plaid/CN=Plaid Client CA 2027")
    for authority in (old, new):
        authority.issue("client", "plaid-mtls-firstbank.plaid.com")
    folder = tmp_path / "trust"
    folder.mkdir()
    (folder / "plaid-2026.pem").write_text(old.certificate.read_text())
    config = trusting(pki, upstream.server, {"directory": str(folder)})
    config["certificate_register"] = {"path": str(tmp_path / "register")}
    return Stage(make_own_gateway(config), folder, old, new)


def test_the_whole_rotation_as_the_page_tells_it(stage, upstream):
    with contextlib.closing(Client(stage.gateway, stage.old_client)) as client:
        assert client.get().status == 200
    wait_until(lambda: "plaid-mtls-firstbank" in stage.gateway.cli("certs").stdout, "it is known")
    played = 0
    for command, expected, status in commands():
        ended = stage.run(command)
        lines = (ended.stdout + ended.stderr).rstrip("\n").split("\n")
        context = f"$ {command}\n{ended.stdout}{ended.stderr}"
        assert ended.returncode == status, context
        assert len(lines) == len(expected), context
        for line, wanted in zip(lines, expected):
            assert matches(wanted, line), f"{context}\nwanted: {wanted}"
        stage.happen(command)
        played += 1
    assert played >= 10, "the page has lost its commands"
    assert status_of(stage.gateway, stage.new_client) == 200
    assert status_of(stage.gateway, stage.old_client) is None


def test_the_register_survives_a_restart_and_guards_the_old_entry(stage, upstream):
    gateway = stage.gateway
    assert status_of(gateway, stage.old_client) == 200
    wait_until(lambda: "plaid-mtls-firstbank" in gateway.cli("certs").stdout, "it is known")
    gateway.stop()
    gateway.start()
    ended = gateway.cli("trust", "retire", "plaid-2026", "--store", "plaid")
    assert ended.returncode == 1 and "it was used at" in ended.stderr
    assert status_of(gateway, stage.old_client) == 200


def test_a_rehearsal_at_a_later_date_names_what_expires(stage, upstream):
    gateway = stage.gateway
    assert status_of(gateway, stage.old_client) == 200
    wait_until(lambda: "plaid-mtls-firstbank" in gateway.cli("certs").stdout, "it is known")
    later = gateway.cli("trust", "rehearse", "--store", "plaid", "--at", "2099-01-01")
    assert later.returncode == 1 and "expired: the certificate of" in later.stdout
    assert gateway.cli("trust", "rehearse", "--store", "plaid").returncode == 0


@pytest.mark.parametrize("words, says", [
    (["trust", "add", "{new}", "--store", "nowhere", "--id", "x"], "there is no trust store"),
    (["trust", "add", "{new}", "--store", "plaid", "--id", "plaid-2026"], "already"),
    (["trust", "add", "{key}", "--store", "plaid", "--id", "x"], "is a private key"),
    (["trust", "retire", "nobody", "--store", "plaid"], "has no entry"),
    (["trust", "rehearse", "--store", "plaid", "--remove", "nobody"], "has no entry"),
    (["explain", "--cert", "{new}", "--route", "nobody"], "there is no route"),
    (["explain", "--cert", "{key}"], "CERTIFICATE"),
])
def test_an_order_that_makes_no_sense_is_refused_in_words(stage, words, says):
    places = {"{new}": stage.new.certificate, "{key}": stage.new.key}
    ended = stage.gateway.cli(*(places.get(word, word) for word in words))
    assert ended.returncode == 1 and says in ended.stderr, ended.stderr
