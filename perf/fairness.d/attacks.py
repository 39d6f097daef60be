"""The list of what the busy connection does, and the process in which it does it."""
import contextlib
import dataclasses
import multiprocessing
import signal
import sys
import time
import typing

import busy
import busy_h2
import places
import revoking


@dataclasses.dataclass
class Attack:
    name: str
    run: typing.Callable
    of_revocations: bool = False  # only Sallyport has them


ATTACKS = [
    Attack("nothing", busy.nothing),
    Attack("upload, HTTP/1", busy.upload),
    Attack("upload, HTTP/2", busy_h2.UPLOAD),
    Attack("download, HTTP/1", busy.download_of("/heavy/download")),
    Attack("download, HTTP/2", busy_h2.download),
    Attack("upload in chunks of 1", busy.upload_in_chunks(1)),
    Attack("upload in chunks of 16", busy.upload_in_chunks(16)),
    Attack("upload in chunks of 1,400", busy.upload_in_chunks(1400)),
    Attack("download in chunks of 16", busy.download_of("/heavy/chunks")),
    Attack("HEADERS on a closed stream", busy_h2.HEADERS_ON_CLOSED),
    Attack("DATA on a closed stream", busy_h2.DATA_ON_CLOSED),
    Attack("WINDOW_UPDATE on a closed stream", busy_h2.WINDOW_UPDATE_ON_CLOSED),
    Attack("padded empty DATA", busy_h2.PADDED_EMPTY_DATA),
    Attack("unknown frames", busy_h2.UNKNOWN_FRAMES),
    Attack("PING and SETTINGS within limits", busy_h2.pings_and_settings),
    Attack("PING flood", busy_h2.PING_FLOOD),
    Attack("KeyUpdate", busy.key_updates),
    Attack("100 pipelined requests a round", busy.pipelined),
    Attack("handshake flood", busy.flood_of_handshakes),
    Attack("1,000 streams of small requests", busy_h2.many_streams),
    Attack("slow reader of a large answer", busy.read_slowly),
    Attack("10,000 revocations a second", revoking.stream, of_revocations=True),
]


class Tally:
    """What the attacker got done: connections and octets, shared with whoever reads them."""

    def __init__(self):
        self.counts = multiprocessing.Array("Q", 2, lock=False)

    def connected(self):
        self.counts[0] += 1

    def sent(self, octets):
        self.counts[1] += octets


def attack_on(attack, target, tally):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    places.share(places.OTHER_CORE)
    while True:
        tally.connected()
        with contextlib.suppress(OSError):
            attack.run(target, tally)


@contextlib.contextmanager
def under(attack, target):
    """The attacker's process, for as long as the block runs. Yields its tally."""
    tally = Tally()
    process = multiprocessing.Process(target=attack_on, args=(attack, target, tally))
    process.start()
    try:
        time.sleep(0.3)
        yield tally
    finally:
        process.terminate()
        process.join(5)
        if process.is_alive():
            process.kill()
            process.join()
