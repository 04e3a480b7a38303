# SPDX-License-Identifier: MIT
"""Bodies that are broken, of answers whose body clients do not read."""

from place import HOST, Registry
from rows_exchanges import keyed
from rows_http import CHUNKED, ZIPPED, chunks, length
from situation import each

FAULTS = [
    ("end", "no empty line behind the last chunk", lambda b: CHUNKED + b"\r\n" + chunks(b, last=b"0\r\n")),
    ("chunk", "a chunk size that is no number", lambda b: CHUNKED + b"\r\nxyz\r\n" + b),
    ("cut", "a body that is cut", lambda b: length(b + b"xx") + b"\r\n" + b[:5]),
    ("gzip", "gzip that is none", lambda b: ZIPPED + length(b) + b"\r\n" + b),
    ("silent", "a body that does not end", lambda b: length(b + b"xx") + b"\r\n" + b),
]


class Broken(Registry):
    """twist(body) makes the bytes behind the headers of every GET that `where` picks, if it has `status`."""

    open_after = None

    def handle(self, request):
        reply = super().handle(request)
        head, body = reply.split(b"\r\n\r\n", 1)
        if self.where(request) and b" %d " % self.status in head[:14] and request.method == "GET":
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
            reply = self.open_after = b"\r\n".join(lines) + b"\r\n" + self.twist(body)
        return reply

    def stays_open(self, reply):
        return self.twist is FAULTS[-1][2] and reply == self.open_after


def broken(place, twist, where, status, auth="bearer", **more):
    return keyed(place, Broken(auth=auth, where=where, status=status, twist=twist), **more)


@each("bodies/ping", FAULTS, works=True, status="ok")
def ping(place, twist):
    return broken(place, twist, lambda r: r.path == "/v2/", 200, None, target=HOST)


@each("bodies/ping-401", FAULTS, works=True, status="ok")
def ping_401(place, twist):
    return broken(place, twist, lambda r: r.path == "/v2/", 401, target=HOST)


@each("bodies/ping-image", FAULTS, works=True)
def ping_image(place, twist):
    return broken(place, twist, lambda r: r.path == "/v2/", 401)


@each("bodies/manifest", FAULTS, works=True)
def manifest(place, twist):
    return broken(place, twist, lambda r: "/manifests/" in r.path, 401)


@each("bodies/layer", FAULTS, works=True)
def layer(place, twist):
    return broken(place, twist, lambda r: "/blobs/" in r.path, 401)


@each("bodies/missing", FAULTS, works=False, cause="image_not_found")
def missing(place, twist):
    return broken(place, twist, lambda r: "/manifests/" in r.path, 404, reference=HOST + "/team/app:2")


@each("bodies/key", FAULTS[:-1], works=False, cause="credentials_rejected")
def key(place, twist):
    place.serve_dns()
    place.serve(Broken(auth="bearer", where=lambda r: r.path == "/service/token", status=401, twist=twist))
    return place.pull(keys=[place.key("bot:other")], users=["bot:other"])
