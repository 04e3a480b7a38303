# SPDX-License-Identifier: MIT
"""Further answers, redirects, challenges and tokens as Go and containerd read them."""

import gzip
from place import HOST, IP2, IP6, STORE
from situation import CLIENTS_DIFFER, each
import rows_http
from rows_http import Asks, Tokens, Moved, length, chunks, CHUNKED, STORE_URL


def keyed(place, registry, reference=HOST + "/team/app:1", **more):
    place.serve_dns()
    place.serve(registry)
    return place.pull(reference, keys=[place.key()], users=["bot:s3cret"], **more)


GOOD = [
    (
        "early",
        "103 before the answer",
        lambda h, b: b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + h + length(b) + b"\r\n" + b,
    ),
    (
        "continue",
        "100 before the answer",
        lambda h, b: b"HTTP/1.1 100 Continue\r\n\r\n" + h + length(b) + b"\r\n" + b,
    ),
    (
        "zeros",
        "zeros before the length",
        lambda h, b: h + b"Content-Length: 000%d\r\n\r\n" % len(b) + b,
    ),
    (
        "length-blanks",
        "blanks around the length",
        lambda h, b: h + b"Content-Length:   %d  \r\n\r\n" % len(b) + b,
    ),
    (
        "chunked-upper",
        "CHUNKED",
        lambda h, b: h + b"Transfer-Encoding: CHUNKED\r\n\r\n" + chunks(b),
    ),
    (
        "trailer",
        "a trailer behind the chunks",
        lambda h, b: h
        + b"Trailer: X\r\n"
        + CHUNKED
        + b"\r\n"
        + chunks(b, last=b"0\r\nX: y\r\n\r\n"),
    ),
    (
        "chunk-zeros",
        "zeros before a chunk's size",
        lambda h, b: h + CHUNKED + b"\r\n" + b"0000%x\r\n%s\r\n0\r\n\r\n" % (len(b), b),
    ),
    (
        "chunk-upper",
        "a chunk's size in capitals",
        lambda h, b: h + CHUNKED + b"\r\n" + b"%X\r\n%s\r\n0\r\n\r\n" % (len(b), b),
    ),
    (
        "many-chunks",
        "chunks of one byte",
        lambda h, b: h
        + CHUNKED
        + b"\r\n"
        + b"".join((b"1\r\n%c\r\n" % c for c in b))
        + b"0\r\n\r\n",
    ),
    (
        "gzip-upper",
        "GZIP in capitals",
        lambda h, b: h
        + b"Content-Encoding: GZIP\r\n"
        + length(gzip.compress(b))
        + b"\r\n"
        + gzip.compress(b),
    ),
    ("longer", "bytes behind the body", lambda h, b: h + length(b) + b"\r\n" + b + b"more"),
    ("1.0", "HTTP/1.0", lambda h, b: h.replace(b"HTTP/1.1", b"HTTP/1.0") + length(b) + b"\r\n" + b),
    (
        "latin-header",
        "Latin-1 in a header",
        lambda h, b: h + b"X: caf\xe9\r\n" + length(b) + b"\r\n" + b,
    ),
    (
        "empty-value",
        "a header without a value",
        lambda h, b: h + b"X:\r\n" + length(b) + b"\r\n" + b,
    ),
    (
        "identity-gzip",
        "an unknown content encoding",
        lambda h, b: h + b"Content-Encoding: identity\r\n" + length(b) + b"\r\n" + b,
    ),
    (
        "version-9",
        "HTTP/1.9",
        lambda h, b: h.replace(b"HTTP/1.1", b"HTTP/1.9") + length(b) + b"\r\n" + b,
    ),
    (
        "reason-utf8",
        "a reason in UTF-8",
        lambda h, b: h.replace(b" OK", b" \xe6\x88\x90\xe5\x8a\x9f") + length(b) + b"\r\n" + b,
    ),
    (
        "blanks-status",
        "two blanks before the status",
        lambda h, b: h.replace(b"HTTP/1.1 200", b"HTTP/1.1  200") + length(b) + b"\r\n" + b,
    ),
    (
        "big-header",
        "one header of 60 KiB",
        lambda h, b: h + b"X: %s\r\n" % (b"v" * 60000) + length(b) + b"\r\n" + b,
    ),
    (
        "huge-header",
        "a header of 900 KiB",
        lambda h, b: h + b"X: %s\r\n" % (b"v" * 900000) + length(b) + b"\r\n" + b,
    ),
    (
        "keep-alive",
        "the connection stays open",
        lambda h, b: h.replace(b"close", b"keep-alive") + length(b) + b"\r\n" + b,
    ),
    (
        "5-early",
        "five times 103",
        lambda h, b: b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5 + h + length(b) + b"\r\n" + b,
    ),
    (
        "name-blank",
        "a blank before the colon of the length",
        lambda h, b: h + b"Content-Length : %d\r\n\r\n" % len(b) + b,
    ),
    ("2.0", "HTTP/2.0", lambda h, b: h.replace(b"HTTP/1.1", b"HTTP/2.0") + length(b) + b"\r\n" + b),
]
# Go refuses these from 1.20 on, the last one from 1.22 on.
ODD = [
    (
        "odd-name",
        "a header name with parentheses",
        lambda h, b: h + b"X(a): b\r\n" + length(b) + b"\r\n" + b,
    ),
    (
        "name-utf8",
        "a header name in UTF-8",
        lambda h, b: h + b"caf\xc3\xa9: b\r\n" + length(b) + b"\r\n" + b,
    ),
    (
        "name-empty",
        "a header without a name",
        lambda h, b: h + b": x\r\n" + length(b) + b"\r\n" + b,
    ),
    (
        "nul",
        "a NUL in a header's value",
        lambda h, b: h + b"X: a\x00b\r\n" + length(b) + b"\r\n" + b,
    ),
    (
        "cr",
        "a bare CR in a header's value",
        lambda h, b: h + b"X: a\rb\r\n" + length(b) + b"\r\n" + b,
    ),
    ("length-empty", "an empty length", lambda h, b: h + b"Content-Length:\r\n\r\n" + b),
]
BAD = [
    (
        "status-4",
        "a status of four digits",
        lambda h, b: h.replace(b"200", b"2000") + length(b) + b"\r\n" + b,
    ),
    (
        "status-2",
        "a status of two digits",
        lambda h, b: h.replace(b"200", b"20") + length(b) + b"\r\n" + b,
    ),
    (
        "http-lower",
        "http/1.1 in small letters",
        lambda h, b: h.replace(b"HTTP", b"http") + length(b) + b"\r\n" + b,
    ),
    (
        "length-list",
        "a list of equal lengths",
        lambda h, b: h + b"Content-Length: %d, %d\r\n\r\n" % (len(b), len(b)) + b,
    ),
    (
        "length-hex",
        "a length in hexadecimal",
        lambda h, b: h + b"Content-Length: 0x%x\r\n\r\n" % len(b) + b,
    ),
    (
        "length-huge",
        "a length beyond 63 bits",
        lambda h, b: h + b"Content-Length: 9999999999999999999\r\n\r\n" + b,
    ),
    (
        "identity",
        "the transfer encoding identity",
        lambda h, b: h + b"Transfer-Encoding: identity\r\n" + length(b) + b"\r\n" + b,
    ),
    (
        "chunked-twice",
        "chunked, chunked",
        lambda h, b: h + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + chunks(b),
    ),
    (
        "encodings",
        "two lines of Transfer-Encoding",
        lambda h, b: h + CHUNKED * 2 + b"\r\n" + chunks(b),
    ),
    ("chunk-0x", "0x before a chunk's size", lambda h, b: h + CHUNKED + b"\r\n0x" + chunks(b)),
    (
        "deflate",
        "deflate",
        lambda h, b: h + b"Content-Encoding: deflate\r\n\r\n" + __import__("zlib").compress(b),
    ),
    ("x-gzip", "x-gzip", lambda h, b: h + b"Content-Encoding: x-gzip\r\n\r\n" + gzip.compress(b)),
    (
        "6-early",
        "six times 103",
        lambda h, b: b"HTTP/1.1 103 Early Hints\r\n\r\n" * 6 + h + length(b) + b"\r\n" + b,
        {"status": "fail", "newer": "Go 1.24 counts their bytes, not how many there are"},
    ),
    ("crlf", "an empty line before the answer", lambda h, b: b"\r\n" + h + length(b) + b"\r\n" + b),
    (
        "1.0-chunked",
        "chunks in HTTP/1.0",
        lambda h, b: h.replace(b"HTTP/1.1", b"HTTP/1.0") + CHUNKED + b"\r\n" + chunks(b),
    ),
    ("nothing", "the connection ends without a byte", lambda h, b: b""),
    (
        "many-headers",
        "12 MiB of headers",
        lambda h, b: h + b"X: %s\r\n" % (b"v" * 100000) * 120 + length(b) + b"\r\n" + b,
    ),
    (
        "status-glued",
        "HTTP/1.1 200OK",
        lambda h, b: h.replace(b"200 OK", b"200OK") + length(b) + b"\r\n" + b,
    ),
    (
        "fold-first",
        "a folded line right behind the status",
        lambda h, b: h.replace(b"OK\r\n", b"OK\r\n X: y\r\n") + length(b) + b"\r\n" + b,
    ),
]


