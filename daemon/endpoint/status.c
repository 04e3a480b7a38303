/* SPDX-License-Identifier: MIT */
#include "daemon/endpoint/status.h"

#include <jansson.h>

#include "config/base/memory.h"
#include "daemon/report/report.h"

#define END "]}" /* of the document, whose last member is targets */

struct status_source {
    const struct watcher *watcher;
    uint64_t generation;
    bool started;
    size_t next;
    size_t end;
};

/* ---- members that only a daemon has ---- */

static json_t *configuration_json(const struct watcher *watcher)
{
    return json_pack("{s:o, s:o, s:b, s:o}", "file",
                     report_json_text(watcher->settings->config_file), "loaded_at",
                     report_json_time(watcher->loaded_at), "reload_success",
                     (int)!watcher->reload_error, "error", report_json_text(watcher->reload_error));
}

static json_t *result_json(const struct state_result *result)
{
    return json_pack("{s:o, s:s, s:s}", "at", report_json_time(result->at), "status",
                     severity_name((enum severity)result->status), "cause",
                     cause_name((enum cause)result->cause));
}

static json_t *history_json(const struct state *state)
{
    json_t *list = json_array();

    for (size_t i = 0; i < state_run_count(state); i++) {
        const struct state_result *run = state_run(state, i);
        json_t *element = result_json(run);
        json_object_set_new(element, "duration_seconds",
                            report_json_seconds(run->duration_msec * USEC_PER_MSEC));
        json_array_append_new(list, element);
    }
    return list;
}

static json_t *changes_json(const struct state *state)
{
    json_t *list = json_array();

    for (size_t i = 0; i < state_change_count(state); i++)
        json_array_append_new(list, result_json(state_change(state, i)));
    return list;
}

static json_t *believed_json(const struct state *state)
{
    if (!state->known)
        return json_null();
    return json_pack("{s:s, s:s, s:o, s:I, s:b, s:i}", "status", severity_name(state->status),
                     "cause", cause_name(state->cause), "since", report_json_time(state->since),
                     "changes", (json_int_t)state->changes, "flapping", (int)state->flapping,
                     "undecided_runs", (int)state->undecided);
}

static void add_state(json_t *target, const struct watch *watch)
{
    json_object_set_new(target, "state", believed_json(&watch->state));
    json_object_set_new(target, "last_run", report_json_time(watch->figures.measured_at));
    json_object_set_new(target, "next_run", report_json_time(watch_next_run(watch)));
    json_object_set_new(target, "last_success", report_json_time(watch->last_success));
    json_object_set_new(target, "runs", json_integer((json_int_t)watch->runs));
    json_object_set_new(target, "history", history_json(&watch->state));
    json_object_set_new(target, "changes", changes_json(&watch->state));
}

/* ---- slices ---- */

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
    add_state(target, watch);
    return target;
}

static bool append_start(const struct status_source *source, struct text *text)
{
    enum severity worst = SEVERITY_OK;

    for (size_t i = source->next; i < source->end; i++) {
        enum severity status = state_last_status(&source->watcher->watches[i]->state);
        if (severity_rank(status) > severity_rank(worst))
            worst = status;
    }
    json_t *document = report_json(worst, json_array());
    if (document) {
        json_t *reload = configuration_json(source->watcher);
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

/* False if memory is short: jansson would then silently leave members out of the document. */
static bool append_targets(struct status_source *source, struct text *text)
{
    size_t begin = text->length;
    uint64_t failures = memory_failures();

    if (!source->started && !append_start(source, text))
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

static enum slice_outcome next_status(void *context, struct text *text)
{
    struct status_source *source = context;

    if (source->generation != source->watcher->generation || !append_targets(source, text))
        return SLICE_BROKEN;
    if (source->next < source->end)
        return SLICE_MORE;
    text_append(text, END "\n");
    return SLICE_LAST;
}

void status_reply(const struct watcher *watcher, const struct watch *only,
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
    reply->source = (struct http_server_source){next_status, memory_release, source};
}
