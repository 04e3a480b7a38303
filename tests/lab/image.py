"""A tiny image, written straight into a registry's storage."""

import gzip
import hashlib
import io
import json
import tarfile

REPOSITORY, TAG = "team/app", "1.4"


def layer():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        content = b"pulled from the lab\n"
        entry = tarfile.TarInfo("hello")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()


def write_blob(storage, data):
    digest = hashlib.sha256(data).hexdigest()
    folder = storage / "docker/registry/v2/blobs/sha256" / digest[:2] / digest
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data").write_bytes(data)
    return digest


def write_link(storage, repository, place, digest):
    folder = storage / "docker/registry/v2/repositories" / repository / place
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "link").write_text(f"sha256:{digest}")


def describe(media_type, data, digest):
    return {"mediaType": media_type, "size": len(data), "digest": f"sha256:{digest}"}


def write_image(storage, repository=REPOSITORY, tag=TAG):
    """Fills the filesystem storage of docker-registry; returns the manifest's digest."""
    files = layer()
    packed = gzip.compress(files, mtime=0)
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers",
                   "diff_ids": [f"sha256:{hashlib.sha256(files).hexdigest()}"]}}).encode()
    layer_digest, config_digest = write_blob(storage, packed), write_blob(storage, config)
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": describe("application/vnd.docker.container.image.v1+json", config,
                           config_digest),
        "layers": [describe("application/vnd.docker.image.rootfs.diff.tar.gzip", packed,
                            layer_digest)]}).encode()
    digest = write_blob(storage, manifest)
    for blob in (layer_digest, config_digest):
        write_link(storage, repository, f"_layers/sha256/{blob}", blob)
    write_link(storage, repository, f"_manifests/revisions/sha256/{digest}", digest)
    write_link(storage, repository, f"_manifests/tags/{tag}/current", digest)
    write_link(storage, repository, f"_manifests/tags/{tag}/index/sha256/{digest}", digest)
    return f"sha256:{digest}"
