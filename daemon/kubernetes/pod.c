/* SPDX-License-Identifier: MIT */
#include "daemon/kubernetes/pod.h"

#include <string.h>

#include "daemon/kubernetes/cluster_request.h"
#include "daemon/kubernetes/document.h"

#define MAX_NAME  256
#define MAX_IMAGE 1024

const char *container_kind_name(enum container_kind kind)
{
    static const char *const names[] = {
        [CONTAINER_INIT] = "init",
        [CONTAINER_SIDECAR] = "sidecar",
        [CONTAINER_ORDINARY] = "container",
        [CONTAINER_EPHEMERAL] = "ephemeral",
    };
    return names[kind];
}

/* ---- what a container asks for ---- */

static struct pod_container *add_container(struct pod *pod, enum container_kind kind,
                                           const json_t *object, struct arena *arena)
{
    if (pod->container_count == POD_MAX_CONTAINERS) {
        pod->more_containers = true;
        return NULL;
    }
    struct pod_container *container = &pod->containers[pod->container_count++];
    container->kind = kind;
    container->name = document_printable(object, "name", MAX_NAME, arena);
    container->image = document_printable(object, "image", MAX_IMAGE, arena);
    return container;
}

static bool has_text(const json_t *object, const char *key, const char *value)
{
    const char *found = peer_json_text(object, key);

    return found && strcmp(found, value) == 0;
}

static void read_containers(struct pod *pod, enum container_kind kind, const json_t *list,
                            struct arena *arena)
{
    size_t i;
    json_t *object;

    json_array_foreach(list, i, object)
    {
        bool restarts = kind == CONTAINER_INIT && has_text(object, "restartPolicy", "Always");
        struct pod_container *container =
            add_container(pod, restarts ? CONTAINER_SIDECAR : kind, object, arena);
        if (!container)
            return;
        container->never_pulled = has_text(object, "imagePullPolicy", "Never");
    }
}

/* ---- what became of it ---- */

/* The reasons of the kubelet for a container that has no image yet. */
static bool is_of_a_pull(const char *reason)
{
    static const char *const reasons[] = {
        "ErrImagePull",     "ImagePullBackOff",  "RegistryUnavailable", "SignatureValidationFailed",
        "InvalidImageName", "ImageInspectError", "ErrImageNeverPull"};

    for (size_t i = 0; reason && i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (strcmp(reason, reasons[i]) == 0)
            return true;
    return false;
}

static bool is_of_kind(const struct pod_container *container, enum container_kind kind)
{
    return container->kind == kind ||
           (kind == CONTAINER_INIT && container->kind == CONTAINER_SIDECAR);
}

/* The container of a status; one that only the status has is added. */
static struct pod_container *container_of(struct pod *pod, enum container_kind kind,
                                          const json_t *status, struct arena *arena)
{
    const char *name = document_printable(status, "name", MAX_NAME, arena);

    for (size_t i = 0; name && i < pod->container_count; i++) {
        struct pod_container *container = &pod->containers[i];
        if (is_of_kind(container, kind) && container->name && strcmp(container->name, name) == 0)
            return container;
    }
    return add_container(pod, kind, status, arena);
}

static void read_statuses(struct pod *pod, enum container_kind kind, const json_t *list,
                          struct arena *arena)
{
    size_t i;
    json_t *status;

    json_array_foreach(list, i, status)
    {
        const json_t *state = peer_json_member(status, "state");
        const json_t *waiting = peer_json_member(state, "waiting");
        struct pod_container *container = container_of(pod, kind, status, arena);
        if (!container)
            return;
        container->started = json_is_object(peer_json_member(state, "running")) ||
                             json_is_object(peer_json_member(state, "terminated")) ||
                             json_object_size(peer_json_member(status, "lastState")) > 0;
        if (!is_of_a_pull(peer_json_text(waiting, "reason")))
            continue;
        container->waiting = document_printable(waiting, "reason", MAX_NAME, arena);
        container->message = arena_copy_text(arena, peer_json_text(waiting, "message"));
    }
}

/* ---- the rest ---- */

size_t pod_read_secret_names(const json_t *list, struct arena *arena,
                             const char *ret[POD_MAX_SECRETS])
{
    size_t count = 0;
    size_t i;
    json_t *reference;

    json_array_foreach(list, i, reference)
    {
        const char *name = peer_json_text(reference, "name");
        bool known = false;
        for (size_t n = 0; name && n < count; n++)
            known |= strcmp(ret[n], name) == 0;
        if (cluster_name_is_valid(name) && !known && count < POD_MAX_SECRETS &&
            (ret[count] = arena_copy_text(arena, name)))
            count++;
    }
    return count;
}

static void read_aliases(struct pod *pod, const json_t *list, struct arena *arena)
{
    size_t i;
    size_t n;
    json_t *alias;
    json_t *name;

    json_array_foreach(list, i, alias)
    {
        const char *address = document_printable(alias, "ip", MAX_NAME, arena);
        json_array_foreach(peer_json_member(alias, "hostnames"), n, name)
        {
            const char *text = json_string_value(name);
            if (address && cluster_name_is_valid(text) && pod->alias_count < POD_MAX_ALIASES)
                pod->aliases[pod->alias_count++] =
                    (struct host_alias){address, arena_copy_text(arena, text)};
        }
    }
}

bool pod_read(const json_t *document, struct arena *arena, struct pod *ret)
{
    static const struct {
        const char *list;
        const char *statuses;
        enum container_kind kind;
    } groups[] = {
        {"initContainers", "initContainerStatuses", CONTAINER_INIT},
        {"containers", "containerStatuses", CONTAINER_ORDINARY},
        {"ephemeralContainers", "ephemeralContainerStatuses", CONTAINER_EPHEMERAL},
    };
    const json_t *metadata = peer_json_member(document, "metadata");
    const json_t *spec = peer_json_member(document, "spec");
    const json_t *status = peer_json_member(document, "status");
    const char *kind = peer_json_text(document, "kind");

    *ret = (struct pod){0};
    if ((kind && strcmp(kind, "Pod") != 0) || (!json_is_object(status) && !(kind && spec)))
        return false;
    ret->name = document_printable(metadata, "name", MAX_NAME, arena);
    ret->namespace = document_printable(metadata, "namespace", MAX_NAME, arena);
    ret->uid = document_printable(metadata, "uid", MAX_NAME, arena);
    ret->node = document_printable(spec, "nodeName", MAX_NAME, arena);
    ret->service_account = document_printable(spec, "serviceAccountName", MAX_NAME, arena);
    if (!ret->namespace)
        ret->namespace = "default";
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        read_containers(ret, groups[i].kind, peer_json_member(spec, groups[i].list), arena);
        read_statuses(ret, groups[i].kind, peer_json_member(status, groups[i].statuses), arena);
    }
    ret->secret_count =
        pod_read_secret_names(peer_json_member(spec, "imagePullSecrets"), arena, ret->secrets);
    read_aliases(ret, peer_json_member(spec, "hostAliases"), arena);
    annotations_add(&ret->annotations, peer_json_member(metadata, "annotations"), ORIGIN_POD,
                    arena);
    return true;
}

bool pod_is_addressable(const struct pod *pod)
{
    return cluster_name_is_valid(pod->name) && cluster_name_is_valid(pod->namespace);
}

bool pod_waits_for_image(const struct pod *pod)
{
    for (size_t i = 0; i < pod->container_count; i++)
        if (pod->containers[i].waiting)
            return true;
    return false;
}

bool pod_is_serverless(const struct pod *pod)
{
    return pod->node && strncmp(pod->node, "eklet-", 6) == 0;
}
