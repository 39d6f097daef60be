"""What a busy or hostile connection does, over HTTP/1 or TLS alone: each goes on until it is stopped,
and connects anew when the server ends the connection."""
import os
import random
import selectors
import ssl
import subprocess
import time

import wire

SOURCE = "127.0.0.5"
GIB = 1 << 30


def upload(port, tally):
    """2 GiB with a length, and the next one after the answer."""
    head = (f"POST /heavy/upload HTTP/1.1\r\nHost: {wire.HOST}\r\n"
            f"Content-Length: {2 * GIB}\r\n\r\n").encode()
    block = bytes(1 << 18)
    with wire.tls(port, SOURCE) as sock:
        while True:
            sock.sendall(head)
            for _ in range(2 * GIB // len(block)):
                sock.sendall(block)
                tally.sent(len(block))
            wire.answer(sock)


def upload_in_chunks(size):
    def run(port, tally):
        piece = b"%x\r\n%s\r\n" % (size, b"x" * size)
        block = piece * max(1, (1 << 16) // len(piece))
        with wire.tls(port, SOURCE) as sock:
            sock.sendall(f"POST /heavy/upload HTTP/1.1\r\nHost: {wire.HOST}\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n".encode())
            while True:
                sock.sendall(block)
                tally.sent(len(block))
    return run


def download_of(path):
    def run(port, tally):
        space = bytearray(1 << 18)
        with wire.tls(port, SOURCE) as sock:
            sock.sendall(wire.get(path))
            while size := sock.recv_into(space):
                tally.sent(size)
        raise wire.Ended
    return run


def pipelined(port, tally):
    """100 requests at once, and the next when all are answered."""
    block, mark = wire.get("/polite") * 100, b"HTTP/1.1 200"
    with wire.tls(port, SOURCE) as sock:
        while True:
            sock.sendall(block)
            tally.sent(len(block))
            answered, rest = 0, b""
            while answered < 100:
                rest += wire.some(sock)
                answered += rest.count(mark)
                rest = rest[rest.rfind(mark) + len(mark):][-len(mark):] if mark in rest \
                    else rest[-len(mark):]


def read_slowly(port, tally):
    """A large answer, of which 400 KiB a second are taken."""
    with wire.tls(port, SOURCE, receive_buffer=4096) as sock:
        sock.sendall(wire.get("/heavy/download"))
        while True:
            tally.sent(len(wire.some(sock, 4096)))
            time.sleep(0.01)


def client_hello():
    """The octets of one: the same may be sent again and again, and costs its sender nothing."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = wire.context().wrap_bio(incoming, outgoing, server_hostname=wire.HOST)
    try:
        half.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError


def many_addresses():
    return f"127.{random.randint(1, 250)}.{random.randint(1, 250)}.{random.randint(1, 250)}"


def flood_of_handshakes(port, tally):
    """Sixteen at a time, each left as soon as the server has signed, from many addresses."""
    hello, waiting = client_hello(), selectors.DefaultSelector()

    def begin():
        sock = wire.tcp(port, many_addresses())
        sock.sendall(hello)
        waiting.register(sock, selectors.EVENT_READ)
    try:
        while True:
            while len(waiting.get_map()) < 16:
                begin()
            for key, _ in waiting.select(1):
                waiting.unregister(key.fileobj)
                key.fileobj.close()
                tally.sent(len(hello))
                tally.connected()
    finally:
        for key in list(waiting.get_map().values()):
            key.fileobj.close()


def key_updates(port, tally):
    """By `openssl s_client`, which updates its key, and asks for the server's, for a K at the start
    of what one read of its stdin brings: the pipe keeps packets apart. A request after every thirty,
    since BoringSSL ends a connection with 32 updates and nothing else."""
    ours, theirs = os.pipe2(os.O_DIRECT)
    child = subprocess.Popen(
        ["openssl", "s_client", "-tls1_3", "-servername", wire.HOST, "-connect",
         f"127.0.0.1:{port}"],
        stdin=ours, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(ours)
    try:
        while child.poll() is None:
            os.write(theirs, wire.get("/polite"))
            for _ in range(30):
                os.write(theirs, b"K\n")
            tally.sent(30)
    finally:
        child.kill()
        child.wait()
        os.close(theirs)


def nothing(_port, _tally):
    time.sleep(3600)
