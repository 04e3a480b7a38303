# SPDX-License-Identifier: MIT
"""HTTP proxies, found by Go's rules."""

import socket
import threading

from place import HOST, IP, IP3, Registry, basic, run
from situation import each, situation

PROXY = f"http://{IP3}:3128"
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def start(place, answer=OPEN, key=None, leaf=True):
    """A proxy at IP3; the registry is reached from there alone."""
    def serve(connection):
        head = b""
        while b"\r\n\r\n" not in head and (data := connection.recv(4096)):
            head += data
        if key and b"Proxy-Authorization: Basic " + basic(key).encode() not in head:
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                               b"Content-Length: 0\r\n\r\n")
        else:
            connection.sendall(answer)
            if b" 200" in answer:
                upstream = socket.socket()
                upstream.bind((IP3, 0))
                upstream.connect((IP, 443))
                threading.Thread(target=pump, args=(connection, upstream), daemon=True).start()
                pump(upstream, connection)
        connection.close()

    place.accept(IP3, 3128, serve)
    run("nft 'add table ip p; add chain ip p o { type filter hook output priority 0; };"
        f" add rule ip p o ip saddr != {IP3} ip daddr {IP} tcp dport 443 reject with tcp reset'")
    place.zone["proxy.corp.test"] = {"A": [IP3]}
    place.serve_dns()
    place.serve(Registry(auth="bearer"), certificate=leaf)


def pull(place, environment):
    place.environment = environment
    return place.pull(keys=[place.key()], users=["bot:s3cret"], unpack=False)


@each("proxy/used", [
    ("address", "HTTPS_PROXY with an address", {"HTTPS_PROXY": PROXY}),
    ("name", "with a name", {"HTTPS_PROXY": "http://proxy.corp.test:3128"}),
    ("bare", "without a scheme", {"HTTPS_PROXY": f"{IP3}:3128"}),
    ("lower", "https_proxy", {"https_proxy": PROXY}),
    ("port", "NO_PROXY has another port", {"HTTPS_PROXY": PROXY, "NO_PROXY": HOST + ":5000"}),
    ("range", "NO_PROXY has the range of the address", {"HTTPS_PROXY": PROXY,
                                                        "NO_PROXY": "10.0.0.0/8"}),
    ("sibling", "NO_PROXY has a name that only ends alike",
     {"HTTPS_PROXY": PROXY, "NO_PROXY": "cloudcr.com"}),
], works=True)
def used(place, environment):
    start(place)
    return pull(place, environment)


@each("proxy/not-used", [
    ("http", "HTTP_PROXY alone", {"HTTP_PROXY": PROXY}),
    ("all", "ALL_PROXY alone", {"ALL_PROXY": PROXY}),
    ("host", "NO_PROXY has the host", {"HTTPS_PROXY": PROXY, "NO_PROXY": HOST}),
    ("domain", "NO_PROXY has the domain", {"HTTPS_PROXY": PROXY, "no_proxy": ".tencentcloudcr.com"}),
    ("star", "NO_PROXY is *", {"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}),
    ("own-port", "NO_PROXY has the port", {"HTTPS_PROXY": PROXY, "NO_PROXY": HOST + ":443"}),
], works=False, status="fail", cause="connection_refused")
def not_used(place, environment):
    start(place)
    return pull(place, environment)


@each("proxy/refuses", [
    ("403", "403", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
    ("502", "502", b"HTTP/1.1 502 Bad Gateway\r\n\r\n"),
    ("204", "204, which is no tunnel", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ("garbage", "no HTTP", b"garbage\r\n\r\n"),
], works=False, status="fail", cause="proxy_refused")
def refuses(place, answer):
    start(place, answer)
    return pull(place, {"HTTPS_PROXY": PROXY})


@each("proxy/opens", [
    ("1.0", "HTTP/1.0", b"HTTP/1.0 200 OK\r\nVia: x\r\n\r\n"),
    ("lf", "lines that end in LF", b"HTTP/1.1 200 OK\nX: y\n\n"),
], works=True)
def opens(place, answer):
    start(place, answer)
    return pull(place, {"HTTPS_PROXY": PROXY})


@situation("proxy/key", "user and password in the URL", True)
def key(place):
    start(place, key="u:p@ss")
    return pull(place, {"HTTPS_PROXY": f"http://u:p%40ss@{IP3}:3128"})


@situation("proxy/no-key", "the proxy wants a key", False, "fail", "proxy_refused")
def no_key(place):
    start(place, key="u:p@ss")
    return pull(place, {"HTTPS_PROXY": PROXY})


@each("proxy/away", [
    ("refused", "nothing listens", f"http://{IP3}:9"),
    ("name", "the proxy has no name", "http://nowhere.corp.test:3128"),
], works=False, status="fail", cause="proxy_unreachable")
def away(place, url):
    start(place)
    return pull(place, {"HTTPS_PROXY": url})
