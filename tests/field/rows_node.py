# SPDX-License-Identifier: MIT
"""A node's own files: hosts.toml with its mirrors, certificates, the unit's proxy, the hosts file.

containerd reads them by --hosts-dir and from its environment, the probe below --host-root. No other
client reads hosts.toml, so skopeo is not asked.
"""

import ssl
import threading

import rows_proxy
from place import HOST, IP, IP2, IP3, IP4, SILENT, Registry, http, run
from situation import each, situation

MIRROR, SECOND = "mirror.corp.test", "second.corp.test"
UNIT = "etc/systemd/system/containerd.service.d/proxy.conf"
CERTS = "etc/containerd/certs.d"
CONFIG = """version = 2
[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "/etc/containerd/certs.d"
"""
REFERENCE = HOST + "/team/app:1"


class Below:
    """An app whose API is below another path."""

    def __init__(self, registry, root):
        self.registry, self.root = registry, root

    def handle(self, request):
        if not request.path.startswith(self.root + "/"):
            return http(404, {}, b"", request.method)
        request.target = "/v2" + request.target[len(self.root):]
        request.path = "/v2" + request.path[len(self.root):]
        return self.registry.handle(request)


class Fails(Registry):
    """Answers everything with one status, or one kind of request."""

    def __init__(self, status=404, kind="", **more):
        super().__init__(**more)
        self.status, self.kind = status, kind

    def handle(self, request):
        if self.kind in request.path:
            return http(self.status, {}, b"no", request.method)
        return super().handle(request)


class Lies(Registry):
    """Gives other bytes for config and layers."""

    def blob(self, request, digest):
        return self.range_of(request, b"x" * len(self.blobs.get(digest, b"x")))


class Page:
    def handle(self, request):
        return http(200, {"Content-Type": "text/html"}, b"<html>login</html>", request.method)


def names(place):
    place.zone[HOST] = {"A": [IP]}
    place.zone[MIRROR] = {"A": [IP2]}
    place.zone[SECOND] = {"A": [IP3]}
    place.zone["dead.corp.test"] = {"A": [IP4]}
    place.serve_dns()


def write(place, files):
    """The node's root with these files; CONFIG is there unless they say otherwise."""
    root = place.folder / "node"
    for name, text in {"etc/hosts": "127.0.0.1 localhost\n", "etc/containerd/config.toml": CONFIG,
                       **files}.items():
        if text is None:
            continue
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def pull(place, hosts=None, files=None, folder=HOST, key=False, options=(), certs=CERTS,
         seconds=None, unpack=False, reference=REFERENCE):
    """hosts: the text of hosts.toml."""
    files = dict(files or {})
    if hosts is not None:
        files[f"{CERTS}/{folder}/hosts.toml"] = hosts
    root = write(place, files)
    keys = ["--docker-config", place.key()] if key else []
    environment, place.environment = place.environment, {}
    results = {"probe": place.ask_probe(reference, "--profile", "node", "--host-root", str(root),
                                        *keys, *options)}
    place.environment = environment
    reader = ["--hosts-dir", str(root / certs)] if (root / certs).exists() else []
    user = ["--user", "bot:s3cret"] if key else []
    results["containerd"] = place.ask_containerd(reference, *reader, *user, unpack=unpack,
                                                 **({"timeout": seconds} if seconds else {}))
    results["skopeo"] = {"works": results["containerd"]["works"], "why": "not asked"}
    return results


def expect(results, works, status):
    """For rows of which some fail: turns the expected result into one that works with "ok"."""
    good = results["containerd"]["works"] == works and results["probe"]["status"] == status
    if not good:
        results["probe"]["why"] += (f" ({status} was expected, and that containerd"
                                    f" {'pulls' if works else 'fails'})")
    results["probe"].update(status="ok" if good else "wrong", confidence="likely")
    for client in ("containerd", "skopeo"):
        results[client]["works"] = True
    return results


