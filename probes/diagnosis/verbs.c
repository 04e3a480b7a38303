/* SPDX-License-Identifier: MIT */
#include "probes/diagnosis/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "probes/evidence/view.h"

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define YEAR   (365 * DAY)

void append_address(struct text *out, const struct address *address)
{
    char buffer[ADDRESS_TEXT_SIZE];

    text_append(out, address_format(address, buffer));
}

void append_certificate_names(struct text *out, const struct certificate_evidence *certificate)
{
    if (!certificate || certificate->name_count == 0)
        text_append(out, "no name that clients accept");
    for (size_t i = 0; certificate && i < certificate->name_count; i++)
        text_append_format(out, "%s%s", i ? ", " : "", certificate->names[i]);
}

void append_time(struct text *out, int64_t when)
{
    struct tm parts;
    time_t seconds = (time_t)when;
    char buffer[40];

    if (gmtime_r(&seconds, &parts) &&
        strftime(buffer, sizeof(buffer), "%Y-%m-%d %H:%M:%S UTC", &parts) > 0)
        text_append(out, buffer);
    else
        text_append_format(out, "%" PRId64, when);
}

const char *class_adjective(enum address_class address_class)
{
    return address_class == CLASS_PROVIDER ? "provider-internal"
                                           : address_class_name(address_class);
}

/* An rcode by the name that dig and the logs of resolvers give it. */
static void put_rcode(struct text *out, unsigned rcode)
{
    static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL",      "NXDOMAIN",
                                         "NOTIMP",  "REFUSED", [16] = "BADVERS"};

    if (rcode < sizeof(rcodes) / sizeof(rcodes[0]) && rcodes[rcode])
        text_append(out, rcodes[rcode]);
    else
        text_append_format(out, "rcode %u", rcode);
}

void verb_of_answer(struct text *out, const struct dns_evidence *dns)
{
    static const char *const verbs[DNS_OUTCOME_COUNT] = {
        [DNS_SKIPPED] = "was not asked",
        [DNS_NODATA] = "gives no address (NODATA)",
        [DNS_NXDOMAIN] = "answers \"no such name\" (NXDOMAIN)",
        [DNS_SERVFAIL] = "answers SERVFAIL",
        [DNS_LAME] = "answers without looking the name up",
        [DNS_REFUSED] = "answers REFUSED",
        [DNS_MALFORMED] = "answers with a message that cannot be read",
        [DNS_TIMEOUT] = "gives no answer",
        [DNS_RESOLVER_PORT_CLOSED] = "takes no questions (its port is closed)",
        [DNS_RESOLVER_UNREACHABLE] = "cannot be reached",
        [DNS_LOCAL] = "could not be asked",
        [DNS_CANCELLED] = "had not answered when the check ended",
    };
    const struct dns_address *answer = dns && dns->address_count > 0 ? &dns->addresses[0] : NULL;

    if (answer) {
        text_append_format(out, "gives the %s address ", class_adjective(answer->address_class));
        append_address(out, &answer->address);
        if (dns->address_count > 1)
            text_append_format(out, " and %zu more", dns->address_count - 1);
    } else if (dns && dns->outcome == DNS_OTHER_RCODE) {
        text_append(out, "answers ");
        put_rcode(out, dns->rcode);
    } else {
        text_append(out, dns && verbs[dns->outcome] ? verbs[dns->outcome] : "gives no address");
        if (dns && dns->outcome == DNS_RESOLVER_UNREACHABLE && dns->error)
            text_append_format(out, " (%s)", dns->error);
    }
}

const char *unreachable_words(int error)
{
    switch (error) {
    case ENETUNREACH:
        return "network is unreachable";
    case EACCES:
        return "permission denied";
    case EPERM:
        return "operation not permitted";
    case EADDRNOTAVAIL:
        return "cannot assign requested address";
    default:
        return "no route to host";
    }
}

static void put_tcp_failure(struct text *out, const struct path_evidence *path)
{
    const struct tcp_evidence *tcp = &path->tcp;

    switch (tcp->outcome) {
    case TCP_OK:
        text_append(out, "accepts connections");
        return;
    case TCP_TIMEOUT:
        text_append(out, "does not answer");
        return;
    case TCP_REFUSED:
        text_append(out, "refuses the connection");
        return;
    case TCP_RESET:
        text_append(out, "resets the connection");
        return;
    case TCP_UNREACHABLE:
        text_append_format(out, "cannot be reached (%s)", unreachable_words(tcp->error));
        return;
    case TCP_SKIPPED:
        if (path_has_no_route(path))
            text_append_format(out, "has no route from here (%s: %s)",
                               path->address.family == AF_INET6 ? "IPv6" : "IPv4",
                               tcp->error == EADDRNOTAVAIL ? "no address of this machine"
                                                           : "network is unreachable");
        else
            text_append_format(out, "was not tried (%s)",
                               tcp->reason ? tcp->reason : "not reached");
        return;
    case TCP_LOCAL:
    case TCP_CANCELLED:
    case TCP_OUTCOME_COUNT:
        text_append(out, "could not be tried");
        return;
    }
}

