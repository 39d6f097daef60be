"""Headers of the PROXY protocol, good ones and others."""
import ipaddress
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL, PROXY = 0x20, 0x21
TCP4, TCP6 = 0x11, 0x21


def crc32c(data):
    crc = 0xFFFFFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def v1(source="192.0.2.1", destination="198.51.100.1", ports=(50000, 443)):
    kind = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {kind} {source} {destination} {ports[0]} {ports[1]}\r\n".encode()


def tlv(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def v2(source="192.0.2.1", destination="198.51.100.1", ports=(50000, 443), command=PROXY, more=b""):
    block = b"".join(ipaddress.ip_address(end).packed for end in (source, destination))
    block += struct.pack(">HH", *ports) + more
    family = TCP6 if ":" in source else TCP4
    return SIGNATURE + struct.pack(">BBH", command, family, len(block)) + block


def v2_with_checksum(wrong=0, **options):
    header = v2(more=tlv(3, bytes(4)), **options)
    return header[:-4] + struct.pack(">I", crc32c(header) ^ wrong)


def local(rest=b""):
    return SIGNATURE + struct.pack(">BBH", LOCAL, 0, len(rest)) + rest
