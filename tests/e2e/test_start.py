"""The order of the start: all that the process needs is taken before a connection can come, and what
cannot be taken is said, on standard error and in the log."""
import copy
import json
import socket
import threading
import time

import pytest

from support import settings
from support.gateway import sallyport
from support.issuer import Issuer
from support.rawtls import RawClient
from support.waiting import wait_until


@pytest.fixture
def config(pki, upstream):
    return settings.open_to_all(pki, upstream.server)


@pytest.fixture
def issuer():
    running = Issuer("k1")
    yield running
    running.stop()


def failed(gateway):
    """What a start of the gateway says, which must fail."""
    gateway.write(gateway.config)
    said = sallyport("run", "-c", gateway.file)
    assert said.returncode == 1, said.stdout + said.stderr
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    told = [line["message"] for line in lines if line["event"] == "start_failed"]
    assert told and all(line["level"] == "error" for line in lines if line["event"] == "start_failed")
    assert all(text.strip() in said.stderr for text in told)
    assert not any(line["event"] == "started" for line in lines)
    return "\n".join(told)


# ---- one port has one gateway

def test_a_second_gateway_takes_no_connection(make_own_gateway, make_gateway, config, tmp_path):
    """It has an admin socket and stores of its own: the port alone is the same."""
    gateway = make_own_gateway(config)
    second = make_gateway(copy.deepcopy(config), start=False)
    second.port = gateway.port
    second.write(second.config)
    stop, failures, asked = threading.Event(), [], [0]

    def ask():
        while not stop.is_set():
            try:
                with RawClient(gateway) as client:
                    assert client.ask("/").status == 200
                asked[0] += 1
            except (OSError, AssertionError) as error:
                failures.append(repr(error))
    client = threading.Thread(target=ask)
    client.start()
    for _ in range(10):
        assert f"127.0.0.1:{gateway.port}: another process listens there already" in failed(second)
    stop.set()
    client.join()
    assert failures == [] and asked[0] > 10


def test_a_port_of_another_program_is_said(make_gateway, config):
    gateway = make_gateway(config, start=False)
    with socket.create_server(("127.0.0.1", gateway.port)):
        assert f"127.0.0.1:{gateway.port}: another process listens there already" in failed(gateway)


def test_a_restart_does_not_wait_for_old_connections(make_own_gateway, config):
    """The gateway closes first, so its end of the connection is in TIME_WAIT."""
    gateway = make_own_gateway(config)
    with RawClient(gateway) as client:
        assert client.ask("/").status == 200
        gateway.stop()
    gateway.start()
    with RawClient(gateway) as client:
        assert client.ask("/").status == 200


# ---- what cannot be taken

def test_an_admin_socket_in_a_missing_folder(make_gateway, config):
    gateway = make_gateway(config, start=False)
    gateway.socket = gateway.folder / "nowhere" / "at" / "admin.sock"
    assert f"cannot make the folder {gateway.socket.parent}" in failed(gateway)


def test_an_admin_port_that_is_taken(make_gateway, config):
    gateway = make_gateway(config, start=False)
    with socket.create_server(("127.0.0.1", gateway.admin_port)):
        assert f"127.0.0.1:{gateway.admin_port}" in failed(gateway)


def test_a_certificate_register_that_another_process_has(make_own_gateway, make_gateway, config,
                                                         tmp_path):
    config["certificate_register"] = {"path": str(tmp_path / "register")}
    make_own_gateway(config)
    assert "is open in another process" in failed(make_gateway(copy.deepcopy(config), start=False))


def test_a_configuration_with_errors_is_in_the_log(make_gateway, config):
    config["routes"][0]["upstream"] = "nobody"
    assert "nobody" in failed(make_gateway(config, start=False))


# ---- check says the same, and takes nothing

def checked(gateway):
    gateway.write(gateway.config)
    return sallyport("check", "-c", gateway.file)


def test_check_sees_a_port_that_is_taken(make_gateway, config):
    gateway = make_gateway(config, start=False)
    assert checked(gateway).returncode == 0
    with socket.create_server(("127.0.0.1", gateway.port)):
        said = checked(gateway)
    assert said.returncode == 1
    assert f"127.0.0.1:{gateway.port}: another process listens there already" in said.stderr
    with socket.create_server(("127.0.0.1", gateway.admin_port)):
        assert f"127.0.0.1:{gateway.admin_port}" in checked(gateway).stderr


