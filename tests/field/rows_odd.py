# SPDX-License-Identifier: MIT
"""Odd files, answers and places: what stands twice, is damaged behind its end, or leads elsewhere."""

import gzip
import json
import struct
import time

import rows_flow
import rows_proxy
from place import HOST, IP, IP2, IP3, IP6, STORE, TOKEN_HOST, App, Registry, basic, dns_reply, http
from rows_exchanges import GRANT, Posts, keyed
from rows_http import CHUNKED, Odd, length
from rows_keys import GOOD, RIGHT, STALE, WRONG, row
from situation import each, situation

# ---- docker configs: a name twice, or in another case ----


def entry(key):
    return json.dumps(key)


def twice(first, second, other="auths"):
    return '{"auths":%s,"%s":%s}' % (json.dumps(first), other, json.dumps(second))


row("auths-twice", "auths stands twice, the first has the key", True,
    twice({HOST: GOOD}, {"other.corp.test": STALE}), [RIGHT])
row("auths-twice-second", "auths stands twice, the second has the key", True,
    twice({"other.corp.test": STALE}, {HOST: GOOD}), [RIGHT])
row("auths-twice-stale", "the second auths replaces the entry by a stale one", False,
    twice({HOST: GOOD}, {HOST: STALE}), [WRONG], status="fail", cause="credentials_rejected")
row("auths-twice-good", "the second auths replaces the entry by a good one", True,
    twice({HOST: STALE}, {HOST: GOOD}), [RIGHT], status="ok")
row("auths-twice-null", "a second auths is null and empties the first", False,
    '{"auths":{"%s":%s},"auths":null}' % (HOST, entry(GOOD)), [None])
row("auths-case", "auths and AUTHS are one map", True, twice({HOST: GOOD}, {"x.test": STALE}, "AUTHS"), [RIGHT])
row("host-case", "the host in capitals is another entry", True,
    {"auths": {HOST.upper(): STALE, HOST: GOOD}}, [RIGHT])
row("auth-case", "auth and AUTH in one entry: the last counts", True,
    '{"auths":{"%s":{"auth":"%s","AUTH":"%s"}}}' % (HOST, basic(WRONG), basic()), [RIGHT])
row("auth-twice", "auth stands twice, the last is stale", False,
    '{"auths":{"%s":{"auth":"%s","auth":"%s"}}}' % (HOST, basic(), basic(WRONG)), [WRONG])

# ---- layers with URLs of their own ----


class Foreign(Registry):
    """The manifest names URLs for its layer."""

    def __init__(self, urls, where="layers", **more):
        super().__init__(**more)
        media, data = self.manifests["1"]
        document = json.loads(data)
        for one in document["layers"] if where == "layers" else [document["config"]]:
            one["urls"] = urls
            one["mediaType"] = one["mediaType"].replace("rootfs.diff", "rootfs.foreign.diff")
        self.tag(media, document)


def at_store(place, status=200):
    """The store has every blob below its root, or answers so."""
    def handle(request):
        if status != 200:
            return http(status, {}, b"no", request.method)
        data = place.registry.blobs.get(place.registry.image.layers[0])
        return place.registry.range_of(request, data)
    place.serve(App(handle), IP2)
    place.serve(App(handle), IP2, 80, certificate=False)


URL = f"https://{STORE}/layer"


@each("content/urls", [
    ("registry-too", "a URL that is good, and the registry has the layer", [URL], 200, True),
    ("http", "a URL of plain HTTP", [URL.replace("https", "http")], 200, True),
    ("refused", "nothing listens at the URL, and the registry has the layer", [URL.replace(STORE, STORE + ":444")],
     200, False),
    ("no-name", "the URL's host has no name", ["https://nowhere.corp.test./layer"], 200, False),
    ("404", "the URL answers 404, and the registry has the layer", [URL], 404, True),
    ("403", "the URL answers 403", [URL], 403, False),
    ("500", "the URL answers 500", [URL], 500, False),
    ("ftp", "an ftp URL, and the registry has the layer", [f"ftp://{STORE}/layer"], 200, True),
    ("dead-first", "a dead URL before a good one", [f"https://{STORE}:444/layer", URL], 200, False),
    ("ftp-first", "an ftp URL before a good one", [f"ftp://{STORE}/layer", URL], 200, True),
    ("empty", "an empty list", [], 200, True),
])
def urls(place, urls, status):
    place.serve_dns()
    place.registry = Foreign(urls)
    place.serve(place.registry)
    at_store(place, status)
    return place.pull()


