/* SPDX-License-Identifier: MIT */
/* The words of the causes between an address and an accepted connection. */

#include "probes/diagnosis/words.h"

#define ACCESS_CONTROL \
    "In the TCR console open Access Control (in some consoles \"Network ACL\") > "
#define SHORT_TEST "Use 0.0.0.0/0 only for a short test: it opens the registry to every address."

/* ---- solution A of the vendor: a private linkage and its name resolution ---- */

#define MANAGE_AUTO_PARSING                                                                       \
    LINE("Click Manage Auto-parsing in its row (first Activate Service, if DNS Service offers "   \
         "it) and turn on Resolution Configuration. Advanced Configuration alone makes only the " \
         "-vpc name private.",                                                                    \
         ALL(FACT_TCR), NONE(FACT_USED_PRIVATE))
#define USE_VENDOR_RESOLVERS                                                                 \
    LINE("Only 183.60.83.19 and 183.60.82.98 know private names, and pulls ask {resolver}: " \
         "forward tencentcloudcr.com to these two, or replace it by annotation "             \
         "eks.tke.cloud.tencent.com/resolv-conf or the VPC's DNS setting.",                  \
         ALL(FACT_TCR, FACT_OTHER_RESOLVER), NONE(FACT_USED_PRIVATE))

const struct line steps_private_linkage[] = {
    LINE("Check the name that image references use, not its address: a name shows whether a "
         "private linkage is there.",
         ALL(FACT_LITERAL)),
    LINE("A (recommended): private network:", ALL(FACT_TCR, FACT_FAILS), NONE(FACT_USED_PRIVATE)),
    LINE(ACCESS_CONTROL "Private network, select region and instance {instance}, and click "
                        "Create.",
         ALL(FACT_TCR), NONE(FACT_LINKAGE_SEEN, FACT_USED_PRIVATE)),
    LINE("In \"Create a private network access linkage\" choose the VPC of this cluster and one of "
         "its subnets, click OK, and wait for \"Normal linkage\" and an address under \"Private "
         "network parse IP\".",
         ALL(FACT_TCR), NONE(FACT_LINKAGE_SEEN, FACT_USED_PRIVATE)),
    LINE(ACCESS_CONTROL "Private network, select region and instance {instance}, and find "
                        "the linkage of this VPC ({linkage}).",
         ALL(FACT_TCR, FACT_LINKAGE_SEEN), NONE(FACT_USED_PRIVATE)),
    MANAGE_AUTO_PARSING,
    USE_VENDOR_RESOLVERS,
    LINE("If the registry has a private endpoint, make it reachable from this VPC and let {host} "
         "resolve to its private address here.",
         NONE(FACT_TCR, FACT_LITERAL, FACT_USED_PRIVATE)),
    LINE(NULL),
};

/* ---- solution B: the public entry, NAT, and the allowlist, in the order they can be done ---- */

static const struct line steps_public[] = {
    LINE("B: public network:", ALL(FACT_TCR), NONE(FACT_USED_PRIVATE, FACT_NO_ROUTE)),
    LINE(ACCESS_CONTROL "Public network, select region and instance {instance}, turn on "
                        "\"Open internet access entry\", and wait while it shows Enabling.",
         ALL(FACT_TCR), NONE(FACT_FORBIDDEN_CLIENT, FACT_NO_ROUTE)),
    LINE("In the VPC console open NAT Gateway, click New, and create one with an elastic IP (EIP) "
         "in the VPC of this cluster, if there is none.",
         NONE(FACT_INTERNET_REACHED, FACT_FORBIDDEN_CLIENT, FACT_NO_ROUTE)),
    LINE("Open Route Tables and click New routing policies: destination 0.0.0.0/0, next hop type "
         "NAT gateway. Then click Associate subnets and choose the subnet of the pods.",
         NONE(FACT_INTERNET_REACHED, FACT_FORBIDDEN_CLIENT, FACT_NO_ROUTE)),
    LINE("Check that the outbound rules of the pod's security group and the network ACL of its "
         "subnet allow TCP port {port}.",
         NONE(FACT_INTERNET_REACHED, FACT_FORBIDDEN_CLIENT, FACT_NO_ROUTE)),
    LINE("Back in Access Control > Public network click \"Add a public IP to allowlist\" and add "
         "{egress}, and every other elastic IP of the NAT gateway. " SHORT_TEST,
         ALL(FACT_TCR, FACT_EGRESS_KNOWN), NONE(FACT_USED_PRIVATE, FACT_NO_ROUTE)),
    LINE("Back in Access Control > Public network click \"Add a public IP to allowlist\" and add "
         "every elastic IP of the NAT gateway (the VPC console lists them). " SHORT_TEST,
         ALL(FACT_TCR), NONE(FACT_EGRESS_KNOWN, FACT_NO_ROUTE)),
    LINE("Ask who runs the registry to let {egress} through its firewall or source address list.",
         NONE(FACT_TCR, FACT_USED_PRIVATE, FACT_NO_ROUTE)),
    LINE(NULL),
};

