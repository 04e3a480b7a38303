# SPDX-License-Identifier: MIT
"""Addresses as Go's resolver finds them."""

import socket

from place import HOST, IP, IP2, IP4, IP6, SILENT, Registry, dns_question, dns_reply, run
from situation import each, situation


def lame(query, tcp=False):
    return dns_reply(query, 0, [], 0x8100)


def pull(place, reference=HOST + "/team/app:1"):
    return place.pull(reference, unpack=False)


@each("names/hosts", [
    ("name", "only /etc/hosts has the name", f"{IP} {HOST}\n"),
    ("case", "in another case, after an alias, with a dot", f"{IP} other {HOST.upper()}.\n"),
], works=True)
def hosts(place, text):
    place.zone = {}
    place.write_hosts("127.0.0.1 localhost\n" + text)
    place.serve_dns()
    place.serve(Registry())
    return pull(place)


@situation("names/hosts-stale", "/etc/hosts has an address that does not answer", False, "fail")
def hosts_stale(place):
    place.write_hosts(f"{SILENT} {HOST}\n")
    place.serve_dns()
    place.serve(Registry())
    place.timeout = "3s"
    return pull(place)


@each("names/search", [
    ("after", "the search list is needed", "search x.test corp.test\n", "hub.infra"),
    ("ndots", "ndots sends the name to the search list first",
     "search corp.test\noptions ndots:5\n", "hub.infra"),
], works=True)
def search(place, text, name):
    place.zone = {name + ".corp.test": {"A": [IP]}}
    place.write_resolv_conf(text + "nameserver 127.0.0.1\n")
    place.serve_dns()
    place.serve(Registry(host=name), certificate=place.certificate("own", [name]))
    return pull(place, name + "/team/app:1")


@situation("names/use-vc", "use-vc, and UDP is dropped", True)
def use_vc(place):
    place.write_resolv_conf("nameserver 127.0.0.1\noptions use-vc\n")
    place.serve_dns(udp=False)
    place.serve(Registry())
    return pull(place)


@situation("names/none", "no nameserver, one runs at 127.0.0.1", True)
def none(place):
    place.write_resolv_conf("# none\n")
    place.serve_dns()
    place.serve(Registry())
    return pull(place)


@each("names/first", [
    ("lame", "the first nameserver is lame", lame),
    ("servfail", "the first nameserver fails", lambda query, tcp=False: dns_reply(query, 2)),
    ("refused", "the first nameserver refuses", lambda query, tcp=False: dns_reply(query, 5)),
], works=True)
def first(place, answer):
    place.write_resolv_conf(f"nameserver 127.0.0.1\nnameserver {IP2}\n")
    place.serve_dns(answer=answer)
    place.serve_dns(IP2)
    place.serve(Registry())
    return pull(place)


@each("names/first-final", [
    ("nxdomain", "the first nameserver says NXDOMAIN", lambda query, tcp=False: dns_reply(query, 3)),
    ("nodata", "the first nameserver says NODATA", lambda query, tcp=False: dns_reply(query, 0)),
], works=False)
def first_final(place, answer):
    place.write_resolv_conf(f"nameserver 127.0.0.1\nnameserver {IP2}\n")
    place.serve_dns(answer=answer)
    place.serve_dns(IP2)
    place.serve(Registry())
    return pull(place)


@situation("names/class-e", "a registry at 240.0.0.10", True)
def class_e(place):
    run("ip addr add 240.0.0.10/32 dev lo")
    place.zone = {HOST: {"A": ["240.0.0.10"]}}
    place.serve_dns()
    place.serve(Registry(), "240.0.0.10")
    return pull(place)


@situation("names/no-aaaa", "a question for AAAA is never answered", True, "warn", "dns_slow")
def no_aaaa(place):
    place.write_resolv_conf("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    place.serve_dns(answer=lambda query, tcp=False:
                    None if dns_question(query)[1] == 28 else place.answer(query))
    place.serve(Registry())
    return pull(place)


@situation("names/spare-certificate", "IPv4 works, the IPv6 address of a site has another certificate", True,
           "warn", "some_addresses_unreachable")
def spare_certificate(place):
    place.zone = {HOST: {"A": [IP], "AAAA": [IP6]}}
    place.serve_dns()
    place.serve(Registry())
    place.serve(Registry(), IP6, certificate=place.certificate("own", ["other.test"]))
    return pull(place)


