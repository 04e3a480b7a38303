/* SPDX-License-Identifier: MIT */
#include "daemon/kubernetes/event_sender.h"

#include <string.h>

#include "config/base/memory.h"

#define FIRST_PAUSE (5 * USEC_PER_SEC)
#define LAST_PAUSE  (300 * USEC_PER_SEC)

enum send_state { SEND_RESTING, SEND_CREATE, SEND_READ, SEND_PATCH };

/* The news of one target. */
struct event_topic {
    char *target; /* NULL: forgotten, and free for another */
    bool blocked;
    char *document;
    char name[CLUSTER_NAME_SIZE];
    enum send_state state;
    usec_t due;    /* monotonic: when the state's request may start */
    unsigned told; /* counts the news, so that an answer to older news is noticed */
};

/* An Event that this process has created or read. */
struct event_series {
    char name[CLUSTER_NAME_SIZE];
    unsigned count;
    usec_t patched; /* monotonic; 0: never */
};

struct event_sender {
    struct event_base *base;
    struct event_sender_options options;
    struct arena *arena; /* of the pod's texts */
    struct event *wake;
    struct cluster_call *call;
    struct cluster_request request; /* this and the next four: of the call */
    char request_name[CLUSTER_NAME_SIZE];
    enum send_state sending;
    size_t sent_topic;
    unsigned sent_news;
    usec_t pause; /* after the last failure; 0: none */
    usec_t not_before;
    size_t topic_count;
    struct event_topic *topics;
    size_t known_count;
    struct event_series known[EVENT_MAX_KNOWN];
};

/* ---- known series ---- */

static struct event_series *find_series(struct event_sender *sender, const char *name)
{
    for (size_t i = 0; i < sender->known_count; i++)
        if (strcmp(sender->known[i].name, name) == 0)
            return &sender->known[i];
    return NULL;
}

/* The series of that name, or a new one in place of the one that was patched longest ago. */
static struct event_series *note_series(struct event_sender *sender, const char *name)
{
    struct event_series *series = find_series(sender, name);

    if (series)
        return series;
    if (sender->known_count < EVENT_MAX_KNOWN) {
        series = &sender->known[sender->known_count++];
    } else {
        series = &sender->known[0];
        for (size_t i = 1; i < EVENT_MAX_KNOWN; i++)
            if (sender->known[i].patched < series->patched)
                series = &sender->known[i];
    }
    *series = (struct event_series){.count = 1};
    memcpy(series->name, name, strlen(name) + 1);
    return series;
}

static void drop_series(struct event_sender *sender, const char *name)
{
    struct event_series *series = find_series(sender, name);

    if (series)
        *series = sender->known[--sender->known_count];
}

/* When the next patch of the series is allowed. */
static usec_t patch_due(const struct event_series *series)
{
    usec_t now = clock_monotonic();
    usec_t due = series->patched ? series->patched + EVENT_PATCH_INTERVAL : 0;

    return due > now ? due : now;
}

/* ---- the schedule ---- */

/* The topic whose request is due first; NULL: none has one. */
static struct event_topic *first_due(struct event_sender *sender)
{
    struct event_topic *first = NULL;

    for (size_t i = 0; i < sender->topic_count; i++) {
        struct event_topic *topic = &sender->topics[i];
        if (topic->target && topic->state != SEND_RESTING && (!first || topic->due < first->due))
            first = topic;
    }
    return first;
}

static void schedule(struct event_sender *sender)
{
    const struct event_topic *first = first_due(sender);
    usec_t now = clock_monotonic();

    event_del(sender->wake);
    if (!first || sender->call)
        return;
    usec_t due = first->due > sender->not_before ? first->due : sender->not_before;
    struct timeval wait = clock_timeval(due > now ? due - now : 0);
    event_add(sender->wake, &wait);
}

/* Half of the pause is certain, so that many pods do not come back together. */
static void pause_sender(struct event_sender *sender, usec_t retry_after)
{
    usec_t now = clock_monotonic();
    usec_t longer = sender->pause ? sender->pause * 2 : FIRST_PAUSE;

    sender->pause = longer < LAST_PAUSE ? longer : LAST_PAUSE;
    usec_t wait = sender->pause / 2 + now % (sender->pause / 2);
    sender->not_before = now + (wait > retry_after ? wait : retry_after);
}

