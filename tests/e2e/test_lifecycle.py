"""Stopping, reloading, and what goes on meanwhile: no request is lost to an operator's order."""
import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from support import settings
from support.gateway import sallyport
from support.places import SALLYPORT
from support.processes import free_port
from support.rawtls import RawClient
from support.waiting import wait_until


@pytest.fixture
def config(pki, upstream):
    return settings.open_to_all(pki, upstream.server)


@pytest.fixture
def gateway(make_own_gateway, config):
    return make_own_gateway(config)


@contextlib.contextmanager
def request_in_flight(gateway, upstream):
    """A request that the upstream answers when the yielded event is set; [1] awaits the answer."""
    go_on, answers = threading.Event(), []

    def handler(exchange):
        go_on.wait(15)
        exchange.answer(body=b"at last")
    upstream.handler = handler
    with RawClient(gateway) as client:
        client.get("/slow")
        upstream.wait_for(1)

        def answer():
            answers.append(client.response())
            return answers[0]
        try:
            yield go_on, answer
        finally:
            go_on.set()


# ---- stopping

def test_sigterm_lets_requests_finish(gateway, upstream):
    with request_in_flight(gateway, upstream) as (go_on, answer):
        gateway.process.signal(signal.SIGTERM)
        status, body = wait_until(lambda: not_ready(gateway), "the gateway is not ready")
        assert (status, json.loads(body)) == (503, {"ready": False, "reasons": ["draining"]})
        assert gateway.process.is_running()
        go_on.set()
        response = answer()
    assert (response.status, response.body) == (200, b"at last")
    assert response.one("Connection") == "close"
    assert gateway.process.wait() == 0
    events = [line["event"] for line in gateway.log()]
    assert events[-1] == "stopped" and "draining" in events


def not_ready(gateway):
    status, body = gateway.ask_admin("/readyz")
    return (status, body) if status != 200 else None


def test_sigterm_ends_idle_connections_at_once(gateway, upstream):
    with RawClient(gateway) as client:
        assert client.ask("/").status == 200
        gateway.process.signal(signal.SIGTERM)
        assert client.rest() == b""
    assert gateway.process.wait(5) == 0


@pytest.mark.parametrize("name", ["SIGINT", "SIGQUIT"])
def test_other_signals_that_end_drain_as_well(gateway, name):
    gateway.process.signal(getattr(signal, name))
    assert gateway.process.wait(5) == 0
    assert gateway.log()[-1]["event"] == "stopped"


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGUSR2"])
def test_signals_of_habit_end_nothing(gateway, name):
    gateway.process.signal(getattr(signal, name))
    assert gateway.event("signal")["message"].startswith(name)
    assert gateway.is_ready()


def test_what_max_drain_cuts_is_told(make_own_gateway, config, upstream):
    config["timeouts"] |= {"max_drain": "300ms"}
    gateway = make_own_gateway(config)
    with request_in_flight(gateway, upstream):
        gateway.process.signal(signal.SIGTERM)
        assert gateway.process.wait(5) == 0
    last = gateway.log()[-1]
    assert (last["event"], last["level"]) == ("stopped", "warn")
    assert last["message"] == "connections that were still open and were cut: 1"


@contextlib.contextmanager
def with_a_stalled_reader(gateway, reader):
    """The gateway writes its log to a pipe that nobody reads, and has filled it."""
    ours, theirs = reader
    with open(gateway.folder / "stderr", "wb") as err:
        process = subprocess.Popen([SALLYPORT, "run", "-c", gateway.file], stdout=theirs, stderr=err)
    os.close(theirs)
    try:
        wait_until(gateway.is_ready, "the gateway is ready")
        with RawClient(gateway) as client:
            for _ in range(1500):  # more than a pipe holds
                assert client.ask("/" + "x" * 400).status == 200
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)


def a_socket():
    ours, theirs = socket.socketpair()
    return ours.detach(), theirs.detach()


@pytest.mark.parametrize("reader", [os.pipe, a_socket])
def test_a_log_that_nobody_reads_does_not_keep_it_from_stopping(make_gateway, config, upstream, reader):
    gateway = make_gateway(config, start=False)
    with with_a_stalled_reader(gateway, reader()) as process:
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 3


def test_a_log_that_cannot_be_written_is_a_problem_and_counted(make_gateway, config, upstream):
    gateway = make_gateway(config, start=False)
    with open("/dev/full", "wb") as full, open(gateway.folder / "stderr", "wb") as err:
        process = subprocess.Popen([SALLYPORT, "run", "-c", gateway.file], stdout=full, stderr=err)
    try:
        wait_until(gateway.is_ready, "the gateway is ready")
        with RawClient(gateway) as client:
            assert client.ask("/").status == 200
        wait_until(lambda: gateway.metric("sallyport_log_lines_dropped_total") > 1, "lines are counted")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_until_min_drain_new_connections_are_served(make_own_gateway, config):
    """Balancers need a moment to notice."""
    config["timeouts"]["min_drain"] = "1500ms"
    gateway = make_own_gateway(config)
    began = time.monotonic()
    gateway.process.signal(signal.SIGTERM)
    wait_until(lambda: not_ready(gateway), "the gateway is not ready")
    with RawClient(gateway) as client:
        response = client.ask("/late")
        assert response.status == 200 and response.one("Connection") == "close"
        assert client.rest() == b""
    assert gateway.process.wait(10) == 0
    assert time.monotonic() - began >= 1.4