@each("http/token", GOOD, works=True)
def token(place, twist):
    return rows_http.pull(place, "token", twist)


@each("http/manifest", GOOD, works=True)
def manifest(place, twist):
    return rows_http.pull(place, "manifest", twist)


@each("http/token", ODD, works=True, status="warn", newer="newer versions of Go refuse such a header")
def odd_token(place, twist):
    return rows_http.pull(place, "token", twist)


@each("http/manifest", ODD, works=True, status="warn", newer="newer versions of Go refuse such a header")
def odd_manifest(place, twist):
    return rows_http.pull(place, "manifest", twist)


@each("http/bad-token", BAD, works=False)
def bad_token(place, twist):
    return rows_http.pull(place, "token", twist)


@each("http/bad-manifest", BAD, works=False)
def bad_manifest(place, twist):
    return rows_http.pull(place, "manifest", twist)


@each(
    "http/location",
    [
        ("upper", "HTTPS://", lambda path: "HTTPS://" + STORE + path, True),
        ("path-utf8", "UTF-8 in the path", lambda path: STORE_URL + path + "/cafÃ©", False),
        ("tab", "a tab in the query", lambda path: STORE_URL + path + "?a=\tb", False),
        ("escape", "a broken escape in the path", lambda path: STORE_URL + "/%zz" + path, False),
        (
            "escape-query",
            "a broken escape in the query",
            lambda path: STORE_URL + path + "?a=%zz",
            True,
        ),
        ("port-bad", "a port that is no number", lambda path: STORE_URL + ":https" + path, False),
        ("port-empty", "an empty port", lambda path: STORE_URL + ":" + path, True),
        ("no-host", "https:///path", lambda path: "https://" + path, False),
        ("scheme", "another scheme", lambda path: "ftp://" + STORE + path, False),
        ("empty", "an empty Location", lambda path: "", False),
        ("blanks", "blanks around it", lambda path: "  " + STORE_URL + path + "  ", True),
        ("backslash", "backslashes", lambda path: "https:\\\\" + STORE + path, False),
        ("v6", "an IPv6 address", lambda path: f"https://[{IP6}]" + path, False),
        ("dots", "dot segments", lambda path: STORE_URL + "/x/.." + path, True),
        ("query-only", "the query again", lambda path: "?x=1", False),
        ("user-only", "a user without a word", lambda path: "https://user@" + STORE + path, True),
        ("angle", "angle brackets in the query", lambda path: STORE_URL + path + '?a=<b>"', True),
        ("bar", "a bar and a caret in the path", lambda path: STORE_URL + path + "?a=|^{}`", True),
        ("colon-first", "a first segment with a colon", lambda path: "v2:x/y", False),
    ],
)
def location(place, place_of):
    place.serve_dns()
    registry = Moved(auth="bearer", place_of=place_of)
    place.serve(registry)
    place.serve(registry, IP2)
    return place.pull(keys=[place.key()], users=["bot:s3cret"])