@situation("names/first-certificate", "IPv6 of a site works, IPv4, which comes first, has another one",
           False, "fail", "tls_name_mismatch")
def first_certificate(place):
    place.zone = {HOST: {"A": [IP], "AAAA": [IP6]}}
    place.serve_dns()
    place.serve(Registry(), IP6)
    place.serve(Registry(), certificate=place.certificate("own", ["other.test"]))
    return pull(place)


@situation("names/global-certificate", "global IPv6 works, IPv4 has another certificate", True, "warn",
           "some_addresses_unreachable")
def global_certificate(place):
    run("ip addr add 2402:4e00::10/128 dev lo nodad")
    place.zone = {HOST: {"A": [IP], "AAAA": ["2402:4e00::10"]}}
    place.serve_dns()
    place.serve(Registry(), "2402:4e00::10")
    place.serve(Registry(), certificate=place.certificate("own", ["other.test"]))
    return pull(place)


@each("names/search-silent", [
    ("first", "a name of the search list gets no answer", "search x.test\n", "hub.infra", "x.test",
     {"hub.infra": {"A": [IP]}}, "timeout:1 attempts:1 ndots:5", True, {"status": "warn", "cause": "dns_slow"}),
    ("middle", "the second of three gets no answer, the third has the address",
     "search x.test y.test corp.test\n", "hub.infra", "y.test", {"hub.infra.corp.test": {"A": [IP]}},
     "timeout:1 attempts:1 ndots:5", True, {"status": "warn", "cause": "dns_slow"}),
    ("wrong", "it would not change that there is no such name", "search x.test\n", "hub.infra",
     "x.test", {}, "timeout:1 attempts:1 ndots:5", False, {"status": "fail", "cause": "dns_name_not_found"}),
    ("after", "the name itself has no address, the search list gets no answer", "search x.test\n",
     "hub.infra", "x.test", {}, "timeout:1 attempts:1", False, {"status": "fail", "cause": "dns_name_not_found"}),
    ("long", "clients give up before it is over", "search x.test\n", "hub.infra", "x.test",
     {"hub.infra": {"A": [IP]}}, "timeout:6 attempts:5 ndots:5", False, {"status": "fail", "cause": "dns_timeout"}),
])
def search_silent(place, text, name, silent, zone, options):
    place.zone = zone
    place.write_resolv_conf(f"{text}options {options}\nnameserver 127.0.0.1\n")
    place.serve_dns(answer=lambda query, tcp=False:
                    None if dns_question(query)[0].endswith(silent) else place.answer(query))
    place.serve(Registry(host=name), certificate=place.certificate("own", [name]))
    return pull(place, name + "/team/app:1")


@situation("names/search-two", "the first resolver fails for a name of the search list, the second has it", True)
def search_two(place):
    name = "hub.infra"
    place.zone = {name + ".corp.test": {"A": [IP]}, name: {"A": [SILENT]}}
    place.write_resolv_conf(f"search corp.test\noptions ndots:5\nnameserver 127.0.0.1\nnameserver {IP2}\n")
    place.serve_dns(answer=lambda query, tcp=False: dns_reply(query, 2)
                    if dns_question(query)[0].endswith("corp.test") else place.answer(query))
    place.serve_dns(IP2)
    place.serve(Registry(host=name), certificate=place.certificate("own", [name]))
    return pull(place, name + "/team/app:1")


@each("names/sources", [
    ("no-dns", "nsswitch.conf names files alone", "hosts: files\n", False, True, False),
    ("no-dns-hosts", "files alone, and the hosts file has the name", "hosts: files\n", True, False, True),
    ("no-files", "dns alone, and the hosts file has a wrong address", "hosts: dns\n", False, True, IP4, True),
    ("dns-first", "dns before files, the hosts file has a wrong address", "hosts: dns files\n", False, True, IP4, True),
    ("dns-then-files", "dns before files, and only the hosts file has the name", "hosts: dns files\n", True, False, True),
    ("mdns", "mDNS in between", "hosts: files mdns4_minimal [NOTFOUND=return] dns\n", False, True, True),
    ("resolve", "systemd-resolved, which does not run", "hosts: files myhostname resolve [!UNAVAIL=return] dns\n", False, True, True),
    ("resolve-first", "the same before files", "hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns\n", True, False, True),
    ("stop", "files that should stop at a name they lack", "hosts: files [NOTFOUND=return] dns\n", False, True, True),
    ("unknown", "a source that nobody knows", "hosts: frob files dns\n", False, True, True),
    ("empty", "no word", "hosts:\n", False, True, True),
    ("no-line", "no hosts line", "passwd: files\n", True, False, True),
    ("tabs", "tabs and a comment", "hosts:\tfiles\tdns # x\n", False, True, True),
    ("nobody", "only unknown sources", "hosts: frob\n", False, True, False),
])
def sources(place, text, in_file, in_zone, wrong=None):
    place.write_over("/etc/nsswitch.conf", text)
    place.write_hosts("127.0.0.1 localhost\n" + (f"{wrong or IP} {HOST}\n" if in_file or wrong else ""))
    if not in_zone:
        place.zone = {}
    place.serve_dns()
    place.serve(Registry())
    return pull(place)


