# SPDX-License-Identifier: MIT
"""The servers in the lab's nodes: resolvers, registries and controls, healthy or broken."""

import json
import pathlib
import socket
import sys
import time

from certificates import NAME, OTHER, make_certificates
from image import write_image
from network import (ADDRESSES, HOST_RESOLVERS, POD_RESOLVERS, PROFILE_RESOLVERS, bind_resolv_conf,
                     build_network, diagnostics_of, in_node, listening, newest_process, node_of,
                     write_resolv_conf)
from registry import HOSTS, Registry, nodes_of

HERE = pathlib.Path(__file__).resolve().parent

# ---- resolvers ----

FAULTY_RESOLVERS = ("silent", "servfail", "formerr", "notimp", "malformed", "no-a", "no-aaaa", "truncated")
NO_RESOLVER = ("closed",)  # nothing listens there
CONTROL_NAMES = {"service.vpc.example": "service", "www.qq.com": "internet",
                 "www.baidu.com": "internet2", "echo.example.net": "internet",
                 "mirror.ccs.tencentyun.com": "service"}  # the control in the VPC of profile tke-serverless
ALIASES = 9


def alias(number):
    return f"alias-{number}-of-the-registry-with-quite-a-long-name.tencentcloudcr.com"


def records(kind, twin):
    """dnsmasq's options for one view: what the registry's name and its -vpc twin answer."""
    options = [f"--host-record={name},{ADDRESSES[to]}" for name, to in (CONTROL_NAMES | HOSTS).items()]
    if twin:
        options.append(f"--host-record={NAME.replace('.', '-vpc.', 1)},{ADDRESSES[twin]}")
    if kind != "refused":
        options += ["--local=/tencentcloudcr.com/", f"--local=/{OTHER}/"]
    if kind == "nodata":
        options.append(f"--txt-record={NAME},nothing")
    elif kind == "long-chain":
        names = [NAME, *(alias(number) for number in range(ALIASES))]
        options += [f"--cname={a},{b}" for a, b in zip(names, names[1:])]
        options.append(f"--host-record={names[-1]},{ADDRESSES['private']}")
    elif kind not in ("nxdomain", "refused"):
        options += [f"--host-record={name},{ADDRESSES[to]}"
                    for to in kind.split("+") for name in (NAME, OTHER)]
    return options


def resolvers(scenario):
    """(address, kind) of every resolver, those of the pod and those of the host."""
    def listed(key, default, addresses):
        kinds = scenario.get(key, default)
        return list(zip(addresses, [kinds] if isinstance(kinds, str) else kinds))
    host = PROFILE_RESOLVERS if scenario.get("profile") else HOST_RESOLVERS
    return listed("dns", "private", POD_RESOLVERS), listed("host_dns", [], host)


def start_resolver(folder, address, kind, twin):
    log = folder / f"dns-{address}.log"
    if kind in NO_RESOLVER:
        return
    if kind in FAULTY_RESOLVERS:
        in_node("vpc", sys.executable, str(HERE / "faults.py"), kind, address, log=log)
    else:
        in_node("vpc", "dnsmasq", "--no-daemon", "--no-round-robin", "--no-resolv", "--no-hosts",
                "--conf-file=", f"--listen-address={address}", "--bind-interfaces",
                *records(kind, twin), log=log)
    await_listening("vpc", "u", address, 53, folder)


# ---- registries and controls ----

REGISTRY = """
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/storage}}}}
http:
  addr: {listen}
  {tls}
"""

NGINX = """
daemon off; pid {folder}/nginx-{node}.pid; error_log stderr; user root; master_process off;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
  default_type {type};
  server {{
    {listen}
    {more}
    location / {{ return {answer}; }}
  }}
}}
"""
LISTEN_TLS = "listen 443 ssl; listen [::]:443 ssl;"
HTML = "<html><body>lab</body></html>"

# The kinds of nginx: lines of its server, and its answer.
WEB_SERVERS = {
    "plain": {"listen": "listen 443;"},
    "html": {},
    "404": {"answer": f'404 "{HTML}"'},
    "403": {"answer": f'403 "{HTML}"'},
    "403-client": {"answer": "403 \"client with IP '$remote_addr' is not allowed\"",
                   "type": "text/plain"},
    "429": {"answer": '429 ""', "more": "add_header Retry-After 120 always;"},
    "503": {"answer": f'503 "{HTML}"'},
    "redirect": {"answer": "302 https://login.example.net/portal"},
    "alert": {"more": "ssl_reject_handshake on;"},
    "old-protocol": {"more": "ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;"},
    "echo": {"answer": '200 "$remote_addr\\n"', "listen": f"{LISTEN_TLS} listen 80;",
             "type": "text/plain"},
}
BEHIND_FILTER = ("sni-drop", "sni-reset")
BEHIND_PROXY = ("date-wrong", "date-2020")


def start_registry(folder, node, listen, encrypted):
    config = folder / f"registry-{node}.yml"
    tls = f"tls: {{certificate: {folder}/cert.pem, key: {folder}/key.pem}}" if encrypted else ""
    config.write_text(REGISTRY.format(folder=folder, listen=listen, tls=tls))
    in_node(node, "docker-registry", "serve", str(config), log=folder / f"registry-{node}.log")
    await_listening(node, "t", "0.0.0.0", int(listen.rsplit(":", 1)[1]), folder)


