# SPDX-License-Identifier: MIT
"""Layers served oddly, and indexes whose entries only nearly fit."""

import gzip
import json
import os

from place import STORE, IP2, App, Image, Registry, http, sha
from situation import each, situation


def serve(place, registry, **options):
    place.serve_dns()
    place.serve(registry, **options)
    return place.pull()


def largest(registry):
    return max(registry.image.layers, key=lambda one: len(registry.blobs[one]))


@each("layers/further", [
    ("403", "the largest layer: HEAD 200, GET 403", 403),
    ("404", "... GET 404", 404),
    ("500", "... GET 500", 500),
], works=False)
def further(place, status):
    class Refuses(Registry):
        def blob(self, request, digest):
            if digest == largest(self) and request.method == "GET":
                return http(status, {}, b"no", request.method)
            return super().blob(request, digest)
    return serve(place, Refuses(image=Image(sizes=(600, 40000, 90000))))


@situation("layers/further-store", "HEAD 200, GET leads to a store that refuses", False)
def further_store(place):
    class Redirects(Registry):
        def blob(self, request, digest):
            if digest == largest(self) and request.method == "GET":
                return http(307, {"Location": f"https://{STORE}/x"}, b"", request.method)
            return super().blob(request, digest)
    place.serve(App(lambda request: http(403, {}, b"<Error/>", request.method)), address=IP2)
    return serve(place, Redirects(image=Image(sizes=(600, 40000, 90000))))


@each("layers/head", [
    ("403", "HEAD of every layer is refused", 403), ("405", "... not allowed", 405),
    ("404", "... not found", 404)], works=True)
def head(place, status):
    class NoHead(Registry):
        def blob(self, request, digest):
            if request.method == "HEAD":
                return http(status, {}, b"", request.method)
            return super().blob(request, digest)
    return serve(place, NoHead(image=Image(sizes=(600, 40000, 90000))))


# ---- types and bytes ----


OCI, DOCKER = "application/vnd.oci.image.layer.v1", "application/vnd.docker.image.rootfs.diff"
INSIDE = "only the first bytes of a layer are read, and layers are not unpacked"
OF_CTR = ("ctr fetches the exact platform alone; the kubelet's pull (Client.Pull) takes 386 as well,"
          " as ctr's own unpacking does")


def typed(place, media_type, pack=gzip.compress, raw=False, size=600):
    """An image with one layer of this type, whose bytes `pack` makes of a tar."""
    oci = media_type.startswith(OCI[:20])
    image = Image(sizes=(size,), layer_type=media_type, **({
        "media": Image.OCI, "config_type": "application/vnd.oci.image.config.v1+json"} if oci else {}))
    packed = image.blobs.pop(image.layers[0])
    tar = gzip.decompress(packed)
    data = tar if raw else pack(tar)
    document = json.loads(image.bytes)
    document["layers"] = [{"mediaType": media_type, "size": len(data), "digest": sha(data)}]
    image.bytes = json.dumps(document).encode()
    image.digest, image.layers = sha(image.bytes), [sha(data)]
    image.blobs[sha(data)] = data
    return serve(place, Registry(image=image))


@each("layers/type", [
    ("tar-gzip", "layer.v1.tar whose bytes are gzip", OCI + ".tar", False, False),
    ("tar-tar", "layer.v1.tar that is tar", OCI + ".tar", True, True),
    ("gzip-tar", "layer.v1.tar+gzip that is tar", OCI + ".tar+gzip", True, True),
    ("zstd-gzip", "layer.v1.tar+zstd that is gzip", OCI + ".tar+zstd", False, True),
    ("docker-tar-gzip", "docker's tar whose bytes are gzip", DOCKER + ".tar", False, True),
    ("docker-tar-tar", "docker's tar that is tar", DOCKER + ".tar", True, True),
    ("docker-gzip-tar", "docker's tar.gzip that is tar", DOCKER + ".tar.gzip", True, True),
    ("nondistributable-gzip", "layer.nondistributable.v1.tar whose bytes are gzip",
     "application/vnd.oci.image.layer.nondistributable.v1.tar", False, False),
])
def layer_type(place, media_type, raw):
    return typed(place, media_type, raw=raw)


@each("layers/type-mixed", [
    ("gzip", "a manifest of Docker's with a layer of OCI's type", OCI + ".tar+gzip"),
    ("zstd", "... of a type that Docker does not have", OCI + ".tar+zstd"),
], works=True, status="warn", cause="clients_differ")
def mixed(place, media_type):
    return serve(place, Registry(image=Image(layer_type=media_type)))


@each("layers/bytes", [
    ("random", "random bytes where gzip should be", lambda tar: os.urandom(900), False),
    ("text", "a page where gzip should be", lambda tar: b"<html>not found</html>\n" * 30, False),
    ("cut", "gzip that is cut off", lambda tar: gzip.compress(tar)[:300], False,
     {"exception": INSIDE}),
    ("empty-gzip", "gzip of nothing", lambda tar: gzip.compress(b""), False,
     {"exception": INSIDE}),
])
def layer_bytes(place, pack):
    return typed(place, DOCKER + ".tar.gzip", pack)


# ---- indexes ----


def index(place, *platforms):
    """An index with one image for each platform: os, architecture, variant."""
    registry = Registry()
    entries = []
    for number, (architecture, variant) in enumerate(platforms):
        image = Image(sizes=(600 + number,), architecture=architecture)
        registry.add(image)
        platform = {"os": "linux", "architecture": architecture}
        if variant:
            platform["variant"] = variant
        entries.append(image.descriptor(**platform))
    registry.tag(Image.LIST, {"schemaVersion": 2, "mediaType": Image.LIST, "manifests": entries})
    return serve(place, registry)


@each("layers/index", [
    ("386", "an index with 386 alone", [("386", "")], False,
     {"exception": OF_CTR}),
    ("386-variant", "386 with a variant", [("386", "v1")], False),
    ("386-softfloat", "386 softfloat", [("386", "softfloat")], False),
    ("386-sse2", "386 sse2", [("386", "sse2")], False),
    ("i386", "i386", [("i386", "")], False,
     {"exception": OF_CTR}),
    ("i386-variant", "i386 with a variant", [("i386", "v7")], False,
     {"exception": OF_CTR}),
    ("arm", "arm v7 alone", [("arm", "v7")], False),
    ("arm64", "arm64 v8 alone", [("arm64", "v8")], False),
    ("amd64-v2", "amd64 v2 alone", [("amd64", "v2")], False),
    ("amd64-v1", "amd64 v1", [("amd64", "v1")], True),
    ("amd64-v2-386", "amd64 v2 and 386", [("amd64", "v2"), ("386", "")], False,
     {"exception": OF_CTR}),
    ("amd64-386", "386 before amd64", [("386", ""), ("amd64", "")], True),
    ("x86_64", "x86_64", [("x86_64", "")], True),
    ("amd64-upper", "AMD64", [("AMD64", "")], True),
])
def index_of(place, platforms):
    return index(place, *platforms)
