# SPDX-License-Identifier: MIT
"""Writes an image into a docker-registry's storage, as a push would have left it there.

Tag 1.4 is an OCI index of two platforms, 1.4-amd64 a docker manifest: the two kinds that pulls meet;
1.4-s390x is an index that nobody here can pull, 1.4-chart a Helm chart, which clients copy and nobody
runs.
"""

import gzip
import hashlib
import io
import json
import tarfile

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker"
REPOSITORY, TAG = "team/app", "1.4"


def layer(name, size):
    """A gzipped tar with one file; the same bytes every time."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = size
        archive.addfile(member, io.BytesIO(hashlib.shake_256(name.encode()).digest(size)))
    return packed.getvalue(), gzip.compress(packed.getvalue(), mtime=0)


class Repository:
    """One repository of the storage; what is linked here can be pulled from here."""

    def __init__(self, storage, name):
        self.blobs = storage / "docker/registry/v2/blobs/sha256"
        self.folder = storage / "docker/registry/v2/repositories" / name

    def link(self, place, digest):
        place.mkdir(parents=True, exist_ok=True)
        (place / "link").write_text(digest)

    def blob(self, content, media_type):
        name = hashlib.sha256(content).hexdigest()
        place = self.blobs / name[:2] / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "data").write_bytes(content)
        self.link(self.folder / "_layers/sha256" / name, f"sha256:{name}")
        return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(content)}

    def manifest(self, content):
        described = self.blob(json.dumps(content).encode(), content["mediaType"])
        name = described["digest"].removeprefix("sha256:")
        self.link(self.folder / "_manifests/revisions/sha256" / name, described["digest"])
        return described

    def tag(self, tag, described):
        name = described["digest"].removeprefix("sha256:")
        place = self.folder / "_manifests/tags" / tag
        self.link(place / "current", described["digest"])
        self.link(place / "index/sha256" / name, described["digest"])

    def image(self, architecture, config_type, layer_type, manifest_type):
        layers = [layer("etc/motd", 64), layer("usr/bin/app", 20000)]
        config = {"architecture": architecture, "os": "linux", "config": {},
                  "rootfs": {"type": "layers", "diff_ids": [
                      "sha256:" + hashlib.sha256(plain).hexdigest() for plain, _ in layers]}}
        return self.manifest({
            "schemaVersion": 2, "mediaType": manifest_type,
            "config": self.blob(json.dumps(config).encode(), config_type),
            "layers": [self.blob(packed, layer_type) for _, packed in layers]})


def write_chart(repository):
    """The manifest of a Helm chart, as an index would describe it."""
    helm = "application/vnd.cncf.helm"
    return repository.manifest({
        "schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json",
        "config": repository.blob(b'{"name":"app","version":"1.4","apiVersion":"v2"}',
                                  f"{helm}.config.v1+json"),
        "layers": [repository.blob(layer("app/Chart.yaml", 64)[1],
                                   f"{helm}.chart.content.v1.tar+gzip")]})


def write_image(storage, repository=REPOSITORY):
    """Writes all tags of an image into the repository, below the folder `storage`; returns the
    digest of the manifest that a pull on amd64 ends at, by tag."""
    repository = Repository(storage, repository)
    docker = repository.image("amd64", f"{DOCKER}.container.image.v1+json",
                              f"{DOCKER}.image.rootfs.diff.tar.gzip",
                              f"{DOCKER}.distribution.manifest.v2+json")
    repository.tag(f"{TAG}-amd64", docker)
    chart = write_chart(repository)
    repository.tag(f"{TAG}-chart", chart)
    platforms = []
    for architecture in ("amd64", "arm64", "s390x"):
        described = repository.image(architecture, f"{OCI}.config.v1+json",
                                     f"{OCI}.layer.v1.tar+gzip", f"{OCI}.manifest.v1+json")
        platforms.append({**described, "platform": {"architecture": architecture, "os": "linux"}})
    for tag, listed in ((TAG, platforms[:2]), (f"{TAG}-s390x", platforms[2:])):
        repository.tag(tag, repository.manifest(
            {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": listed}))
    return {f"{TAG}-amd64": docker["digest"], TAG: platforms[0]["digest"],
            f"{TAG}-s390x": platforms[2]["digest"], f"{TAG}-chart": chart["digest"]}
