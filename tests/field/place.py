# SPDX-License-Identifier: MIT
"""The place of one situation: a network namespace, names, certificates, servers and three clients.

A situation changes the members of a Place, then calls pull(). Everything lives in one process:
DNS and HTTP servers are threads, and a server answers with the bytes that its app returns.
"""

import base64
import ctypes
import gzip
import hashlib
import io
import json
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import tarfile
import tempfile
import threading

import clients
import cri
from cri import receive

HOST = "acme-prod.tencentcloudcr.com"
STORE, TOKEN_HOST, HUB = "cos.corp.test", "token.corp.test", "hub.corp.test"
ADDRESSES = [f"10.20.0.{number}" for number in range(10, 16)]
IP, IP2, IP3, IP4, IP5, SILENT = ADDRESSES  # packets to the last one are dropped
IP6 = "fd00:20::10"
NAMES = [HOST, "*.corp.test", "corp.test", "*." + HUB, "*." + HOST]
USER = "bot:s3cret"
CLIENT_SECONDS = 12
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000


def run(command, **options):
    return subprocess.run(command, shell=True, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options).stdout


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def basic(pair=USER):
    return base64.b64encode(pair.encode()).decode()


# ---- names ----


def encode_name(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


def dns_question(query):
    """(name, type) of a query."""
    at, parts = 12, []
    while query[at]:
        parts.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(parts), struct.unpack(">H", query[at + 1:at + 3])[0]


def dns_reply(query, rcode=0, records=(), flags=0x8180):
    """records: (name, type, data) each."""
    end = 12
    while query[end]:
        end += 1 + query[end]
    end += 5
    body = b"".join(encode_name(name) + struct.pack(">HHIH", kind, 1, 60, len(data)) + data
                    for name, kind, data in records)
    return (query[:2] + struct.pack(">HHHHH", flags | rcode, 1, len(records), 0, 0)
            + query[12:end] + body)


# ---- an image ----


def layer(name, size):
    """(tar, tar.gz) with one file of random bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = size
        archive.addfile(info, io.BytesIO(os.urandom(size)))
    return raw.getvalue(), gzip.compress(raw.getvalue(), mtime=0)


class Image:
    MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
    LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
    OCI = "application/vnd.oci.image.manifest.v1+json"
    INDEX = "application/vnd.oci.image.index.v1+json"
    CONFIG = "application/vnd.docker.container.image.v1+json"
    LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

    def __init__(self, sizes=(600,), architecture="amd64", config=None, config_type=CONFIG,
                 layer_type=LAYER, media=MANIFEST, extra=None):
        self.blobs, layers, contents, self.media = {}, [], [], media
        for number, size in enumerate(sizes):
            raw, packed = layer(f"file{number}", size)
            self.blobs[sha(packed)] = packed
            contents.append(sha(raw))
            layers.append({"mediaType": layer_type, "size": len(packed), "digest": sha(packed)})
        if config is None:
            config = json.dumps({"architecture": architecture, "os": "linux",
                                 "config": {"Cmd": ["/file0"]},
                                 "rootfs": {"type": "layers", "diff_ids": contents}}).encode()
        self.blobs[sha(config)] = config
        self.config, self.layers = sha(config), [each["digest"] for each in layers]
        document = {"schemaVersion": 2, "mediaType": media,
                    "config": {"mediaType": config_type, "size": len(config),
                               "digest": sha(config)},
                    "layers": layers, **(extra or {})}
        self.bytes = json.dumps(document, indent=2).encode()
        self.digest = sha(self.bytes)

    def descriptor(self, **platform):
        found = {"mediaType": self.media, "size": len(self.bytes), "digest": self.digest}
        return {**found, "platform": platform} if platform else found


# ---- a registry ----


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.path = target.split("?")[0]


REASONS = {200: "OK", 206: "Partial Content", 307: "Temporary Redirect", 401: "Unauthorized",
           403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
           429: "Too Many Requests"}


def http(status, headers=None, body=b"", method="GET", length=True):
    """The bytes of an answer. A header that is None is left out."""
    fields = {"Connection": "close", **(headers or {})}
    if length and "Content-Length" not in fields:
        fields["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    head = f"HTTP/1.1 {status} {REASONS.get(status, 'X')}\r\n{lines}\r\n".encode()
    return head + (b"" if method == "HEAD" else body)


class Registry:
    """Healthy in every way: `auth` is None, "bearer" or "basic". Situations override methods."""

    VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}

    def __init__(self, auth=None, image=None, host=HOST, repository="team/app", **members):
        self.auth, self.image, self.host = auth, image or Image(), host
        self.repository = repository
        self.manifests = {"1": (self.image.media, self.image.bytes)}
        self.blobs = {}
        self.add(self.image)
        self.__dict__.update(members)

    def add(self, image):
        self.manifests[image.digest] = (image.media, image.bytes)
        self.blobs.update(image.blobs)

    def tag(self, media, document):
        """The tag 1 leads to this document from now on. Returns its digest."""
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.manifests["1"] = self.manifests[sha(data)] = (media, data)
        return sha(data)

    def error(self, request, status, code, headers=None):
        body = json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode()
        return http(status, {"Content-Type": "application/json", **self.VERSION,
                             **(headers or {})}, body, request.method)

    def realm(self):
        return f"https://{self.host}/service/token"

    def challenge(self, request, scope=None):
        if self.auth == "basic":
            return {"WWW-Authenticate": 'Basic realm="Registry"'}
        named = f',scope="{scope}"' if scope else ""
        return {"WWW-Authenticate":
                f'Bearer realm="{self.realm()}",service="harbor-registry"{named}'}

    def pairs(self):
        """The keys that are good."""
        return [USER]

    def allowed(self, request):
        given = request.headers.get("authorization", "")
        if self.auth == "bearer":
            return given == "Bearer t0ken"
        return not self.auth or given in ["Basic " + basic(pair) for pair in self.pairs()]

    def token(self, request):
        if request.method == "POST":
            return http(405, {}, b"", request.method)
        given = request.headers.get("authorization", "")
        good = given in ["Basic " + basic(pair) for pair in self.pairs()]
        if not good and (given or "scope=" not in request.target):
            return self.error(request, 401, "UNAUTHORIZED")
        token = "t0ken" if good else "nothing"
        return http(200, {"Content-Type": "application/json"},
                    json.dumps({"token": token, "expires_in": 300}).encode(), request.method)

    def ping(self, request):
        if not self.allowed(request):
            return self.error(request, 401, "UNAUTHORIZED", self.challenge(request))
        return http(200, {"Content-Type": "application/json", **self.VERSION}, b"{}",
                    request.method)

    def manifest(self, request, reference):
        found = self.manifests.get(reference)
        if not found:
            return self.error(request, 404, "MANIFEST_UNKNOWN")
        return http(200, {"Content-Type": found[0], "Docker-Content-Digest": sha(found[1]),
                          **self.VERSION}, found[1], request.method)

    def blob(self, request, digest):
        found = self.blobs.get(digest)
        if found is None:
            return self.error(request, 404, "BLOB_UNKNOWN")
        return self.range_of(request, found)

    def range_of(self, request, data):
        wanted = request.headers.get("range", "")
        if not wanted.startswith("bytes="):
            return http(200, {"Content-Type": "application/octet-stream"}, data, request.method)
        first, _, last = wanted[6:].partition("-")
        first, last = int(first or 0), min(int(last or len(data) - 1), len(data) - 1)
        if first >= len(data):
            return http(416, {"Content-Range": f"bytes */{len(data)}"}, b"", request.method)
        return http(206, {"Content-Type": "application/octet-stream",
                          "Content-Range": f"bytes {first}-{last}/{len(data)}"},
                    data[first:last + 1], request.method)

    def handle(self, request):
        path = request.path
        if path == "/service/token":
            return self.token(request)
        if path in ("/v2/", "/v2"):
            return self.ping(request)
        for kind, answer in (("/manifests/", self.manifest), ("/blobs/", self.blob)):
            if path.startswith("/v2/") and kind in path:
                if not self.allowed(request):
                    return self.error(request, 401, "UNAUTHORIZED", self.challenge(
                        request, f"repository:{self.repository}:pull"))
                return answer(request, path.split(kind)[1])
        return http(404, {}, b"", request.method)


class App:
    """A server that answers everything with one function of the request."""

    def __init__(self, handle):
        self.handle = handle


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    headers = {name.lower(): value.strip()
               for name, _, value in (line.partition(":") for line in lines[1:])}
    while len(body) < int(headers.get("content-length") or 0):
        body += connection.recv(65536)
    return Request(method, target, headers, body)


# ---- the place ----


class Place:
    """What a situation may change: zone, environment, options, the servers it starts."""

    def __init__(self, folder, probe, containerd, name, root=None):
        self.root = root  # of the pull clients, as clients.of_root() takes it
        self.folder, self.shared = pathlib.Path(tempfile.mkdtemp(dir=folder)), folder
        self.program, self.containerd, self.name = probe, containerd, name
        self.zone = {HOST: {"A": [IP]}, STORE: {"A": [IP2]}, TOKEN_HOST: {"A": [IP3]},
                     HUB: {"A": [IP]}, "*." + HUB: {"A": [IP4]}, "*." + HOST: {"A": [IP4]},
                     "silent.corp.test": {"A": [SILENT]}}
        self.environment = {}  # of all three clients
        self.ca, self.ca_key = folder / "ca.pem", folder / "ca.key"
        self.options = ["--ca-file", str(self.ca)]  # of the probe
        self.timeout = "6s"
        self.requests = []  # (who, method, target, authorization)

    def enter(self):
        """A network and mounts of this process's own."""
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET | CLONE_NEWNS):
            raise OSError(ctypes.get_errno(), "unshare")
        run("mount --make-rprivate / && ip link set lo up")
        for address in ADDRESSES:
            run(f"ip addr add {address}/32 dev lo")
        run(f"ip addr add {IP6}/128 dev lo nodad")  # else nobody can bind to it for a moment
        run(f"until ip route get {IP6} from {IP6}; do sleep 0.01; done")  # the kernel adds the route later
        run("nft 'add table inet t; add chain inet t o { type filter hook output priority 0; };"
            f" add rule inet t o ip daddr {SILENT} drop'")
        self.write_resolv_conf("nameserver 127.0.0.1\n")
        self.write_hosts("127.0.0.1 localhost\n")

    def write_over(self, path, text):
        file = self.folder / path.strip("/").replace("/", "-")
        file.write_text(text)
        path = os.path.realpath(path)
        if not os.path.exists(path):  # a link into an empty /run
            os.makedirs(os.path.dirname(path), exist_ok=True)
            pathlib.Path(path).touch()
        run(f"mount --bind {file} {path}")

    def write_resolv_conf(self, text):
        self.write_over("/etc/resolv.conf", text)

    def write_hosts(self, text):
        self.write_over("/etc/hosts", text)

    # ---- names ----

    def records(self, name):
        parent = "*." + name.partition(".")[2]
        return self.zone.get(name.lower(), self.zone.get(parent.lower()))

    def answer(self, query, tcp=False):
        """The bytes of an answer to a DNS query, or None for silence."""
        name, kind = dns_question(query)
        found = self.records(name)
        if found is None:
            return dns_reply(query, 3)
        records, current = [], name
        for alias in found.get("CNAME", []):
            records.append((current, 5, encode_name(alias)))
            current = alias
        family = {1: (socket.AF_INET, "A"), 28: (socket.AF_INET6, "AAAA")}.get(kind)
        if family:
            records += [(current, kind, socket.inet_pton(family[0], address))
                        for address in found.get(family[1], [])]
        return dns_reply(query, 0, records)

    def serve_dns(self, address="127.0.0.1", answer=None, udp=True, tcp=True, port=53):
        answer = answer or self.answer
        family = socket.AF_INET6 if ":" in address else socket.AF_INET

        def over_udp(listener):
            while True:
                query, peer = listener.recvfrom(4096)
                reply = answer(query, False)
                if reply:
                    listener.sendto(reply, peer)

        def over_tcp(connection):
            with connection:
                while True:
                    query = receive(connection, struct.unpack(">H", receive(connection, 2))[0])
                    reply = answer(query, True)
                    if reply:
                        connection.sendall(struct.pack(">H", len(reply)) + reply)

        if udp:
            listener = socket.socket(family, socket.SOCK_DGRAM)
            listener.bind((address, port))
            threading.Thread(target=over_udp, args=(listener,), daemon=True).start()
        if tcp:
            self.accept(address, port, over_tcp)

    # ---- servers ----

    def accept(self, address, port, serve):
        """serve(connection) for each, in a thread of its own."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(64)

        def one(connection):
            try:
                serve(connection)
            except OSError:  # the peer went away, or refused the handshake
                pass

        def loop():
            while True:
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=loop, daemon=True).start()

    def certificate(self, name, names=None, key="ec -pkeyopt ec_paramgen_curve:P-256", ca=None,
                    ca_key=None, extensions="", digest="sha256", subject=None, more=""):
        """(certificate, key) by the CA. `extensions`: lines of an openssl extension file."""
        names = names or NAMES
        stem = self.folder / name
        alternative = ",".join(("IP:" if each.replace(".", "").isdigit() or ":" in each
                                else "DNS:") + each for each in names)
        stem.with_suffix(".ext").write_text(
            f"subjectAltName={alternative}\nbasicConstraints=CA:FALSE\n"
            f"extendedKeyUsage=serverAuth\n{extensions}\n")
        run(f"openssl req -newkey {key} -nodes -keyout {stem}.key -out {stem}.csr "
            f"-subj '{subject or '/CN=' + names[0]}'")
        run(f"openssl x509 -req -in {stem}.csr -CA {ca or self.ca} -CAkey {ca_key or self.ca_key}"
            f" -CAcreateserial -CAserial {stem}.srl -{digest} -days 60 -extfile {stem}.ext"
            f" -out {stem}.pem {more}")
        return f"{stem}.pem", f"{stem}.key"

    def certificate_of_dates(self, name, begin, end, **more):
        """A certificate with these dates, YYYYMMDDHHMMSSZ each."""
        stem = self.folder / name
        made = self.certificate(name, **more)
        (self.folder / "index").touch()
        stem.with_suffix(".cnf").write_text(
            f"[ca]\ndefault_ca=own\n[own]\ndatabase={self.folder}/index\nrand_serial=yes\n"
            f"new_certs_dir={self.folder}\ndefault_md=sha256\npolicy=any\nunique_subject=no\n"
            "[any]\ncommonName=optional\n")
        run(f"openssl ca -batch -notext -config {stem}.cnf -cert {self.ca} -keyfile {self.ca_key}"
            f" -in {stem}.csr -extfile {stem}.ext -startdate {begin} -enddate {end} -out {stem}.pem")
        return made

    def serve(self, app, address=IP, port=443, certificate=True, tune=None, rude=False):
        """app.handle(Request) gives the bytes. certificate: False for plain HTTP. tune(context).
        rude: the connection ends without the TLS notice of its end. An app may have a member
        stays_open(reply): then the peer ends the connection."""
        context = None
        if certificate:
            if certificate is True:
                certificate = (str(self.shared / "leaf.pem"), str(self.shared / "leaf.key"))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.load_cert_chain(*certificate)
            if tune:
                tune(context)

        def one(connection):
            with connection:
                if context:
                    connection = context.wrap_socket(connection, server_side=True)
                request = read_request(connection)
                if not request:
                    return
                reply = app.handle(request)
                self.requests.append((request.headers.get("user-agent", "").split("/")[0],
                                      request.method, request.target,
                                      request.headers.get("authorization", "").split(" ")[0],
                                      reply.split(b"\r\n")[0].decode() if reply else ""))
                if reply:
                    connection.sendall(reply)
                if getattr(app, "stays_open", lambda _: False)(reply):
                    connection.recv(1)
                    return
                if context and not rude:
                    connection = connection.unwrap()
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)  # until the peer has read it all

        self.accept(address, port, one)

    # ---- clients ----

    def key_file(self, document):
        """A docker config with this content; a text is taken as it is."""
        path = self.folder / f"docker-{len(list(self.folder.iterdir()))}.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    def key(self, pair=USER, host=HOST):
        return self.key_file({"auths": {host: {"auth": basic(pair)}}})

    def command(self, command, trusts=True, timeout=CLIENT_SECONDS):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C"}
        if trusts:
            environment["SSL_CERT_FILE"] = str(self.ca)
        environment.update(self.environment)
        try:
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, errors="replace",
                                  timeout=timeout)
        except subprocess.TimeoutExpired:
            return 124, "", f"still waiting after {timeout} s"
        return done.returncode, done.stdout, done.stderr

    def client(self, command, timeout=CLIENT_SECONDS):
        return self.judge(self.command(clients.of_root(self.root, command), timeout=timeout))

    def ask_probe(self, target, *options):
        code, out, err = self.command(
            [self.program, "check", "--format", "json", "--timeout", self.timeout, *self.options,
             *options, target], trusts=False)
        try:
            found = json.loads(out)["targets"][0]
        except (ValueError, LookupError):
            return {"status": f"exit {code}", "cause": "", "confidence": "", "why": out + err,
                    "causes": []}
        first = found["findings"][0]
        return {"status": found["status"], "cause": found["cause"], "why": first["summary"],
                "confidence": first["confidence"],
                "causes": [each["cause"] for each in found["findings"]]}

    def ask_skopeo(self, reference, *options):
        target = tempfile.mkdtemp(dir=self.folder)
        return self.client(["skopeo", "--insecure-policy", "copy", *options,
                            "docker://" + reference, "dir:" + target])

    def ask_containerd(self, reference, *options, unpack=True, timeout=CLIENT_SECONDS):
        what = (["images", "pull", "--snapshotter", "native"] if unpack else ["content", "fetch"])
        space = f"{self.name.replace(chr(47), chr(45))}-{len(list(self.folder.iterdir()))}"
        return self.client(["ctr", "--address", self.containerd, "-n", space, *what, *options,
                            reference], timeout)

    def ask_cri(self, reference, user=None):
        """containerd as the kubelet asks it, with config.toml and the rest of this machine's /etc."""
        environment = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": str(self.ca), **self.environment}
        return cri.run(self.folder, reference, environment,
                       lambda command: clients.of_root(self.root, command), user)

    @staticmethod
    def judge(result):
        code, _, err = result
        lines = err.strip().splitlines() or [""]
        return {"works": code == 0, "why": "" if code == 0 else lines[-1][-300:]}

    def pull(self, reference=HOST + "/team/app:1", target=None, keys=(), users=(None,),
             options=(), skopeo=(), containerd=(), unpack=True):
        """The three clients, one after the other. keys: docker configs. users: the kubelet's keys
        in its order; the pull works if one of them works."""
        results = {"probe": self.ask_probe(
            target or reference, *options,
            *[part for key in keys for part in ("--docker-config", key)])}
        authfile = ["--authfile", keys[0]] if keys else ["--src-no-creds"]
        results["skopeo"] = self.ask_skopeo(reference, *authfile, *skopeo)
        for user in users:
            results["containerd"] = self.ask_containerd(
                reference, *(["--user", user] if user else []), *containerd, unpack=unpack)
            if results["containerd"]["works"]:
                break
        return results
