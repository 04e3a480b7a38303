#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A token service as registries name it in their challenge: real signed tokens, as the
distribution project's "token" authentication wants them.

  token_server.py SETTINGS.json   listens where they say, in plain HTTP: a TLS front is before it

SETTINGS: listen [address, port], issuer, audience, key and certificate (PEM files),
  users {name: password}, refresh {token: name},
  rights {repository: [names]}; "" is anybody, and a repository that is not listed nobody's
  post      the status that POST (OAuth2) is answered with; 200 serves it
  fields    of the answer that carry the token: token, access_token
  lenient   true: as Harbor, a wrong password with a scope gets a token that allows nothing
  status    what every request is answered with, if it is not 200
"""

import base64
import hashlib
import http.server
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Signer:
    """JSON web signatures (RFC 7515), RS256 (RFC 8017, 5.2.1 and 8.2), with the certificate in x5c."""

    SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")

    def __init__(self, key, certificate):
        text = subprocess.run(["openssl", "rsa", "-in", key, "-noout", "-text"], check=True,
                              capture_output=True, text=True).stdout
        self.modulus, self.p, self.q, self.dp, self.dq, self.inverse = (
            int(re.sub(r"[\s:]", "", re.search(rf"^{name}:\n((?: .*\n)+)", text, re.MULTILINE)[1]), 16)
            for name in ("modulus", "prime1", "prime2", "exponent1", "exponent2", "coefficient"))
        encoded = re.search("-----BEGIN CERTIFICATE-----(.*?)-----END",
                            pathlib.Path(certificate).read_text(), re.DOTALL)[1]
        self.header = {"typ": "JWT", "alg": "RS256", "x5c": ["".join(encoded.split())]}

    def sign(self, claims):
        signed = b".".join(base64url(json.dumps(part).encode()) for part in (self.header, claims))
        length = (self.modulus.bit_length() + 7) // 8
        hashed = self.SHA256 + hashlib.sha256(signed).digest()
        padded = b"\0\1" + b"\xff" * (length - len(hashed) - 3) + b"\0" + hashed
        message = int.from_bytes(padded, "big")
        by_p, by_q = pow(message, self.dp, self.p), pow(message, self.dq, self.q)
        signature = by_q + (by_p - by_q) * self.inverse % self.p * self.q
        return (signed + b"." + base64url(signature.to_bytes(length, "big"))).decode()


def granted(scopes, user, rights):
    """The access claim: what of the scopes that user may do."""
    access = []
    for scope in scopes:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        allowed = {"", user} & set(rights.get(name, []))
        access.append({"type": kind, "name": name,
                       "actions": ["pull"] if allowed and "pull" in actions.split(",") else []})
    return access


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one write
    settings, signer = None, None

    def log_message(self, *_):  # the front keeps the log
        pass

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status=401, code="UNAUTHORIZED", message="authentication required"):
        self.answer(status, {"errors": [{"code": code, "message": message}]})

    def issue(self, user, scopes, account):
        now = int(time.time())
        settings = self.settings
        token = self.signer.sign({
            "iss": settings["issuer"], "aud": settings["audience"], "sub": account, "iat": now,
            "nbf": now - 60, "exp": now + 300, "jti": f"{now}.{id(self)}",
            "access": granted(scopes, user, settings["rights"])})
        self.answer(200, {field: token for field in settings["fields"]} | {
            "expires_in": 300,
            "issued_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))})

    def serve(self, scopes, given, user):
        """user is None unless what was given proves one."""
        if self.settings["status"] != 200:
            return self.refuse(self.settings["status"], "UNKNOWN", "the token service has failed")
        scopes = [scope for value in scopes for scope in value.split()]
        if given and user is None and not (self.settings["lenient"] and scopes):
            return self.refuse()
        if not given and not (self.settings["anonymous"] and scopes):
            return self.refuse()
        return self.issue(user, scopes, user or "")

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        name, _, password = "", "", ""
        if scheme.lower() == "basic":
            name, _, password = base64.b64decode(encoded).decode().partition(":")
        good = bool(name) and self.settings["users"].get(name) == password
        self.serve(query.get("scope", []), bool(scheme), name if good else None)

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        form = urllib.parse.parse_qs(self.rfile.read(length).decode())
        if self.settings["post"] != 200:
            return self.refuse(self.settings["post"], "UNSUPPORTED", "POST is not served here")
        first = {key: values[0] for key, values in form.items()}
        if first.get("grant_type") == "refresh_token":
            user = self.settings["refresh"].get(first.get("refresh_token"))
        else:
            name = first.get("username", "")
            user = name if self.settings["users"].get(name) == first.get("password") else None
        return self.serve(form.get("scope", []), True, user)


DEFAULTS = {"users": {}, "refresh": {}, "rights": {}, "post": 200, "lenient": False, "status": 200,
            "anonymous": True, "fields": ["token", "access_token"]}


def main(path):
    settings = DEFAULTS | json.loads(pathlib.Path(path).read_text())
    Handler.settings = settings
    Handler.signer = Signer(settings["key"], settings["certificate"])
    with http.server.ThreadingHTTPServer(tuple(settings["listen"]), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
