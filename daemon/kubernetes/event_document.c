/* SPDX-License-Identifier: MIT */
#include "daemon/kubernetes/event_document.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "probes/registry/peer_json.h"

#define MAX_INSTANCE 128 /* bytes of reportingInstance */
#define MAX_UID      64
#define MAX_PATH     300
#define HASH_DIGITS  16
#define TIME_SIZE    40
#define CONTROLLER   "tcr-probe"

/* ---- the pod ---- */

static bool is_made_of(const char *value, size_t max, const char *others)
{
    size_t length = value ? strlen(value) : 0;

    if (!length || length > max)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)value[i]) && !strchr(others, value[i]))
            return false;
    return true;
}

bool event_pod_is_valid(const struct event_pod *pod)
{
    return cluster_name_is_valid(pod->name) && cluster_name_is_valid(pod->space) &&
           is_made_of(pod->uid, MAX_UID, "-") &&
           (!pod->field_path || is_made_of(pod->field_path, MAX_PATH, "-.{}"));
}

/* ---- the name ---- */

void event_name(const struct event_pod *pod, const struct event_news *news,
                char ret[CLUSTER_NAME_SIZE])
{
    const char *const parts[] = {pod->uid, news->target, news->blocked ? "blocked" : "possible",
                                 news->cause};
    struct text joined = TEXT_WITH_LIMIT(4096);
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    int length = CLUSTER_NAME_SIZE - 2 - HASH_DIGITS;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        text_append_format(&joined, "%s\n", parts[i]);
    EVP_Digest(text_string(&joined), joined.length, digest, NULL, EVP_sha256(), NULL);
    text_free(&joined);
    if ((size_t)length > strlen(pod->name))
        length = (int)strlen(pod->name);
    while (length && !isalnum((unsigned char)pod->name[length - 1]))
        length--;
    length = snprintf(ret, CLUSTER_NAME_SIZE, "%.*s.", length, pod->name);
    for (size_t i = 0; i < HASH_DIGITS / 2; i++)
        snprintf(ret + (size_t)length + 2 * i, 3, "%02x", digest[i]);
}

/* ---- the note ---- */

/* Bytes of the character at `string`: 1 for ASCII and for a byte that is no UTF-8. */
static size_t character_length(const char *string)
{
    size_t length = text_utf8_length(string);

    return length ? length : 1;
}

/* Appends one character; anything that JSON or a terminal does not take becomes '?'. */
static void append_character(struct text *text, const char *at, size_t length)
{
    bool plain = length > 1 || ((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f);

    text_append_bytes(text, plain ? at : "?", plain ? length : 1);
}

/* Appends as many whole characters of `string` as keep the text at `most` bytes; "..." tells of a
 * cut. */
static void append_within(struct text *text, const char *string, size_t most)
{
    static const char mark[] = "...";
    size_t room = most > text->length ? most - text->length : 0;
    bool fits = strlen(string) <= room;

    if (!fits)
        room = room > sizeof(mark) - 1 ? room - (sizeof(mark) - 1) : 0;
    while (*string) {
        size_t length = character_length(string);
        if (length > room)
            break;
        append_character(text, string, length);
        string += length;
        room -= length;
    }
    if (!fits)
        text_append(text, mark);
}

void event_note(const struct event_news *news, struct text *ret)
{
    struct text tail = TEXT_WITH_LIMIT(EVENT_MAX_NOTE / 4);
    struct text head = TEXT_WITH_LIMIT((size_t)64 * 1024);

    text_append_format(&tail, " Details: tcr-probe explain %s", news->cause);
    if (!strstr(news->sentence, news->target))
        text_append_format(&head, "%s: ", news->target);
    text_append(&head, news->sentence);
    if (news->step)
        text_append_format(&head, " First step: %s", news->step);
    append_within(ret, text_string(&head), EVENT_MAX_NOTE - tail.length);
    text_append(ret, text_string(&tail));
    text_free(&head);
    text_free(&tail);
}

/* ---- the documents ---- */

/* RFC 3339 with six digits: the API server refuses a time without them. */
static const char *format_time(int64_t at, char buffer[TIME_SIZE])
{
    time_t seconds = (time_t)(at / (int64_t)USEC_PER_SEC);
    struct tm parts = {0};
    char date[TIME_SIZE / 2 + 4] = "";

    gmtime_r(&seconds, &parts);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(buffer, TIME_SIZE, "%s.%06uZ", date, (unsigned)(at % (int64_t)USEC_PER_SEC));
    return buffer;
}

/* The text of a new reference, which it drops. */
static char *dump(json_t *document)
{
    char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;

    json_decref(document);
    return text;
}

char *event_document(const struct event_pod *pod, const struct event_news *news)
{
    struct text note = TEXT_WITH_LIMIT(EVENT_MAX_NOTE);
    char name[CLUSTER_NAME_SIZE];
    char instance[MAX_INSTANCE + 1];
    char at[TIME_SIZE];
    json_t *document;

    event_note(news, &note);
    event_name(pod, news, name);
    snprintf(instance, sizeof(instance), "%s", pod->name);
    document = json_pack(
        "{s:s, s:s, s:{s:s, s:s}, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}}",
        "apiVersion", "events.k8s.io/v1", "kind", "Event", "metadata", "name", name, "namespace",
        pod->space, "eventTime", format_time(news->at, at), "reportingController", CONTROLLER,
        "reportingInstance", instance, "action", "CheckImagePull", "reason",
        news->blocked ? "ImagePullBlocked" : "ImagePullPossible", "type",
        news->blocked ? "Warning" : "Normal", "note", text_string(&note), "regarding", "apiVersion",
        "v1", "kind", "Pod", "namespace", pod->space, "name", pod->name, "uid", pod->uid);
    text_free(&note);
    if (document && pod->field_path &&
        json_object_set_new(json_object_get(document, "regarding"), "fieldPath",
                            json_string(pod->field_path))) {
        json_decref(document);
        return NULL;
    }
    return dump(document);
}

char *event_series_patch(unsigned count, int64_t at)
{
    char time[TIME_SIZE];

    return dump(json_pack("{s:{s:i, s:s}}", "series", "count", (int)count, "lastObservedTime",
                          format_time(at, time)));
}

void event_text_free(char *text)
{
    peer_json_release(text);
}

static int64_t read_event_time(const char *text)
{
    struct tm parts = {0};
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;

    if (!end || (*end != '.' && *end != 'Z'))
        return 0;
    return (int64_t)timegm(&parts) * (int64_t)USEC_PER_SEC;
}

unsigned event_series_read(const json_t *event, int64_t *ret_last)
{
    const json_t *series = json_object_get(event, "series");
    json_int_t count = json_integer_value(json_object_get(series, "count"));

    *ret_last = read_event_time(json_string_value(json_object_get(series, "lastObservedTime")));
    if (count < 1)
        return 1;
    return count < EVENT_MAX_SERIES ? (unsigned)count : EVENT_MAX_SERIES;
}
