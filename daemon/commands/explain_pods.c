/* SPDX-License-Identifier: MIT */
#include "daemon/commands/explain_pods.h"

#include <string.h>

#include "daemon/kubernetes/document.h"
#include "daemon/kubernetes/pod.h"

struct explained_pods {
    struct pull_error_reader *reader;
    bool found;
};

bool explain_pods_begin(const char *bytes, size_t length)
{
    return document_begins(bytes, length);
}

void explain_pods_add_container(struct pull_error_reader *reader, const char *pod,
                                const struct pod_container *container)
{
    if (!container->waiting)
        return;
    pull_errors_set_container(reader, pod, container->name, container->image);
    pull_errors_add(reader, container->waiting, strlen(container->waiting));
    if (container->message) {
        pull_errors_add(reader, ": ", 2);
        pull_errors_add(reader, container->message, strlen(container->message));
    }
    pull_errors_set_container(reader, NULL, NULL, NULL);
}

static void add_item(const char *bytes, size_t length, void *context)
{
    struct explained_pods *pods = context;
    struct arena *arena = arena_new(0);
    struct pod *pod = arena ? arena_allocate(arena, sizeof(*pod)) : NULL;
    json_t *document = NULL;

    if (pod && document_parse(bytes, length, &document) == PEER_JSON_OK &&
        pod_read(document, arena, pod)) {
        pods->found = true;
        for (size_t i = 0; i < pod->container_count; i++)
            explain_pods_add_container(pods->reader, pod->name, &pod->containers[i]);
    }
    json_decref(document);
    arena_free(arena);
}

bool explain_pods_add(struct pull_error_reader *reader, const char *bytes, size_t length)
{
    struct explained_pods pods = {.reader = reader};
    bool list = document_each(bytes, length, add_item, &pods);

    /* A list without a pod is one too. */
    return pods.found || (list && memmem(bytes, length, "List", 4));
}
