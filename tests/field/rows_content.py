# SPDX-License-Identifier: MIT
"""What arrives: media types, digests, layers, platforms, artifacts."""

import hashlib
import json

from place import HOST, IP2, SILENT, STORE, App, Image, Registry, http, sha
from situation import each, situation

PINNED = HOST + "/team/app@"


def pull(place, registry, reference=HOST + "/team/app:1", **more):
    place.serve_dns()
    place.serve(registry)
    return place.pull(reference, **more)


@each("content/type", [
    ("json", "Content-Type application/json", "application/json"),
    ("octets", "Content-Type application/octet-stream", "application/octet-stream"),
    ("text", "Content-Type text/plain", "text/plain"),
    ("html", "Content-Type text/html", "text/html"),
    ("none", "no Content-Type", None),
    ("upper", "Content-Type in upper case", Image.MANIFEST.upper()),
], works=False)
def media_type(place, content_type):
    class Other(Registry):
        def manifest(self, request, reference):
            found = self.manifests.get(reference)
            return http(200, {"Content-Type": content_type, **self.VERSION,
                              "Docker-Content-Digest": sha(found[1])}, found[1], request.method)
    return pull(place, Other())


@situation("content/type-parameter", "a charset behind the media type", True)
def parameter(place):
    class Other(Registry):
        def manifest(self, request, reference):
            found = self.manifests[reference]
            return http(200, {"Content-Type": found[0] + "; charset=utf-8", **self.VERSION,
                              "Docker-Content-Digest": sha(found[1])}, found[1], request.method)
    return pull(place, Other())


class Twisted(Registry):
    def manifest(self, request, reference):
        media, body = self.manifests["1"]
        digest = sha(body)
        if self.how == "rewritten":
            body = json.dumps(json.loads(body)).encode()
        if self.how == "by-digest" and reference != "1":
            return self.error(request, 404, "MANIFEST_UNKNOWN")
        if self.how == "bad-header":
            digest = "sha256:abc"
        if self.how == "other-header":
            digest = sha(b"another manifest")
        headers = {"Content-Type": media, "Docker-Content-Digest": digest, **self.VERSION}
        if self.how == "no-header":
            del headers["Docker-Content-Digest"]
        if self.how == "length-0" and request.method == "HEAD":
            headers["Content-Length"] = "0"
        if self.how == "short" and request.method == "HEAD":
            headers["Content-Length"] = str(len(body) - 10)
        if self.how == "no-length" and request.method == "HEAD":
            headers["Content-Length"] = None
        return http(200, headers, body, request.method)


@each("content/digest", [
    ("rewritten", "a proxy rewrites the manifest's JSON", "rewritten"),
    ("by-digest", "the tag is there, its digest answers 404", "by-digest"),
    ("length-0", "HEAD says Content-Length: 0", "length-0"),
    ("bad-header", "Docker-Content-Digest is no digest", "bad-header"),
    ("other-header", "Docker-Content-Digest is of something else", "other-header"),
], works=False)
def digest(place, how):
    return pull(place, Twisted(how=how))


@each("content/digest", [
    ("no-header", "no Docker-Content-Digest", "no-header"),
    ("no-length", "HEAD without Content-Length", "no-length"),
], works=True)
def digest_left_out(place, how):
    return pull(place, Twisted(how=how))


@situation("content/pinned", "pinned by digest, and it is there", True, "ok")
def pinned(place):
    registry = Registry()
    return pull(place, registry, PINNED + registry.image.digest)


@situation("content/pinned-other", "pinned by digest, another manifest comes", False)
def pinned_other(place):
    registry = Twisted(how="rewritten")
    return pull(place, registry, PINNED + registry.image.digest)


# ---- config and layers ----


class Layers(Registry):
    def blob(self, request, digest):
        found = self.blobs.get(digest)
        is_config = digest == self.image.config
        big = found and len(found) > 10000
        if self.how == "page":
            return http(307, {"Location": f"https://{STORE}/x?sign=1"}, b"", request.method)
        if self.how == "page-here":
            return http(200, {"Content-Type": "text/html"}, b"<html>blocked</html>",
                        request.method)
        if self.how == "empty":
            return http(200, {"Content-Type": "application/octet-stream"}, b"", request.method)
        if self.how == "config-apart" and not is_config:
            return http(307, {"Location": "https://silent.corp.test/x?sign=1"}, b"",
                        request.method)
        if self.how == "gone" and big:
            return self.error(request, 404, "BLOB_UNKNOWN")
        if self.how == "all-gone":
            return self.error(request, 404, "BLOB_UNKNOWN")
        if self.how == "config-gone" and is_config:
            return self.error(request, 404, "BLOB_UNKNOWN")
        if self.how == "config-other" and is_config:
            return self.range_of(request, found[:-2] + b" }")
        if self.how == "short" and not is_config:
            return self.range_of(request, found[:-20])
        if self.how == "forbidden" and not is_config:
            return self.error(request, 403, "DENIED")
        if self.how == "no-head" and request.method == "HEAD":
            return http(405, {}, b"", request.method)
        return super().blob(request, digest)


