/* SPDX-License-Identifier: MIT */
/* The answer about a pod for a person: the report of its check, with the pull's errors below the
 * first line, and behind it from where it was checked and how to check from the pod. */

#include <string.h>

#include "daemon/commands/diagnose_advice.h"
#include "daemon/commands/diagnose_output.h"
#include "daemon/report/vantage.h"

#define TEXT_LIMIT  ((size_t)1024 * 1024)
#define LABEL       9   /* columns of "  check  " */
#define TAIL        66  /* longest part of an error, in bytes, that fits after its label */
#define MAX_MESSAGE 200 /* bytes of a message without a known cause */
#define MAX_SHOWN   6   /* containers whose trouble is told one by one */
#define MIN_HEIGHT  12  /* lines that the report of the check gets in any case */

static void append_labelled(struct text *text, const char *label, const char *words, size_t width)
{
    text_append_format(text, "  %-*s", LABEL - 2, label);
    report_wrapped(text, words, LABEL, width);
}

/* ---- containers ---- */

/* The end of an error, which names the failure: from after the last ": " that leaves enough. */
static const char *error_tail(const char *error)
{
    const char *tail = error;

    for (const char *at = error; strlen(tail) > TAIL && (at = strstr(at, ": ")); at += 2)
        tail = at + 2;
    return *tail ? tail : error;
}

/* The error without the kubelet's reason in front of it. */
static const char *without_reason(const char *error, const char *reason)
{
    size_t length = reason ? strlen(reason) : 0;

    return length && strncmp(error, reason, length) == 0 && strncmp(error + length, ": ", 2) == 0
               ? error + length + 2
               : error;
}

static void append_pull(struct text *text, const char *name, const struct container_answer *answer,
                        const struct pod_container *container, size_t width)
{
    const struct pull_error *pull = answer->pull;
    struct text line = TEXT_WITH_LIMIT(4096);

    text_append_format(&line, "%s: ", name);
    if (pull && pull->recognised)
        text_append_format(&line, "%s (%s)",
                           error_tail(without_reason(pull->text, container->waiting)),
                           cause_name(pull->cause));
    else if (container->message)
        text_append_peer(&line, container->message, strlen(container->message), MAX_MESSAGE);
    else
        text_append(&line, pull ? pull->text : container->waiting);
    append_labelled(text, "pull", text_string(&line), width);
    text_free(&line);
}

static void append_check(struct text *text, const char *name, const struct container_answer *answer,
                         const struct planned_image *planned, size_t width)
{
    struct text line = TEXT_WITH_LIMIT(4096);

    text_append_format(&line, "%s: ", name);
    if (!answer->checked)
        text_append_format(&line, "not checked: %s", planned->why_not);
    else
        text_append_format(&line, "%s (%s)%s", cause_name(answer->cause),
                           confidence_name(answer->confidence),
                           answer->network_only ? ", network only: the keys were not read" : "");
    append_labelled(text, "check", text_string(&line), width);
    text_free(&line);
}

static const char *name_of(const struct pod_container *container)
{
    return container->name ? container->name : "unnamed";
}

/* Three lines for each container whose pull failed; how many there are. */
static size_t append_failed_pulls(struct text *text, const struct diagnose_output *output,
                                  size_t width)
{
    const struct pod *pod = &output->known->pod;
    size_t count = 0;

    for (size_t i = 0; i < pod->container_count; i++) {
        const struct container_answer *answer = &output->answer->containers[i];
        const struct pod_container *container = &pod->containers[i];
        if ((!answer->pull && !container->waiting) || count++ >= MAX_SHOWN)
            continue;
        append_pull(text, name_of(container), answer, container, width);
        append_check(text, name_of(container), answer, &output->plan->images[i], width);
        append_labelled(text, "so", agreement_sentence(answer->agreement), width);
    }
    if (count > MAX_SHOWN)
        text_append_format(text, "  %-*s%zu containers; --format json lists them all\n", LABEL - 2,
                           "and", count - MAX_SHOWN);
    return count;
}

