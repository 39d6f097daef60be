"""A TCP connection in between that a test makes slow, silent, or breaks."""
import contextlib
import heapq
import socket
import threading
import time


class TcpProxy:
    """Passes on what comes for `target`, a port of this machine. `delay` seconds later; nothing at
    all while `is_cut`: octets wait, as they do when a network is partitioned."""

    def __init__(self, target):
        self.target, self.delay, self.is_cut = target, 0.0, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                near.close()
                continue
            for sock in (near, far):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(None)
            self.pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                self.pass_on(source, sink)

    def pass_on(self, source, sink):
        """Two threads, so that a delay holds nothing up but what is delayed."""
        waiting, number, change = [], 0, threading.Condition()

        def read():
            nonlocal number
            while True:
                try:
                    octets = source.recv(65536)
                except OSError:
                    octets = b""
                with change:
                    number += 1
                    heapq.heappush(waiting, (time.monotonic() + self.delay, number, octets))
                    change.notify()
                if not octets:
                    return

        def write():
            while True:
                with change:
                    while not waiting:
                        change.wait()
                    due, _, octets = heapq.heappop(waiting)
                while (left := due - time.monotonic()) > 0 or self.is_cut:
                    time.sleep(min(max(left, 0.001), 0.01))
                try:
                    if not octets:
                        sink.shutdown(socket.SHUT_RDWR)
                        return
                    sink.sendall(octets)
                except OSError:
                    with contextlib.suppress(OSError):
                        source.shutdown(socket.SHUT_RDWR)
                    return

        for work in (read, write):
            threading.Thread(target=work, daemon=True).start()

    def break_all(self):
        """Resets every connection."""
        for pair in self.pairs:
            for sock in pair:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                    sock.close()
        self.pairs = []

    def close(self):
        self.listener.close()
        self.break_all()  # first: what waits for the cut to end never gets through
        self.is_cut = False