@each(
    "http/challenge",
    [
        ("unquoted", "values without quotes", lambda b: b.replace('"', ""), False),
        ("single", "single quotes", lambda b: b.replace('"', "'"), False),
        ("semicolon", "semicolons", lambda b: b.replace(",", ";"), True),
        ("comma-end", "a comma at the end", lambda b: b + ",", True),
        (
            "upper-names",
            "names in capitals",
            lambda b: b.replace("realm", "Realm").replace("service=", "Service="),
            True,
        ),
        ("no-service", "no service", lambda b: b.replace(',service="harbor-registry"', ""), True),
        ("no-realm", "no realm", lambda b: b.replace("realm=", "x="), False),
        ("only", "Bearer alone", lambda b: "Bearer", False),
        ("relative", "a relative realm", lambda b: b.replace("https://" + HOST, ""), False),
        ("tabs", "tabs between parameters", lambda b: b.replace(",", ",\t"), True),
        (
            "two",
            "Negotiate in a header of its own first",
            lambda b: "Negotiate\r\nWWW-Authenticate: " + b,
            True,
        ),
        (
            "basic-own",
            "Basic in a header of its own first",
            lambda b: 'Basic realm="x"\r\nWWW-Authenticate: ' + b,
            True,
            CLIENTS_DIFFER,
        ),
        (
            "basic-behind",
            "Basic in a header of its own behind",
            lambda b: b + '\r\nWWW-Authenticate: Basic realm="x"',
            True,
        ),
        ("digest", "Digest alone", lambda b: 'Digest realm="x", nonce="y"', False),
        ("none", "no challenge", lambda b: None, False),
        ("empty", "an empty challenge", lambda b: "", False),
        (
            "query",
            "a query in the realm",
            lambda b: b.replace("/service/token", "/service/token?x=y"),
            True,
        ),
        (
            "fragment",
            "a fragment in the realm",
            lambda b: b.replace("/service/token", "/service/token#x"),
            True,
        ),
        (
            "blank-realm",
            "a blank before the realm",
            lambda b: b.replace('realm="', 'realm=" '),
            False,
        ),
        ("scope-twice", "scope stands twice", lambda b: b + ',scope="repository:x:pull"', True),
        (
            "scope-empty",
            "an empty scope",
            lambda b: b.replace('scope="repository:team/app:pull"', 'scope=""'),
            True,
        ),
        (
            "scopes",
            "two scopes in one",
            lambda b: b.replace(':pull"', ':pull repository:team/base:pull"'),
            True,
        ),
        ("error", "an error beside", lambda b: b + ',error="invalid_token"', True),
        (
            "error-scope",
            "insufficient_scope beside",
            lambda b: b + ',error="insufficient_scope"',
            True,
        ),
        ("user", "a user in the realm", lambda b: b.replace("https://", "https://u:p@"), True),
        ("http", "a realm of http", lambda b: b.replace("https://", "http://"), False),
        ("utf8", "UTF-8 in the service", lambda b: b.replace("harbor-registry", "æ\x9c\x8d"), True),
        (
            "blanks-service",
            "blanks in the service",
            lambda b: b.replace("harbor-registry", "my registry & co"),
            True,
        ),
        ("bearer-twice", "two Bearer challenges", lambda b: b + "\r\nWWW-Authenticate: " + b, True),
        (
            "bearer-bad-first",
            "a Bearer with a dead realm first",
            lambda b: b.replace("/service/token", "/none") + "\r\nWWW-Authenticate: " + b,
            False,
        ),
    ],
)
def challenge(place, line):
    return keyed(place, Asks(auth="bearer", line=line))


