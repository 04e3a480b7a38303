# SPDX-License-Identifier: MIT
"""The lab's network: namespaces behind one router.

    pod ── security group ── router ─┬─ vpc       resolvers, the registry's private addresses
                                     ├─ service   another service of the VPC (a control)
                                     ├─ peer      a second VPC, with a linkage of its own
                                     ├─ NAT ─ public     the registry's public entry, its allowlist
                                     └─ NAT ─ internet   other people's servers (controls, echo)
"""

import dataclasses
import os
import pathlib
import socket
import struct
import subprocess

import isolation

POD_RESOLVERS = ["10.0.0.2", "10.0.0.3", "10.0.0.4"]
HOST_RESOLVERS = ["10.0.0.12", "10.0.0.13"]
PROFILE_RESOLVERS = ["183.60.83.19", "183.60.82.98"]  # of every Tencent VPC
ELASTIC = ["43.130.1.1", "43.130.1.2"]  # of the NAT gateway

# The registry's addresses, and others that a resolver may give, by the names scenarios use.
ADDRESSES = {
    "private": "10.0.3.7",
    "dead": "10.0.3.8",
    "provider-9": "9.0.3.7",
    "provider-11": "11.0.3.7",
    "provider-30": "30.0.3.7",
    "link-local": "169.254.0.47",
    "shared": "100.64.0.47",
    "private6": "fd00:3::7",
    "token": "10.0.3.9",
    "service": "10.0.4.20",
    "peer": "10.1.3.7",
    "public": "43.128.10.20",
    "public2": "43.128.10.21",
    "public6": "2402:4e00::20",
    "internet": "43.129.0.1",
    "internet2": "43.129.0.2",
    "storage": "43.129.0.22",
    "loopback": "127.0.0.1",
    "unspecified": "0.0.0.0",
    "documentation": "192.0.2.7",
    "multicast": "224.0.0.7",
}


@dataclasses.dataclass(frozen=True)
class Node:
    subnet: int  # 10.0.N.0/24 within the VPC, 43.130.N.0/24 outside
    holds: tuple = ()
    outside: bool = False  # knows no way back to private addresses

    def prefix(self):
        return f"43.130.{self.subnet}" if self.outside else f"10.0.{self.subnet}"

    def prefix6(self):
        return f"2402:4e00:{self.subnet}:" if self.outside else f"fd00:0:{self.subnet}:"


NODES = {
    "pod": Node(1),
    "vpc": Node(2, ("private", "dead", "provider-9", "provider-11", "provider-30", "link-local",
                    "shared", "private6", "token", *POD_RESOLVERS, *HOST_RESOLVERS, *PROFILE_RESOLVERS)),
    "service": Node(5, ("service",)),
    "peer": Node(6, ("peer",)),
    "public": Node(8, ("public", "public2", "public6"), outside=True),
    "internet": Node(9, ("internet", "internet2", "storage"), outside=True),
}


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)


started = {}  # in each node, oldest first


def in_node(node, *command, log):
    with open(log, "ab") as file:
        process = subprocess.Popen(["nsenter", f"--net=/run/netns/{node}", *command], stdout=file,
                                   stderr=file, stdin=subprocess.DEVNULL)
    started.setdefault(node, []).append(process)
    return process


def newest_process(node):
    return started[node][-1]


def pod(command, **options):
    return subprocess.run(["ip", "netns", "exec", "pod", *command], **options)


def move_to(namespace):
    """From here on this process, and every process it starts, is in that network."""
    isolation.call("setns", namespace.fileno(), isolation.NEW_NET)


def move_to_pod():
    """Like move_to(). Returns the router's network, open."""
    router = open("/proc/self/ns/net", "rb")
    with open("/run/netns/pod", "rb") as namespace:
        move_to(namespace)
    return router


TCP_DIAG, DUMP, LISTEN = 20, 0x301, 1 << 10  # sock_diag(7)
END_OF_DUMP = (2, 3)