@each("content/urls", [
    ("page", "a web page at the URL", lambda r: http(200, {"Content-Type": "text/html"}, b"<html>", r.method)),
    ("other", "other bytes at the URL", lambda r: http(200, {}, b"x" * 800, r.method)),
    ("config", "a config with a dead URL", None),
], works=False)
def bad_urls(place, handle):
    place.serve_dns()
    where = "layers" if handle else "config"
    place.registry = Foreign([URL if handle else f"https://{STORE}:444/c"], where)
    place.serve(place.registry)
    if handle:
        place.serve(App(handle), IP2)
    return place.pull()


# ---- resolvers that do not know EDNS ----

def rejects(rcode, extended=0):
    """Answers questions with an OPT record by an error, others well."""
    def answer(place, query):
        if not struct.unpack(">H", query[10:12])[0]:
            return place.answer(query)
        reply = dns_reply(query, rcode)
        if extended:
            reply = reply[:10] + b"\0\1" + reply[12:] + b"\0" + struct.pack(">HHIH", 41, 1232, extended << 24, 0)
        return reply
    return answer


@each("names/edns", [
    ("formerr", "FORMERR to EDNS", rejects(1)),
    ("servfail", "SERVFAIL to EDNS", rejects(2)),
    ("notimp", "NOTIMP to EDNS", rejects(4)),
    ("refused", "REFUSED to EDNS", rejects(5)),
    ("badvers", "BADVERS to EDNS", rejects(0, 1)),
], works=False, status="fail")
def edns(place, answer):
    place.serve_dns(answer=lambda query, tcp=False: answer(place, query))
    place.serve(Registry())
    return place.pull(unpack=False)


@each("names/edns", [
    ("formerr-first", "the first of two nameservers answers FORMERR to EDNS", rejects(1)),
    ("notimp-first", "the first of two nameservers answers NOTIMP to EDNS", rejects(4)),
], works=True)
def edns_first(place, answer):
    place.write_resolv_conf("nameserver 127.0.0.1\nnameserver 127.0.0.2\n")
    place.serve_dns(answer=lambda query, tcp=False: answer(place, query))
    place.serve_dns("127.0.0.2")
    place.serve(Registry())
    return place.pull(unpack=False)


# ---- answers with a token that are damaged behind it ----

def more_length(head, body):
    return head + length(body + b"x" * 40) + b"\r\n" + body


def bad_sum(head, body):
    packed = gzip.compress(body)
    packed = packed[:-8] + b"\0" * 8
    return head + b"Content-Encoding: gzip\r\n" + length(packed) + b"\r\n" + packed


def cut_gzip(head, body):
    packed = gzip.compress(body)[:-8]
    return head + b"Content-Encoding: gzip\r\n" + length(packed) + b"\r\n" + packed


@each("http/token-end", [
    ("cut", "the connection ends behind the token, before the announced length", more_length),
    ("chunk", "a broken chunk behind the token",
     lambda h, b: h + CHUNKED + b"\r\n%x\r\n%s\r\nxyz\r\n" % (len(b), b)),
    ("no-last-chunk", "no last chunk", lambda h, b: h + CHUNKED + b"\r\n%x\r\n%s\r\n" % (len(b), b)),
    ("gzip-sum", "a wrong checksum of gzip", bad_sum),
    ("gzip-cut", "gzip without its checksum", cut_gzip),
    ("garbage", "text behind the document", lambda h, b: h + length(b + b"xx") + b"\r\n" + b + b"xx"),
    ("second", "a second document", lambda h, b: h + length(b + b"{}") + b"\r\n" + b + b"{}"),
    ("brace", "a brace too many", lambda h, b: h + length(b + b"}") + b"\r\n" + b + b"}"),
], works=True, status="warn", cause="clients_differ")
def token_end(place, twist):
    place.serve_dns()
    place.serve(Odd(auth="bearer", where="token", twist=twist))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


class Open(Registry):
    """Sends the token, announces more, and leaves the connection open."""

    def token(self, request):
        reply = super().token(request)
        head, _, body = reply.partition(b"\r\n\r\n")
        if b"t0ken" not in body:
            return reply
        lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
        return b"\r\n".join(lines) + b"\r\n" + length(body + b"x") + b"\r\n" + body

    def stays_open(self, reply):
        return b"t0ken" in reply


