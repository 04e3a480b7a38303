/* The evidence lines of auth, manifests and blobs, each with its age where it stands from before.
 */

#include <inttypes.h>

#include "probes/diagnosis/texts.h"

#define LINE_LIMIT 2048

static void add(struct finding *finding, const struct subject *subject, struct text *text)
{
    const struct evidence *evidence = subject->facts->evidence;
    int64_t age = evidence->measured_at - evidence->registry->measured_at;

    if (age > 0)
        text_append_format(text, ", %" PRId64 " s ago", age);
    const char *line = arena_copy_text(subject->arena, text_string(text));
    text_free(text);
    if (line && finding->evidence_count < FINDING_MAX_LINES)
        finding->evidence[finding->evidence_count++] = line;
}

static void add_remote(struct finding *finding, const struct subject *subject,
                       const struct remote_host_evidence *remote)
{
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);

    if (!remote->host)
        return;
    text_append_format(&text, "host: %s:%u%s, dns %s", remote->host, (unsigned)remote->port,
                       remote->plain_http ? " (plain http)" : "", dns_outcome_name(remote->dns));
    add(finding, subject, &text);
    for (size_t i = 0; i < remote->path_count; i++)
        finding_add_path(finding, "path", &remote->paths[i], subject->arena);
}

static void add_auth(struct finding *finding, const struct subject *subject)
{
    const struct auth_evidence *auth = &subject->facts->evidence->registry->auth;
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);

    if (auth->outcome == AUTH_SKIPPED)
        return;
    text_append_format(&text, "auth: %s", auth_outcome_name(auth->outcome));
    if (auth->realm)
        text_append_format(&text, ", realm %s", auth->realm);
    text_append(&text, auth->key_sent  ? ", with the key"
                       : auth->has_key ? ", the key withheld"
                                       : ", no key");
    if (auth->key_status)
        text_append_format(&text, ", HTTP %u without a scope", auth->key_status);
    if (auth->scope_status)
        text_append_format(&text, ", HTTP %u with one", auth->scope_status);
    if (auth->reason)
        text_append_format(&text, ", %s", auth->reason);
    for (size_t i = 0; i < auth->granted_count; i++)
        text_append_format(&text, "%s %s", i ? "," : ", grants", auth->granted[i]);
    add(finding, subject, &text);
    add_remote(finding, subject, &auth->remote);
}

static void add_blob(struct finding *finding, const struct subject *subject,
                     const struct blob_evidence *blob)
{
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);

    if (blob->outcome == BLOB_SKIPPED)
        return;
    text_append_format(&text, "blob: %s %s", blob->digest ? blob->digest : "",
                       blob_outcome_name(blob->outcome));
    if (blob->status)
        text_append_format(&text, ", HTTP %u", blob->status);
    if (blob->location)
        text_append_format(&text, ", from %s", blob->location);
    if (blob->reason)
        text_append_format(&text, ", %s", blob->reason);
    add(finding, subject, &text);
    add_remote(finding, subject, &blob->remote);
}

static void add_image(struct finding *finding, const struct subject *subject,
                      const struct image_evidence *image)
{
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);
    bool refused = subject->phase == PHASE_AUTH && subject->image; /* by the token service */

    if (image->outcome == MANIFEST_SKIPPED && !refused)
        return;
    text_append_format(&text, "manifest: %s %s", image->reference,
                       manifest_outcome_name(image->outcome));
    if (image->reason)
        text_append_format(&text, ", %s", image->reason);
    if (image->status)
        text_append_format(&text, ", HTTP %u", image->status);
    if (image->location)
        text_append_format(&text, ", from %s", image->location);
    if (image->detail)
        text_append_format(&text, ", %s", image->detail);
    if (image->digest)
        text_append_format(&text, ", %s", image->digest);
    add(finding, subject, &text);
    add_blob(finding, subject, &image->blob);
}

void finding_add_registry(struct finding *finding, const struct subject *subject)
{
    const struct registry_evidence *registry = subject->facts->evidence->registry;

    if (!registry)
        return;
    add_auth(finding, subject);
    for (size_t i = 0; i < registry->image_count; i++)
        add_image(finding, subject, &registry->images[i]);
}
