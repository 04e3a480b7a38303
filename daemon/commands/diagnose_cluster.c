/* SPDX-License-Identifier: MIT */
#include "daemon/commands/diagnose_cluster.h"

#include <string.h>

#include "daemon/kubernetes/document.h"
#include "probes/libraries.h"
#include "probes/registry/base64.h"
#include "probes/registry/credentials.h"

#define EKS_CONFIG_KEY "pod.annotations"

struct cluster_reader {
    struct event_base *base;
    const struct service_account *account;
    struct pod_case *known;
    /* The request in progress. */
    const struct cluster_request *request;
    void (*take)(struct cluster_reader *reader, json_t *document);
    enum cluster_outcome outcome;
    struct pull_secret *secret;
};

/* ---- one request ---- */

static void add_right(struct pod_case *known, const struct cluster_request *request)
{
    const struct cluster_resource *resource = &request->resource;

    if (known->right_count == CASE_MAX_RIGHTS)
        return;
    known->rights[known->right_count++] = (struct missing_right){
        .verb = cluster_verb_name(request->verb),
        .group = resource->group,
        .resource = resource->plural,
        .namespace = arena_copy_text(known->arena, resource->space),
        .name = request->verb == CLUSTER_GET || request->verb == CLUSTER_PATCH
                    ? arena_copy_text(known->arena, resource->name)
                    : NULL,
    };
}

/* Only the first trouble: the next requests would have the same. */
static void add_trouble(struct pod_case *known, const struct service_account *account,
                        const struct cluster_request *request, const struct cluster_status *status)
{
    const char *name = request->resource.name;
    char server[ENDPOINT_TEXT_SIZE];

    if (known->trouble)
        return;
    known->trouble =
        arena_format(known->arena, "the API server %s could not %s %s%s%s: %s",
                     endpoint_format(&account->server, server), cluster_verb_name(request->verb),
                     request->resource.plural, name ? " " : "", name ? name : "",
                     status->detail ? status->detail : cluster_outcome_name(status->outcome));
}

void pod_case_add_failure(struct pod_case *known, const struct service_account *account,
                          const struct cluster_request *request,
                          const struct cluster_status *status)
{
    if (status->outcome == CLUSTER_FORBIDDEN)
        add_right(known, request);
    else
        add_trouble(known, account, request, status);
}

static void cluster_answered(const struct cluster_status *status, bool last, void *context)
{
    struct cluster_reader *reader = context;

    reader->outcome = status->outcome;
    if (status->outcome == CLUSTER_OK)
        reader->take(reader, status->document);
    else if (status->outcome != CLUSTER_NOT_FOUND)
        pod_case_add_failure(reader->known, reader->account, reader->request, status);
    if (last)
        event_base_loopbreak(reader->base);
}

static enum cluster_outcome ask_cluster(struct cluster_reader *reader,
                                        const struct cluster_request *request,
                                        void (*take)(struct cluster_reader *reader,
                                                     json_t *document))
{
    reader->request = request;
    reader->take = take;
    reader->outcome = CLUSTER_LOCAL;
    struct cluster_call *call =
        cluster_call_start(reader->base, reader->account, request, cluster_answered, reader);
    if (call)
        event_base_dispatch(reader->base);
    cluster_call_free(call);
    return reader->outcome;
}

static enum cluster_outcome get(struct cluster_reader *reader, const char *plural,
                                const char *namespace, const char *name,
                                void (*take)(struct cluster_reader *reader, json_t *document))
{
    struct cluster_request request = {
        .verb = CLUSTER_GET,
        .resource =
            {.group = "", .version = "v1", .plural = plural, .space = namespace, .name = name},
    };

    return ask_cluster(reader, &request, take);
}

/* ---- pod and Events ---- */

static void take_pod(struct cluster_reader *reader, json_t *document)
{
    struct pod_case *known = reader->known;
    struct pod *pod = arena_allocate(known->arena, sizeof(*pod));

    if (pod && pod_read(document, known->arena, pod) && pod_is_addressable(pod))
        known->pod = *pod;
    else
        known->trouble = "the API server's answer is not a pod";
}

static void take_events(struct cluster_reader *reader, json_t *document)
{
    size_t i;
    json_t *event;

    json_array_foreach(json_object_get(document, "items"), i, event)
    {
        pull_events_add(&reader->known->events, event, &reader->known->pod, reader->known->arena);
    }
}

static void read_events(struct cluster_reader *reader)
{
    const struct pod *pod = &reader->known->pod;
    struct cluster_request request = {
        .verb = CLUSTER_LIST,
        .resource = {.group = "", .version = "v1", .plural = "events", .space = pod->namespace},
        .field_selector = arena_format(reader->known->arena,
                                       "involvedObject.kind=Pod,involvedObject.name=%s", pod->name),
    };

    ask_cluster(reader, &request, take_events);
    pull_events_sort(&reader->known->events);
}

