# SPDX-License-Identifier: MIT
"""Answers as Go's net/http reads them, at the token service and at the manifest."""

import gzip

from place import IP2, STORE, Registry, http
from situation import each

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


class Odd(Registry):
    """twist(head, body) makes the bytes of every token answer, or of every manifest."""

    def bent(self, request, reply):
        head, body = reply.split(b"\r\n\r\n", 1)
        if not body or request.method != "GET" or b" 200 " not in head[:14]:
            return reply
        lines = [line for line in head.split(b"\r\n")
                 if not line.lower().startswith(b"content-length")]
        return self.twist(b"\r\n".join(lines) + b"\r\n", body)

    def handle(self, request):
        reply = super().handle(request)
        here = ("token" if request.path == "/service/token" else
                "manifest" if "/manifests/" in request.path else "")
        return self.bent(request, reply) if here == self.where else reply


def length(body):
    return b"Content-Length: %d\r\n" % len(body)


def chunks(body, blanks=b"", last=b"0\r\n\r\n"):
    return b"%x%s\r\n%s\r\n" % (len(body), blanks, body) + last


CHUNKED = b"Transfer-Encoding: chunked\r\n"
ZIPPED = b"Content-Encoding: gzip\r\n"
GOOD = [
    ("to-end", "a body that ends with the connection", lambda h, b: h + b"\r\n" + b),
    ("both", "Content-Length beside chunked",
     lambda h, b: h + b"Content-Length: 1\r\n" + CHUNKED + b"\r\n" + chunks(b)),
    ("twice", "one Content-Length twice", lambda h, b: h + length(b) * 2 + b"\r\n" + b),
    ("lf", "lines that end in LF",
     lambda h, b: (h + length(b) + b"\r\n").replace(b"\r\n", b"\n") + b),
    ("blanks", "blanks after a chunk's size",
     lambda h, b: h + CHUNKED + b"\r\n" + chunks(b, b"  ")),
    ("extension", "an extension after a chunk's size",
     lambda h, b: h + CHUNKED + b"\r\n" + chunks(b, b";a=b")),
    ("headers", "500 headers",
     lambda h, b: h + b"".join(b"X-%d: v\r\n" % i for i in range(500)) + length(b) + b"\r\n" + b),
    ("cookies", "100 KiB of headers",
     lambda h, b: h + b"Set-Cookie: a=%s\r\n" % (b"v" * 1000) * 100 + length(b) + b"\r\n" + b),
    ("folded", "a folded header", lambda h, b: h + b"X: a\r\n b\r\n" + length(b) + b"\r\n" + b),
    ("gzip", "gzip that nobody asked for",
     lambda h, b: h + ZIPPED + length(gzip.compress(b)) + b"\r\n" + gzip.compress(b)),
    ("gzip-twice", "two members of gzip",
     lambda h, b: h + ZIPPED + b"\r\n" + gzip.compress(b[:9]) + gzip.compress(b[9:])),
    ("reason", "a status line without a reason",
     lambda h, b: h.replace(b" OK", b"", 1) + length(b) + b"\r\n" + b),
]
BAD = [
    ("lengths", "two different Content-Lengths",
     lambda h, b: h + length(b) + b"Content-Length: 3\r\n\r\n" + b),
    ("sign", "a Content-Length with a sign",
     lambda h, b: h + length(b).replace(b": ", b": +") + b"\r\n" + b),
    ("colon", "a header line without a colon", lambda h, b: h + b"nonsense\r\n" + length(b) + b"\r\n" + b),
    ("encoding", "an unknown transfer encoding",
     lambda h, b: h + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks(b)),
    ("cut", "a body that is cut", lambda h, b: h + length(b + b"xx") + b"\r\n" + b[:5]),
    ("no-gzip", "gzip that is none", lambda h, b: h + ZIPPED + length(b) + b"\r\n" + b),
    ("version", "a version that is none",
     lambda h, b: h.replace(b"HTTP/1.1", b"HTTP/x.1", 1) + length(b) + b"\r\n" + b),
    ("chunk", "a chunk size that is no number", lambda h, b: h + CHUNKED + b"\r\nxyz\r\n" + b),
]


def pull(place, where, twist, rude=False):
    place.serve_dns()
    place.serve(Odd(auth="bearer", where=where, twist=twist), rude=rude)
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@each("http/token", GOOD, works=True)
def token(place, twist):
    return pull(place, "token", twist)


@each("http/manifest", GOOD, works=True)
def manifest(place, twist):
    return pull(place, "manifest", twist)


@each("http/control", [("token", "a control byte in a header of the token", "token"),
                       ("manifest", "... of the manifest", "manifest")],
      works=True, status="warn", newer="Go 1.20 and newer refuse such a header")
def control_byte(place, where):
    return pull(place, where, lambda h, b: h + b"X: a\x01b\r\n" + length(b) + b"\r\n" + b)


@each("http/rude", [
    ("token", "a token without length, and the connection ends without close_notify", "token"),
    ("manifest", "a manifest like that", "manifest"),
], works=True)
def rude(place, where):
    return pull(place, where, GOOD[0][2], rude=True)