@situation("http/token-end-open", "more is announced behind the token and never comes", True, "warn",
           "clients_differ")
def token_open(place):
    place.serve_dns()
    place.serve(Open(auth="bearer"))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


class Cut(Registry):
    """Cuts the answers to requests of one kind behind `kept` bytes, the first `left` for each client."""

    def cut(self, request, reply):
        head, _, body = reply.partition(b"\r\n\r\n")
        who = request.headers.get("user-agent", "").split("/")[0]
        if request.method != "GET" or self.done.get(who, 0) >= self.left or len(body) <= self.kept:
            return reply
        self.done[who] = self.done.get(who, 0) + 1
        return head + b"\r\n\r\n" + body[:self.kept]

    def handle(self, request):
        if self.ranges and request.headers.get("range", "").endswith("-") and self.kind in request.target:
            found = self.manifests.get(request.path.split("/")[-1], (None, None))[1] or \
                self.blobs.get(request.path.split("/")[-1])
            return self.cut(request, self.range_of(request, found))
        request.headers.pop("range", None)
        reply = super().handle(request)
        return self.cut(request, reply) if self.kind in request.target and b" 200 " in reply[:14] else reply


class CutLayers(Cut):
    def cut(self, request, reply):
        return reply if request.path.endswith(self.image.config) else super().cut(request, reply)


@each("content/cut-layer", [
    ("once", "the layer is cut once", 1, False, True),
    ("always", "the layer is cut each time", 99, False, False),
    ("always-range", "the layer is cut each time, and ranges work", 99, True, True),
])
def cut_layer(place, left, ranges):
    place.serve_dns()
    place.serve(CutLayers(kind="blobs/", kept=50, left=left, ranges=ranges, done={}))
    return place.pull()


@each("content/cut", [
    ("manifest-once", "the manifest is cut once", "manifests/sha256", 100, 1, False, True),
    ("manifest-once-range", "the manifest is cut once, and ranges work", "manifests/sha256", 100, 1, True, True),
    ("manifest-always", "the manifest is cut each time", "manifests/sha256", 100, 99, False, False),
    ("manifest-always-range", "the manifest is cut each time, and ranges work", "manifests/sha256", 100, 99, True,
     True),
    ("blobs-once", "the config is cut once", "blobs/", 50, 1, False, True),
    ("blobs-always", "config and layer are cut each time", "blobs/", 50, 99, False, False),
    ("blobs-always-range", "config and layer are cut each time, and ranges work", "blobs/", 50, 99, True, True),
])
def cut(place, kind, kept, left, ranges):
    place.serve_dns()
    place.serve(Cut(kind=kind, kept=kept, left=left, ranges=ranges, done={}))
    return place.pull()


@each("http/manifest-end", [
    ("cut", "the connection ends behind the manifest, before the announced length", more_length, True),
    ("chunk", "a broken chunk behind it", lambda h, b: h + CHUNKED + b"\r\n%x\r\n%s\r\nxyz\r\n" % (len(b), b),
     False),
    ("garbage", "text behind the document", lambda h, b: h + length(b + b"xx") + b"\r\n" + b + b"xx", False),
])
def manifest_end(place, twist):
    place.serve_dns()
    place.serve(Odd(auth="bearer", where="manifest", twist=twist))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


# ---- a POST for a token that is redirected ----

def moves(status, location, then=None):
    """POST is redirected; `then` answers at /t2."""
    def post(registry, request):
        if request.path == "/service/token":
            return http(status, {"Location": location}, b"")
        return then(request) if then else http(404, {}, b"", request.method)
    return post


class Moves(Posts):
    def handle(self, request):
        return self.post(self, request) if request.path == "/t2" else super().handle(request)


def by_form(request):
    good = request.method == "POST" and b"password=s3cret" in request.body
    return http(200 if good else 401, {}, GRANT if good else b"no", request.method)


def at_once(request):
    return http(200, {}, GRANT, request.method)


