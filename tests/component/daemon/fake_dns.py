# SPDX-License-Identifier: MIT
"""A resolver on loopback: what each name's answer is, is decided by a function."""

import socket
import struct
import threading

TYPE_A, TYPE_CNAME = 1, 5
NXDOMAIN = 3


def record(kind, data):
    """What follows the owner's name."""
    return struct.pack(">HHIH", kind, 1, 60, len(data)) + data


class Resolver:
    """`decide(name)` gives an IPv4 address, "" for none, an rcode, or raises LookupError to be silent.
    `alias(name)` gives the labels of a CNAME, as bytes, or none."""

    def __init__(self, decide, host="127.0.0.1", port=0, alias=lambda name: []):
        self.decide, self.alias = decide, alias
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((host, port))
        self.endpoint = "{}:{}".format(*self.socket.getsockname())
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            question, client = self.socket.recvfrom(4096)
            try:
                self.socket.sendto(self.answer(question), client)
            except LookupError:
                pass

    def answer(self, question):
        labels, at = [], 12
        while length := question[at]:
            labels.append(question[at + 1:at + 1 + length].decode())
            at += 1 + length
        kind, = struct.unpack(">H", question[at + 1:at + 3])
        name = ".".join(labels)
        decided = self.decide(name)
        rcode, address = (decided, "") if isinstance(decided, int) else (0, decided)
        records, owner = [], b"\xc0\x0c"
        if alias := self.alias(name):
            target = b"".join(bytes([len(label)]) + label for label in alias) + b"\0"
            records.append(owner + record(TYPE_CNAME, target))
            owner = target
        if address and kind == TYPE_A:
            records.append(owner + record(TYPE_A, socket.inet_aton(address)))
        return (question[:2] + struct.pack(">HHHHH", 0x8180 | rcode, 1, len(records), 0, 0) +
                question[12:at + 5] + b"".join(records))
