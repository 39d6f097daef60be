"""The upstream of large bodies: takes any upload to its end, and sends answers of 2 GiB."""
import contextlib
import re
import socket
import threading

LENGTH = 2 << 30
BLOCK = bytes(1 << 20)
CHUNKS = b"10\r\n" + b"x" * 16 + b"\r\n"


def read_head(sock):
    octets = bytearray()
    while (end := octets.find(b"\r\n\r\n")) < 0:
        piece = sock.recv(65536)
        if not piece:
            return None, 0
        octets += piece
    return bytes(octets[:end]), len(octets) - end - 4


def take_upload(sock, head, taken):
    """To the length that the head says; a chunked one never ends by itself."""
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    space = bytearray(1 << 18)
    while not length or taken < int(length[1]):
        size = sock.recv_into(space)
        if size == 0:
            return False
        taken += size
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return True


def send(sock, field, block):
    sock.sendall(b"HTTP/1.1 200 OK\r\n" + field + b"\r\n\r\n")
    for _ in range(LENGTH // len(block)):
        sock.sendall(block)
    return True


def serve(sock):
    with sock, contextlib.suppress(OSError):
        is_kept = True
        while is_kept:
            head, taken = read_head(sock)
            if head is None:
                return
            if head.startswith(b"POST"):
                is_kept = take_upload(sock, head, taken)
            elif b"/chunks" in head:
                send(sock, b"Transfer-Encoding: chunked", CHUNKS * 3000)
                return
            else:
                is_kept = send(sock, b"Content-Length: %d" % LENGTH, BLOCK)


def run(listener):
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock,), daemon=True).start()


def listen():
    return socket.create_server(("127.0.0.1", 0), backlog=256)
