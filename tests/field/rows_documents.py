# SPDX-License-Identifier: MIT
"""Manifests, indexes and configs that are odd or damaged."""

import json
from place import HOST, IP2, STORE, App, Image, Registry, http, sha
from situation import CLIENTS_DIFFER, each, situation
import rows_content

pull = rows_content.pull


def doc_of(image, change):
    d = json.loads(image.bytes)
    change(d)
    return d


def retag(registry, change, media=None):
    registry.tag(media or registry.image.media, doc_of(registry.image, change))
    return registry


@each(
    "content/doc",
    [
        (
            "config-size",
            "the config's size is too large",
            lambda d: d["config"].update(size=d["config"]["size"] + 5),
        ),
        (
            "config-small",
            "the config's size is too small",
            lambda d: d["config"].update(size=d["config"]["size"] - 5),
        ),
        (
            "layer-size",
            "the layer's size is too large",
            lambda d: d["layers"][0].update(size=d["layers"][0]["size"] + 5),
        ),
        (
            "layer-small",
            "the layer's size is too small",
            lambda d: d["layers"][0].update(size=d["layers"][0]["size"] - 5),
        ),
        ("no-config", "no config", lambda d: d.pop("config")),
        ("config-null", "config is null", lambda d: d.update(config=None)),
        ("layers-object", "layers is an object", lambda d: d.update(layers={})),
        (
            "size-text",
            "a size is a text",
            lambda d: d["layers"][0].update(size=str(d["layers"][0]["size"])),
        ),
        (
            "digest-bad",
            "a layer's digest is too short",
            lambda d: d["layers"][0].update(digest="sha256:abc"),
        ),
        (
            "digest-upper",
            "a layer's digest is in capitals",
            lambda d: d["layers"][0].update(
                digest="sha256:" + d["layers"][0]["digest"][7:].upper()
            ),
        ),
        (
            "digest-md5",
            "a digest of another algorithm",
            lambda d: d["layers"][0].update(digest="md5:" + "a" * 32),
        ),
        ("both", "layers beside manifests", lambda d: d.update(manifests=[])),
        (
            "both-full",
            "layers beside manifests that are not empty",
            lambda d: d.update(
                manifests=[{"mediaType": "x", "digest": d["config"]["digest"], "size": 2}]
            ),
        ),
        ("no-digest", "a layer without a digest", lambda d: d["layers"][0].pop("digest")),
        ("size-negative", "a negative size", lambda d: d["layers"][0].update(size=-1)),
        ("schema-text", "schemaVersion is a text", lambda d: d.update(schemaVersion="2")),
        (
            "annotations-number",
            "an annotation that is a number",
            lambda d: d.update(annotations={"a": 1}),
        ),
        ("fs-layers", "fsLayers beside layers", lambda d: d.update(fsLayers=[])),
    ],
    works=False,
)
def doc(place, change):
    return pull(place, retag(Registry(), change))


@each(
    "content/doc-ok",
    [
        ("no-type", "no mediaType inside", lambda d: d.pop("mediaType"), True, CLIENTS_DIFFER),
        ("annotations", "annotations", lambda d: d.update(annotations={"a": "b"}), True),
        ("twice", "one layer twice in the list", lambda d: None, True),
        ("schema-none", "no schemaVersion", lambda d: d.pop("schemaVersion"), True),
        ("extra", "unknown members", lambda d: d.update(x={"y": [1]}), True),
        ("data", "data beside the config's digest", lambda d: d["config"].update(data=""), True),
        (
            "subject",
            "a subject that is not there",
            lambda d: d.update(
                subject={"mediaType": Image.OCI, "digest": "sha256:" + "a" * 64, "size": 5}
            ),
            True,
        ),
    ],
)
def doc_ok(place, change):
    return pull(place, retag(Registry(), change))


@each(
    "content/other-type",
    [
        (
            "oci-inside",
            "an OCI type inside, Docker's in the header",
            Image.OCI,
            Image.MANIFEST,
            True,
            CLIENTS_DIFFER,
        ),
        (
            "docker-inside",
            "Docker's type inside, OCI's in the header",
            Image.MANIFEST,
            Image.OCI,
            True,
        ),
        ("index-inside", "an index type inside a manifest", Image.INDEX, Image.MANIFEST, False),
    ],
)
def other_type(place, inside, header):
    registry = Registry()
    return pull(place, retag(registry, lambda d: d.update(mediaType=inside), header))


