"""Small MMDB files (MaxMind DB format 2.0), so that a test says itself where addresses are."""
import ipaddress
import struct

NOTHING, RECORD_BYTES = None, 4


def field(kind, size):
    """The beginning of a value; all here are short."""
    assert size < 285
    low, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    return (bytes([kind << 5 | low]) if kind <= 7 else bytes([low, kind - 7])) + more


def encode(value):
    if isinstance(value, str):
        return field(2, len(value.encode())) + value.encode()
    if isinstance(value, int):
        return field(9, 8) + struct.pack(">Q", value)
    if isinstance(value, list):
        return field(11, len(value)) + b"".join(map(encode, value))
    if isinstance(value, bytes):
        return value  # encoded already
    return field(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())


def uint16(value):
    return field(5, 2) + struct.pack(">H", value)


def uint32(value):
    return field(6, 4) + struct.pack(">I", value)


class Tree:
    def __init__(self):
        self.nodes = [[NOTHING, NOTHING]]

    def insert(self, network, leaf):
        network = ipaddress.ip_network(network)
        length = network.prefixlen + (96 if network.version == 4 else 0)
        bits = f"{int(network.network_address):0128b}"[:length]
        node = self.nodes[0]
        for bit in map(int, bits[:-1]):
            if not isinstance(node[bit], int):
                self.nodes.append([node[bit], node[bit]])
                node[bit] = len(self.nodes) - 1
            node = self.nodes[node[bit]]
        node[int(bits[-1])] = leaf

    def encode(self, offsets):
        def record(below):
            if below is NOTHING:
                return len(self.nodes)
            return below if isinstance(below, int) else len(self.nodes) + 16 + offsets[below]
        return b"".join(struct.pack(">II", *map(record, node)) for node in self.nodes)


def mmdb(kind, blocks, built):
    """The bytes of a database of the type `kind`; `blocks` is {network: record}, encodable."""
    tree, data, offsets = Tree(), b"", {}
    for network, record in blocks.items():
        encoded = encode(record)
        if encoded not in offsets:
            offsets[encoded] = len(data)
            data += encoded
        tree.insert(network, encoded)
    metadata = {"node_count": uint32(len(tree.nodes)), "record_size": uint16(8 * RECORD_BYTES),
                "ip_version": uint16(6), "database_type": kind, "languages": ["en"],
                "binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0),
                "build_epoch": built, "description": {"en": "Made by a test"}}
    return (tree.encode(offsets) + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encode(metadata))


def countries(blocks, built):
    """{network: (country, continent)}"""
    return mmdb("Test-Country", {
        network: {"continent": {"code": continent}, "country": {"iso_code": country}}
        for network, (country, continent) in blocks.items()}, built)


def asns(blocks, built):
    """{network: number}"""
    return mmdb("Test-ASN", {network: {"autonomous_system_number": uint32(number)}
                             for network, number in blocks.items()}, built)
