# SPDX-License-Identifier: MIT
"""An API server on loopback that knows Events, stricter than an old real one, and its faults.

It keeps the rules of events.k8s.io/v1 of a new server (kubernetes/api events/v1/types.go, validation/events.go): what an
Event must have, the bytes of a note, and that an update may change nothing but the series.
"""

import http.server
import json
import os
import re
import socket
import ssl
import threading
import time

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
PATH = re.compile(r"/apis/events\.k8s\.io/v1/namespaces/([^/?]+)/events(?:/([^/?]+))?$")
REQUIRED = ("reportingController", "reportingInstance", "action", "reason")


def invalid(event, space):
    """Why the server refuses to create it, or None."""
    metadata, regarding = event.get("metadata", {}), event.get("regarding", {})
    if event.get("apiVersion") != "events.k8s.io/v1" or event.get("kind") != "Event":
        return "not an Event of this group"
    if not NAME.match(metadata.get("name", "")) or len(metadata["name"]) > 253:
        return f"metadata.name {metadata.get('name')!r}"
    if metadata.get("namespace") != space or regarding.get("namespace") != space:
        return "the namespaces differ"
    if not TIME.match(event.get("eventTime", "")):
        return f"eventTime {event.get('eventTime')!r}"
    for field in REQUIRED:
        if not event.get(field) or len(event[field].encode()) > 128:
            return f"{field} {event.get(field)!r}"
    if event.get("type") not in ("Normal", "Warning"):
        return f"type {event.get('type')!r}"
    if len(event.get("note", "").encode()) > 1024:
        return "note: can have at most 1024 characters"
    if any(field.startswith("deprecated") for field in event):
        return "deprecated fields need to be unset"
    return invalid_series(event)


def invalid_series(event):
    series = event.get("series")
    if series is None:
        return None
    if not isinstance(series.get("count"), int) or series["count"] < 2:
        return "series.count must be at least 2"
    return None if TIME.match(series.get("lastObservedTime", "")) else "series.lastObservedTime"


class Api:
    """`faults` are given to the next requests in order: see give_fault()."""

    def __init__(self, certificate, key, token):
        self.token, self.faults, self.events, self.requests, self.troubles = token, [], {}, [], []
        self.changed = threading.Condition()
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.serve()

            def do_PATCH(self):
                self.serve()

            def do_GET(self):
                self.serve()

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with api.changed:
                    api.requests.append((time.monotonic(), self.command, self.path, body.decode()))
                    fault = api.faults.pop(0) if api.faults else None
                    api.changed.notify_all()
                if fault:
                    api.give_fault(self, fault)
                else:
                    self.answer(*api.answer(self, body))

            def answer(self, status, document, **headers):
                text = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that does not trust the certificate ends the handshake

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    # ---- answers ----

    @staticmethod
    def status(code, reason, message=""):
        return code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
                      "reason": reason, "message": message}

    def refuse(self, message):
        self.troubles.append(message)
        return self.status(422, "Invalid", message)

    def answer(self, handler, body):
        found = PATH.match(handler.path)
        if handler.headers.get("Authorization") != f"Bearer {self.token}":
            return self.status(401, "Unauthorized", "Unauthorized")
        if not found:
            return self.status(403, "Forbidden", f"{handler.command} {handler.path}")
        space, name = found.groups()
        with self.changed:
            self.changed.notify_all()
            if handler.command == "POST" and not name:
                return self.create(json.loads(body), space)
            if handler.command == "PATCH" and name:
                return self.patch(name, json.loads(body), handler.headers["Content-Type"])
        return self.status(403, "Forbidden", f"{handler.command} {handler.path}")

    def create(self, event, space):
        why = invalid(event, space)
        if why:
            return self.refuse(why)
        if event["metadata"]["name"] in self.events:
            return self.status(409, "AlreadyExists", "it is there")
        self.events[event["metadata"]["name"]] = event
        return 201, event

    def patch(self, name, patch, kind):
        if kind not in ("application/merge-patch+json", "application/strategic-merge-patch+json"):
            return self.status(415, "UnsupportedMediaType", kind)
        if name not in self.events:
            return self.status(404, "NotFound", f"events {name}")
        event = {**self.events[name], **patch}
        if "series" in patch:
            event["series"] = {**self.events[name].get("series", {}), **patch["series"]}
        if set(patch) - {"series"} or invalid_series(event):
            return self.refuse(f"an update changed {sorted(patch)}: field is immutable")
        self.events[name] = event
        return 200, event

    # ---- faults ----

    def give_fault(self, handler, fault):
        """A pair (status, headers), or 'hang', 'cut', 'garbage', 'page', 'large', 'redirect'."""
        handler.close_connection = True
        if isinstance(fault, tuple):
            handler.answer(*self.status(fault[0], "Fault", "made up"), **fault[1])
        elif fault == "hang":
            while handler.connection.recv(1):
                pass
        elif fault == "cut":
            handler.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: 4000\r\n\r\n{")
        elif fault == "garbage":
            handler.wfile.write(os.urandom(4096))
        elif fault == "page":
            handler.answer(200, b"<html>login</html>", Content_Type="text/html")
        elif fault == "large":
            handler.answer(200, b'{"x":"' + 2000000 * b"x" + b'"}')
        elif fault == "redirect":
            handler.answer(302, {}, Location=f"https://127.0.0.1:{self.port}/elsewhere")
        try:
            handler.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
