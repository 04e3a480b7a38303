# SPDX-License-Identifier: MIT
"""Further answers of resolvers, resolv.conf, hosts files and families."""

import ctypes
import socket
import struct
import threading
from place import (
    HOST,
    IP,
    IP2,
    IP3,
    IP4,
    IP5,
    IP6,
    SILENT,
    App,
    Registry,
    dns_question,
    dns_reply,
    encode_name,
    http,
)
from situation import each, situation


CLONE_NEWUTS = 0x04000000


def npull(place, reference=HOST + "/team/app:1"):
    return place.pull(reference, unpack=False)


def answering(place, change):
    place.serve_dns(answer=lambda q, tcp=False: change(place, q, tcp, dns_question(q)))


A1 = socket.inet_aton(IP)


def counted(reply, records):
    return reply[:6] + struct.pack(">H", records) + reply[8:]


@each(
    "names/answer",
    [
        (
            "aaaa-servfail",
            "AAAA fails",
            lambda p, q, t, n: dns_reply(q, 2) if n[1] == 28 else p.answer(q),
            True,
        ),
        (
            "aaaa-refused",
            "AAAA is refused",
            lambda p, q, t, n: dns_reply(q, 5) if n[1] == 28 else p.answer(q),
            True,
        ),
        (
            "aaaa-nxdomain",
            "AAAA says NXDOMAIN",
            lambda p, q, t, n: dns_reply(q, 3) if n[1] == 28 else p.answer(q),
            True,
        ),
        (
            "aaaa-notimp",
            "AAAA is not implemented",
            lambda p, q, t, n: dns_reply(q, 4) if n[1] == 28 else p.answer(q),
            True,
        ),
        (
            "aaaa-as-a",
            "AAAA is answered with an A record",
            lambda p, q, t, n: dns_reply(q, 0, [(HOST, 1, A1)]),
            True,
        ),
        (
            "a-nxdomain-aaaa",
            "A says NXDOMAIN, AAAA has an address",
            lambda p, q, t, n: dns_reply(q, 3)
            if n[1] == 1
            else dns_reply(q, 0, [(HOST, 28, socket.inet_pton(socket.AF_INET6, IP6))]),
            True,
        ),
        (
            "a-servfail-aaaa",
            "A fails, AAAA has an address",
            lambda p, q, t, n: dns_reply(q, 2)
            if n[1] == 1
            else dns_reply(q, 0, [(HOST, 28, socket.inet_pton(socket.AF_INET6, IP6))]),
            True,
        ),
        (
            "mapped",
            "AAAA has the IPv4 address",
            lambda p, q, t, n: dns_reply(q, 0, [])
            if n[1] == 1
            else dns_reply(q, 0, [(HOST, 28, b"\x00" * 10 + b"\xff\xff" + A1)]),
            True,
        ),
        (
            "truncated",
            "truncated over UDP",
            lambda p, q, t, n: p.answer(q) if t else dns_reply(q, 0, [], 33664),
            True,
        ),
        (
            "truncated-data",
            "truncated over UDP with an address, TCP the same",
            lambda p, q, t, n: dns_reply(
                q, 0, [(HOST, 1, A1)] if n[1] == 1 else [], 33152 if t else 33664
            ),
            True,
        ),
        (
            "other-name",
            "the answer is for another name",
            lambda p, q, t, n: dns_reply(q, 0, [("other.test", 1, A1)] if n[1] == 1 else []),
            True,
        ),
        (
            "case",
            "the answer's name is in capitals",
            lambda p, q, t, n: dns_reply(q, 0, [(HOST.upper(), 1, A1)] if n[1] == 1 else []),
            True,
        ),
        (
            "extra",
            "a TXT record beside the address",
            lambda p, q, t, n: dns_reply(
                q, 0, [(HOST, 16, b"\x01x"), (HOST, 1, A1)] if n[1] == 1 else []
            ),
            True,
        ),
        (
            "not-recursive",
            "recursion is not available, an address comes",
            lambda p, q, t, n: dns_reply(q, 0, [(HOST, 1, A1)] if n[1] == 1 else [], 33024),
            True,
        ),
        (
            "authoritative",
            "an authoritative answer",
            lambda p, q, t, n: dns_reply(q, 0, [(HOST, 1, A1)] if n[1] == 1 else [], 34176),
            True,
        ),
        ("wrong-id-first", "a reply with another id comes first", None, True),
        (
            "bad-size",
            "an A record of five bytes",
            lambda p, q, t, n: dns_reply(q, 0, [(HOST, 1, A1 + b"x")] if n[1] == 1 else []),
            True,
        ),
        (
            "cname-only",
            "a CNAME without an address",
            lambda p, q, t, n: dns_reply(q, 0, [(HOST, 5, encode_name("x.test"))]),
            False,
        ),
        (
            "cname-loop",
            "a CNAME to itself",
            lambda p, q, t, n: dns_reply(q, 0, [(HOST, 5, encode_name(HOST))]),
            False,
        ),
        (
            "nxdomain-answer",
            "NXDOMAIN with an address",
            lambda p, q, t, n: dns_reply(q, 3, [(HOST, 1, A1)]),
            False,
        ),
        (
            "count",
            "two records announced, one sent",
            lambda p, q, t, n: counted(dns_reply(q, 0, [(HOST, 1, A1)]), 2)
            if n[1] == 1
            else dns_reply(q, 0),
            True,
        ),
        (
            "broken-alias",
            "an alias whose name is broken, and an address",
            lambda p, q, t, n: dns_reply(
                q, 0, [(HOST, 5, b"\x05ab"), (HOST, 1, A1)] if n[1] == 1 else []
            ),
            True,
        ),
        ("notauth", "NOTAUTH", lambda p, q, t, n: dns_reply(q, 9), False),
        (
            "zero",
            "0.0.0.0",
            lambda p, q, t, n: dns_reply(
                q, 0, [(HOST, 1, b"\x00\x00\x00\x00")] if n[1] == 1 else []
            ),
            True,
            {
                "exception": "A bogus address is never dialled, because nothing of a registry should run there."
            },
        ),
        (
            "zero-v6",
            "::",
            lambda p, q, t, n: dns_reply(q, 0, [(HOST, 28, b"\x00" * 16)] if n[1] == 28 else []),
            True,
            {
                "exception": "A bogus address is never dialled, because nothing of a registry should run there."
            },
        ),
        (
            "loopback",
            "127.0.0.1",
            lambda p, q, t, n: dns_reply(
                q, 0, [(HOST, 1, b"\x7f\x00\x00\x01")] if n[1] == 1 else []
            ),
            True,
            {
                "exception": "A bogus address is never dialled, because nothing of a registry should run there."
            },
        ),
    ],
)
def answers(place, change):
    if change is None:

        def both(q, tcp=False):
            return place.answer(q)

        place.serve_dns(answer=both)
    else:
        answering(place, change)
    place.serve(Registry())
    place.serve(Registry(), IP6)
    place.serve(Registry(), "127.0.0.1")
    return npull(place)