@each(
    "content/layers",
    [
        (
            "oci-tar",
            "a layer type of OCI",
            dict(
                layer_type="application/vnd.oci.image.layer.v1.tar+gzip",
                media=Image.OCI,
                config_type="application/vnd.oci.image.config.v1+json",
            ),
            True,
        ),
        (
            "foreign",
            "a foreign layer without urls",
            dict(layer_type="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
            True,
        ),
        (
            "octets",
            "a layer of type octet-stream",
            dict(layer_type="application/octet-stream"),
            False,
        ),
        (
            "wasm",
            "a WebAssembly layer",
            dict(layer_type="application/vnd.wasm.content.layer.v1+wasm"),
            False,
        ),
        (
            "config-oci",
            "an OCI config in Docker's manifest",
            dict(config_type="application/vnd.oci.image.config.v1+json"),
            True,
        ),
        (
            "config-json",
            "a config of type application/json",
            dict(config_type="application/json"),
            True,
        ),
        (
            "config-empty",
            "the empty config",
            dict(config=b"{}", config_type="application/vnd.oci.empty.v1+json", media=Image.OCI),
            False,
        ),
        ("config-no-json", "the config is no JSON", dict(config=b"hello, world"), False),
        ("config-list", "the config is a list", dict(config=b"[]"), False),
        ("no-layers", "no layers", dict(sizes=()), True),
    ],
)
def layers_kinds(place, options):
    return pull(place, Registry(image=Image(**options)))


@situation("content/urls", "a foreign layer whose urls are good and which the registry lacks", True)
def urls(place):
    image = Image(
        sizes=(600, 700), layer_type="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    )
    registry = Registry(image=image)
    gone = image.layers[1]
    data = registry.blobs.pop(gone)
    place.serve(App(lambda request: registry.range_of(request, data)), IP2)
    retag(registry, lambda d: d["layers"][1].update(urls=[f"https://{STORE}/layer"]))
    return pull(place, registry)


@each(
    "content/index",
    [
        (
            "attested",
            "an attestation beside the image",
            [("linux", "amd64", ""), ("unknown", "unknown", "")],
            True,
        ),
        ("upper", "Linux and AMD64 in capitals", [("Linux", "AMD64", "")], True, CLIENTS_DIFFER),
        ("aarch64", "aarch64 only", [("linux", "aarch64", "")], False),
        ("i386-amd64", "386 before amd64", [("linux", "386", ""), ("linux", "amd64", "")], True),
        (
            "arm-list",
            "arm variants and amd64",
            [
                ("linux", "arm", "v6"),
                ("linux", "arm", "v7"),
                ("linux", "arm64", "v8"),
                ("linux", "amd64", ""),
            ],
            True,
        ),
        ("macos", "darwin only", [("darwin", "amd64", "")], False),
        ("empty-os", "no os", [("", "amd64", "")], True, CLIENTS_DIFFER),
        ("v2", "only v2", [("linux", "amd64", "v2")], False),
    ],
)
def index(place, platforms):
    return pull(place, rows_content.Multi(*platforms))


@situation("content/index-no-platform", "an index whose entry names no platform", True,
           **CLIENTS_DIFFER)
def index_bare(place):
    registry = Registry()
    registry.tag(
        Image.LIST,
        {"schemaVersion": 2, "mediaType": Image.LIST, "manifests": [registry.image.descriptor()]},
    )
    return pull(place, registry)


@situation("content/index-nested", "an index in an index", True, "warn", "clients_differ")
def nested(place):
    registry = Registry()
    inner = {
        "schemaVersion": 2,
        "mediaType": Image.INDEX,
        "manifests": [registry.image.descriptor(os="linux", architecture="amd64")],
    }
    raw = json.dumps(inner).encode()
    registry.manifests[sha(raw)] = (Image.INDEX, raw)
    registry.tag(
        Image.INDEX,
        {
            "schemaVersion": 2,
            "mediaType": Image.INDEX,
            "manifests": [{"mediaType": Image.INDEX, "digest": sha(raw), "size": len(raw)}],
        },
    )
    return pull(place, registry)


@situation("content/index-size", "an index with a wrong size for its manifest", False)
def index_size(place):
    registry = Registry()
    d = registry.image.descriptor(os="linux", architecture="amd64")
    d["size"] += 3
    registry.tag(Image.LIST, {"schemaVersion": 2, "mediaType": Image.LIST, "manifests": [d]})
    return pull(place, registry)


@situation("content/index-type", "an index that names another type than the manifest has", True)
def index_type(place):
    registry = Registry()
    d = registry.image.descriptor(os="linux", architecture="amd64")
    d["mediaType"] = Image.OCI
    registry.tag(Image.LIST, {"schemaVersion": 2, "mediaType": Image.LIST, "manifests": [d]})
    return pull(place, registry)


@situation("content/index-json-type", "an index entry of type application/json", False)
def index_json(place):
    registry = Registry()
    d = registry.image.descriptor(os="linux", architecture="amd64")
    d["mediaType"] = "application/json"
    registry.tag(Image.LIST, {"schemaVersion": 2, "mediaType": Image.LIST, "manifests": [d]})
    return pull(place, registry)


# skopeo's own grammar has no such reference.
@situation("content/pinned-tag", "a tag and a digest", True, "ok")
def pinned_tag(place):
    registry = Registry()
    return pull(place, registry, HOST + "/team/app:1@" + registry.image.digest)


@situation("content/pinned-tag-gone", "a tag that is gone and a digest that is there", True, "ok")
def pinned_tag_gone(place):
    registry = Registry()
    return pull(place, registry, HOST + "/team/app:gone@" + registry.image.digest)


@situation("content/pinned-gone", "a digest that is gone", False)
def pinned_gone(place):
    return pull(place, Registry(), HOST + "/team/app@sha256:" + "a" * 64)


@situation("content/latest", "no tag", True)
def latest(place):
    registry = Registry()
    registry.manifests["latest"] = registry.manifests["1"]
    place.serve_dns()
    place.serve(registry)
    results = place.pull(HOST + "/team/app:latest", target=HOST + "/team/app")
    return results


class HeadDiffers(Registry):
    def manifest(self, request, reference):
        if request.method == "HEAD":
            return self.head(self, reference)
        return super().manifest(request, reference)


def plain_head(registry, media=None, digest=None, size=None, status=200):
    m, b = registry.manifests["1"]
    return http(
        status,
        {
            "Content-Type": media or m,
            "Docker-Content-Digest": digest or sha(b),
            "Content-Length": str(size or len(b)),
        },
        b,
        "HEAD",
    )


@each(
    "content/head",
    [
        (
            "type",
            "HEAD says another media type",
            lambda r, ref: plain_head(r, media=Image.OCI),
            True,
        ),
        (
            "type-json",
            "HEAD says application/json, GET is right",
            lambda r, ref: plain_head(r, media="application/json"),
            False,
        ),
        ("201", "HEAD answers 201", lambda r, ref: plain_head(r, status=201), True, {"status": "ok"}),
        ("206", "HEAD answers 206", lambda r, ref: plain_head(r, status=206), True, {"status": "ok"}),
        ("500", "HEAD answers 500", lambda r, ref: plain_head(r, status=500), False),
        (
            "302",
            "HEAD answers 302 without a Location",
            lambda r, ref: plain_head(r, status=302),
            False,
        ),
        (
            "sha512",
            "HEAD's digest is of SHA-512",
            lambda r, ref: plain_head(r, digest="sha512:" + "a" * 128),
            False,
        ),
        (
            "digest-blank",
            "blanks around the digest",
            lambda r, ref: plain_head(r, digest=" " + sha(r.manifests["1"][1]) + " "),
            True,
        ),
        (
            "large",
            "HEAD says a manifest of 40 MB",
            lambda r, ref: plain_head(r, size=40000000),
            False,
        ),
    ],
)
def head(place, make):
    return pull(place, HeadDiffers(head=make))


@situation("content/config-big", "a config of 400 KiB", True)
def config_big(place):
    from place import layer

    image = Image()
    cfg = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "x": "y" * 400000,
            "rootfs": {
                "type": "layers",
                "diff_ids": json.loads(image.blobs[image.config])["rootfs"]["diff_ids"],
            },
        }
    ).encode()
    image.blobs[sha(cfg)] = cfg
    d = json.loads(image.bytes)
    d["config"].update(size=len(cfg), digest=sha(cfg))
    registry = Registry(image=image)
    registry.tag(Image.MANIFEST, d)
    return pull(place, registry)


