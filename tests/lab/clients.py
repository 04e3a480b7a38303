# SPDX-License-Identifier: MIT
"""Real clients that pull from the same registry: skopeo, and containerd's ctr."""

import base64
import contextlib
import hashlib
import json
import os
import re
import subprocess
import time

ABOUT_A_REGISTRY = re.compile("registry|docker://|resolve reference|failed to copy|reading blob")

CONTAINERD = """
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "{folder}/containerd.sock"
[ttrpc]
  address = "{folder}/containerd.sock.ttrpc"
[plugins."io.containerd.metadata.v1.bolt"]
  content_sharing_policy = "isolated"
"""


# Debian builds its clients with the defaults of Go 1.20. These are Go 1.24's own, as upstream's programs have them.
GO_DEFAULTS = ("httplaxcontentlength=0,netedns0=1,rsa1024min=1,tls3des=0,tlsmlkem=1,tlsrsakex=0,"
               "x509negativeserial=0,x509rsacrt=1,x509usepolicies=1")
# Mounts the programs of another Debian over those of this machine; /etc and the rest stay as they are.
USE_ROOT = f"""mount --bind "$0/etc/ld.so.cache" /etc/ld.so.cache && mount --bind "$0/usr" /usr &&
    GODEBUG={GO_DEFAULTS} exec "$@\""""


def of_root(root, command):
    """The command with the programs and libraries of a root from scripts/debian13-root; None: this machine's."""
    return ["unshare", "-m", "sh", "-c", USE_ROOT, root, *command] if root else command


@contextlib.contextmanager
def containerd(folder, root=None):
    """One content store for a whole run of the lab. ctr does the talking to registries, from the
    scenario's network; the daemon has none, and each scenario has a containerd namespace. root: as
    of_root()."""
    config = folder / "containerd.toml"
    config.write_text(CONTAINERD.format(folder=folder))
    address = str(folder / "containerd.sock")
    with open(folder / "containerd.log", "wb") as log:
        daemon = subprocess.Popen(["unshare", "-Urnm",
                                   *of_root(root, ["containerd", "--config", str(config)])],
                                  stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while subprocess.run(of_root(root, ["ctr", "--address", address, "version"]), stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL).returncode != 0:
            if time.monotonic() > deadline or daemon.poll() is not None:
                raise SystemExit(f"lab: containerd does not run:\n"
                                 f"{(folder / 'containerd.log').read_text()}")
            time.sleep(0.05)  # between two looks at the condition
        yield address
    finally:
        daemon.terminate()
        daemon.wait()


def credentials(docker_config, host):
    """The entry that a docker config file has for the host, as ctr wants it."""
    entry = docker_config and json.loads(docker_config.read_text())["auths"].get(host)
    if not entry:
        return []
    if "identitytoken" in entry:
        return ["--refresh", entry["identitytoken"]]
    return ["--user", base64.b64decode(entry["auth"]).decode()]


def commands(scenario, reference, name, folder, containerd_address):
    """Each client's command; both get the manifest and every blob, with what the probe is given."""
    path = folder / "docker-config.json"
    docker_config = path if path.exists() else None
    options = scenario.get("options", [])
    insecure = "--plain-http" in options or "--insecure-skip-verify" in options
    yield "skopeo", ["skopeo", "--insecure-policy", "copy", "--remove-signatures",
                     *(["--authfile", str(path)] if docker_config else ["--src-no-creds"]),
                     *(["--src-tls-verify=false"] if insecure else []),
                     f"docker://{reference}", f"dir:{folder}/copied"]
    if containerd_address:
        yield "ctr", ["ctr", "--address", containerd_address, "-n", name, "content", "fetch",
                      *credentials(docker_config, reference.split("/")[0]),
                      *(["--plain-http"] if "--plain-http" in options else []),
                      *(["--skip-verify"] if "--insecure-skip-verify" in options else []),
                      reference]


def with_resolv_conf(path, command):
    return ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', str(path),
            os.path.realpath("/etc/resolv.conf"), *command]


def holds_image(client, digest, name, folder, containerd_address):
    """True if the manifest that arrived is the one that the lab pushed."""
    if client == "skopeo":
        manifest = (folder / "copied/manifest.json").read_bytes()
        return f"sha256:{hashlib.sha256(manifest).hexdigest()}" == digest
    return subprocess.run(["ctr", "--address", containerd_address, "-n", name, "content", "get",
                           digest], stdout=subprocess.DEVNULL).returncode == 0


def proxy_of(options):
    """The environment of a client that uses the proxy of the probe's options."""
    return {"HTTPS_PROXY": options[options.index("--proxy") + 1]} if "--proxy" in options else {}


def pull(command, folder, patience, options):
    """(succeeded, what it said, ran at all); one that still waits after `patience` seconds failed.
    In the pod's network, with the host's resolver."""
    resolv_conf = folder / "host-resolv.conf"
    if resolv_conf.exists():
        command = with_resolv_conf(resolv_conf, command)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder),
                   "SSL_CERT_FILE": str(folder / "ca.pem"), **proxy_of(options)}
    try:
        result = subprocess.run(command, env=environment, capture_output=True, text=True,
                                errors="replace", timeout=patience, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return False, f"still waiting after {patience:.0f} s", True
    said = (result.stderr.strip().splitlines() or [""])[-1]
    # One that failed for its own reasons does not speak of a registry.
    ran = result.returncode == 0 or bool(ABOUT_A_REGISTRY.search(said))
    return result.returncode == 0, said, ran
