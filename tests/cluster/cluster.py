# SPDX-License-Identifier: MIT
"""A real kube-apiserver with its etcd, in the network of this process, and what a kubelet would add to it."""

import atexit
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from stopwatch import Stopwatch  # noqa: E402

ADDRESS, PORT = "10.98.0.1", 443
ADMIN = "the-token-of-the-administrator"
ACCOUNT = pathlib.Path("/run/secrets/kubernetes.io/serviceaccount")
MERGE = "application/merge-patch+json"
PATIENCE = 120.0


def wrong(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def await_until(condition, what, patience=PATIENCE):
    """The condition's value once it is true."""
    with Stopwatch() as watch:
        while time.monotonic() - watch.begin < watch.fair(patience):
            found = condition()
            if found:
                return found
            time.sleep(0.05)  # between two looks at the condition
    return wrong(f"never {what() if callable(what) else what}")


class Cluster:
    def __init__(self):
        self.parts = pathlib.Path(subprocess.run([HERE / "build-api-server"], check=True, stdout=subprocess.PIPE,
                                                 text=True).stdout.strip())
        keep = tempfile.TemporaryDirectory(dir="/run")
        atexit.register(keep.cleanup)
        self.folder = pathlib.Path(keep.name)
        run("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
        self.make_certificates()
        self.start()

    # ---- the servers ----

    def make_certificates(self):
        at = self.folder
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "30", "-subj", "/CN=kubernetes", "-keyout", at / "ca.key", "-out", at / "ca.crt")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            "/CN=kube-apiserver", "-keyout", at / "server.key", "-out", at / "server.csr")
        (at / "names").write_text(f"subjectAltName=IP:{ADDRESS},DNS:kubernetes.default.svc\n"
                                  "extendedKeyUsage=serverAuth\n")
        run("openssl", "x509", "-req", "-in", at / "server.csr", "-CA", at / "ca.crt", "-CAkey", at / "ca.key",
            "-CAcreateserial", "-days", "30", "-extfile", at / "names", "-out", at / "server.crt")
        run("openssl", "genrsa", "-out", at / "accounts.key", "2048")
        (at / "tokens.csv").write_text(f'{ADMIN},admin,admin,"system:masters"\n')

    def start(self):
        at = self.folder
        self.spawn("etcd", "--data-dir", at / "etcd", "--listen-client-urls", "http://127.0.0.1:2379",
                   "--advertise-client-urls", "http://127.0.0.1:2379", "--listen-peer-urls", "http://127.0.0.1:2380")
        server = self.spawn(
            "kube-apiserver", "--etcd-servers=http://127.0.0.1:2379", f"--bind-address={ADDRESS}",
            f"--advertise-address={ADDRESS}", f"--secure-port={PORT}", f"--tls-cert-file={at}/server.crt",
            f"--tls-private-key-file={at}/server.key", f"--cert-dir={at}", "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC", f"--token-auth-file={at}/tokens.csv",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={at}/accounts.key", f"--service-account-key-file={at}/accounts.key",
            "--disable-admission-plugins=ServiceAccount")
        self.trust = ssl.create_default_context(cafile=str(at / "ca.crt"))
        await_until(lambda: server.poll() is not None or self.call("GET", "/readyz")[0] == 200, "ready", 300)
        if server.poll() is not None:
            wrong(f"kube-apiserver ended: {self.log('kube-apiserver')}")
        (at / "kubeconfig").write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "lab",
            "clusters": [{"name": "lab", "cluster": {"server": f"https://{ADDRESS}:{PORT}",
                                                     "certificate-authority": str(at / "ca.crt")}}],
            "users": [{"name": "admin", "user": {"token": ADMIN}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}]}))

    def spawn(self, name, *arguments):
        with open(self.folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen([self.parts / name, *arguments], stdout=log, stderr=log, cwd=self.folder)
        atexit.register(process.kill)
        return process

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]

    # ---- requests ----

    def call(self, method, path, body=None, token=ADMIN, kind="application/json"):
        """(status, document)"""
        request = urllib.request.Request(
            f"https://{ADDRESS}:{PORT}{path}", method=method, data=body and json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": kind})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=self.trust))
        try:
            with opener.open(request, timeout=30) as answer:
                text, status = answer.read(), answer.status
        except urllib.error.HTTPError as error:
            text, status = error.read(), error.code
        except OSError:
            return 0, None
        return status, json.loads(text) if text.startswith(b"{") else text

    def make(self, path, body):
        status, document = self.call("POST", path, body)
        if status not in (200, 201):
            wrong(f"POST {path}: {status} {document}")
        return document

    def kubectl(self, *arguments, newer=True):
        """Its output, by kubectl 1.33, or by Debian's of the server's age."""
        done = subprocess.run([self.parts / ("kubectl-1.33" if newer else "kubectl"),
                               f"--kubeconfig={self.folder}/kubeconfig", f"--cache-dir={self.folder}/cache", *arguments],
                              capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env={**os.environ, "HOME": str(self.folder), "HTTPS_PROXY": "", "https_proxy": ""})
        if done.returncode != 0:
            wrong(f"kubectl {' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")
        return done.stdout

    # ---- what controllers and the kubelet would do ----

    def make_space(self, space):
        """A namespace with its default service account."""
        self.make("/api/v1/namespaces", {"metadata": {"name": space}})
        self.make(f"/api/v1/namespaces/{space}/serviceaccounts", {"metadata": {"name": "default"}})

    def make_pod(self, space, name, spec, status=None, **metadata):
        pods = f"/api/v1/namespaces/{space}/pods"
        pod = self.make(pods, {"metadata": {"name": name, **metadata},
                               "spec": {"serviceAccountName": "default", **spec}})
        if status:
            code, pod = self.call("PATCH", f"{pods}/{name}/status", {"status": status}, kind=MERGE)
            if code != 200:
                wrong(f"the status of pod {name}: {code} {pod}")
        return pod

    def make_token(self, space, bound=None, account="default"):
        """A token of the TokenRequest API, bound to an object if one is given."""
        spec = {"expirationSeconds": 3600}
        if bound:
            spec["boundObjectRef"] = {"kind": bound["kind"], "apiVersion": "v1", "name": bound["metadata"]["name"],
                                      "uid": bound["metadata"]["uid"]}
        return self.make(f"/api/v1/namespaces/{space}/serviceaccounts/{account}/token",
                         {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": spec}
                         )["status"]["token"]

    def mount_account(self, token, space):
        """The folder that the kubelet mounts into a pod; called again, it replaces the token."""
        ACCOUNT.mkdir(parents=True, exist_ok=True)
        (ACCOUNT / "ca.crt").write_bytes((self.folder / "ca.crt").read_bytes())
        (ACCOUNT / "namespace").write_text(space)
        (ACCOUNT / "token.new").write_text(token)
        (ACCOUNT / "token.new").rename(ACCOUNT / "token")

    @staticmethod
    def environment():
        return {"KUBERNETES_SERVICE_HOST": ADDRESS, "KUBERNETES_SERVICE_PORT": str(PORT)}
