/* SPDX-License-Identifier: MIT */
#include "daemon/endpoint/endpoint.h"

#include <string.h>

#include "config/base/memory.h"
#include "daemon/endpoint/metrics.h"
#include "daemon/endpoint/page.h"
#include "daemon/endpoint/query.h"
#include "daemon/endpoint/status.h"
#include "probes/diagnosis/guide.h"

#define MAX_NAMED  5  /* targets that /readyz names */
#define MAX_LISTED 50 /* targets that a 404 lists */

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
    /* The answer itself proves that the loop runs. */
    if (query_has(request->query, "verbose"))
        text_append_format(&reply->body, "[+]event-loop ok, last %.3f ms late\n",
                           (double)endpoint->watcher->lag / (double)USEC_PER_MSEC);
    answer_check(reply, request->path + 1, true);
}

/* Names the first few targets from which pulls would fail. */
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

static bool all_targets_work(const struct watcher *watcher)
{
    for (size_t i = 0; i < watcher->count; i++) {
        enum severity status = watch_status(watcher->watches[i]);
        if (status != SEVERITY_OK && status != SEVERITY_WARN)
            return false;
    }
    return true;
}

/* The state of the registry counts only with ready_gate, since otherwise a registry that fails
 * would take the pod out of service. */
static void answer_readyz(const struct http_server_request *request,
                          struct http_server_reply *reply, struct status_endpoint *endpoint)
{
    const struct watcher *watcher = endpoint->watcher;
    bool gated = watcher->settings->ready_gate;
    bool first_runs = watcher_ready(watcher);
    bool targets = !gated || all_targets_work(watcher);

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

/* ---- targets by name ---- */

/* A 404 that says which targets there are. */
static void answer_unknown_target(struct http_server_reply *reply, const struct watcher *watcher,
                                  const char *name)
{
    reply->status = 404;
    text_append(&reply->body, "There is no target \"");
    text_append_peer(&reply->body, name, strlen(name), ENDPOINT_MAX_NAME);
    text_append(&reply->body, "\". Targets:\n");
    for (size_t i = 0; i < watcher->count && i < MAX_LISTED; i++)
        text_append_format(&reply->body, "%s\n", watcher->watches[i]->target->name);
    if (watcher->count > MAX_LISTED)
        text_append_format(&reply->body, "... and %zu more; /metrics lists all\n",
                           watcher->count - MAX_LISTED);
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
        answer_unknown_target(reply, endpoint->watcher, name ? name : "");
    else
        status_reply(endpoint->watcher, only, reply);
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

/* Returns 0 if a run may start now, else the seconds to wait before the next request. */
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
        answer_text(reply, 400, "Name a configured target: POST /probe?target=NAME\n");
        return;
    }
    if (!watch) {
        answer_unknown_target(reply, endpoint->watcher, name);
        return;
    }
    if (!watch->run && (reply->retry_after = take_turn(endpoint, watch)) > 0) {
        answer_text(reply, 429, "Too many requests. Try again after the time in Retry-After.\n");
        return;
    }
    enum probe_now outcome = watcher_probe_now(watch);
    reply->content_type = "application/json";
    answer_text(reply, outcome == PROBE_NOW_RUNNING ? 200 : 202,
                outcome == PROBE_NOW_RUNNING   ? "{\"run\":\"under_way\"}\n"
                : outcome == PROBE_NOW_WAITING ? "{\"run\":\"waiting\"}\n"
                                               : "{\"run\":\"started\"}\n");
}

/* ---- the page of a cause ---- */

#define CAUSE_PATH "/explain/"

/* The text of `tcr-probe explain CAUSE`, which the page links to. */
static void answer_cause(const struct http_server_request *request, struct http_server_reply *reply)
{
    enum cause cause;

    if (*request->method != 'G' && *request->method != 'H') {
        reply->status = strcmp(request->method, "OPTIONS") == 0 ? 204 : 405;
        reply->allow = "GET, HEAD, OPTIONS";
    } else if (cause_from_name(request->path + sizeof(CAUSE_PATH) - 1, &cause)) {
        guide_write_plain(&reply->body, cause);
    } else {
        answer_text(reply, 404, "There is no such cause. tcr-probe explain --list lists all.\n");
    }
}

/* ---- routes ---- */

#define READ "GET, HEAD, OPTIONS"

static const struct {
    const char *path;
    const char *allow;
    void (*answer)(const struct http_server_request *request, struct http_server_reply *reply,
                   struct status_endpoint *endpoint);
} routes[] = {
    {"/livez", READ, answer_livez},     {"/healthz", READ, answer_livez},
    {"/readyz", READ, answer_readyz},   {"/status", READ, answer_status},
    {"/metrics", READ, answer_metrics}, {"/probe", "POST, OPTIONS", answer_probe},
    {"/", READ, answer_page},
};

static void answer_methods(struct http_server_reply *reply, unsigned status, const char *allow)
{
    reply->status = status;
    reply->allow = allow;
}

void endpoint_handle(const struct http_server_request *request, struct http_server_reply *reply,
                     void *context)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(request->path, routes[i].path) != 0)
            continue;
        if (strcmp(request->method, "OPTIONS") == 0)
            answer_methods(reply, 204, routes[i].allow);
        else if (*request->method && strstr(routes[i].allow, request->method))
            routes[i].answer(request, reply, context);
        else
            answer_methods(reply, 405, routes[i].allow);
        return;
    }
    if (strncmp(request->path, CAUSE_PATH, sizeof(CAUSE_PATH) - 1) == 0) {
        answer_cause(request, reply);
        return;
    }
    if (strcmp(request->path, "*") == 0) {
        answer_methods(reply, 204, "GET, HEAD, POST, OPTIONS");
        return;
    }
    answer_text(
        reply, 404,
        "Not found. Paths: /, /status, /metrics, /livez, /readyz, /healthz, /explain/CAUSE, "
        "POST /probe\n");
}