@each("flow/post-moved", [
    ("302-get", "302 to a place that gives a token to a GET", moves(302, "/t2?a=b", at_once), True),
    ("302-401", "302 to a place that answers 401, and GET is fine", moves(302, "/t2", by_form), True),
    ("302-403", "302 to a place that answers 403", moves(302, "/t2", lambda r: http(403, {}, b"", r.method)), False),
    ("302-404", "302 to a place that answers 404, and GET is fine", moves(302, "/nothing"), True),
    ("302-405", "302 to a place that answers 405", moves(302, "/t2", lambda r: http(405, {}, b"", r.method)), True),
    ("302-500", "302 to a place that answers 500", moves(302, "/t2", lambda r: http(500, {}, b"", r.method)), False),
    ("302-page", "302 to a page for people",
     moves(302, "/t2", lambda r: http(200, {"Content-Type": "text/html"}, b"<html>login</html>", r.method)), False),
    ("302-itself", "302 without end", moves(302, "/service/token"), True),
    ("301", "301 to a place that gives a token to a GET", moves(301, "/t2", at_once), True),
    ("303", "303 to a place that gives a token to a GET", moves(303, "/t2", at_once), True),
    ("307", "307 to a place that takes the form", moves(307, "/t2", by_form), True),
    ("308", "308 to a place that takes the form", moves(308, "/t2", by_form), True),
    ("307-405", "307 to a place that answers 405, and GET is fine",
     moves(307, "/t2", lambda r: http(405, {}, b"", r.method)), True),
    ("307-403", "307 to a place that answers 403", moves(307, "/t2", lambda r: http(403, {}, b"", r.method)), False),
    ("307-302", "307, and then 302 to a place that gives a token",
     moves(307, "/t2", lambda r: http(302, {"Location": "/t2?x=y"}, b"") if not r.target.endswith("y")
           else at_once(r)), True),
    ("302-no-place", "302 without a Location", lambda s, r: http(302, {}, b"", r.method), False),
    ("302-bad-place", "302 to no URL", moves(302, "https://[::1/"), False),
])
def post_moved(place, handle):
    return keyed(place, Moves(auth="bearer", post=handle))


@each("flow/post-away", [
    ("302", "302 to another host that gives a token to a GET", 302, at_once, True),
    ("302-401", "302 to another host that answers 401, and GET is fine", 302, by_form, True),
    ("307", "307 to another host that takes the form", 307, by_form, True, {"status": "unknown"}),
])
def post_away(place, status, then):
    place.serve(App(then), IP3)
    return keyed(place, Moves(auth="bearer", post=moves(status, f"https://{TOKEN_HOST}/t2")))


# ---- long and odd headers ----

LONG = [
    ("2-mib", "2 MiB of headers", b"".join(b"X-%d: %s\r\n" % (i, b"v" * 1000) for i in range(2100)), True),
    ("9-mib", "9 MiB of headers", b"".join(b"X-%d: %s\r\n" % (i, b"v" * 10000) for i in range(900)), True),
    ("server", "a Server header of 100 KiB", b"Server: %s\r\n" % (b"v" * 100000), True),
    ("via", "a Via header of 100 KiB", b"Via: %s\r\n" % (b"v" * 100000), True),
    ("server-many", "100 Server headers of 10 KiB", b"".join(b"Server: %s\r\n" % (b"v" * 10000) for _ in range(100)),
     True),
]


@each("http/long-manifest", LONG)
def long_manifest(place, lines):
    place.serve_dns()
    place.serve(Odd(auth="bearer", where="manifest", twist=lambda h, b: h + lines + length(b) + b"\r\n" + b))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@each("proxy/long", LONG)
