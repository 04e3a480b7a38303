/* SPDX-License-Identifier: MIT */
/* The words of the causes that a TLS handshake shows. */

#include "probes/diagnosis/words.h"

#define X509 "tls: failed to verify certificate: x509: "

#define ANNOTATION_RULE                                                                           \
    LINE("If you name several registries, separate them by commas; \"all\" means every registry " \
         "of the pod.",                                                                           \
         NONE(FACT_TENCENT))

/* Nobody but a stranger shows this in the place of one of Tencent's registries. */
#define INTERCEPTED                                                                                \
    LINE("Tencent's registries speak HTTPS with a certificate of a public authority, so "          \
         "something else probably answers here. Look for a proxy or firewall that intercepts TLS " \
         "on "                                                                                     \
         "the path to {endpoint}, and let {host} pass it unchanged.",                              \
         ALL(FACT_TENCENT)),                                                                       \
        LINE("Check that {address} is the registry's address: a stale hosts entry or a "           \
             "record in a private zone can lead to another server.",                               \
             ALL(FACT_TENCENT))

static const struct line steps_handshake[] = {
    LINE("Check from another network. If it works there, something between this pod and {address} "
         "holds back or cuts TLS (proxy, firewall, MTU, filter by name)."),
    LINE("Run a check where the pull fails: it repeats the handshake with small segments and with "
         "another server name, and shows which of them works.",
         NONE(FACT_TLS_STALLED, FACT_TLS_CLOSED)), /* a check's own report has done it */
    LINE(NULL),
};

static const struct line steps_dates[] = {
    LINE("Compare the clock of this machine with a reliable one: with a wrong clock a good "
         "certificate looks like this."),
    INTERCEPTED,
    LINE("Renew the certificate of {host} and reload the server that shows it.",
         NONE(FACT_TENCENT)),
    LINE(NULL),
};

#define FIRST    WORDS_HANDSHAKES_FIRST
#define NAME(id) [CAUSE_##id - FIRST]

