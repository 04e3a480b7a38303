/* SPDX-License-Identifier: MIT */
#include "daemon/commands/diagnose_event.h"

#include "config/base/clock.h"
#include "daemon/commands/diagnose_cluster.h"
#include "daemon/kubernetes/event_sender.h"
#include "probes/libraries.h"

struct event_writer {
    struct pod_case *known;
    const struct service_account *account;
    bool written;
};

static void diagnose_event_answered(const struct cluster_request *request,
                                    const struct cluster_status *status, void *context)
{
    struct event_writer *writer = context;

    if (status->outcome == CLUSTER_OK)
        writer->written |= request->verb == CLUSTER_CREATE || request->verb == CLUSTER_PATCH;
    else if (status->outcome == CLUSTER_EXISTS)
        writer->written = true; /* it says the same */
    else
        pod_case_add_failure(writer->known, writer->account, request, status);
}

/* The part of the pod that the Event is about, as the kubelet writes it. */
static const char *field_path(const struct pod_container *container, struct arena *arena)
{
    static const char *const lists[] = {
        [CONTAINER_INIT] = "initContainers",
        [CONTAINER_SIDECAR] = "initContainers",
        [CONTAINER_ORDINARY] = "containers",
        [CONTAINER_EPHEMERAL] = "ephemeralContainers",
    };

    if (!cluster_name_is_valid(container->name))
        return NULL;
    return arena_format(arena, "spec.%s{%s}", lists[container->kind], container->name);
}

/* The first container whose check has this status; the number of containers if none has. */
static size_t find_container(const struct pod_case *known, const struct pod_answer *answer,
                             enum severity status)
{
    size_t i = 0;

    while (i < known->pod.container_count &&
           !(answer->containers[i].checked && answer->containers[i].status == status))
        i++;
    return i;
}

static void write_news(struct event_writer *writer, const struct event_pod *pod,
                       const struct event_news *news)
{
    struct event_base *base = libraries_new_loop();
    struct event_sender_options options = {.account = *writer->account,
                                           .pod = *pod,
                                           .answered = diagnose_event_answered,
                                           .context = writer};
    struct event_sender *sender = base ? event_sender_new(base, &options) : NULL;

    if (sender && event_sender_tell(sender, news))
        while (!event_sender_is_idle(sender) && event_base_loop(base, EVLOOP_ONCE) == 0)
            continue;
    event_sender_free(sender);
    if (base)
        event_base_free(base);
}

void pod_case_write_event(struct pod_case *known, const struct service_account *account,
                          const struct check_plan *plan, const struct pod_answer *answer)
{
    struct event_writer writer = {.known = known, .account = account};
    bool blocked = answer->status == SEVERITY_FAIL;
    size_t index = find_container(known, answer, blocked ? SEVERITY_FAIL : SEVERITY_OK);

    if ((!blocked && answer->status != SEVERITY_OK) || index == known->pod.container_count) {
        pod_case_note(known, "No Event was written, because the check does not tell whether the "
                             "pull works.");
        return;
    }
    const struct target_report *report = &answer->reports[plan->images[index].target];
    const struct finding *finding = &report->diagnosis->findings[0];
    struct event_pod pod = {.name = known->pod.name,
                            .space = known->pod.namespace,
                            .uid = known->pod.uid,
                            .field_path = field_path(&known->pod.containers[index], known->arena)};
    struct event_news news = {.target = report->target->host,
                              .blocked = blocked,
                              .cause = cause_name(finding->cause),
                              .sentence = finding->summary,
                              .step = finding_first_step(finding),
                              .at = clock_wall()};

    if (event_pod_is_valid(&pod))
        write_news(&writer, &pod, &news);
    if (writer.written)
        pod_case_note(known,
                      "The answer is an Event of the pod now: kubectl describe pod -n %s %s "
                      "shows it.",
                      known->pod.namespace, known->pod.name);
    else if (!known->right_count && !known->trouble)
        known->trouble = "the Event could not be written";
}