@situation("names/own-domain", "no search list: the domain of the machine's own name is searched", True)
def own_domain(place):
    if ctypes.CDLL(None).unshare(CLONE_NEWUTS):
        raise OSError("unshare")
    socket.sethostname("node1.corp.test")
    place.zone = {"hub2.infra.corp.test": {"A": [IP]}}
    place.serve_dns()
    place.serve(Registry(host="hub2.infra"), certificate=place.certificate("own", ["hub2.infra"]))
    return npull(place, "hub2.infra/team/app:1")


@situation("names/none-v6", "no nameserver, one runs at ::1", True)
def none_v6(place):
    place.write_resolv_conf("# none\n")
    place.serve_dns("::1")
    place.serve(Registry())
    return npull(place)


@situation("names/echo", "the question itself comes back before the answer", True)
def echo(place):
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 53))

    def loop():
        while True:
            query, peer = listener.recvfrom(4096)
            listener.sendto(query, peer)
            listener.sendto(place.answer(query), peer)

    threading.Thread(target=loop, daemon=True).start()
    place.serve(Registry())
    return npull(place)


@situation("names/cname-chain", "a chain of twelve CNAMEs", True)
def cnames(place):
    place.zone[HOST] = {"CNAME": [f"c{n}.corp.test" for n in range(12)], "A": [IP]}
    place.serve_dns()
    place.serve(Registry())
    return npull(place)


