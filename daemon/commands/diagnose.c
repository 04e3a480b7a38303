/* SPDX-License-Identifier: MIT */
/* diagnose: why the images of a pod cannot be pulled. Reads the pod, checks its images, compares.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/diagnose_cluster.h"
#include "daemon/commands/diagnose_event.h"
#include "daemon/commands/diagnose_output.h"
#include "daemon/commands/explain_pods.h"
#include "daemon/commands/measure.h"
#include "daemon/kubernetes/cluster_request.h"
#include "daemon/system/secrecy.h"

#define OUTPUT_LIMIT ((size_t)64 * 1024 * 1024)
#define READ_SIZE    65536

static const char no_memory[] = "UNKNOWN - not enough memory to diagnose the pod\n";

/* ---- the document on standard input ---- */

/* False after a message. */
static bool read_pod_document(struct text *document)
{
    static char part[READ_SIZE];
    ssize_t got = READ_SIZE;

    if (isatty(STDIN_FILENO))
        fputs("Paste the output of kubectl get pod POD -o json, then Ctrl-D:\n", stderr);
    while (got == READ_SIZE && !text_truncated(document)) {
        got = command_read_input(part, sizeof(part));
        if (got > 0)
            text_append_bytes(document, part, (size_t)got);
    }
    if (text_truncated(document))
        fprintf(stderr, "tcr-probe: standard input has more than %zu MB\n",
                EXPLAIN_PODS_MAX / 1024 / 1024);
    return got >= 0 && !text_truncated(document);
}

static bool read_from_document(struct pod_case *known)
{
    struct text document = TEXT_WITH_LIMIT(EXPLAIN_PODS_MAX);
    const char *wrong = NULL;
    bool whole = read_pod_document(&document);

    if (whole)
        wrong = pod_case_read_document(known, text_string(&document), document.length);
    if (wrong)
        fprintf(stderr, "tcr-probe: %s\n", wrong);
    text_free(&document);
    return whole && !wrong;
}

/* ---- the cluster ---- */

/* The namespace of the pod in which this program runs; NULL: it cannot be read. */
static const char *own_namespace(struct arena *arena)
{
    char line[CLUSTER_NAME_SIZE + 1] = "";
    FILE *file = fopen(SERVICE_ACCOUNT_FOLDER "/namespace", "re");

    if (file && !fgets(line, sizeof(line), file))
        line[0] = '\0';
    if (file)
        fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return *line ? arena_copy_text(arena, line) : NULL;
}

/* "[NAMESPACE/]POD"; the namespace is this program's own if none is given. False after a message.
 */
static bool split_name(struct pod_case *known, const char *operand, const char **ret_namespace,
                       const char **ret_name)
{
    const char *slash = strchr(operand, '/');

    if (slash)
        *ret_namespace = arena_copy_bytes(known->arena, operand, (size_t)(slash - operand));
    else
        *ret_namespace = own_namespace(known->arena);
    *ret_name = slash ? slash + 1 : operand;
    if (!*ret_namespace)
        *ret_namespace = "default";
    if (cluster_name_is_valid(*ret_namespace) && cluster_name_is_valid(*ret_name))
        return true;
    fputs("tcr-probe: name the pod as POD or NAMESPACE/POD, in lower case\n", stderr);
    return false;
}

/* False after a message, or with the reason in `known`. */
static bool read_from_cluster(struct pod_case *known, const struct invocation *invocation,
                              struct service_account *account)
{
    const char *namespace;
    const char *name;

    if (!split_name(known, invocation->pod, &namespace, &name))
        return false;
    const char *wrong = service_account_find(NULL, account);
    if (wrong) {
        fprintf(stderr,
                "tcr-probe: %s, so no cluster can be read from here. Run it in a pod of the "
                "cluster, as kubernetes/diagnose does, or give it the document:\n"
                "  kubectl get pod -n %s %s -o json | tcr-probe diagnose -\n",
                wrong, namespace, name);
        return false;
    }
    secrecy_begin();
    return pod_case_read_cluster(known, account, namespace, name, invocation->no_secrets);
}

/* ---- the answer ---- */

static int publish_answer(const struct invocation *invocation, const struct diagnose_output *output)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);
    uint64_t failures = memory_failures();
    struct report_style style = command_style(invocation);
    enum severity status = output->answer ? output->answer->status : SEVERITY_UNKNOWN;

    if (invocation->format == FORMAT_JSON) {
        if (!report_json_append(&text, diagnose_json(output), JSON_INDENT(2)))
            text.truncated = true;
        text_append(&text, "\n");
    } else {
        diagnose_text(&text, output, &style);
    }
    return command_publish(&text, command_status(status), failures);
}

/* Everything about one call of the command. */
struct diagnosing {
    const struct invocation *invocation;
    struct settings *settings;
    struct pod_case *known;
    struct service_account account; /* in a cluster */
    struct check_plan plan;
};

static int answer_pod(struct diagnosing *call, const struct evidence *const *evidence)
{
    struct diagnose_output output = {call->known, &call->plan, call->settings, NULL};
    struct pod_answer *answer = pod_answer_new(call->known, &call->plan, call->settings, evidence);
    int status = COMMAND_STATUS_UNKNOWN;

    if (!answer) {
        fputs(no_memory, stderr);
        return status;
    }
    if (call->invocation->write_event) {
        pod_case_write_event(call->known, &call->account, &call->plan, answer);
        pod_answer_settle(answer, call->known);
    }
    output.answer = answer;
    status = publish_answer(call->invocation, &output);
    pod_answer_free(answer);
    return status;
}

static int check_pod(struct diagnosing *call, const struct measurement *measurement)
{
    const struct evidence *evidence[POD_MAX_CONTAINERS] = {NULL};

    for (size_t i = 0; i < call->settings->target_count; i++) {
        if (!measurement_get(measurement, i, &evidence[i]))
            fputs("tcr-probe: interrupted before every registry was probed\n", stderr);
        else if (!evidence[i])
            fputs(no_memory, stderr);
        if (!evidence[i])
            return COMMAND_STATUS_UNKNOWN;
    }
    return answer_pod(call, evidence);
}

static int diagnose_pod(struct diagnosing *call)
{
    int status = COMMAND_STATUS_UNKNOWN;

    if (!pod_case_read_pulls(call->known, &call->settings->network) ||
        !check_plan_make(&call->plan, call->known, call->settings) ||
        arena_failed(call->known->arena)) { /* a text of the pod may be lost */
        fputs(no_memory, stderr);
        return status;
    }
    struct measurement *measurement = measure(call->invocation, call->settings);
    if (measurement)
        status = check_pod(call, measurement);
    measurement_free(measurement);
    return status;
}

static bool read_pod_case(struct diagnosing *call)
{
    if (strcmp(call->invocation->pod, "-") != 0)
        return read_from_cluster(call->known, call->invocation, &call->account);
    if (!call->invocation->write_event)
        return read_from_document(call->known);
    fputs("tcr-probe: --write-event: a document has no pod to write to; name the pod\n", stderr);
    return false;
}

int command_diagnose(const struct invocation *invocation, struct settings *settings)
{
    struct diagnosing call = {invocation, settings, .known = pod_case_new()};
    int status = COMMAND_STATUS_UNKNOWN;

    if (!call.known)
        fputs(no_memory, stderr);
    else if (read_pod_case(&call))
        status = diagnose_pod(&call);
    else if (call.known->from_cluster)
        status =
            publish_answer(invocation, &(struct diagnose_output){call.known, NULL, settings, NULL});
    pod_case_free(call.known);
    return status;
}
