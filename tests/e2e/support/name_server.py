"""A tiny DNS server: A records that a test may change, and no others."""
import socket
import struct
import threading

TYPE_A = 1
NO_ERROR, SERVER_FAILURE, NAME_ERROR = 0, 2, 3


def read_name(message, at):
    labels = []
    while message[at]:
        size = message[at]
        labels.append(message[at + 1:at + 1 + size].decode())
        at += 1 + size
    return ".".join(labels), at + 1


class NameServer:
    """`records` maps names to lists of IPv4 addresses; with `is_down` every answer is SERVFAIL."""

    def __init__(self, **records):
        self.records, self.is_down, self.questions = dict(records), False, []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.sock.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                message, client = self.sock.recvfrom(512)
                self.sock.sendto(self.answer(message), client)
            except OSError:  # it was stopped
                return

    def answer(self, message):
        name, end = read_name(message, 12)
        kind = struct.unpack(">H", message[end:end + 2])[0]
        question = message[12:end + 4]  # echoed as it came, in whatever case
        name = name.lower()
        self.questions.append(name)
        addresses = self.records.get(name) if not self.is_down else None
        code = NO_ERROR if addresses is not None else (
            SERVER_FAILURE if self.is_down else NAME_ERROR)
        found = addresses if addresses and kind == TYPE_A else []
        head = message[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(found), 0, 0)
        records = b"".join(struct.pack(">HHHIH", 0xC00C, TYPE_A, 1, 0, 4) + socket.inet_aton(address)
                           for address in found)
        return head + question + records

    def stop(self):
        self.sock.close()
