# SPDX-License-Identifier: MIT
"""Which entry of a docker config is used for an image, and what an entry may hold."""

import base64
import json

from place import HOST, Registry, basic, http
from situation import each, situation

GOOD, STALE = {"auth": basic()}, {"auth": basic("bot:wrong")}
RIGHT, WRONG = "bot:s3cret", "bot:wrong"


def pull(place, document, users):
    place.serve_dns()
    place.serve(Registry(auth="bearer"))
    return place.pull(keys=[place.key_file(document)], users=users)


def row(name, title, works, document, users, **more):
    """users: the keys that the kubelet tries, in its order (None: no key)."""
    situation("keys/" + name, title, works, **more)(
        lambda place: pull(place, document, users))


row("control", "one good key", True, {"auths": {HOST: GOOD}}, [RIGHT], status="ok")
row("namespace-first", "the host's key is stale, the namespace's is good", True,
    {"auths": {HOST: STALE, HOST + "/team": GOOD}}, [RIGHT, WRONG])
row("other-namespace", "another namespace's key is stale, this one's good", True,
    {"auths": {HOST + "/other": STALE, HOST + "/team": GOOD}}, [RIGHT])
row("namespace-stale", "the namespace's key is stale, the host's is good", True,
    {"auths": {HOST: GOOD, HOST + "/team": STALE}}, [WRONG, RIGHT], status="warn",
    cause="clients_differ")
row("other-alone", "a key for another namespace alone", False,
    {"auths": {HOST + "/other": GOOD}}, [None], cause="credentials_missing")
# skopeo reads these otherwise, or not at all; only the kubelet counts for a pull secret.
row("prefix", "a key for tea fits team/app", True, {"auths": {HOST + "/tea": GOOD}}, [RIGHT],
    status="ok")
row("port", "a key for host:443", False, {"auths": {HOST + ":443": GOOD}}, [None])
row("scheme", "https://host has an old key, host a good one", True,
    {"auths": {"https://" + HOST: STALE, HOST: GOOD}}, [WRONG, RIGHT])
row("v1", "https://host/v1/", True, {"auths": {"https://" + HOST + "/v1/": GOOD}}, [RIGHT])
row("v2", "https://host/v2/", True, {"auths": {"https://" + HOST + "/v2/": GOOD}}, [RIGHT])
row("glob", "*.tencentcloudcr.com", True, {"auths": {"*.tencentcloudcr.com": GOOD}}, [RIGHT],
    status="ok")
row("glob-parts", "*.com does not fit three parts", False, {"auths": {"*.com": GOOD}}, [None])
row("glob-stale", "the exact host is stale, the glob is good", True,
    {"auths": {"*.tencentcloudcr.com": GOOD, HOST: STALE}}, [WRONG, RIGHT])
row("glob-class", "a class in a glob", True, {"auths": {"acm[a-f]-*.tencentcloudcr.com": GOOD}},
    [RIGHT], status="ok")
row("upper", "an upper-case host", False, {"auths": {HOST.upper(): GOOD}}, [None])
row("wrapped", "base64 wraps the auth", True,
    {"auths": {HOST: {"auth": basic()[:8] + "\n" + basic()[8:] + "\n"}}}, [RIGHT])
row("twice", "the entry stands twice, the last is good", True,
    '{"auths":{"%s":{"auth":"%s"},"%s":{"auth":"%s"}}}' % (HOST, basic(WRONG), HOST, basic()),
    [RIGHT])
row("other-twice", "another field stands twice", True,
    '{"auths":{"%s":{"auth":"%s"}},"a":1,"a":2}' % (HOST, basic()), [RIGHT])
row("case", "field names in another case", True, {"Auths": {HOST: {"AUTH": basic()}}}, [RIGHT])
row("user-and-password", "username and password without auth", True,
    {"auths": {HOST: {"username": "bot", "password": "s3cret"}}}, [RIGHT], status="ok")
row("old-format", "a .dockercfg", True, {HOST: GOOD}, [RIGHT], status="ok")
row("identity-token", "an identity token alone: an entry without a key", False,
    {"auths": {HOST: {"identitytoken": "opaque"}}}, [None])
row("empty-entry", "an entry of a helper: {}", False, {"auths": {HOST: {}}}, [None])
row("stale", "one stale key", False, {"auths": {HOST: STALE}}, [WRONG],
    status="fail", cause="credentials_rejected")
row("helper", "credHelpers, no auths", False,
    {"auths": {}, "credHelpers": {HOST: "none-such"}}, [None], status="unknown",
    cause="credentials_missing")
row("helper-beside", "credHelpers beside a stale key", False,
    {"auths": {HOST: STALE}, "credHelpers": {HOST: "none-such"}}, [WRONG], status="unknown")
row("store", "credsStore, no auths", False, json.dumps({"credsStore": "none-such"}), [None],
    status="unknown", cause="credentials_missing")


@situation("keys/two-files", "two docker configs, the second has the good key", True, "ok")
def two_files(place):
    place.serve_dns()
    place.serve(Registry(auth="bearer"))
    return place.pull(keys=[place.key_file({"auths": {"other.corp.test": STALE}}), place.key()],
                      users=[RIGHT], skopeo=["--authfile", place.key()])


@situation("keys/two-files-merged", "a stale key for the host in one, a good one for team in another",
           True)
def two_files_merged(place):
    place.serve_dns()
    place.serve(Registry(auth="bearer"))
    good = place.key_file({"auths": {HOST + "/team": GOOD}})
    return place.pull(keys=[place.key("bot:wrong"), good], users=[RIGHT, WRONG],
                      skopeo=["--authfile", good])


# ---- after any failure the kubelet tries the next key ----

row("headers", "HttpHeaders that are no texts: the file is refused", False,
    {"auths": {HOST: GOOD}, "HttpHeaders": {"X": 1}}, [None], status="unknown")
row("utf-16", "base64 of UTF-16", False,
    {"auths": {HOST: {"auth": base64.b64encode(RIGHT.encode("utf-16le")).decode()}}}, [None])
row("password-missing", "an entry without a password beside its identity token", False,
    {"auths": {HOST: {"auth": basic("00000000:"), "identitytoken": "opaque"}}}, [None],
    status="fail", cause="credentials_missing")


class Account(Registry):
    """The first of two good keys gets `status` at its manifests or blobs, as an account does that is over its quota."""

    def token(self, request):
        if request.headers.get("authorization") == "Basic " + basic(WRONG):
            return http(200, {}, b'{"token":"other"}')
        return super().token(request)

    def allowed(self, request):
        return request.headers.get("authorization") == "Bearer other" or super().allowed(request)

    def handle(self, request):
        other = request.headers.get("authorization") == "Bearer other"
        if other and self.kind in request.path:
            return self.error(request, self.status, "X")
        return super().handle(request)


@each("keys/account", [
    (f"{kind}-{status}", f"the first key gets {status} at {kind}", kind, status)
    for kind, status in (("manifests", 412), ("manifests", 429), ("manifests", 503), ("blobs", 404), ("blobs", 451))
], works=True, status="warn", cause="clients_differ")
def account(place, kind, status):
    place.serve_dns()
    place.serve(Account(auth="bearer", kind=kind, status=status))
    document = {"auths": {HOST + "/team": STALE, HOST: GOOD}}
    return place.pull(keys=[place.key_file(document)], users=[WRONG, RIGHT])
