# SPDX-License-Identifier: MIT
"""Lengths, chunks and codings of answers, and members of tokens, as Go 1.19 and Go 1.24 read them."""

import gzip

import rows_http
from place import Registry, http
from rows_exchanges import keyed
from rows_http import CHUNKED, ZIPPED, Asks, Tokens, chunks, length
from situation import CLIENTS_DIFFER, each

NEWER = {"status": "warn", "newer": "Go 1.24 refuses such an answer"}
HEADS = [
    ("lengths", "a length in two spellings",
     lambda h, b: h + length(b) + b"Content-Length: 0%d\r\n\r\n" % len(b) + b, False),
    ("zeros", "thirty zeros before the length",
     lambda h, b: h + b"Content-Length: " + b"0" * 30 + b"%d\r\n\r\n" % len(b) + b, True),
    ("length-beside", "a length that is none beside chunks",
     lambda h, b: h + CHUNKED + b"Content-Length: abc\r\n\r\n" + chunks(b), True, NEWER),
    ("lengths-beside", "two lengths beside chunks",
     lambda h, b: h + CHUNKED + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + chunks(b), True, NEWER),
    ("size-16", "a chunk's size of 16 digits",
     lambda h, b: h + CHUNKED + b"\r\n%016x\r\n%s\r\n0\r\n\r\n" % (len(b), b), True),
    ("size-blank", "a blank before a chunk's extension",
     lambda h, b: h + CHUNKED + b"\r\n%x ;a\r\n%s\r\n0\r\n\r\n" % (len(b), b), False),
    ("size-lf", "LF behind a chunk's size",
     lambda h, b: h + CHUNKED + b"\r\n%x\n%s\r\n0\r\n\r\n" % (len(b), b), True, NEWER),
    ("early", "103 with an unknown transfer encoding before the answer",
     lambda h, b: b"HTTP/1.1 103 X\r\nTransfer-Encoding: gzip\r\n\r\n" + h + length(b) + b"\r\n" + b, False),
    ("codings", "gzip, and then another content encoding",
     lambda h, b: h + ZIPPED + b"Content-Encoding: identity\r\n\r\n" + gzip.compress(b), True),
]
ENDS = [
    ("end", "no empty line behind the last chunk", lambda h, b: h + CHUNKED + b"\r\n" + chunks(b, last=b"0\r\n")),
    ("trailer", "a trailer without a colon",
     lambda h, b: h + CHUNKED + b"\r\n" + chunks(b, last=b"0\r\nnonsense\r\n\r\n")),
    ("trailer-long", "a trailer of 5,000 bytes",
     lambda h, b: h + CHUNKED + b"\r\n" + chunks(b, last=b"0\r\nX: " + b"y" * 5000 + b"\r\n\r\n")),
]


LATER = [  # behind the end of a token's document
    ("size-empty", "an empty size as the last",
     lambda h, b: h + CHUNKED + b"\r\n%x\r\n%s\r\n\r\n\r\n" % (len(b), b), True, NEWER),
    ("extensions", "200 bytes of extension for each byte",
     lambda h, b: h + CHUNKED + b"\r\n" + b"".join(b"1;%s\r\n%c\r\n" % (b"a" * 200, one) for one in b)
     + b"0\r\n\r\n", True, NEWER),
]


@each("framing/manifest", HEADS + LATER)
def manifest(place, twist):
    return rows_http.pull(place, "manifest", twist)


@each("framing/token", HEADS)
def token(place, twist):
    return rows_http.pull(place, "token", twist)


@each("framing/manifest", ENDS, works=False)
def manifest_end(place, twist):
    return rows_http.pull(place, "manifest", twist)


@each("framing/token", ENDS, works=True, **CLIENTS_DIFFER)
def token_end(place, twist):
    return rows_http.pull(place, "token", twist)


class Packs(Registry):
    """Packs config and layers, whether the client takes that or not."""

    def blob(self, request, digest):
        reply = super().blob(request, digest)
        return reply if request.method == "HEAD" else http(
            200, {"Content-Encoding": "gzip"}, gzip.compress(self.blobs[digest]), request.method)


@each("framing/blob", [("gzip", "gzip that nobody asked for", True)])
def blob(place):
    return keyed(place, Packs(auth="bearer"))


TOKEN = '"token":"t0ken"'


@each("framing/json", [
    ("null", "the token again, as null", '{%s,"token":null}' % TOKEN, True),
    ("null-case", "the token again in capitals, as null", '{%s,"TOKEN":null}' % TOKEN, True),
    ("order", "token, TOKEN and token", '{"token":"a","TOKEN":"b","token":"t0ken"}', True),
    ("type", "token as a number, and then as a text", '{"token":5,"token":"t0ken"}', False),
    ("large", "a number beyond 64 bits in another member", '{%s,"x":99999999999999999999999}' % TOKEN, True),
    ("exponent", "a number beyond all floats in another member", '{%s,"x":1e999}' % TOKEN, True),
    ("issued", "an escape in issued_at", '{%s,"issued_at":"2026-01-01T01:00:00\\u005a"}' % TOKEN, False),
    ("zero", "a number with a zero in front, beyond 64 bits", '{%s,"x":099999999999999999999}' % TOKEN, False),
])
def token_json(place, text):
    return keyed(place, Tokens(auth="bearer", text=text))


@each("framing/realm", [("dots", "dot segments in the realm, which clients keep", False)])
def realm(place):
    return keyed(place, Asks(auth="bearer", line=lambda b: b.replace("/service/token", "/x/../service/token")))