def table(*hosts, server=None):
    """hosts.toml: (URL, more lines) each, or a URL."""
    lines = [f'server = "{server}"'] if server else []
    for host in hosts:
        url, *more = (host,) if isinstance(host, str) else host
        lines += [f'[host."{url}"]', *more]
    return "\n".join(lines) + "\n"


GOOD = f"https://{MIRROR}"
DEAD = "https://dead.corp.test"


# ---- the mirror and the registry are there ----

@each("node/mirror", [
    ("alone", "one mirror", table(GOOD)),
    ("server", "and a server line", table(GOOD, server=f"https://{HOST}")),
    ("bare", "written without a scheme", table(MIRROR)),
    ("pull", "for pulls by digest only", table((GOOD, 'capabilities = ["pull"]'))),
    ("both", "for both, in other letters", table((GOOD, 'capabilities = ["Pull", "RESOLVE"]'))),
    ("push", "for pushes only", table((GOOD, 'capabilities = ["push"]'))),
    ("path", "below a path", table(GOOD + "/v2/")),
    ("dialect", "single quotes, comments, a table without a header line",
     f"# mirrors\nserver = 'https://{HOST}'\nhost = {{ '{GOOD}' = {{ capabilities = [ 'pull', # x\n"
     f" 'resolve' ] }} }}\n"),
    ("unknown-key", "a key that containerd does not know", table((GOOD, 'color = "red"'))),
], works=True, status="ok")
def mirror(place, hosts):
    names(place)
    registry = Registry()
    place.serve(registry)
    place.serve(Registry(image=registry.image, host=MIRROR), IP2)
    return pull(place, hosts)


# ---- the registry is away, and the mirror serves ----

@each("node/only-mirror", [
    ("first", "one mirror", table(GOOD)),
    ("second", "after a dead one", table(DEAD, GOOD)),
    ("third", "after one without the image", table((f"https://{SECOND}"), GOOD)),
], works=True, status="warn")
def only_mirror(place, hosts):
    names(place)
    place.serve(Registry(host=MIRROR), IP2)
    place.serve(Fails(404), IP3)
    return pull(place, hosts)


@each("node/no-mirror", [
    ("resolve", "a mirror that may not resolve tags", table((GOOD, 'capabilities = ["pull"]'))),
    ("dead", "a dead mirror", table(DEAD)),
    ("order", "the server line names the registry", table(DEAD, server=f"https://{HOST}")),
], works=False, status="fail")
def no_mirror(place, hosts):
    names(place)
    place.serve(Registry(host=MIRROR), IP2)
    return pull(place, hosts)


# ---- the registry is not asked ----

@each("node/server", [
    ("elsewhere", "the server line names another host", table(server=f"https://{MIRROR}") +
     f'[host."{DEAD}"]\n'),
    ("twice", "and so does the mirror", table(GOOD, server=f"https://{MIRROR}")),
], works=True)
def server_elsewhere(place, hosts):
    names(place)
    place.serve(Registry(host=MIRROR), IP2)
    return pull(place, hosts)


@situation("node/server-dead", "the server line names a dead host, and the registry is there",
           False, "fail", "mirror_unreachable")
def server_dead(place):
    names(place)
    place.serve(Registry())
    return pull(place, table(DEAD, server=DEAD))


# ---- what of hosts.toml counts; the registry is away, or the mirror is ----

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
USER_URL = table(f"https://u:p@{MIRROR}")
NO_PUSH = f'capabilities = ["push"]\n{table(GOOD)}'


def headers(line):
    return table(GOOD) + f'[host."{GOOD}".header]\n{line}\n'


