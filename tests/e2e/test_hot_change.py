"""Files that change under the running gateway: the new state at once and whole, or the old one."""
import contextlib
import datetime
import os
import shutil
import socket
import ssl
import threading

import pytest

from support.authority import Authority, serial_of
from support.h2client import H2Client
from support.http1 import Closed
from support.mutual import Client, context_of, reason_of, status_of
from support.places import API, LOGIN
from support.s_client import s_client
from support.waiting import wait_until
from test_trust import trusting


class Pki:
    """Whom clients trust, and what they show."""

    def __init__(self, server_ca, root):
        self.server_ca, self.folder = server_ca.certificate, root.folder

    def certificate(self, name):
        return self.folder / f"{name}.pem"

    def key(self, name):
        return self.folder / f"{name}.key"


@pytest.fixture
def server_ca(tmp_path):
    return Authority(tmp_path / "server", "/O=Bank/CN=Server CA")


@pytest.fixture
def root(tmp_path):
    return Authority(tmp_path / "root")


def new_pair(server_ca, name):
    return server_ca.issue(name, API, "serverAuth", alt_name=f"DNS:{API},DNS:{LOGIN}")


@pytest.fixture
def tls(tmp_path, server_ca):
    folder = tmp_path / "tls"
    folder.mkdir()
    place(new_pair(server_ca, "first"), folder)
    return folder


def place(pem, folder):
    """As a careful tool does: each file renamed into place, one after the other."""
    for source, name in ((pem, "server.pem"), (pem.with_suffix(".key"), "server.key")):
        shutil.copy(source, folder / f"{name}.new")
        os.rename(folder / f"{name}.new", folder / name)


@pytest.fixture
def distrusted():
    return "1s"


@pytest.fixture
def gateway(make_own_gateway, pki, upstream, root, tls, server_ca, distrusted):
    config = trusting(pki, upstream.server, {"file": str(root.certificate)})
    config["workers"] = 2
    for entry in config["listeners"][0]["tls"]["certificates"]:
        entry.update(certificate=str(tls / "server.pem"), key=str(tls / "server.key"))
    config["timeouts"]["distrusted"] = distrusted
    gateway = make_own_gateway(config)
    gateway.pki = Pki(server_ca, root)
    return gateway


def serial_served(gateway):
    context = context_of(gateway)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as raw:
        with context.wrap_socket(raw, server_hostname=LOGIN) as connection:
            return connection.getpeercert()["serialNumber"].lower()


def is_served(gateway, pem):
    wait_until(lambda: serial_served(gateway) == serial_of(pem), f"{pem.name} is served")


# ---- certificates and keys

def test_a_renewed_certificate_is_served_at_once(gateway, upstream, server_ca, tls):
    second = new_pair(server_ca, "second")
    place(second, tls)
    is_served(gateway, second)
    assert gateway.event("files_changed") and gateway.event("reloaded")


@pytest.mark.parametrize("first, last", [("server.pem", "server.key"), ("server.key", "server.pem")])
def test_halves_that_do_not_match_wait_for_each_other(gateway, upstream, server_ca, tls, first, last):
    before = serial_served(gateway)
    second = new_pair(server_ca, "second")
    of = {"server.pem": second, "server.key": second.with_suffix(".key")}
    shutil.copy(of[first], tls / first)
    line = gateway.log_line("the warning", lambda line: line["event"] == "config"
                            and "does not belong" in line["message"])
    assert "the certificate goes on as it was" in line["message"]
    assert serial_served(gateway) == before
    assert gateway.metric("sallyport_stale_files") == 2  # two server names have it
    shutil.copy(of[last], tls / last)
    is_served(gateway, second)
    assert gateway.metric("sallyport_stale_files") == 0


@pytest.mark.parametrize("spoil", [
    lambda file: file.write_text(file.read_text()[:200]), lambda file: file.write_text(""),
    lambda file: file.unlink(), lambda file: file.write_text("no certificate")])
def test_a_file_that_cannot_be_used_changes_nothing(gateway, upstream, root, server_ca, tls, spoil):
    before = serial_served(gateway)
    spoil(tls / "server.pem")
    gateway.log_line("the warning", lambda line: line["event"] == "config"
                     and "server.pem" in line["message"] and "goes on" in line["message"])
    assert serial_served(gateway) == before
    other = Authority(tls / "other", "/CN=Other CA")
    shutil.copy(other.certificate, root.certificate)
    wait_until(lambda: status_of(gateway, other.issue("good")) == 200, "the new store is in force")
    assert serial_served(gateway) == before


