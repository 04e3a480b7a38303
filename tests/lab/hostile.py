#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Registries that answer garbage: hostile.py FOLDER, one port for each step and fault.

Up to the faulty step such a registry is healthy: it challenges, hands out a token to anybody and has
the image of FOLDER/storage; the one on port 443 is healthy altogether. At the faulty step it does
what no well-kept server can be made to do.
"""

import asyncio
import base64
import json
import logging
import pathlib
import ssl
import sys

from image import TAG

FIRST_PORT = 6000
STEPS = ("api", "token", "manifest", "blob")
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
FOLDER = pathlib.Path(sys.argv[1]) if __name__ == "__main__" else None


def blob(digest):
    name = digest.removeprefix("sha256:")
    return (FOLDER / "storage/docker/registry/v2/blobs/sha256" / name[:2] / name / "data").read_bytes()


TOKEN = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (
    b"{}", b'{"access":[{"type":"repository","name":"team/app","actions":["pull"]}]}', b"unsigned"))


def head(status, *fields):
    return ("HTTP/1.1 " + "\r\n".join((status, *fields)) + "\r\n\r\n").encode()


def reply(status, body, *fields):
    return head(status, "Content-Type: application/json", f"Content-Length: {len(body)}",
                "Docker-Distribution-Api-Version: registry/2.0", *fields) + body


def healthy(step, method, host, path, authorized):
    if step == "token":
        return reply("200 OK", json.dumps({"token": TOKEN, "access_token": TOKEN}).encode())
    if not authorized:
        return reply("401 Unauthorized", b"" if method == "HEAD" else b"{}",
                     f'WWW-Authenticate: Bearer realm="https://{host}/token",service="lab"')
    if step == "api":
        return reply("200 OK", b"{}")
    digest = path.rpartition("/")[2]
    if step == "blob":
        return reply("200 OK", blob(digest))
    if digest == TAG:
        digest = json.loads((FOLDER / "digests.json").read_text())[TAG]
    manifest = blob(digest)
    fields = head("200 OK", f"Content-Type: {MANIFEST_TYPE}", f"Docker-Content-Digest: {digest}",
                  f"Content-Length: {len(manifest)}")
    return fields if method == "HEAD" else fields + manifest


async def write_fault(writer, first, chunk=None, pause=0):
    """`first`; and then, if there is a chunk, that one for ever, every `pause` seconds."""
    writer.write(first)
    await writer.drain()
    while chunk is not None:
        writer.write(chunk)
        await writer.drain()
        await asyncio.sleep(pause)


def bodies(media_type):
    """Faults of a body; a HEAD is answered well, so that the body is asked for."""
    typed = f"Content-Type: {media_type}"
    chunked = head("200 OK", typed, "Transfer-Encoding: chunked")

    def sized(length, *more):
        return head("200 OK", typed, f"Content-Length: {length}", *more)

    def whole(body):
        return (sized(len(body)) + body,)

    injected = json.dumps({"token": "a\r\nX-Injected: 1", "layers": [
        {"digest": "sha256:../../x HTTP/1.1\r\nX-Injected: 1\r\nX:", "size": 1}]}).encode()
    return {
        "endless-body": (chunked, b"4000\r\n" + b" " * 0x4000 + b"\r\n", 0),
        "endless-body-sized": (sized(1 << 40), b"[" * 0x4000, 0),
        "gigantic": (sized(64 << 20) + b'{"layers":["', b"x" * 0x4000, 0),
        "body-one-byte-a-second": (sized(1000), b" ", 1),
        "deep-json": whole(b'{"a":' * 40000),
        "wide-json": whole(b"[" + b"{}," * 85000 + b"{}]"),
        "empty": whole(b""),
        "not-json": whole(b"\xff\xfe{]"),
        "another-json": whole(b'[{"token": 1, "layers": {}, "manifests": null}]'),
        "injection": whole(injected),
        "short-length": (sized(2) + b'{"token": "longer than its length"}',),
        "long-length": (sized(1000) + b"{",),
        "negative-length": (sized(-1) + b"{}",),
        "overflowing-length": (sized("9" * 40) + b"{}",),
        "two-lengths": (sized(2, "Content-Length: 3") + b"{}",),
        "bad-chunk": (chunked + b"zz\r\n{}\r\n0\r\n\r\n",),
    }


def heads(host, path):
    """Faults before any body."""
    def location(url):
        return (head("307 Temporary Redirect", f"Location: {url}", "Content-Length: 0"),)

    return {
        "huge-header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 0x4000, 0),
        "many-headers": (b"HTTP/1.1 200 OK\r\n", b"X-Many: 1\r\n" * 1000, 0),
        "one-byte-a-second": (b"HTTP/1.1 200 OK\r\n", b"X", 1),
        "redirect-loop": location(f"https://{host}{path}"),
        "redirect-nowhere": location("https://[::1/%00"),
        "redirect-to-metadata": location("https://169.254.0.23/latest/meta-data/"),
        "redirect-to-loopback": location("https://127.0.0.1/"),
        "many-challenges": (head("401 Unauthorized", *[
            'WWW-Authenticate: Bearer realm="' + "\\" * 400] * 40, "Content-Length: 0"),),
        "binary": (bytes(range(256)) * 64,),
        "truncated-status": (b"HTTP/1.",),
        "closed": (b"",),
        "silent": (b"", b"", 3600),
    }


FAULTS = (*bodies(""), *heads("", ""))
PORTS = {(step, fault): FIRST_PORT + index for index, (step, fault) in enumerate(
    (step, fault) for step in STEPS for fault in FAULTS)}


def step_of(path):
    for part, step in (("/token", "token"), ("/manifests/", "manifest"), ("/blobs/", "blob")):
        if part in path:
            return step
    return "api"


async def converse(reader, writer, faulty_step, fault):
    while request := await reader.readuntil(b"\r\n\r\n"):
        line, *fields = request.decode("latin-1").split("\r\n")
        method, path, _ = line.split(" ", 2)
        given = {name.lower(): value.strip()
                 for name, _, value in (field.partition(":") for field in fields)}
        if method == "POST":
            await reader.readexactly(int(given.get("content-length", 0)))
        if "x-injected" in given:
            print(f"injected: {request}", flush=True)
        step = step_of(path)
        faults = bodies(MANIFEST_TYPE if step == "manifest" else "application/json")
        if step != faulty_step or (method == "HEAD" and fault in faults):
            writer.write(healthy(step, method, given["host"], path, "authorization" in given))
            await writer.drain()
            continue
        await write_fault(writer, *(faults | heads(given["host"], path))[fault])
        return


async def serve():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / "cert.pem", FOLDER / "key.pem")

    def handler(step, fault):
        async def handle(reader, writer):
            try:
                await converse(reader, writer, step, fault)
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                pass
            finally:
                writer.close()
        return handle

    # Peers that reset are expected; asyncio would report each.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    ports = {**PORTS, ("", "none"): 443}
    for (step, fault), port in ports.items():
        await asyncio.start_server(handler(step, fault), "0.0.0.0", port, ssl=context)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