@each(
    "names/two",
    [
        ("dead-first", "the first address refuses", [IP4, IP], True),
        ("dead-last", "the last address refuses", [IP, IP4], True),
        ("silent-last", "the last address is silent", [IP, SILENT], True),
        ("all-dead", "all refuse", [IP4, IP5], False),
        ("five-dead", "five dead before a good one", [IP2, IP3, IP4, IP5, "10.20.0.99", IP], True),
    ],
)
def two(place, addresses):
    place.zone[HOST] = {"A": addresses}
    place.serve_dns()
    place.serve(Registry())
    return npull(place)


@each(
    "names/family",
    [
        ("v6-only", "IPv6 only", {"AAAA": [IP6]}, True, [IP6], True),
        ("v6-dead", "IPv6 refuses", {"A": [IP], "AAAA": ["fd00:20::99"]}, True, [IP], True),
        ("v4-dead", "IPv4 refuses, IPv6 works", {"A": [IP4], "AAAA": [IP6]}, True, [IP6], True),
        (
            "v4-silent",
            "IPv4 is silent, IPv6 works",
            {"A": [SILENT], "AAAA": [IP6]},
            True,
            [IP6],
            True,
        ),
        (
            "global-silent",
            "global IPv6 has no route",
            {"A": [IP], "AAAA": ["2402:4e00::99"]},
            True,
            [IP],
            True,
        ),
        ("v6-503", "IPv6 answers 503", {"A": [IP], "AAAA": [IP6]}, True, [IP], True),
        ("v4-503", "IPv4 answers 503, ULA works", {"A": [IP], "AAAA": [IP6]}, False, [IP6], False),
    ],
)
def families(place, zone, works, up):
    place.zone[HOST] = zone
    place.serve_dns()
    bad = App(lambda r: http(503, {}, b"no", r.method))
    for a in up:
        place.serve(Registry(), a)
    if "503" in str(place.name):
        place.serve(bad, IP6 if up == [IP] else IP)
    return npull(place)


