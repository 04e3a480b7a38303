# SPDX-License-Identifier: MIT
"""A registry as TCR's is: a front with TLS, a token service, real docker-registry, a storage host.

  pod ── 443 ── nginx (front) ── docker-registry (loopback): tokens asked for, blobs redirected
                  │ /service/token ── token_server.py (loopback), also as a host of its own
                  └ the storage host: the registry's blobs, only with the signature of the redirect

The table `registry` of a scenario says what is not healthy:
  scheme, port    https, 443
  realm           own: the token service has a name and an address of its own; wrong-name: and
                  another's certificate
  token           settings of token_server.py
  audience        who the tokens are for, if not for this registry
  signer          stranger: the tokens are signed by a key that the registry does not know
  authentication  basic: the front asks for name and key itself, and there are no tokens; basic-layers: for
                  layers alone
  scope           a further scope in the challenge for an image
  ciphers         those of TLS 1.2 that the front offers, and no other version
  storage         none: layers come from the registry; provider, public: from a storage host there
  storage_status  what the storage host answers, if not the layer
  storage_certificate  other: the storage host has another's
  manifest        the status that the front answers for manifests: 403, 412, 429, 503
Every request is a line of requests.log: host, method, path without query, status.
"""

import base64
import json
import pathlib
import secrets
import subprocess
import sys

import image
from certificates import NAME, issue, make_certificates
from network import run

HERE = pathlib.Path(__file__).resolve().parent
USER = "robot$reader"
SERVICE = "harbor-registry"
TOKEN_HOST = "auth.example.net"
# An object store of the same region, as a VPC sees it, and one of another region.
STORAGE_HOSTS = {"provider": "acme-prod-1250000000.cos.ap-guangzhou.myqcloud.com",
                 "public": "acme-prod-1250000000.cos.eu-frankfurt.myqcloud.com"}
HOSTS = {TOKEN_HOST: "token", STORAGE_HOSTS["provider"]: "link-local",
         STORAGE_HOSTS["public"]: "storage"}  # and their addresses, by the names of network.py
STORED = ("team/app", "open/app", "sealed/app")
RIGHTS = {"team/app": [USER], "team/nothing": [USER], "open/app": [""], "sealed/app": ["somebody"]}
BLOCKED = {
    412: ("PROJECTPOLICYVIOLATION", "current image with 7 vulnerabilities cannot be pulled due to "
          "configured policy in 'Prevent images with vulnerability severity of \"High\" or higher "
          "from running.'"),
    403: ("DENIED", "requested access to the resource is denied"),
    429: ("TOOMANYREQUESTS", "too many requests"),
    503: ("UNAVAILABLE", "service unavailable"),
}

FRONT = """
daemon off; pid {folder}/front-{node}.pid; error_log stderr; user root; master_process off;
events {{}}
http {{
  server_names_hash_bucket_size 128;
  map $upstream_http_www_authenticate $challenge {{
    default $upstream_http_www_authenticate;
    {scope}
  }}
  log_format lab "$host $request_method $uri $status";
  access_log {folder}/requests.log lab;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-Proto $scheme;
  default_type application/json;
  server {{
    listen {port} {tls};
    server_name {name};
    {certificate}
    {ciphers}
    {basic}
    proxy_hide_header WWW-Authenticate;
    add_header WWW-Authenticate $challenge always;
    location / {{
      proxy_pass http://127.0.0.1:5001;
      proxy_redirect ~^(https://{storage_host}/.*)$ $1?sign={signature};
    }}
    location /service/token {{ proxy_pass http://127.0.0.1:5002; }}
    {manifest}
    {layers}
  }}
  server {{
    listen 443 ssl;
    server_name {token_host};
    ssl_certificate {folder}/{token_certificate}.pem;
    ssl_certificate_key {folder}/{token_certificate}.key;
    location / {{ proxy_pass http://127.0.0.1:5002; }}
  }}
  server {{
    listen 443 ssl;
    server_name {storage_host};
    ssl_certificate {folder}/{storage_certificate}.pem;
    ssl_certificate_key {folder}/{storage_certificate}.key;
    default_type application/octet-stream;
    root {folder}/storage;
    if ($http_authorization) {{ return 400; }}  # as object stores do: two ways to authenticate
    if ($arg_sign != "{signature}") {{ return 403; }}
    {storage}
  }}
}}
"""


