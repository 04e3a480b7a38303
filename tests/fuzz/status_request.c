/* SPDX-License-Identifier: MIT */
/*
 * A request through the routes of the status endpoint, whose targets had hostile runs. The input:
 * the head of the request, and a saved report whose targets are those of the daemon.
 */

#include <jansson.h>
#include <string.h>

#include "config/base/memory.h"
#include "daemon/endpoint/endpoint.h"
#include "daemon/endpoint/http_request.h"
#include "daemon/report/replay.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/daemon/endpoint/exposition.h"
#include "tests/unit/daemon/endpoint/well_formed.h"

#define MAX_TARGETS 8
#define MAX_BODY    ((size_t)64 << 20)

static usec_t monotonic_now(void)
{
    return 100 * USEC_PER_SEC;
}

static int64_t wall_now(void)
{
    return 1790000000 * (int64_t)USEC_PER_SEC;
}

static const struct clock_source fixed_clock = {monotonic_now, wall_now, NULL};
static const struct state_thresholds thresholds = {2, 1};

/* ---- a daemon without a loop ---- */

struct scene {
    struct settings settings;
    struct watch watches[MAX_TARGETS];
    struct watch *list[MAX_TARGETS];
    struct watcher watcher;
};

/* Does the work of watch_observe() without a line in the log. The runs before it alternate. */
static void observe(struct watch *watch, const struct evidence *evidence,
                    const struct target *target, unsigned runs_before)
{
    struct watcher *watcher = watch->watcher;
    struct diagnosis *diagnosis = diagnose(evidence, target);
    struct state_result previous;

    fuzz_require(diagnosis && diagnosis->count);
    for (unsigned run = 0; run <= runs_before; run++) {
        bool other = (runs_before - run) % 2;
        struct state_result result = state_result_of(
            evidence->measured_at, evidence->duration, other ? SEVERITY_OK : diagnosis->status,
            other ? CAUSE_OK_PUBLIC : diagnosis->findings[0].cause);
        state_flips(&watch->state, diagnosis->status, &watch->last.flips);
        state_observe(&watch->state, &result, &thresholds, &previous);
        watch->seen_causes[watch->state.cause / 64] |= 1ULL << watch->state.cause % 64;
        watch->runs++;
    }
    watch->figures = run_figures_of(evidence);
    watch->last_success = evidence->measured_at;
    for (int phase = 0; phase < PHASE_COUNT; phase++)
        phase_histogram_add(&watcher->histograms[phase], watch->figures.durations[phase]);
    watch->last.target = target;
    watch->last.evidence = evidence_pack(evidence, &watcher->room);
    fuzz_require(watch->last.evidence != NULL);
    diagnosis_free(diagnosis);
}

static void add_targets(struct scene *scene, const struct replay *replay, unsigned runs_before)
{
    struct watcher *watcher = &scene->watcher;

    for (size_t i = 0; i < replay_count(replay) && watcher->count < MAX_TARGETS; i++) {
        const struct target *target = replay_target(replay, i);
        if (!*target->name || watcher_find(watcher, target->name))
            continue; /* a configuration has neither */
        struct watch *watch = &scene->watches[watcher->count];
        *watch = (struct watch){.watcher = watcher, .target = target, .waiting = true};
        watcher->watches[watcher->count++] = watch;
        if (i % 4 != 3) /* that one had no run yet */
            observe(watch, replay_evidence(replay, i), target, runs_before);
    }
}

static void open_scene(struct scene *scene, const struct replay *replay, unsigned options)
{
    *scene = (struct scene){.settings = {.failure_threshold = 2, .success_threshold = 1}};
    scene->settings.ready_gate = options & 1;
    scene->watcher.settings = &scene->settings;
    scene->watcher.watches = scene->list;
    scene->watcher.reload_error = options & 2 ? "tcr-probe.yaml:1:1: \"a\\b\": unknown key" : NULL;
    if (replay)
        add_targets(scene, replay, options % 7);
}

static void close_scene(struct scene *scene)
{
    for (size_t i = 0; i < scene->watcher.count; i++)
        watch_result_release(&scene->watches[i].last);
    diagnosis_free(scene->watcher.meaning);
    evidence_buffer_free(&scene->watcher.room);
}

/* ---- promises ---- */

static void require_lines(const char *text)
{
    for (; *text; text++)
        fuzz_require(*text == '\n' || (*text >= ' ' && *text <= '~') || text_utf8_length(text) ||
                     ((unsigned char)*text & 0xc0) == 0x80);
}

static void require_status(const char *body)
{
    json_t *document = json_loads(body, JSON_REJECT_DUPLICATES, NULL);

    fuzz_require(document && json_integer_value(json_object_get(document, "schema_version")) == 1);
    fuzz_require(json_is_array(json_object_get(document, "targets")));
    json_decref(document);
}

static void require_body(const struct http_server_reply *reply, const char *body)
{
    const char *type = reply->content_type ? reply->content_type : "text/plain";

    if (strncmp(type, "text/html", 9) == 0)
        fuzz_require(well_formed_fault(body) == NULL);
    else if (strncmp(type, "application/openmetrics-text", 28) == 0)
        fuzz_require(exposition_fault(body, true) == NULL);
    else if (strncmp(type, "text/plain; version", 19) == 0)
        fuzz_require(exposition_fault(body, false) == NULL);
    else if (strncmp(type, "application/json", 16) == 0 && reply->source.next)
        require_status(body);
    else
        require_lines(body);
}

static void ask(struct scene *scene, const struct http_request_head *head)
{
    struct status_endpoint endpoint = {.watcher = &scene->watcher};
    const struct http_server_request request = {head->method, head->path, head->query,
                                                head->accept};
    struct http_server_reply reply = {.status = 200,
                                      .body = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY)};
    struct text text = TEXT_WITH_LIMIT(MAX_BODY);
    enum slice_outcome outcome = SLICE_LAST;

    endpoint_handle(&request, &reply, &endpoint);
    text_append(&text, text_string(&reply.body));
    if (reply.source.next)
        do
            outcome = reply.source.next(reply.source.context, &text);
        while (outcome == SLICE_MORE);
    fuzz_require(outcome == SLICE_LAST && !text_truncated(&text) && !text_truncated(&reply.body));
    fuzz_require(reply.status >= 200 && reply.status <= 503);
    require_body(&reply, text_string(&text));
    if (reply.source.release)
        reply.source.release(reply.source.context);
    text_free(&reply.body);
    text_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scene scene;
    size_t length = http_request_head_length((const char *)data, size);
    char *bytes = memory_allocate(length + 1); /* parsed in place */
    struct http_request_head head;
    struct replay *replay = NULL;
    char error[256];

    clock_replace(&fixed_clock);
    memcpy(bytes, data, length);
    if (length && http_request_parse(bytes, length, &head) == 0) {
        replay_read(fuzz_file(data + length, size - length), &replay, error, sizeof(error));
        open_scene(&scene, replay, data[size - 1]);
        ask(&scene, &head);
        close_scene(&scene);
    }
    replay_free(replay);
    memory_release(bytes);
    clock_replace(NULL);
    return 0;
}