const struct cause_words words_handshakes[] = {
    NAME(TLS_TIMEOUT) =
        {.docs = CAUSE_DOCS "tls_timeout",
         .title =
             "The registry accepts the connection, and the TLS handshake does not end in time.",
         .says =
             LINES(LINE("{endpoint} accepts the connection, but its TLS handshake for {host} "
                        "does not end in time: possibly a filter or a small MTU on the path, or an "
                        "overloaded server.")),
         .pulls = PULLS("net/http: TLS handshake timeout"),
         .steps = STEPS(steps_handshake),
         .why = "The connection is made, and the TLS handshake does not end in time. Large "
                "packets that are lost on the path, a filter on the server name, or an overloaded "
                "proxy do this. The check tries small segments and another server name to tell "
                "them apart.",
         .verify = "The tls part of the path shows ok.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS},
    NAME(MTU_BLACK_HOLE) =
        {.docs = CAUSE_DOCS "mtu_black_hole",
         .title = "The path to the registry probably loses large packets.",
         .says = LINES(LINE("The TLS handshake with {endpoint} fails with segments of the usual "
                            "size and completes with small ones: the path probably loses large "
                            "packets (MTU of the interface: {interface_mtu}).")),
         .pulls = PULLS("net/http: TLS handshake timeout", "read: connection reset by peer", "EOF"),
         .steps = STEPS(LINES(
             LINE("Lower the MTU of the pod's interface (now {interface_mtu}) to that of the path, "
                  "or clamp the MSS on the gateway (iptables -t mangle ... -j TCPMSS "
                  "--clamp-mss-to-pmtu)."),
             LINE(
                 "Let ICMP \"fragmentation needed\" and \"packet too big\" through security groups "
                 "and firewalls on the path."),
             LINE("Or set the sysctl net.ipv4.tcp_mtu_probing=1 (annotation "
                  "eks.tke.cloud.tencent.com/host-sysctls for the host that pulls)."))),
         .why = "The handshake stalls with segments of the usual size and completes with small "
                "ones. A link on the path has a smaller MTU, and the ICMP message that would say "
                "so is dropped. Small exchanges pass, certificates do not.",
         .verify = "The handshake completes without small segments.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS},
    NAME(SNI_FILTERED) =
        {.docs = CAUSE_DOCS "sni_filtered",
         .title = "Something on the path probably blocks TLS for the registry's name.",
         .says = LINES(LINE("{endpoint} answers a TLS handshake for another name, but not for "
                            "{host}: something on the path probably filters by server name "
                            "(SNI).")),
         .pulls = PULLS("net/http: TLS handshake timeout", "read: connection reset by peer", "EOF"),
         .steps = STEPS(LINES(
             LINE("Ask who runs the firewall or proxy on the path to {address} to allow the name "
                  "{host}."),
             LINE("Or go around it with a private linkage: in the TCR console open Access Control "
                  "(in some consoles \"Network ACL\") > Private network.",
                  ALL(FACT_TCR), NONE(FACT_USED_PRIVATE)))),
         .why = "The same address answers a handshake for another server name and not for this "
                "one. A firewall or proxy on the path reads the name in the ClientHello and stalls "
                "or resets the connection.",
         .verify = "The handshake completes with the registry's own name.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS},
    NAME(TLS_CONNECTION_CLOSED) =
        {.docs = CAUSE_DOCS "tls_connection_closed",
         .title = "The registry's address accepts the connection and ends it during the TLS "
                  "handshake.",
         .says = LINES(LINE("{endpoint} {failure}: possibly a "
                            "filter on the path, a load balancer without a healthy backend, or a "
                            "port that speaks another protocol.")),
         .pulls = PULLS("read: connection reset by peer", "Get \"{registry_url}/v2/\": EOF"),
         .steps = STEPS(steps_handshake),
         .why = "The connection is closed or reset during the handshake. A filter on the path, a "
                "load balancer without a healthy backend, or a port that serves another protocol "
                "does this.",
         .verify = "The tls part of the path shows ok.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS},
    NAME(TLS_PLAIN_HTTP) =
        {.docs = CAUSE_DOCS "tls_plain_http",
         .title = "The port answers in plain HTTP, and image pulls use HTTPS.",
         .says = LINES(LINE("{endpoint} answers in plain HTTP, which {host} never does: another "
                            "server probably answers in the registry's place.",
                            ALL(FACT_TENCENT)),
                       LINE("{endpoint} answers in plain HTTP, and image pulls use HTTPS.")),
         .pulls = PULLS("http: server gave HTTP response to HTTPS client"),
         .steps = STEPS(
             LINES(INTERCEPTED, LINE("Best: let the registry serve HTTPS.", NONE(FACT_TENCENT)),
                   LINE("If you trust the network to it, add this annotation to the PodTemplate: "
                        "eks.tke.cloud.tencent.com/registry-http-endpoint: \"{registry}\"",
                        NONE(FACT_TENCENT)),
                   ANNOTATION_RULE)),
         .why =
             "The port answers a TLS handshake in plain HTTP. Serverless clusters pull over HTTPS "
             "unless you name the registry in an annotation as one that speaks HTTP. A TCR "
             "registry never speaks plain HTTP on this port, so there something else answers in "
             "its place.",
         .verify = "tls shows ok. For a registry that stays on HTTP, check with --plain-http.",
         .shown = SHOW_PATHS},
    NAME(TLS_UNTRUSTED_ISSUER) =
        {.docs = CAUSE_DOCS "tls_untrusted_issuer",
         .title = "The certificate is not from an authority that pulls trust.",
         .says = LINES(
             LINE("{endpoint} shows a certificate that is not from a public authority (issuer: "
                  "{issuer}), as that of {host} is: another server probably answers in the "
                  "registry's place.",
                  ALL(FACT_TENCENT)),
             LINE("The certificate of {endpoint} is not from an authority that is trusted here "
                  "(issuer: {issuer}).")),
         .pulls = PULLS(X509 "certificate signed by unknown authority"),
         .steps = STEPS(LINES(
             INTERCEPTED,
             LINE("Check that this machine has the certificates of the public authorities (package "
                  "ca-certificates): without them every certificate looks like this.",
                  ALL(FACT_TENCENT)),
             LINE("If the registry has a public name, give it a certificate of a public authority, "
                  "with its "
                  "intermediate certificates.",
                  NONE(FACT_TENCENT)),
             LINE("To check against a private authority, mount its certificate and name it with "
                  "--ca-file.",
                  NONE(FACT_TENCENT)),
             LINE("If you trust the network to it, add this annotation to the PodTemplate: "
                  "eks.tke.cloud.tencent.com/registry-insecure-skip-verify: \"{registry}\"",
                  NONE(FACT_TENCENT)),
             ANNOTATION_RULE)),
         .why = "The certificate is self-signed, from an authority that the trust store lacks, or "
                "sent without its intermediate certificates. A proxy that intercepts TLS looks the "
                "same. Serverless clusters verify certificates unless you name the registry in an "
                "annotation. TCR's own certificate is publicly trusted, so there something else "
                "answers in its place.",
         .verify = "tls shows ok, with --ca-file if the authority is private.",
         .shown = SHOW_PATHS | SHOW_CERTIFICATES},
    NAME(TLS_NAME_MISMATCH) =
        {.docs = CAUSE_DOCS "tls_name_mismatch",
         .title = "The certificate is for other names than the registry's.",
         .says = LINES(LINE("{endpoint} shows a certificate without any name that clients accept: "
                            "another server probably answers in the registry's place.",
                            ALL(FACT_TENCENT), NONE(FACT_CERTIFICATE_NAMED)),
                       LINE("{endpoint} shows a certificate for {names}, not for {host}: another "
                            "server probably answers in the registry's place.",
                            ALL(FACT_TENCENT)),
                       LINE("The certificate of {endpoint} has no name that clients accept, and "
                            "pulls need {host} in it.",
                            NONE(FACT_CERTIFICATE_NAMED)),
                       LINE("The certificate of {endpoint} is for {names}, not for {host}.")),
         .pulls = PULLS(X509 "certificate is valid for {names}, not {host}",
                        X509 "certificate relies on legacy Common Name field, use SANs instead"),
         .steps = STEPS(LINES(
             INTERCEPTED,
             LINE("Pull by one of the names of the certificate: {names}.",
                  ALL(FACT_CERTIFICATE_NAMED), NONE(FACT_TENCENT)),
             LINE("To keep {host} in image references, give the registry a certificate that names "
                  "it (as a subject alternative name).",
                  NONE(FACT_TENCENT)),
             LINE("Check that {address} is the registry and not a proxy or another site.",
                  NONE(FACT_TENCENT)))),
         .why = "The certificate is valid for other names than the one in your image reference: a "
                "custom domain without its certificate, an address in place of a name, or another "
                "server altogether. In the place of a TCR registry something else answers.",
         .verify = "The names of the certificate include the registry's host.",
         .shown = SHOW_PATHS | SHOW_CERTIFICATES},
    NAME(TLS_CERTIFICATE_EXPIRED) =
        {.docs = CAUSE_DOCS "tls_certificate_expired",
         .title = "The certificate has expired.",
         .says = LINES(LINE("The certificate that {endpoint} shows for {host} expired on "
                            "{not_after}.")),
         .pulls = PULLS(X509 "certificate has expired or is not yet valid: current time "
                             "{local_time} is after {not_after}"),
         .steps = STEPS(steps_dates),
         .why = "The certificate's last day is over, and as far as the check can tell your clock "
                "is right.",
         .verify = "The certificate is valid until a later day.",
         .shown = SHOW_PATHS | SHOW_CERTIFICATES},
    NAME(TLS_CERTIFICATE_NOT_YET_VALID) =
        {.docs = CAUSE_DOCS "tls_certificate_not_yet_valid",
         .title = "The certificate is not valid yet.",
         .says = LINES(LINE("The certificate that {endpoint} shows for {host} is not valid before "
                            "{not_before}.")),
         .pulls = PULLS(X509 "certificate has expired or is not yet valid: current time "
                             "{local_time} is before {not_before}"),
         .steps = STEPS(steps_dates),
         .why = "The certificate's first day is still to come, and as far as the check can tell "
                "your clock is right.",
         .verify = "The certificate is valid from an earlier day.",
         .shown = SHOW_PATHS | SHOW_CERTIFICATES},
    NAME(TLS_HANDSHAKE_FAILED) =
        {.docs = CAUSE_DOCS "tls_handshake_failed",
         .title = "The TLS handshake fails: an alert, an old protocol, or bytes that are not TLS.",
         .says = LINES(LINE("{endpoint} {failure}, so clients probably refuse it.",
                            ALL(FACT_CERTIFICATE_REFUSED)),
                       LINE("{endpoint} {failure}.")),
         .pulls = PULLS("remote error: tls: handshake failure",
                        "tls: first record does not look like a TLS handshake"),
         .steps = STEPS(LINES(
             LINE("Check that port {port} of {address} is the registry's HTTPS port.",
                  NONE(FACT_NAME_REJECTED)),
             LINE("Check that {address} is the registry's address: the server there does not know "
                  "{host}. Look for a stale record or hosts entry.",
                  ALL(FACT_NAME_REJECTED)),
             LINE("Let the server at {endpoint} offer TLS 1.2 or later with a common cipher and a "
                  "strong key.",
                  NONE(FACT_TENCENT, FACT_NAME_REJECTED)),
             LINE("If it is, add {host} to the names that the server at {endpoint} serves.",
                  ALL(FACT_NAME_REJECTED), NONE(FACT_TENCENT)),
             LINE("TCR speaks TLS 1.2 and later: look for a proxy or firewall that answers in its "
                  "place.",
                  ALL(FACT_TENCENT)))),
         .why = "The handshake ends in an alert, in a protocol version, cipher or key that is too "
                "weak, or the peer sends bytes that are not TLS.",
         .verify = "The tls part of the path shows ok.",
         .shown = SHOW_PATHS},
    NAME(CLOCK_SKEW) =
        {.docs = CAUSE_DOCS "clock_skew",
         .title = "The clock of this machine and that of the registry differ.",
         .says = LINES(
             LINE("The clock of this machine is probably wrong: it is {skew} that of {endpoint}, "
                  "and by that clock the certificate is valid.",
                  ALL(FACT_FAILS)),
             LINE("The clock of this machine is {skew} that of {endpoint}: one of the two is "
                  "wrong.")),
         .pulls = PULLS(X509 "certificate has expired or is not yet valid"),
         .steps = STEPS(LINES(LINE("Set the clock of this machine (NTP, chrony). In a serverless "
                                   "cluster re-create the pod."))),
         .why = "The peer's Date and your clock differ by more than a minute. Pulls fail if that "
                "makes a good certificate look expired or not yet valid. Tokens and signed storage "
                "links have short lives and suffer too.",
         .verify = "The two clocks agree to the minute.",
         .shown = SHOW_PATHS | SHOW_CERTIFICATES | SHOW_CLOCKS},
};