/* One line for the containers whose pull has not failed, and whose check did (not) find trouble. */
static void append_others(struct text *text, const struct diagnose_output *output, bool fine,
                          const char *label, const char *end, size_t width)
{
    const struct pod *pod = &output->known->pod;
    struct text line = TEXT_WITH_LIMIT(2048);

    for (size_t i = 0; i < pod->container_count; i++) {
        const struct container_answer *answer = &output->answer->containers[i];
        bool is_fine = !answer->checked || answer->status == SEVERITY_OK;
        if (!answer->pull && !pod->containers[i].waiting && is_fine == fine)
            text_append_format(&line, "%s%s", line.length ? ", " : "",
                               name_of(&pod->containers[i]));
    }
    if (line.length) {
        text_append_format(&line, ": %s", end);
        append_labelled(text, label, text_string(&line), width);
    }
    text_free(&line);
}

static void append_containers(struct text *text, const struct diagnose_output *output, size_t width)
{
    const char *label = append_failed_pulls(text, output, width) ? "also" : "pull";

    append_others(text, output, false, label,
                  "no failed pull is known, but a new one would have trouble here", width);
    append_others(text, output, true, label, "no failed pull is known", width);
}

/* ---- what is behind the report ---- */

static void append_secrets(struct text *text, const struct pod_case *known, size_t width)
{
    static const char *const words[] = {
        [SECRET_READ] = "read",
        [SECRET_NOT_READ] = "not read",
        [SECRET_NOT_FOUND] = "does not exist, so the kubelet pulls without it",
        [SECRET_REFUSED] = "no right to read it",
        [SECRET_FAILED] = "could not be read",
        [SECRET_NO_KEY] = "is of another type, so the kubelet skips it",
        [SECRET_INVALID] = "is no docker config, so the kubelet refuses every pull of this pod",
    };
    struct text line = TEXT_WITH_LIMIT(8192);

    for (size_t i = 0; i < known->secret_count; i++)
        text_append_format(&line, "%s%s (%s)", i ? ", " : "Secrets: ", known->secrets[i].name,
                           words[known->secrets[i].state]);
    if (known->secret_count)
        report_wrapped(text, text_string(&line), 0, width);
    text_free(&line);
}

/* The lines of a value behind each other. */
static void append_one_line(struct text *text, const char *value)
{
    const char *separator = "";

    while (*value) {
        size_t length = strcspn(value, "\r\n");
        if (length) {
            text_append(text, separator);
            text_append_peer(text, value, length, 200);
            separator = "; ";
        }
        value += length + (value[length] != '\0');
    }
}

static void append_annotations(struct text *text, const struct pod_case *known, size_t width)
{
    for (size_t i = 0; i < ANNOTATION_COUNT; i++) {
        struct text line = TEXT_WITH_LIMIT(4096);
        const char *value = known->pod.annotations.list[i].value;
        if (!value)
            continue;
        text_append_format(&line, "%s: ", annotation_name((enum pull_annotation)i));
        append_one_line(&line, value);
        text_append_format(&line, " (of the %s)",
                           annotation_origin_name(known->pod.annotations.list[i].origin));
        report_wrapped(text, text_string(&line), 2, width);
        text_free(&line);
    }
}

static void append_notes(struct text *text, const struct pod_case *known, size_t width)
{
    struct text line = TEXT_WITH_LIMIT(4096);

    append_secrets(text, known, width);
    if (known->account_of_secrets)
        text_append_format(&line,
                           "The pod names no Secret. These are of its service account %s, so the "
                           "pod is older than they are: create it again, because the kubelet uses "
                           "only those that the pod names.",
                           known->account_of_secrets);
    if (line.length)
        report_wrapped(text, text_string(&line), 0, width);
    text_clear(&line);
    for (size_t i = 0; i < known->note_count; i++)
        report_wrapped(text, known->notes[i], 0, width);
    if (known->trouble) {
        text_append_format(&line, "Not everything could be read: %s.", known->trouble);
        report_wrapped(text, text_string(&line), 0, width);
        text_clear(&line);
    }
    if (known->other_pods)
        text_append_format(&line, "Not looked at: %s. Give one pod at a time.", known->other_pods);
    if (line.length)
        report_wrapped(text, text_string(&line), 0, width);
    text_free(&line);
}