def long_connect(place, lines):
    rows_proxy.start(place, b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n")
    return rows_proxy.pull(place, {"HTTPS_PROXY": rows_proxy.PROXY})


@each("proxy/control", [
    ("byte", "a control byte in the answer to CONNECT", b"X: a\x01b\r\n"),
    ("name", "a header name with brackets", b"X[1]: a\r\n"),
], works=True, status="warn", newer="Go 1.20 and newer refuse such a header")
def odd_connect(place, line):
    rows_proxy.start(place, b"HTTP/1.1 200 OK\r\n" + line + b"\r\n")
    return rows_proxy.pull(place, {"HTTPS_PROXY": rows_proxy.PROXY})


@each("http/control", [
    ("config", "a control byte in a header of the config", lambda r: r.image.config),
    ("layer", "... of the layer", lambda r: r.image.layers[0]),
], works=True, status="warn", newer="Go 1.20 and newer refuse such a header")
def control_blob(place, which):
    class Byte(Registry):
        def blob(self, request, digest):
            reply = super().blob(request, digest)
            return reply if digest != which(self) else reply.replace(b"\r\n", b"\r\nX: a\x02b\r\n", 1)

    place.serve_dns()
    place.serve(Byte())
    return place.pull()


# ---- one error, and then all is well ----

@each("flow/once", [
    (f"{status}-{kind}", f"one {status} at the {kind}", kind, status)
    for kind, status in (("manifest", 500), ("manifest", 502), ("manifest", 503), ("manifest", 504), ("blob", 503))
], works=False, status="warn")  # containerd 2 asks again
def once_broken(place, kind, status):
    return rows_flow.again(place, kind, status)


@each("flow/once", [
    ("token-429", "one 429 at the token service", "token", 429),
    ("token-503", "one 503 at the token service", "token", 503),
    ("manifest-507", "one 507 at the manifest", "manifest", 507),
], works=False)
def once_final(place, kind, status):
    return rows_flow.again(place, kind, status)


# ---- addresses as hosts, and odd places of layers ----

@situation("names/literal-v6", "a registry at an IPv6 address with a port, which skopeo does not read", True, "ok")
def literal_v6(place):
    place.serve(Registry(), IP6, 5000, certificate=place.certificate("six", [IP6]))
    return place.pull(f"[{IP6}]:5000/team/app:1")


class Chain(Registry):
    """Each layer takes `hops` redirects, from one host to the next."""

    def blob(self, request, digest):
        at = request.headers["host"]
        if at == HOST and self.hops:
            return http(307, {"Location": f"https://{STORE}{request.path}?n=1"}, b"", request.method)
        if at == STORE and "n=1" in request.target and self.hops > 1:
            return http(302, {"Location": f"https://{TOKEN_HOST}{request.path}"}, b"", request.method)
        return super().blob(request, digest)

    def allowed(self, request):
        return request.headers["host"] != HOST or super().allowed(request)


@each("flow/hops", [("one", "one host behind another", 1), ("two", "two hosts behind another", 2)], works=True)
def hops(place, hops):
    place.serve_dns()
    registry = Chain(auth="bearer", hops=hops)
    for address in (IP, IP2, IP3):
        place.serve(registry, address)
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@situation("flow/hops-dead", "the second of two hosts behind the registry refuses", False, "fail",
           "blob_store_unreachable")
def hops_dead(place):
    place.serve_dns()
    registry = Chain(auth="bearer", hops=2)
    for address in (IP, IP2):
        place.serve(registry, address)
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


# ---- documents ----

@each("content/member", [
    ("layers-case", "LAYERS in capitals", lambda d: d.replace(b'"layers"', b'"LAYERS"'), True),
    ("config-case", "Config with a capital", lambda d: d.replace(b'"config"', b'"Config"'), True),
    ("size-case", "Size and Digest with capitals", lambda d: d.replace(b'"size"', b'"Size"').replace(
        b'"digest"', b'"Digest"'), True),
    ("layers-twice", "layers stands twice, the first is empty",
     lambda d: d.replace(b'"layers"', b'"layers":[],"layers"'), True),
    ("bom", "a byte order mark", lambda d: b"\xef\xbb\xbf" + d, False),
    ("blanks", "blanks and line ends around it", lambda d: b"\r\n " + d + b"\n\n", True),
    ("nul-behind", "a NUL behind the document", lambda d: d + b"\0", False),
    ("latin", "an annotation in Latin-1", lambda d: d.replace(b'"schemaVersion"', b'"annotations":{"a":"caf\xe9"},'
                                                              b'"schemaVersion"'), True),
])
def member(place, change):
    place.serve_dns()
    registry = Registry()
    media, data = registry.manifests["1"]
    registry.tag(media, change(data))
    place.serve(registry)
    return place.pull()


# ---- a token service that takes its time or its leave ----

class Drips(Registry):
    def token(self, request):
        reply = super().token(request)
        if b"t0ken" in reply:
            time.sleep(self.wait)
        return reply


@situation("flow/slow-token", "the token service answers after two seconds", True)
def slow_token(place):
    place.serve_dns()
    place.serve(Drips(auth="bearer", wait=2))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])