@each("http/bad-token", BAD, works=False)
def bad_token(place, twist):
    return pull(place, "token", twist)


@each("http/bad-manifest", BAD, works=False)
def bad_manifest(place, twist):
    return pull(place, "manifest", twist)


class Moved(Registry):
    """The layer is elsewhere; `place_of(path)` writes the Location."""

    def blob(self, request, digest):
        if request.headers.get("host", "").startswith("cos."):
            return super().blob(request, digest)
        return http(307, {"Location": self.place_of(request.target)}, b"", request.method)

    def allowed(self, request):
        return request.headers.get("host", "").startswith("cos.") or super().allowed(request)


STORE_URL = "https://" + STORE


@each("http/location", [
    ("query", "a signed query", lambda path: STORE_URL + path + "?q-sign-time=1;2&x=%2F+a"),
    ("utf-8", "UTF-8 in the query", lambda path: STORE_URL + path + "?name=caf\u00c3\u00a9"),
    ("blank", "a blank in the query", lambda path: STORE_URL + path + "?name=a b"),
    ("long", "a query of 16 KiB", lambda path: STORE_URL + path + "?x=" + "y" * 16384),
    ("user", "user information", lambda path: "https://user:word@" + STORE + path),
    ("port", "the port is written", lambda path: STORE_URL + ":443" + path),
    ("relative", "without scheme", lambda path: "//" + STORE + path),
    ("fragment", "a fragment", lambda path: STORE_URL + path + "#x"),
], works=True)
def location(place, place_of):
    place.serve_dns()
    registry = Moved(auth="bearer", place_of=place_of)
    place.serve(registry)
    place.serve(registry, IP2)
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


class Asks(Registry):
    """Answers 401 with the challenges that `lines` make."""

    def challenge(self, request, scope=None):
        bearer = super().challenge(request, scope)["WWW-Authenticate"]
        return {"WWW-Authenticate": self.line(bearer)}


@each("http/challenge", [
    ("lower", "bearer in lower case", lambda b: b.replace("Bearer", "bearer")),
    ("before", "Bearer before Negotiate in one line", lambda b: b + ", Negotiate"),
    ("blanks", "blanks around the equals signs", lambda b: b.replace('",', '" , ')),
    ("extra", "an unknown parameter", lambda b: b + ',foo="bar, baz"'),
    ("escape", "an escaped quote in a parameter", lambda b: b + ',foo="a\\"b"'),
], works=True)
def challenges(place, line):
    place.serve_dns()
    place.serve(Asks(auth="bearer", line=line))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@each("http/bad-challenge", [
    ("after", "Bearer after Basic in one line", lambda b: 'Basic realm="x", ' + b),
], works=False)
def bad_challenges(place, line):
    place.serve_dns()
    place.serve(Asks(auth="bearer", line=line))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


class Tokens(Registry):
    def token(self, request):
        reply = super().token(request)
        if b" 200 " not in reply[:14] or b"t0ken" not in reply:
            return reply
        return http(200, {"Content-Type": "application/json"}, self.text.encode("latin-1"),
                    request.method)


@each("http/token-json", [
    ("access", "access_token in place of token", '{"access_token":"t0ken","expires_in":300}'),
    ("both", "both", '{"token":"t0ken","access_token":"t0ken"}'),
    ("no-expiry", "without expires_in", '{"token":"t0ken"}'),
    ("issued", "issued_at", '{"token":"t0ken","issued_at":"2020-01-01T00:00:00Z"}'),
    ("twice", "a key twice", '{"token":"old","token":"t0ken"}'),
    ("case", "a key in capitals", '{"TOKEN":"t0ken"}'),
    ("latin-1", "Latin-1 in another member", '{"token":"t0ken","note":"caf\u00e9"}'),
    ("after", "bytes after the document", '{"token":"t0ken"}\n\n'),
    ("null", "null for other members", '{"token":"t0ken","expires_in":null,"issued_at":null}'),
    ("control", "an unknown member with an object", '{"token":"t0ken","x":{"y":[1,2.5e3]}}'),
], works=True)
def token_json(place, text):
    place.serve_dns()
    place.serve(Tokens(auth="bearer", text=text))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@each("http/bad-token-json", [
    ("expiry-text", "expires_in as a text", '{"token":"t0ken","expires_in":"300"}'),
    ("expiry-half", "expires_in as 300.5", '{"token":"t0ken","expires_in":300.5}'),
    ("issued", "issued_at that is no date", '{"token":"t0ken","issued_at":"yesterday"}'),
    ("number", "a number for the token", '{"token":5}'),
    ("empty", "no token", '{}'),
    ("array", "an array", '["t0ken"]'),
    ("html", "a page", '<html></html>'),
], works=False)
def bad_token_json(place, text):
    place.serve_dns()
    place.serve(Tokens(auth="bearer", text=text))
    return place.pull(keys=[place.key()], users=["bot:s3cret"])
