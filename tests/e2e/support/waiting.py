"""Waiting for something to come true, without sleeping longer than it takes."""
import time


def wait_until(condition, what, timeout=10):
    """Polls `condition` and returns its first true value; fails naming `what` when none comes."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout} s")
        time.sleep(0.01)
    return value


def settled(read, quiet=0.5, timeout=15):
    """Polls `read` until its value has stayed the same for `quiet` seconds, and returns it."""
    deadline = time.monotonic() + timeout
    value, since = read(), time.monotonic()
    while time.monotonic() - since < quiet:
        if time.monotonic() > deadline:
            raise AssertionError(f"still changing after {timeout} s: {value}")
        time.sleep(0.02)
        if (new := read()) != value:
            value, since = new, time.monotonic()
    return value
