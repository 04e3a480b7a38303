/* Placeholders of the texts and where their values come from. */

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "config/base/text.h"
#include "probes/diagnosis/texts.h"

#define TEMPLATE_LIMIT 4096

static void put_address(struct text *out, const struct address *address)
{
    char buffer[ADDRESS_TEXT_SIZE];

    text_append(out, address_format(address, buffer));
}

static const struct dns_address *first_address(const struct dns_evidence *dns)
{
    return dns && dns->address_count > 0 ? &dns->addresses[0] : NULL;
}

static void put_path_address(struct text *out, const struct subject *subject)
{
    const struct dns_address *answer = first_address(subject->dns);

    if (subject->path)
        put_address(out, &subject->path->address);
    else if (answer)
        put_address(out, &answer->address);
    else
        text_append(out, "the address");
}

static void put_class(struct text *out, const struct subject *subject)
{
    const struct dns_address *answer = first_address(subject->dns);

    if (subject->path)
        text_append(out, address_class_name(subject->path->address_class));
    else if (answer)
        text_append(out, address_class_name(answer->address_class));
}

static void put_rule(struct text *out, const struct subject *subject)
{
    const struct dns_address *answer = first_address(subject->dns);
    const char *rule = subject->path ? subject->path->rule : answer ? answer->rule : NULL;

    text_append(out, rule ? rule : "no rule");
}

static void put_host(struct text *out, const struct subject *subject)
{
    const struct target *target = subject->facts->target;

    text_append(out, target->host ? target->host : "the registry");
}

static void put_port(struct text *out, const struct subject *subject)
{
    text_append_format(out, "%u", subject->facts->target->port);
}

/* host[:port] as image references write it: brackets for IPv6, no port that is the scheme's. */
static void put_registry(struct text *out, const struct subject *subject)
{
    const struct target *target = subject->facts->target;
    bool brackets = target->host && strchr(target->host, ':');

    text_append(out, brackets ? "[" : "");
    put_host(out, subject);
    text_append(out, brackets ? "]" : "");
    if (target->port != (target->plain_http ? 80 : 443))
        text_append_format(out, ":%u", target->port);
}

static void put_endpoint(struct text *out, const struct subject *subject)
{
    char buffer[ENDPOINT_TEXT_SIZE];
    const struct dns_address *answer = first_address(subject->dns);
    struct endpoint endpoint = {.port = subject->facts->target->port};

    if (!subject->path && !answer) {
        put_registry(out, subject);
        return;
    }
    if (subject->path && subject_remote(subject))
        endpoint.port = subject_remote(subject)->port;
    endpoint.address = subject->path ? subject->path->address : answer->address;
    text_append(out, endpoint_format(&endpoint, buffer));
}

static void put_resolver(struct text *out, const struct subject *subject)
{
    char buffer[ENDPOINT_TEXT_SIZE];

    if (subject->dns)
        text_append(out, endpoint_format(&subject->dns->resolver, buffer));
    else
        text_append(out, "the resolver");
}

/* An rcode by the name that dig and resolvers' logs give it. */
static void put_dns_outcome(struct text *out, const struct subject *subject)
{
    static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL",      "NXDOMAIN",
                                         "NOTIMP",  "REFUSED", [16] = "BADVERS"};
    const struct dns_evidence *dns = subject->dns;

    if (!dns)
        return;
    if (dns->rcode == 0 || dns->outcome == DNS_MALFORMED)
        text_append(out, dns_outcome_name(dns->outcome));
    else if (dns->rcode < sizeof(rcodes) / sizeof(rcodes[0]) && rcodes[dns->rcode])
        text_append(out, rcodes[dns->rcode]);
    else
        text_append_format(out, "rcode %u", dns->rcode);
}

/* Of TCR's names the part before the domain, and before -vpc. */
static void put_instance(struct text *out, const struct subject *subject)
{
    const struct target *target = subject->facts->target;
    const char *name = target->instance ? target->instance : target->host;
    size_t length = name ? strcspn(name, ".") : 0;

    if (!target->instance && target->is_vpc_name && length > 4)
        length -= 4;
    text_append_bytes(out, name ? name : "", length);
}

