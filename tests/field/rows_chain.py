# SPDX-License-Identifier: MIT
"""Manifests, tokens and layers that come over several answers."""

from place import HOST, IP2, IP4, STORE, App, Registry, http
from situation import each


def authorization(request):
    return request.headers.get("authorization", "")


def serve(place, registry):
    place.serve_dns()
    place.serve(registry)
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


# ---- manifests elsewhere ----


@each("chain/manifest", [
    ("below-wants", "manifests come from a host below, which wants the token", "s3." + HOST,
     "Bearer t0ken", True),
    ("below-refuses", "... refuses one", "s3." + HOST, "", False),
    ("apart-refuses", "... from another host, which refuses a token", STORE, "", True),
    ("apart-wants", "... wants one", STORE, "Bearer t0ken", False),
])
def manifest_elsewhere(place, host, wanted):
    class Elsewhere(Registry):
        def manifest(self, request, reference):
            return http(307, {"Location": f"https://{host}/{reference}"}, b"", request.method)

    registry = Elsewhere(auth="bearer")

    def give(request):
        if authorization(request) != wanted:
            return http(403, {}, b"", request.method)
        return Registry.manifest(registry, request, request.path[1:])

    place.serve(App(give), address=IP2 if host == STORE else IP4)
    return serve(place, registry)


@each("chain/status", [
    (f"{kind}-{status}", f"{status} with a Location at the {kind}", kind, status,
     status not in (300, 304, 305, 306))
    for kind in ("manifest", "blob") for status in (300, 302, 303, 304, 305, 306, 308)])
def status_elsewhere(place, kind, status):
    class Elsewhere(Registry):
        def handle(self, request):
            if f"/{kind}s/" in request.path and self.allowed(request) and "?" not in request.target:
                return http(status, {"Location": request.path + "?x"}, b"", request.method)
            return super().handle(request)
    return serve(place, Elsewhere(auth="bearer"))


@each("chain/loop", [(f"{hops}", f"a blob after {hops} redirects", hops, hops < 10)
                     for hops in (8, 9, 10)])
def loop(place, hops):
    class Loop(Registry):
        def blob(self, request, digest):
            done = int(request.target.partition("?")[2] or 0)
            if done < hops:
                return http(302, {"Location": f"?{done + 1}"}, b"", request.method)
            return super().blob(request, digest)
    return serve(place, Loop(auth="bearer"))


# ---- tokens ----

TWO_TOKENS = ("one token is used for a tag and what is behind it, where containerd asks for a second"
              " one after the tag")


@each("chain/token", [
    ("429-once", "the token service is busy once", 429, 1, False),
    ("500-once", "... fails once", 500, 1, False),
    ("503-once", "... is not there once", 503, 1, False),
])
def token_status(place, status, left):
    class Busy(Registry):
        def token(self, request):
            who = request.headers.get("user-agent", "").split("/")[0]
            if request.method == "GET" and self.done.get(who, 0) < left:
                self.done[who] = self.done.get(who, 0) + 1
                return http(status, {"Retry-After": "0"}, b"", request.method)
            return super().token(request)
    return serve(place, Busy(auth="bearer", done={}))


@each("chain/token-second", [
    ("429", "the token service gives one token, and is busy then", 429),
    ("401", "... and refuses then", 401),
], works=False, exception=TWO_TOKENS)
def token_second(place, status):
    class Once(Registry):
        def token(self, request):
            who = request.headers.get("user-agent", "").split("/")[0]
            if request.method == "GET":
                self.done[who] = self.done.get(who, 0) + 1
                if self.done[who] > 1:
                    return http(status, {}, b"", request.method)
            return super().token(request)
    return serve(place, Once(auth="bearer", done={}))


@each("chain/post", [
    (f"{status}", f"POST at the token service answers {status}", status, works)
    for status, works in ((400, True), (401, True), (403, False), (404, True), (405, True),
                          (406, False), (410, False), (415, False), (429, False), (500, False),
                          (501, False), (204, False))])
def post_status(place, status):
    class Posts(Registry):
        def token(self, request):
            if request.method == "POST":
                return http(status, {}, b"", request.method)
            return super().token(request)
    return serve(place, Posts(auth="bearer"))


# ---- what the store asks for ----


@each("chain/store", [
    ("bearer-own", "the store wants a token of the registry's own service", True, True),
    ("bearer-refused", "... and refuses it", False, False),
])
def store_bearer(place, good):
    class Redirects(Registry):
        def blob(self, request, digest):
            return http(307, {"Location": f"https://{STORE}/{digest}"}, b"", request.method)

    registry = Redirects(auth="bearer")

    def give(request):
        if not good or authorization(request) != "Bearer t0ken":
            return registry.error(request, 401, "UNAUTHORIZED", registry.challenge(
                request, "repository:team/app:pull"))
        return Registry.blob(registry, request, request.path[1:])

    place.serve(App(give), address=IP2)
    return serve(place, registry)


@each("chain/late", [
    ("403-then", "a layer answers 403 once", 403, 1, False),
    ("404-then", "... 404 once", 404, 1, False),
    ("429-5", "... 429 five times, for which skopeo waits long", 429, 5, True, {"status": "ok"}),
    ("429-6", "... six times", 429, 6, False),
    ("408-5", "... 408 five times", 408, 5, True),
])
def late(place, status, left):
    class Late(Registry):
        def blob(self, request, digest):
            who = request.headers.get("user-agent", "").split("/")[0]
            if digest == self.image.layers[0] and self.done.get(who, 0) < left:
                self.done[who] = self.done.get(who, 0) + 1
                return http(status, {}, b"", request.method)
            return super().blob(request, digest)
    return serve(place, Late(auth="bearer", done={}))


@each("chain/busy", [
    ("4", "HEAD of the manifest answers 429 four times before the token, once after", 4, 0, True),
    ("2-2", "... twice before and twice after", 2, 2, True),
    ("2-3", "... twice before and three times after", 2, 3, False),
    ("3-2", "... three times before and twice after", 3, 2, False),
    ("5", "... five times before", 5, 0, False),
])
def busy(place, before, after):
    class Busy(Registry):
        def handle(self, request):
            who = request.headers.get("user-agent", "").split("/")[0]
            has_token = bool(authorization(request))
            key = (who, has_token)
            if request.method == "HEAD" and self.done.get(key, 0) < (after if has_token else before):
                self.done[key] = self.done.get(key, 0) + 1
                return http(429, {}, b"", request.method)
            return super().handle(request)
    return serve(place, Busy(auth="bearer", done={}))
