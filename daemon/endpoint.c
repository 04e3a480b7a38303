#include "daemon/endpoint.h"

#include <jansson.h>
#include <string.h>

#include "config/base/memory.h"
#include "daemon/metrics.h"
#include "daemon/report.h"
#include "daemon/report_state.h"

#define MAX_NAME 512

/* ---- health ---- */

static bool wants(const char *query, const char *word)
{
    size_t length = strlen(word);

    for (; *query; query += strcspn(query, "&"), query += *query == '&')
        if (strncmp(query, word, length) == 0 && (!query[length] || strchr("&=", query[length])))
            return true;
    return false;
}

static void answer_check(struct http_server_reply *reply, const char *query, const char *name,
                         const char *what, bool ok)
{
    reply->status = ok ? 200 : 503;
    if (wants(query, "verbose"))
        text_append_format(&reply->body, "[%c]%s %s\n", ok ? '+' : '-', what,
                           ok ? "ok" : "not yet");
    text_append_format(&reply->body, "%s check %s\n", name, ok ? "passed" : "failed");
}

static void answer_livez(const struct http_server_request *request, struct http_server_reply *reply,
                         const struct watcher *watcher)
{
    (void)watcher; /* an answer at all is the proof: the loop turns */
    answer_check(reply, request->query, request->path + 1, "event-loop", true);
}

/* Whether the registry can be reached is not asked: it must not take the pod out of service. */
static void answer_readyz(const struct http_server_request *request,
                          struct http_server_reply *reply, const struct watcher *watcher)
{
    answer_check(reply, request->query, "readyz", "first-runs", watcher_ready(watcher));
}

/* ---- /status ---- */

static json_t *status_of(const struct watch *watch)
{
    const struct target_report report = {watch->last.target, watch->last.evidence,
                                         watch->last.diagnosis};
    json_t *target;

    if (report.diagnosis) {
        target = report_json_target(&report);
    } else {
        target = json_pack("{s:s, s:s, s:i, s:s, s:n, s:[]}", "name", watch->target->name, "host",
                           watch->target->host, "port", (int)watch->target->port, "status",
                           severity_name(SEVERITY_UNKNOWN), "cause", "findings");
    }
    report_json_add_state(target, watch);
    return target;
}

static const char *wanted_target(const char *query, char buffer[MAX_NAME])
{
    static const char hex[] = "0123456789abcdef";
    const char *value = strncmp(query, "target=", 7) == 0 ? query + 7 : strstr(query, "&target=");
    size_t length = 0;

    if (!value)
        return NULL;
    value += *value == '&' ? sizeof("&target=") - 1 : 0;
    for (; *value && *value != '&' && length < MAX_NAME - 1; value++) {
        const char *high = value[0] == '%' && value[1] ? strchr(hex, value[1] | 0x20) : NULL;
        const char *low = high && value[2] ? strchr(hex, value[2] | 0x20) : NULL;
        if (low) {
            buffer[length++] = (char)((high - hex) * 16 + (low - hex));
            value += 2;
        } else {
            buffer[length++] = *value == '+' ? ' ' : *value;
        }
    }
    buffer[length] = '\0';
    return buffer;
}

static void answer_status(const struct http_server_request *request,
                          struct http_server_reply *reply, const struct watcher *watcher)
{
    char buffer[MAX_NAME];
    const char *wanted = wanted_target(request->query, buffer);
    enum severity worst = SEVERITY_OK;
    json_t *targets = json_array();

    for (size_t i = 0; i < watcher->count; i++) {
        const struct watch *watch = watcher->watches[i];
        if (wanted && strcmp(wanted, watch->target->name) != 0)
            continue;
        enum severity status =
            watch->last.diagnosis ? watch->last.diagnosis->status : SEVERITY_UNKNOWN;
        if (severity_rank(status) > severity_rank(worst))
            worst = status;
        json_array_append_new(targets, status_of(watch));
    }
    if (wanted && !json_array_size(targets)) {
        json_decref(targets);
        reply->status = 404;
        text_append(&reply->body, "no target of that name\n");
        return;
    }
    json_t *document = report_json(worst, targets);
    char *dump = document ? json_dumps(document, JSON_COMPACT) : NULL;
    reply->content_type = "application/json";
    reply->status = dump ? 200 : 503;
    text_append(&reply->body, dump ? dump : "{}");
    text_append(&reply->body, "\n");
    memory_release(dump);
    json_decref(document);
}

static void answer_metrics(const struct http_server_request *request,
                           struct http_server_reply *reply, const struct watcher *watcher)
{
    (void)request;
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_render(watcher, &reply->body);
}

static const struct {
    const char *path;
    void (*answer)(const struct http_server_request *request, struct http_server_reply *reply,
                   const struct watcher *watcher);
} routes[] = {
    {"/livez", answer_livez},   {"/healthz", answer_livez},   {"/readyz", answer_readyz},
    {"/status", answer_status}, {"/metrics", answer_metrics},
};

void endpoint_handle(const struct http_server_request *request, struct http_server_reply *reply,
                     void *context)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(request->path, routes[i].path) != 0)
            continue;
        if (strcmp(request->method, "POST") == 0) {
            reply->status = 405;
            reply->allow = "GET, HEAD";
            return;
        }
        routes[i].answer(request, reply, context);
        return;
    }
    reply->status = 404;
    text_append(&reply->body, "not here; try /status, /metrics, /livez, /readyz\n");
}
