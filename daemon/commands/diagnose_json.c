/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "daemon/commands/diagnose_advice.h"
#include "daemon/commands/diagnose_output.h"
#include "daemon/report/explain_output.h"

#define PEER_LIMIT 1024

/* Takes over the reference to `value`. */
static void append_member(json_t *list, json_t *value)
{
    json_array_append_new(list, value);
}

static json_t *peer_json_string(const char *bytes)
{
    struct text text = TEXT_WITH_LIMIT(PEER_LIMIT * 4 + 4);

    if (!bytes)
        return json_null();
    text_append_peer(&text, bytes, strlen(bytes), PEER_LIMIT);
    json_t *value = json_string(text_string(&text));
    text_free(&text);
    return value;
}

/* ---- the pod ---- */

static json_t *secrets_json(const struct pod_case *known)
{
    json_t *list = json_array();

    for (size_t i = 0; i < known->secret_count; i++)
        append_member(list, json_pack("{s:s, s:s, s:o}", "name", known->secrets[i].name, "state",
                                      secret_state_name(known->secrets[i].state), "reason",
                                      report_json_text(known->secrets[i].why)));
    return list;
}

static json_t *annotations_json(const struct pull_annotations *annotations)
{
    json_t *list = json_array();

    for (size_t i = 0; i < ANNOTATION_COUNT; i++)
        if (annotations->list[i].value)
            append_member(list, json_pack("{s:s, s:o, s:s}", "name",
                                          annotation_name((enum pull_annotation)i), "value",
                                          peer_json_string(annotations->list[i].value), "origin",
                                          annotation_origin_name(annotations->list[i].origin)));
    return list;
}

static json_t *pod_json(const struct pod_case *known)
{
    const struct pod *pod = &known->pod;

    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "namespace", pod->namespace,
                     "name", pod->name, "uid", report_json_text(pod->uid), "node",
                     report_json_text(pod->node), "service_account",
                     report_json_text(pod->service_account), "secrets_of_service_account",
                     json_boolean(known->account_of_secrets), "secrets", secrets_json(known),
                     "annotations", annotations_json(&pod->annotations));
}

/* ---- containers ---- */

static json_t *errors_json(const struct pull_errors *errors, const char *docs_url)
{
    json_t *list = json_array();

    for (size_t i = 0; errors && i < errors->count; i++) {
        const struct pull_error *error = &errors->list[i];
        const char *docs =
            error->recognised ? cause_link(error->cause, docs_url, errors->arena) : NULL;
        append_member(list, explain_json_error(error, docs));
    }
    return list;
}

static json_t *check_json(const struct diagnose_output *output, size_t index)
{
    const struct container_answer *answer = &output->answer->containers[index];
    const struct planned_image *planned = &output->plan->images[index];

    if (!answer->checked)
        return json_null();
    return json_pack("{s:I, s:s, s:s, s:s, s:b}", "target", (json_int_t)planned->target, "status",
                     severity_name(answer->status), "cause", cause_name(answer->cause),
                     "confidence", confidence_name(answer->confidence), "network_only",
                     (int)answer->network_only);
}

static json_t *container_json(const struct diagnose_output *output, size_t index)
{
    const struct pod_case *known = output->known;
    const struct pod_container *container = &known->pod.containers[index];
    const struct container_answer *answer = &output->answer->containers[index];
    const char *cause =
        answer->pull && answer->pull->recognised ? cause_name(answer->pull->cause) : NULL;

    return json_pack(
        "{s:o, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:s}", "name",
        report_json_text(container->name), "kind", container_kind_name(container->kind), "image",
        report_json_text(container->image), "waiting", report_json_text(container->waiting),
        "started", (int)container->started, "cause", report_json_text(cause), "errors",
        errors_json(known->pulls[index], output->settings->network.docs_url), "check",
        check_json(output, index), "not_checked",
        report_json_text(output->plan->images[index].why_not), "agreement",
        agreement_name(answer->agreement));
}

static json_t *containers_json(const struct diagnose_output *output)
{
    json_t *list = json_array();

    for (size_t i = 0; output->answer && i < output->known->pod.container_count; i++)
        append_member(list, container_json(output, i));
    return list;
}

/* ---- rights, notes, commands ---- */

static json_t *rights_json(const struct pod_case *known)
{
    json_t *list = json_array();

    for (size_t i = 0; i < known->right_count; i++) {
        const struct missing_right *right = &known->rights[i];
        append_member(list, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "verb", right->verb,
                                      "group", right->group, "resource", right->resource,
                                      "namespace", report_json_text(right->namespace), "name",
                                      report_json_text(right->name), "rule",
                                      report_json_text(advise_rule(right, known->arena))));
    }
    return list;
}

static json_t *notes_json(const struct pod_case *known)
{
    json_t *list = json_array();

    for (size_t i = 0; i < known->note_count; i++)
        append_member(list, json_string(known->notes[i]));
    return list;
}

typedef void advise_fn(struct shell_line *line, const struct pod_case *known,
                       const struct settings *settings, size_t index);

static void append_command(json_t *list, const struct diagnose_output *output, advise_fn *advise,
                           size_t index)
{
    struct shell_line line = {.arena = output->known->arena};

    advise(&line, output->known, output->settings, index);
    append_member(list, report_json_text(shell_line_joined(&line)));
}

static json_t *commands_json(const struct diagnose_output *output)
{
    json_t *debug = json_array();
    json_t *save = json_array();
    json_t *check = json_array();

    for (size_t i = 0; output->answer && i < output->settings->target_count; i++) {
        if (!advise_is_first(output->settings, i))
            continue;
        append_command(debug, output, advise_debug, i);
        append_command(check, output, advise_check, i);
    }
    for (size_t i = 0; output->answer && i < output->known->secret_count; i++) {
        struct shell_line line = {.arena = output->known->arena};
        advise_save_key(&line, output->known, i);
        if (line.count)
            append_member(save, report_json_text(shell_line_joined(&line)));
    }
    return json_pack("{s:o, s:o, s:o}", "debug", debug, "save_keys", save, "check", check);
}

json_t *diagnose_json(const struct diagnose_output *output)
{
    const struct pod_answer *answer = output->answer;
    json_t *targets = json_array();

    for (size_t i = 0; answer && i < answer->report_count; i++)
        append_member(targets, report_json_target(&answer->reports[i]));
    json_t *document = report_json(answer ? answer->status : SEVERITY_UNKNOWN, targets);
    json_t *more =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "source",
                  output->known->from_cluster ? "cluster" : "document", "pod",
                  pod_json(output->known), "containers", containers_json(output), "missing_rights",
                  rights_json(output->known), "trouble", report_json_text(output->known->trouble),
                  "notes", notes_json(output->known), "commands", commands_json(output));
    bool whole = document && more && json_object_update(document, more) == 0;
    json_decref(more);
    if (whole)
        return document;
    json_decref(document);
    return NULL;
}
