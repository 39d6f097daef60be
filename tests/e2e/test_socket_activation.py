"""Sockets that are handed over as systemd does: a restart refuses no connection and fails no request,
and what cannot be served from is said."""
import os
import pathlib
import re
import socket
import subprocess
import threading
import time

import pytest

from support import settings
from support.gateway import SALLYPORT, sallyport
from support.rawtls import RawClient
from support.waiting import wait_until


class Manager:
    """Holds listening sockets, starts the gateway with them, and hears what it notifies."""

    def __init__(self, gateway, folder):
        self.gateway, self.log = gateway, folder / "managed.log"
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(str(folder / "notify"))
        self.sockets, self.children = [], []

    def hold(self, port, listening=True, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        held = socket.socket(family, kind)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("::" if family == socket.AF_INET6 else "127.0.0.1", port))
        if listening:
            held.listen(4096)
        self.sockets.append(held)
        return held

    def start(self, ready=True, count=None):
        """As sd_listen_fds(3) asks: descriptors from 3 on, and the process's own id."""
        places = " ".join(f"{3 + i}<&{fd.fileno() + 100}" for i, fd in enumerate(self.sockets))
        kept = [os.dup2(fd.fileno(), fd.fileno() + 100) for fd in self.sockets]
        script = (f"exec {places}; LISTEN_FDS={len(kept) if count is None else count} LISTEN_PID=$$ "
                  f"exec {SALLYPORT} run -c {self.gateway.file}")
        with open(self.log, "ab") as log:
            child = subprocess.Popen(
                ["bash", "-c", script], stdout=log, stderr=log, pass_fds=kept,
                env={**os.environ, "NOTIFY_SOCKET": self.notices.getsockname()})
        for fd in kept:
            os.close(fd)
        self.children.append(child)
        if ready:
            self.heard("READY=1")
        return child

    def heard(self, text):
        self.notices.settimeout(20)
        while text not in self.notices.recv(4096).decode():
            pass

    def said(self):
        return self.log.read_text()

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.terminate()
                assert child.wait(20) == 0
        for held in [*self.sockets, self.notices]:
            held.close()


@pytest.fixture
def manager(make_own_gateway, pki, upstream, tmp_path):
    config = settings.open_to_all(pki, upstream.server)
    config["workers"] = 2
    gateway = make_own_gateway(config, start=False)
    running = Manager(gateway, tmp_path)
    yield running
    running.close()


def descriptors_of(pid):
    links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    return {re.sub(r"\D", "", link) for link in links if link.startswith("socket:")}


def test_the_held_socket_is_what_all_workers_accept_from(manager):
    held = manager.hold(manager.gateway.port)
    child = manager.start()
    inode = str(os.fstat(held.fileno()).st_ino)
    assert inode in descriptors_of(child.pid)
    for _ in range(20):
        with RawClient(manager.gateway) as client:
            assert client.ask("/").status == 200
    accepted = manager.gateway.metric("sallyport_connections_accepted_total")
    assert accepted == 20
    environment = pathlib.Path(f"/proc/{child.pid}/environ").read_text()
    assert "LISTEN_FDS=1" in environment  # what it was started with


def test_a_restart_under_load_refuses_nothing(manager):
    """Connections that come while nobody accepts wait; the old process ends its requests."""
    manager.hold(manager.gateway.port)
    child = manager.start()
    stop, faults, asked = threading.Event(), [], [0]

    def ask():
        while not stop.is_set():
            try:
                with RawClient(manager.gateway) as client:
                    for _ in range(3):
                        answer = client.ask("/")
                        assert answer.status == 200, answer
                        asked[0] += 1
                        if answer.one("Connection") == "close":
                            break
            except (OSError, AssertionError) as fault:
                faults.append(repr(fault))
    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        for _ in range(5):
            time.sleep(0.3)
            child.terminate()
            assert child.wait(20) == 0
            child = manager.start()
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert faults == [] and asked[0] > 50


def test_connections_wait_while_there_is_no_process(manager):
    manager.hold(manager.gateway.port)
    manager.start().terminate()
    answers = []

    def ask():
        with RawClient(manager.gateway) as client:
            answers.append(client.ask("/").status)
    manager.children[0].wait(20)
    waiting = [threading.Thread(target=ask) for _ in range(5)]
    for client in waiting:
        client.start()
    time.sleep(0.3)
    assert answers == []
    manager.start()
    for client in waiting:
        client.join()
    assert answers == [200] * 5


def test_a_reload_keeps_the_socket(manager):
    manager.hold(manager.gateway.port)
    child = manager.start()
    assert manager.gateway.cli("reload").returncode == 0
    with RawClient(manager.gateway) as client:
        assert client.ask("/").status == 200
    assert child.poll() is None


def test_a_socket_that_no_listener_names_is_said(manager):
    other = manager.hold(0)
    port = other.getsockname()[1]
    manager.start()
    wait_until(lambda: f"the socket of 127.0.0.1:{port} was handed over and no listener"
               in manager.said(), "the warning")
    with RawClient(manager.gateway) as client:  # the listener has bound its own
        assert client.ask("/").status == 200


@pytest.mark.parametrize("options, says", [
    ({"kind": socket.SOCK_DGRAM, "listening": False}, "is not a socket of TCP"),
    ({"listening": False}, "does not listen"),
    ({"family": socket.AF_INET6}, "takes IPv4 as well"),
])
def test_what_cannot_be_served_from_is_said(manager, options, says):
    manager.hold(0, **options)
    manager.start()
    wait_until(lambda: says in manager.said(), says)


def test_a_descriptor_that_is_not_there_is_said(manager):
    manager.hold(manager.gateway.port)
    manager.start(count=2)
    wait_until(lambda: "descriptor 4 was promised" in manager.said(), "the warning")


def test_more_sockets_than_workers_are_an_error(manager):
    port = manager.gateway.port
    for _ in range(3):
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", port))
        held.listen()
        manager.sockets.append(held)
    child = manager.start(ready=False)
    assert child.wait(20) == 1
    assert "3 sockets were handed over, and there are 2 workers" in manager.said()
    manager.children.clear()


def test_what_is_meant_for_another_process_is_left_alone(manager):
    env = {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": "1"}
    with subprocess.Popen([SALLYPORT, "run", "-c", manager.gateway.file], env=env,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_until(manager.gateway.is_ready, "it serves on a socket of its own")
        process.terminate()


def test_check_leaves_held_ports_alone_when_it_is_told(manager):
    manager.hold(manager.gateway.port)
    taken = sallyport("check", "-c", manager.gateway.file)
    assert taken.returncode == 1 and "listens there already" in taken.stderr
    assert sallyport("check", "--no-ports", "-c", manager.gateway.file).returncode == 0
