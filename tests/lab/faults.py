"""What no well-kept server can be made to do: faults.py servfail|silent|stalled|reset ADDRESS."""

import socket
import struct
import sys

kind, address = sys.argv[1:]

if kind in ("servfail", "silent"):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    while True:
        question, sender = server.recvfrom(4096)
        if kind == "servfail":
            # id, QR RD RA + SERVFAIL, one question, no records; the question itself
            end = question.index(b"\0", 12) + 5
            server.sendto(question[:2] + b"\x81\x82\0\1\0\0\0\0\0\0" + question[12:end], sender)
else:
    server = socket.create_server((address, 443))
    held = []
    while True:
        connection, _ = server.accept()
        connection.recv(1, socket.MSG_PEEK)
        if kind == "stalled":
            held.append(connection)
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