static bool has_several_resolvers(const struct evidence *evidence, enum resolver_role role)
{
    const struct dns_evidence *first = NULL;

    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (dns->role != role)
            continue;
        if (first && !endpoint_equal(&first->resolver, &dns->resolver))
            return true;
        first = first ? first : dns;
    }
    return false;
}

static void put_view(struct text *out, const struct subject *subject)
{
    const struct facts *facts = subject->facts;
    enum resolver_role role = facts->view == VIEW_HOST ? ROLE_HOST : ROLE_POD;

    if (facts->view == VIEW_LITERAL)
        text_append(out, "the address as written");
    else
        text_append_format(out, "%sthe %s's resolvers%s",
                           has_several_resolvers(facts->evidence, role) ? "the first of " : "",
                           resolver_role_name(role),
                           has_several_resolvers(facts->evidence, role) ? " that answers" : "");
}

static void put_egress(struct text *out, const struct subject *subject)
{
    const struct path_evidence *path = subject->path;

    if (path && path->api.client_address)
        text_append(out, path->api.client_address);
    else if (subject->facts->evidence->egress_address)
        text_append(out, subject->facts->evidence->egress_address);
    else
        text_append(out, "the NAT gateway's elastic IP");
}

static void put_time(struct text *out, int64_t when)
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

static void put_or(struct text *out, const char *text, const char *otherwise)
{
    text_append(out, text && text[0] ? text : otherwise);
}

static void put_names(struct text *out, const struct subject *subject)
{
    const struct certificate_evidence *certificate =
        subject->path ? &subject->path->tls.certificate : NULL;

    if (!certificate || certificate->name_count == 0)
        text_append(out, "no name");
    for (size_t i = 0; certificate && i < certificate->name_count; i++)
        text_append_format(out, "%s%s", i ? ", " : "", certificate->names[i]);
}

static void put_path_value(struct text *out, const struct subject *subject, const char *name)
{
    const struct path_evidence *path = subject->path;

    if (template_put_registry(out, subject, name))
        return;
    if (!path)
        text_append(out, "unknown");
    else if (strcmp(name, "tcp") == 0)
        text_append(out, tcp_outcome_name(path->tcp.outcome));
    else if (strcmp(name, "tls") == 0)
        text_append(out, tls_outcome_name(path->tls.outcome));
    else if (strcmp(name, "api") == 0)
        text_append(out, api_outcome_name(path->api.outcome));
    else if (strcmp(name, "issuer") == 0)
        put_or(out, path->tls.certificate.issuer, "unknown");
    else if (strcmp(name, "not_before") == 0)
        put_time(out, path->tls.certificate.not_before);
    else if (strcmp(name, "not_after") == 0)
        put_time(out, path->tls.certificate.not_after);
    else if (strcmp(name, "tls_detail") == 0)
        put_or(out, path->tls.detail, tls_outcome_name(path->tls.outcome));
    else if (strcmp(name, "api_detail") == 0)
        put_or(out, path->api.detail, "no further detail");
    else if (strcmp(name, "status") == 0)
        text_append_format(out, "%u", path->api.status);
    else if (strcmp(name, "server") == 0)
        put_or(out, path->api.server, "unnamed");
    else if (strcmp(name, "content_type") == 0)
        put_or(out, path->api.content_type, "none");
    else if (strcmp(name, "retry_after") == 0 && path->api.retry_after == 0)
        text_append(out, "a while");
    else if (strcmp(name, "retry_after") == 0)
        text_append_format(out, "%" PRIu32 " s", path->api.retry_after);
    else if (strcmp(name, "skew") == 0)
        text_append_format(out, "%" PRId64 " s", path->api.local_time - path->api.peer_time);
    else if (strcmp(name, "local_time") == 0)
        put_time(out, path->api.local_time);
    else if (strcmp(name, "peer_time") == 0)
        put_time(out, path->api.peer_time);
    else if (strcmp(name, "trials") == 0)
        text_append_format(out, "%u", path->tcp.trials);
    else if (strcmp(name, "trials_connected") == 0)
        text_append_format(out, "%u", path->tcp.trials_connected);
    else if (strcmp(name, "interface_mtu") == 0 && path->trials.interface_mtu == 0)
        text_append(out, "unknown");
    else if (strcmp(name, "interface_mtu") == 0)
        text_append_format(out, "%u", path->trials.interface_mtu);
    else
        text_append_format(out, "{%s}", name);
}

