/* The rungs above /v2/ for a person. */

#include <inttypes.h>

#include "daemon/report.h"

#define LINE_LIMIT 2048

static void append_age(struct text *line, const struct evidence *evidence)
{
    int64_t age = evidence->measured_at - evidence->registry->measured_at;

    if (age > 0)
        text_append_format(line, ", %" PRId64 " s ago", age);
}

static void append_milliseconds(struct text *line, usec_t duration)
{
    if (duration)
        text_append_format(line, " %.1f ms", (double)duration / (double)USEC_PER_MSEC);
}

static void append_remote(struct text *line, const struct remote_host_evidence *remote)
{
    char buffer[ADDRESS_TEXT_SIZE];

    if (!remote->host)
        return;
    text_append_format(line, ", %s:%u", remote->host, (unsigned)remote->port);
    if (!remote->path_count)
        text_append_format(line, " dns %s", dns_outcome_name(remote->dns));
    for (size_t i = 0; i < remote->path_count; i++) {
        const struct path_evidence *path = &remote->paths[i];
        text_append_format(line, ", %s (%s) tcp %s", address_format(&path->address, buffer),
                           address_class_name(path->address_class),
                           tcp_outcome_name(path->tcp.outcome));
        if (path->tls.outcome != TLS_SKIPPED)
            text_append_format(line, " tls %s", tls_outcome_name(path->tls.outcome));
    }
}

void report_text_auth(struct text *line, const struct evidence *evidence)
{
    const struct auth_evidence *auth = &evidence->registry->auth;

    text_append(line, auth_outcome_name(auth->outcome));
    if (auth->reason)
        text_append_format(line, ", %s", auth->reason);
    if (auth->realm)
        text_append_format(line, ", realm %s", auth->realm);
    if (auth->outcome != AUTH_SKIPPED && auth->outcome != AUTH_NOT_REQUIRED)
        text_append(line, auth->key_sent  ? ", with the key"
                          : auth->has_key ? ", the key withheld"
                                          : ", no key");
    for (size_t i = 0; i < auth->granted_count; i++)
        text_append_format(line, "%s %s", i ? "," : ", grants", auth->granted[i]);
    append_remote(line, &auth->remote);
    append_age(line, evidence);
    append_milliseconds(line, auth->duration);
}

void report_text_image(struct text *line, const struct evidence *evidence,
                       const struct image_evidence *image)
{
    text_append_format(line, "%s: %s", image->reference, manifest_outcome_name(image->outcome));
    if (image->status)
        text_append_format(line, ", status %u", image->status);
    if (image->reason)
        text_append_format(line, ", %s", image->reason);
    if (image->location)
        text_append_format(line, ", from %s", image->location);
    if (image->detail)
        text_append_format(line, ", %s", image->detail);
    if (image->digest)
        text_append_format(line, ", %s", image->digest);
    append_age(line, evidence);
    append_milliseconds(line, image->duration);
}

void report_text_blob(struct text *line, const struct evidence *evidence,
                      const struct blob_evidence *blob)
{
    text_append(line, blob_outcome_name(blob->outcome));
    if (blob->status)
        text_append_format(line, ", status %u", blob->status);
    if (blob->reason)
        text_append_format(line, ", %s", blob->reason);
    append_remote(line, &blob->remote);
    append_age(line, evidence);
    append_milliseconds(line, blob->duration);
}