@each("node/hosts", [
    ("user", "user information in a URL is not used", USER_URL, IP2, True, "warn"),
    ("port", "a port that is none voids the whole file", table("https://x.test:bad", GOOD), IP2, False, "fail"),
    ("blank", "so does a blank in a host", table("https://x test", GOOD), IP2, False, "fail"),
    ("escape", "and a broken escape", table("https://x%zz", GOOD), IP2, False, "fail"),
    ("server-port", "and a server whose port is none", table(GOOD, server="https://x.test:bad"), IP2, False, "fail"),
    ("server-port-own", "then the registry is asked", table(GOOD, server="https://x.test:bad"), IP, True, "warn"),
    ("server-empty", "a server without a host is the registry", table(GOOD, server="https://"), IP, True, "warn"),
    ("port-large", "a port that is too large fails alone", table("https://x.test:70000", GOOD), IP2, True, "warn"),
    ("own-push", "what the file allows the registry does not count", NO_PUSH, IP, True, "warn"),
    ("server-push", "it counts for a server that is named", f'server = "https://{HOST}"\n{NO_PUSH}', IP, False, "fail"),
    ("resolve", "a mirror that may only resolve", table((GOOD, 'capabilities = ["resolve"]')), IP2, False, "fail"),
    ("header-empty", "a header without a name", headers('"" = "x"'), IP2, False, "fail"),
    ("header-length", "headers that Go writes itself",
     headers('Content-Length = "5"\nTransfer-Encoding = "chunked"'), IP2, True, "warn"),
    ("ca", "a ca without a certificate", table((GOOD, 'ca = "bad.pem"')), IP, False, "fail"),
    ("client", "a client certificate that is none", table((GOOD, 'client = "bad.pem"')), IP, False, "fail"),
], works=True)
def counts(place, hosts, address, works, status):
    names(place)
    place.serve(Registry(host=MIRROR if address == IP2 else HOST), address)
    return expect(pull(place, hosts, {f"{CERTS}/{HOST}/bad.pem": PEM}), works, status)


# ---- the mirror fails, and the registry is there ----

@each("node/falls-back", [
    ("refused", "nothing listens", table(DEAD), None),
    ("name", "no such name", table("https://nowhere.corp.test."), None),
    ("404", "404", table(GOOD), Fails(404)),
    ("403", "403", table(GOOD), Fails(403)),
    ("500", "500", table(GOOD), Fails(500)),
    ("503", "503", table(GOOD), Fails(503)),
    ("429", "429", table(GOOD), Fails(429)),
    ("401", "401 without a challenge", table(GOOD), Fails(401)),
    ("token", "no token for anybody", table(GOOD), Registry(auth="bearer", host=MIRROR)),
    ("manifest", "manifests are 404", table(GOOD), Fails(404, "/manifests/")),
    ("scheme", "https is written, and it speaks HTTP", table(f"https://{MIRROR}:80"), "plain"),
    ("two", "two dead mirrors", table(DEAD, GOOD + ":444"), None),
], works=True, status="warn", cause="mirror_unreachable")
def falls_back(place, hosts, app):
    names(place)
    place.serve(Registry())
    if app == "plain":
        place.accept(IP2, 80, lambda connection: (connection.recv(1), connection.sendall(
            b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), connection.close()))
    elif app:
        place.serve(app, IP2)
    return pull(place, hosts)


@situation("node/falls-back-blobs", "config and layers are missing at the mirror", True, "warn",
           "mirror_unreachable")
def falls_back_blobs(place):
    names(place)
    registry = Registry()
    place.serve(registry)
    place.serve(Fails(404, "/blobs/", image=registry.image), IP2)
    return pull(place, table(GOOD))


@situation("node/silent", "the mirror drops packets, so every request waits 30 s", True, "warn",
           "mirror_unreachable")
def silent(place):
    names(place)
    place.zone[MIRROR] = {"A": [SILENT]}
    place.serve(Registry())
    return pull(place, table(GOOD), seconds=200)


# ---- the mirror answers with the wrong thing, and containerd goes no further ----

@each("node/breaks", [
    ("bytes", "other bytes for config and layers", Lies(host=MIRROR)),
    ("page", "a web page for everything", Page()),
], works=False, status="fail", cause="mirror_broken")
def breaks(place, app):
    names(place)
    registry = Registry()
    place.serve(registry)
    if isinstance(app, Lies):
        app = Lies(host=MIRROR, image=registry.image)
    place.serve(app, IP2)
    return pull(place, table(GOOD), unpack=True)


