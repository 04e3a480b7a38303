#include "daemon/endpoint.h"

#include <string.h>

#include "config/base/memory.h"
#include "daemon/metrics.h"
#include "daemon/page.h"
#include "daemon/query.h"

#define MAX_NAMED 5 /* targets that /readyz names */

static void answer_text(struct http_server_reply *reply, unsigned status, const char *text)
{
    reply->status = status;
    text_append(&reply->body, text);
}

/* ---- health ---- */

static void answer_check(struct http_server_reply *reply, const char *name, bool ok)
{
    reply->status = ok ? 200 : 503;
    text_append_format(&reply->body, "%s check %s\n", name, ok ? "passed" : "failed");
}

static void answer_livez(const struct http_server_request *request, struct http_server_reply *reply,
                         struct status_endpoint *endpoint)
{
    /* An answer at all is the proof: the loop turns. */
    if (query_has(request->query, "verbose"))
        text_append_format(&reply->body, "[+]event-loop ok, last %.3f ms late\n",
                           (double)endpoint->watcher->lag / (double)USEC_PER_MSEC);
    answer_check(reply, request->path + 1, true);
}

/* Names the first few whose pulls would fail. */
static void list_troubled(const struct watcher *watcher, struct text *text)
{
    unsigned named = 0;

    for (size_t i = 0; i < watcher->count; i++) {
        const struct watch *watch = watcher->watches[i];
        enum severity status = watch_status(watch);
        if (status == SEVERITY_OK || status == SEVERITY_WARN)
            continue;
        if (named++ == MAX_NAMED) {
            text_append(text, ", ...");
            return;
        }
        text_append_format(text, "%s %s (%s)", named > 1 ? "," : "", watch->target->name,
                           watch->state.known ? cause_name(watch->state.cause) : "no run yet");
    }
}

static bool all_work(const struct watcher *watcher)
{
    for (size_t i = 0; i < watcher->count; i++) {
        enum severity status = watch_status(watcher->watches[i]);
        if (status != SEVERITY_OK && status != SEVERITY_WARN)
            return false;
    }
    return true;
}

/* Unless ready_gate asks for it, whether a registry can be reached does not count: it must not take
 * the pod out of service. */
static void answer_readyz(const struct http_server_request *request,
                          struct http_server_reply *reply, struct status_endpoint *endpoint)
{
    const struct watcher *watcher = endpoint->watcher;
    bool gated = watcher->settings->ready_gate;
    bool first_runs = watcher_ready(watcher);
    bool targets = !gated || all_work(watcher);

    if (query_has(request->query, "verbose") || !first_runs || !targets) {
        text_append(&reply->body, "[+]configuration ok\n");
        text_append(&reply->body, first_runs ? "[+]first-runs ok\n"
                                             : "[-]first-runs failed: not all of them are done\n");
        if (gated && targets) {
            text_append(&reply->body, "[+]targets ok\n");
        } else if (gated) {
            text_append(&reply->body, "[-]targets failed:");
            list_troubled(watcher, &reply->body);
            text_append(&reply->body, "\n");
        }
    }
    answer_check(reply, "readyz", first_runs && targets);
}

/* ---- /status ---- */

static void answer_status(const struct http_server_request *request,
                          struct http_server_reply *reply, struct status_endpoint *endpoint)
{
    char buffer[ENDPOINT_MAX_NAME];
    bool one = query_has(request->query, "target");
    const char *name = query_value(request->query, "target", buffer, sizeof(buffer));
    const struct watch *only = name ? watcher_find(endpoint->watcher, name) : NULL;

    if (one && !only)
        answer_text(reply, 404, "no target of that name\n");
    else
        endpoint_reply_status(endpoint->watcher, only, reply);
}

static void answer_page(const struct http_server_request *request, struct http_server_reply *reply,
                        struct status_endpoint *endpoint)
{
    page_reply(endpoint->watcher, request->query, reply);
}

/* ---- /metrics ---- */

struct metrics_source {
    const struct watcher *watcher;
    uint64_t generation;
    struct metrics_cursor cursor;
};

static enum slice_outcome next_metrics(void *context, struct text *text)
{
    struct metrics_source *source = context;

