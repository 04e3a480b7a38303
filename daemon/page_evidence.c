/* The evidence as tables. Texts of peers are escaped twice: as printable ASCII in the evidence, and
 * for HTML here. */

#include <string.h>

#include "daemon/html.h"
#include "daemon/page_parts.h"

static void begin_table(struct text *out, const char *title, const char *const *columns)
{
    text_append_format(out, "<h3>%s</h3><div class=x><table><tr>", title);
    for (; *columns; columns++)
        text_append_format(out, "<th scope=col>%s", *columns);
}

static void end_table(struct text *out)
{
    text_append(out, "</table></div>");
}

static void code(struct text *out, const char *string)
{
    text_append(out, "<code>");
    html_text(out, string);
    text_append(out, "</code>");
}

/* A cell with an outcome, and with its time when something was reached. */
static void outcome_cell(struct text *out, const char *class, const char *outcome, usec_t duration,
                         const char *detail)
{
    text_append_format(out, "<td class=%s>", class);
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

static void put_answer(struct text *out, const struct dns_evidence *dns)
{
    char buffer[ADDRESS_TEXT_SIZE];

    for (size_t i = 0; i < dns->address_count; i++) {
        text_append(out, "<br>");
        code(out, address_format(&dns->addresses[i].address, buffer));
        text_append_format(out, " %s", address_class_name(dns->addresses[i].address_class));
    }
    for (size_t i = 0; i < dns->cname_count; i++) {
        text_append(out, "<br><span class=dim>by ");
        html_text(out, dns->cnames[i] ? dns->cnames[i] : "");
        text_append(out, "</span>");
    }
}

/* A question that says nothing new: no AAAA record, no -vpc name. */
static bool is_quiet(const struct dns_evidence *dns)
{
    bool no_answer = dns->outcome == DNS_NODATA || dns->outcome == DNS_NXDOMAIN;

    return dns->outcome == DNS_SKIPPED || dns->outcome == DNS_CANCELLED ||
           (no_answer && (dns->type == RECORD_AAAA || dns->queried == NAME_VPC));
}

static void put_names(struct text *out, const struct evidence *evidence)
{
    static const char *const columns[] = {"Resolver", "Question", "Answer", NULL};
    char buffer[ENDPOINT_TEXT_SIZE];

    begin_table(out, "The name, as each resolver sees it", columns);
    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (is_quiet(dns))
            continue;
        text_append_format(out, "<tr><td>%s view<br>", resolver_role_name(dns->role));
        code(out, endpoint_format(&dns->resolver, buffer));
        text_append_format(out, "<td>%s ", record_type_name(dns->type));
        html_text(out, dns->name ? dns->name : "");
        outcome_cell(out, class_if(dns->outcome == DNS_NOERROR, false),
                     dns_outcome_name(dns->outcome), dns->duration, dns->error);
        put_answer(out, dns);
    }
    end_table(out);
}

/* ---- addresses ---- */

static void put_views(struct text *out, unsigned views)
{
    static const struct {
        unsigned view;
        const char *name;
    } names[] = {{VIEW_POD, "pod"},
                 {VIEW_HOST, "host"},
                 {VIEW_LINKAGE, "linkage"},
                 {VIEW_LITERAL, "as configured"}};
    const char *separator = "";

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!(views & names[i].view))
            continue;
        text_append_format(out, "%s%s", separator, names[i].name);
        separator = ", ";
    }
    text_append(out, views & VIEW_LITERAL ? "" : " view");
}

static void put_tls(struct text *out, const struct tls_evidence *tls)
{
    const struct certificate_evidence *certificate = &tls->certificate;

    outcome_cell(out, class_if(tls->outcome == TLS_OK, tls->outcome == TLS_SKIPPED),
                 tls_outcome_name(tls->outcome), tls->duration, tls->detail);
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
    outcome_cell(out, class_if(api->outcome == API_REGISTRY, api->outcome == API_SKIPPED),
                 api_outcome_name(api->outcome), api->duration,
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
        text_append(out, "<tr><td>");
        code(out, address_format(&path->address, buffer));
        text_append_format(out, "<br>%s<br><span class=dim>",
                           address_class_name(path->address_class));
        put_views(out, path->views);
        if (path->rule && strcmp(path->rule, "none") != 0) {
            text_append(out, ", ");
            html_text(out, path->rule);
        }
        text_append(out, "</span>");
        outcome_cell(out, class_if(path->tcp.outcome == TCP_OK, path->tcp.outcome == TCP_SKIPPED),
                     tcp_outcome_name(path->tcp.outcome), path->tcp.duration,
                     path->tcp.error ? strerror(path->tcp.error) : path->tcp.reason);
        put_tls(out, &path->tls);
        put_api(out, &path->api);
    }
    end_table(out);
    if (evidence->addresses_dropped)
        text_append_format(out, "<p class=dim>%zu further addresses were not tried.</p>",
                           evidence->addresses_dropped);
}

/* ---- controls, and what the registry said ---- */

static void put_controls(struct text *out, const struct evidence *evidence)
{
    static const char *const columns[] = {"Control", "Kind", "Outcome", NULL};

    begin_table(out, "Controls: places that must connect if the network works", columns);
    for (size_t i = 0; i < evidence->control_count; i++) {
        const struct control_evidence *control = &evidence->controls[i];
        bool untold = control->outcome == CONTROL_SKIPPED || control->outcome == CONTROL_CANCELLED;
        text_append(out, "<tr><td>");
        html_text(out, control->endpoint ? control->endpoint : control->name);
        text_append_format(out, "<td>%s", control_kind_name(control->kind));
        outcome_cell(out, class_if(control->outcome == CONTROL_OK, untold),
                     control_outcome_name(control->outcome), control->duration, NULL);
    }
    end_table(out);
}

static void put_registry(struct text *out, const struct registry_evidence *registry)
{
    static const char *const columns[] = {"Image", "Manifest", "Layer", NULL};
    const struct auth_evidence *auth = &registry->auth;

    text_append(out, "<h3>Authorization</h3><p>");
    html_text(out, auth_outcome_name(auth->outcome));
    if (auth->realm) {
        text_append(out, ", realm ");
        code(out, auth->realm);
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
        const struct blob_evidence *blob = &image->blob;
        text_append(out, "<tr><td>");
        code(out, image->reference ? image->reference : "");
        outcome_cell(out,
                     class_if(image->outcome == MANIFEST_FOUND, image->outcome == MANIFEST_SKIPPED),
                     manifest_outcome_name(image->outcome), image->duration,
                     image->detail     ? image->detail
                     : image->location ? image->location
                                       : image->reason);
        outcome_cell(out,
                     class_if(blob->outcome == BLOB_OK || blob->outcome == BLOB_NOT_REDIRECTED,
                              blob->outcome == BLOB_SKIPPED),
                     blob_outcome_name(blob->outcome), blob->duration,
                     blob->location ? blob->location : blob->reason);
    }
    end_table(out);
}

void page_evidence(struct text *out, const struct evidence *evidence)
{
    if (evidence->local_error) {
        text_append(out, "<p>This machine: ");
        html_text(out, evidence->local_error);
        text_append(out, "</p>");
    }
    if (evidence->dns_count)
        put_names(out, evidence);
    if (evidence->path_count)
        put_paths(out, evidence);
    if (evidence->control_count)
        put_controls(out, evidence);
    if (evidence->registry)
        put_registry(out, evidence->registry);
}