@situation("content/manifest-big", "a manifest of 600 KiB", True, status="warn", cause="local_error")
def manifest_big(place):
    return pull(place, retag(Registry(), lambda d: d.update(annotations={"a": "y" * 600000})))


@each("content/manifest-more", [
    ("sized", "GET gives 4 MiB in place of the manifest that HEAD describes", True),
    ("chunked", "GET gives chunks without end in place of it", False),
], works=False, status="fail", cause="image_damaged")
def manifest_more(place, sized):
    class More(Registry):
        def manifest(self, request, reference):
            answer = super().manifest(request, reference)
            if request.method == "HEAD":
                return answer
            fields, _, body = answer.partition(b"\r\n\r\n")
            lines = [line for line in fields.split(b"\r\n") if not line.lower().startswith(b"content-length")]
            more = body + b" " * (4 << 20)
            if sized:
                lines.append(b"Content-Length: %d" % len(more))
                return b"\r\n".join(lines) + b"\r\n\r\n" + more
            lines.append(b"Transfer-Encoding: chunked")
            return b"\r\n".join(lines) + b"\r\n\r\n" + b"".join(
                b"10000\r\n" + more[at:at + 0x10000] + b"\r\n" for at in range(0, 4 << 20, 0x10000))
    return pull(place, More())


@situation("content/manifest-big-unsized", "a manifest of 600 KiB, and HEAD without a length", True,
           status="warn", cause="local_error")
def manifest_big_unsized(place):
    class Unsized(Registry):
        def manifest(self, request, reference):
            answer = super().manifest(request, reference)
            if request.method != "HEAD":
                return answer
            return b"\r\n".join(line for line in answer.split(b"\r\n")
                                if not line.lower().startswith(b"content-length"))
    return pull(place, retag(Unsized(), lambda d: d.update(annotations={"a": "y" * 600000})))
