/* The evidence lines of a finding: what was measured, in the fewest words that can be checked. */

#include "config/base/text.h"
#include "probes/diagnosis/texts.h"

#define LINE_LIMIT 1024

enum {
    SHOW_DNS = 1 << 0,
    SHOW_VPC_NAME = 1 << 1,
    SHOW_PATHS = 1 << 2,
    SHOW_CONTROLS = 1 << 3,
    SHOW_REGISTRY = 1 << 4,
    SHOW_CERTIFICATES = 1 << 5,
    SHOW_CLOCKS = 1 << 6,
    SHOW_CLIENTS = 1 << 7
};

static unsigned shown_for(enum cause cause)
{
    switch (cause) {
    case CAUSE_POD_NETWORK_BLOCKED:
        return SHOW_DNS | SHOW_PATHS | SHOW_CONTROLS;
    case CAUSE_DNS_TIMEOUT:
    case CAUSE_DNS_SERVER_FAILURE:
    case CAUSE_DNS_NAME_NOT_FOUND:
    case CAUSE_DNS_NO_ADDRESS:
    case CAUSE_SOME_RESOLVERS_UNREACHABLE:
        return SHOW_DNS;
    case CAUSE_PRIVATE_DNS_NOT_ENABLED:
    case CAUSE_PRIVATE_LINKAGE_MISSING:
        return SHOW_DNS | SHOW_VPC_NAME | SHOW_PATHS;
    case CAUSE_NAT_MISSING:
    case CAUSE_PUBLIC_PATH_BLOCKED:
        return SHOW_PATHS | SHOW_CONTROLS | SHOW_DNS; /* a resolver that answers is a witness too */
    case CAUSE_ALLOWLIST_MISSING:
        return SHOW_PATHS | SHOW_CONTROLS | SHOW_CLIENTS;
    case CAUSE_DNS_BOGUS_ADDRESS:
    case CAUSE_DNS_ANSWERS_DIFFER:
    case CAUSE_PRIVATE_PATH_BLOCKED:
        return SHOW_DNS | SHOW_PATHS;
    case CAUSE_LOCAL_ERROR:
        return SHOW_DNS | SHOW_PATHS | SHOW_REGISTRY;
    case CAUSE_TOKEN_SERVICE_UNREACHABLE:
    case CAUSE_TOKEN_SERVICE_FAILED:
    case CAUSE_TOKEN_REJECTED:
    case CAUSE_CREDENTIALS_MISSING:
    case CAUSE_CREDENTIALS_REJECTED:
    case CAUSE_INSUFFICIENT_SCOPE:
    case CAUSE_IMAGE_NOT_FOUND:
    case CAUSE_IMAGE_BLOCKED_BY_POLICY:
    case CAUSE_BLOB_STORE_UNREACHABLE:
    case CAUSE_BLOB_STORE_REFUSED:
    case CAUSE_TOKEN_HOST_NOT_LISTED:
        return SHOW_REGISTRY;
    case CAUSE_REGISTRY_UNAVAILABLE:
    case CAUSE_RATE_LIMITED:
    case CAUSE_HTTP_TIMEOUT:
    case CAUSE_HTTP_INVALID:
    case CAUSE_OK_PRIVATE:
    case CAUSE_OK_PUBLIC:
        return SHOW_PATHS | SHOW_REGISTRY;
    case CAUSE_TLS_UNTRUSTED_ISSUER:
    case CAUSE_TLS_NAME_MISMATCH:
    case CAUSE_TLS_CERTIFICATE_EXPIRED:
    case CAUSE_TLS_CERTIFICATE_NOT_YET_VALID:
    case CAUSE_TLS_CERTIFICATE_EXPIRING:
        return SHOW_PATHS | SHOW_CERTIFICATES;
    case CAUSE_CLOCK_SKEW:
        return SHOW_PATHS | SHOW_CERTIFICATES | SHOW_CLOCKS;
    case CAUSE_CONNECTION_REFUSED:
    case CAUSE_TLS_TIMEOUT:
    case CAUSE_MTU_BLACK_HOLE:
    case CAUSE_SNI_FILTERED:
    case CAUSE_TLS_CONNECTION_CLOSED:
    case CAUSE_TLS_PLAIN_HTTP:
    case CAUSE_TLS_HANDSHAKE_FAILED:
    case CAUSE_NOT_A_REGISTRY:
    case CAUSE_API_FORBIDDEN:
    case CAUSE_SOME_ADDRESSES_UNREACHABLE:
    case CAUSE_PUBLIC_INSTEAD_OF_PRIVATE:
    case CAUSE_PRIVATE_INSTEAD_OF_PUBLIC:
    case CAUSE_INTERMITTENT:
    case CAUSE_VERIFICATION_SKIPPED:
    case CAUSE_COUNT:
        return SHOW_PATHS;
    }
    return SHOW_PATHS;
}

static void add_text(struct finding *finding, struct arena *arena, struct text *text)
{
    const char *line = arena_copy_text(arena, text_string(text));

    text_free(text);
    if (line && finding->evidence_count < FINDING_MAX_LINES)
        finding->evidence[finding->evidence_count++] = line;
}

static void put_seconds(struct text *text, usec_t duration)
{
    text_append_format(text, ", %.3f s", (double)duration / (double)USEC_PER_SEC);
}