static const struct line steps_tell_apart[] = {
    LINE("To tell NAT from the allowlist, check again with --profile tke-serverless, or with "
         "--control internet=HOST:PORT (a place that must answer).",
         NONE(FACT_INTERNET_TRIED, FACT_NO_ROUTE)),
    LINE(NULL),
};

/* ---- no route for the family of the address ---- */

static const struct line steps_no_route[] = {
    LINE("Let {host} resolve to an IPv4 address as well, at the resolvers that pulls ask: clients "
         "then use that one.",
         ALL(FACT_NO_ROUTE, FACT_IPV6), NONE(FACT_LITERAL)),
    LINE("Give this pod or node IPv6: an address, and a default route in \"ip -6 route\". In "
         "TKE the VPC, the subnet and the cluster must all have IPv6.",
         ALL(FACT_NO_ROUTE, FACT_IPV6)),
    LINE("Look at \"ip route\" on this pod or node: it has no route to {address}. Add a default "
         "route, or find out why its network did not get one.",
         ALL(FACT_NO_ROUTE), NONE(FACT_IPV6)),
    LINE(NULL),
};

#define NO_ROUTE_SAYS                                                                              \
    LINE("This pod or node has no route to the {class} address {endpoint} ({family}: network is "  \
         "unreachable), so pulls probably fail at once.",                                          \
         ALL(FACT_NO_ROUTE, FACT_LITERAL)),                                                        \
        LINE("{host} resolves to the {class} address {address} only, and this pod or node has no " \
             "route for {family} (network is unreachable), so pulls probably fail at once.",       \
             ALL(FACT_NO_ROUTE, FACT_ONE_ADDRESS)),                                                \
        LINE("{host} resolves to {family} addresses only, such as the {class} address {address}, " \
             "and this pod or node has no route for {family} (network is unreachable), so pulls "  \
             "probably fail at once.",                                                             \
             ALL(FACT_NO_ROUTE))

#define PROXY_IS_NOT_NEEDED                                                                  \
    LINE("{registry} answers here without the proxy: add {host} to NO_PROXY, or remove the " \
         "proxy.",                                                                           \
         ALL(FACT_OTHER_PATH_WORKS), NONE(FACT_PROXY_BY_OPTION)),                            \
        LINE("{registry} answers here without the proxy: if pulls use none either, check "   \
             "again with --proxy none.",                                                     \
             ALL(FACT_OTHER_PATH_WORKS, FACT_PROXY_BY_OPTION)),                              \
        LINE("If {registry} can be reached without a proxy, add {host} to NO_PROXY.",        \
             NONE(FACT_PROXY_BY_OPTION, FACT_OTHER_PATH_WORKS)),                             \
        LINE("If {registry} can be reached without a proxy, check again with --proxy none.", \
             ALL(FACT_PROXY_BY_OPTION), NONE(FACT_OTHER_PATH_WORKS))

#define FIRST    WORDS_CONNECTIONS_FIRST
#define NAME(id) [CAUSE_##id - FIRST]

