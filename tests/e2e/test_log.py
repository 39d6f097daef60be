"""Where log lines go, which are written, and what happens when they cannot be."""
import json
import os
import re
import signal

import pytest

from support import settings
from support.gateway import sallyport
from support.rawtls import RawClient
from support.waiting import wait_until


@pytest.fixture
def make(make_own_gateway, pki, upstream):
    def start(**log):
        return make_own_gateway(settings.open_to_all(pki, upstream.server, log=log))
    return start


def lines_of(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def requests_in(file):
    return [line for line in lines_of(file) if line["event"] == "request"]


def ask(gateway, path="/", times=1):
    with RawClient(gateway) as client:
        return [client.ask(path).status for _ in range(times)]


def test_lines_go_to_the_file_and_nowhere_else(make, tmp_path):
    file = tmp_path / "gateway.log"
    gateway = make(file=str(file))
    assert ask(gateway, times=3) == [200] * 3
    wait_until(lambda: len(requests_in(file)) == 3, "three lines")
    assert file.stat().st_mode & 0o777 == 0o640
    assert gateway.process.out.read_text() == ""
    gateway.stop()
    assert lines_of(file)[-1]["event"] == "stopped"


def test_after_a_rotation_usr1_opens_the_file_anew_and_no_line_is_lost(make, tmp_path):
    file, old = tmp_path / "gateway.log", tmp_path / "gateway.log.1"
    gateway = make(file=str(file))
    asked = 0
    for turn in range(3):
        os.rename(file, old)
        asked += len(ask(gateway, times=20))  # into the old file, by its new name
        before = requests_in(old)
        gateway.process.signal(signal.SIGUSR1)
        wait_until(lambda: file.exists() and any(line["event"] == "log_reopened"
                                                 for line in lines_of(file)), f"turn {turn}")
        asked += len(ask(gateway, times=20))
        wait_until(lambda: len(requests_in(old)) + len(requests_in(file)) == 40, "every line")
        assert len(before) <= 20
        if turn < 2:
            file.unlink()
            gateway.process.signal(signal.SIGUSR1)
            wait_until(file.exists, "a new file")
    assert asked == 120
    assert gateway.metric("sallyport_log_lines_dropped_total") == 0


def test_a_file_that_cannot_be_opened_anew_is_a_problem_and_the_old_one_goes_on(make, tmp_path):
    folder, moved = tmp_path / "logs", tmp_path / "moved"
    folder.mkdir()
    gateway = make(file=str(folder / "gateway.log"))
    os.rename(folder, moved)
    gateway.process.signal(signal.SIGUSR1)
    problem = wait_until(lambda: next((line for line in lines_of(moved / "gateway.log")
                                       if line["event"] == "problem"), None), "the problem")
    assert "No such file or directory" in problem["message"]
    assert ask(gateway) == [200]
    folder.mkdir()
    gateway.process.signal(signal.SIGUSR1)
    file = folder / "gateway.log"
    wait_until(lambda: file.exists() and any(line["event"] == "problem_over" for line in lines_of(file)),
               "the end of the problem")


def test_routine_requests_are_sampled_and_all_others_are_not(make, tmp_path):
    file = tmp_path / "gateway.log"
    gateway = make(file=str(file), sample=10)
    gateway_of_one_worker = ask(gateway, times=100)  # one connection: one worker counts
    assert gateway_of_one_worker == [200] * 100
    with RawClient(gateway) as client:
        client.get("/", host="unknown.example")
        assert client.response().status == 404
    wait_until(lambda: len(requests_in(file)) == 11, "ten of a hundred, and the denied one")
    routine = [line for line in requests_in(file) if line["status"] == 200]
    assert len(routine) == 10 and {line["one_in"] for line in routine} == {10}
    denied = next(line for line in requests_in(file) if line["status"] != 200)
    assert "one_in" not in denied and denied["deny"]["reason"]


def test_the_level_leaves_out_the_gateways_own_lines(make):
    gateway = make(level="warn")
    assert ask(gateway) == [200]
    gateway.log_line("the request", lambda line: line["event"] == "request")
    assert not [line for line in gateway.log() if line["event"] in ("started", "config")]


def test_priorities_are_those_of_the_journal(make):
    gateway = make(priorities=True)
    assert ask(gateway) == [200]
    text = wait_until(lambda: re.search(r'^<6>\{.*"event":"request".*\}$',
                                        gateway.process.out.read_text(), re.M), "a request's line")
    assert text
    gateway.process.signal(signal.SIGUSR2)
    gateway.process.signal(signal.SIGUSR1)
    wait_until(lambda: '"event":"signal"' in gateway.process.out.read_text(), "a line of its own")
    levels = {"info": "<6>", "warn": "<4>", "error": "<3>"}
    for line in gateway.process.out.read_text().splitlines():
        assert line[:3] == levels[json.loads(line[3:])["level"]]


def test_who_must_not_serve_without_a_record_refuses(make, tmp_path, pki, upstream):
    gateway = make(file="/dev/full", on_failure="refuse")
    wait_until(lambda: gateway.ask_admin("/readyz")[0] == 503, "not ready")
    assert "log lines cannot be written" in gateway.ask_admin("/readyz")[1]
    assert ask(gateway) == [503]
    assert gateway.metric("sallyport_log_lines_dropped_total") > 0
    file = tmp_path / "gateway.log"
    config = settings.open_to_all(pki, upstream.server, log={"file": str(file), "on_failure": "refuse"})
    assert gateway.reload(config).returncode == 0
    wait_until(gateway.is_ready, "lines can be written again")
    assert ask(gateway) == [200]
    wait_until(lambda: any(line["event"] == "log_lines_lost" for line in lines_of(file)),
               "how many are missing")
    wait_until(lambda: any(line["event"] == "problem_over" for line in lines_of(file)), "the end")


def test_by_default_a_lost_line_costs_no_request(make):
    gateway = make(file="/dev/full")
    assert ask(gateway, times=5) == [200] * 5
    wait_until(lambda: gateway.metric("sallyport_log_lines_dropped_total") >= 5, "lines are counted")
    assert gateway.is_ready()


def test_a_reload_that_cannot_open_its_log_changes_nothing(make, tmp_path, pki, upstream):
    file = tmp_path / "gateway.log"
    gateway = make(file=str(file))
    bad = settings.open_to_all(pki, upstream.server, log={"file": str(tmp_path / "none" / "x.log")})
    ended = gateway.reload(bad)
    assert ended.returncode == 1 and "log.file" in ended.stdout + ended.stderr
    assert ask(gateway) == [200]
    wait_until(lambda: requests_in(file), "the old log goes on")


def test_check_and_start_say_where(make_own_gateway, pki, upstream, tmp_path):
    link = tmp_path / "link.log"
    link.symlink_to(tmp_path / "target.log")
    for file, says in ((tmp_path / "none" / "x.log", "No such file"), (link, "symbolic link")):
        gateway = make_own_gateway(settings.open_to_all(pki, upstream.server, log={"file": str(file)}),
                                   start=False)
        checked = sallyport("check", "-c", gateway.file)
        assert checked.returncode == 1 and says in checked.stdout + checked.stderr, checked
        assert "log.file" in checked.stdout + checked.stderr
