/* GET /status: the document of `check --format json` with what only a daemon knows, one slice of
 * targets after the other. */

#include <jansson.h>
#include <string.h>

#include "config/base/memory.h"
#include "daemon/endpoint.h"
#include "daemon/report.h"
#include "daemon/report_state.h"

#define END "]}" /* of the document: targets is its last member */

struct status_source {
    const struct watcher *watcher;
    uint64_t generation;
    bool started;
    size_t next;
    size_t end;
};

static json_t *target_json(const struct watch *watch)
{
    const struct target_report report = {watch->last.target, watch_evidence(watch),
                                         watch_diagnosis(watch)};
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

static bool append_beginning(const struct status_source *source, struct text *text)
{
    enum severity worst = SEVERITY_OK;

    for (size_t i = source->next; i < source->end; i++) {
        enum severity status = state_last_status(&source->watcher->watches[i]->state);
        if (severity_rank(status) > severity_rank(worst))
            worst = status;
    }
    json_t *document = report_json(worst, json_array());
    if (document) {
        json_t *reload = report_json_reload(source->watcher);
        json_t *targets = json_incref(json_object_get(document, "targets"));
        json_object_del(document, "targets");
        json_object_set_new(document, "configuration", reload);
        json_object_set_new(document, "targets", targets);
    }
    if (!report_json_append(text, document, JSON_COMPACT))
        return false;
    text->length -= sizeof(END) - 1;
    return true;
}

/* A document from which something is left out for want of memory is none: jansson makes it all the
 * same. */
static bool append_slice(struct status_source *source, struct text *text)
{
    size_t begin = text->length;
    uint64_t failures = memory_failures();

    if (!source->started && !append_beginning(source, text))
        return false;
    while (source->next < source->end && text->length - begin < HTTP_SERVER_SLICE) {
        text_append(text, source->started ? "," : "");
        source->started = true;
        json_t *target = target_json(source->watcher->watches[source->next++]);
        if (!report_json_append(text, target, JSON_COMPACT))
            return false;
    }
    source->started = true;
    return memory_failures() == failures;
}

static enum slice_outcome next_slice(void *context, struct text *text)
{
    struct status_source *source = context;

    if (source->generation != source->watcher->generation || !append_slice(source, text))
        return SLICE_BROKEN;
    if (source->next < source->end)
        return SLICE_MORE;
    text_append(text, END "\n");
    return SLICE_LAST;
}

void endpoint_reply_status(const struct watcher *watcher, const struct watch *only,
                           struct http_server_reply *reply)
{
    struct status_source *source = memory_allocate(sizeof(*source));

    if (!source) {
        reply->status = 503;
        return;
    }
    *source = (struct status_source){
        .watcher = watcher, .generation = watcher->generation, .end = watcher->count};
    for (size_t i = 0; only && i < watcher->count; i++)
        if (watcher->watches[i] == only) {
            source->next = i;
            source->end = i + 1;
        }
    reply->content_type = "application/json";
    reply->source = (struct http_server_source){next_slice, memory_release, source};
}
