/* SPDX-License-Identifier: MIT */
/* The evidence as tables. A peer's text is escaped twice: as printable ASCII in the evidence, and
 * for HTML here. Each cell names its column, which a narrow screen shows in front of it. */

#include <string.h>

#include "daemon/endpoint/html.h"
#include "daemon/endpoint/page_parts.h"
#include "probes/evidence/wording.h"

static void begin_table(struct text *out, const char *title, const char *const *columns)
{
    text_append_format(out, "<h3>%s</h3><div class=x><table role=table><tr role=row>", title);
    for (; *columns; columns++)
        text_append_format(out, "<th scope=col role=columnheader>%s", *columns);
}

static void begin_row(struct text *out)
{
    text_append(out, "<tr role=row>");
}

/* `class` may be NULL. */
static void begin_cell(struct text *out, const char *column, const char *class)
{
    text_append_format(out, "<td role=cell data-c=\"%s\" class=\"%s\">", column,
                       class ? class : "p");
}

static void end_table(struct text *out)
{
    text_append(out, "</table></div>");
}

static void put_evidence_code(struct text *out, const char *string)
{
    text_append(out, "<code>");
    html_text(out, string);
    text_append(out, "</code>");
}

/* A URL or an image reference. */
static void put_long_code(struct text *out, const char *string)
{
    text_append(out, "<code>");
    html_name(out, string);
    text_append(out, "</code>");
}

/* A cell with an outcome, its duration if there is one, and a detail or NULL. */
static void outcome_cell(struct text *out, const char *column, const char *class,
                         const char *outcome, usec_t duration, const char *detail)
{
    begin_cell(out, column, class);
    html_text(out, outcome);
    if (duration) {
        text_append(out, " <span class=dim>");
        html_duration(out, duration);
        text_append(out, "</span>");
    }
    if (detail) {
        text_append(out, "<br><span class=dim>");
        html_text(out, detail);
        text_append(out, "</span>");
    }
}

static const char *class_if(bool ok, bool skipped)
{
    return skipped ? "skip" : ok ? "ok" : "fail";
}

/* ---- names ---- */

/* How an address of an answer does: fail if it cannot be reached or is never dialled, warn if
 * `expect` wants another class. */
static const char *class_of_answer(const struct evidence *evidence, const struct target *target,
                                   const struct dns_address *answer)
{
    bool is_public = answer->address_class == CLASS_PUBLIC;
    const struct path_evidence *path = evidence->paths;
    const struct path_evidence *end = path + evidence->path_count;

    while (path < end && !address_equal(&path->address, &answer->address))
        path++;
    if (answer->address_class == CLASS_BOGUS ||
        (path < end && path->tcp.outcome != TCP_OK && path->tcp.outcome != TCP_SKIPPED))
        return "fail";
    if (target && ((target->expect == EXPECT_PRIVATE && is_public) ||
                   (target->expect == EXPECT_PUBLIC && !is_public)))
        return "warn";
    return "ok";
}

static void put_answer(struct text *out, const struct evidence *evidence,
                       const struct target *target, const struct dns_evidence *dns)
{
    char buffer[ADDRESS_TEXT_SIZE];

    for (size_t i = 0; i < dns->address_count; i++) {
        text_append_format(out, "<br><span class=%s>",
                           class_of_answer(evidence, target, &dns->addresses[i]));
        put_evidence_code(out, address_format(&dns->addresses[i].address, buffer));
        text_append_format(out, " %s</span>", address_class_name(dns->addresses[i].address_class));
    }
    for (size_t i = 0; i < dns->cname_count; i++) {
        text_append(out, "<br><span class=dim>by ");
        html_name(out, dns->cnames[i] ? dns->cnames[i] : "");
        text_append(out, "</span>");
    }
}