def break_off(reply):
    head, _, body = reply.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + body[:50]


def bad_digest(reply):
    return reply.replace(b"Digest: sha256:", b"Digest: ", 1)


class Spoils(Registry):
    """Changes its answers to one kind of request, and gives no ranges."""

    def handle(self, request):
        request.headers.pop("range", None)
        reply = super().handle(request)
        return self.spoil(reply) if self.kind in request.path else reply


@each("node/ends", [
    ("digest", "a digest that is none", "/manifests/1", bad_digest),
    ("manifest", "a manifest that breaks off", "/manifests/sha256", break_off),
    ("blobs", "blobs that break off", "/blobs/", break_off),
], works=False, status="fail", cause="mirror_broken")
def ends(place, kind, spoil):
    names(place)
    registry = Registry()
    place.serve(registry)
    place.serve(Spoils(host=MIRROR, image=registry.image, kind=kind, spoil=spoil), IP2)
    return pull(place, table(GOOD))


@situation("node/other-image", "the mirror has another image of that tag without its layers", False, "unknown")
def other_image(place):
    names(place)
    place.serve(Registry())
    place.serve(Fails(404, "/blobs/", host=MIRROR), IP2)
    return pull(place, table(GOOD))


@situation("node/stalls", "the mirror takes the request and never answers", False, "fail",
           "mirror_broken")
def stalls(place):
    names(place)
    place.serve(Registry())
    place.serve(type("Silence", (), {"handle": lambda self, request: threading.Event().wait(60)})(),
                IP2)
    return pull(place, table(GOOD))


# ---- trust ----

def foreign(place):
    """A root of its own, and a server at the mirror with it. Returns the root's file."""
    folder = place.folder
    run(f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        f" -keyout {folder}/f.key -out {folder}/f.pem -days 90 -subj '/CN=Foreign'"
        f" -addext 'keyUsage=critical,keyCertSign,cRLSign'")
    made = place.certificate("foreign", ca=f"{folder}/f.pem", ca_key=f"{folder}/f.key")
    return made, (folder / "f.pem").read_text()


@each("node/trust", [
    ("none", "nobody knows the mirror's root", "", "warn"),
    ("text", "ca is a text", 'ca = "f.pem"', "ok"),
    ("list", "ca is a list", 'ca = ["f.pem"]', "ok"),
    ("skip", "skip_verify", "skip_verify = true", "warn"),
    ("skip-false", "skip_verify = false", "skip_verify = false", "warn"),
], works=True)
def trust(place, line, status):
    names(place)
    registry = Registry()
    certificate, root = foreign(place)
    place.serve(registry)
    place.serve(Registry(image=registry.image, host=MIRROR), IP2, certificate=certificate)
    return expect(pull(place, table((GOOD, line)), {f"{CERTS}/{HOST}/f.pem": root}), True, status)


@each("node/own-trust", [
    ("none", "nobody knows the registry's root", None, None, False, "fail"),
    ("crt", "a .crt file beside no hosts.toml", None, "ca.crt", True, "ok"),
    ("host", "ca for the registry itself", table((f"https://{HOST}", 'ca = "own.pem"')), "own.pem",
     True, "ok"),
    ("top", "ca above, and a mirror",
     'server = "https://' + HOST + '"\nca = "own.pem"\n' + table(DEAD), "own.pem", True,
     "warn"),
    ("skip", "skip_verify above", 'skip_verify = true\n' + table(DEAD), None, True, "warn"),
    ("no-host", "a file without a host table, which 1.x ignores", 'skip_verify = true\n', None,
     False, "fail"),
    ("broken", "a file that is not TOML, and a .crt beside it", "ca = own.pem\n", "ca.crt", True, "warn"),
], works=True)
def own_trust(place, hosts, file, works, status):
    names(place)
    certificate, root = foreign(place)
    place.serve(Registry(), certificate=certificate)
    files = {f"{CERTS}/{HOST}/{file}": root} if file else {}
    return expect(pull(place, hosts, files), works, status)


