# SPDX-License-Identifier: MIT
"""Redirects over several hosts and ports, and who is given which authorization on the way."""

import urllib.parse

from place import HOST, HUB, IP4, IP5, STORE, App, Registry, basic, http
from situation import each, situation


def hash_of(request):
    return "sha256:" + urllib.parse.unquote(request.path).rsplit("/", 1)[1][:64]


class Stores:
    """A registry whose blobs are reached over the hops of `locations`, {} for the digest's hex. The
    place of the last one serves those that `accepts(request)` lets in."""

    def __init__(self, place, locations, accepts, refusal=(403, {}), auth="bearer", ports=()):
        self.place, self.locations, self.accepts = place, locations, accepts
        self.refusal = refusal
        self.registry = Registry(auth=auth, host=HUB)
        self.registry.blob = lambda request, digest: self.redirect(request, 0, digest[7:])
        place.zone[STORE] = {"A": [IP4]}
        place.zone["other." + STORE] = {"A": [IP5]}
        place.serve_dns()
        handle = self.registry.handle
        self.registry.handle = lambda request: (
            self.handle(request) if request.path.startswith("/hop") else handle(request))
        place.serve(self.registry)
        for address, port, tls in ((IP4, 443, True), (IP5, 443, True), *ports):
            place.serve(App(self.handle), address=address, port=port, certificate=tls)

    def redirect(self, request, number, name):
        return http(307, {"Location": self.locations[number].replace("{}", name)}, b"",
                    request.method)

    def handle(self, request):
        number = int(request.path.split("/")[1][3:])
        name = hash_of(request)[7:]
        if number < len(self.locations):
            return self.redirect(request, number, name)
        if not self.accepts(request):
            return http(*self.refusal, b"<Error/>", request.method)
        return self.registry.range_of(request, self.registry.blobs["sha256:" + name])

    def pull(self, **more):
        more = {"keys": [self.place.key(host=HUB)], "users": ["bot:s3cret"], **more}
        return self.place.pull(HUB + "/team/app:1", **more)


def authorization(request):
    return request.headers.get("authorization", "")


def has_token(request):
    return authorization(request) == "Bearer t0ken"


def is_bare(request):
    return not authorization(request)


# ---- user information ----


@each("hops/user", [
    ("wanted", "the store wants the name and password of the Location", "u:p%40w",
     lambda request: authorization(request) == "Basic " + basic("u:p@w"), True),
    ("name", "... a name alone", "u",
     lambda request: authorization(request) == "Basic " + basic("u:"), True),
    ("empty", "... an empty one", "",
     lambda request: authorization(request) == "Basic " + basic(":"), True),
    ("refused", "the store refuses any authorization, and the Location has a name", "u:p",
     is_bare, False),
    ("broken", "the name has a byte that no name has", "u[:p", is_bare, False),
])
def user(place, pair, accepts):
    return Stores(place, [f"https://{pair}@{STORE}/hop1/{{}}"], accepts).pull()


@situation("hops/user-relative", "the second hop is relative and keeps the name", False,
           newer="Go 1.19 sends the token instead", status="warn", cause="clients_differ")
def user_relative(place):
    return Stores(place, [f"https://u:p@{STORE}/hop1/{{}}", "/hop2/{}"],
                  lambda request: authorization(request) == "Basic " + basic("u:p")).pull()


@situation("hops/user-below", "a token goes to a host below the registry before the name", True)
def user_below(place):
    return Stores(place, [f"https://u:p@s3.{HUB}/hop1/{{}}"], has_token).pull()


@situation("hops/user-realm", "the realm names name and password, and there is no key", True)
def user_realm(place):
    class Named(Registry):
        def realm(self):
            return f"https://bot:s3cret@{HOST}/service/token"
    place.serve_dns()
    place.serve(Named(auth="bearer"))
    return place.pull()


# ---- other ports, and a second hop ----


ANOTHER_PORT = [(f"10.20.0.10", 5001, True)]


@each("hops/port", [
    ("wants", "another port of the registry's host wants the token", has_token, False,
     {"newer": "Go 1.24 sends it there", "status": "warn", "cause": "clients_differ"}),
    ("refuses", "... refuses one", is_bare, True,
     {"newer": "Go 1.24 sends one", "status": "warn", "cause": "clients_differ"}),
    ("takes", "... takes everybody", lambda request: True, True),
    ("closed", "... takes nobody", lambda request: False, False),
])
def port(place, accepts):
    return Stores(place, [f"https://{HUB}:5001/hop1/{{}}"], accepts, ports=ANOTHER_PORT).pull()


@each("hops/second", [
    ("refuses", "the store redirects to itself and refuses a token", is_bare, False,
     {"newer": "Go 1.24 sends none", "status": "warn", "cause": "clients_differ"}),
    ("takes", "... and takes everybody", lambda request: True, True,
     {"status": "warn", "cause": "clients_differ"}),
    ("closed", "... and takes nobody", lambda request: False, False),
])
def second(place, accepts):
    return Stores(place, [f"https://{STORE}/hop1/{{}}", f"https://{STORE}/hop2/{{}}"],
                  accepts).pull()


