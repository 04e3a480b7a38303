/* SPDX-License-Identifier: MIT */
/* The evidence lines of a finding: the measurements, in the fewest words that can be checked. */

#include "probes/diagnosis/lines.h"
#include "probes/evidence/view.h"

#include "probes/evidence/wording.h"

#define LINE_LIMIT 2048

static void add_line_text(struct finding *finding, struct arena *arena, struct text *text)
{
    const char *line = arena_copy_text(arena, text_string(text));

    text_free(text);
    if (line && finding->evidence_count < FINDING_MAX_LINES)
        finding->evidence[finding->evidence_count++] = line;
}

static void add_dns(struct finding *finding, const struct dns_evidence *dns, struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);

    text_append(&text, "dns: ");
    wording_resolver(&text, dns, true);
    text_append_format(&text, ", %s %s: ", record_type_name(dns->type), dns->name ? dns->name : "");
    wording_answer(&text, dns);
    wording_took(&text, dns->duration);
    add_line_text(finding, arena, &text);
}

static void add_path_line(struct finding *finding, const struct path_evidence *path,
                          struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);

    text_append(&text, "path: ");
    wording_address(&text, path, true);
    text_append(&text, ": tcp ");
    wording_tcp(&text, path);
    if (path->tls.outcome != TLS_SKIPPED) {
        text_append(&text, "; tls ");
        wording_tls(&text, path);
    }
    if (path->api.outcome != API_SKIPPED) {
        text_append(&text, "; /v2/ ");
        wording_api(&text, path);
    }
    add_line_text(finding, arena, &text);
}

static void add_control(struct finding *finding, const struct control_evidence *control,
                        struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);

    text_append(&text, "control: ");
    wording_control(&text, control);
    add_line_text(finding, arena, &text);
}

static void add_dns_lines(struct finding *finding, const struct evidence *evidence,
                          enum queried_name queried, struct arena *arena)
{
    for (size_t i = 0; i < evidence->dns_count; i++)
        if (evidence->dns[i].queried == queried && evidence->dns[i].outcome != DNS_SKIPPED)
            add_dns(finding, &evidence->dns[i], arena);
}

/* One line for each address that `has` the value that `template` prints. */
static void add_of_paths(struct finding *finding, const struct subject *subject,
                         bool has(const struct path_evidence *path), const char *template)
{
    const struct evidence *evidence = subject->facts->evidence;

    for (size_t i = 0; i < evidence->path_count; i++) {
        struct subject one = {
            .facts = subject->facts, .arena = subject->arena, .path = &evidence->paths[i]};
        struct speaker speaker = subject_speaker(&one);
        const char *line = has(one.path) ? speaker_fill(&speaker, template) : NULL;
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

/* ---- auth, manifests and blobs ---- */

static void add_auth(struct finding *finding, const struct subject *subject)
{
    const struct evidence *evidence = subject->facts->evidence;
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);

    if (evidence->registry->auth.outcome == AUTH_SKIPPED)
        return;
    text_append(&text, "auth: ");
    wording_auth(&text, evidence);
    add_line_text(finding, subject->arena, &text);
}

static void add_image_lines(struct finding *finding, const struct subject *subject,
                            const struct image_evidence *image)
{
    const struct evidence *evidence = subject->facts->evidence;
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);
    bool refused = subject->phase == PHASE_AUTH && subject->image; /* by the token service */

    if (image->outcome == MANIFEST_SKIPPED && !refused)
        return;
    text_append(&text, "manifest: ");
    wording_image(&text, evidence, image);
    add_line_text(finding, subject->arena, &text);
    if (evidence_blob(image)->outcome == BLOB_SKIPPED)
        return;
    text_append(&text, "blob: ");
    wording_blob(&text, evidence, evidence_blob(image));
    add_line_text(finding, subject->arena, &text);
}

static void add_registry(struct finding *finding, const struct subject *subject)
{
    const struct registry_evidence *registry = subject->facts->evidence->registry;

    if (!registry)
        return;
    add_auth(finding, subject);
    for (size_t i = 0; i < registry->image_count; i++)
        add_image_lines(finding, subject, &registry->images[i]);
}

/* ---- the node ---- */

static void add_node_lines(struct finding *finding, const struct subject *subject)
{
    const struct evidence *evidence = subject->facts->evidence;
    const struct node_evidence *node = &evidence->node;
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);

    if (!node->present)
        return;
    text_append(&text, "node: ");
    wording_node(&text, node);
    add_line_text(finding, subject->arena, &text);
    for (size_t i = 0; i < node->mirror_count; i++) {
        text_append(&text, "mirror: ");
        wording_mirror(&text, &node->mirrors[i]);
        add_line_text(finding, subject->arena, &text);
    }
}

void finding_add_evidence(struct finding *finding, const struct subject *subject)
{
    const struct evidence *evidence = subject->facts->evidence;
    unsigned shown = cause_words(finding->cause)->shown;

    /* Controls first: they are few, and the conclusion rests on them. */
    for (size_t i = 0; (shown & SHOW_CONTROLS) && i < evidence->control_count; i++)
        if (evidence->controls[i].outcome != CONTROL_SKIPPED)
            add_control(finding, &evidence->controls[i], subject->arena);
    if (shown & SHOW_NODE)
        add_node_lines(finding, subject);
    if (shown & SHOW_DNS)
        add_dns_lines(finding, evidence, NAME_TARGET, subject->arena);
    if (shown & SHOW_VPC_NAME)
        add_dns_lines(finding, evidence, NAME_VPC, subject->arena);
    for (size_t i = 0; (shown & SHOW_PATHS) && i < evidence->path_count; i++)
        add_path_line(finding, &evidence->paths[i], subject->arena);
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
        add_registry(finding, subject);
}
