# SPDX-License-Identifier: MIT
"""Further token services, redirects and statuses in the flow of a pull."""

import gzip, json
from place import HOST, IP2, IP3, IP4, STORE, TOKEN_HOST, App, Registry, http
from situation import CLIENTS_DIFFER, each
from rows_http import chunks, STORE_URL


def keyed(place, registry, reference=HOST + "/team/app:1", **more):
    place.serve_dns()
    place.serve(registry)
    return place.pull(reference, keys=[place.key()], users=["bot:s3cret"], **more)


class Posts(Registry):
    def token(self, request):
        if request.method == "POST":
            return self.post(self, request)
        return super().token(request)


GRANT = json.dumps({"access_token": "t0ken", "expires_in": 300}).encode()


@each(
    "flow/post",
    [
        ("200", "POST gives the token", lambda s, r: http(200, {}, GRANT), True),
        (
            "200-token",
            "POST gives token, no access_token",
            lambda s, r: http(200, {}, b'{"token":"t0ken"}'),
            False,
        ),
        ("400", "POST answers 400", lambda s, r: http(400, {}, b"no"), True),
        ("401", "POST answers 401", lambda s, r: http(401, {}, b"no"), True),
        ("403", "POST answers 403", lambda s, r: http(403, {}, b"no"), False),
        ("404", "POST answers 404", lambda s, r: http(404, {}, b"no"), True),
        ("406", "POST answers 406", lambda s, r: http(406, {}, b"no"), False),
        ("500", "POST answers 500", lambda s, r: http(500, {}, b"no"), False),
        ("501", "POST answers 501", lambda s, r: http(501, {}, b"no"), False),
        (
            "307",
            "POST is redirected with 307",
            lambda s, r: http(307, {"Location": "/service/token?a=1"}, b"")
            if "a=1" not in r.target
            else http(200, {}, GRANT),
            True,
        ),
        ("html", "POST gives a page", lambda s, r: http(200, {}, b"<html>"), False),
        ("204", "POST answers 204", lambda s, r: http(204, {}, b"", length=False), False),
        ("201", "POST answers 201 with a token", lambda s, r: http(201, {}, GRANT), True,
         {"status": "ok"}),
        ("close", "POST closes the connection", lambda s, r: b"", False),
    ],
)
def post(place, handle):
    return keyed(place, Posts(auth="bearer", post=handle))


class Gets(Registry):
    def token(self, request):
        if request.method == "GET":
            r = self.get(self, request)
            if r is not None:
                return r
        return super().token(request)


@each(
    "flow/token",
    [
        (
            "201",
            "the token comes with 201",
            lambda s, r: http(201, {}, GRANT),
            True,
            CLIENTS_DIFFER,
        ),
        (
            "302",
            "the token comes with 302 and no Location",
            lambda s, r: http(302, {}, GRANT),
            True,
            CLIENTS_DIFFER,
        ),
        ("304", "the token comes with 304", lambda s, r: http(304, {}, b"", length=False), False),
        ("500", "the service answers 500", lambda s, r: http(500, {}, b"x"), False),
        ("429", "the service answers 429", lambda s, r: http(429, {}, b"x"), False),
        ("403", "the service answers 403", lambda s, r: http(403, {}, b"x"), False),
        ("404", "the service answers 404", lambda s, r: http(404, {}, b"x"), False),
        (
            "loop",
            "the service redirects to itself",
            lambda s, r: http(302, {"Location": r.target}, b""),
            False,
        ),
        (
            "far",
            "the service redirects to another host",
            lambda s, r: http(302, {"Location": f"https://{TOKEN_HOST}/t"}, b""),
            False,
        ),
    ],
)
def token_status(place, handle):
    place.serve(
        App(
            lambda r: http(200, {}, GRANT) if r.headers.get("authorization") else http(401, {}, b"")
        ),
        IP3,
    )
    return keyed(place, Gets(auth="bearer", get=handle))


class Blob(Registry):
    def blob(self, request, digest):
        reply = self.give(self, request, digest)
        return super().blob(request, digest) if reply is None else reply


def to(where, status=307):
    return lambda s, r, d: http(status, {"Location": where + "/" + d}, b"", r.method)


