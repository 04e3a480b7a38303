/* SPDX-License-Identifier: MIT */
#include "daemon/commands/diagnose_case.h"

#include <string.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "daemon/commands/explain_pods.h"
#include "daemon/kubernetes/document.h"

#define MAX_OTHERS 400 /* bytes of the list of other pods */

const char *secret_state_name(enum secret_state state)
{
    static const char *const names[] = {
        [SECRET_READ] = "read",           [SECRET_NOT_READ] = "not_read",
        [SECRET_NOT_FOUND] = "not_found", [SECRET_REFUSED] = "refused",
        [SECRET_FAILED] = "failed",       [SECRET_NO_KEY] = "no_key",
        [SECRET_INVALID] = "invalid",
    };
    return names[state];
}

struct pod_case *pod_case_new(void)
{
    struct pod_case *known = memory_allocate(sizeof(*known));

    if (!known)
        return NULL;
    known->arena = arena_new(0);
    known->keys = arena_new(0);
    if (known->arena && known->keys)
        return known;
    pod_case_free(known);
    return NULL;
}

void pod_case_free(struct pod_case *known)
{
    if (!known)
        return;
    for (size_t i = 0; i < POD_MAX_CONTAINERS; i++)
        pull_errors_free(known->pulls[i]);
    arena_free(known->arena);
    arena_free(known->keys);
    memory_release(known);
}

void pod_case_note(struct pod_case *known, const char *format, ...)
{
    va_list arguments;

    if (known->note_count == CASE_MAX_NOTES)
        return;
    va_start(arguments, format);
    const char *note = arena_format_list(known->arena, format, arguments);
    va_end(arguments);
    if (note)
        known->notes[known->note_count++] = note;
}

/* ---- a document ---- */

struct case_reader {
    struct pod_case *known;
    bool found;
    enum peer_json_result trouble; /* of an object that could not be parsed */
    struct text others;
};

static void name_other(struct case_reader *reader, const struct pod *pod)
{
    if (pod->name && pod_waits_for_image(pod))
        text_append_format(&reader->others, "%s%s", reader->others.length ? ", " : "", pod->name);
}

/* Keeps the pod if it is the first, or the first that waits for an image. */
static void consider_pod(struct case_reader *reader, const struct pod *pod)
{
    struct pod_case *known = reader->known;
    bool better = !reader->found || (pod_waits_for_image(pod) && !pod_waits_for_image(&known->pod));

    if (better)
        known->pod = *pod;
    else
        name_other(reader, pod);
    reader->found = true;
}

static void read_pod_item(const char *bytes, size_t length, void *context)
{
    struct case_reader *reader = context;
    struct pod *pod = arena_allocate(reader->known->arena, sizeof(*pod));
    json_t *document = NULL;
    enum peer_json_result result = document_parse(bytes, length, &document);

    if (result != PEER_JSON_OK)
        reader->trouble = result;
    else if (pod && pod_read(document, reader->known->arena, pod))
        consider_pod(reader, pod);
    json_decref(document);
}

static void read_event_item(const char *bytes, size_t length, void *context)
{
    struct case_reader *reader = context;
    json_t *document = NULL;

    if (document_parse(bytes, length, &document) == PEER_JSON_OK &&
        peer_json_text(document, "reason"))
        pull_events_add(&reader->known->events, document, &reader->known->pod,
                        reader->known->arena);
    json_decref(document);
}

static const char *no_pod(enum peer_json_result trouble)
{
    switch (trouble) {
    case PEER_JSON_TOO_LARGE:
        return "the document is larger than an object of Kubernetes can be (1.5 MB)";
    case PEER_JSON_LOCAL:
        return "not enough memory for the document";
    case PEER_JSON_OK:
    case PEER_JSON_MALFORMED:
        break;
    }
    return "the text is not the JSON of a pod: give the output of kubectl get pod POD -o json";
}

const char *pod_case_read_document(struct pod_case *known, const char *bytes, size_t length)
{
    struct case_reader reader = {.known = known, .others = TEXT_WITH_LIMIT(MAX_OTHERS)};

    document_each(bytes, length, read_pod_item, &reader);
    if (reader.found)
        document_each(bytes, length, read_event_item, &reader);
    if (reader.others.length)
        known->other_pods = arena_copy_text(known->arena, text_string(&reader.others));
    text_free(&reader.others);
    pull_events_sort(&known->events);
    if (!reader.found)
        return no_pod(reader.trouble);
    if (!pod_is_addressable(&known->pod))
        return "the pod of the document has no valid name or namespace";
    pod_case_take_secrets(known, SECRET_NOT_READ);
    return NULL;
}

void pod_case_take_secrets(struct pod_case *known, enum secret_state state)
{
    known->secret_count = known->pod.secret_count;
    for (size_t i = 0; i < known->secret_count; i++)
        known->secrets[i] = (struct pull_secret){.name = known->pod.secrets[i], .state = state};
}

bool pod_case_lacks_keys(const struct pod_case *known)
{
    for (size_t i = 0; i < known->secret_count; i++) {
        enum secret_state state = known->secrets[i].state;
        if (state == SECRET_NOT_READ || state == SECRET_REFUSED || state == SECRET_FAILED)
            return true;
    }
    return false;
}

/* ---- what the pull said ---- */

static bool is_of_container(const struct pull_event *event, const struct pod_container *container)
{
    if (event->container)
        return container->name && strcmp(event->container, container->name) == 0;
    return container->image && *container->image && strstr(event->message, container->image);
}

static struct pull_errors *read_pull(const struct pod_case *known,
                                     const struct pod_container *container,
                                     const struct network_settings *network)
{
    struct pull_error_reader *reader = pull_errors_begin(network);

    if (!reader)
        return NULL;
    explain_pods_add_container(reader, known->pod.name, container);
    for (size_t i = 0; i < known->events.count; i++) {
        const struct pull_event *event = &known->events.list[i];
        if (!is_of_container(event, container))
            continue;
        pull_errors_set_container(reader, known->pod.name, container->name, container->image);
        pull_errors_add(reader, event->message, strlen(event->message));
        pull_errors_set_container(reader, NULL, NULL, NULL);
    }
    return pull_errors_end(reader);
}

bool pod_case_read_pulls(struct pod_case *known, const struct network_settings *network)
{
    for (size_t i = 0; i < known->pod.container_count; i++) {
        const struct pod_container *container = &known->pod.containers[i];
        if (container->started && !container->waiting)
            continue; /* its Events are history, because the image is there */
        known->pulls[i] = read_pull(known, container, network);
        if (!known->pulls[i])
            return false;
    }
    return true;
}

const struct pull_error *pod_case_pull(const struct pod_case *known, size_t container)
{
    const struct pull_errors *errors = known->pulls[container];

    for (size_t i = 0; errors && i < errors->count; i++)
        if (errors->list[i].recognised)
            return &errors->list[i];
    return errors && errors->count ? &errors->list[0] : NULL;
}