def test_check_beside_a_running_gateway_is_good(make_own_gateway, config, tmp_path):
    config["certificate_register"] = {"path": str(tmp_path / "register")}
    gateway = make_own_gateway(config)
    said = checked(gateway)
    assert said.returncode == 0, said.stderr
    assert f"note: a gateway answers on {gateway.socket}" in said.stderr
    with RawClient(gateway) as client:
        assert client.ask("/").status == 200


@pytest.mark.parametrize("path, text", [
    ("nowhere/at/admin.sock", "there is no such folder"),
    ("x" * 120, "is longer than the 107 bytes"),
    ("sallyport.yaml", "is there and is not a socket"),
])
def test_check_sees_an_admin_socket_that_cannot_be(make_gateway, config, path, text):
    gateway = make_gateway(config, start=False)
    gateway.socket = gateway.folder / path
    said = checked(gateway)
    assert said.returncode == 1 and text in said.stderr


def test_check_sees_a_damaged_store(make_gateway, config, tmp_path):
    gateway = make_gateway(config, start=False)
    config = gateway.config
    config["certificate_register"] = {"path": str(tmp_path / "register")}
    (tmp_path / "register").mkdir(mode=0o700)
    (tmp_path / "register" / "data.mdb").write_bytes(b"x" * 20_000)
    said = checked(gateway)
    assert said.returncode == 0  # the gateway starts without it: test_stores.py
    assert f"warning: certificate_register: {tmp_path}/register/data.mdb is damaged" in said.stderr


# ---- what it must know

def test_connections_wait_until_the_keys_are_there(make_gateway, pki, issuer, upstream):
    config = settings.of_issuer(pki, issuer, upstream.server)
    config["timeouts"]["start_wait"] = "20s"
    gateway = make_gateway(config, start=False)
    gateway.start(ready=None)
    wait_until(gateway.answers, "the admin port answers")
    ready = json.loads(gateway.ask_admin("/readyz")[1])
    assert ready["reasons"][0] == "starting" and "issuer bank" in " ".join(ready["reasons"])
    with pytest.raises(ConnectionRefusedError):
        RawClient(gateway)
    issuer.start()
    wait_until(gateway.has_started, "the gateway serves")
    assert gateway.event("started")["level"] == "info"
    with RawClient(gateway) as client:
        token = issuer.token("k1")
        client.get(settings.ACCOUNTS, more=f"Authorization: Bearer {token}\r\n")
        assert client.response().status == 200


def test_after_start_wait_it_serves_without(make_own_gateway, pki, issuer, upstream):
    config = settings.of_issuer(pki, issuer, upstream.server)
    config["timeouts"]["start_wait"] = "1500ms"
    began = time.monotonic()
    gateway = make_own_gateway(config, ready=False)
    assert time.monotonic() - began > 1.4
    assert gateway.event("started")["level"] == "warn"
    assert "issuer bank" in gateway.event("problem")["message"]
    with RawClient(gateway) as client:
        client.get(settings.ACCOUNTS, more=f"Authorization: Bearer {issuer.token('k1')}\r\n")
        assert client.response().status == 503
    issuer.start()
    wait_until(gateway.is_ready, "the gateway is ready")
    assert "issuer bank" in gateway.event("problem_over")["message"]


def test_a_restart_while_the_issuer_is_away_serves(make_own_gateway, pki, issuer, upstream):
    issuer.start()
    gateway = make_own_gateway(settings.of_issuer(pki, issuer, upstream.server))
    gateway.stop()
    issuer.stop()
    gateway.start()
    said = [line["message"] for line in gateway.log() if line["event"] == "keys_from_disk"]
    assert len(said) == 1 or wait_until(lambda: gateway.event("keys_from_disk"), "keys from disk")
    with RawClient(gateway) as client:
        client.get(settings.ACCOUNTS, more=f"Authorization: Bearer {issuer.token('k1')}\r\n")
        assert client.response().status == 200


def test_a_stop_does_not_wait_for_the_start(make_gateway, pki, issuer, upstream):
    config = settings.of_issuer(pki, issuer, upstream.server)
    config["timeouts"]["start_wait"] = "60s"
    gateway = make_gateway(config, start=False)
    gateway.start(ready=None)
    wait_until(gateway.answers, "the admin port answers")
    assert gateway.reload().returncode == 1
    began = time.monotonic()
    gateway.stop()
    assert time.monotonic() - began < 5