def test_max_drain_ends_what_does_not_end_by_itself(make_own_gateway, config, upstream):
    config["timeouts"]["max_drain"] = "500ms"
    gateway = make_own_gateway(config)
    with request_in_flight(gateway, upstream):
        gateway.process.signal(signal.SIGTERM)
        assert gateway.process.wait(5) == 0


@pytest.mark.parametrize("first, second", [(signal.SIGTERM, signal.SIGTERM),
                                           (signal.SIGINT, signal.SIGTERM)])
def test_a_second_signal_ends_at_once(gateway, upstream, first, second):
    with request_in_flight(gateway, upstream):
        gateway.process.signal(first)
        gateway.event("draining")
        assert gateway.process.is_running()
        gateway.process.signal(second)
        assert gateway.process.wait(3) == 0


def test_the_admin_socket_s_file_goes_with_the_process(gateway):
    assert gateway.socket.exists()
    gateway.process.signal(signal.SIGTERM)
    assert gateway.process.wait() == 0
    assert not gateway.socket.exists()


def test_a_second_gateway_does_not_take_the_first_one_s_socket(gateway, make_own_gateway, config):
    other = make_own_gateway(config, start=False)
    text = other.file.read_text().replace(str(other.socket), str(gateway.socket))
    other.file.write_text(text)
    ended = sallyport("run", "-c", other.file)
    assert ended.returncode == 1 and "another process serves this socket" in ended.stderr
    assert gateway.cli("status").returncode == 0


# ---- reloading

def with_route(config, path):
    more = dict(config)
    more["routes"] = config["routes"] + [
        settings.route(path.strip("/"), [path], "raw", policies={"headers": None})]
    return more


@pytest.fixture
def narrow(config):
    """Only /old is there."""
    config["routes"][0]["paths"] = ["/old"]
    return config


def status_of(gateway, path):
    with RawClient(gateway) as client:
        return client.ask(path).status


def generation(gateway):
    return gateway.metric("sallyport_config_generation")


def test_sighup_reads_the_configuration_again(make_own_gateway, narrow):
    gateway = make_own_gateway(narrow)
    assert (status_of(gateway, "/old"), status_of(gateway, "/new")) == (200, 404)
    gateway.write(with_route(narrow, "/new"))
    gateway.process.signal(signal.SIGHUP)
    wait_until(lambda: generation(gateway) == 2, "generation 2")
    gateway.event("reloaded")
    assert (status_of(gateway, "/old"), status_of(gateway, "/new")) == (200, 200)
    assert gateway.metric("sallyport_config_last_reload_successful") == 1


def test_reload_says_which_generation_holds(make_own_gateway, narrow):
    gateway = make_own_gateway(narrow)
    ended = gateway.reload(with_route(narrow, "/new"))
    assert (ended.returncode, ended.stdout) == (0, "reloaded: generation 2\n")
    assert status_of(gateway, "/new") == 200  # at once: it returns when all workers have switched


def test_an_open_connection_gets_the_new_routes(make_own_gateway, narrow):
    gateway = make_own_gateway(narrow)
    with RawClient(gateway) as client:
        assert client.ask("/new").status == 404
        assert gateway.reload(with_route(narrow, "/new")).returncode == 0
        assert client.ask("/new").status == 200
        assert gateway.reload(narrow).returncode == 0
        assert client.ask("/new").status == 404


def test_a_request_under_way_keeps_the_configuration_it_began_with(make_own_gateway, narrow,
                                                                  upstream):
    gateway = make_own_gateway(narrow | {"routes": [narrow["routes"][0] | {"paths": ["/**"]}]})
    with request_in_flight(gateway, upstream) as (go_on, answer):
        assert gateway.reload(narrow).returncode == 0  # without /slow
        go_on.set()
        assert answer().body == b"at last"
    assert status_of(gateway, "/slow") == 404


def test_a_bad_configuration_changes_nothing(make_own_gateway, narrow):
    gateway = make_own_gateway(narrow)
    good = gateway.file.read_text()
    gateway.file.write_text(good.replace("upstream: raw", "upstream: raww").replace(
        "paths:", "pahts:"))
    ended = gateway.reload()
    assert ended.returncode == 1
    assert ended.stdout == "refused: generation 1 goes on\n"
    assert 'there is no upstream "raww"' in ended.stderr and 'did you mean "raw"' in ended.stderr
    assert "pahts" in ended.stderr and f"{gateway.file}:" in ended.stderr
    assert status_of(gateway, "/old") == 200 and generation(gateway) == 1
    assert gateway.metric("sallyport_config_last_reload_successful") == 0
    assert gateway.event("reload_failed")["level"] == "error"
    gateway.log_line("the mistake", lambda line: line["event"] == "config"
                     and "raww" in line["message"] and line["level"] == "error")
    assert gateway.ask_admin("/readyz")[0] == 200
    gateway.file.write_text(good)
    assert gateway.reload().returncode == 0
    assert gateway.metric("sallyport_config_last_reload_successful") == 1