@each(
    "flow/blob",
    [
        ("301", "301 to the store", to(STORE_URL, 301), True),
        ("302", "302", to(STORE_URL, 302), True),
        ("303", "303", to(STORE_URL, 303), True),
        ("308", "308", to(STORE_URL, 308), True),
        ("300", "300 with a Location", to(STORE_URL, 300), False),
        ("305", "305", to(STORE_URL, 305), False),
        ("http", "to plain HTTP", to("http://" + STORE), True),
        (
            "no-location",
            "307 without a Location",
            lambda s, r, d: http(307, {}, b"", r.method),
            False,
        ),
        (
            "302-no-location",
            "302 without a Location",
            lambda s, r, d: http(302, {}, b"", r.method),
            False,
        ),
        (
            "9",
            "nine redirects",
            lambda s, r, d: http(
                307,
                {"Location": r.path + "?n=%d" % (int((r.target.split("n=") + ["0"])[1]) + 1)},
                b"",
                r.method,
            )
            if "n=9" not in r.target
            else None,
            True,
        ),
        (
            "10",
            "ten redirects",
            lambda s, r, d: http(
                307,
                {"Location": r.path + "?n=%d" % (int((r.target.split("n=") + ["0"])[1]) + 1)},
                b"",
                r.method,
            )
            if "n=10" not in r.target
            else None,
            False,
        ),
        (
            "loop",
            "a redirect without end",
            lambda s, r, d: http(307, {"Location": r.target}, b"", r.method),
            False,
        ),
        ("201", "201", lambda s, r, d: http(201, {}, s.blobs[d], r.method), True, CLIENTS_DIFFER),
        ("204", "204", lambda s, r, d: http(204, {}, b"", r.method, length=False), False),
        (
            "206",
            "206 to a request without a range",
            lambda s, r, d: http(206, {}, s.blobs[d], r.method),
            True,
            CLIENTS_DIFFER,
        ),
        (
            "html-type",
            "the right bytes as text/html",
            lambda s, r, d: http(200, {"Content-Type": "text/html"}, s.blobs[d], r.method),
            True,
        ),
        (
            "zipped",
            "gzip where the client takes it",
            lambda s, r, d: http(
                200, {"Content-Encoding": "gzip"}, gzip.compress(s.blobs[d]), r.method
            )
            if "gzip" in r.headers.get("accept-encoding", "")
            else None,
            True,
        ),
        (
            "chunked",
            "chunked layers",
            lambda s, r, d: http(
                200, {"Transfer-Encoding": "chunked"}, chunks(s.blobs[d]), r.method, length=False
            ),
            True,
        ),
        (
            "to-end",
            "layers that end with the connection",
            lambda s, r, d: http(200, {}, s.blobs[d], r.method, length=False),
            True,
        ),
        (
            "401",
            "a blob answers 401 to the token",
            lambda s, r, d: s.error(r, 401, "UNAUTHORIZED", s.challenge(r)),
            False,
        ),
        ("403", "403", lambda s, r, d: s.error(r, 403, "DENIED"), False),
        ("451", "451", lambda s, r, d: s.error(r, 451, "LEGAL"), False),
        ("503", "503", lambda s, r, d: s.error(r, 503, "X"), False),
        (
            "longer",
            "a blob is longer than the manifest says",
            lambda s, r, d: http(200, {}, s.blobs[d] + b"more", r.method),
            False,
        ),
    ],
)
def blob(place, give):
    registry = Blob(auth="bearer", give=give)
    store = App(lambda r: registry.range_of(r, registry.blobs[r.path[1:]]))
    place.serve(store, IP2)
    place.serve(store, IP2, port=80, certificate=False)
    return keyed(place, registry)


class Man(Registry):
    def manifest(self, request, reference):
        reply = self.give(self, request, reference)
        return super().manifest(request, reference) if reply is None else reply


