"""The polite client: its times begin when a request was due, whether or not the one before was
answered by then (no coordinated omission). It runs in a process of its own, before all others."""
import gc
import multiprocessing
import sys
import threading
import time

import places
import wire

SOURCE = "127.0.0.1"
KEPT_EVERY, NEW_EVERY, PROBE_EVERY = 0.02, 0.2, 0.2
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
    """Requests on one connection, which is made anew where the server ends it."""

    def __init__(self, port):
        self.port, self.sock, self.lost = port, wire.tls(port, SOURCE), 0

    def once(self):
        for _ in range(20):
            try:
                return ask(self.sock)
            except OSError:
                self.lost += 1
                self.sock.close()
                self.sock = wire.tls(self.port, SOURCE)
        raise RuntimeError("the polite client's connection was ended again and again")


class New:
    """A connection for each request."""

    def __init__(self, port):
        self.port, self.lost, self.context = port, 0, wire.context()

    def once(self):
        while True:
            try:
                with self.context.wrap_socket(wire.tcp(self.port, SOURCE),
                                              server_hostname=wire.HOST) as sock:
                    return ask(sock)
            except OSError:
                self.lost += 1
                if self.lost > 20:
                    raise


def be_polite(port, seconds, probe, pipe):
    places.share(places.OTHER_CORE, -20, places.POLITE)
    gc.disable()
    sys.setswitchinterval(0.0002)
    try:
        pipe.send(timed(port, seconds, probe))
    except (OSError, RuntimeError) as error:
        pipe.send(error)


def timed(port, seconds, probe):
    kept, new = Kept(port), New(port)
    began = time.monotonic() + 0.05
    timers = [Timer(began, seconds, KEPT_EVERY), Timer(began, seconds, NEW_EVERY, 0.007)]
    waits, failures = ([], []), []
    work = [(timers[0], kept.once, waits[0]), (timers[1], new.once, waits[1])]
    enforced = []
    if probe:
        probe.start()
        timers.append(Timer(began, seconds, PROBE_EVERY, 0.013))
        work.append((timers[2], lambda: enforced.append(probe.once()), []))

    def go(timer, once, times):
        try:
            for due in timer:
                once()
                times.append(time.monotonic() - due)
        except (OSError, RuntimeError) as error:
            failures.append(error)
    threads = [threading.Thread(target=go, args=words) for words in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return {"kept": waits[0], "new": waits[1], "enforced": enforced,
            "lost": kept.lost + new.lost, "lag": max(timer.latest for timer in timers)}


def measure(port, seconds, probe=None):
    """The times in seconds, of kept and new connections and of revocations, and the timer's lag."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=be_polite, args=(port, seconds, probe, theirs))
    process.start()
    theirs.close()
    try:
        said = ours.recv()
    finally:
        process.join()
    if isinstance(said, Exception):
        raise said
    return said
