# SPDX-License-Identifier: MIT
"""How docker configs, their places and their keys are written."""

import json
from place import HOST, Registry, basic
from situation import each, situation
from rows_keys import row, GOOD, RIGHT, WRONG

TEXT = '{"auths":{"%s":%s}}'
AUTH = '"auth":"%s"' % basic()
for name, title, works, document, users, more in [
    ("slash", "https://host/", True, {"auths": {"https://" + HOST + "/": GOOD}}, [RIGHT], {}),
    ("v2-bare", "host/v2 without a slash", False, {"auths": {HOST + "/v2": GOOD}}, [None], {}),
    (
        "v2-team",
        "https://host/v2/team",
        True,
        {"auths": {"https://" + HOST + "/v2/team": GOOD}},
        [RIGHT],
        {},
    ),
    ("http", "http://host", True, {"auths": {"http://" + HOST: GOOD}}, [RIGHT], {}),
    ("scheme-upper", "HTTPS://host", False, {"auths": {"HTTPS://" + HOST: GOOD}}, [None], {}),
    (
        "url-user",
        "https://bot@host",
        True,
        {"auths": {"https://bot@" + HOST: GOOD}},
        [RIGHT],
        {"status": "ok"},
    ),
    (
        "escaped-path",
        "host/%74eam",
        True,
        {"auths": {HOST + "/%74eam": GOOD}},
        [RIGHT],
        {"status": "ok"},
    ),
    ("bad-escape", "host/%zz is no URL", False, {"auths": {HOST + "/%zz": GOOD}}, [None], {}),
    ("blank", "a blank behind the host", False, {"auths": {HOST + " ": GOOD}}, [None], {}),
    (
        "query",
        "host/team?x=1",
        True,
        {"auths": {HOST + "/team?x=1": GOOD}},
        [RIGHT],
        {"status": "ok"},
    ),
    (
        "tagged",
        "a key for host/team/app:1",
        False,
        {"auths": {HOST + "/team/app:1": GOOD}},
        [None],
        {},
    ),
    (
        "repository",
        "a key for host/team/app",
        True,
        {"auths": {HOST + "/team/app": GOOD}},
        [RIGHT],
        {},
    ),
    (
        "repository-slash",
        "a key for host/team/app/",
        False,
        {"auths": {HOST + "/team/app/": GOOD}},
        [None],
        {},
    ),
    ("path-glob", "a glob in the path", False, {"auths": {HOST + "/te*": GOOD}}, [None], {}),
    (
        "glob-not",
        "[!e] is no negation for Go",
        True,
        {"auths": {"acm[!e]-prod.tencentcloudcr.com": GOOD}},
        [RIGHT],
        {"status": "ok"},
    ),
    (
        "glob-caret",
        "[^b] makes the place no URL",
        False,
        {"auths": {"acm[^b]-prod.tencentcloudcr.com": GOOD}},
        [None],
        {},
    ),
    (
        "glob-posix",
        "[[:alpha:]] makes the place no URL",
        False,
        {"auths": {"acm[[:alpha:]]-prod.tencentcloudcr.com": GOOD}},
        [None],
        {},
    ),
    (
        "glob-mark",
        "a question mark ends the URL",
        False,
        {"auths": {"acme-pro?.tencentcloudcr.com": GOOD}},
        [None],
        {},
    ),
    (
        "glob-open",
        "an open bracket",
        False,
        {"auths": {"[acme-prod.tencentcloudcr.com": GOOD}},
        [None],
        {},
    ),
    ("glob-all", "*.*.*", True, {"auths": {"*.*.*": GOOD}}, [RIGHT], {"status": "ok"}),
    (
        "unpadded",
        "base64 without padding: the file is refused",
        True,
        {"auths": {HOST: {"auth": basic().rstrip("=") if "=" in basic() else basic()[:-1]}}},
        [RIGHT],
        {"status": "ok"},
    ),
    (
        "url-safe",
        "URL-safe base64: the file is refused",
        False,
        {"auths": {HOST: GOOD, "other.test": {"auth": "Ym90Oj8_Pz8-"}}},
        [None],
        {"status": "unknown"},
    ),
    (
        "blank-base64",
        "a blank behind the base64",
        False,
        {"auths": {HOST: {"auth": basic() + " "}}},
        [None],
        {},
    ),
    (
        "no-colon",
        "auth without a colon in another entry",
        False,
        {"auths": {HOST: GOOD, "other.test": {"auth": "Ym90"}}},
        [None],
        {"status": "unknown"},
    ),
    (
        "bom",
        "a byte order mark before the JSON",
        False,
        "\ufeff" + json.dumps({"auths": {HOST: GOOD}}),
        [None],
        {},
    ),
    ("comma", "a comma too much", False, TEXT % (HOST, "{" + AUTH + ",}"), [None], {}),
    (
        "garbage",
        "garbage behind the JSON",
        False,
        TEXT % (HOST, "{" + AUTH + "}") + "}",
        [None],
        {},
    ),
    (
        "email-number",
        "email is a number",
        False,
        TEXT % (HOST, "{" + AUTH + ',"email":5}'),
        [None],
        {"status": "unknown"},
    ),
    (
        "auth-number",
        "auth is a number in another entry",
        False,
        {"auths": {HOST: GOOD, "o.test": {"auth": 5}}},
        [None],
        {},
    ),
    (
        "user-null",
        "username null beside auth",
        True,
        {"auths": {HOST: {"auth": basic(), "username": None}}},
        [RIGHT],
        {},
    ),
    (
        "both",
        "auth wins over username and password",
        True,
        {"auths": {HOST: {"auth": basic(), "username": "x", "password": "y"}}},
        [RIGHT],
        {},
    ),
    (
        "both-stale",
        "a stale auth wins over a good password",
        False,
        {"auths": {HOST: {"auth": basic(WRONG), "username": "bot", "password": "s3cret"}}},
        [WRONG],
        {},
    ),
    (
        "newline",
        "a newline behind the password inside the base64",
        False,
        {"auths": {HOST: {"auth": basic("bot:s3cret\n")}}},
        ["bot:s3cret\n"],
        {},
    ),
    ("auths-null", "auths is null", False, {"auths": None}, [None], {}),
    ("auths-list", "auths is a list", False, {"auths": []}, [None], {}),
    ("empty-file", "an empty file", False, "", [None], {}),
    (
        "old-beside",
        "a .dockercfg entry beside auths",
        False,
        {HOST: GOOD, "auths": {"o.test": GOOD}},
        [None],
        {},
    ),
    (
        "registry-token",
        "a registrytoken beside auth",
        True,
        {"auths": {HOST: {"auth": basic(), "registrytoken": ""}}},
        [RIGHT],
        {},
    ),
    (
        "escaped",
        "a key with escapes in JSON",
        True,
        '{"auths":{"%s":{%s}}}' % (HOST.replace("a", "\\u0061"), AUTH),
        [RIGHT],
        {},
    ),
]:
    row(name, title, works, document, users, **more)