@each("hops/apart", [
    ("refuses", "store, then another store that refuses a token", is_bare, True),
    ("wants", "... that wants a token", has_token, False),
])
def apart(place, accepts):
    place.zone["cdn.corp.test"] = {"A": [IP5]}
    return Stores(place, [f"https://{STORE}/hop1/{{}}", "https://cdn.corp.test/hop2/{}"],
                  accepts).pull()


@each("hops/back", [
    ("wants", "over a store back to the registry, which wants the token", has_token, True),
    ("refuses", "... refuses one", is_bare, False),
])
def back(place, accepts):
    return Stores(place, [f"https://{STORE}/hop1/{{}}", f"https://{HUB}/hop2/{{}}"],
                  accepts).pull()


@each("hops/sister", [
    ("wants", "a host below the registry, then its sister, which wants the token", has_token, False,
     {"newer": "Go 1.24 compares with the registry", "status": "warn", "cause": "clients_differ"}),
    ("refuses", "... refuses one", is_bare, True,
     {"newer": "Go 1.24 compares with the registry", "status": "warn", "cause": "clients_differ"}),
])
def sister(place, accepts):
    return Stores(place, [f"https://s3.{HUB}/hop1/{{}}", f"https://s4.{HUB}/hop2/{{}}"],
                  accepts).pull()


@each("hops/plain", [
    ("wants", "the registry's host without TLS wants the token", has_token, True),
    ("refuses", "... refuses one", is_bare, False),
], cause="", status="unknown")
def plain(place, accepts):
    return Stores(place, [f"http://{HUB}/hop1/{{}}"], accepts,
                  ports=[("10.20.0.10", 80, False)]).pull()


# ---- a store with a challenge ----


STORE_BASIC = (401, {"WWW-Authenticate": 'Basic realm="store"'})


@each("hops/basic", [
    ("takes", "the store asks for name and key, and takes the pull's", True, True),
    ("refuses", "... and refuses them", False, False),
], status="unknown")
def store_basic(place, good):
    return Stores(place, [f"https://{STORE}/hop1/{{}}"],
                  lambda request: good and authorization(request) == "Basic " + basic(),
                  STORE_BASIC).pull()


@situation("hops/basic-no-key", "the store asks for name and key, and there is none", False)
def store_basic_without(place):
    return Stores(place, [f"https://{STORE}/hop1/{{}}"], lambda request: False, STORE_BASIC,
                  auth=None).pull(keys=[], users=[None])


# ---- a token that is refused for a while ----


class Twice(Registry):
    """Refuses `left` requests of `kind` that have the token, of each client, with a challenge."""

    def allowed(self, request):
        good = super().allowed(request)
        kind = "blob" if "/blobs/" in request.path else request.method
        who = request.headers.get("user-agent", "").split("/")[0]
        if good and kind == self.kind and self.done.get(who, 0) < self.left:
            self.done[who] = self.done.get(who, 0) + 1
            return False
        return good

    def challenge(self, request, scope=None):
        made = super().challenge(request, scope)
        if self.code and request.headers.get("authorization"):
            made["WWW-Authenticate"] += f',error="{self.code}"'
        return made


def twice(place, kind, left, code):
    place.serve_dns()
    place.serve(Twice(auth="bearer", kind=kind, left=left, code=code, done={}))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@each("hops/twice", [
    ("head", "HEAD of the manifest refuses the token once", "HEAD", 1, "", True),
    ("head-4", "... four times", "HEAD", 4, "", True),
    ("head-5", "... five times", "HEAD", 5, "", False),
    ("get", "GET of the manifest refuses the token once", "GET", 1, "", True),
    ("get-4", "... four times", "GET", 4, "", True),
    ("get-5", "... five times", "GET", 5, "", False),
    ("blob", "a blob refuses the token once", "blob", 1, "", True),
    ("head-error", "HEAD of the manifest says once that the token is invalid", "HEAD", 1,
     "invalid_token", False),
    ("get-error", "GET of the manifest says once that the token is invalid", "GET", 1,
     "invalid_token", False),
    ("blob-error", "a blob says once that the token is invalid", "blob", 1, "invalid_token", True),
])
def refused_token(place, kind, left, code):
    return twice(place, kind, left, code)


@situation("hops/renewed", "layers want a token that is newer than the manifest's", False,
           newer="it asks for another token", status="warn", cause="clients_differ")