# ---- the files ----

@each("node/file", [
    ("default", "_default", {f"{CERTS}/_default/hosts.toml": table(GOOD)}, "warn"),
    ("empty", "an empty file", {f"{CERTS}/{HOST}/hosts.toml": ""}, "fail"),
    ("syntax", "no TOML", {f"{CERTS}/{HOST}/hosts.toml": table(GOOD) + "["}, "fail"),
    ("capability", "an unknown capability",
     {f"{CERTS}/{HOST}/hosts.toml": table((GOOD, 'capabilities = ["pull", "fly"]'))}, "fail"),
    ("type", "skip_verify is a text",
     {f"{CERTS}/{HOST}/hosts.toml": table((GOOD, 'skip_verify = "true"'))}, "fail"),
    ("twice", "a key twice",
     {f"{CERTS}/{HOST}/hosts.toml": table((GOOD, "skip_verify = true", "skip_verify = true"))},
     "fail"),
    ("before-default", "the registry's own folder wins over _default",
     {f"{CERTS}/_default/hosts.toml": table(DEAD), f"{CERTS}/{HOST}/hosts.toml": table(GOOD)},
     "warn"),
], works=True)
def file(place, files, status):
    """The registry is away: the mirror shows whether the file counts."""
    names(place)
    place.serve(Registry(host=MIRROR), IP2)
    return expect(pull(place, None, files), status != "fail", status)


@situation("node/override-path", "the API is below another path", True, "ok")
def override_path(place):
    names(place)
    registry = Registry()
    place.serve(registry)
    place.serve(Below(Registry(image=registry.image, host=MIRROR), "/api/mirror"), IP2)
    return pull(place, table((GOOD + "/api/mirror", "override_path = true")))


@situation("node/below-path", "a path gets /v2 added", True, "ok")
def below_path(place):
    names(place)
    registry = Registry()
    place.serve(registry)
    place.serve(Below(Registry(image=registry.image, host=MIRROR), "/hub/v2"), IP2)
    return pull(place, table(GOOD + "/hub"))


@situation("node/plain", "a mirror by HTTP", True, "ok")
def plain(place):
    names(place)
    registry = Registry()
    place.serve(registry)
    place.serve(Registry(image=registry.image, host=MIRROR), IP2, 80, certificate=False)
    return pull(place, table(f"http://{MIRROR}"))


@situation("node/key", "the mirror and the registry want the key", True, "ok")
def key(place):
    names(place)
    registry = Registry(auth="bearer")
    place.serve(registry)
    place.serve(Registry(auth="bearer", image=registry.image, host=MIRROR), IP2)
    return pull(place, table(GOOD), key=True)


@situation("node/header", "the mirror wants a header that the file gives", True, "ok")
def header(place):
    class Wants(Registry):
        def handle(self, request):
            if request.headers.get("x-mirror-token") != "s3same":
                return http(403, {}, b"", request.method)
            return super().handle(request)

    names(place)
    registry = Registry()
    place.serve(registry)
    place.serve(Wants(image=registry.image, host=MIRROR), IP2)
    return pull(place, table(GOOD) + f'[host."{GOOD}".header]\nx-mirror-token = "s3same"\n')


@each("node/client", [
    ("pair", "two files", 'client = [["c.cert", "c.key"]]', True),
    ("one", "one file with both", 'client = "both.pem"', True),
    ("none", "none", "", False),
], works=True)
def client(place, line, works):
    """The registry is away, and the mirror wants a certificate of the client."""
    names(place)
    folder = place.folder
    run(f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90"
        f" -keyout {folder}/c.key -out {folder}/c.cert -subj /CN=client"
        f" -addext extendedKeyUsage=clientAuth")

    def tune(context):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(str(folder / "c.cert"))

    place.serve(Registry(host=MIRROR), IP2, tune=tune)
    texts = {name: (folder / name).read_text() for name in ("c.cert", "c.key")}
    texts["both.pem"] = texts["c.cert"] + texts["c.key"]
    results = pull(place, table((GOOD, line)),
                   {f"{CERTS}/{HOST}/{name}": text for name, text in texts.items()})
    return expect(results, works, "warn" if works else "fail")