static void add_dns(struct finding *finding, const struct dns_evidence *dns, struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);
    char endpoint[ENDPOINT_TEXT_SIZE];
    char address[ADDRESS_TEXT_SIZE];

    text_append_format(&text, "dns: %s resolver %s, %s %s: %s", resolver_role_name(dns->role),
                       endpoint_format(&dns->resolver, endpoint), record_type_name(dns->type),
                       dns->name ? dns->name : "", dns_outcome_name(dns->outcome));
    for (size_t i = 0; i < dns->address_count; i++)
        text_append_format(&text, "%s %s (%s)", i ? "," : "",
                           address_format(&dns->addresses[i].address, address),
                           address_class_name(dns->addresses[i].address_class));
    put_seconds(&text, dns->duration);
    add_text(finding, arena, &text);
}

static void put_views(struct text *text, unsigned views)
{
    static const struct {
        unsigned view;
        const char *name;
    } names[] = {{VIEW_POD, "pod"},
                 {VIEW_HOST, "host"},
                 {VIEW_LINKAGE, "linkage"},
                 {VIEW_LITERAL, "as written"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (views & names[i].view)
            text_append_format(text, ", %s", names[i].name);
}

void finding_add_path(struct finding *finding, const char *label, const struct path_evidence *path,
                      struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);
    char address[ADDRESS_TEXT_SIZE];

    text_append_format(&text, "%s: %s (%s", label, address_format(&path->address, address),
                       address_class_name(path->address_class));
    put_views(&text, path->views);
    text_append_format(&text, "): tcp %s", tcp_outcome_name(path->tcp.outcome));
    put_seconds(&text, path->tcp.duration);
    if (path->tcp.trials > 0)
        text_append_format(&text, ", %u of %u further connects", path->tcp.trials_connected,
                           path->tcp.trials);
    if (path->tls.outcome != TLS_SKIPPED) {
        text_append_format(&text, "; tls %s", tls_outcome_name(path->tls.outcome));
        put_seconds(&text, path->tls.duration);
    }
    if (path->trials.clamped != TRIAL_NOT_MADE || path->trials.control_sni != TRIAL_NOT_MADE)
        text_append_format(&text, "; with small segments %s, with another SNI %s",
                           trial_outcome_name(path->trials.clamped),
                           trial_outcome_name(path->trials.control_sni));
    if (path->api.outcome != API_SKIPPED) {
        text_append_format(&text, "; /v2/ %s %u", api_outcome_name(path->api.outcome),
                           path->api.status);
        put_seconds(&text, path->api.duration);
        if (path->api.location)
            text_append_format(&text, ", to %s", path->api.location);
    }
    add_text(finding, arena, &text);
}

static void add_control(struct finding *finding, const struct control_evidence *control,
                        struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);

    text_append_format(
        &text, "control: %s %s: %s", control->kind == CONTROL_VPC ? "vpc" : "internet",
        control->endpoint ? control->endpoint : "", control_outcome_name(control->outcome));
    put_seconds(&text, control->duration);
    add_text(finding, arena, &text);
}

static void add_dns_lines(struct finding *finding, const struct evidence *evidence,
                          enum queried_name queried, struct arena *arena)
{
    for (size_t i = 0; i < evidence->dns_count; i++)
        if (evidence->dns[i].queried == queried && evidence->dns[i].outcome != DNS_SKIPPED)
            add_dns(finding, &evidence->dns[i], arena);
}

/* `template` of each address that `has` what it speaks of. */
static void add_of_paths(struct finding *finding, const struct subject *subject,
                         bool has(const struct path_evidence *path), const char *template)
{
    const struct evidence *evidence = subject->facts->evidence;

    for (size_t i = 0; i < evidence->path_count; i++) {
        struct subject one = {
            .facts = subject->facts, .arena = subject->arena, .path = &evidence->paths[i]};
        const char *line = has(one.path) ? template_fill(template, &one) : NULL;
        if (line && finding->evidence_count < FINDING_MAX_LINES)
            finding->evidence[finding->evidence_count++] = line;
    }
}

static bool has_certificate(const struct path_evidence *path)
{
    return path->tls.certificate.present;
}

static bool has_clock(const struct path_evidence *path)
{
    return path->api.peer_time > 0 && path->api.local_time > 0;
}

static bool has_client(const struct path_evidence *path)
{
    return path->api.client_address;
}

void finding_add_evidence(struct finding *finding, const struct subject *subject)
{
    const struct evidence *evidence = subject->facts->evidence;
    unsigned shown = shown_for(finding->cause);

    /* Controls first: they are few, and the conclusion rests on them. */
    for (size_t i = 0; (shown & SHOW_CONTROLS) && i < evidence->control_count; i++)
        if (evidence->controls[i].outcome != CONTROL_SKIPPED)
            add_control(finding, &evidence->controls[i], subject->arena);
    if (shown & SHOW_DNS)
        add_dns_lines(finding, evidence, NAME_TARGET, subject->arena);
    if (shown & SHOW_VPC_NAME)
        add_dns_lines(finding, evidence, NAME_VPC, subject->arena);
    for (size_t i = 0; (shown & SHOW_PATHS) && i < evidence->path_count; i++)
        finding_add_path(finding, "path", &evidence->paths[i], subject->arena);
    if (shown & SHOW_CERTIFICATES)
        add_of_paths(finding, subject, has_certificate,
                     "certificate: {address}: for {names}, by {issuer}, valid {not_before} to "
                     "{not_after}");
    if (shown & SHOW_CLOCKS)
        add_of_paths(finding, subject, has_clock,
                     "clock: {address}: {peer_time} there, {local_time} here");
    if (shown & SHOW_CLIENTS)
        add_of_paths(finding, subject, has_client, "client: {address}: it names {egress}");
    if (shown & SHOW_REGISTRY)
        finding_add_registry(finding, subject);
}