def renewed(place):
    class Fresh(Registry):
        """Tokens are numbers; `least` is the first good one of each client."""

        def token(self, request):
            if request.method == "POST":
                return http(405, {}, b"", request.method)
            who = request.headers.get("user-agent", "").split("/")[0]
            self.given[who] = self.given.get(who, 0) + 1
            return http(200, {"Content-Type": "application/json"},
                        b'{"token": "%d"}' % self.given[who], request.method)

        def allowed(self, request):
            who = request.headers.get("user-agent", "").split("/")[0]
            word = authorization(request).removeprefix("Bearer ")
            if not word.isdigit() or "/blobs/" not in request.path:
                return word.isdigit()
            return int(word) >= self.least.setdefault(who, int(word) + 1)

        def challenge(self, request, scope=None):
            made = super().challenge(request, scope)
            if authorization(request):
                made["WWW-Authenticate"] += ',error="invalid_token"'
            return made

    place.serve_dns()
    place.serve(Fresh(auth="bearer", given={}, least={}))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


# ---- forms of a Location ----


@each("hops/location", [
    ("fragment", "a broken escape in the fragment", f"https://{STORE}/hop1/{{}}#a%zz", False),
    ("fragment-good", "a good one there", f"https://{STORE}/hop1/{{}}#a%20z", True),
    ("query", "a broken escape in the query", f"https://{STORE}/hop1/{{}}?a=%zz", True),
    ("upper", "scheme and host in capitals", f"HTTPS://{STORE.upper()}/hop1/{{}}", True),
    ("dot", "a dot at the end of the host", f"https://{STORE}./hop1/{{}}", True),
    ("port", "the scheme's own port", f"https://{STORE}:443/hop1/{{}}", True),
    ("port-empty", "an empty port", f"https://{STORE}:/hop1/{{}}", True),
    ("port-odd", "a port that is a word", f"https://{STORE}:https/hop1/{{}}", False),
    ("port-large", "a port beyond all", f"https://{STORE}:65536/hop1/{{}}", False),
    ("no-scheme", "no scheme", f"//{STORE}/hop1/{{}}", True),
    ("no-slashes", "no slashes behind the scheme", f"https:{STORE}/hop1/{{}}", False),
    ("scheme", "another scheme", f"ftp://{STORE}/hop1/{{}}", False),
    ("no-host", "no host", "https:///hop1/{}", False),
    ("underscore", "an underscore in the host", "https://a_b.corp.test/hop1/{}", True),
    ("long", "20 KiB of query", f"https://{STORE}/hop1/{{}}?a={20 * 1024 * 'b'}", True),
    ("longer", "40 KiB of query", f"https://{STORE}/hop1/{{}}?a={40 * 1024 * 'b'}", True, {"status": "unknown"}),
    ("longest", "200 KiB of query", f"https://{STORE}/hop1/{{}}?a={200 * 1024 * 'b'}", True, {"status": "unknown"}),
    ("escaped-slash", "an escaped slash in the path", f"https://{STORE}/hop1%2F{{}}", True),
    ("bracket", "brackets in the path", f"https://{STORE}/hop1/[a]/../{{}}", True),
])
def location(place, form):
    place.zone["a_b.corp.test"] = {"A": [IP4]}

    class Odd(Stores):
        def handle(self, request):
            request.path = urllib.parse.unquote(request.path).replace("[a]/", "").replace("../", "")
            return super().handle(request)

    return Odd(place, [form], lambda request: True).pull()


@each("hops/realm", [
    ("dot", "a dot at the end of the host", f"https://{HOST}./service/token", True),
    ("underscore", "an underscore in the host", "https://a_b.corp.test/service/token", True),
    ("long", "5 KiB of path", f"https://{HOST}/service/token?x={5 * 1024 * 'a'}", True),
    ("fragment", "a fragment", f"https://{HOST}/service/token#a", True),
    ("fragment-broken", "a broken escape in the fragment", f"https://{HOST}/service/token#%zz",
     False),
    ("upper", "scheme and host in capitals", f"HTTPS://{HOST.upper()}/service/token", True),
    ("relative", "no scheme", "/service/token", False),
    ("blank", "a blank in the path", f"https://{HOST}/service/to ken", True),
])
def realm(place, form):
    class Named(Registry):
        def realm(self):
            return form

        def handle(self, request):
            if request.path == "/service/to%20ken":
                request.path = "/service/token"
            return super().handle(request)

    place.zone["a_b.corp.test"] = {"A": ["10.20.0.10"]}
    place.serve_dns()
    place.serve(Named(auth="bearer"))
    return place.pull(keys=[place.key()], users=["bot:s3cret"],
                      options=["--token-host", "a_b.corp.test"])


@each("hops/token", [
    ("17", "a token of 17 KiB", 17, True), ("40", "... of 40 KiB", 40, True),
    ("300", "... of 300 KiB", 300, True), ("900", "... of 900 KiB", 900, True),
])
def token(place, size):
    text = "t" * size * 1024

    class Long(Registry):
        def allowed(self, request):
            return request.headers.get("authorization") == "Bearer " + text

        def token(self, request):
            if request.method == "POST":
                return http(405, {}, b"", request.method)
            return http(200, {"Content-Type": "application/json"},
                        b'{"token": "%s"}' % text.encode(), request.method)

    place.serve_dns()
    place.serve(Long(auth="bearer"))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])
