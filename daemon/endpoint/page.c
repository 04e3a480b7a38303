/* SPDX-License-Identifier: MIT */
#include "daemon/endpoint/page.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "daemon/endpoint/endpoint.h"
#include "daemon/endpoint/html.h"
#include "daemon/endpoint/page_parts.h"
#include "daemon/endpoint/query.h"

#define SEVERITY_COUNT 4
#define MAX_HOST_NAME  256
#define USUAL_REFRESH  30 /* seconds */
#define LEAST_REFRESH  5
#define MOST_REFRESH   3600

struct page_source {
    const struct watcher *watcher;
    uint64_t generation;
    int64_t now;
    bool has_status;
    enum severity status; /* the filter, if has_status */
    char name[ENDPOINT_MAX_NAME];
    unsigned refresh; /* seconds; 0: the page does not reload itself */
    size_t by_severity[SEVERITY_COUNT];
    bool started;
    size_t next;
    size_t count;
    size_t order[]; /* indexes of the targets shown, the worst first */
};

/* The order of the list: the worst first. */
static const enum severity severities[SEVERITY_COUNT] = {SEVERITY_FAIL, SEVERITY_UNKNOWN,
                                                         SEVERITY_WARN, SEVERITY_OK};

/* ---- which targets ---- */

static bool matches(const struct page_source *source, const struct watch *watch)
{
    return (!source->has_status || watch_status(watch) == source->status) &&
           (!*source->name || strcasestr(watch->target->name, source->name));
}

static void choose_targets(struct page_source *source)
{
    const struct watcher *watcher = source->watcher;

    for (size_t i = 0; i < watcher->count; i++)
        source->by_severity[watch_status(watcher->watches[i])]++;
    for (size_t s = 0; s < SEVERITY_COUNT; s++)
        for (size_t i = 0; i < watcher->count; i++)
            if (watch_status(watcher->watches[i]) == severities[s] &&
                matches(source, watcher->watches[i]))
                source->order[source->count++] = i;
}

static void read_query(struct page_source *source, const char *query)
{
    char buffer[32];
    const char *status = query_value(query, "status", buffer, sizeof(buffer));

    for (size_t i = 0; status && i < SEVERITY_COUNT; i++)
        if (strcmp(status, severity_name(severities[i])) == 0) {
            source->has_status = true;
            source->status = severities[i];
        }
    if (!query_value(query, "target", source->name, sizeof(source->name)))
        source->name[0] = '\0';
    const char *refresh = query_value(query, "refresh", buffer, sizeof(buffer));
    unsigned long seconds = refresh ? strtoul(refresh, NULL, 10) : USUAL_REFRESH;
    if (seconds)
        source->refresh = seconds < LEAST_REFRESH  ? LEAST_REFRESH
                          : seconds > MOST_REFRESH ? MOST_REFRESH
                                                   : (unsigned)seconds;
}

/* ---- the head of the page ---- */

static void put_counts(struct text *out, const struct page_source *source)
{
    const char *separator = "";

    for (size_t i = 0; i < SEVERITY_COUNT; i++) {
        if (!source->by_severity[severities[i]])
            continue;
        text_append_format(out, "%s%zu %s", separator, source->by_severity[severities[i]],
                           severity_name(severities[i]));
        separator = ", ";
    }
}

static void put_filters(struct text *out, const struct page_source *source)
{
    text_append_format(out, "<nav aria-label=\"Filter\"><a href=\"/\"%s>all %zu</a>",
                       source->has_status || *source->name ? "" : " aria-current=page",
                       source->watcher->count);
    for (size_t i = 0; i < SEVERITY_COUNT; i++) {
        enum severity status = severities[i];
        bool current = source->has_status && source->status == status;
        if (source->by_severity[status] || current)
            text_append_format(
                out, "<a class=%s href=\"/?status=%s\"%s><span class=s>%s</span> %zu</a>",
                severity_name(status), severity_name(status), current ? " aria-current=page" : "",
                severity_name(status), source->by_severity[status]);
    }
    text_append(out, "<form role=search><label for=q class=dim>Target</label><input id=q "
                     "name=target value=\"");
    html_text(out, source->name);
    text_append(out, "\"></form></nav>");
}

