/* What each cause says: one sentence with the measured values, and the pull errors it leads to. */

#include "probes/diagnosis/texts.h"

#define MAX_PULL_ERRORS 3

struct cause_text {
    const char *summary;
    enum fact when; /* then `instead` is the summary */
    const char *instead;
    const char *pull_errors[MAX_PULL_ERRORS];
};

static const char dial_timeout[] = "dial tcp {endpoint}: i/o timeout";
static const char no_route[] = "dial tcp {endpoint}: connect: no route to host";
static const char not_found[] =
    "code = NotFound desc = failed to pull and unpack image \"{image}\": failed to resolve "
    "reference \"{image}\": {image}: not found";
static const char other_platform[] = "no match for platform in manifest: not found";
static const char tls_stall[] = "net/http: TLS handshake timeout";
static const char tls_reset[] = "read: connection reset by peer";

static const struct cause_text texts[CAUSE_COUNT] = {
    [CAUSE_POD_NETWORK_BLOCKED] =
        {.summary =
             "Nothing this pod tried to reach answers, {registry} included: its security group, "
             "subnet or network ACL lets no traffic out.",
         .pull_errors = {dial_timeout, "dial tcp: lookup {host}: i/o timeout"}},
    [CAUSE_DNS_TIMEOUT] =
        {.summary = "No resolver answers for {host}; {resolver} was asked and said nothing "
                    "({rcode}).",
         .pull_errors = {"dial tcp: lookup {host} on {resolver}: read udp: i/o timeout"}},
    [CAUSE_DNS_SERVER_FAILURE] =
        {.summary = "Resolver {resolver} answers {rcode} for {host}: it cannot or "
                    "will not resolve the name.",
         .pull_errors = {"dial tcp: lookup {host} on {resolver}: server misbehaving"}},
    [CAUSE_DNS_NAME_NOT_FOUND] =
        {.summary =
             "Resolver {resolver} says that {host} does not exist (NXDOMAIN): a typing error, a "
             "deleted registry, or a private zone that hides the domain.",
         .pull_errors = {"dial tcp: lookup {host} on {resolver}: no such host"}},
    [CAUSE_DNS_NO_ADDRESS] =
        {.summary = "Resolver {resolver} knows {host} but gives no address for it "
                    "(NODATA), as a private zone without the record does.",
         .pull_errors = {"dial tcp: lookup {host} on {resolver}: no such host"}},
    [CAUSE_DNS_BOGUS_ADDRESS] = {.summary =
                                     "{host} resolves to {address} only, where no registry can be: "
                                     "{rule}.",
                                 .when = FACT_LITERAL,
                                 .instead = "{address} is an address where no registry can be: "
                                            "{rule}.",
                                 .pull_errors = {"dial tcp {endpoint}: connect: connection refused",
                                                 dial_timeout}},
    [CAUSE_DNS_ANSWERS_DIFFER] =
        {.summary = "Resolvers disagree about {host}: {resolver} does not give the same kind of "
                    "address as the others; image pulls follow {view}.",
         .pull_errors = {dial_timeout, "dial tcp: lookup {host}: no such host"}},
    [CAUSE_PRIVATE_DNS_NOT_ENABLED] =
        {.summary =
             "A private linkage is there ({linkage}), but {host} still resolves to the {class} "
             "address "
             "{address}, which fails: private resolution of this name is not enabled in the VPC.",
         .pull_errors = {dial_timeout}},
    [CAUSE_PRIVATE_LINKAGE_MISSING] =
        {.summary = "{host} is expected to be private but resolves to the {class} address "
                    "{address}, which "
                    "fails, and nothing shows a private linkage in this VPC.",
         .pull_errors = {dial_timeout}},
    [CAUSE_NAT_MISSING] =
        {.summary = "{endpoint} is public and does not answer, and no internet control connects "
                    "either: this "
                    "subnet has no way to the internet (no NAT gateway, or no route to it).",
         .pull_errors = {dial_timeout, no_route}},
    [CAUSE_ALLOWLIST_MISSING] =
        {.summary = "The internet is reachable from here, but connecting to {endpoint} ends in "
                    "{tcp}: this network's address ({egress}) is not in the registry's allowlist, "
                    "or its public entry is closed, which looks the same from here.",
         .when = FACT_FORBIDDEN_CLIENT,
         .instead = "{endpoint} answers HTTP {status} and names this network's address {egress}: "
                    "it is not in the registry's allowlist.",
         .pull_errors = {dial_timeout, "unexpected status from HEAD request: 403 Forbidden"}},
    [CAUSE_PUBLIC_PATH_BLOCKED] = {.summary = "{host} resolves to the public address {address}, "
                                              "and connecting to {endpoint} ends in "
                                              "{tcp}: either no NAT gateway, or not in the "
                                              "allowlist, or the public entry is closed.",
                                   .when = FACT_LITERAL,
                                   .instead =
                                       "{address} is a public address, and connecting to "
                                       "{endpoint} ends in {tcp}: either no NAT gateway, or "
                                       "not in the allowlist, or the public entry is closed.",
                                   .pull_errors = {dial_timeout, no_route}},
    [CAUSE_PRIVATE_PATH_BLOCKED] =
        {.summary = "{host} resolves to the {class} address {address}, and connecting to "
                    "{endpoint} ends in "
                    "{tcp}: another VPC without peering, a security group, or a deleted linkage.",
         .when = FACT_LITERAL,
         .instead = "{address} is a {class} address, and connecting to {endpoint} ends in {tcp}: "
                    "another VPC without peering, a security group, or a deleted linkage.",
         .pull_errors = {dial_timeout, no_route}},
    [CAUSE_CONNECTION_REFUSED] =
        {.summary = "{endpoint} refuses connections ({tcp}): the address answers, "
                    "but nothing serves port {port} there.",
         .pull_errors = {"dial tcp {endpoint}: connect: connection refused"}},
    [CAUSE_TLS_TIMEOUT] =
        {.summary = "{endpoint} accepts the connection but the TLS handshake with {host} "
                    "stalls.",
         .pull_errors = {tls_stall}},
    [CAUSE_MTU_BLACK_HOLE] =
        {.summary =
             "The TLS handshake with {endpoint} stalls, and completes with small segments: large "
             "packets are lost on the way (interface MTU {interface_mtu}).",
         .pull_errors = {tls_stall}},
    [CAUSE_SNI_FILTERED] =
        {.summary = "The TLS handshake with {endpoint} fails for the name {host} and is "
                    "answered for another name: something on the way filters by SNI.",
         .pull_errors = {tls_stall, tls_reset}},
    [CAUSE_TLS_CONNECTION_CLOSED] =
        {.summary = "{endpoint} closes the connection during the TLS handshake "
                    "({tls}).",
         .pull_errors = {tls_reset, "Get \"{scheme}://{registry}/v2/\": EOF"}},
    [CAUSE_TLS_PLAIN_HTTP] = {.summary =
                                  "{endpoint} speaks plain HTTP, not TLS; image pulls use HTTPS.",
                              .pull_errors = {"http: server gave HTTP response to HTTPS client"}},
    [CAUSE_TLS_UNTRUSTED_ISSUER] =
        {.summary =
             "The certificate of {endpoint} is not from a trusted authority (issuer: {issuer}).",
         .pull_errors =
             {"tls: failed to verify certificate: x509: certificate signed by unknown authority"}},
    [CAUSE_TLS_NAME_MISMATCH] =
        {.summary =
             "The certificate of {endpoint} is not valid for {host}; it is valid for {names}.",
         .pull_errors =
             {"tls: failed to verify certificate: x509: certificate is valid for {names}, not "
              "{host}"}},
    [CAUSE_TLS_CERTIFICATE_EXPIRED] =
        {.summary = "The certificate of {endpoint} expired at {not_after}.",
         .pull_errors = {"tls: failed to verify certificate: x509: certificate has expired or is "
                         "not yet valid"}},
    [CAUSE_TLS_CERTIFICATE_NOT_YET_VALID] =
        {.summary = "The certificate of {endpoint} is not valid before {not_before}.",
         .pull_errors = {"tls: failed to verify certificate: x509: certificate has expired or is "
                         "not yet valid"}},
    [CAUSE_TLS_HANDSHAKE_FAILED] =
        {.summary = "The TLS handshake with {endpoint} fails: {tls} "
                    "({tls_detail}).",
         .pull_errors = {"remote error: tls: handshake failure",
                         "tls: first record does not look like a TLS handshake"}},
    [CAUSE_CLOCK_SKEW] =
        {.summary = "The local clock is {skew} from that of {endpoint}: {local_time} here, "
                    "{peer_time} there.",
         .pull_errors = {"tls: failed to verify certificate: x509: certificate has expired or is "
                         "not yet valid"}},
    [CAUSE_NOT_A_REGISTRY] =
        {.summary = "{endpoint} answers GET /v2/ with HTTP {status} (content type "
                    "{content_type}, server {server}), not as a registry does.",
         .pull_errors = {"failed to resolve reference: unexpected status code: {status}",
                         "missing or empty Content-Type header"}},
    [CAUSE_REGISTRY_UNAVAILABLE] = {.summary = "{answerer} {unavailable}.",
                                    .pull_errors = {"{unavailable_error}"}},
    [CAUSE_RATE_LIMITED] =
        {.summary = "{limiter} limits the rate of requests: it answers {asked} with {answer} and "
                    "asks to wait {retry_after}.",
         .pull_errors = {"toomanyrequests", "429 Too Many Requests"}},
    [CAUSE_API_FORBIDDEN] =
        {.summary = "{endpoint} answers GET /v2/ with HTTP {status} and names no client "
                    "address ({api_detail}).",
         .pull_errors = {"unexpected status from HEAD request: 403 Forbidden"}},
    [CAUSE_HTTP_TIMEOUT] = {.summary = "{silent}.",
                            .pull_errors = {"net/http: timeout awaiting response headers",
                                            "context deadline exceeded"}},
    [CAUSE_HTTP_INVALID] =
        {.summary = "{answerer} does not answer {asked} as a registry must ({api}: "
                    "{api_detail}).",
         .pull_errors = {"net/http: HTTP/1.x transport connection broken: malformed HTTP "
                         "response",
                         "Get \"{scheme}://{registry}/v2/\": EOF"}},
    [CAUSE_TOKEN_SERVICE_UNREACHABLE] =
        {.summary = "{registry} sends clients to {realm} for a token, and that host "
                    "{remote_failure}.",
         .pull_errors = {"failed to authorize: failed to fetch oauth token: Get \"{realm}\": "
                         "{remote_error}",
                         "failed to authorize: failed to fetch anonymous token: Get \"{realm}\": "
                         "{remote_error}"}},
    [CAUSE_TOKEN_SERVICE_FAILED] =
        {.summary = "{no_token}: {answer} ({api_detail}).",
         .pull_errors = {"failed to authorize: failed to fetch oauth token: {token_error}"}},
    [CAUSE_TOKEN_REJECTED] =
        {.summary = "{registry} refuses for {image} the token that its own token service {realm} "
                    "gave ({api_detail}): the two disagree about the audience, the signing key or "
                    "the time.",
         .pull_errors = {"pull access denied, repository does not exist or may require "
                         "authorization: server message: invalid_token"}},
    [CAUSE_CREDENTIALS_MISSING] =
        {.summary = "{registry} refuses {requests} without a key ({answer}), and no key for it is "
                    "given.",
         .pull_errors = {"pull access denied, repository does not exist or may require "
                         "authorization: server message: insufficient_scope: authorization failed",
                         "failed to authorize: failed to fetch anonymous token: unexpected status "
                         "from GET request to {realm}: 401 Unauthorized"}},
    [CAUSE_CREDENTIALS_REJECTED] =
        {.summary = "The key for {registry} is refused by {realm} whatever the image ({answer}): "
                    "it is wrong, expired or of another instance.",
         .pull_errors = {"failed to authorize: failed to fetch oauth token: unexpected status from "
                         "GET request to {realm}: 401 Unauthorized"}},
    [CAUSE_INSUFFICIENT_SCOPE] =
        {.summary = "The key for {registry} is good, but not for {images} ({answer}; the token "
                    "grants {granted}).",
         .pull_errors =
             {"pull access denied, repository does not exist or may require "
              "authorization: server message: insufficient_scope: authorization failed"}},
    [CAUSE_IMAGE_NOT_FOUND] = {.summary = "{registry} {not_found} ({answer}; {api_detail}).",
                               .pull_errors = {not_found, other_platform}},
    [CAUSE_IMAGE_BLOCKED_BY_POLICY] =
        {.summary = "{registry} has {image} and does not let it be pulled: a policy of its "
                    "namespace blocks it ({answer}; {api_detail}).",
         .pull_errors = {"unexpected status from HEAD request: 412 Precondition Failed"}},
    [CAUSE_BLOB_STORE_UNREACHABLE] =
        {.summary = "The layers of {image} come from {store}, not from the registry, and that host "
                    "{remote_failure}.",
         .pull_errors = {"failed to copy: httpReadSeeker: failed open: failed to do request: Get "
                         "\"{location}\": {remote_error}"}},
    [CAUSE_BLOB_STORE_REFUSED] =
        {.summary = "The layers of {image} come from {store}, which does not give them "
                    "({answer}; {api_detail}).",
         .pull_errors = {"failed to copy: httpReadSeeker: failed open: unexpected status code "
                         "{location}: {status}"}},
    [CAUSE_TOKEN_HOST_NOT_LISTED] =
        {.summary = "{registry} sends clients to {realm} for a token, which refuses without a key "
                    "({answer}); this check did not send the key there, real pulls do, so "
                    "whether they work is not known."},
    [CAUSE_LOCAL_ERROR] = {.summary = "This machine could not run the whole test of {registry}: "
                                      "{local_error}. It says nothing about the registry."},
    [CAUSE_SOME_ADDRESSES_UNREACHABLE] =
        {.summary = "Some addresses of {host} connect and some do not: {address} ends in {tcp}.",
         .pull_errors = {dial_timeout}},
    [CAUSE_SOME_RESOLVERS_UNREACHABLE] =
        {.summary = "Resolver {resolver} does not answer for {host} ({rcode}) while another one "
                    "does; pulls "
                    "are slow or fail whenever it is asked first.",
         .pull_errors = {"dial tcp: lookup {host} on {resolver}: read udp: i/o timeout"}},
    [CAUSE_PUBLIC_INSTEAD_OF_PRIVATE] =
        {.summary = "{host} works, over the public address {address} and not "
                    "over the private one that was expected."},
    [CAUSE_PRIVATE_INSTEAD_OF_PUBLIC] =
        {.summary = "{host} works, over the {class} address {address} and not "
                    "over the public one that was expected."},
    [CAUSE_TLS_CERTIFICATE_EXPIRING] =
        {.summary = "The certificate of {endpoint} expires soon, at {not_after}.",
         .pull_errors = {"tls: failed to verify certificate: x509: certificate has expired or is "
                         "not yet valid"}},
    [CAUSE_INTERMITTENT] =
        {.summary =
             "Connecting to {endpoint} works from some source ports only: {trials_connected} of "
             "{trials} further connects got through.",
         .pull_errors = {dial_timeout}},
    [CAUSE_VERIFICATION_SKIPPED] =
        {.summary = "{skipped} is set for {registry}: this check, like pods with that annotation, "
                    "would not notice another server in the registry's place."},
    [CAUSE_OK_PRIVATE] =
        {.summary = "{host} is reachable over the {class} address {address} and answers as a "
                    "registry."},
    [CAUSE_OK_PUBLIC] =
        {.summary = "{host} is reachable over the public address {address} and answers as a "
                    "registry."},
};