/* The colour of an answer: that of its worst address. */
static const char *class_of_question(const struct evidence *evidence, const struct target *target,
                                     const struct dns_evidence *dns)
{
    const char *worst = dns->outcome == DNS_NOERROR ? "ok" : "fail";

    for (size_t i = 0; i < dns->address_count; i++) {
        const char *class = class_of_answer(evidence, target, &dns->addresses[i]);
        if (strcmp(worst, "fail") != 0 && strcmp(class, "ok") != 0)
            worst = class;
    }
    return worst;
}

/* A question that tells nothing: no AAAA record, no -vpc name. */
static bool is_quiet(const struct dns_evidence *dns)
{
    bool no_answer = dns->outcome == DNS_NODATA || dns->outcome == DNS_NXDOMAIN;

    return dns->outcome == DNS_SKIPPED || dns->outcome == DNS_CANCELLED ||
           (no_answer && (dns->type == RECORD_AAAA || dns->queried == NAME_VPC));
}

static void put_names(struct text *out, const struct evidence *evidence,
                      const struct target *target)
{
    static const char *const columns[] = {"Resolver", "Question", "Answer", NULL};
    char buffer[ENDPOINT_TEXT_SIZE];

    begin_table(out, "The name, as each resolver sees it", columns);
    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (is_quiet(dns))
            continue;
        begin_row(out);
        begin_cell(out, "Resolver", NULL);
        text_append_format(out, "%s view<br>", resolver_role_name(dns->role));
        put_evidence_code(out, endpoint_format(&dns->resolver, buffer));
        begin_cell(out, "Question", NULL);
        text_append_format(out, "%s ", record_type_name(dns->type));
        html_name(out, dns->name ? dns->name : "");
        outcome_cell(out, "Answer", class_of_question(evidence, target, dns),
                     dns_outcome_words(dns->outcome), dns->duration, dns->error);
        put_answer(out, evidence, target, dns);
    }
    end_table(out);
}

/* ---- addresses ---- */

static void put_tls(struct text *out, const struct tls_evidence *tls)
{
    const struct certificate_evidence *certificate = &tls->certificate;

    outcome_cell(out, "tls", class_if(tls->outcome == TLS_OK, tls->outcome == TLS_SKIPPED),
                 tls_outcome_words(tls->outcome), tls->duration, tls->detail);
    if (!certificate->present)
        return;
    text_append(out, "<br><span class=dim>");
    html_text(out, certificate->subject ? certificate->subject : "");
    text_append(out, ", by ");
    html_text(out, certificate->issuer ? certificate->issuer : "");
    text_append(out, ", until ");
    html_time(out, certificate->not_after, 0);
    text_append(out, "</span>");
}

static void put_api(struct text *out, const struct api_evidence *api)
{
    struct text detail = TEXT_WITH_LIMIT(512);

    if (api->status)
        text_append_format(&detail, "HTTP %u", api->status);
    if (api->client_address)
        text_append_format(&detail, " to %s", api->client_address);
    if (api->detail)
        text_append_format(&detail, "%s%s", detail.length ? ", " : "", api->detail);
    outcome_cell(out, "api", class_if(api->outcome == API_REGISTRY, api->outcome == API_SKIPPED),
                 api_outcome_words(api->outcome), api->duration,
                 detail.length ? text_string(&detail) : NULL);
    text_free(&detail);
}

static void put_paths(struct text *out, const struct evidence *evidence)
{
    static const char *const columns[] = {"Address", "tcp", "tls", "api", NULL};
    char buffer[ADDRESS_TEXT_SIZE];

    begin_table(out, "Every address", columns);
    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        begin_row(out);
        begin_cell(out, "Address", NULL);
        put_evidence_code(out, address_format(&path->address, buffer));
        text_append_format(out, "<br>%s<br><span class=dim>",
                           address_class_name(path->address_class));
        wording_views(out, path->views);
        text_append(out, path->views & VIEW_LITERAL ? "" : " view");
        if (path->rule && strcmp(path->rule, "none") != 0) {
            text_append(out, ", ");
            html_text(out, path->rule);
        }
        text_append(out, "</span>");
        outcome_cell(out, "tcp",
                     class_if(path->tcp.outcome == TCP_OK, path->tcp.outcome == TCP_SKIPPED),
                     tcp_outcome_words(path->tcp.outcome), path->tcp.duration,
                     path->tcp.error ? strerror(path->tcp.error) : path->tcp.reason);
        put_tls(out, &path->tls);
        put_api(out, &path->api);
    }
    end_table(out);
    if (evidence->addresses_dropped)
        text_append_format(out, "<p class=dim>%zu further addresses were not tried.</p>",
                           evidence->addresses_dropped);
}