@each("content/layer", [
    ("page", "the store answers 200 with a block page", "page"),
    ("page-here", "the registry answers 200 with a web page", "page-here"),
    ("empty", "the registry answers 200 with nothing", "empty"),
    ("config-apart", "config from the registry, layers from a silent store", "config-apart"),
    ("gone", "the big layer is gone", "gone"),
    ("all-gone", "all blobs are gone", "all-gone"),
    ("config-gone", "the config is gone", "config-gone"),
    ("config-other", "the config is another one", "config-other"),
    ("short", "layers are cut short", "short"),
    ("forbidden", "layers answer 403", "forbidden"),
], works=False)
def layers(place, how):
    place.serve(App(lambda request: http(
        200, {"Content-Type": "text/html"},
        b"<html><body>blocked by the policy of the company</body></html>", request.method)), IP2)
    return pull(place, Layers(how=how, image=Image(sizes=(3000, 60000))))


@situation("content/layer-no-head", "blobs do not take HEAD", True)
def no_head(place):
    return pull(place, Layers(how="no-head", image=Image(sizes=(3000, 60000))))


# ---- platforms ----


class Multi(Registry):
    """An index of images for these platforms, each (os, architecture, variant)."""

    def __init__(self, *platforms, media=Image.LIST, child=Image.MANIFEST, **more):
        super().__init__(**more)
        entries = []
        for system, architecture, variant in platforms:
            image = Image(architecture=architecture, media=child)
            self.add(image)
            found = {"os": system, "architecture": architecture}
            if variant:
                found["variant"] = variant
            entries.append(image.descriptor(**found))
        self.tag(media, {"schemaVersion": 2, "mediaType": media, "manifests": entries})


@each("content/platform", [
    ("both", "amd64 and arm64", [("linux", "amd64", ""), ("linux", "arm64", "")]),
    ("beside-v2", "amd64 and its variant v2", [("linux", "amd64", "v2"), ("linux", "amd64", "")]),
], works=True)
def platform(place, platforms):
    return pull(place, Multi(*platforms))


# skopeo compares the words as they are written, and containerd knows what they mean.
@each("content/platform", [
    ("v1", "variant v1 of amd64", [("linux", "amd64", "v1")]),
    ("x86-64", "called x86_64", [("linux", "x86_64", "")]),
], works=True, status="warn", cause="clients_differ")
def platform_words(place, platforms):
    return pull(place, Multi(*platforms))


@each("content/platform", [
    ("arm64", "only arm64", [("linux", "arm64", "v8")]),
    ("windows", "only Windows", [("windows", "amd64", "")]),
    ("v3", "only variant v3 of amd64", [("linux", "amd64", "v3")]),
    ("none", "an index without entries", []),
], works=False, status="fail", cause="image_platform_missing")
def platform_missing(place, platforms):
    return pull(place, Multi(*platforms))


@situation("content/oci", "an OCI index of OCI images", True, "ok")
def oci(place):
    return pull(place, Multi(("linux", "amd64", ""), media=Image.INDEX, child=Image.OCI))


@situation("content/child-gone", "the index names a manifest that is gone", False)
def child_gone(place):
    registry = Multi(("linux", "amd64", ""))
    listed = json.loads(registry.manifests["1"][1])["manifests"][0]["digest"]
    del registry.manifests[listed]
    return pull(place, registry)


# ---- formats ----


@situation("content/schema-1", "a manifest of schema 1", False)
def schema1(place):
    registry = Registry()
    registry.tag("application/vnd.docker.distribution.manifest.v1+prettyjws", {
        "schemaVersion": 1, "name": "team/app", "tag": "1", "architecture": "amd64",
        "fsLayers": [{"blobSum": registry.image.layers[0]}], "history": []})
    return pull(place, registry)


@situation("content/index-as-manifest", "an index with the media type of a manifest", False)
def disguised(place):
    registry = Multi(("linux", "amd64", ""))
    registry.tag(Image.MANIFEST, json.loads(registry.manifests["1"][1]))
    return pull(place, registry)


@situation("content/page", "a web page in place of the manifest", False)
def page(place):
    registry = Registry()
    registry.tag("text/html", b"<html><body>blocked</body></html>")
    return pull(place, registry)


@situation("content/chart", "a Helm chart", False, "fail", newer="containerd 1.7 stores it, and"
           " fails later, when it makes the container")
def chart(place):
    image = Image(config=b'{"name":"app"}', media=Image.OCI,
                  config_type="application/vnd.cncf.helm.config.v1+json",
                  layer_type="application/vnd.cncf.helm.chart.content.v1.tar+gzip")
    return pull(place, Registry(image=image))