@each(
    "http/json",
    [
        ("exponent", "expires_in as 3e2", '{"token":"t0ken","expires_in":3e2}', False),
        ("negative", "a negative expiry", '{"token":"t0ken","expires_in":-1}', True),
        (
            "huge",
            "an expiry beyond 64 bits",
            '{"token":"t0ken","expires_in":99999999999999999999}',
            False,
        ),
        ("bool", "a boolean expiry", '{"token":"t0ken","expires_in":true}', False),
        ("bom", "a byte order mark", 'ï»¿{"token":"t0ken"}', False),
        (
            "trailing",
            "text behind the document",
            '{"token":"t0ken"} and more',
            True,
        ),
        ("second", "a second document", '{"token":"t0ken"}{"token":"x"}', True),
        ("escape", "escapes in the token", '{"token":"\\u0074\\u0030ken"}', True),
        ("bad-escape", "an unknown escape", '{"token":"t0ken","x":"\\x"}', False),
        ("nan", "NaN", '{"token":"t0ken","x":NaN}', False),
        ("comment", "a comment", '{"token":"t0ken" /* x */}', False),
        ("single", "single quotes", "{'token':'t0ken'}", False),
        ("control", "a newline inside a text", '{"token":"t0ken","x":"a\nb"}', False),
        ("surrogate", "half a surrogate pair", '{"token":"t0ken","x":"\\ud800"}', True),
        ("nul", "an escaped NUL in another member", '{"token":"t0ken","x":"a\\u0000b"}', True),
        ("blank-token", "a token with a blank at its end", '{"token":"t0ken "}', True),
        ("newline-token", "a token with a newline at its end", '{"token":"t0ken\\n"}', False),
        (
            "empty-token",
            "token empty, access_token good",
            '{"token":"","access_token":"t0ken"}',
            True,
        ),
        (
            "empty-access",
            "access_token empty, token good",
            '{"token":"t0ken","access_token":""}',
            True,
        ),
        (
            "other-access",
            "access_token is another one",
            '{"token":"t0ken","access_token":"x"}',
            False,
        ),
        (
            "other-token",
            "token is another one",
            '{"token":"x","access_token":"t0ken"}',
            True,
            CLIENTS_DIFFER,
        ),
        (
            "deep",
            "a thousand levels",
            '{"token":"t0ken","x":' + "[" * 1000 + "]" * 1000 + "}",
            True,
        ),
        (
            "deep-far",
            "20,000 levels",
            '{"token":"t0ken","x":' + "[" * 20000 + "]" * 20000 + "}",
            False,
        ),
        ("zero-lead", "a number with a zero in front", '{"token":"t0ken","x":01}', False),
        (
            "null-token",
            "token null, access_token good",
            '{"token":null,"access_token":"t0ken"}',
            True,
        ),
        ("null", "null", "null", False),
        ("refresh", "a refresh token beside", '{"token":"t0ken","refresh_token":"r"}', True),
        (
            "refresh-number",
            "a refresh token that is a number",
            '{"token":"t0ken","refresh_token":5}',
            False,
        ),
        ("scope-list", "scope as a list", '{"token":"t0ken","scope":["a"]}', True),
        (
            "issued-blank",
            "issued_at with a blank for the T",
            '{"token":"t0ken","issued_at":"2026-01-01 00:00:00Z"}',
            False,
        ),
        (
            "issued-zone",
            "issued_at with an offset",
            '{"token":"t0ken","issued_at":"2026-01-01T00:00:00.123456789+08:00"}',
            True,
        ),
        (
            "issued-no-zone",
            "issued_at without a zone",
            '{"token":"t0ken","issued_at":"2026-01-01T00:00:00"}',
            False,
        ),
        (
            "issued-number",
            "issued_at as a number",
            '{"token":"t0ken","issued_at":1700000000}',
            False,
        ),
        ("issued-empty", "issued_at empty", '{"token":"t0ken","issued_at":""}', False),
        (
            "issued-30feb",
            "issued_at on February 30",
            '{"token":"t0ken","issued_at":"2026-02-30T00:00:00Z"}',
            False,
        ),
        (
            "issued-comma",
            "issued_at with a comma",
            '{"token":"t0ken","issued_at":"2026-02-03T00:00:00,5Z"}',
            True,
        ),
        ("empty", "an empty body", "", False),
        (
            "long-token",
            "a token of 12 KiB beside a short one",
            '{"token":"t0ken","x":"' + "y" * 12000 + '"}',
            True,
        ),
        ("bad-utf8", "broken UTF-8 in a key", '{"token":"t0ken","ÿþ":1}', True),
        ("expires-upper", "EXPIRES_IN as a text", '{"token":"t0ken","EXPIRES_IN":"x"}', False),
        ("float-zero", "expires_in as 300.0", '{"token":"t0ken","expires_in":300.0}', False),
    ],
)
def token_json(place, text):
    return keyed(place, Tokens(auth="bearer", text=text))
