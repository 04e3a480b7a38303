# SPDX-License-Identifier: MIT
"""A registry on loopback with its token service and its store, from which an image can be pulled with a key.

Its names are cN.registry.example and, of the store, sN.registry.example; the number is the caller's.
"""

import base64
import hashlib
import json
import re
import socket
import ssl
import threading

NAMES = "DNS:*.registry.example"  # of its certificate
IMAGE = "team/app:1.4"
USER, PASSWORD = "ci-robot", "S3cr3tCanary/9+x=Kq"
PAIR = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
GRANT = base64.urlsafe_b64encode(
    b'{"access":[{"type":"repository","name":"team/app","actions":["pull"]}]}').decode().rstrip("=")
TOKEN = f"T0kenCanary7f.{GRANT}.q9Zx81kd"
SIGNATURE = "S1gnCanary93bc01f7"
CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": ["sha256:0"]}}).encode()
LAYER = b"layer"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
STEPS = ("ping", "token", "head", "manifest", "config", "layer", "store")
JSON = "Content-Type: application/json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


MANIFEST = json.dumps({
    "schemaVersion": 2, "mediaType": MANIFEST_TYPE,
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(CONFIG),
               "size": len(CONFIG)},
    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest_of(LAYER),
                "size": len(LAYER)}]}).encode()


def reply(status, *lines, body=b"", length=True):
    head = [f"HTTP/1.1 {status}", *lines, "Connection: close"]
    if length:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def step_of(method, path, host):
    if host.startswith("s"):
        return "store"
    if path.startswith("/token"):
        return "token"
    if "/manifests/" in path:
        return "head" if method == "HEAD" else "manifest"
    if "/blobs/" in path:
        return "config" if digest_of(CONFIG) in path else "layer"
    return "ping"


def healthy(step, at, authorized):
    if step == "token":
        return reply("200 OK", JSON, body=json.dumps({"token": TOKEN, "access_token": TOKEN}).encode())
    if not authorized and step != "store":
        return reply("401 x", "Docker-Distribution-Api-Version: registry/2.0",
                     f'WWW-Authenticate: Bearer realm="https://{at}/token",service="registry"')
    if step == "ping":
        return reply("200 OK", "Docker-Distribution-Api-Version: registry/2.0")
    if step in ("head", "manifest"):
        return reply("200 OK", f"Content-Type: {MANIFEST_TYPE}", f"Docker-Content-Digest: {digest_of(MANIFEST)}",
                     body=MANIFEST)
    if step == "config":
        return reply("200 OK", body=CONFIG)
    if step == "layer":
        return reply("307 x", f"Location: https://s{at[1:]}/layer?q-sign={SIGNATURE}&x-expires=600")
    return reply("200 OK", body=LAYER)


class PullRegistry:
    """`decide(step, at, authorized)` may give another answer than the healthy one; `at` is the Host.
    `greet(name)` may give, in place of the handshake, bytes, or a context with another certificate."""

    def __init__(self, certificate, key, decide=lambda step, at, authorized: None, greet=lambda name: None):
        self.decide, self.greet = decide, greet
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def write_key(self, path):
        with open(path, "w", encoding="ascii") as file:
            json.dump({"auths": {f"*.registry.example:{self.port}": {"username": USER, "password": PASSWORD}}}, file)

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.converse, args=(client,), daemon=True).start()

    def converse(self, client):
        try:
            client.settimeout(60)
            name = re.search(rb"[a-z]\d+\.registry\.example", client.recv(65536, socket.MSG_PEEK))
            greeting = self.greet(name[0].decode()) if name else None
            if isinstance(greeting, bytes):
                client.recv(65536)
                client.sendall(greeting)
                client.close()
                return
            with (greeting or self.context).wrap_socket(client, server_side=True) as session:
                head = b""
                while b"\r\n\r\n" not in head:
                    more = session.recv(65536)
                    if not more:
                        return
                    head += more
                session.sendall(self.answer(head.decode("latin-1")))
        except OSError:
            pass

    def answer(self, head):
        method, path, _ = head.split(" ", 2)
        at = re.search(r"(?im)^host: (\S+)", head)[1]
        step = step_of(method, path, at)
        authorized = re.search(r"(?im)^authorization:", head) is not None
        answer = self.decide(step, at, authorized) or healthy(step, at, authorized)
        return answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if method == "HEAD" else answer