    if (source->generation != source->watcher->generation)
        return SLICE_BROKEN;
    return metrics_render_slice(source->watcher, &source->cursor, text, HTTP_SERVER_SLICE)
               ? SLICE_MORE
               : SLICE_LAST;
}

static void answer_metrics(const struct http_server_request *request,
                           struct http_server_reply *reply, struct status_endpoint *endpoint)
{
    struct metrics_source *source = memory_allocate(sizeof(*source));
    bool openmetrics = metrics_wants_openmetrics(request->accept);

    if (!source) {
        reply->status = 503;
        return;
    }
    source->watcher = endpoint->watcher;
    source->generation = endpoint->watcher->generation;
    source->cursor.openmetrics = openmetrics;
    reply->content_type = openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                      : "text/plain; version=0.0.4; charset=utf-8";
    reply->source = (struct http_server_source){next_metrics, memory_release, source};
}

/* ---- POST /probe ---- */

static unsigned seconds_up(usec_t duration)
{
    return (unsigned)((duration + USEC_PER_SEC - 1) / USEC_PER_SEC);
}

/* 0 when a run may start now, else after how many seconds to ask again. */
static unsigned take_turn(struct status_endpoint *endpoint, struct watch *watch)
{
    usec_t now = clock_monotonic();
    usec_t until = endpoint->probes_until > now ? endpoint->probes_until : now;

    if (watch->asked_at && now - watch->asked_at < ENDPOINT_PROBE_GAP)
        return seconds_up(watch->asked_at + ENDPOINT_PROBE_GAP - now);
    if (until - now > (ENDPOINT_PROBE_BURST - 1) * ENDPOINT_PROBE_REFILL)
        return seconds_up(until - now - (ENDPOINT_PROBE_BURST - 1) * ENDPOINT_PROBE_REFILL);
    endpoint->probes_until = until + ENDPOINT_PROBE_REFILL;
    watch->asked_at = now;
    return 0;
}

static void answer_probe(const struct http_server_request *request, struct http_server_reply *reply,
                         struct status_endpoint *endpoint)
{
    char buffer[ENDPOINT_MAX_NAME];
    const char *name = query_value(request->query, "target", buffer, sizeof(buffer));
    struct watch *watch = name ? watcher_find(endpoint->watcher, name) : NULL;

    if (!name) {
        answer_text(reply, 400, "name a configured target: POST /probe?target=NAME\n");
        return;
    }
    if (!watch) {
        answer_text(reply, 404, "no target of that name\n");
        return;
    }
    if (!watch->run && (reply->retry_after = take_turn(endpoint, watch)) > 0) {
        answer_text(reply, 429, "too often; try again later\n");
        return;
    }
    enum probe_now outcome = watcher_probe_now(watch);
    reply->content_type = "application/json";
    answer_text(reply, outcome == PROBE_NOW_RUNNING ? 200 : 202,
                outcome == PROBE_NOW_RUNNING   ? "{\"run\":\"under_way\"}\n"
                : outcome == PROBE_NOW_WAITING ? "{\"run\":\"waiting\"}\n"
                                               : "{\"run\":\"started\"}\n");
}

/* ---- routes ---- */

static const struct {
    const char *path;
    const char *allow;
    void (*answer)(const struct http_server_request *request, struct http_server_reply *reply,
                   struct status_endpoint *endpoint);
} routes[] = {
    {"/livez", "GET, HEAD", answer_livez},     {"/healthz", "GET, HEAD", answer_livez},
    {"/readyz", "GET, HEAD", answer_readyz},   {"/status", "GET, HEAD", answer_status},
    {"/metrics", "GET, HEAD", answer_metrics}, {"/probe", "POST", answer_probe},
    {"/", "GET, HEAD", answer_page},
};

void endpoint_handle(const struct http_server_request *request, struct http_server_reply *reply,
                     void *context)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(request->path, routes[i].path) != 0)
            continue;
        if (strstr(routes[i].allow, request->method)) {
            routes[i].answer(request, reply, context);
            return;
        }
        reply->status = 405;
        reply->allow = routes[i].allow;
        return;
    }
    answer_text(reply, 404, "not here; try /, /status, /metrics, /livez, /readyz\n");
}