/* The rights that are missing, as rules to paste, first those of a namespace. */
static void append_rights(struct text *text, const struct pod_case *known)
{
    for (int cluster = 0; cluster < 2; cluster++) {
        const char *namespace = NULL;
        bool titled = false;
        for (size_t i = 0; i < known->right_count; i++) {
            const struct missing_right *right = &known->rights[i];
            if ((right->namespace == NULL) != (cluster == 1))
                continue;
            if (!titled || (namespace && strcmp(namespace, right->namespace) != 0))
                text_append_format(text,
                                   cluster ? "Missing right; add this to a ClusterRole%s%s:\n"
                                           : "Missing right; add this to a Role in %s%s:\n",
                                   cluster ? "" : right->namespace, "");
            titled = true;
            namespace = right->namespace;
            text_append_format(text, "  %s\n", advise_rule(right, known->arena));
        }
    }
}

static void append_vantage(struct text *text, const struct diagnose_output *output, size_t width)
{
    struct text line = TEXT_WITH_LIMIT(4096);
    json_t *vantage = vantage_json();
    const char *host = json_string_value(json_object_get(vantage, "hostname"));
    const json_t *addresses = json_object_get(vantage, "source_addresses");
    const char *address = json_string_value(json_array_get(addresses, 0));
    const struct pod *pod = &output->known->pod;

    text_append_format(&line, "Checked from %s%s%s%s, not from %s",
                       host && *host ? host : "this machine", address ? " (" : "",
                       address ? address : "", address ? ")" : "", pod->name);
    if (pod->node)
        text_append_format(&line, " on %s", pod->node);
    text_append(&line, ": it tells about the pod only if subnet, security group and resolvers are "
                       "the same. To look from the pod:");
    report_wrapped(text, text_string(&line), 0, width);
    text_free(&line);
    json_decref(vantage);
}

static void append_shell_line(struct text *text, const struct shell_line *line, size_t width)
{
    if (line->count)
        shell_line_write(text, line, 2, width);
}

/* One command for all targets with the same settings. */
static void append_for_targets(struct text *text, const struct diagnose_output *output,
                               void (*advise)(struct shell_line *line, const struct pod_case *known,
                                              const struct settings *settings, size_t index),
                               size_t width)
{
    for (size_t i = 0; i < output->settings->target_count; i++) {
        struct shell_line line = {.arena = output->known->arena};
        if (!advise_is_first(output->settings, i))
            continue;
        advise(&line, output->known, output->settings, i);
        append_shell_line(text, &line, width);
    }
}

static void append_commands(struct text *text, const struct diagnose_output *output, size_t width)
{
    const struct pod_case *known = output->known;

    append_for_targets(text, output, advise_debug, width);
    if (!output->plan->keyless)
        return;
    text_append(text, "To check with the pod's keys, from a place like the pod's:\n");
    for (size_t i = 0; i < known->secret_count; i++) {
        struct shell_line line = {.arena = known->arena};
        advise_save_key(&line, known, i);
        append_shell_line(text, &line, width);
    }
    append_for_targets(text, output, advise_check, width);
}

static void append_rest(struct text *text, const struct diagnose_output *output, size_t width)
{
    const struct pod_case *known = output->known;

    append_rights(text, known);
    append_notes(text, known, width);
    append_annotations(text, known, width);
    if (!output->settings->target_count)
        return;
    append_vantage(text, output, width);
    append_commands(text, output, width);
}

/* ---- the whole ---- */

static size_t count_lines(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += *text == '\n';
    return count;
}