static void put_problem(struct text *out, const struct watcher *watcher)
{
    if (!watcher->reload_error)
        return;
    text_append(out, "<section class=\"t warn\"><div class=b><p><b>The configuration file does not "
                     "load; the settings before it stay in force.</b><p><code>");
    html_text(out, watcher->reload_error);
    text_append(out, "</code></div></section>");
}

static void put_page_head(struct text *out, const struct page_source *source)
{
    char hostname[MAX_HOST_NAME] = "";

    if (gethostname(hostname, sizeof(hostname) - 1))
        hostname[0] = '\0';
    text_append(out, "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport "
                     "content=\"width=device-width,initial-scale=1\">");
    if (source->refresh)
        text_append_format(out, "<meta http-equiv=refresh content=%u>", source->refresh);
    text_append(out, "<title>");
    put_counts(out, source);
    text_append(out, " - tcr-probe</title><style>");
    text_append(out, page_style);
    text_append(out, "</style></head><body><header><h1>Can images be pulled from here?</h1><p>");
    put_counts(out, source);
    text_append(out, " <span class=dim>as seen from ");
    html_text(out, hostname);
    text_append(out, " at ");
    html_time(out, source->now, source->now);
    text_append(out, " UTC. Lights: dns, tcp, tls, api, auth, image, layer.</span></header>");
    put_filters(out, source);
    text_append(out, "<main>\n");
    put_problem(out, source->watcher);
    if (!source->count)
        text_append(out, "<p>No target matches. <a href=\"/\">Show all</a></p>");
}

/* The link keeps the filters. */
static void put_reload_link(struct text *out, const struct page_source *source)
{
    text_append_format(out, "<a href=\"/?refresh=%d", source->refresh ? 0 : USUAL_REFRESH);
    if (source->has_status)
        text_append_format(out, "&amp;status=%s", severity_name(source->status));
    if (*source->name) {
        text_append(out, "&amp;target=");
        html_query_value(out, source->name);
    }
    text_append(out, source->refresh ? "\">Stop reloading</a>" : "\">Reload by itself</a>");
}

static void put_page_foot(struct text *out, const struct page_source *source)
{
    text_append_format(out,
                       "</main><footer class=dim>tcr-probe %s. For machines: <a "
                       "href=\"/status\">/status</a>, <a href=\"/metrics\">/metrics</a>. ",
                       TCRPROBE_VERSION);
    if (source->refresh)
        text_append_format(out, "This page reloads every %u s. ", source->refresh);
    put_reload_link(out, source);
    text_append(out, "</footer></body></html>\n");
}

/* ---- slices ---- */

static enum page_detail detail_of(const struct page_source *source, size_t place)
{
    const struct watch *watch = source->watcher->watches[source->order[place]];
    enum severity status = watch_status(watch);
    size_t failing = source->by_severity[SEVERITY_FAIL] + source->by_severity[SEVERITY_UNKNOWN];
    bool fails = status == SEVERITY_FAIL || status == SEVERITY_UNKNOWN;

    if (place >= PAGE_FULL_TARGETS)
        return PAGE_BRIEF;
    if (source->count == 1 || (fails && failing <= PAGE_OPEN_TARGETS))
        return PAGE_OPEN;
    return PAGE_FULL;
}

static enum slice_outcome next_page_slice(void *context, struct text *out)
{
    struct page_source *source = context;
    size_t begin = out->length;

    if (source->generation != source->watcher->generation)
        return SLICE_BROKEN;
    if (!source->started)
        put_page_head(out, source);
    source->started = true;
    while (source->next < source->count && out->length - begin < HTTP_SERVER_SLICE) {
        page_target(out, source->watcher->watches[source->order[source->next]],
                    detail_of(source, source->next), source->now);
        source->next++;
    }
    if (source->next < source->count)
        return SLICE_MORE;
    put_page_foot(out, source);
    return SLICE_LAST;
}

void page_reply(const struct watcher *watcher, const char *query, struct http_server_reply *reply)
{
    struct page_source *source =
        memory_allocate(sizeof(*source) + watcher->count * sizeof(source->order[0]));

    if (!source) {
        reply->status = 503;
        return;
    }
    source->watcher = watcher;
    source->generation = watcher->generation;
    source->now = clock_wall() / (int64_t)USEC_PER_SEC;
    read_query(source, query);
    choose_targets(source);
    reply->content_type = "text/html; charset=utf-8";
    reply->style_source = page_style_source();
    reply->source = (struct http_server_source){next_page_slice, memory_release, source};
}
