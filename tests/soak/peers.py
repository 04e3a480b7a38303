# SPDX-License-Identifier: MIT
"""Registries and a resolver on loopback that keep to a script, each kind on a port of its own.

KINDS says what a daemon must make of each, in every single run.
"""

import asyncio
import hashlib
import json
import logging
import os
import platform
import re
import socket
import ssl
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "component", "daemon"))
from fake_dns import NXDOMAIN, Resolver  # noqa: E402
from fake_registry import make_certificate  # noqa: E402

SERVFAIL = 2
DOMAIN = "soak.example"


def reply(status, body=b"{}", *fields, media_type="application/json"):
    return ("\r\n".join((f"HTTP/1.1 {status}", f"Content-Type: {media_type}",
                         "Docker-Distribution-Api-Version: registry/2.0",
                         f"Content-Length: {len(body)}", *fields, "Connection: close")) +
            "\r\n\r\n").encode() + body


# ---- what is spoken: after TLS, or in its place; None ends the connection, a number of seconds waits

CHALLENGE = reply("401 Unauthorized", b"{}", 'WWW-Authenticate: Basic realm="soak"')
WELL = {"tls": "good", "answer": lambda request: CHALLENGE}
RAW = {"tls": None}


def of_image(request):
    return reply("200 OK") if request.startswith(b"GET /v2/ ") else reply(
        "404 Not Found", b"" if request.startswith(b"HEAD") else
        b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
LAYER_CONTENT = b"x" * 90
CONFIG = json.dumps({"architecture": ARCHITECTURE, "os": "linux",
                     "rootfs": {"type": "layers", "diff_ids": [digest_of(LAYER_CONTENT)]}}).encode()
DOCKER = "application/vnd.docker."
MANIFEST = json.dumps({
    "schemaVersion": 2, "mediaType": DOCKER + "distribution.manifest.v2+json",
    "config": {"mediaType": DOCKER + "container.image.v1+json", "digest": digest_of(CONFIG), "size": len(CONFIG)},
    "layers": [{"mediaType": DOCKER + "image.rootfs.diff.tar", "digest": digest_of(LAYER_CONTENT),
                "size": len(LAYER_CONTENT)}]}).encode()
TOKEN = reply("200 OK", b'{"token":"opaque"}')
LAYER = reply("200 OK", LAYER_CONTENT)


def pull(token=TOKEN, layer=LAYER):
    """A registry that has the image, with a token service of its own."""
    def answer(request):
        method, path, _ = request.split(b" ", 2)
        host = re.search(rb"\r\nHost: ([^\r]+)", request)[1].decode()
        if path.startswith(b"/token"):
            return token
        if b"\r\nAuthorization: Bearer opaque\r\n" not in request:
            found = reply("401 Unauthorized", b"{}", f'WWW-Authenticate: Bearer realm="https://{host}/token"')
        elif b"/manifests/" in path:
            found = reply("200 OK", MANIFEST, f"Docker-Content-Digest: {digest_of(MANIFEST)}",
                          media_type=DOCKER + "distribution.manifest.v2+json")
        elif digest_of(CONFIG).encode() in path:
            found = reply("200 OK", CONFIG)
        else:
            found = layer
        return found.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if method == b"HEAD" else found
    return {"tls": "good", "answer": answer}


KINDS = {
    "healthy": ("ok_private", WELL),
    "healthy-old": ("ok_private", {**WELL, "tls": "old"}),
    "wrong-name": ("tls_name_mismatch", {**WELL, "tls": "wrong-name"}),
    "untrusted": ("tls_untrusted_issuer", {**WELL, "tls": "untrusted"}),
    "unavailable": ("registry_unavailable",
                    {**WELL, "answer": lambda request: reply("503 Service Unavailable")}),
    "forbidden": ("api_forbidden", {**WELL, "answer": lambda request: reply("403 Forbidden")}),
    "limited": ("rate_limited", {**WELL, "answer": lambda request: reply("429 Too Many Requests")}),
    "elsewhere": ("not_a_registry", {**WELL, "answer": lambda request: reply("404 Not Found")}),
    "half": ("http_invalid", {**WELL, "answer": lambda request: CHALLENGE[: len(CHALLENGE) // 2]}),
    "no-http": ("http_invalid", {**WELL, "answer": lambda request: os.urandom(200)}),
    "stalls": ("http_timeout", {**WELL, "answer": lambda request: None}),
    "image-missing": ("image_not_found", {**WELL, "answer": of_image}),
    "image": ("ok_private", pull()),
    "image-refused": ("credentials_missing", pull(token=reply("401 Unauthorized"))),
    "image-tokenless": ("token_service_failed", pull(token=reply("200 OK", b"\xff{]"))),
    "image-layerless": ("blob_store_refused", pull(layer=reply("404 Not Found"))),
    "image-storeless": ("blob_store_unreachable", pull(layer=reply(
        "307 Temporary Redirect", b"", f"Location: https://unknown-0.{DOMAIN}/layer"))),
    "plain": ("tls_plain_http", {**RAW, "answer": lambda request: reply("400 Bad Request")}),
    "garbage": ("tls_handshake_failed", {**RAW, "answer": lambda request: b"SSH-2.0-soak\r\n" * 50}),
    "alert": ("tls_handshake_failed", {**RAW, "answer": lambda request: b"\x15\3\3\0\2\2\x28"}),
    "closes": ("tls_connection_closed", {**RAW, "answer": lambda request: b""}),
    "resets": ("tls_connection_closed", {**RAW, "answer": lambda request: b"", "reset": True}),
    "silent": ("tls_timeout", {**RAW, "answer": lambda request: None}),
    "refused": ("connection_refused", None),
    "unknown": ("dns_name_not_found", None),
    "addressless": ("dns_no_address", None),
    "failing": ("dns_server_failure", None),
    "deaf": ("dns_timeout", None),
    "bogus": ("dns_bogus_address", None),
}
SLOW = {"stalls", "silent", "deaf"}  # they last as long as a run may


def decide(name):
    kind = name.removesuffix("." + DOMAIN).rpartition("-")[0]
    if kind == "deaf":
        raise LookupError
    return {"unknown": NXDOMAIN, "addressless": "", "failing": SERVFAIL,
            "bogus": "0.0.0.0"}.get(kind, "127.0.0.1")


def make_contexts(folder):
    """{name: server context}; FOLDER/ca.pem trusts all but the untrusted one."""
    names = {"good": f"DNS:*.{DOMAIN}", "old": f"DNS:*.{DOMAIN}", "wrong-name": "DNS:other.example",
             "untrusted": f"DNS:*.{DOMAIN}"}
    contexts = {}
    with open(os.path.join(folder, "ca.pem"), "w", encoding="ascii") as trusted:
        for name, alternative in names.items():
            certificate, key = make_certificate(folder, name, subject=f"/CN={name}",
                                                alternative=alternative)
            contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            contexts[name].load_cert_chain(certificate, key)
            if name != "untrusted":
                with open(certificate, encoding="ascii") as file:
                    trusted.write(file.read())
    contexts["old"].maximum_version = ssl.TLSVersion.TLSv1_2
    return contexts


def handler_of(script):
    async def handle(reader, writer):
        try:
            request = await (reader.readuntil(b"\r\n\r\n") if script["tls"] else reader.read(65536))
            answer = script["answer"](request)
            if answer is None:
                await reader.read()  # until the daemon has enough
            else:
                writer.write(answer)
                await writer.drain()
            if script.get("reset"):
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
    return handle


async def serve(folder, tell):
    """`tell` gets the resolver's endpoint and {kind: port} once all of them listen."""
    # Peers that reset are expected; asyncio would report each.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    contexts = make_contexts(folder)
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))  # and never listens
    ports = {}
    for kind, (_, script) in KINDS.items():
        ports[kind] = closed.getsockname()[1]
        if script:
            server = await asyncio.start_server(handler_of(script), "127.0.0.1", 0, backlog=256,
                                                ssl=contexts.get(script["tls"]))
            ports[kind] = server.sockets[0].getsockname()[1]
    tell(Resolver(decide).endpoint, ports)
    await asyncio.Event().wait()