def listening(diag, family):
    """(address, port) of each TCP socket that listens in the network that `diag` belongs to. /proc/net/tcp would walk
    the whole machine's connections."""
    body = struct.pack("=BBBxI48x", family, socket.IPPROTO_TCP, 0, LISTEN)
    diag.send(struct.pack("=IHHII", 16 + len(body), TCP_DIAG, DUMP, 0, 0) + body)
    while True:
        messages = diag.recv(1 << 16)
        while messages:
            length, kind = struct.unpack_from("=IH", messages)
            if kind in END_OF_DUMP:
                return
            port, address = struct.unpack_from("!H2x16s", messages, 20)
            yield socket.inet_ntop(family, address[:4 if family == socket.AF_INET else 16]), port
            messages = messages[(length + 3) & ~3:]


def diagnostics_of(node):
    """A socket of sock_diag(7) in the node's network."""
    with open("/proc/self/ns/net", "rb") as here, open(f"/run/netns/{node}", "rb") as there:
        move_to(there)
        try:
            return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
        finally:
            move_to(here)


def node_of(name):
    """The node that holds an address, by its name in ADDRESSES; None for one that nobody holds."""
    return next((node for node, its in NODES.items() if name in its.holds), None)


def ip_batch(lines, namespace=None):
    run("ip", *(["-n", namespace] if namespace else []), "-batch", "-",
        input="".join(f"{line}\n" for line in lines).encode())


def set_kernel(name, value, node=None):
    if node:
        run("nsenter", f"--net=/run/netns/{node}", "sh", "-c",
            f"echo {value} >/proc/sys/net/{name}")
    else:
        pathlib.Path("/proc/sys/net", name).write_text(str(value))


def single(address):
    return f"{address}/{128 if ':' in address else 32}"


def connect_node(name, node, scenario, router):
    """Adds to `router` what the router needs; configures the node itself."""
    gateway, own = f"{node.prefix()}.1", f"{node.prefix()}.10"
    gateway6, own6 = f"{node.prefix6()}:1", f"{node.prefix6()}:10"
    router += [f"link add {name} type veth peer name eth0 netns {name}",
               f"address add {gateway}/24 dev {name}",
               f"address add {gateway6}/64 dev {name} nodad",
               f"link set {name} up"]
    inside = ["link set lo up", f"address add {own}/24 dev eth0", "link set eth0 up"]
    if name != "pod" or scenario.get("ipv6", False):
        inside += [f"address add {own6}/64 dev eth0 nodad",
                   f"route add default via {gateway6}"]
    if node.outside:  # the way back exists for the NAT gateway's addresses only
        inside.append(f"route add 43.130.1.0/24 via {gateway}")
    else:
        inside.append(f"route add default via {gateway}")
    for held in node.holds:
        address = ADDRESSES.get(held, held)
        inside.append(f"address add {single(address)} dev eth0"
                      + (" nodad" if ":" in address else ""))
        router.append(f"route replace {single(address)} via {own6 if ':' in address else own}")
    return inside


def build_links(scenario, nodes):
    router, inside = ["link set lo up"], {}
    ip_batch([f"netns add {name}" for name in nodes])
    for name in nodes:
        inside[name] = connect_node(name, NODES[name], scenario, router)
    if "mtu" in scenario:  # the router's side only: the pod goes on believing in its own 1500
        router.append(f"link set pod mtu {scenario['mtu']}")
    ip_batch(router)
    inside["pod"] += [f"route add prohibit {single(ADDRESSES.get(name, name))}"
                      for name in scenario.get("prohibit", [])]
    for name, lines in inside.items():
        ip_batch(lines, name)
    for family in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        set_kernel(family, 1)
    for node in ("vpc", None):  # every refused packet is told so, in a second check too
        set_kernel("ipv4/icmp_ratelimit", 0, node)
        set_kernel("ipv6/icmp/ratelimit", 0, node)
    if "syn_retries" in scenario:
        set_kernel("ipv4/tcp_syn_retries", scenario["syn_retries"], "pod")


# ---- filters and NAT ----