const struct cause_words words_connections[] = {
    NAME(PRIVATE_DNS_NOT_ENABLED) =
        {.docs = CAUSE_DOCS "private_dns_not_enabled",
         .title = "A private linkage is there, but the registry's name still resolves to a public "
                  "address that fails.",
         .says = LINES(
             LINE("{host} resolves to the public address {address}, which {failure}. The -vpc name "
                  "gives the private address {linkage}, which accepts no connection either: "
                  "private resolution is probably off, and the linkage does not work.",
                  ALL(FACT_LINKAGE_NAME_SILENT)),
             LINE("{host} resolves to the public address {address}, which {failure}, although a "
                  "private linkage is there ({linkage}): either private resolution of the name is "
                  "off, or the resolver that pulls ask, {resolver}, cannot see it.",
                  ALL(FACT_TCR, FACT_OTHER_RESOLVER)),
             LINE("{host} resolves to the public address {address}, which {failure}, although a "
                  "private linkage is there ({linkage}): private resolution of the name is "
                  "probably not enabled in this VPC.",
                  ALL(FACT_TCR)),
             LINE("{host} resolves to the public address {address}, which {failure}, although its "
                  "private address {linkage} accepts connections: the name probably lacks a "
                  "private record in this VPC.")),
         .pulls = PULLS("dial tcp {endpoint}: i/o timeout"),
         .steps = STEPS(
             LINES(LINE(ACCESS_CONTROL "Private network, select region and instance {instance}, "
                                       "and find the linkage of this VPC ({linkage}).",
                        ALL(FACT_TCR)),
                   LINE("Repair the linkage first, since {linkage} accepts no connection: it must "
                        "show \"Normal linkage\" and that address, and the pod's security group "
                        "must allow TCP port {port} to it.",
                        ALL(FACT_LINKAGE_NAME_SILENT)),
                   MANAGE_AUTO_PARSING, USE_VENDOR_RESOLVERS,
                   LINE("Add a record to a private zone of this VPC: {host} to {linkage}.",
                        NONE(FACT_TCR)),
                   LINE("Check again: {host} must resolve to {linkage} at the resolvers that pulls "
                        "ask."))),
         .why = "The -vpc name gives a private address, or the configured linkage address accepts "
                "connections, so a private linkage exists. The name in your image reference still "
                "resolves to a public address in every view, and that path fails. Private "
                "resolution has a switch of its own, and it is off by default. It answers only "
                "through the resolvers 183.60.83.19 and 183.60.82.98: if the pod or its host asks "
                "another resolver, the private address never shows, even with the switch on.",
         .verify = "The registry's own name resolves to the private address of the linkage.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS | SHOW_VPC_NAME | SHOW_PATHS},
    NAME(PRIVATE_LINKAGE_MISSING) =
        {.docs = CAUSE_DOCS "private_linkage_missing",
         .title = "The registry should be private, but its name resolves to a public address that "
                  "fails, and no private linkage shows.",
         .says = LINES(
             LINE("{host} should be private but resolves to the public address {address}, which "
                  "{failure}, and the configured linkage address {linkage} accepts no connection "
                  "either: this VPC probably has no working private linkage.",
                  ALL(FACT_LINKAGE_SILENT)),
             LINE("{host} should be private but resolves to the public address {address}, which "
                  "{failure}: this VPC probably has no private linkage.")),
         .pulls = PULLS("dial tcp {endpoint}: i/o timeout"),
         .steps = STEPS(
             LINES(LINE("The linkage address {linkage} was tried and accepts no connection: check "
                        "in the console whether it is still the address of a linkage of this VPC.",
                        ALL(FACT_LINKAGE_SILENT))),
             steps_private_linkage, steps_public),
         .why = "You set expect to private. The name resolves to a public address in every view, "
                "that path fails, and nothing shows a private linkage: the -vpc name gives no "
                "private address, and no linkage address accepts connections.",
         .verify = "The registry's name resolves to a private address that connects.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS | SHOW_VPC_NAME | SHOW_PATHS},
    NAME(NAT_MISSING) =
        {.docs = CAUSE_DOCS "nat_missing",
         .title = "The registry's address is public, and this subnet probably has no route to the "
                  "internet.",
         .says = LINES(
             LINE("The public address {endpoint} {failure}, no internet control connects, and the "
                  "VPC works: this subnet probably has no route to the internet (no NAT gateway).",
                  ALL(FACT_VPC_OK)),
             LINE("The public address {endpoint} {failure}, and no internet control connects: "
                  "either this subnet has no route to the internet (no NAT gateway), or a "
                  "security group or network ACL drops the traffic.")),
         .pulls = PULLS("dial tcp {endpoint}: i/o timeout",
                        "dial tcp {endpoint}: connect: no route to host",
                        "dial tcp {endpoint}: connect: network is unreachable"),
         .steps = STEPS(LINES(LINE("To tell NAT from a security group, check again with --control "
                                   "vpc=HOST:PORT (a place in "
                                   "this VPC that must answer).",
                                   NONE(FACT_VPC_TRIED))),
                        steps_private_linkage, steps_public),
         .why = "The registry's address is public and silent, no internet control connects either, "
                "and the VPC itself can be reached. Pods of a serverless cluster have no internet "
                "access by default. Give yours a NAT gateway with an elastic IP and a route to it "
                "from their subnet, or a private linkage, which needs neither.",
         .verify = "The registry and an internet control connect, or the registry's name resolves "
                   "to a private address that connects.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS | SHOW_CONTROLS | SHOW_DNS}, /* a resolver is a witness too */
    NAME(ALLOWLIST_MISSING) =
        {.docs = CAUSE_DOCS "allowlist_missing",
         .title = "The internet is reachable, but the registry's public entry does not let this "
                  "network in.",
         .says = LINES(
             LINE("The {class} address {endpoint} answers HTTP {status} and names this network's "
                  "address {egress}: something on the private path, or the registry, probably "
                  "does not let that address in.",
                  ALL(FACT_FORBIDDEN_CLIENT, FACT_USED_PRIVATE)),
             LINE("{endpoint} answers HTTP {status} and names this network's address {egress}: "
                  "that address is probably not in the registry's allowlist.",
                  ALL(FACT_FORBIDDEN_CLIENT)),
             LINE("The internet is reachable, but {endpoint} {failure}: this network's address "
                  "{egress} is probably not in the registry's allowlist, or its public entry is "
                  "closed, which looks the same from here.",
                  ALL(FACT_EGRESS_KNOWN)),
             LINE("The internet is reachable, but {endpoint} {failure}: this network is probably "
                  "not in the registry's allowlist, or its public entry is closed, which looks the "
                  "same from here.")),
         .pulls = PULLS("dial tcp {endpoint}: i/o timeout",
                        "unexpected status from HEAD request to {manifest_url}: 403 Forbidden"),
         .steps = STEPS(
             LINES(LINE(
                 "Look for a firewall, proxy or load balancer between this pod and {address} "
                 "that does not let {egress} in, because the allowlist of the public entry does "
                 "not "
                 "count on a private path. If there is none, open a ticket with the time and the "
                 "answer.",
                 ALL(FACT_FORBIDDEN_CLIENT, FACT_USED_PRIVATE))),
             steps_private_linkage, steps_public,
             LINES(LINE("To see the address that the registry sees, set "
                        "egress_address_url.",
                        NONE(FACT_EGRESS_KNOWN)))),
         .why = "The registry's public address is silent while every internet control connects, or "
                "it answers 403 and quotes your address. The public entry of a TCR instance "
                "refuses every source that is not in its allowlist. A closed public entry looks "
                "the same from a pod.",
         .verify = "The registry's public address connects and answers at /v2/.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS | SHOW_CONTROLS | SHOW_CLIENTS},
    NAME(PUBLIC_PATH_BLOCKED) =
        {.docs = CAUSE_DOCS "public_path_blocked",
         .title = "The registry's public address does not answer, and the check cannot tell why.",
         .says = LINES(
             NO_ROUTE_SAYS,
             LINE("The internet is reachable, but the public address {endpoint} {failure}: a "
                  "firewall or a route on the path possibly rejects the traffic, or the registry's "
                  "public entry is closed.",
                  ALL(FACT_INTERNET_ALL_OK)),
             LINE("The public address {endpoint} {failure}, and only some of the internet controls "
                  "connect: possibly this network is not in the registry's allowlist, its public "
                  "entry is closed, or something on the path drops traffic.",
                  ALL(FACT_INTERNET_SOME_OK)),
             LINE("The public address {endpoint} {failure}: either there is no route to the "
                  "internet (no NAT gateway), or this network is not in the registry's allowlist, "
                  "or its public entry is closed.",
                  ALL(FACT_LITERAL)),
             LINE("{host} resolves to the public address {address}, which {failure}: either there "
                  "is no route to the internet (no NAT gateway), or this network is not in the "
                  "registry's allowlist, or its public entry is closed.")),
         .pulls = PULLS("dial tcp {endpoint}: i/o timeout",
                        "dial tcp {endpoint}: connect: no route to host",
                        "dial tcp {endpoint}: connect: network is unreachable"),
         .steps = STEPS(steps_no_route, steps_tell_apart, steps_private_linkage, steps_public),
         .why =
             "The registry's public address is silent or unreachable, and the controls do not tell "
             "you why: there are none, or only some of them connect. A missing NAT gateway, a "
             "missing allowlist entry and a closed public entry all look like this.",
         .verify = "The address connects. The controls of the profile tell the reasons apart.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS | SHOW_CONTROLS | SHOW_DNS},
    NAME(PRIVATE_PATH_BLOCKED) =
        {.docs = CAUSE_DOCS "private_path_blocked",
         .title = "The registry's address is private, and nothing answers there.",
         .says = LINES(
             NO_ROUTE_SAYS,
             LINE("The {class} address {endpoint} {failure}: it probably belongs to another VPC "
                  "that is not connected to this one, or a security group drops the traffic.",
                  ALL(FACT_LITERAL)),
             LINE("{host} resolves to the {class} address {address}, which {failure}, although a "
                  "private linkage is there ({linkage}): {address} is probably from an old record "
                  "or belongs to another VPC.",
                  ALL(FACT_LINKAGE_ELSEWHERE)),
             LINE("{host} resolves to the {class} address {address}, which {failure}: it probably "
                  "belongs to another VPC that is not connected to this one, a security group "
                  "drops the traffic, or the linkage was deleted.",
                  ALL(FACT_TCR)),
             LINE("{host} resolves to the {class} address {address}, which {failure}: it probably "
                  "belongs to another network that is not connected to this one, or a security "
                  "group drops the traffic.")),
         .pulls = PULLS("dial tcp {endpoint}: i/o timeout",
                        "dial tcp {endpoint}: connect: no route to host",
                        "dial tcp {endpoint}: connect: network is unreachable"),
         .steps =
             STEPS(steps_no_route,
                   LINES(LINE("Look for the record that gives {address} (in a private zone of this "
                              "VPC, a hosts file, or {resolver}), and remove it.",
                              ALL(FACT_LINKAGE_ELSEWHERE)),
                         LINE(ACCESS_CONTROL
                              "Private network, select region and instance {instance}, and find "
                              "the linkage of this VPC ({linkage}).",
                              ALL(FACT_TCR, FACT_LINKAGE_ELSEWHERE)),
                         LINE("Click Manage Auto-parsing in its row and turn on Resolution "
                              "Configuration, so "
                              "that {host} resolves to {linkage}.",
                              ALL(FACT_TCR, FACT_LINKAGE_ELSEWHERE)),
                         LINE("Add a record to a private zone of this VPC: {host} to {linkage}.",
                              ALL(FACT_LINKAGE_ELSEWHERE), NONE(FACT_TCR)),
                         LINE(ACCESS_CONTROL
                              "Private network, select region and instance {instance}, "
                              "and look for the linkage of this VPC: it must show \"Normal "
                              "linkage\" and the address {address}.",
                              ALL(FACT_TCR), NONE(FACT_LINKAGE_ELSEWHERE, FACT_NO_ROUTE)),
                         LINE("If this VPC has no linkage, click Create, choose this VPC and a "
                              "subnet, wait for its private IP, and turn on its resolution with "
                              "Manage Auto-parsing.",
                              ALL(FACT_TCR), NONE(FACT_LINKAGE_SEEN, FACT_NO_ROUTE)),
                         LINE("If {address} belongs to another VPC, connect the two VPCs by CCN or "
                              "peering, with routes in both directions.",
                              NONE(FACT_LINKAGE_ELSEWHERE, FACT_NO_ROUTE)),
                         LINE("Allow TCP port {port} to {address} in the outbound rules of the "
                              "pod's security group and in the network ACL of its subnet.",
                              NONE(FACT_LINKAGE_ELSEWHERE, FACT_NO_ROUTE)))),
         .why = "The name resolves to a private or provider address that times out or is "
                "unreachable. The linkage belongs to another VPC that is not peered with yours, "
                "a security group or network ACL drops the traffic, or the linkage was deleted and "
                "its record was left behind.",
         .verify = "The private address connects and answers at /v2/.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS | SHOW_PATHS},
    NAME(PROXY_UNREACHABLE) =
        {.docs = CAUSE_DOCS "proxy_unreachable",
         .title = "The proxy that pulls of this registry use cannot be reached.",
         .says = LINES(LINE("Pulls of {host} go through the proxy {proxy} (set by {proxy_source}), "
                            "which {proxy_said}.")),
         .pulls = PULLS("proxyconnect tcp: dial tcp PROXY: i/o timeout",
                        "proxyconnect tcp: tls: failed to verify certificate: x509: certificate "
                        "signed by unknown authority"),
         .steps = STEPS(LINES(
             LINE("Check the proxy's address in {proxy_source}, and check that the proxy runs and "
                  "that this network reaches it.",
                  NONE(FACT_PROXY_CERTIFICATE, FACT_PROXY_PLAIN)),
             LINE("The proxy speaks plain HTTP at this port: write its URL with http:// instead of "
                  "https://.",
                  ALL(FACT_PROXY_PLAIN)),
             LINE("Add the authority of the proxy's certificate to those that the machine which "
                  "pulls trusts (SSL_CERT_FILE of containerd's unit, or its certificate folder), "
                  "or give the proxy a certificate of an authority that it trusts.",
                  ALL(FACT_PROXY_UNTRUSTED)),
             LINE("Give the proxy a certificate that is valid today for the name or address in "
                  "its URL, or name it in the URL as its certificate does.",
                  ALL(FACT_PROXY_CERTIFICATE), NONE(FACT_PROXY_UNTRUSTED)),
             PROXY_IS_NOT_NEEDED)),
         .why = "Your settings send pulls of this registry through a proxy. Its name does not "
                "resolve, or its address refuses connections or does not answer, or its URL is "
                "https:// and its certificate is refused, so no request reaches the registry.",
         .verify = "The proxy line shows ok.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS},
    NAME(PROXY_REFUSED) =
        {.docs = CAUSE_DOCS "proxy_refused",
         .title = "The proxy that pulls of this registry use refuses to connect to it.",
         .says = LINES(LINE("Pulls of {host} go through the proxy {proxy} (set by {proxy_source}), "
                            "which {proxy_said}.")),
         .pulls = PULLS("Forbidden"),
         .steps = STEPS(LINES(
             LINE("Put the user and the password of the proxy into its URL in {proxy_source}.",
                  ALL(FACT_PROXY_WANTS_KEY)),
             LINE("Check {proxy} in {proxy_source}: what answers there does not speak the protocol "
                  "of a "
                  "proxy.",
                  ALL(FACT_PROXY_UNREADABLE)),
             LINE("Check {proxy} in {proxy_source}: a web server, which is no proxy, answers "
                  "CONNECT like "
                  "this.",
                  ALL(FACT_NO_PROXY_THERE)),
             LINE("Ask who runs the proxy why it cannot reach {host}, port {port}, itself.",
                  ALL(FACT_PROXY_UPSTREAM)),
             LINE("Ask who runs the proxy to allow CONNECT to {host}, port {port}.",
                  NONE(FACT_PROXY_WANTS_KEY, FACT_PROXY_UNREADABLE, FACT_PROXY_UPSTREAM)),
             PROXY_IS_NOT_NEEDED)),
         .why = "The proxy was reached and answers the CONNECT request with an error. A rule of "
                "the proxy, a missing password (407) or an upstream that it cannot reach does "
                "this.",
         .verify = "The proxy line shows ok.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS},
    NAME(CONNECTION_REFUSED) =
        {.docs = CAUSE_DOCS "connection_refused",
         .title = "The registry's address refuses connections: nothing listens on the port.",
         .says =
             LINES(LINE("{endpoint} {failure}: nothing accepts connections on port {port} there.")),
         .pulls = PULLS("dial tcp {endpoint}: connect: connection refused"),
         .steps = STEPS(LINES(
             LINE("Check that {address} is the registry's address: look for a stale record or "
                  "hosts entry."),
             LINE("Check that the registry listens on port {port}. If a load balancer or proxy is "
                  "in front of it, check its listener and its backends.",
                  NONE(FACT_TENCENT)),
             LINE("Tencent's registries listen on port 443 only: leave the port out of the image "
                  "reference, unless a forwarder of yours listens on it.",
                  ALL(FACT_TENCENT, FACT_OTHER_PORT)))),
         .why = "Something at the address answers, and it says that nothing listens on the port: a "
                "stale record or hosts entry, a load balancer without a listener, or the wrong "
                "port. A missing NAT gateway or allowlist entry looks different: nothing answers.",
         .verify = "The address connects.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS},
};
