# SPDX-License-Identifier: MIT
"""The flow of a pull: retries, ranges, redirects, and the challenge that decides."""

from place import HUB, IP, IP4, STORE, App, Registry, http
from situation import each, situation


def serve(place, registry, **options):
    place.serve_dns()
    place.serve(registry, **options)
    return registry


@situation("flow/control", "a healthy registry that wants a token", True, "ok")
def control(place):
    serve(place, Registry(auth="bearer"))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


class Busy(Registry):
    """Answers `status` `left` times where `kind` says, to each client anew."""

    def handle(self, request):
        kind = ("ping" if request.path == "/v2/" else
                "manifest" if "/manifests/" in request.path else
                "blob" if "/blobs/" in request.path else
                "token" if request.path == "/service/token" else "")
        who = request.headers.get("user-agent", "").split("/")[0]
        if kind == self.kind and self.done.get(who, 0) < self.left and (
                kind in ("ping", "token") or self.allowed(request)):
            self.done[who] = self.done.get(who, 0) + 1
            return http(self.status, {"Retry-After": "1"}, b"", request.method)
        return super().handle(request)


@each("flow/again", [
    ("429-ping", "one 429 at /v2/", "ping", 429),
    ("429-manifest", "one 429 at the manifest", "manifest", 429),
    ("429-blob", "one 429 at a blob", "blob", 429),
], works=True)
def again(place, kind, status):
    serve(place, Busy(auth="bearer", kind=kind, status=status, left=1, done={}))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@each("flow/again", [
    ("408-manifest", "one 408 at the manifest, which skopeo takes for final", "manifest", 408),
    ("408-blob", "one 408 at a blob, which skopeo takes for final", "blob", 408),
], works=True, status="warn", cause="clients_differ")
def again_without_skopeo(place, kind, status):
    return again(place, kind, status)


@each("flow/never", [
    ("429", "every manifest request answers 429", 429), ("503", "... 503", 503),
], works=False)
def never(place, status):
    serve(place, Busy(auth="bearer", kind="manifest", status=status, left=99, done={}))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@each("flow/range", [(str(status), f"{status} to a range", status)
                     for status in (416, 400, 403, 405, 500, 501)], works=True)
def ranges(place, status):
    class NoRanges(Registry):
        def blob(self, request, digest):
            if "range" in request.headers:
                return http(status, {}, b"", request.method)
            return super().blob(request, digest)
    serve(place, NoRanges())
    return place.pull()


def store_behind(place, wants_token, host, **options):
    registry = Registry(auth="bearer", host=HUB)

    def give(request):
        if bool(request.headers.get("authorization")) != wants_token:
            status = 401 if wants_token else 400
            return http(status, {"Content-Type": "application/xml"},
                        b"<Error><Message>Only one auth mechanism allowed</Message></Error>",
                        request.method)
        return registry.range_of(request, registry.blobs["sha256:" + request.path[1:65]])

    registry.blob = lambda request, digest: http(
        307, {"Location": f"https://{host}/{digest[7:]}?X-Amz-Signature=1"}, b"", request.method)
    serve(place, registry)
    place.serve(App(give), address=IP4, **options)
    return place.pull(HUB + "/team/app:1", keys=[place.key(host=HUB)], users=["bot:s3cret"])


@situation("flow/redirect-below-refuses", "the store at s3.REGISTRY refuses a second authorization",
           False)
def below_refuses(place):
    return store_behind(place, False, "s3." + HUB)


@situation("flow/redirect-below-wants", "the store at s3.REGISTRY wants the token", True)
def below_wants(place):
    return store_behind(place, True, "s3." + HUB)


@situation("flow/redirect-apart-refuses", "a store of another domain refuses any authorization",
           True)
def apart_refuses(place):
    place.zone[STORE] = {"A": [IP4]}
    return store_behind(place, False, STORE)


@situation("flow/redirect-apart-wants", "a store of another domain wants the token", False)
def apart_wants(place):
    place.zone[STORE] = {"A": [IP4]}
    return store_behind(place, True, STORE)


@each("flow/referer", [
    ("wanted", "the store serves only what the registry links to", True, True, True),
    ("refused", "the store serves nothing that another site links to", False, True, False),
    ("left-out", "a store without TLS is told no Referer", False, False, True)])
def referer(place, wanted, tls):
    """A store with a rule against hotlinks, as COS and OSS have one."""
    registry = Registry(auth="bearer", host=HUB)

    def give(request):
        if request.headers.get("referer", "").startswith(f"https://{HUB}/v2/") != wanted:
            return http(403, {}, b"", request.method)
        return registry.range_of(request, registry.blobs["sha256:" + request.path[1:65]])

    registry.blob = lambda request, digest: http(
        307, {"Location": f"http{'s' if tls else ''}://{STORE}/{digest[7:]}"}, b"", request.method)
    place.zone[STORE] = {"A": [IP4]}
    serve(place, registry)
    place.serve(App(give), address=IP4, port=443 if tls else 80, certificate=tls)
    return place.pull(HUB + "/team/app:1", keys=[place.key(host=HUB)], users=["bot:s3cret"])


@each("flow/ping", [(str(status), f"/v2/ answers {status}, the image arrives", status)
                    for status in (404, 403, 500, 503, 301)], works=True)
def ping(place, status):
    class NoPing(Registry):
        def ping(self, request):
            return http(status, {"Content-Type": "text/plain"}, b"no", request.method)
    serve(place, NoPing(auth="bearer"))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


# ---- the challenge that decides ----


@situation("flow/challenge-late", "/v2/ is open, the manifest wants a token", True, "warn",
           "clients_differ")
def challenge_late(place):
    class Late(Registry):
        def ping(self, request):
            return http(200, {"Content-Type": "application/json", **self.VERSION}, b"{}",
                        request.method)
    serve(place, Late(auth="bearer"))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@situation("flow/challenge-layers", "the manifest is open, layers want a token", True)
def challenge_layers(place):
    class OpenManifests(Registry):
        def allowed(self, request):
            return "/manifests/" in request.path or super().allowed(request)
    serve(place, OpenManifests(auth="bearer"))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@situation("flow/challenge-basic", "the registry asks for name and key itself", True, "ok")
def challenge_basic(place):
    serve(place, Registry(auth="basic"))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@situation("flow/challenge-basic-wrong", "the same, and the key is wrong", False, "fail",
           "credentials_rejected")
def challenge_basic_wrong(place):
    serve(place, Registry(auth="basic"))
    return place.pull(keys=[place.key("bot:wrong")], users=["bot:wrong"])


@situation("flow/realm-moved", "the token service moved to another path of the same host", True)
def realm_moved(place):
    class Moved(Registry):
        def handle(self, request):
            if request.path == "/service/token" and request.method == "GET":
                return http(307, {"Location": request.target.replace("/service/token", "/t")},
                            b"", request.method)
            if request.path == "/t":
                return self.token(request)
            return super().handle(request)
    serve(place, Moved(auth="bearer"))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@each("flow/head", [("405", "HEAD of manifests is not allowed", 405)], works=True)
def head(place, status):
    class NoHead(Registry):
        def manifest(self, request, reference):
            if request.method == "HEAD":
                return http(status, {}, b"", "HEAD")
            return super().manifest(request, reference)
    serve(place, NoHead(auth="bearer"))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@each("flow/head", [("404", "HEAD of manifests answers 404", 404),
                    ("400", "HEAD of manifests answers 400", 400)], works=False)
def head_refused(place, status):
    return head(place, status)
