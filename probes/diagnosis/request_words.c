/* SPDX-License-Identifier: MIT */
#include "probes/diagnosis/request_words.h"

#include <inttypes.h>
#include <string.h>

#include "probes/evidence/view.h"

#define MINUTE 60

static const struct registry_evidence *subject_registry(const struct subject *subject)
{
    return subject->facts->evidence->registry;
}

/* Appends nothing for NULL. */
void say_text(struct text *out, const char *text)
{
    text_append(out, text ? text : "");
}

/* ---- the target ---- */

void say_host(struct text *out, const struct subject *subject)
{
    say_text(out, subject->facts->target->host);
}

void say_port(struct text *out, const struct subject *subject)
{
    const struct remote_host_evidence *remote = subject_remote(subject);

    text_append_format(out, "%u", remote ? remote->port : subject->facts->target->port);
}

/* host[:port] as image references write it: brackets for IPv6, no port that is the scheme's. */
void say_registry(struct text *out, const struct subject *subject)
{
    const struct target *target = subject->facts->target;
    bool brackets = target->host && strchr(target->host, ':');

    text_append(out, brackets ? "[" : "");
    say_host(out, subject);
    text_append(out, brackets ? "]" : "");
    if (target->port != (target->plain_http ? 80 : 443))
        text_append_format(out, ":%u", target->port);
}

/* The name under which the kubelet looks for a key (pkg/credentialprovider/keyring.go): Docker's
 * own registry has another one than its host. */
void say_docker_server(struct text *out, const struct subject *subject)
{
    const char *host = subject->facts->target->host;

    if (host && strcmp(host, "registry-1.docker.io") == 0)
        text_append(out, "https://index.docker.io/v1/");
    else
        say_registry(out, subject);
}

void say_registry_url(struct text *out, const struct subject *subject)
{
    text_append(out, subject->facts->target->plain_http ? "http://" : "https://");
    say_registry(out, subject);
}

/* The part of TCR's names before the domain, and before -vpc. */
void say_instance(struct text *out, const struct subject *subject)
{
    const struct target *target = subject->facts->target;
    const char *name = target->instance ? target->instance : target->host;
    size_t length = name ? strcspn(name, ".") : 0;

    if (!target->instance && target->is_vpc_name && length > 4)
        length -= 4;
    text_append_bytes(out, name ? name : "", length);
}

void say_setting(struct text *out, const struct subject *subject)
{
    text_append(out, subject->facts->target->plain_http ? "plain_http" : "insecure_skip_verify");
}

/* ---- requests ---- */

void say_image(struct text *out, const struct subject *subject)
{
    const char *reference = subject->image ? subject->image->reference : NULL;

    if (!reference)
        return;
    say_registry(out, subject);
    text_append_format(out, "/%s%s", reference, strpbrk(reference, ":@") ? "" : ":latest");
}

/* If several images are refused for one reason, the first one is named. */
void say_others(struct text *out, const struct subject *subject)
{
    if (subject->images > 1)
        text_append_format(out, " and %u more image%s", subject->images - 1,
                           subject->images > 2 ? "s" : "");
}

/* Returns what follows the repository in the reference. */
static const char *say_repository_url(struct text *out, const struct subject *subject)
{
    const char *reference = subject->image ? subject->image->reference : "REPOSITORY:TAG";
    size_t length = strcspn(reference, ":@");

    say_registry_url(out, subject);
    text_append(out, "/v2/");
    text_append_bytes(out, reference, length);
    return reference + length;
}

void say_manifest_url(struct text *out, const struct subject *subject)
{
    const char *end = say_repository_url(out, subject);

    text_append_format(out, "/manifests/%s", *end ? end + 1 : "latest");
}

static void say_blob_url(struct text *out, const struct subject *subject)
{
    const char *digest = evidence_blob(subject->image)->digest;

    say_repository_url(out, subject);
    text_append_format(out, "/blobs/%s", digest ? digest : "DIGEST");
}

/* The request that was refused or got no answer. */
void say_asked(struct text *out, const struct subject *subject)
{
    if (subject->phase == PHASE_AUTH)
        text_append(out, "the request for a token");
    else if (subject->phase == PHASE_MANIFEST)
        text_append(out, "the request for the manifest");
    else if (subject->phase == PHASE_BLOB)
        text_append(out, "the request for a layer");
    else
        text_append(out, "GET /v2/");
    if (subject->image) {
        text_append(out, subject->phase == PHASE_AUTH ? " for " : " of ");
        say_image(out, subject);
    }
}