/* Without any image to check: the pull's error and its steps are the answer. */
static void append_unchecked(struct text *text, const struct diagnose_output *output,
                             const struct report_style *style)
{
    const struct pod *pod = &output->known->pod;
    struct text line = TEXT_WITH_LIMIT(TEXT_LIMIT);
    const struct pull_error *told = NULL;

    for (size_t i = 0; !told && i < pod->container_count; i++)
        told = output->answer->containers[i].pull;
    if (told && told->recognised)
        text_append_format(&line, " - %s/%s: %s (%s)", pod->namespace, pod->name, told->summary,
                           cause_name(told->cause));
    else
        text_append_format(&line, " - %s/%s: no image of this pod can be checked", pod->namespace,
                           pod->name);
    report_headline(text, style, output->answer->status, text_string(&line));
    text_free(&line);
    if (style->quiet)
        return;
    text_append(text, "\n");
    append_containers(text, output, style->width);
    if (told && told->remedy_count)
        text_append(text, "\nHow to fix it:\n");
    for (size_t i = 0; told && i < told->remedy_count; i++) {
        text_append_format(text, "  %2zu. ", i + 1);
        report_wrapped(text, told->remedy[i], 6, style->width);
    }
}

/* Nothing is known about the pod, because the cluster did not give it. */
static void append_unknown(struct text *text, const struct diagnose_output *output,
                           const struct report_style *style)
{
    const struct pod_case *known = output->known;
    struct text line = TEXT_WITH_LIMIT(TEXT_LIMIT);

    text_append_format(&line, " - %s/%s: %s", known->pod.namespace, known->pod.name,
                       known->right_count ? "a right to read it is missing"
                       : known->trouble   ? known->trouble
                                          : "the pod could not be read");
    report_headline(text, style, SEVERITY_UNKNOWN, text_string(&line));
    text_free(&line);
    if (!style->quiet)
        append_rights(text, known);
}

/* The first line again, because it has scrolled away. */
static void append_answer_again(struct text *text, const struct diagnose_output *output,
                                const struct report_style *style)
{
    const char *begin = text_string(text);
    struct text line = TEXT_WITH_LIMIT(TEXT_LIMIT);

    if (output->answer->report_count == 1)
        report_summary_line(&line, &output->answer->reports[0]);
    else
        text_append_bytes(&line, begin, strcspn(begin, "\n"));
    text_append(text, "\n");
    report_wrapped(text, text_string(&line), 0, style->width);
    text_free(&line);
}

void diagnose_text(struct text *text, const struct diagnose_output *output,
                   const struct report_style *style)
{
    struct text preface = TEXT_WITH_LIMIT(TEXT_LIMIT);
    struct text rest = TEXT_WITH_LIMIT(TEXT_LIMIT);
    struct text subject = TEXT_WITH_LIMIT(1024);
    struct report_style adjusted = *style;

    if (!output->answer) {
        append_unknown(text, output, style);
        return;
    }
    if (!style->quiet)
        append_rest(&rest, output, style->width);
    if (!output->answer->report_count) {
        append_unchecked(text, output, style);
    } else {
        append_containers(&preface, output, style->width);
        text_append_format(&subject, "%s/%s: ", output->known->pod.namespace,
                           output->known->pod.name);
        adjusted.subject = text_string(&subject);
        adjusted.preface = text_string(&preface);
        size_t behind = rest.length ? count_lines(text_string(&rest)) + 1 : 0;
        adjusted.height =
            style->height > behind + MIN_HEIGHT ? style->height - (unsigned)behind : MIN_HEIGHT;
        report_text(text, output->answer->reports, output->answer->report_count, &adjusted);
    }
    if (rest.length)
        text_append_format(text, "\n%s", text_string(&rest));
    if (style->terminal && rest.length && count_lines(text_string(text)) >= style->height)
        append_answer_again(text, output, style);
    text->truncated |= text_truncated(&preface) || text_truncated(&rest);
    text_free(&subject);
    text_free(&preface);
    text_free(&rest);
}