static void put_tls_failure(struct text *out, const struct tls_evidence *tls)
{
    static const struct {
        const char *verb;
        bool details;
    } verbs[TLS_OUTCOME_COUNT] = {
        [TLS_SKIPPED] = {"accepts connections", false},
        [TLS_OK] = {"completes TLS", false},
        [TLS_TIMEOUT] = {"does not complete the TLS handshake in time", false},
        [TLS_RESET] = {"resets the connection in the TLS handshake", false},
        [TLS_EOF] = {"closes the connection in the TLS handshake", false},
        [TLS_PLAIN_HTTP] = {"answers in plain HTTP", false},
        [TLS_NOT_TLS] = {"sends bytes that are not TLS", true},
        [TLS_ALERT] = {"ends the TLS handshake with an alert", true},
        [TLS_UNTRUSTED_ISSUER] = {"shows a certificate that is not trusted here", false},
        [TLS_SELF_SIGNED] = {"shows a self-signed certificate", false},
        [TLS_NAME_MISMATCH] = {"shows a certificate for other names", false},
        [TLS_EXPIRED] = {"shows an expired certificate", false},
        [TLS_NOT_YET_VALID] = {"shows a certificate that is not valid yet", false},
        [TLS_UNSUPPORTED_PROTOCOL] = {"offers only TLS that clients refuse as too weak", true},
        [TLS_INVALID_CERTIFICATE] = {"shows a certificate that does not verify", true},
        [TLS_LOCAL] = {"could not be tried", false},
        [TLS_CANCELLED] = {"had not completed TLS when the check ended", false},
    };

    text_append(out, verbs[tls->outcome].verb);
    if (verbs[tls->outcome].details && tls->detail)
        text_append_format(out, " (%s)", tls->detail);
}

void verb_of_path(struct text *out, const struct path_evidence *path)
{
    bool answers = path->tls.outcome == TLS_OK || path->api.status;

    if (path->tcp.outcome != TCP_OK)
        put_tcp_failure(out, path);
    else if (answers && path->api.status)
        text_append_format(out, "answers HTTP %u", path->api.status);
    else if (answers)
        text_append(out, "does not answer GET /v2/");
    else
        put_tls_failure(out, &path->tls);
}

void verbs_of_failures(struct text *out, const struct evidence *evidence, bool with_verbs)
{
    static const size_t listed = 4;
    size_t count = 0;

    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        enum tcp_outcome outcome = path->tcp.outcome;
        bool failed = outcome == TCP_TIMEOUT || outcome == TCP_UNREACHABLE ||
                      outcome == TCP_REFUSED || outcome == TCP_RESET;
        if (!failed || !evidence_path_decides(evidence, path) || count++ >= listed)
            continue;
        text_append(out, count > 1 ? ", " : "");
        append_address(out, &path->address);
        if (with_verbs) {
            text_append(out, " ");
            verb_of_path(out, path);
        }
    }
    if (count > listed)
        text_append_format(out, ", and %zu more fail", count - listed);
}

/* Says what is wrong with the certificate of a proxy; the registry's has causes of its own. */
static void put_proxy_tls(struct text *out, const struct tls_evidence *tls)
{
    const struct certificate_evidence *certificate = &tls->certificate;

    put_tls_failure(out, tls);
    if (tls->outcome == TLS_UNTRUSTED_ISSUER && certificate->issuer) {
        text_append_format(out, " (issuer: %s)", certificate->issuer);
    } else if (tls->outcome == TLS_NAME_MISMATCH) {
        text_append(out, " (it is for ");
        append_certificate_names(out, certificate);
        text_append(out, ")");
    } else if (tls->outcome == TLS_EXPIRED && certificate->present) {
        text_append(out, " (it ended on ");
        append_time(out, certificate->not_after);
        text_append(out, ")");
    } else if (tls->outcome == TLS_NOT_YET_VALID && certificate->present) {
        text_append(out, " (it begins on ");
        append_time(out, certificate->not_before);
        text_append(out, ")");
    }
}

bool verb_of_proxy(struct text *out, const struct proxy_evidence *proxy)
{
    switch (proxy->outcome) {
    case PROXY_TLS_FAILED:
        put_proxy_tls(out, &proxy->tls);
        return true;
    case PROXY_NAME_NOT_FOUND:
        text_append(out, "has a name that does not resolve");
        return true;
    case PROXY_REFUSED:
        if (proxy->status)
            text_append_format(out, "answers CONNECT with HTTP %u", proxy->status);
        else
            text_append_format(out, "refuses to connect (%s)",
                               proxy->detail ? proxy->detail : "no detail");
        return true;
    case PROXY_WANTS_KEY:
        text_append_format(out, "wants a valid user and password%s",
                           proxy->status ? " (HTTP 407)" : "");
        return true;
    case PROXY_STALLED:
        text_append(out, "does not answer the request for a tunnel");
        return true;
    case PROXY_INVALID:
        text_append_format(out, "gives no valid answer (%s)",
                           proxy->detail ? proxy->detail : "no detail");
        return true;
    case PROXY_SKIPPED:
    case PROXY_OK:
    case PROXY_UNREACHABLE:
    case PROXY_LOCAL:
    case PROXY_OUTCOME_COUNT:
        break;
    }
    return false;
}

void verb_of_skew(struct text *out, int64_t skew)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{DAY, "days"}, {HOUR, "hours"}, {MINUTE, "minutes"}};
    int64_t size = skew < 0 ? -skew : skew;
    const char *side = skew < 0 ? "behind" : "ahead of";

    if (size >= 2 * YEAR) {
        text_append_format(out, "%.1f years %s", (double)size / YEAR, side);
        return;
    }

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        int64_t count = (size + units[i].seconds / 2) / units[i].seconds;
        if (count < 2)
            continue;
        text_append_format(out, "%" PRId64 " %s %s", count, units[i].name, side);
        return;
    }
    text_append_format(out, "%" PRId64 " seconds %s", size, side);
}