const char *cause_summary(enum cause cause)
{
    return texts[cause].summary;
}

const char *cause_pull_error(enum cause cause, size_t n)
{
    return n < MAX_PULL_ERRORS ? texts[cause].pull_errors[n] : NULL;
}

static void add_line(const char **lines, size_t *count, const char *line)
{
    if (line && *count < FINDING_MAX_LINES)
        lines[(*count)++] = line;
}

static bool step_applies(const struct step *step, const struct facts *facts)
{
    return (step->when == FACT_NONE || facts->is[step->when]) &&
           (step->unless == FACT_NONE || !facts->is[step->unless]);
}

static void add_remedy(struct finding *finding, const struct subject *subject)
{
    const struct step *const *lists = remedy_of(finding->cause);

    for (size_t i = 0; lists && lists[i]; i++)
        for (const struct step *step = lists[i]; step->text; step++)
            if (step_applies(step, subject->facts))
                add_line(finding->remedy, &finding->remedy_count,
                         template_fill(step->text, subject));
}

/* A silent address and one that a router calls unreachable differ in what a pull says, and a tag
 * that is not there and one for other machines. */
static bool error_applies(const char *error, const struct subject *subject)
{
    if (error == not_found || error == other_platform)
        return (error == other_platform) == (subject->image->outcome == MANIFEST_OTHER_PLATFORM);
    if (!subject->path || (error != dial_timeout && error != no_route))
        return true;
    bool unreachable = subject->path->tcp.outcome == TCP_UNREACHABLE;
    return error == no_route ? unreachable : !unreachable;
}

void finding_fill(struct finding *finding, const struct subject *subject)
{
    const struct cause_text *text = &texts[finding->cause];

    finding->summary = template_fill(
        text->instead && subject->facts->is[text->when] ? text->instead : text->summary, subject);
    finding_add_evidence(finding, subject);
    add_remedy(finding, subject);
    for (size_t i = 0; i < MAX_PULL_ERRORS && text->pull_errors[i]; i++)
        if (error_applies(text->pull_errors[i], subject))
            add_line(finding->pull_errors, &finding->pull_error_count,
                     template_fill(text->pull_errors[i], subject));
}