def test_a_symlink_swap_and_a_replaced_folder_are_seen(make_own_gateway, pki, upstream, root,
                                                       server_ca, tmp_path):
    mount = tmp_path / "mount"
    for version in ("..1", "..2", "..3"):
        (mount / version).mkdir(parents=True)
    pems = {version: new_pair(server_ca, f"link{version[-1]}") for version in ("..1", "..2", "..3")}
    for version, pem in pems.items():
        place(pem, mount / version)
    os.symlink("..1", mount / "..data")
    for name in ("server.pem", "server.key"):
        os.symlink(f"..data/{name}", mount / name)
    config = trusting(pki, upstream.server, {"file": str(root.certificate)})
    for entry in config["listeners"][0]["tls"]["certificates"]:
        entry.update(certificate=str(mount / "server.pem"), key=str(mount / "server.key"))
    gateway = make_own_gateway(config)
    gateway.pki = Pki(server_ca, root)
    is_served(gateway, pems["..1"])
    os.symlink("..2", mount / "..new")
    os.rename(mount / "..new", mount / "..data")
    is_served(gateway, pems["..2"])
    shutil.copytree(mount, tmp_path / "other", symlinks=True)
    (tmp_path / "other" / "..data").unlink()
    os.symlink("..3", tmp_path / "other" / "..data")
    os.rename(mount, tmp_path / "away")
    os.rename(tmp_path / "other", mount)
    is_served(gateway, pems["..3"])


class Swapper(threading.Thread):
    """Puts one CA after the other into the trust store, quickly, until it is left with `last`."""

    def __init__(self, authorities, file):
        super().__init__()
        self.authorities, self.file, self.last, self.stop = authorities, file, None, threading.Event()

    def run(self):
        while not self.stop.is_set():
            self.last = self.authorities[0 if self.last is not self.authorities[0] else 1]
            shutil.copy(self.last.certificate, self.file.with_suffix(".new"))
            os.rename(self.file.with_suffix(".new"), self.file)
            self.stop.wait(0.002)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.join()


@pytest.fixture
def two_authorities(tmp_path):
    both = [Authority(tmp_path / name, f"/O=Plaid/CN={name}") for name in ("One", "Two")]
    for authority in both:
        authority.issue("client")
    return both


def is_trusted_alone(gateway, authority, authorities):
    wait_until(lambda: [status_of(gateway, one.folder / "client.pem") for one in authorities]
               == [200 if one is authority else None for one in authorities],
               "what the file holds is in force")


def test_a_change_during_the_start_is_seen(make_own_gateway, pki, upstream, tmp_path,
                                           two_authorities):
    """However it falls between what was read and what is watched. Then the file rests."""
    file = tmp_path / "store.pem"
    shutil.copy(two_authorities[0].certificate, file)
    for _ in range(6):
        with Swapper(two_authorities, file) as swapper:
            gateway = make_own_gateway(trusting(pki, upstream.server, {"file": str(file)}))
        is_trusted_alone(gateway, swapper.last, two_authorities)
        gateway.stop()


def test_a_change_during_a_reload_is_seen(make_own_gateway, pki, upstream, tmp_path,
                                          two_authorities):
    file = tmp_path / "store.pem"
    shutil.copy(two_authorities[0].certificate, file)
    gateway = make_own_gateway(trusting(pki, upstream.server, {"file": str(file)}))
    for _ in range(6):
        with Swapper(two_authorities, file) as swapper:
            assert gateway.cli("reload").returncode == 0
        is_trusted_alone(gateway, swapper.last, two_authorities)


def test_an_edit_of_the_configuration_waits_for_a_reload(gateway, upstream, server_ca, tls):
    gateway.file.write_text("no: configuration")
    second = new_pair(server_ca, "second")
    place(second, tls)
    is_served(gateway, second)
    assert gateway.cli("reload").returncode == 1


# ---- trust

def test_open_connections_end_with_the_trust_that_is_taken_away(gateway, upstream, root, tls):
    old = root.issue("old")
    other = Authority(tls / "next", "/O=Plaid/CN=Next CA")
    both = root.certificate.read_text() + other.certificate.read_text()
    idle, busy = Client(gateway, old), Client(gateway, old)
    with contextlib.closing(idle), contextlib.closing(busy):
        assert idle.get().status == busy.get().status == 200
        root.certificate.write_text(both)
        wait_until(lambda: gateway.metric("sallyport_config_generation") == 2, "both are trusted")
        assert idle.get().status == 200, "a store that still vouches ends nothing"
        root.certificate.write_text(other.certificate.read_text())
        assert idle.is_closed() and busy.is_closed()
    assert reason_of(gateway, old) == "unknown_issuer"
    assert status_of(gateway, other.issue("new")) == 200


def test_http_2_connections_end_with_it_as_well(gateway, upstream, root, tls):
    root.issue("modern")
    other = Authority(tls / "next", "/O=Plaid/CN=Next CA")
    with H2Client(gateway, "modern") as client:
        assert client.ask("/who").status == 200
        shutil.copy(other.certificate, root.certificate)
        assert client.wait_for_end() == 0, "GOAWAY without an error"
    assert gateway.event("trust_withdrawn")["deny"]["reason"] == "certificate.unknown_issuer"


