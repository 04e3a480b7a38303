/* SPDX-License-Identifier: MIT */
/* The words of the causes that concern the whole network and names. */

#include "probes/diagnosis/words.h"

#define LOOKUP "dial tcp: lookup {host} on {resolver}: "

const struct line steps_resolver_access[] = {
    STEPS_UNANSWERED,
    LINE("Look for the route or firewall rule of this machine that forbids the question: a route "
         "of type prohibit in \"ip route\", or a rule of nftables or iptables for outgoing "
         "packets.",
         ALL(FACT_PROHIBITED)),
    LINE(
        "Find out why there is no route to {resolver}: look at \"ip route\" here, and at the route "
        "table of the subnet.",
        ALL(FACT_RESOLVER_NO_ROUTE)),
    LINE("This machine itself is the resolver ({resolver}): /etc/resolv.conf names no nameserver, "
         "or it names a "
         "DNS cache that does not run. Start the cache, or name another resolver.",
         ALL(FACT_RESOLVER_LOOPBACK)),
    LINE("Check that {resolver} is the resolver you want (/etc/resolv.conf, or the annotation "
         "eks.tke.cloud.tencent.com/resolv-conf for image pulls) and that it runs.",
         NONE(FACT_RESOLVER_LOOPBACK, FACT_LOOKUP_TOO_LONG)),
    LINE("Allow UDP and TCP port 53 to it in the outbound rules of the pod's security group. A "
         "resolver on the internet also needs a NAT gateway.",
         NONE(FACT_PROHIBITED, FACT_RESOLVER_CLOSED, FACT_RESOLVER_LOOPBACK, FACT_RESOLVER_NO_ROUTE,
              FACT_LOOKUP_TOO_LONG)),
    LINE("If you have no reason for a resolver of your own, use those of the Tencent VPC: "
         "183.60.83.19 and 183.60.82.98.",
         NONE(FACT_VENDOR_RESOLVER, FACT_LOOKUP_TOO_LONG)),
    LINE(NULL),
};

static const struct line steps_name[] = {
    LINE("Add \"dns\" to the hosts line of /etc/nsswitch.conf, or add {host} to /etc/hosts.",
         ALL(FACT_DNS_NOT_ASKED)),
    LINE("Check the spelling of {host} in the image reference.",
         NONE(FACT_OTHER_HAS_ADDRESS, FACT_NODATA)),
    LINE("In the TCR console check that the instance {instance} exists and runs, and copy its "
         "domain from there.",
         ALL(FACT_TCR), NONE(FACT_OTHER_HAS_ADDRESS)),
    LINE("Look for a private zone in this VPC that covers the domain and lacks this name. Add the "
         "record to it, or turn on its subdomain recursion."),
    LINE("If {resolver} forwards to another resolver or filters names, let it answer for {host} as "
         "{other_resolver} does.",
         ALL(FACT_OTHER_HAS_ADDRESS)),
    LINE("Or let image pulls ask {other_resolver} (annotation eks.tke.cloud.tencent.com/"
         "resolv-conf).",
         ALL(FACT_OTHER_HAS_ADDRESS)),
    LINE(NULL),
};

#define NAME(id) [CAUSE_##id]