/* ---- controls and the registry ---- */

static void put_controls(struct text *out, const struct evidence *evidence)
{
    static const char *const columns[] = {"Control", "Kind", "Outcome", NULL};

    begin_table(out, "Controls: places that must connect if the network works", columns);
    for (size_t i = 0; i < evidence->control_count; i++) {
        const struct control_evidence *control = &evidence->controls[i];
        bool untold = control->outcome == CONTROL_SKIPPED || control->outcome == CONTROL_CANCELLED;
        begin_row(out);
        begin_cell(out, "Control", NULL);
        html_name(out, control->endpoint ? control->endpoint : control->name);
        begin_cell(out, "Kind", NULL);
        text_append(out, control_kind_name(control->kind));
        untold |= !control_shows(control);
        outcome_cell(out, "Outcome", class_if(control->outcome == CONTROL_OK, untold),
                     control_shows(control) ? control_outcome_words(control->outcome)
                                            : "not connected, counts for nothing",
                     control->duration, NULL);
    }
    end_table(out);
}

static void put_registry_answers(struct text *out, const struct registry_evidence *registry)
{
    static const char *const columns[] = {"Image", "Manifest", "Layer", NULL};
    const struct auth_evidence *auth = &registry->auth;

    text_append(out, "<h3>Authorization</h3><p>");
    html_text(out, auth_outcome_words(auth->outcome));
    if (auth->realm) {
        text_append(out, ", realm ");
        put_long_code(out, auth->realm);
    }
    if (auth->reason) {
        text_append(out, " <span class=dim>");
        html_text(out, auth->reason);
        text_append(out, "</span>");
    }
    text_append(out, "</p>");
    if (!registry->image_count)
        return;
    begin_table(out, "Images", columns);
    for (size_t i = 0; i < registry->image_count; i++) {
        const struct image_evidence *image = &registry->images[i];
        const struct blob_evidence *blob = evidence_blob(image);
        begin_row(out);
        begin_cell(out, "Image", NULL);
        put_long_code(out, image->reference ? image->reference : "");
        outcome_cell(out, "Manifest",
                     class_if(image->outcome == MANIFEST_FOUND, image->outcome == MANIFEST_SKIPPED),
                     manifest_outcome_words(image->outcome), image->duration,
                     image->detail     ? image->detail
                     : image->location ? image->location
                                       : image->reason);
        outcome_cell(out, "Layer",
                     class_if(blob->outcome == BLOB_OK || blob->outcome == BLOB_NOT_REDIRECTED,
                              blob->outcome == BLOB_SKIPPED),
                     blob_outcome_words(blob->outcome), blob->duration,
                     blob->location ? blob->location : blob->reason);
    }
    end_table(out);
}

void page_evidence(struct text *out, const struct evidence *evidence, const struct target *target)
{
    if (evidence->local_error) {
        text_append(out, "<p>This machine: ");
        html_text(out, evidence->local_error);
        text_append(out, "</p>");
    }
    if (evidence->dns_count)
        put_names(out, evidence, target);
    if (evidence->path_count)
        put_paths(out, evidence);
    if (evidence->control_count)
        put_controls(out, evidence);
    if (evidence->registry)
        put_registry_answers(out, evidence->registry);
}