def quoted(text):
    """The text as a string of nginx's configuration."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def nodes_of(table):
    """The nodes on which parts of the registry run."""
    return ["internet", "vpc"] if table.get("storage") == "public" else ["vpc"]


def docker_config(folder):
    return folder / "docker-config.json"


def sign_with(folder, stem):
    """<stem>.key and <stem>.pem, by which tokens are signed and recognised, if they are not there yet."""
    if not (folder / f"{stem}.key").exists():
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj",
            f"/CN={stem}", "-keyout", f"{stem}.key", "-out", f"{stem}.pem", cwd=folder,
            stderr=subprocess.DEVNULL)


def issue_hosts(folder):
    issue(folder, "hosts", list(HOSTS))
    issue(folder, "other", ["other.example.net"])


def prepare(folder):
    """Makes in a new folder the keys and certificates that most scenarios need, once for all of them."""
    folder.mkdir()
    make_certificates(folder, "good")
    issue_hosts(folder)
    sign_with(folder, "token")


class Registry:
    """The parts of one scenario's registry, before any of them runs."""

    def __init__(self, folder, table):
        self.folder, self.table = folder, table
        self.scheme = table.get("scheme", "https")
        self.port = table.get("port", 443)
        self.host = NAME if self.port == 443 else f"{NAME}:{self.port}"
        self.key, self.refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.storage = table.get("storage", "none")
        self.signature = secrets.token_hex(16)

    def realm(self):
        own = f"https://{TOKEN_HOST}/service/token"
        return own if "realm" in self.table else f"{self.scheme}://{self.host}/service/token"

    def write_docker_config(self, kind):
        """Writes the file that an image pull secret would be mounted as."""
        def basic(key):
            return {"auth": base64.b64encode(f"{USER}:{key}".encode()).decode()}
        entries = {
            "good": {self.host: basic(self.key)},
            "wrong": {self.host: basic(self.key[::-1])},
            "refresh": {self.host: {"auth": basic("")["auth"], "identitytoken": self.refresh}},
            "other": {"other.tencentcloudcr.com": basic(self.key)},
            "wrong-namespace": {self.host: basic(self.key), f"{self.host}/team": basic(self.key[::-1])},
            "wrong-helper": {self.host: basic(self.key[::-1])},
        }[kind]
        helpers = {"credHelpers": {self.host: "none-such"}} if kind == "wrong-helper" else {}
        docker_config(self.folder).write_text(json.dumps({"auths": entries} | helpers))

    def write(self):
        """Everything that the servers read."""
        folder, signer = self.folder, self.table.get("signer", "token")
        issue_hosts(folder)
        for stem in {"token", signer}:
            sign_with(folder, stem)
        for repository in STORED:
            image.write_image(folder / "storage", repository)
        (folder / "token.json").write_text(json.dumps({
            "listen": ["127.0.0.1", 5002], "issuer": "lab", "rights": RIGHTS,
            "audience": self.table.get("audience", SERVICE), "key": str(folder / f"{signer}.key"),
            "certificate": str(folder / f"{signer}.pem"), "users": {USER: self.key},
            "refresh": {self.refresh: USER}} | self.table.get("token", {})))
        (folder / "docker-registry.json").write_text(json.dumps(self.docker_registry()))
        for node in nodes_of(self.table):
            (folder / f"front-{node}.conf").write_text(self.front(node))

    def basic(self):
        """True if the front asks for name and key itself."""
        return "authentication" in self.table

    def docker_registry(self):
        settings = {
            "version": "0.1", "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": f"{self.folder}/storage"}},
            "http": {"addr": "127.0.0.1:5001", "secret": "lab"}}
        if not self.basic():
            settings["auth"] = {"token": {
                "realm": self.realm(), "service": SERVICE, "issuer": "lab",
                "rootcertbundle": f"{self.folder}/token.pem"}}
        if self.storage != "none":
            settings["middleware"] = {"storage": [{"name": "redirect", "options": {
                "baseurl": f"https://{STORAGE_HOSTS[self.storage]}"}}]}
        return settings

    def front(self, node):
        folder, table = self.folder, self.table
        basic = manifest = layers = storage = scope = ciphers = ""
        if self.basic():
            hashed = subprocess.run(["openssl", "passwd", "-apr1", "-stdin"], input=self.key,
                                    capture_output=True, text=True, check=True).stdout
            (folder / "users").write_text(f"{USER}:{hashed}")
            basic = f"auth_basic lab; auth_basic_user_file {folder}/users;"
        if table.get("authentication") == "basic-layers":
            layers = f"location ~ /blobs/ {{ {basic} proxy_pass http://127.0.0.1:5001; }}"
            basic = ""
        if "scope" in table:
            scope = f"""'~^(?<head>.*scope="[^"]*)(?<rest>.*)$' '$head {table["scope"]}$rest';"""
        if "ciphers" in table:
            ciphers = f"ssl_protocols TLSv1.2; ssl_ciphers {table['ciphers']};"
        if "manifest" in table:
            code, message = BLOCKED[table["manifest"]]
            body = quoted(json.dumps({"errors": [{"code": code, "message": message}]}))
            manifest = (f"location ~ /manifests/ {{ add_header Retry-After 1 always; "
                        f"return {table['manifest']} {body}; }}")
        if "storage_status" in table:
            storage = f"location / {{ return {table['storage_status']} '<Error/>'; }}"
        return FRONT.format(
            folder=folder, node=node, name=NAME, port=self.port,
            tls="ssl" if self.scheme == "https" else "",
            certificate=f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;"
            if self.scheme == "https" else "",
            token_host=TOKEN_HOST, storage_host=STORAGE_HOSTS.get(self.storage, "none"), signature=self.signature,
            token_certificate="other" if table.get("realm") == "wrong-name" else "hosts",
            storage_certificate=table.get("storage_certificate", "hosts"), basic=basic,
            manifest=manifest, layers=layers, storage=storage, scope=scope, ciphers=ciphers)

    def commands(self, node):
        """The commands of the node, each with the port it listens on."""
        front = (["nginx", "-c", str(self.folder / f"front-{node}.conf"), "-e", "stderr"],
                 self.port)
        if node != "vpc":
            return [front]
        return [(["docker-registry", "serve", str(self.folder / "docker-registry.json")], 5001),
                ([sys.executable, str(HERE / "token_server.py"), str(self.folder / "token.json")],
                 5002), front]