@each(
    "keys/password",
    [
        ("colon", "a colon in the password", "bot:s3:cret"),
        ("utf-8", "UTF-8 in the password", "bot:pässword"),
        ("user-at", "a robot's name with $ and +", "robot$team+ci:s3cret"),
        ("long", "a password of 3,000 letters", "bot:" + "x" * 3000),
        ("percent", "a percent sign", "bot:100%25"),
        ("blank", "a blank", "bot:a b"),
    ],
    works=True,
)
def password(place, pair):
    place.serve_dns()
    place.serve(Registry(auth="bearer", pairs=lambda: [pair]))
    return place.pull(keys=[place.key(pair)], users=[pair])


@each(
    "keys/basic",
    [
        ("colon", "a colon in the password", "bot:s3:cret"),
        ("utf-8", "UTF-8 in the password", "bot:pässword"),
        ("user-at", "a robot's name with $ and +", "robot$team+ci:s3cret"),
    ],
    works=True,
)
def password_basic(place, pair):
    place.serve_dns()
    place.serve(Registry(auth="basic", pairs=lambda: [pair]))
    return place.pull(keys=[place.key(pair)], users=[pair])


@situation("keys/port-reference", "host:443/team/app with a key for host", False)
def port_reference(place):
    place.serve_dns()
    place.serve(Registry(auth="bearer"))
    return place.pull(HOST + ":443/team/app:1", keys=[place.key()], users=[None])


@situation("keys/port-reference-own", "host:443/team/app with a key for host:443", True)
def port_reference_own(place):
    place.serve_dns()
    place.serve(Registry(auth="bearer"))
    return place.pull(HOST + ":443/team/app:1", keys=[place.key(host=HOST + ":443")], users=[RIGHT])


@situation("keys/no-namespace", "an image without a namespace", True)
def no_namespace(place):
    place.serve_dns()
    place.serve(Registry(auth="bearer", repository="app"))
    return place.pull(HOST + "/app:1", keys=[place.key()], users=[RIGHT])


@situation("keys/deep", "a deep path with a key for its middle", True)
def deep(place):
    place.serve_dns()
    place.serve(Registry(auth="bearer", repository="a/b/c/d"))
    return place.pull(HOST + "/a/b/c/d:1", keys=[place.key(host=HOST + "/a/b")], users=[RIGHT])
