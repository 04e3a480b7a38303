"""The lab's network: namespaces, addresses, routes, filters and NAT."""

import os
import pathlib
import subprocess

PRIVATE, DEAD, RESOLVER = "10.0.3.7", "10.0.3.8", "10.0.0.2"
PUBLIC, INTERNET = "43.128.10.20", "43.129.0.1"
NODES = {"private": PRIVATE, "dead": DEAD, "public": PUBLIC, "internet": INTERNET}


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)


def in_node(node, *command, log):
    with open(log, "ab") as file:
        return subprocess.Popen(["ip", "netns", "exec", node, *command], stdout=file, stderr=file)


def pod(command, **options):
    return subprocess.run(["ip", "netns", "exec", "pod", *command], **options)


def build_network(folder, drop):
    run("mount", "-t", "tmpfs", "lab", "/run")
    (folder / "resolv.conf").write_text(f"nameserver {RESOLVER}\n")
    run("mount", "--bind", str(folder / "resolv.conf"), os.path.realpath("/etc/resolv.conf"))
    run("ip", "link", "set", "lo", "up")
    for name, router, address in (
        ("pod", "10.0.1.1/24", "10.0.1.10/24"),
        ("vpc", "10.0.2.1/24", "10.0.2.10/24"),
        ("net", "43.130.0.1/24", "43.130.0.10/24"),
    ):
        run("ip", "netns", "add", name)
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "address", "add", router, "dev", name)
        run("ip", "link", "set", name, "up")
        for arguments in (["link", "set", "lo", "up"], ["address", "add", address, "dev", "eth0"],
                          ["link", "set", "eth0", "up"]):
            run("ip", "-n", name, *arguments)
        if name != "net":  # the internet knows no way back to private addresses: that is NAT's work
            run("ip", "-n", name, "route", "add", "default", "via", router.split("/")[0])
    for node, addresses in (("vpc", [RESOLVER, PRIVATE, DEAD, "10.0.2.20"]),
                            ("net", [PUBLIC, INTERNET])):
        gateway = {"vpc": "10.0.2.10", "net": "43.130.0.10"}[node]
        for address in addresses:
            run("ip", "-n", node, "address", "add", f"{address}/32", "dev", "eth0")
            run("ip", "route", "replace", f"{address}/32", "via", gateway)
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    rules = "".join(f"    ip daddr {NODES[name]} drop\n" for name in drop)
    run("nft", "-f", "-", input=f"""
table ip vpc {{
  chain filter {{
    type filter hook forward priority 0;
{rules}  }}
  chain nat {{
    type nat hook postrouting priority 100;
    oifname "net" masquerade
  }}
}}
""".encode())