@each(
    "names/conf",
    [
        ("tabs", "tabs", "nameserver\t127.0.0.1\n", HOST, {}, True),
        (
            "comment",
            "a comment behind the address",
            "nameserver 127.0.0.1 # local\n",
            HOST,
            {},
            True,
        ),
        ("semicolon", "a comment with a semicolon", "; x\nnameserver 127.0.0.1\n", HOST, {}, True),
        (
            "bad-first",
            "a nameserver that is no address first",
            "nameserver dns.local\nnameserver 127.0.0.1\n",
            HOST,
            {},
            True,
        ),
        ("no-newline", "no newline", "nameserver 127.0.0.1", HOST, {}, True),
        ("upper", "NAMESERVER in capitals", "NAMESERVER 10.20.0.11\n", HOST, {}, True),
        (
            "indented",
            "a blank before the keyword",
            " nameserver 10.20.0.11\nnameserver 127.0.0.1\n",
            HOST,
            {},
            True,
        ),
        (
            "domain",
            "domain in place of search",
            "domain corp.test\nnameserver 127.0.0.1\n",
            "hub2",
            {"hub2.corp.test": {"A": [IP]}},
            True,
        ),
        (
            "search-twice",
            "two search lines: the last counts",
            "search x.test\nsearch corp.test\nnameserver 127.0.0.1\n",
            "hub2.infra",
            {"hub2.infra.corp.test": {"A": [IP]}},
            True,
        ),
        (
            "search-first-lost",
            "two search lines: the first is lost",
            "search corp.test\nsearch x.test\nnameserver 127.0.0.1\n",
            "hub2.infra",
            {"hub2.infra.corp.test": {"A": [IP]}},
            False,
        ),
        (
            "search-seven",
            "the seventh search domain",
            "search a.t b.t c.t d.t e.t f.t corp.test\nnameserver 127.0.0.1\n",
            "hub2.infra",
            {"hub2.infra.corp.test": {"A": [IP]}},
            True,
        ),
        (
            "search-empty",
            "search without a word clears the list",
            "search corp.test\nsearch\nnameserver 127.0.0.1\n",
            "hub2.infra",
            {"hub2.infra.corp.test": {"A": [IP]}},
            False,
        ),
        (
            "domain-two",
            "domain with two words: the first counts",
            "domain a.test corp.test\nnameserver 127.0.0.1\n",
            "hub2.infra",
            {"hub2.infra.corp.test": {"A": [IP]}},
            False,
        ),
        (
            "ndots-sign",
            "ndots:-1 is 0",
            "search corp.test\noptions ndots:-1\nnameserver 127.0.0.1\n",
            "hub2.infra",
            {"hub2.infra.corp.test": {"A": [IP4]}, "hub2.infra": {"A": [IP]}},
            True,
        ),
        ("any", "nameserver 0.0.0.0", "nameserver 0.0.0.0\n", HOST, {}, True),
        ("nul", "a NUL behind the nameserver", "nameserver 127.0.0.1\n\0\n", HOST, {}, True),
        ("search-dot", "search .", "search .\nnameserver 127.0.0.1\n", HOST, {}, True),
        (
            "ndots-15",
            "ndots:15",
            "search x.test corp.test\noptions ndots:15\nnameserver 127.0.0.1\n",
            "hub2.infra",
            {"hub2.infra.corp.test": {"A": [IP]}},
            True,
        ),
        (
            "ndots-wrong",
            "ndots sends it to a name with a dead address",
            "search corp.test\noptions ndots:5\nnameserver 127.0.0.1\n",
            "hub2.infra",
            {"hub2.infra.corp.test": {"A": [IP4]}, "hub2.infra": {"A": [IP]}},
            False,
        ),
        ("rotate", "rotate", "options rotate\nnameserver 127.0.0.1\n", HOST, {}, True),
        (
            "single",
            "single-request",
            "options single-request\nnameserver 127.0.0.1\n",
            HOST,
            {},
            True,
        ),
        (
            "unknown",
            "an unknown option",
            "options frobnicate\nnameserver 127.0.0.1\n",
            HOST,
            {},
            True,
        ),
        (
            "edns0",
            "edns0 and trust-ad",
            "options edns0 trust-ad\nnameserver 127.0.0.1\n",
            HOST,
            {},
            True,
        ),
        (
            "timeout-0",
            "timeout:0",
            "options timeout:0 attempts:0\nnameserver 127.0.0.1\n",
            HOST,
            {},
            True,
        ),
        ("v6", "an IPv6 nameserver", "nameserver ::1\n", HOST, {}, True),
        (
            "fourth",
            "only the fourth nameserver lives",
            "nameserver 10.20.0.11\nnameserver 10.20.0.12\nnameserver 10.20.0.13\nnameserver 127.0.0.1\n",
            HOST,
            {},
            False,
        ),
        ("port", "a port behind the nameserver", "nameserver 127.0.0.1:53\n", HOST, {}, True),
        ("sortlist", "sortlist", "sortlist 10.0.0.0/8\nnameserver 127.0.0.1\n", HOST, {}, True),
    ],
)
def conf(place, text, host, zone):
    place.zone.update(zone)
    place.write_resolv_conf(text)
    place.serve_dns()
    place.serve_dns("::1")
    reference = host + "/team/app:1"
    cert = True
    if host != HOST:
        cert = place.certificate("own", [host])
        if "." not in host:
            reference = host + ":443/team/app:1"
    place.serve(Registry(host=host), certificate=cert)
    return npull(place, reference)


