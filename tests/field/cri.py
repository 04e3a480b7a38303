# SPDX-License-Identifier: MIT
"""Pulls as the kubelet does: a containerd of its own, asked by the CRI (gRPC over a socket).

Only this way does containerd read config.toml. An answer that has a message is a success; why a pull
failed stands in containerd's log, so no header of the answer is decoded.
"""

import pathlib
import socket
import struct
import subprocess
import tempfile
import time

SECONDS = 20


def field(number, value):
    """A field of protobuf that holds bytes or another message."""
    value = value.encode() if isinstance(value, str) else value
    size, length = b"", len(value)
    while length > 127:
        size, length = size + bytes([length & 127 | 128]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + value


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def header(name, value):
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def receive(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise OSError("closed")
        data += more
    return data


def call(address, method, message):
    """True if the call is answered with a message."""
    head = b"".join(header(name, value) for name, value in (
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", method), (b":authority", b"localhost"),
        (b"content-type", b"application/grpc"), (b"te", b"trailers")))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(address)
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, head)
                           + frame(0, 1, 1, b"\0" + struct.pack(">I", len(message)) + message))
        answered = False
        while True:
            start = receive(connection, 9)
            payload = receive(connection, int.from_bytes(start[:3], "big"))
            kind, flags, stream = start[3], start[4], struct.unpack(">I", start[5:])[0]
            if kind == 4 and not flags & 1:  # settings
                connection.sendall(frame(4, 1, 0, b""))
            if kind == 6 and not flags & 1:  # ping
                connection.sendall(frame(6, 1, 0, payload))
            answered |= kind == 0 and stream == 1 and bool(payload)
            if stream == 1 and (kind == 3 or (kind in (0, 1) and flags & 1)):
                return answered


def pull(address, reference, user=None):
    message = field(1, field(1, reference))
    if user:
        name, _, password = user.partition(":")
        message += field(2, field(1, name) + field(2, password))
    return call(address, b"/runtime.v1.ImageService/PullImage", message)


def listens(address):
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(address) == 0


def is_ready(process, address, log):
    """True once the plugin for the kubelet answers. The socket is there before it is ready; without this
    line in the log, the plugin never is."""
    end = time.monotonic() + SECONDS
    while not listens(address) or ("Connect containerd service" in log.read_text() and
                                   not call(address, b"/runtime.v1.ImageService/ListImages", b"")):
        if process.poll() is not None or time.monotonic() > end:
            return False
        time.sleep(0.02)  # between two looks at the condition
    return True


def run(place, reference, environment, command, user=None):
    """A pull by a containerd that lives below the folder `place`. command(list) wraps its command."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        address, log = folder + "/socket", pathlib.Path(folder, "log")
        with open(log, "wb") as out:
            daemon = subprocess.Popen(command(["containerd", "--root", folder + "/root", "--state",
                                               folder + "/state", "--address", address]),
                                      env=environment, stdout=out, stderr=out, cwd="/")
        works, lines = False, [""]
        try:
            works = is_ready(daemon, address, log) and pull(address, reference, user)
        except OSError as error:
            lines = [str(error)]
        daemon.terminate()
        daemon.wait()
        lines += [line for line in log.read_text().splitlines()
                  if "level=error" in line or line.startswith("containerd:")]
    return {"works": works, "why": "" if works else lines[-1][-300:]}