@each("names/tcp", [
    ("closed", "truncated over UDP with an address, nobody listens for TCP", False, 0x8380, True, False),
    ("closed-empty", "truncated over UDP without one, nobody listens for TCP", False, 0x8380, False, False),
    ("other-works", "the same, and a second nameserver works", True, 0x8380, True, True),
])
def truncated(place, second, flags, with_address):
    def answer(query, tcp=False):
        records = [(HOST, 1, socket.inet_aton(IP))] if with_address and dns_question(query)[1] == 1 else []
        return dns_reply(query, 0, records, flags)

    place.write_resolv_conf("options timeout:1 attempts:1\nnameserver 127.0.0.1\n"
                            + (f"nameserver {IP2}\n" if second else ""))
    place.serve_dns(answer=answer, tcp=False)
    if second:
        place.serve_dns(IP2)
    place.serve(Registry())
    return pull(place)


@each("names/libc", [
    ("inet6", "an option that Go does not know, so that libc looks names up", "options inet6\n", {}, "hub.infra", False),
    ("search", "the same with a search list", "search x.test corp.test\noptions inet6 ndots:5\n", {}, "hub.infra", True),
    ("search-silent", "the same, and a name of the search list gets no answer",
     "search silent.test corp.test\noptions inet6 ndots:5 timeout:1 attempts:1\n", {}, "hub.infra", False),
    ("search-fails", "the same, and it fails", "search fails.test corp.test\noptions inet6 ndots:5\n", {}, "hub.infra", True),
    ("variable", "RES_OPTIONS", "search x.test corp.test\n", {"RES_OPTIONS": "ndots:5"}, "hub.infra", True),
])
def libc(place, text, environment, name):
    def answer(query, tcp=False):
        asked = dns_question(query)[0]
        return None if asked.endswith("silent.test") else dns_reply(query, 2) if asked.endswith("fails.test") \
            else place.answer(query)

    place.environment.update(environment)
    place.zone = {name + ".corp.test": {"A": [IP]}}
    place.write_resolv_conf(text + "nameserver 127.0.0.1\n")
    place.serve_dns(answer=answer)
    place.serve(Registry(host=name), certificate=place.certificate("own", [name]))
    return pull(place, name + "/team/app:1")


@each("names/search-mixed", [
    ("nodata", "a name of the search list exists without an address", {"hub.infra.corp.test": {}, "hub.infra": {"A": [IP]}}, True),
    ("aaaa", "a name of the search list has an IPv6 address only",
     {"hub.infra.corp.test": {"AAAA": [IP6]}, "hub.infra": {"A": [SILENT]}}, True),
    ("alias", "an alias without an address in the search list",
     {"hub.infra.corp.test": {"CNAME": ["gone.corp.test"]}, "hub.infra": {"A": [IP]}}, True),
    ("wildcard", "a wildcard of the search list covers the name", {"hub.infra.corp.test": {"A": [IP2]}, "hub.infra": {"A": [IP]}}, False),
])
def search_mixed(place, zone):
    place.zone = zone
    place.write_resolv_conf("search corp.test\noptions ndots:5\nnameserver 127.0.0.1\n")
    place.serve_dns()
    certificate = place.certificate("own", ["hub.infra"])
    place.serve(Registry(host="hub.infra"), certificate=certificate)
    place.serve(Registry(host="hub.infra"), IP6, certificate=certificate)
    return pull(place, "hub.infra/team/app:1")
