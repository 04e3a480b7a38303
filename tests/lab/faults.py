# SPDX-License-Identifier: MIT
"""Faults that no well-kept server can be made to have.

  faults.py KIND ADDRESS [FOLDER]

KIND is of a resolver (port 53 of ADDRESS) or of a server (port 443, with cert.pem and key.pem of
FOLDER).
"""

import datetime
import email.utils
import os
import re
import select
import socket
import ssl
import struct
import sys
import threading
import time

FILTERED = b"tencentcloudcr.com"
BEHIND = ("127.0.0.1", 5443)  # the registry behind a filter
PLAIN = ("127.0.0.1", 5000)  # the registry behind a proxy that ends TLS
RCODES = {"servfail": 2, "formerr": 1, "notimp": 4}
TYPE_A, TYPE_AAAA = 1, 28
PRIVATE = "10.0.3.7"

# ---- resolvers ----


def answer(kind, question):
    """The answer to one question, or None for silence."""
    end = question.index(b"\0", 12) + 5
    kept_back = {"no-a": TYPE_A, "no-aaaa": TYPE_AAAA}.get(kind)
    if kind == "silent" or question[end - 3] == kept_back:
        return None
    if kind == "no-aaaa":
        return answer_fully(question)
    if kind == "malformed":  # promises ten records and holds a compression pointer to itself
        return question[:2] + b"\x81\x80\0\1\0\x0a\0\0\0\0" + question[12:end] + \
            struct.pack("!H", 0xC000 | end)
    if kind == "truncated":  # empty, with TC: ask again over TCP
        return question[:2] + b"\x83\x80\0\1\0\0\0\0\0\0" + question[12:end]
    rcode = RCODES.get(kind, 0)  # no-a: the name exists, it has no AAAA
    return question[:2] + bytes([0x81, 0x80 | rcode]) + b"\0\1\0\0\0\0\0\0" + question[12:end]


def answer_fully(question):
    end = question.index(b"\0", 12) + 5
    record = b""
    if question[end - 3] == TYPE_A:
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(PRIVATE)
    return question[:2] + b"\x81\x80\0\1" + struct.pack("!H", bool(record)) + b"\0\0\0\0" + \
        question[12:end] + record


def serve_dns_stream(connection, _):
    with connection.makefile("rb") as questions:
        while length := questions.read(2):
            reply = answer_fully(questions.read(struct.unpack("!H", length)[0]))
            connection.sendall(struct.pack("!H", len(reply)) + reply)


def serve_dns(kind, address):
    if kind == "truncated":
        threading.Thread(target=serve_stream, args=(serve_dns_stream, address, 53, None),
                         daemon=True).start()
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    while True:
        question, sender = server.recvfrom(4096)
        reply = answer(kind, question)
        if reply:
            server.sendto(reply, sender)


# ---- servers; each gets one accepted connection ----


def wait_for_end(connection):
    """Holds the connection, reading and answering nothing, until the peer gives up."""
    while connection.recv(4096):
        pass


def cut(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def serve_stalled(connection, _):
    wait_for_end(connection)


def serve_reset(connection, _):
    connection.recv(1, socket.MSG_PEEK)
    cut(connection)


def serve_closed(connection, _):
    connection.recv(65536)  # a close with unread bytes would be a reset
    connection.close()


def serve_banner(connection, _):
    connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
    wait_for_end(connection)


def drip(connection, data):
    """A byte at a time, never silent for long and never done."""
    for byte in data:
        connection.sendall(bytes([byte]))
        if select.select([connection], [], [], 0.3)[0] and not connection.recv(4096):
            return
    wait_for_end(connection)


def serve_dripping_tls(connection, context):
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(inward, outward, server_side=True)
    inward.write(connection.recv(65536))
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    drip(connection, outward.read())


def read_request(session):
    request = b""
    while b"\r\n\r\n" not in request:
        data = session.recv(65536)
        if not data:
            break
        request += data
    return request


def over_tls(speak):
    def serve(connection, context):
        with context.wrap_socket(connection, server_side=True) as session:
            request = read_request(session)
            if request:
                speak(session, request)
    return serve


def http_stalled(session, _):
    wait_for_end(session)


def http_closed(session, _):
    session.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n")


def http_garbage(session, _):
    session.sendall(b"\0\1\2 this is no answer\r\n\r\n")


def http_drip(session, _):
    drip_line = b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 60
    for byte in drip_line:
        session.sendall(bytes([byte]))
        time.sleep(0.2)  # the fault itself: slower than anybody waits


def http_wrong_date(days):
    """The registry behind it, at another time."""
    def speak(session, request):
        with socket.create_connection(PLAIN) as registry:
            registry.sendall(re.sub(rb"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", request, 1))
            reply = b"".join(iter(lambda: registry.recv(65536), b""))
        date = email.utils.format_datetime(
            datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days),
            usegmt=True)
        session.sendall(re.sub(rb"\r\nDate: [^\r]*", b"\r\nDate: " + date.encode(), reply, 1))
    return speak


def days_until_2020():
    return (datetime.datetime(2020, 6, 1) - datetime.datetime.utcnow()).days


def pass_on(connection, onward):
    """Both ways until one side is done."""
    other = {connection: onward, onward: connection}
    while True:
        for readable in select.select([connection, onward], [], [])[0]:
            data = readable.recv(65536)
            if not data:
                return
            other[readable].sendall(data)


def filter_names(meet):
    """A middlebox that reads the server name of the ClientHello, and meets it with `meet`."""
    def serve(connection, _):
        hello = connection.recv(65536)
        if FILTERED in hello:
            meet(connection)
            return
        with socket.create_connection(BEHIND) as onward:
            onward.sendall(hello)
            pass_on(connection, onward)
    return serve


SERVERS = {
    "stalled": serve_stalled,
    "reset": serve_reset,
    "closed": serve_closed,
    "banner": serve_banner,
    "tls-drip": serve_dripping_tls,
    "http-stalled": over_tls(http_stalled),
    "http-closed": over_tls(http_closed),
    "http-garbage": over_tls(http_garbage),
    "http-drip": over_tls(http_drip),
    "date-wrong": over_tls(http_wrong_date(-1)),
    "date-2020": over_tls(http_wrong_date(days_until_2020())),
    "sni-drop": filter_names(wait_for_end),
    "sni-reset": filter_names(cut),
}


def serve_one(serve, connection, context):
    try:
        with connection:
            serve(connection, context)
    except OSError:  # the peer gave up, which is what these servers are for
        pass


def serve_stream(serve, address, port, context):
    server = socket.create_server((address, port), backlog=64)
    while True:
        connection, _ = server.accept()
        threading.Thread(target=serve_one, args=(serve, connection, context), daemon=True).start()


def serve_443(kind, address, folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
    serve_stream(SERVERS[kind], address, 443, context)


def main(kind, address, folder="."):
    if kind in SERVERS:
        serve_443(kind, address, folder)
    else:
        serve_dns(kind, address)


main(*sys.argv[1:])