@situation("content/config-diff-ids", "the config names another number of layers", False)
def diff_ids(place):
    config = json.dumps({"architecture": "amd64", "os": "linux",
                         "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    return pull(place, Registry(image=Image(config=config)))


@situation("content/config-arm64", "a single manifest whose config is for arm64", True, "ok")
def config_arm64(place):
    return pull(place, Registry(image=Image(architecture="arm64")))


@situation("content/big-redirected", "only the big layer leads to a store, which is cut off", False)
def big_redirected(place):
    class Split(Registry):
        def blob(self, request, digest):
            if len(self.blobs[digest]) > 10000:
                return http(307, {"Location": "https://silent.corp.test/x?sign=1"}, b"",
                            request.method)
            return super().blob(request, digest)
    return pull(place, Split(image=Image(sizes=(3000, 60000))))


@situation("content/many-layers", "forty layers", True, "ok")
def many(place):
    return pull(place, Registry(image=Image(sizes=(700,) * 40)))


# ---- a pull asks for whole layers, in one GET each ----


class Sliced(Registry):
    """Answers a layer by `give(request, data)`, to a range only or to a whole GET only."""

    def blob(self, request, digest):
        chosen = digest in self.image.layers and ("range" in request.headers) == self.ranged
        return self.give(request, self.blobs[digest]) if chosen else super().blob(request, digest)


@each("content/range", [
    ("page", "a page in place of a range", lambda r, data: http(200, {"Content-Type": "text/html"}, b"<html>")),
    ("close", "the connection is closed after a range is asked for", lambda r, data: b""),
    ("slice", "a cache says that the slice is all", lambda r, data: http(
        206, {"Content-Range": "bytes 0-1023/1024"}, data[:1024])),
], works=True, status="ok")
def range_odd(place, give):
    return pull(place, Sliced(ranged=True, give=give, image=Image(sizes=(3000,))))


@each("content/whole", [
    ("page", "a scanner blocks whole layers and lets ranges pass",
     lambda r, data: http(200, {"Content-Type": "text/html"}, b"<html>blocked")),
    ("403", "403 to a whole layer, and ranges are fine", lambda r, data: http(403, {}, b"no")),
    ("gzip", "the store calls a layer that is gzip Content-Encoding: gzip", lambda r, data: http(
        200, {"Content-Encoding": "gzip"}, data)),
    ("late", "a byte is wrong late in the layer", lambda r, data: http(200, {}, data[:-99] + b"x" + data[-98:])),
], works=False, status="fail")
def whole_odd(place, give):
    return pull(place, Sliced(ranged=False, give=give, image=Image(sizes=(3000,))))


@each("content/big", [(str(status), f"the big layer answers {status} to HEAD and GET", status)
                      for status in (401, 403, 451, 500)], works=False, status="fail")
def big_refused(place, status):
    class Refused(Registry):
        def blob(self, request, digest):
            big = len(self.blobs[digest]) > 10000
            return self.error(request, status, "DENIED") if big else super().blob(request, digest)
    return pull(place, Refused(image=Image(sizes=(600, 60000))))


# ---- what containerd cannot store or unpack ----


@situation("content/sha512", "a layer that is named by SHA-512", False, "fail", "image_format_unsupported")
def sha512(place):
    registry = Registry()
    document, data = json.loads(registry.image.bytes), registry.blobs[registry.image.layers[0]]
    document["layers"][0]["digest"] = "sha512:" + hashlib.sha512(data).hexdigest()
    registry.blobs[document["layers"][0]["digest"]] = data
    registry.tag(Image.MANIFEST, document)
    return pull(place, registry)


@each("content/layer-type", [
    ("nydus", "a layer of Nydus", "application/vnd.oci.image.layer.nydus.blob.v1"),
    ("encrypted", "an encrypted layer", "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"),
    ("v2", "a layer of a later version", "application/vnd.oci.image.layer.v2.tar+gzip"),
], works=False, status="fail", cause="image_format_unsupported")
def layer_type(place, layer_type):
    return pull(place, Registry(image=Image(
        media=Image.OCI, config_type="application/vnd.oci.image.config.v1+json", layer_type=layer_type)))


# ---- HEAD that tells too little ----


@each("content/digest", [
    ("none-unsized", "no length, and a digest that is none", {"Content-Length": None}, "garbage"),
    ("other-unsized", "no length, and the digest of something else", {"Content-Length": None}, sha(b"x")),
    ("chunked-head", "HEAD has another length beside chunks", {"Content-Length": "5", "Transfer-Encoding": "chunked"},
     None, {"status": "warn", "newer": "Go 1.24 takes the length of the HEAD"}),
    ("chunked-length", "HEAD has the length beside chunks", {"Transfer-Encoding": "chunked"}, None),
], works=True, status="ok")
def digest_unsized(place, headers, named):
    class Unsized(Registry):
        def manifest(self, request, reference):
            media, body = self.manifests[reference]
            return http(200, {"Content-Type": media, "Docker-Content-Digest": named or sha(body),
                              **(headers if request.method == "HEAD" else {})}, body, request.method)
    return pull(place, Unsized())