# Whoever waits for the answer must not run against the deadline on a busy machine.
@pytest.mark.parametrize("is_answered, distrusted", [(True, "30s"), (False, "1s")])
def test_a_request_under_way_may_end_until_the_deadline(gateway, upstream, root, tls, is_answered):
    answering = threading.Event()

    def slow(exchange):
        assert answering.wait(20)
        exchange.answer(200, b"late")

    upstream.handler = slow
    other = Authority(tls / "next", "/O=Plaid/CN=Next CA")
    with contextlib.closing(Client(gateway, root.issue("busy"))) as client:
        client.send()
        upstream.wait_for(1)
        shutil.copy(other.certificate, root.certificate)
        gateway.event("trust_withdrawn")
        if is_answered:
            answering.set()
            answer = client.reader.response()
            assert answer.status == 200 and answer.one("Connection") == "close"
        assert client.is_closed()
        answering.set()


def test_trust_that_ends_by_its_date_ends_open_connections(make_own_gateway, pki, upstream, root,
                                                           tmp_path):
    """No file changes: an entry retires, and a revocation list grows too old."""
    answering = threading.Event()

    def slow(exchange):
        assert exchange.target != "/who/slow" or answering.wait(20)
        exchange.answer(200, b"done")

    upstream.handler = slow
    listed = Authority(tmp_path / "listed", "/O=Plaid/CN=Listed CA")
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=6)
    listed.crl(tmp_path / "listed.crl", end=6 / 86_400)
    config = trusting(pki, upstream.server, {
        "entries": [{"ca": str(root.certificate), "id": "retiring",
                     "retire_after": end.strftime("%Y-%m-%dT%H:%M:%SZ")},
                    {"ca": str(listed.certificate), "id": "listed"}],
        "crl": {"files": [str(tmp_path / "listed.crl")], "absent": "soft_fail"}})
    config["routes"][0]["paths"] = ["/who", "/who/slow"]
    config["timeouts"]["distrusted"] = "1s"
    gateway = make_own_gateway(config)
    with contextlib.ExitStack() as stack:
        idle, busy, other = (stack.enter_context(contextlib.closing(Client(gateway, pem)))
                             for pem in (root.issue("idle"), root.issue("busy"),
                                         listed.issue("other")))
        assert idle.get().status == busy.get().status == other.get().status == 200
        busy.send("/who/slow")
        assert idle.is_closed(15) and other.is_closed(15) and busy.is_closed(15)
        answering.set()
    withdrawn = [line["deny"]["reason"] for line in gateway.log()
                 if line["event"] == "trust_withdrawn"]
    assert sorted(withdrawn) == ["certificate.crl_expired"] + 2 * ["certificate.not_active"]
    assert not [line for line in gateway.log() if line["event"] == "files_changed"]


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_tickets_end_with_the_trust_that_they_were_made_under(gateway, upstream, root, tls, tmp_path,
                                                              version):
    pem, session = root.issue("resuming"), tmp_path / "session"
    first = s_client(gateway, version, "-cert", pem, "-key", pem.with_suffix(".key"), "-sess_out",
                     session, request="/who")
    assert first.status == 200
    assert s_client(gateway, version, "-sess_in", session, request="/who").was_resumed
    other = Authority(tls / "next", "/O=Plaid/CN=Next CA")
    shutil.copy(other.certificate, root.certificate)
    wait_until(lambda: gateway.metric("sallyport_config_generation") == 2, "the new store")
    again = s_client(gateway, version, "-sess_in", session, request="/who")
    assert not again.was_resumed and again.status == 403


# ---- under load

def test_a_hundred_swaps_under_load_fail_no_handshake(gateway, upstream, root, server_ca, tls):
    """Each handshake verifies the chain and the key's signature: a mixed pair would fail it."""
    pems = [new_pair(server_ca, f"swap{n}") for n in range(4)]
    client = root.issue("load")
    failures, counts, stop = [], [], threading.Event()

    def handshakes():
        context, count = context_of(gateway, client), 0
        while not stop.is_set():
            try:
                with contextlib.closing(Client(gateway, context=context)) as connection:
                    if connection.get().status != 200:
                        failures.append("status")
                count += 1
            except (ssl.SSLError, OSError, Closed) as error:
                failures.append(repr(error))
        counts.append(count)

    threads = [threading.Thread(target=handshakes) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for n in range(100):
            generation = gateway.metric("sallyport_config_generation")
            place(pems[n % len(pems)], tls)
            wait_until(lambda: gateway.metric("sallyport_config_generation") > generation,
                       f"swap {n}", 30)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert sum(counts) > 100
    assert gateway.metric("sallyport_tls_handshake_failures_total") == 0
    print(f"{sum(counts)} handshakes during 100 swaps")