/* ---- Secrets ---- */

static void take_service_account(struct cluster_reader *reader, json_t *document)
{
    struct pod_case *known = reader->known;

    known->pod.secret_count = pod_read_secret_names(peer_json_member(document, "imagePullSecrets"),
                                                    known->arena, known->pod.secrets);
    if (known->pod.secret_count)
        known->account_of_secrets = known->pod.service_account;
}

/* The member that a Secret of this type has its keys in; the kubelet skips other types. */
static const char *member_of_type(const char *type)
{
    if (type && strcmp(type, "kubernetes.io/dockerconfigjson") == 0)
        return ".dockerconfigjson";
    if (type && strcmp(type, "kubernetes.io/dockercfg") == 0)
        return ".dockercfg";
    return NULL;
}

static void take_secret(struct cluster_reader *reader, json_t *document)
{
    struct pull_secret *secret = reader->secret;
    struct arena *keys = reader->known->keys;
    const char *member = member_of_type(peer_json_text(document, "type"));
    const char *encoded = NULL;
    struct keyring keyring = {0};
    size_t length = 0;

    if (member)
        encoded = peer_json_text(json_object_get(document, "data"), member);
    if (!encoded || !*encoded) {
        secret->state = SECRET_NO_KEY;
        return;
    }
    char *bytes = base64_decode(encoded, strlen(encoded), keys, &length);
    secret->content = (struct docker_config_content){bytes, length};
    secret->why = bytes ? keyring_parse(&keyring, bytes, length, keys) : "it is not base64";
    secret->state = secret->why ? SECRET_INVALID : SECRET_READ;
}

static void read_secrets(struct cluster_reader *reader, bool no_secrets)
{
    struct pod_case *known = reader->known;
    const struct pod *pod = &known->pod;

    if (!pod->secret_count && !no_secrets && cluster_name_is_valid(pod->service_account))
        get(reader, "serviceaccounts", pod->namespace, pod->service_account, take_service_account);
    pod_case_take_secrets(known, no_secrets ? SECRET_NOT_READ : SECRET_FAILED);
    for (size_t i = 0; !no_secrets && i < known->secret_count; i++) {
        reader->secret = &known->secrets[i];
        enum cluster_outcome outcome =
            get(reader, "secrets", pod->namespace, known->secrets[i].name, take_secret);
        if (outcome == CLUSTER_FORBIDDEN)
            known->secrets[i].state = SECRET_REFUSED;
        else if (outcome == CLUSTER_NOT_FOUND)
            known->secrets[i].state = SECRET_NOT_FOUND;
    }
}

/* ---- annotations ---- */

static void take_node(struct cluster_reader *reader, json_t *document)
{
    annotations_add(&reader->known->pod.annotations,
                    peer_json_member(json_object_get(document, "metadata"), "annotations"),
                    ORIGIN_NODE, reader->known->arena);
}

static void take_eks_config(struct cluster_reader *reader, json_t *document)
{
    const char *text = peer_json_text(json_object_get(document, "data"), EKS_CONFIG_KEY);

    if (text && !annotations_add_yaml(&reader->known->pod.annotations, text, reader->known->arena))
        pod_case_note(reader->known,
                      "The key " EKS_CONFIG_KEY " of the ConfigMap "
                      "kube-system/eks-config is no YAML mapping, so its annotations "
                      "are not known.");
}

static void read_annotations(struct cluster_reader *reader)
{
    const struct pod *pod = &reader->known->pod;

    if (!annotations_complete(&pod->annotations) && cluster_name_is_valid(pod->node))
        get(reader, "nodes", NULL, pod->node, take_node);
    if (!annotations_complete(&pod->annotations))
        get(reader, "configmaps", "kube-system", "eks-config", take_eks_config);
}

/* ---- the whole ---- */

bool pod_case_read_cluster(struct pod_case *known, const struct service_account *account,
                           const char *namespace, const char *name, bool no_secrets)
{
    struct cluster_reader reader = {
        .base = libraries_new_loop(), .account = account, .known = known};

    known->from_cluster = true;
    known->pod.namespace = namespace;
    known->pod.name = name;
    if (!reader.base)
        return false;
    enum cluster_outcome outcome = get(&reader, "pods", namespace, name, take_pod);
    bool found = outcome == CLUSTER_OK && !known->trouble;
    if (outcome == CLUSTER_NOT_FOUND)
        known->trouble =
            arena_format(known->arena, "there is no pod %s in the namespace %s", name, namespace);
    if (found) {
        read_events(&reader);
        read_secrets(&reader, no_secrets);
        read_annotations(&reader);
    }
    event_base_free(reader.base);
    return found;
}
