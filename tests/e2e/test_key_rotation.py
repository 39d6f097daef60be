"""docs/key-rotation.md, played: planned and emergency rotation with the commands as printed."""
import re

import pytest

from support import settings
from support.curl import curl
from support.issuer import Issuer
from support.places import ROOT
from support.waiting import wait_until

PAGE = (ROOT / "docs/key-rotation.md").read_text()
PATH = settings.ACCOUNTS


def commands(heading):
    """The commands below a heading of the page, in order, block by block."""
    section = PAGE.split(f"\n## {heading}")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert blocks
    return [[line.split() for line in block.strip().splitlines()] for block in blocks]


@pytest.fixture
def issuer():
    running = Issuer("old").start()
    yield running
    running.stop()


@pytest.fixture
def gateway(make_own_gateway, pki, issuer, upstream):
    return make_own_gateway(settings.of_issuer(pki, issuer, upstream.server))


def play(gateway, block, kid="KID"):
    """Runs a block's commands; returns what the last one printed."""
    for name, verb, *arguments in block:
        assert name == "sallyport"
        words = [kid if word == "KID" else word for word in arguments]
        ended = gateway.cli(verb, *words)
        assert ended.returncode == 0, ended.stderr
    return ended.stdout


def state(listing, kid):
    """The state column of a key in the listing."""
    line = next(line for line in listing.splitlines() if f" {kid} " in line)
    return line.split()[2]


def status(gateway, token):
    return curl(gateway, PATH, token=token).status


def test_planned_rotation(gateway, issuer):
    look, publish, remove = commands("Planned")
    old = issuer.token("old")
    assert status(gateway, old) == 200
    assert state(play(gateway, look), "old") == "published"

    issuer.add("new")
    issuer.published = ["old", "new"]
    listing = play(gateway, publish)
    assert (state(listing, "old"), state(listing, "new")) == ("published", "published")
    assert status(gateway, old) == 200

    # The test does not wait a day: the new key signs at once, works, and the alarm says so.
    assert status(gateway, issuer.token("new")) == 200
    wait_until(lambda: gateway.metric("sallyport_key_alarms", alarm="used_too_early") == 1,
               "the alarm of a key that signs too early")
    assert "new used_too_early" in gateway.event("key_alarm")["message"]

    issuer.published = ["new"]
    listing = play(gateway, remove)
    assert (state(listing, "old"), state(listing, "new")) == ("withdrawn", "published")
    assert status(gateway, issuer.token("new")) == 200
    assert status(gateway, old) == 401
    wait_until(lambda: gateway.metric("sallyport_key_alarms", alarm="withdrawn_used") == 1,
               "the alarm of tokens of a withdrawn key")


def test_emergency_rotation(gateway, issuer):
    stop, look, back = commands("Emergency")
    stolen = issuer.token("old")
    for _ in range(4):  # both workers remember it
        assert status(gateway, stolen) == 200
    play(gateway, stop, "old")
    for _ in range(8):
        assert status(gateway, stolen) == 401
    assert status(gateway, issuer.token("old")) == 401

    issuer.add("new")
    issuer.published = ["new"]
    listing = play(gateway, look)
    assert (state(listing, "old"), state(listing, "new")) == ("denied", "published")
    assert status(gateway, issuer.token("new")) == 200

    gateway.stop()
    issuer.published = ["old", "new"]
    gateway.start()
    assert status(gateway, issuer.token("old")) == 401, "the denial outlives the process"
    play(gateway, back, "old")
    assert status(gateway, issuer.token("old")) == 200