# ---- links ----

@each("node/port", [
    ("folder", "the image is named with :443, and the folder host_443_", HOST + "_443_", True),
    ("colon", "... the folder host:443", HOST + ":443", True),
    ("bare", "... the folder has no port, so it is another registry's", HOST, False),
])
def port_written(place, folder):
    names(place)
    place.serve(Registry(), address=IP2)
    return pull(place, table(GOOD), folder=folder, reference=HOST + ":443/team/app:1")


@situation("node/links", "certs.d is a link, as on the node", True, "warn")
def links(place):
    names(place)
    place.serve(Registry(host=MIRROR), IP2)
    root = write(place, {f"opt/certs/{HOST}/hosts.toml": table(GOOD)})
    (root / CERTS).symlink_to("/opt/certs")
    run(f"mkdir -p /run/opt && mount --bind {root}/opt /opt")
    return pull(place, None)


# ---- names and the proxy ----

@situation("node/hosts-file", "the node's hosts file has the registry", True, "ok")
def hosts_file(place):
    names(place)
    place.zone.pop(HOST)
    place.serve(Registry())
    entry = f"127.0.0.1 localhost\n{IP} {HOST}\n"
    place.write_hosts(entry)
    return pull(place, None, {"etc/hosts": entry})


def units(*lines):
    return "[Service]\n" + "\n".join(lines) + "\n"


@each("node/proxy", [
    ("drop-in", "in a drop-in", {UNIT: units(f'Environment="HTTPS_PROXY={rows_proxy.PROXY}"')}),
    ("unit", "in the unit", {"usr/lib/systemd/system/containerd.service":
                             units(f"Environment=A=b 'HTTPS_PROXY={rows_proxy.PROXY}' C=d")}),
    ("file", "in a file of the unit",
     {UNIT: units("EnvironmentFile=-/etc/sysconfig/containerd"),
      "etc/sysconfig/containerd": f'# proxy\nHTTPS_PROXY="{rows_proxy.PROXY}"\n'}),
    ("later", "the later drop-in wins",
     {UNIT: units("Environment=HTTPS_PROXY=http://10.20.0.15:9"),
      UNIT.replace("proxy", "z"): units(f"Environment=HTTPS_PROXY={rows_proxy.PROXY}")}),
    ("comment", "behind a comment between joined lines",
     {UNIT: units("Environment=A=b \\", "# the office", f" HTTPS_PROXY={rows_proxy.PROXY}")}),
    ("lower", "in small letters", {UNIT: units(f"Environment=https_proxy={rows_proxy.PROXY}")}),
], works=True)
def proxy(place, files):
    rows_proxy.start(place)
    place.environment = {"HTTPS_PROXY": rows_proxy.PROXY}
    return pull(place, None, files, key=True)


@each("node/no-proxy", [
    ("own", "the probe's own environment does not count", {}, {}),
    ("bypass", "NO_PROXY of the unit",
     {UNIT: units(f"Environment=HTTPS_PROXY={rows_proxy.PROXY} NO_PROXY={HOST}")},
     {"HTTPS_PROXY": rows_proxy.PROXY, "NO_PROXY": HOST}),
    ("quote", "a quote that is not closed",
     {UNIT: units(f'Environment="HTTPS_PROXY={rows_proxy.PROXY}')}, {}),
    ("unset", "UnsetEnvironment",
     {UNIT: units(f"Environment=HTTPS_PROXY={rows_proxy.PROXY}", "UnsetEnvironment=HTTPS_PROXY")},
     {}),
    ("reset", "an empty assignment",
     {UNIT: units(f"Environment=HTTPS_PROXY={rows_proxy.PROXY}", "Environment=")}, {}),
], works=False, status="fail", cause="connection_refused")
def no_proxy(place, files, environment):
    rows_proxy.start(place)
    place.environment = environment
    return pull(place, None, files, key=True)
