"""The polite client: its times begin when a request was due, whether or not the one before was
answered by then (no coordinated omission). It runs in a process of its own, before all others."""
import contextlib
import gc
import multiprocessing
import sys
import threading
import time

import places
import wire

SOURCE = "127.0.0.1"
KEPT_EVERY, NEW_EVERY, PROBE_EVERY = 0.02, 0.2, 0.2
PATIENCE = 4  # seconds, as long as one wait for octets
REQUEST = wire.get("/polite")


class Timer:
    """Due times at an interval, and by how much its own sleep was late at worst."""

    def __init__(self, began, seconds, interval, offset=0.0):
        self.dues = [began + offset + n * interval for n in range(int(seconds / interval))]
        self.latest = 0.0

    def __iter__(self):
        for due in self.dues:
            now = time.monotonic()
            if now < due:
                time.sleep(due - now)
                self.latest = max(self.latest, time.monotonic() - due)
            yield due


def ask(sock):
    sock.sendall(REQUEST)
    status = wire.answer(sock)
    if status != 200:
        raise RuntimeError(f"the polite client was answered with {status}")


class Kept:
    """Requests on one connection, made before the window, and anew where the server ends it."""

    def __init__(self, port):
        self.port, self.sock = port, None
        with contextlib.suppress(OSError, RuntimeError):
            self.once()

    def once(self):
        try:
            self.sock = self.sock or wire.tls(self.port, SOURCE)
            ask(self.sock)
        except OSError:
            self.sock = None
            raise


class New:
    """A connection for each request."""

    def __init__(self, port):
        self.port, self.context = port, wire.context()

    def once(self):
        with self.context.wrap_socket(wire.tcp(self.port, SOURCE),
                                      server_hostname=wire.HOST) as sock:
            ask(sock)


class Follower(threading.Thread):
    """Does something whenever it is due, again where the server ended a connection. After `PATIENCE`
    it gives up for the rest of the window: the wait is what it was by then."""

    def __init__(self, timer, once):
        super().__init__()
        self.timer, self.once = timer, once
        self.waits, self.lost, self.gave_up = [], 0, False

    def run(self):
        for due in self.timer:
            while not self.gave_up:
                try:
                    self.once()
                    break
                except (OSError, RuntimeError):
                    self.lost += 1
                    time.sleep(0.01)
                    self.gave_up = time.monotonic() - due > PATIENCE
            self.waits.append(time.monotonic() - due)
            if self.gave_up:
                return


def be_polite(port, seconds, probe, pipe):
    places.share(places.OTHER_CORE, -20, places.POLITE)
    gc.disable()
    sys.setswitchinterval(0.0002)
    pipe.send(timed(port, seconds, probe))


def timed(port, seconds, probe):
    kept, new = Kept(port), New(port)
    began = time.monotonic() + 0.05
    followers = [Follower(Timer(began, seconds, KEPT_EVERY), kept.once),
                 Follower(Timer(began, seconds, NEW_EVERY, 0.007), new.once)]
    enforced = []
    if probe:
        followers.append(Follower(Timer(began, seconds, PROBE_EVERY, 0.013),
                                  lambda: enforced.append(probe.once())))
    for follower in followers:
        follower.start()
    for follower in followers:
        follower.join()
    return {"kept": followers[0].waits, "new": followers[1].waits, "enforced": enforced,
            "lost": sum(follower.lost for follower in followers),
            "gave_up": any(follower.gave_up for follower in followers),
            "lag": max(follower.timer.latest for follower in followers)}


def measure(port, seconds, probe=None):
    """The times in seconds, of kept and new connections and of revocations, and the timer's lag."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=be_polite, args=(port, seconds, probe, theirs))
    process.start()
    theirs.close()
    try:
        return ours.recv()
    finally:
        process.join()