void say_realm(struct text *out, const struct subject *subject)
{
    const struct registry_evidence *registry = subject_registry(subject);

    if (registry && registry->auth.realm)
        text_append(out, registry->auth.realm);
    else
        say_registry(out, subject);
}

void say_realm_host(struct text *out, const struct subject *subject)
{
    const struct registry_evidence *registry = subject_registry(subject);

    if (registry && registry->auth.remote.host)
        text_append(out, registry->auth.remote.host);
    else
        say_registry(out, subject);
}

void say_remote(struct text *out, const struct subject *subject)
{
    const struct remote_host_evidence *remote = subject_remote(subject);

    if (remote)
        text_append(out, remote->host);
    else
        say_registry(out, subject);
}

void say_location(struct text *out, const struct subject *subject)
{
    const struct image_evidence *image = subject->image;

    if (image && subject->phase == PHASE_MANIFEST && image->location)
        text_append(out, image->location);
    else if (image && evidence_blob(image)->location)
        text_append(out, evidence_blob(image)->location);
    else if (image && !subject_remote(subject))
        say_blob_url(out, subject);
    else
        say_remote(out, subject);
}

static const char *outcome_in_words(const struct subject *subject)
{
    enum auth_outcome auth =
        subject->phase == PHASE_AUTH ? subject_registry(subject)->auth.outcome : AUTH_SKIPPED;

    if (subject->phase == PHASE_AUTH)
        return auth == AUTH_NO_CREDENTIALS ? "it asks for a key" : auth_outcome_words(auth);
    if (subject->phase == PHASE_MANIFEST)
        return manifest_outcome_words(subject->image->outcome);
    if (subject->phase == PHASE_BLOB)
        return blob_outcome_words(evidence_blob(subject->image)->outcome);
    return subject->path ? api_outcome_words(subject->path->api.outcome) : "no answer";
}

/* A status of GET /v2/ whose answer then breaks off explains nothing. */
static bool answer_breaks_off(const struct subject *subject)
{
    enum api_outcome outcome = subject->path ? subject->path->api.outcome : API_REGISTRY;

    return !subject->phase &&
           (outcome == API_MALFORMED || outcome == API_STALLED || outcome == API_CLOSED);
}

void say_answer(struct text *out, const struct subject *subject)
{
    unsigned status = subject_status(subject);

    if (status && !answer_breaks_off(subject))
        text_append_format(out, "HTTP %u", status);
    else
        text_append(out, outcome_in_words(subject));
}

void say_status(struct text *out, const struct subject *subject)
{
    text_append_format(out, "%u", subject_status(subject));
}

void say_retry_after(struct text *out, const struct subject *subject)
{
    uint32_t seconds = subject_retry_after(subject);

    if (seconds >= 2 * MINUTE)
        text_append_format(out, "%" PRIu32 " minutes", (seconds + MINUTE - 1) / MINUTE);
    else
        text_append_format(out, "%" PRIu32 " s", seconds);
}

static const char *answer_detail(const struct subject *subject)
{
    if (subject->phase == PHASE_AUTH)
        return subject_registry(subject)->auth.reason;
    if (subject->phase == PHASE_MANIFEST)
        return subject->image->detail;
    if (subject->phase == PHASE_BLOB)
        return evidence_blob(subject->image)->reason;
    return subject->path ? subject->path->api.detail : NULL;
}

/* The answer, and the detail if there is one. */
void say_reply(struct text *out, const struct subject *subject)
{
    const char *detail = answer_detail(subject);

    say_answer(out, subject);
    if (detail && *detail)
        text_append_format(out, "; %s", detail);
}

void say_detail(struct text *out, const struct subject *subject)
{
    const char *detail = answer_detail(subject);

    if (!detail && subject->phase == PHASE_MANIFEST &&
        subject->image->outcome == MANIFEST_UNEXPECTED)
        say_answer(out, subject);
    else
        say_text(out, detail);
}

void say_granted(struct text *out, const struct subject *subject)
{
    const struct registry_evidence *registry = subject_registry(subject);

    for (size_t i = 0; registry && i < registry->auth.granted_count; i++)
        text_append_format(out, "%s%s", i ? ", " : "", registry->auth.granted[i]);
}