/* ---- answers ---- */

/* Notes what the answer tells of the Event, also if there is newer news of the target. */
static void note_answer(struct event_sender *sender, const struct cluster_status *status)
{
    usec_t now = clock_monotonic();
    int64_t last;

    if (status->outcome == CLUSTER_NOT_FOUND)
        drop_series(sender, sender->request_name);
    if (status->outcome != CLUSTER_OK)
        return;
    struct event_series *series = note_series(sender, sender->request_name);
    series->count = event_series_read(status->document, &last);
    if (sender->sending == SEND_PATCH)
        series->patched = now;
    if (sender->sending != SEND_READ || !last)
        return;
    int64_t age = clock_wall() - last;
    if (age >= 0 && age < (int64_t)EVENT_PATCH_INTERVAL)
        series->patched = now > (usec_t)age ? now - (usec_t)age : 1;
}

static void set_state(struct event_topic *topic, enum send_state state, usec_t due)
{
    topic->state = state;
    topic->due = due;
}

/* A pod that stays blocked keeps its Event, which expires an hour after its last change. */
static void rest(struct event_topic *topic)
{
    set_state(topic, topic->blocked ? SEND_PATCH : SEND_RESTING,
              clock_monotonic() + EVENT_PATCH_INTERVAL);
}

/* False if it failed and has to be tried again. */
static bool topic_answered(struct event_sender *sender, struct event_topic *topic,
                           const struct cluster_status *status)
{
    const struct event_series *series = find_series(sender, topic->name);
    usec_t now = clock_monotonic();

    if (status->outcome == CLUSTER_OK && sender->sending == SEND_READ && series)
        set_state(topic, SEND_PATCH, patch_due(series));
    else if (status->outcome == CLUSTER_OK)
        rest(topic);
    else if (status->outcome == CLUSTER_EXISTS)
        set_state(topic, SEND_READ, now);
    else if (status->outcome == CLUSTER_NOT_FOUND && sender->sending != SEND_CREATE)
        set_state(topic, SEND_CREATE, now); /* it has expired */
    else if (status->outcome == CLUSTER_INVALID)
        set_state(topic, SEND_RESTING, now); /* it would be refused again */
    else
        return false;
    return true;
}

static void sender_answered(const struct cluster_status *status, bool last, void *context)
{
    struct event_sender *sender = context;
    struct event_topic *topic = &sender->topics[sender->sent_topic];
    bool current = topic->target && topic->told == sender->sent_news;
    bool works = status->outcome == CLUSTER_OK || status->outcome == CLUSTER_EXISTS;

    (void)last;
    note_answer(sender, status);
    if (current && !topic_answered(sender, topic, status))
        pause_sender(sender, status->retry_after);
    else if (!current && !works)
        pause_sender(sender, status->retry_after);
    else
        sender->pause = 0;
    sender->options.answered(&sender->request, status, sender->options.context);
    cluster_call_free(sender->call);
    sender->call = NULL;
    schedule(sender);
}

/* ---- requests ---- */

static void start_call(struct event_sender *sender, struct event_topic *topic, const char *body)
{
    struct cluster_request *request = &sender->request;

    memcpy(sender->request_name, topic->name, sizeof(topic->name));
    *request = (struct cluster_request){
        .verb = topic->state == SEND_CREATE ? CLUSTER_CREATE : CLUSTER_PATCH,
        .resource = {"events.k8s.io", "v1", "events", sender->options.pod.space,
                     sender->request_name},
        .body = body,
    };
    sender->sending = topic->state;
    sender->sent_topic = (size_t)(topic - sender->topics);
    sender->sent_news = topic->told;
    sender->call = cluster_call_start(sender->base, &sender->options.account, request,
                                      sender_answered, sender);
    request->body = NULL;
}

static void on_wake(int fd, short what, void *context)
{
    struct event_sender *sender = context;
    struct event_topic *topic = first_due(sender);
    const struct event_series *series = topic ? find_series(sender, topic->name) : NULL;

    (void)fd;
    (void)what;
    if (!topic || sender->call)
        return;
    if (topic->state == SEND_PATCH && !series)
        topic->state = SEND_CREATE; /* it gave way to newer ones */
    if (topic->state == SEND_CREATE) {
        start_call(sender, topic, topic->document);
    } else if (topic->state == SEND_READ) {
        start_call(sender, topic, "{}"); /* changes nothing, and the answer is the Event */
    } else {
        char *patch = event_series_patch(series->count + 1, clock_wall());
        if (patch)
            start_call(sender, topic, patch);
        event_text_free(patch);
    }
    if (!sender->call) {
        pause_sender(sender, 0);
        schedule(sender);
    }
}