static void put_local_error(struct text *out, const struct subject *subject)
{
    const struct evidence *evidence = subject->facts->evidence;

    if (evidence->local_error)
        text_append(out, evidence->local_error);
    else if (evidence->allocation_failed)
        text_append(out, "memory ran short");
    else if (subject->dns && subject->dns->error)
        text_append(out, subject->dns->error);
    else if (subject->path && subject->path->tcp.error)
        text_append_format(out, "connect: %s", strerrordesc_np(subject->path->tcp.error));
    else if (subject->path && subject->path->tls.outcome == TLS_LOCAL)
        put_or(out, subject->path->tls.detail, "the TLS handshake could not be made");
    else if (subject->path && subject->path->api.outcome == API_LOCAL)
        put_or(out, subject->path->api.detail, "GET /v2/ could not be sent");
    else if (subject->phase >= PHASE_AUTH)
        (void)template_put_registry(out, subject, "api_detail");
    else
        text_append(out, "the run ended before anything could be concluded");
}

static void put_linkage(struct text *out, const struct subject *subject)
{
    const struct facts *facts = subject->facts;
    const struct dns_evidence *dns = facts->dns[FACT_LINKAGE_VPC_NAME];

    if (facts->path[FACT_LINKAGE_CONNECTS])
        put_address(out, &facts->path[FACT_LINKAGE_CONNECTS]->address);
    else if (dns && dns->address_count > 0)
        put_address(out, &dns->addresses[0].address);
    else if (facts->target->has_linkage_address)
        put_address(out, &facts->target->linkage_address);
    else
        text_append(out, "the linkage's private IP");
}

static const struct {
    const char *name;
    void (*put)(struct text *out, const struct subject *subject);
} placeholders[] = {
    {"address", put_path_address},
    {"class", put_class},
    {"rule", put_rule},
    {"host", put_host},
    {"port", put_port},
    {"registry", put_registry},
    {"endpoint", put_endpoint},
    {"resolver", put_resolver},
    {"rcode", put_dns_outcome},
    {"instance", put_instance},
    {"view", put_view},
    {"egress", put_egress},
    {"names", put_names},
    {"local_error", put_local_error},
    {"linkage", put_linkage},
};

static void put_named(struct text *out, const char *name, const void *context)
{
    const struct subject *subject = context;

    for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
        if (strcmp(placeholders[i].name, name) == 0) {
            placeholders[i].put(out, subject);
            return;
        }
    }
    put_path_value(out, subject, name);
}

void template_write(struct text *out, const char *template, template_put put, const void *context)
{
    for (const char *at = template; *at;) {
        size_t plain = strcspn(at, "{");
        text_append_bytes(out, at, plain);
        at += plain;
        if (!*at)
            break;
        size_t length = strcspn(at, "}");
        char name[32] = "";
        if (length - 1 < sizeof(name) && at[length]) {
            memcpy(name, at + 1, length - 1);
            put(out, name, context);
        }
        at += at[length] ? length + 1 : length;
    }
}

const char *template_fill(const char *template, const struct subject *subject)
{
    struct text out = TEXT_WITH_LIMIT(TEMPLATE_LIMIT);

    template_write(&out, template, put_named, subject);
    const char *filled = arena_copy_text(subject->arena, text_string(&out));
    text_free(&out);
    return filled;
}