const struct cause_words words_names[] = {
    NAME(POD_NETWORK_BLOCKED) =
        {.docs = CAUSE_DOCS "pod_network_blocked",
         .title = "No traffic leaves this pod: nothing that it tried to reach answers.",
         .says = LINES(
             LINE("Neither a resolver nor any control answers this pod: its security group, the "
                  "network ACL of its subnet or its routes probably let no traffic out.",
                  ALL(FACT_NO_RESOLVER_ANSWERED)),
             LINE("The resolver {resolver} answers, but neither {endpoint} nor any control accepts "
                  "a connection: the security group of this pod or the network ACL of its subnet "
                  "probably lets "
                  "no TCP traffic out.",
                  ALL(FACT_RESOLVER_ANSWERED, FACT_NONE_CONNECTS)),
             LINE("No control accepts a connection from this pod: its security group, the network "
                  "ACL of its subnet "
                  "or its routes probably let no traffic out.")),
         .pulls = PULLS("dial tcp {endpoint}: i/o timeout", LOOKUP "i/o timeout"),
         .steps = STEPS(LINES(
             LINE("Check the outbound rules of the pod's security group (annotation "
                  "eks.tke.cloud.tencent.com/security-group-id): UDP and TCP port 53 and TCP port "
                  "{port} must be allowed."),
             LINE("Check the same in the network ACL of the pod's subnet (VPC console)."),
             LINE("Check the route table of the pod's subnet."))),
         .why = "No control connects, and in addition no resolver answers or a control inside the "
                "VPC is among those that fail. If traffic does not leave the pod at all, the check "
                "can say nothing about the registry. A security group without outbound rules, a "
                "network ACL of the subnet or a broken route table can do this.",
         .verify = "At least one control connects, and one resolver answers.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS | SHOW_PATHS | SHOW_CONTROLS},
    NAME(DNS_TIMEOUT) =
        {.docs = CAUSE_DOCS "dns_timeout",
         .title = "No resolver answers, so the name of the registry has no address here.",
         .says = LINES(
             LINE(
                 "Clients give up the lookup of {host} after 30 s, because it takes {lookup_wait}: "
                 "names that the search list makes of it get no answer.",
                 ALL(FACT_LOOKUP_TOO_LONG, FACT_SEARCH_UNANSWERED)),
             LINE(
                 "Clients give up the lookup of {host} after 30 s, because it takes {lookup_wait}: "
                 "one kind of address gets no answer.",
                 ALL(FACT_LOOKUP_TOO_LONG)),
             LINE("The resolver {resolver} {said} for the IPv4 addresses of {host}, so none is "
                  "known; it probably drops the question.",
                  ALL(FACT_A_UNANSWERED), NONE(FACT_NO_RESOLVER_ANSWERED)),
             LINE("No resolver answers for {host}: {resolver} {said}.")),
         .pulls = PULLS(LOOKUP "read udp: i/o timeout"),
         .steps = STEPS(steps_resolver_access),
         .why =
             "Every question to the resolvers that decide stayed without an answer, or their "
             "port is closed. The resolver is down, its address is wrong, port 53 is blocked, "
             "or the resolver is on the internet and your subnet has no route there. Or it leaves "
             "some questions unanswered, and clients give up before they have waited for all.",
         .verify = "The dns lines show an address from the resolvers that pulls use.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS},
    NAME(DNS_SERVER_FAILURE) =
        {.docs = CAUSE_DOCS "dns_server_failure",
         .title = "A resolver answers that it cannot or will not resolve the registry's name.",
         .says = LINES(LINE("The resolver {resolver} {said} for {host}, so the name has no address "
                            "here.")),
         .pulls = PULLS(LOOKUP "server misbehaving", LOOKUP "cannot unmarshal DNS message"),
         .steps = STEPS(LINES(
             LINE("Look at the log of {resolver}: the failure comes from it or from the resolver "
                  "that it forwards to."),
             LINE("If it forwards, check the forward rule for this domain, and check that its "
                  "upstream answers."))),
         .why = "The resolver answered, and its answer is SERVFAIL, REFUSED, FORMERR, NOTIMP, or a "
                "message that cannot be read. Go programs such as containerd print \"server "
                "misbehaving\" for most of these, so the check tells you which it was.",
         .verify = "The dns lines show noerror and an address.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS},
    NAME(DNS_NAME_NOT_FOUND) =
        {.docs = CAUSE_DOCS "dns_name_not_found",
         .title = "A resolver says that the registry's name does not exist (NXDOMAIN).",
         .says = LINES(
             LINE("Image pulls find no address of {host}: the hosts line of /etc/nsswitch.conf "
                  "({name_sources}) names no dns, and /etc/hosts lacks the name.",
                  ALL(FACT_DNS_NOT_ASKED)),
             LINE("Image pulls ask the resolver {resolver}, which says that {host} does not exist "
                  "(NXDOMAIN), although {other_resolver} {other_said}: a private zone or a filter "
                  "probably hides the name.",
                  ALL(FACT_OTHER_HAS_ADDRESS)),
             LINE("The resolver {resolver} says that {host} does not exist (NXDOMAIN): the "
                  "instance name is misspelled, the instance was deleted, or a private zone hides "
                  "the domain.",
                  ALL(FACT_TCR)),
             LINE("The resolver {resolver} says that {host} does not exist (NXDOMAIN): the name is "
                  "misspelled, or a private zone hides the domain.")),
         .pulls = PULLS(LOOKUP "no such host"),
         .steps = STEPS(steps_name),
         .why = "The name does not exist for this resolver. Your image reference has a typing "
                "error, the instance was deleted, or a private zone covers the domain in your VPC "
                "and lacks the name.",
         .verify = "The dns lines show noerror and an address.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS},
    NAME(DNS_NO_ADDRESS) =
        {.docs = CAUSE_DOCS "dns_no_address",
         .title = "A resolver knows the registry's name but has no address for it (NODATA).",
         .says = LINES(
             LINE("Image pulls ask the resolver {resolver}, which knows {host} but has no address "
                  "for it (NODATA), although {other_resolver} {other_said}: a private zone without "
                  "this record probably hides the name.",
                  ALL(FACT_OTHER_HAS_ADDRESS)),
             LINE("The resolver {resolver} knows {host} but has no address for it (NODATA); a "
                  "private zone without this record answers like this.")),
         .pulls = PULLS(LOOKUP "no such host"),
         .steps = STEPS(steps_name),
         .why = "The name exists for this resolver, without an address record. A private zone with "
                "the name but without its record does this. Go programs print \"no such host\", so "
                "you cannot tell it from a name that does not exist.",
         .verify = "The dns lines show an address.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS},
    NAME(DNS_BOGUS_ADDRESS) =
        {.docs = CAUSE_DOCS "dns_bogus_address",
         .title = "The registry's name resolves only to addresses where no registry can be.",
         .says = LINES(LINE("{address} is not an address that a registry can have: {rule}.",
                            ALL(FACT_LITERAL)),
                       LINE("{host} resolves to {address}, where no registry can be: {rule}.")),
         .pulls = PULLS("dial tcp {endpoint}: connect: connection refused",
                        "dial tcp {endpoint}: i/o timeout"),
         .steps = STEPS(LINES(
             LINE("Find out why {host} resolves to {address}: look for a hosts entry, a private "
                  "zone, or a filter in {resolver}.",
                  NONE(FACT_LITERAL)),
             LINE("Give the registry's name, or an address that can be reached.",
                  ALL(FACT_LITERAL)),
             LINE("If you mean a registry on loopback, say so with --private-range 127.0.0.0/8.",
                  ALL(FACT_LOOPBACK_ANSWER)))),
         .why = "Every answer is a loopback, unspecified, multicast or documentation address. A "
                "hosts entry, a filtering resolver or a private zone with a placeholder gives such "
                "answers. The check never connects to them.",
         .verify = "The dns lines show a private, provider or public address.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS | SHOW_PATHS},
    NAME(DNS_ANSWERS_DIFFER) =
        {.docs = CAUSE_DOCS "dns_answers_differ",
         .title = "The resolvers disagree about the registry's address.",
         .says = LINES(
             LINE("Image pulls ask the resolver {resolver}, which {said} for {host}, although "
                  "{other_resolver} {other_said}.",
                  ALL(FACT_OTHER_HAS_ADDRESS)),
             LINE("Image pulls ask the resolver {resolver}, which {said} for {host}, and {address} "
                  "{failure}; {other_resolver} {other_said}, which works.",
                  ALL(FACT_OTHER_PATH_WORKS, FACT_PATH_FAILS)),
             LINE("Image pulls work: they use the resolver {resolver}, which {said} for {host}. "
                  "But {other_resolver} {other_said}.",
                  ALL(FACT_HEALTHY)),
             LINE("Image pulls ask the resolver {resolver}, which {said} for {host}, but "
                  "{other_resolver} {other_said}.")),
         .pulls = PULLS("dial tcp {endpoint}: i/o timeout", LOOKUP "no such host"),
         .steps = STEPS(LINES(
             LINE("Image pulls need no change. If programs in the pod must reach {host} by the "
                  "same address, give {other_resolver} the same data as {resolver}.",
                  ALL(FACT_HEALTHY)),
             LINE("Give {resolver} the same data as {other_resolver}, whose address works: look "
                  "for a stub domain or private zone that only one of them has.",
                  ALL(FACT_OTHER_PATH_WORKS), NONE(FACT_HEALTHY)),
             LINE("Decide which of the two answers is right. The dns lines list what each resolver "
                  "answers.",
                  NONE(FACT_OTHER_PATH_WORKS, FACT_HEALTHY)),
             LINE("Give all resolvers the same data: remove the stub domain or private zone that "
                  "only one of them has, or add it to the others.",
                  NONE(FACT_OTHER_PATH_WORKS, FACT_HEALTHY)),
             LINE("Or point dnsConfig of the pod at {resolver}.", ALL(FACT_HEALTHY)),
             LINE("If only the pod or only its host should change, point "
                  "eks.tke.cloud.tencent.com/resolv-conf (host) or dnsConfig (pod) at the right "
                  "resolver.",
                  NONE(FACT_HEALTHY)))),
         .why = "In a serverless cluster the host of the pod pulls the image, and it asks its own "
                "resolvers, not those of the pod's /etc/resolv.conf. The two views, or two "
                "resolvers of one view, give different kinds of address, or one gives none. A stub "
                "domain, a private zone or a custom resolver that only one of them has does this. "
                "Pulls fail if the resolver that they ask leads to a path that fails.",
         .verify = "Every resolver gives the same kind of address.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS | SHOW_PATHS},
};
