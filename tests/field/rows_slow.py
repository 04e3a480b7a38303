# SPDX-License-Identifier: MIT
"""A proxy that is slow or silent at one step."""

import socket
import threading

from place import HUB, IP, IP3, IP4, STORE, App, Registry, http
from rows_proxy import OPEN, PROXY, pump
from situation import each

NEVER = threading.Event()


def start(place, seconds_of):
    """A registry with a store behind a proxy, which waits before it answers CONNECT to a host."""
    upstreams = {HUB: IP, STORE: IP4}

    def serve(connection):
        head = b""
        while b"\r\n\r\n" not in head and (data := connection.recv(4096)):
            head += data
        host = head.split(b" ")[1].decode().rpartition(":")[0]
        NEVER.wait(seconds_of(host))
        connection.sendall(OPEN)
        upstream = socket.create_connection((upstreams[host], 443))
        threading.Thread(target=pump, args=(connection, upstream), daemon=True).start()
        pump(upstream, connection)
        connection.close()

    place.accept(IP3, 3128, serve)
    registry = Registry(auth="bearer", host=HUB)
    registry.blob = lambda request, digest: http(
        307, {"Location": f"https://{STORE}/{digest[7:]}"}, b"", request.method)
    place.serve_dns()
    place.serve(registry)
    place.serve(App(lambda request: registry.range_of(
        request, registry.blobs["sha256:" + request.path[1:65]])), address=IP4)
    place.environment = {"HTTPS_PROXY": PROXY}
    return place.pull(HUB + "/team/app:1", keys=[place.key(host=HUB)], users=["bot:s3cret"])


@each("slow/connect", [
    ("registry", "the proxy never answers CONNECT to the registry", HUB, 60, False,
     {"cause": "proxy_refused"}),
    ("store", "... to the store", STORE, 60, False, {"cause": "blob_store_unreachable"}),
    ("registry-4", "it takes 4 seconds to answer CONNECT to the registry", HUB, 4, False,
     {"status": "unknown", "cause": "local_error"}),
    ("store-1", "... 1 second to the store", STORE, 1, True),
    ("registry-1", "... 1 second to the registry", HUB, 1, True,
     {"status": "unknown", "cause": "local_error"}),
])
def connect(place, host, seconds):
    return start(place, lambda asked: seconds if asked == host else 0)
