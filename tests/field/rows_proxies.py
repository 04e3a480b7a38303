# SPDX-License-Identifier: MIT
"""Further proxies and exceptions from them."""

import select, socket, ssl, threading
from place import HOST, IP, IP3, IP6, receive, run
from situation import CLIENTS_DIFFER, each, situation
from rows_proxy import PROXY, start, pump


def ppull(place, environment):
    place.environment = environment
    return place.pull(keys=[place.key()], users=["bot:s3cret"], unpack=False)


@each(
    "proxy/used",
    [
        ("slash", "a slash at the end", {"HTTPS_PROXY": PROXY + "/"}, True),
        ("path", "a path", {"HTTPS_PROXY": PROXY + "/proxy"}, True),
        (
            "empty-upper",
            "HTTPS_PROXY empty, https_proxy set",
            {"HTTPS_PROXY": "", "https_proxy": PROXY},
            True,
        ),
        (
            "upper-scheme",
            "HTTP:// in capitals",
            {"HTTPS_PROXY": PROXY.replace("http", "HTTP")},
            True,
        ),
        (
            "both",
            "HTTPS_PROXY wins over https_proxy",
            {"HTTPS_PROXY": PROXY, "https_proxy": "http://10.20.0.14:9"},
            True,
        ),
        (
            "np-blank",
            "NO_PROXY separated by blanks",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": f"a.test {HOST}"},
            True,
        ),
        (
            "np-semicolon",
            "NO_PROXY separated by semicolons",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": f"a.test;{HOST}"},
            True,
        ),
        (
            "np-url",
            "NO_PROXY has a URL",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": f"https://{HOST}"},
            True,
        ),
        (
            "np-glob",
            "NO_PROXY has acme*",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "acme*.tencentcloudcr.com"},
            True,
        ),
        (
            "np-path",
            "NO_PROXY has a path",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": f"{HOST}/team"},
            True,
        ),
        (
            "np-longer",
            "NO_PROXY has a longer name",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "x." + HOST},
            True,
        ),
        (
            "np-address",
            "NO_PROXY has the registry's address",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": IP},
            True,
        ),
        ("np-dot-self", "NO_PROXY has .HOST", {"HTTPS_PROXY": PROXY, "NO_PROXY": "." + HOST}, True),
        (
            "np-star-host",
            "NO_PROXY has *HOST",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "*" + HOST},
            True,
        ),
        (
            "np-trailing",
            "NO_PROXY has the host with a dot",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": HOST + "."},
            True,
        ),
        ("np-brackets", "NO_PROXY has [HOST]", {"HTTPS_PROXY": PROXY, "NO_PROXY": f"[{HOST}]"}, True),
        ("np-empty", "NO_PROXY is empty", {"HTTPS_PROXY": PROXY, "NO_PROXY": ""}, True),
        ("np-commas", "NO_PROXY has only commas", {"HTTPS_PROXY": PROXY, "NO_PROXY": ",, ,"}, True),
        ("query", "a query in the URL", {"HTTPS_PROXY": PROXY + "?x=y"}, True),
        ("blank", "a blank before the URL", {"HTTPS_PROXY": " " + PROXY}, False),
        ("blank-behind", "a blank behind the URL", {"HTTPS_PROXY": PROXY + " "}, False),
        ("newline", "a newline behind the URL", {"HTTPS_PROXY": PROXY + "\n"}, False),
        ("host-name-search", "a bare name", {"HTTPS_PROXY": "http://prox:3128"}, True),
        (
            "request-method",
            "REQUEST_METHOD is set",
            {"HTTPS_PROXY": PROXY, "REQUEST_METHOD": "GET"},
            True,
        ),
    ],
)
def used(place, environment):
    place.zone["prox.corp.test"] = {"A": [IP3]}
    start(place)
    if "prox:" in str(environment):
        place.write_resolv_conf("search corp.test\nnameserver 127.0.0.1\n")
    return ppull(place, environment)


@each(
    "proxy/not-used",
    [
        (
            "np-blanks",
            "NO_PROXY with blanks around",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": f"a.test ,  {HOST} , b"},
        ),
        ("np-case", "NO_PROXY in capitals", {"HTTPS_PROXY": PROXY, "NO_PROXY": HOST.upper()}),
        (
            "np-star-dot",
            "*.tencentcloudcr.com",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "*.tencentcloudcr.com"},
        ),
        ("np-tld", "NO_PROXY has com", {"HTTPS_PROXY": PROXY, "NO_PROXY": "com"}),
        ("np-dot-tld", "NO_PROXY has .com", {"HTTPS_PROXY": PROXY, "NO_PROXY": ".com"}),
        (
            "np-port-domain",
            "NO_PROXY has a domain with the port",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": ".tencentcloudcr.com:443"},
        ),
        (
            "np-star-inside",
            "NO_PROXY has * among others",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "a.test,*"},
        ),
        (
            "np-lower-only",
            "no_proxy beside an empty NO_PROXY",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "", "no_proxy": HOST},
        ),
        (
            "np-newline",
            "NO_PROXY with a newline at the end",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": HOST + "\n"},
        ),
        ("np-port-empty", "NO_PROXY has HOST:", {"HTTPS_PROXY": PROXY, "NO_PROXY": HOST + ":"}),
        ("empty", "HTTPS_PROXY is empty", {"HTTPS_PROXY": ""}),
    ],
    works=False,
)
def not_used(place, environment):
    start(place)
    return ppull(place, environment)


