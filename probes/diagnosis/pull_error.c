#include "probes/diagnosis/pull_error.h"

#include <string.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "probes/diagnosis/address_class.h"
#include "probes/diagnosis/pull_error_advice.h"
#include "probes/diagnosis/pull_error_fold.h"
#include "probes/diagnosis/pull_error_scan.h"

#define SCRATCH_LIMIT ((size_t)32 * 1024 * 1024)

static const char unknown_summary[] =
    "This text is not recognised: it may have been cut off before the cause, or come from another "
    "program.";

/* What kubectl get pods shows, and the events that outlive the one with the error. */
static const char back_off_summary[] = "This says that an earlier pull failed, not why. The event "
                                       "that says so begins with \"Failed to "
                                       "pull image\": give the whole of kubectl describe pod. "
                                       "Where it is gone, check the image from the "
                                       "pod.";

static bool is_back_off(const struct found_error *found)
{
    static const char *const words[] = {"ImagePullBackOff", "ErrImagePull",
                                        "Back-off pulling image"};
    size_t length = (size_t)(found->end - found->begin);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (memmem(found->begin, length, words[i], strlen(words[i])))
            return true;
    return false;
}

const char *pull_stage_name(enum pull_stage stage)
{
    static const char *const names[] = {
        [PULL_STAGE_DNS] = "dns",   [PULL_STAGE_TCP] = "tcp",   [PULL_STAGE_TLS] = "tls",
        [PULL_STAGE_API] = "api",   [PULL_STAGE_AUTH] = "auth", [PULL_STAGE_MANIFEST] = "manifest",
        [PULL_STAGE_BLOB] = "blob",
    };
    return (size_t)stage < sizeof(names) / sizeof(names[0]) ? names[stage] : NULL;
}

struct finder {
    struct pull_errors *errors;
    const struct network_settings *network;
    size_t recognised;
};

/* ---- the error as it is quoted ---- */

/* What may hold a secret: the query of a URL, and a user and password before its host. */
static const char *skip_secret(struct text *text, const char *at, const char *end, bool in_url)
{
    const char *stop = at;

    if (*at == '?' && (in_url || memchr(at, '=', (size_t)(end - at)))) {
        text_append(text, "?...");
        while (stop < end && *stop != '"' && *stop != ' ')
            stop++;
        return stop;
    }
    if (!in_url || at[-1] != '/' || at[-2] != '/')
        return at;
    while (stop < end && !strchr("/?\" @", *stop))
        stop++;
    return stop < end && *stop == '@' ? stop + 1 : at;
}

static const char *quote(const char *begin, const char *end, struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(PULL_ERROR_MAX_TEXT * 4 + 8);
    bool in_url = false;

    for (const char *at = begin; at < end && text.length < PULL_ERROR_MAX_TEXT; at++) {
        if (at - begin >= 3 && memcmp(at - 3, "://", 3) == 0)
            in_url = true;
        else if (*at == ' ' || *at == '"')
            in_url = false;
        at = skip_secret(&text, at, end, in_url);
        if (at < end)
            text_append_peer(&text, *at == '\n' ? " " : at, 1, 1);
    }
    const char *quoted = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    return quoted;
}

/* ---- one of each ---- */

static bool equal_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same(const struct pull_error *a, const struct pull_error *b)
{
    if (a->recognised != b->recognised || a->has_address != b->has_address ||
        !equal_text(a->host, b->host) || !equal_text(a->image, b->image))
        return false;
    if (!a->recognised)
        return equal_text(a->text, b->text);
    return a->cause == b->cause && a->stage == b->stage &&
           (!a->has_address || address_equal(&a->address, &b->address));
}

static bool known_already(struct pull_errors *errors, const struct pull_error *error)
{
    for (size_t i = 0; i < errors->count; i++) {
        if (!is_same(&errors->list[i], error))
            continue;
        errors->list[i].count++;
        return true;
    }
    return false;
}

/* The host of the image, where the text names no other. */
static const char *host_of_image(const char *image, struct arena *arena)
{
    size_t length = strcspn(image, "/");
    bool has_host =
        image[length] == '/' && (memchr(image, '.', length) || memchr(image, ':', length));

    return has_host ? arena_copy_bytes(arena, image, length) : NULL;
}

static void found(const struct found_error *found, void *context)
{
    struct finder *finder = context;
    struct pull_errors *errors = finder->errors;
    struct pull_error error = {.count = 1};
    struct found_error aware = *found;
    struct reading reading;
    const char *summary = is_back_off(found) ? back_off_summary : unknown_summary;

    error.host = found->host;
    error.image = found->image;
    if (found->has_address) {
        error.has_address = true;
        error.address = found->address;
        error.address_class =
            address_classify(&found->address, finder->network, errors->arena, &error.rule);
        aware.clue.has_class = true;
        aware.clue.address_class = error.address_class;
    }
    if (pull_error_read(&aware.clue, &reading)) {
        error.recognised = true;
        error.stage = reading.stage;
        error.cause = reading.cause;
        error.alternative_count = reading.alternative_count;
        memcpy(error.alternatives, reading.alternatives, sizeof(error.alternatives));
        summary = reading.summary;
    }
    if (error.recognised && !error.host && error.image && found->clue.place == PLACE_REGISTRY)
        error.host = host_of_image(error.image, errors->arena);
    error.text = quote(found->begin, found->end, errors->arena);
    finder->recognised += error.recognised;
    if (known_already(errors, &error))
        return;
    if (errors->count == PULL_ERROR_MAX_ERRORS) {
        errors->more = true;
        return;
    }
    /* What was found lives no longer than the scan. */
    error.host = arena_copy_text(errors->arena, error.host);
    error.image = arena_copy_text(errors->arena, error.image);
    pull_error_advise(&error, &aware, summary, errors->arena);
    errors->list[errors->count++] = error;
}

/* A text in which nothing was found is itself what is not recognised. */
static void find_in(struct finder *finder, const char *folded, size_t length, struct arena *scratch)
{
    bool messages = pull_error_scan(folded, false, scratch, found, finder);

    if (!finder->recognised && !messages) {
        finder->errors->count = 0;
        pull_error_scan(folded, true, scratch, found, finder);
    }
    if (!finder->errors->count && strspn(folded, " \n") < length) {
        struct found_error whole = {.begin = folded, .end = folded + length};
        found(&whole, finder);
    }
}

struct pull_errors *pull_errors_find(const char *bytes, size_t length,
                                     const struct network_settings *network)
{
    struct arena *arena = arena_new(0);
    struct arena *scratch = arena_new(SCRATCH_LIMIT);
    struct pull_errors *errors = arena ? arena_allocate(arena, sizeof(*errors)) : NULL;
    bool cut = length > PULL_ERROR_MAX_INPUT;
    char *folded = memory_allocate((cut ? PULL_ERROR_MAX_INPUT : length) + 1);

    if (errors && scratch && folded) {
        struct finder finder = {errors, network, 0};
        errors->arena = arena;
        errors->input_truncated = cut;
        length = pull_error_fold(bytes, cut ? PULL_ERROR_MAX_INPUT : length, folded);
        find_in(&finder, folded, length, scratch);
    }
    memory_release(folded);
    arena_free(scratch);
    if (errors && scratch && folded && !arena_failed(arena))
        return errors;
    arena_free(arena);
    return NULL;
}

void pull_errors_free(struct pull_errors *errors)
{
    if (errors)
        arena_free(errors->arena);
}