@each(
    "names/hosts",
    [
        ("two", "two lines, the first is dead", f"{IP4} {HOST}\n{IP} {HOST}\n", True),
        ("comment", "a comment behind it", f"{IP} {HOST}# x\n", True),
        ("tabs", "tabs and blanks", f"\t{IP}\t \t{HOST}\t\n", True),
        ("crlf", "CRLF", f"{IP} {HOST}\r\n", True),
        ("v6", "IPv6", f"{IP6} {HOST}\n", True),
        (
            "bad-address",
            "an address that is none, the zone is asked",
            f"10.20.0.300 {HOST}\n",
            True,
        ),
        ("zeros", "zeros in the address", f"10.020.000.010 {HOST}\n", True),
        ("scope", "a scope", f"fe80::1%lo x\n{IP} {HOST}\n", True),
        ("wrong-wins", "the file is wrong and the zone right", f"{IP4} {HOST}\n", False),
        ("no-newline", "no newline at the end", f"{IP} {HOST}", True),
        (
            "many",
            "many names in a line",
            f"{IP} " + " ".join((f"n{i}.test" for i in range(200))) + f" {HOST}\n",
            True,
        ),
        ("zone", "a zone at an address that needs none", f"{IP6}%lo {HOST}\n", True),
        ("sinkhole", "0.0.0.0 before a good address", f"0.0.0.0 {HOST}\n{IP} {HOST}\n", True),
        (
            "large",
            "300 KiB of other names before it",
            "".join(f"0.0.0.0 ads{i}.example.test\n" for i in range(12000)) + f"{IP} {HOST}\n",
            True,
        ),
        (
            "long-line",
            "a line of 70 KiB before it, which ends the file",
            f"# {'x' * 70000}\n{IP} {HOST}\n",
            False,
        ),
        (
            "twelve",
            "twelve dead addresses before it",
            "".join(f"10.20.0.{n} {HOST}\n" for n in range(100, 112)) + f"{IP} {HOST}\n",
            True,
        ),
        ("nul", "a NUL in the line", f"{IP} a\0b {HOST}\n", True),
        ("vpc", "the -vpc name only", f"{IP4} acme-prod-vpc.tencentcloudcr.com\n", True),
    ],
)
def hosts(place, text):
    place.write_hosts("127.0.0.1 localhost\n" + text)
    # These rows need the zone: their line is no entry for the host, or is the wrong one.
    if text != f"{IP4} {HOST}\n" and not any(words in text for words in ("300", "020", "vpc")):
        place.zone.pop(HOST)
    place.serve_dns()
    place.serve(Registry())
    place.serve(Registry(), IP6)
    return npull(place)


class Elsewhere(Registry):
    def realm(self):
        return f"https://{self.name}/service/token"

    def blob(self, request, digest):
        if self.store:
            return http(307, {"Location": f"https://{self.store}/{digest}"}, b"", request.method)
        return super().blob(request, digest)


@each(
    "names/search-other",
    [
        ("token", "the token service needs the search list", "tokens", "", True),
        ("token-dots", "the same with a dot in its name", "tokens.infra", "", True),
        ("store", "the store needs the search list", HOST, "stores.infra", True),
        ("store-bare", "a store with a bare name", HOST, "stores", True),
    ],
)
def search_other(place, name, store):
    place.write_resolv_conf("search x.test corp.test\noptions ndots:5\nnameserver 127.0.0.1\n")
    place.zone.update(
        {
            "tokens.corp.test": {"A": [IP]},
            "tokens.infra.corp.test": {"A": [IP]},
            "stores.corp.test": {"A": [IP2]},
            "stores.infra.corp.test": {"A": [IP2]},
        }
    )
    registry = Elsewhere(auth="bearer", name=name, store=store)
    place.serve_dns()
    cert = place.certificate("own", [HOST, name])
    place.serve(registry, certificate=cert)
    place.serve(
        App(lambda r: registry.range_of(r, registry.blobs[r.path[1:]])),
        IP2,
        certificate=place.certificate("st", ["stores", "stores.infra"]),
    )
    return place.pull(
        keys=[place.key()], users=["bot:s3cret"], options=["--token-host", name], unpack=False
    )