def start_nginx(folder, node, kind):
    config = folder / f"nginx-{node}.conf"
    config.write_text(NGINX.format(folder=folder, node=node, **{
        "type": "text/html", "listen": LISTEN_TLS, "more": "", "answer": f'200 "{HTML}"',
        **WEB_SERVERS[kind]}))
    in_node(node, "nginx", "-c", str(config), "-e", "stderr", log=folder / f"nginx-{node}.log")
    await_listening(node, "t", "0.0.0.0", 443, folder)


def start_server(folder, node, kind):
    if kind == "registry":
        start_registry(folder, node, ":443", encrypted=True)
    elif kind in WEB_SERVERS:
        start_nginx(folder, node, kind)
    elif kind == "hostile":
        in_node(node, sys.executable, str(HERE / "hostile.py"), str(folder), log=folder / "hostile.log")
        await_listening(node, "t", "0.0.0.0", 443, folder)  # the last port that it opens
    elif kind != "none":
        if kind in BEHIND_FILTER:
            start_registry(folder, node, "127.0.0.1:5443", encrypted=True)
        if kind in BEHIND_PROXY:
            start_registry(folder, node, "127.0.0.1:5000", encrypted=False)
        in_node(node, sys.executable, str(HERE / "faults.py"), kind, "0.0.0.0", str(folder),
                log=folder / f"server-{node}.log")
        await_listening(node, "t", "0.0.0.0", 443, folder)


def start_token_registry(folder, scenario):
    registry = Registry(folder, scenario["registry"])
    registry.write()
    if scenario.get("docker_config") != "none":
        registry.write_docker_config(scenario.get("docker_config", "good"))
    for node in nodes_of(scenario["registry"]):
        commands = registry.commands(node)
        for command, _ in commands:
            in_node(node, *command, log=folder / f"registry-{node}.log")
        for _, port in commands:
            await_listening(node, "t", "0.0.0.0", port, folder)


def bound(process, port):
    """The addresses at which a UDP port is open in a process's network."""
    for line in pathlib.Path(f"/proc/{process.pid}/net/udp").read_text().splitlines()[1:]:
        address, its_port = line.split()[1].split(":")
        if int(its_port, 16) == port:
            yield socket.inet_ntoa(bytes.fromhex(address)[::-1])


def await_listening(node, transport, address, port, folder):
    """Until something listens there, as the node's own kernel lists it."""
    wanted = {address, "127.0.0.1", "0.0.0.0", "::"}
    server = newest_process(node)
    deadline = time.monotonic() + 20
    with diagnostics_of(node) as diag:
        while time.monotonic() < deadline and server.poll() is None:
            found = bound(server, port) if transport == "u" else (
                at for family in (socket.AF_INET, socket.AF_INET6) for at, its_port in listening(diag, family)
                if its_port == port)
            if wanted.intersection(found):
                return
            time.sleep(0.01)  # between two looks at the condition
    for log in folder.glob("*.log"):
        sys.stderr.write(f"{log.name}: {log.read_text(errors='replace')}\n")
    sys.exit(f"lab: nothing listens on {transport} {address}:{port} of {node}")


def registry_nodes(scenario):
    """The nodes of every address that a scenario names for the registry."""
    if "registry" in scenario:
        return nodes_of(scenario["registry"])
    pod, host = resolvers(scenario)
    names = [name for _, kind in pod + host for name in kind.split("+")]
    names += ["private" for name in names if name in ("long-chain", "no-aaaa", "truncated")]
    names += [scenario[key] for key in ("vpc_name", "linkage", "literal") if key in scenario]
    return sorted({node_of(name) for name in names} - {None})


def control_nodes(scenario):
    wanted = set(scenario.get("controls", ()))
    nodes = {"service"} if wanted & {"vpc", "vpc-by-name", "vpc-of-profile"} else set()
    if wanted - nodes or scenario.get("profile") or "egress_address" in scenario:
        nodes.add("internet")
    return sorted(nodes)


def write_node_files(folder, mirrors):
    """hosts.toml of the registry, as the probe finds it below --host-root."""
    place = folder / "node/etc/containerd/certs.d" / NAME
    place.mkdir(parents=True)
    (place / "hosts.toml").write_text("".join(f'[host."{url}"]\n' for url in mirrors))
    (folder / "node/etc/hosts").write_text("127.0.0.1 localhost\n")
    (folder / "node/etc/containerd/config.toml").write_text(
        'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n'
        'config_path = "/etc/containerd/certs.d"\n')


def build(scenario, folder):
    if "mirrors" in scenario:
        write_node_files(folder, scenario["mirrors"])
    make_certificates(folder, scenario.get("certificate", "good"))
    (folder / "digests.json").write_text(json.dumps(write_image(folder / "storage")))
    build_network(scenario, sorted({"pod", "vpc", *registry_nodes(scenario),
                                    *control_nodes(scenario)}))
    pod, host = resolvers(scenario)
    twin = scenario.get("vpc_name")
    for address, kind in pod + host:
        start_resolver(folder, address, kind, twin)
    if "registry" in scenario:
        start_token_registry(folder, scenario)
    else:
        for node in registry_nodes(scenario):
            server = scenario.get("server", "registry")
            kind = server if isinstance(server, str) else server.get(node, "registry")
            start_server(folder, node, kind)
    for node in control_nodes(scenario):
        start_server(folder, node, "echo")
    write_resolv_conf(folder / "resolv.conf", [address for address, _ in pod])
    bind_resolv_conf(folder / "resolv.conf")
    if host:
        write_resolv_conf(folder / "host-resolv.conf", [address for address, _ in host])
