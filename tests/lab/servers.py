"""What runs in the lab's nodes: the resolver and the registry, well or broken."""

import pathlib
import subprocess
import sys
import time

from certificates import NAME, make_certificates
from network import DEAD, PRIVATE, PUBLIC, RESOLVER, build_network, in_node

HERE = pathlib.Path(__file__).resolve().parent


def start_resolver(folder, kind):
    log = folder / "dns.log"
    if kind in ("servfail", "silent"):
        in_node("vpc", sys.executable, str(HERE / "faults.py"), kind, RESOLVER, log=log)
        return
    twin = NAME.replace(".", "-vpc.", 1)
    answers = {
        "private": [f"--address=/{NAME}/{PRIVATE}", f"--address=/{twin}/{PRIVATE}"],
        "public": [f"--address=/{NAME}/{PUBLIC}"],
        "private-off": [f"--address=/{NAME}/{PUBLIC}", f"--address=/{twin}/{PRIVATE}"],
        "mixed": [f"--host-record={NAME},{PRIVATE}", f"--host-record={NAME},{DEAD}"],
        "bogus": [f"--address=/{NAME}/127.0.0.1"],
        "nodata": [f"--txt-record={NAME},nothing"],
        "nxdomain": [],
        "refused": [],
    }[kind]
    local = [] if kind == "refused" else ["--local=/tencentcloudcr.com/"]
    in_node("vpc", "dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=",
            f"--listen-address={RESOLVER}",
            "--bind-interfaces", *local, *answers, log=log)


REGISTRY = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}/storage}}}}
http:
  addr: :443
  tls: {{certificate: {folder}/cert.pem, key: {folder}/key.pem}}
"""

NGINX = """
daemon off; pid {folder}/nginx-{node}.pid; error_log stderr; user root; master_process off;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 443 {tls};
    {certificate}
    default_type text/html;
    {headers}
    location / {{ return {status} "<html><body>lab</body></html>"; }}
  }}
}}
"""


def start_server(folder, kind, node):
    log = folder / f"server-{node}.log"
    if kind == "registry":
        config = folder / "registry.yml"
        config.write_text(REGISTRY.format(folder=folder))
        in_node(node, "docker-registry", "serve", str(config), log=log)
    elif kind in ("stalled", "reset"):
        in_node(node, sys.executable, str(HERE / "faults.py"), kind, "0.0.0.0", log=log)
    elif kind != "none":
        tls = kind != "plain"
        config = folder / f"nginx-{node}.conf"
        config.write_text(NGINX.format(
            folder=folder, node=node, tls="ssl" if tls else "", status=kind if kind.isdigit() else 200,
            headers='add_header Retry-After 120 always;' if kind == "429" else "",
            certificate=f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;"
            if tls else ""))
        in_node(node, "nginx", "-c", str(config), "-e", "stderr", log=log)


def await_listening(node, transport, address, port, folder):
    """Until something listens there, as the node's own kernel lists it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        listed = subprocess.run(["ip", "netns", "exec", node, "ss", "-Hnl" + transport],
                                capture_output=True, text=True).stdout
        if any(local.rsplit(":", 1)[1] == str(port)
               and local.rsplit(":", 1)[0] in (address, "0.0.0.0", "*", "[::]")
               for local in (line.split()[3] for line in listed.splitlines())):
            return
        time.sleep(0.02)  # between two looks at the condition
    for log in folder.glob("*.log"):
        sys.stderr.write(f"{log.name}: {log.read_text(errors='replace')}\n")
    sys.exit(f"lab: nothing listens on {transport} {address}:{port} of {node}")


def build(scenario, folder):
    server = scenario.get("server", "registry")
    make_certificates(folder, scenario.get("certificate", "good"))
    build_network(folder, scenario.get("drop", []))
    start_resolver(folder, scenario.get("dns", "private"))
    await_listening("vpc", "u", RESOLVER, 53, folder)
    for node in ("vpc", "net"):
        start_server(folder, server, node)
        if server != "none":
            await_listening(node, "t", "0.0.0.0", 443, folder)
