#include "daemon/report_state.h"

#include "daemon/report.h"

int64_t report_next_run(const struct watch *watch)
{
    int64_t left = (int64_t)watch->next - (int64_t)clock_monotonic();

    return (clock_wall() + (left > 0 ? left : 0)) / (int64_t)USEC_PER_SEC;
}

json_t *report_json_reload(const struct watcher *watcher)
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

static json_t *history_of(const struct state *state)
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

static json_t *changes_of(const struct state *state)
{
    json_t *list = json_array();

    for (size_t i = 0; i < state_change_count(state); i++)
        json_array_append_new(list, result_json(state_change(state, i)));
    return list;
}

static json_t *believed(const struct state *state)
{
    if (!state->known)
        return json_null();
    return json_pack("{s:s, s:s, s:o, s:I, s:b, s:i}", "status", severity_name(state->status),
                     "cause", cause_name(state->cause), "since", report_json_time(state->since),
                     "changes", (json_int_t)state->changes, "flapping", (int)state->flapping,
                     "undecided_runs", (int)state->undecided);
}

void report_json_add_state(json_t *target, const struct watch *watch)
{
    const struct evidence *evidence = watch_evidence(watch);

    json_object_set_new(target, "state", believed(&watch->state));
    json_object_set_new(target, "last_run", report_json_time(evidence ? evidence->measured_at : 0));
    json_object_set_new(target, "next_run", report_json_time(report_next_run(watch)));
    json_object_set_new(target, "last_success", report_json_time(watch->last_success));
    json_object_set_new(target, "runs", json_integer((json_int_t)watch->runs));
    json_object_set_new(target, "history", history_of(&watch->state));
    json_object_set_new(target, "changes", changes_of(&watch->state));
}