/* ---- news ---- */

static struct event_topic *find_topic(struct event_sender *sender, const char *target)
{
    for (size_t i = 0; i < sender->topic_count; i++)
        if (sender->topics[i].target && strcmp(sender->topics[i].target, target) == 0)
            return &sender->topics[i];
    return NULL;
}

/* A free place, or NULL. */
static struct event_topic *free_topic(struct event_sender *sender)
{
    for (size_t i = 0; i < sender->topic_count; i++)
        if (!sender->topics[i].target)
            return &sender->topics[i];
    if (sender->topic_count == EVENT_MAX_TARGETS)
        return NULL;
    struct event_topic *topics =
        memory_resize(sender->topics, (sender->topic_count + 1) * sizeof(*topics));
    if (!topics)
        return NULL;
    sender->topics = topics;
    topics[sender->topic_count] = (struct event_topic){0};
    return &topics[sender->topic_count++];
}

bool event_sender_tell(struct event_sender *sender, const struct event_news *news)
{
    struct event_topic *topic = find_topic(sender, news->target);
    char *document = event_document(&sender->options.pod, news);

    if (document && !topic && (topic = free_topic(sender)))
        topic->target = memory_copy_text(news->target);
    if (!document || !topic || !topic->target) {
        event_text_free(document);
        return false;
    }
    event_text_free(topic->document);
    topic->document = document;
    topic->blocked = news->blocked;
    topic->told++;
    event_name(&sender->options.pod, news, topic->name);
    const struct event_series *series = find_series(sender, topic->name);
    set_state(topic, series ? SEND_PATCH : SEND_CREATE,
              series ? patch_due(series) : clock_monotonic());
    schedule(sender);
    return true;
}

static void topic_clear(struct event_topic *topic)
{
    memory_release(topic->target);
    event_text_free(topic->document);
    topic->target = NULL;
    topic->document = NULL;
    topic->told++;
}

void event_sender_forget(struct event_sender *sender, const char *target)
{
    struct event_topic *topic = find_topic(sender, target);

    if (topic)
        topic_clear(topic);
    schedule(sender);
}

bool event_sender_is_idle(const struct event_sender *sender)
{
    usec_t now = clock_monotonic();

    if (sender->call)
        return false;
    if (sender->not_before > now)
        return true;
    for (size_t i = 0; i < sender->topic_count; i++) {
        const struct event_topic *topic = &sender->topics[i];
        if (topic->target && topic->state != SEND_RESTING && topic->due <= now)
            return false;
    }
    return true;
}

/* ---- start and end ---- */

struct event_sender *event_sender_new(struct event_base *base,
                                      const struct event_sender_options *options)
{
    struct event_sender *sender = memory_allocate(sizeof(*sender));
    struct event_pod *pod;

    if (!sender)
        return NULL;
    sender->base = base;
    sender->options = *options;
    sender->arena = arena_new(0);
    sender->wake = event_new(base, -1, 0, on_wake, sender);
    if (sender->arena) {
        pod = &sender->options.pod;
        pod->name = arena_copy_text(sender->arena, pod->name);
        pod->space = arena_copy_text(sender->arena, pod->space);
        pod->uid = arena_copy_text(sender->arena, pod->uid);
        pod->field_path = arena_copy_text(sender->arena, pod->field_path);
    }
    if (sender->arena && sender->wake && !arena_failed(sender->arena))
        return sender;
    event_sender_free(sender);
    return NULL;
}

void event_sender_free(struct event_sender *sender)
{
    if (!sender)
        return;
    cluster_call_free(sender->call);
    for (size_t i = 0; i < sender->topic_count; i++)
        topic_clear(&sender->topics[i]);
    memory_release(sender->topics);
    if (sender->wake)
        event_free(sender->wake);
    arena_free(sender->arena);
    memory_release(sender);
}