def test_a_refused_change_that_is_undone_ends_the_alarm(make_own_gateway, narrow):
    gateway = make_own_gateway(narrow)
    good = gateway.file.read_text()
    gateway.file.write_text(good.replace("upstream: raw", "upstream: raww"))
    assert gateway.reload().returncode == 1
    problem = "the last reload was refused; generation 1 goes on"
    gateway.log_line("the problem", lambda line: line["event"] == "problem"
                     and line["message"] == problem)
    gateway.file.write_text(good)
    wait_until(lambda: gateway.metric("sallyport_config_last_reload_successful") == 1, "the end")
    gateway.event("reload_undone")
    gateway.log_line("its end", lambda line: line["event"] == "problem_over"
                     and line["message"] == problem)
    assert generation(gateway) == 1


def test_a_warning_is_in_the_log_once_however_often_the_file_is_read(make_own_gateway, narrow):
    gateway = make_own_gateway(narrow)
    for _ in range(3):
        assert gateway.reload().returncode == 0
    wait_until(lambda: sum(line["event"] == "reloaded" for line in gateway.log()) == 3, "three")
    warnings = [line["message"] for line in gateway.log() if line["event"] == "config"]
    assert warnings and len(warnings) == len(set(warnings))


def test_a_file_that_is_gone_changes_nothing(make_own_gateway, narrow):
    gateway = make_own_gateway(narrow)
    gateway.file.unlink()
    ended = gateway.reload()
    assert ended.returncode == 1 and str(gateway.file) in ended.stderr
    assert status_of(gateway, "/old") == 200


def test_a_broken_certificate_keeps_the_old_one(make_own_gateway, narrow, pki, tmp_path):
    certificate = tmp_path / "server.pem"
    certificate.write_text(pki.certificate("server").read_text())
    for entry in narrow["listeners"][0]["tls"]["certificates"]:
        entry["certificate"] = str(certificate)
    gateway = make_own_gateway(narrow)
    certificate.write_text("-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n")
    ended = gateway.reload()
    assert ended.returncode == 1 and str(certificate) in ended.stderr
    assert status_of(gateway, "/old") == 200


def test_a_listener_can_come_and_go(make_own_gateway, narrow):
    gateway = make_own_gateway(narrow)
    port = free_port()
    more = dict(narrow)
    more["listeners"] = narrow["listeners"] + [
        narrow["listeners"][0] | {"name": "second", "address": f"127.0.0.1:{port}"}]
    assert gateway.reload(more).returncode == 0
    second = type("Second", (), {"port": port, "pki": gateway.pki})
    assert status_of(second, "/old") == 200
    assert gateway.reload(narrow).returncode == 0
    with pytest.raises(ConnectionRefusedError):
        RawClient(second)
    assert status_of(gateway, "/old") == 200


def test_the_number_of_workers_needs_a_restart(make_own_gateway, narrow):
    gateway = make_own_gateway(narrow)
    ended = gateway.reload(narrow | {"workers": 2})
    assert ended.returncode == 1 and "restart" in ended.stderr


def test_there_is_a_worker_for_every_core_that_the_process_may_use(make_own_gateway, narrow):
    cores = os.sched_getaffinity(0)
    narrow["workers"] = "auto"
    for granted in ({min(cores)}, cores):
        os.sched_setaffinity(0, granted)
        try:
            gateway = make_own_gateway(narrow)
        finally:
            os.sched_setaffinity(0, cores)
        text = gateway.ask_admin("/metrics")[1]
        assert text.count("\nsallyport_worker_connections_open{") == len(granted)
        gateway.stop()


def test_twenty_reloads_lose_no_request(make_own_gateway, narrow, upstream):
    narrow["workers"] = 2
    gateway = make_own_gateway(narrow)
    stop, statuses, connections, failures = threading.Event(), [], [], []

    def on_one_connection():
        with RawClient(gateway) as client:
            while not stop.is_set():
                statuses.append(client.ask("/old").status)

    def on_new_connections():
        while not stop.is_set():
            connections.append(status_of(gateway, "/old"))

    def run(work):
        try:
            work()
        except Exception as error:  # a thread has nobody to raise it to
            failures.append(error)
    threads = [threading.Thread(target=run, args=[work], daemon=True)
               for work in (on_one_connection, on_one_connection, on_new_connections)]
    for thread in threads:
        thread.start()
    for number in range(20):
        before = len(statuses)
        assert gateway.reload(with_route(narrow, f"/new-{number}")).returncode == 0
        wait_until(lambda: len(statuses) > before or failures, "requests go on")
    stop.set()
    for thread in threads:
        thread.join(10)
    assert failures == [] and generation(gateway) == 21
    assert set(statuses) == {200} and set(connections) == {200}