@each(
    "flow/manifest",
    [
        (
            "moved",
            "manifests are redirected to another host",
            lambda s, r, d: http(307, {"Location": f"https://{STORE}{r.target}"}, b"", r.method),
            True,
        ),
        (
            "moved-http",
            "manifests are redirected to plain HTTP",
            lambda s, r, d: http(307, {"Location": f"http://{STORE}{r.target}"}, b"", r.method),
            True,
        ),
        (
            "get-moved",
            "only GET is redirected",
            lambda s, r, d: http(307, {"Location": f"https://{STORE}{r.target}"}, b"", r.method)
            if r.method == "GET"
            else None,
            True,
        ),
        (
            "get-403",
            "HEAD is fine, GET answers 403",
            lambda s, r, d: s.error(r, 403, "DENIED") if r.method == "GET" else None,
            False,
        ),
        (
            "get-404",
            "HEAD is fine, GET answers 404",
            lambda s, r, d: s.error(r, 404, "MANIFEST_UNKNOWN") if r.method == "GET" else None,
            False,
        ),
        (
            "get-500",
            "HEAD is fine, GET answers 500",
            lambda s, r, d: s.error(r, 500, "X") if r.method == "GET" else None,
            False,
        ),
        (
            "get-page",
            "HEAD is fine, GET gives a page",
            lambda s, r, d: http(200, {"Content-Type": "text/html"}, b"<html>")
            if r.method == "GET"
            else None,
            False,
        ),
        ("denied", "403 with DENIED", lambda s, r, d: s.error(r, 403, "DENIED"), False),
        (
            "404-html",
            "404 with a page",
            lambda s, r, d: http(404, {"Content-Type": "text/html"}, b"<html>", r.method),
            False,
        ),
        ("410", "410", lambda s, r, d: s.error(r, 410, "GONE"), False),
        ("412", "412", lambda s, r, d: s.error(r, 412, "PRECONDITION"), False),
        ("406", "406", lambda s, r, d: s.error(r, 406, "X"), False),
        ("501", "501", lambda s, r, d: s.error(r, 501, "X"), False),
        ("504", "504", lambda s, r, d: s.error(r, 504, "X"), False),
        ("close", "the connection is closed", lambda s, r, d: b"", False),
        ("204", "204", lambda s, r, d: http(204, {}, b"", r.method, length=False), False),
        (
            "202",
            "202 with the manifest",
            lambda s, r, d: http(
                202,
                {"Content-Type": s.image.media, "Docker-Content-Digest": s.image.digest},
                s.image.bytes,
                r.method,
            ),
            True,
            CLIENTS_DIFFER,
        ),
        ("300", "300", lambda s, r, d: http(300, {}, b"", r.method), False),
        ("304", "304", lambda s, r, d: http(304, {}, b"", r.method, length=False), False),
        (
            "401-again",
            "401 whatever the token",
            lambda s, r, d: s.error(
                r, 401, "UNAUTHORIZED", s.challenge(r, "repository:team/app:pull")
            ),
            False,
        ),
        (
            "401-invalid",
            "401 invalid_token",
            lambda s, r, d: s.error(
                r,
                401,
                "UNAUTHORIZED",
                {
                    "WWW-Authenticate": s.challenge(r, "repository:team/app:pull")[
                        "WWW-Authenticate"
                    ]
                    + ',error="invalid_token"'
                },
            ),
            False,
        ),
    ],
)
def manifest_flow(place, give):
    registry = Man(auth="bearer", give=give)
    other = Registry()
    other.manifests, other.blobs = (registry.manifests, registry.blobs)
    place.serve(other, IP2)
    place.serve(other, IP2, port=80, certificate=False)
    return keyed(place, registry)


class Elsewhere(Registry):
    def realm(self):
        return f"https://{TOKEN_HOST}/service/token"


@each("flow/realm", [("elsewhere", "a token service on a host that is listed", True)], works=True)
def realm(place, _):
    registry = Elsewhere(auth="bearer")
    place.serve(App(registry.token), IP3)
    return keyed(place, registry, options=["--token-host", TOKEN_HOST])


@each(
    "flow/realm-two",
    [
        (
            "bad-second",
            "the token host's second address has a wrong certificate",
            [IP3, IP4],
            IP4,
            True,
        ),
        (
            "bad-first",
            "the token host's first address has a wrong certificate",
            [IP4, IP3],
            IP4,
            False,
        ),
        ("dead-first", "the token host's first address refuses", ["10.20.0.14", IP3], None, True),
    ],
)
def realm_two(place, addresses, bad):
    place.zone[TOKEN_HOST] = {"A": addresses}
    registry = Elsewhere(auth="bearer")
    place.serve(App(registry.token), IP3)
    if bad:
        place.serve(App(registry.token), bad, certificate=place.certificate("own", ["other.test"]))
    return keyed(place, registry, options=["--token-host", TOKEN_HOST])


@each(
    "flow/store-two",
    [
        ("bad-second", "the store's second address has a wrong certificate", [IP2, IP4], IP4, True),
        ("bad-first", "the store's first address has a wrong certificate", [IP4, IP2], IP4, False),
        ("dead-first", "the store's first address refuses", ["10.20.0.14", IP2], None, True),
    ],
)
def store_two(place, addresses, bad):
    place.zone[STORE] = {"A": addresses}
    registry = Blob(auth="bearer", give=to(STORE_URL))
    store = App(lambda r: registry.range_of(r, registry.blobs[r.path[1:]]))
    place.serve(store, IP2)
    if bad:
        place.serve(store, bad, certificate=place.certificate("own", ["other.test"]))
    return keyed(place, registry)


@each("flow/plain", [("ok", "a registry of plain HTTP", True)], works=True)
def plain(place, _):
    place.serve_dns()
    place.serve(
        Registry(auth="bearer", realm=lambda: f"http://{HOST}:80/service/token"),
        certificate=False,
        port=80,
    )
    return place.pull(
        HOST + ":80/team/app:1",
        keys=[place.key(host=HOST + ":80")],
        users=["bot:s3cret"],
        options=["--plain-http"],
        skopeo=["--src-tls-verify=false"],
        containerd=["--plain-http"],
    )