SECURITY_GROUP = {
    "dns": "meta l4proto { tcp, udp } th dport 53 accept",
    "vpc": "ip daddr 10.0.0.0/16 accept",
    "registry": "ip daddr 43.128.10.20 accept",
}
NAT = {
    "none": "",
    "one": f"oifname {{ public, internet }} ip saddr 10.0.0.0/8 snat ip to {ELASTIC[0]}",
    # every connection leaves by the other address than the one before
    "two": "oifname { public, internet } ip saddr 10.0.0.0/8 snat ip to numgen inc mod 2 map "
           f"{{ 0 : {ELASTIC[0]}, 1 : {ELASTIC[1]} }}",
}


def nat_rule(scenario):
    return NAT[scenario.get("nat", "one")]


def restart_nat(scenario, router):
    """The next connection leaves by the first address again. `router` is its open namespace."""
    run("nsenter", f"--net=/proc/{os.getpid()}/fd/{router.fileno()}", "nft", "-f", "-",
        input=f"flush chain inet router nat\nadd rule inet router nat {nat_rule(scenario)}"
        .encode())


def destination(name):
    address = ADDRESSES[name]
    return f"ip6 daddr {address}" if ":" in address else f"ip daddr {address}"


# A TLS record of a handshake that does not end in its segment (behind a TCP header with timestamps).
LONG_HELLO = "tcp dport 443 @th,256,8 0x16 @th,280,16 > 1416"
HELLO_RULES = {None: "", "drop": f"{LONG_HELLO} drop", "reset": f"{LONG_HELLO} reject with tcp reset",
               "large": "iifname pod meta length > 1400 drop"}


def router_rules(scenario):
    group = scenario.get("security_group")
    if group is not None:
        for name in group:
            yield f"iifname pod {SECURITY_GROUP[name]}"
        yield "iifname pod drop"
    if not scenario.get("peering", True):
        yield "oifname peer drop"
    for name in scenario.get("drop", []):
        yield f"{destination(name)} drop"
    for name, answer in scenario.get("reject", {}).items():
        family = "icmpv6" if ":" in ADDRESSES[name] else "icmp"
        yield f"{destination(name)} reject with {family} {answer}"


def entry_rules(scenario):
    """Rules of the public entry, which lets everybody in unless there is an allowlist."""
    if not scenario.get("public_entry", True):
        yield "drop"
    elif "allowlist" in scenario:
        listed = [ELASTIC[index] for index in scenario["allowlist"]]
        if listed:
            yield f"ip saddr {{ {', '.join(listed)} }} accept"
        yield "drop"


def load_filters(scenario):
    run("nft", "-f", "-", input=f"""
table inet router {{
  chain security {{
    type filter hook forward priority 0;
    {HELLO_RULES[scenario.get("long_hello")]}
    ct state established,related accept
    {"; ".join(router_rules(scenario))}
  }}
  chain errors {{
    type filter hook output priority 0;
    {"icmp code frag-needed drop; icmpv6 type packet-too-big drop" if "mtu" in scenario else ""}
  }}
  chain nat {{
    type nat hook postrouting priority 100;
    {nat_rule(scenario)}
  }}
}}
""".encode())
    rules = "; ".join(f"tcp dport 443 {rule}" for rule in entry_rules(scenario))
    if rules:
        run("nsenter", "--net=/run/netns/public", "nft", "-f", "-", input=f"""
table ip entry {{
  chain allowlist {{
    type filter hook input priority 0;
    ct state established accept
    {rules}
  }}
}}
""".encode())


def write_resolv_conf(path, resolvers):
    path.write_text("".join(f"nameserver {address}\n" for address in resolvers)
                    + "options timeout:1 attempts:2\n")


def bind_resolv_conf(path):
    """Puts the file over /etc/resolv.conf, for this process's mount namespace only."""
    run("mount", "--bind", str(path), os.path.realpath("/etc/resolv.conf"))


def build_network(scenario, nodes):
    run("mount", "-t", "tmpfs", "lab", "/run")
    build_links(scenario, nodes)
    load_filters(scenario)