@each(
    "proxy/address",
    [
        ("range", "a host that is an address in a range of NO_PROXY", "10.20.0.0/16", False),
        ("exact", "an address in NO_PROXY", IP, False),
        ("port", "an address with the port", IP + ":443", False),
        ("other-port", "an address with another port", IP + ":80", True),
        ("other", "another range", "10.21.0.0/16", True),
        ("bad-range", "a range that is none", "10.20.0.0/33", True),
        ("prefix", "10.", "10.", True),
    ],
)
def by_address(place, entry):
    start(place)
    place.certificate("own", [IP])
    place.environment = {"HTTPS_PROXY": PROXY, "NO_PROXY": entry}
    return place.pull(
        IP + "/team/app:1",
        unpack=False,
        keys=[place.key(host=IP)],
        users=["bot:s3cret"],
        options=["--insecure-skip-verify", "--send-key-unverified", "--token-host", HOST],
        skopeo=["--src-tls-verify=false"],
        containerd=["-k"],
    )


@each(
    "proxy/answer",
    [
        ("201", "201", b"HTTP/1.1 201 Created\r\n\r\n", False),
        (
            "407",
            "407",
            b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\n\r\n",
            False,
        ),
        ("301", "301", b"HTTP/1.1 301 Moved\r\nLocation: http://x/\r\n\r\n", False),
        (
            "length",
            "200 with Content-Length: 0",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            True,
        ),
        (
            "chunked",
            "200 with chunked",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            True,
        ),
        (
            "headers",
            "200 with 60 KiB of headers",
            b"HTTP/1.1 200 OK\r\n" + b"X: %s\r\n" % (b"v" * 60000) + b"\r\n",
            True,
        ),
        ("100", "100 before 200", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", False),
        (
            "close",
            "200 with Connection: close",
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
            True,
        ),
        (
            "200-body",
            "200 with Content-Length: 5",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            True,
        ),
        ("2.0", "HTTP/2.0", b"HTTP/2.0 200 OK\r\n\r\n", True),
        ("no-reason", "200 without a reason", b"HTTP/1.1 200\r\n\r\n", True),
        ("102", "102 before 200", b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", False),
        ("bad-header", "a header without a colon", b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", False),
        (
            "lengths",
            "two lengths",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            False,
        ),
        ("empty", "nothing", b"", False),
        ("503", "503", b"HTTP/1.1 503 No\r\n\r\n", False),
        (
            "zipped",
            "Content-Encoding: gzip",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
            True,
        ),
    ],
)
def panswer(place, answer):
    start(place, answer)
    return ppull(place, {"HTTPS_PROXY": PROXY})


@each(
    "proxy/key",
    [
        ("user-only", "a user alone", "u:", f"http://u@{IP3}:3128"),
        ("empty-word", "an empty word", "u:", f"http://u:@{IP3}:3128"),
        ("colon", "an escaped colon", "u:p:q", f"http://u:p%3Aq@{IP3}:3128"),
        ("utf8", "UTF-8", "u:pä", f"http://u:p%C3%A4@{IP3}:3128"),
        ("plus", "a plus", "u:a+b", f"http://u:a+b@{IP3}:3128"),
        ("domain", "an escaped backslash", "d\\u:p", f"http://d%5Cu:p@{IP3}:3128"),
        ("bare", "without a scheme", "u:p", f"u:p@{IP3}:3128"),
        ("raw-at", "an @ in the word", "u:p@q", f"http://u:p@q@{IP3}:3128"),
    ],
    works=True,
)
def pkey(place, pair, url):
    start(place, key=pair)
    return ppull(place, {"HTTPS_PROXY": url})


@each(
    "proxy/url",
    [
        ("socks5h", "socks5h", f"socks5h://{IP3}:1080", False),
        ("ftp", "ftp", f"ftp://{IP3}:3128", False,
         {**CLIENTS_DIFFER, "newer": "newer versions of Go ask any kind of proxy by HTTP"}),
        ("bad-port", "a port that is none", f"http://{IP3}:x", False),
        ("no-host", "no host", "http://", False),
        ("default-port", "no port: 80", f"http://{IP3}", False),
        ("v6", "an IPv6 proxy", f"http://[{IP6}]:3128", True),
        ("word", "a word", "none", False),
        ("direct", "direct://", "direct://", False),
        ("star", "*", "*", False),
        ("percent", "a broken escape in the password", f"http://u:p%zz@{IP3}:3128", False),
        ("hash", "a # in the password", f"http://u:p#q@{IP3}:3128", False),
        ("hash-slash", "a slash in the password", f"http://u:p/q@{IP3}:3128", False),
        ("port-big", "port 70000", f"http://{IP3}:70000", False),
        ("port-0", "port 0", f"http://{IP3}:0", False),
        ("port-empty", "an empty port", f"http://{IP3}:", False),
    ],
)
def purl(place, url):
    start(place)
    if "[" in url:
        relay(place, IP6)
    return ppull(place, {"HTTPS_PROXY": url})


@each(
    "proxy/value",
    [
        ("blank-before", "a blank before the URL: no proxy", " " + PROXY, True),
        ("newline", "a newline behind the URL: no proxy", PROXY + "\n", True),
        ("percent", "a broken escape: no proxy", f"http://u:p%zz@{IP3}:3128", True),
        ("v6-bare", "an IPv6 address without brackets", f"http://{IP6}:3128", True),
        ("port-alone", "a port alone: this machine", ":3128", True),
        ("blank-behind", "a blank behind the URL: a proxy called http", PROXY + " ", False),
        ("comment", "a comment behind the URL", PROXY + " # office", False),
        ("quotes", "quotes around the URL", f'"{PROXY}"', False),
        ("brace", "a brace in the password", f"http://u:p{{q@{IP3}:3128", False),
        ("none", "none", "none", False),
    ],
)
def value(place, text):
    """The registry can be reached without the proxy as well."""
    start(place)
    run("nft delete table ip p")
    for address in (IP6, "127.0.0.1"):
        relay(place, address)
    return ppull(place, {"HTTPS_PROXY": text})


def relay(place, address):
    """The proxy at a further address."""

    def serve_(connection):
        up = socket.create_connection((IP3, 3128))
        threading.Thread(target=pump, args=(connection, up), daemon=True).start()
        pump(up, connection)
        connection.close()

    place.accept(address, 3128, serve_)


def start_socks(place, pair=None, refuse=0):
    def serve_(connection):
        ver, n = receive(connection, 2)
        methods = receive(connection, n)
        if pair:
            if 2 not in methods:
                connection.sendall(b"\x05\xff")
                connection.close()
                return
            connection.sendall(b"\x05\x02")
            v, ul = receive(connection, 2)
            u = receive(connection, ul)
            w = receive(connection, receive(connection, 1)[0])
            ok = (u + b":" + w).decode() == pair
            connection.sendall(b"\x01" + (b"\x00" if ok else b"\x01"))
            if not ok:
                connection.close()
                return
        else:
            connection.sendall(b"\x05\x00")
        v, cmd, rsv, at = receive(connection, 4)
        host = (
            receive(connection, 4 if at == 1 else 16)
            if at in (1, 4)
            else receive(connection, receive(connection, 1)[0])
        )
        port = receive(connection, 2)
        connection.sendall(bytes([5, refuse, 0, 1]) + b"\x00" * 6)
        if refuse:
            connection.close()
            return
        up = socket.socket()
        up.bind((IP3, 0))
        up.connect((IP, 443))
        threading.Thread(target=pump, args=(connection, up), daemon=True).start()
        pump(up, connection)
        connection.close()

    place.accept(IP3, 1080, serve_)


@each(
    "proxy/socks",
    [
        (
            "plain",
            "socks5",
            None,
            0,
            f"socks5://{IP3}:1080",
            True,
        ),
        (
            "default",
            "socks5 without a port",
            None,
            0,
            f"socks5://{IP3}",
            True,
        ),
        (
            "key",
            "socks5 with a key",
            "u:p",
            0,
            f"socks5://u:p@{IP3}:1080",
            True,
        ),
        ("h", "socks5h", None, 0, f"socks5h://{IP3}:1080", False,
         {**CLIENTS_DIFFER, "newer": "newer versions of Go know socks5h"}),
        ("bad-key", "socks5 with a wrong key", "u:p", 0, f"socks5://u:x@{IP3}:1080", False),
        ("no-key", "socks5 wants a key", "u:p", 0, f"socks5://{IP3}:1080", False),
        ("refuses", "socks5 refuses", None, 2, f"socks5://{IP3}:1080", False),
        ("unreachable", "socks5: host unreachable", None, 4, f"socks5://{IP3}:1080", False),
    ],
)
def socks(place, pair, refuse, url):
    start(place)
    start_socks(place, pair, refuse)
    return ppull(place, {"HTTPS_PROXY": url})


def pump_tls(inside, up):
    """Both ways in one thread, because a TLS connection must not be used by two at a time."""
    open_ends = [inside, up]
    with inside, up:
        while up in open_ends:
            pending = inside in open_ends and inside.pending()
            for source in [inside] if pending else select.select(open_ends, [], [])[0]:
                data = source.recv(65536)
                if data:
                    (up if source is inside else inside).sendall(data)
                else:
                    open_ends.remove(source)
                    if source is inside:
                        up.shutdown(socket.SHUT_WR)


def serve_tls(place, certificate, tune=None):
    """TLS at port 3129 in front of the proxy at 3128."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if tune:
        tune(context)

    def serve_(connection):
        inside = context.wrap_socket(connection, server_side=True)
        pump_tls(inside, socket.create_connection((IP3, 3128)))

    place.accept(IP3, 3129, serve_)


TLS_PROXY = f"https://{IP3}:3129"
NAMED_PROXY = "https://proxy.corp.test:3129"


@each(
    "proxy/tls",
    [
        ("good", "a proxy over TLS", {}, {}, TLS_PROXY),
        ("by-name", "with a name", {}, {}, NAMED_PROXY),
        ("key", "with a key", {}, {"key": "u:p"}, f"https://u:p@{IP3}:3129"),
        ("1.2", "TLS 1.2 alone", {"version": ssl.TLSVersion.TLSv1_2}, {}, TLS_PROXY),
    ],
    works=True,
)
def tls_proxy(place, tls, plain, url):
    start(place, **plain)
    serve_tls(place, place.certificate("px", ["proxy.corp.test", IP3]),
              lambda context: tls and setattr(context, "maximum_version", tls["version"]))
    return ppull(place, {"HTTPS_PROXY": url})


UNREACHED = {"status": "fail", "cause": "proxy_unreachable"}


@each(
    "proxy/tls-shows",
    [
        ("name", "a certificate for another name", {"names": ["other.test", IP3]}, NAMED_PROXY),
        ("no-address", "a certificate without its address", {"names": ["proxy.corp.test"]}, TLS_PROXY),
        ("common-name", "a certificate with a common name alone",
         {"names": ["other.test"], "subject": f"/CN={IP3}"}, TLS_PROXY),
        ("expired", "an expired certificate",
         {"begin": "20240101000000Z", "end": "20240201000000Z"}, TLS_PROXY),
        ("untrusted", "a certificate of another authority", {"other": True}, TLS_PROXY),
    ],
    works=False,
    **UNREACHED,
)
def tls_proxy_shows(place, what, url):
    start(place)
    what = {"names": [IP3], **what}
    if what.pop("other", False):
        ca = place.folder / "other"
        run(f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9"
            f" -keyout {ca}.key -out {ca}.pem -subj '/CN=Another Root'")
        what.update(ca=f"{ca}.pem", ca_key=f"{ca}.key")
    make = place.certificate_of_dates if "begin" in what else place.certificate
    serve_tls(place, make("px", **what))
    return ppull(place, {"HTTPS_PROXY": url})


@each(
    "proxy/tls-fails",
    [
        ("plain", "the proxy speaks plain HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n", True),
        ("garbage", "the proxy speaks something else", b"SSH-2.0-OpenSSH_9.2\r\n", True),
        ("closed", "the proxy closes the connection", b"", True),
        ("silent", "the proxy is silent in the handshake", b"", False),
    ],
    works=False,
    **UNREACHED,
)
def tls_proxy_fails(place, answer, ends):
    start(place)

    def serve_(connection):
        connection.recv(4096)
        connection.sendall(answer)
        if not ends:
            connection.recv(1)
        connection.close()

    place.accept(IP3, 3129, serve_)
    return ppull(place, {"HTTPS_PROXY": TLS_PROXY})


@each(
    "proxy/tls-refuses",
    [
        ("403", "a proxy over TLS answers 403",
         b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
        ("garbage", "a proxy over TLS answers no HTTP", b"garbage\r\n\r\n"),
        ("closed", "a proxy over TLS closes the connection", b""),
    ],
    works=False,
    status="fail",
    cause="proxy_refused",
)
def tls_proxy_refuses(place, answer):
    start(place, answer)
    serve_tls(place, place.certificate("px", [IP3]))
    return ppull(place, {"HTTPS_PROXY": TLS_PROXY})


@situation("proxy/tls-foreign", "behind a proxy over TLS, the registry's certificate is for another"
           " name", False, "fail", "tls_name_mismatch")
def tls_proxy_foreign(place):
    start(place, leaf=place.certificate("foreign", ["other.test"]))
    serve_tls(place, place.certificate("px", [IP3]))
    return ppull(place, {"HTTPS_PROXY": TLS_PROXY})
