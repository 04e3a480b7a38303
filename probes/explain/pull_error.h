/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Explains pasted text: a pull error, a whole `kubectl describe pod`, an event list, a log of
 * containerd, docker or skopeo. Finds every pull error in it and gives the meaning of each. A text
 * that shows no sign of a pull has none. The text is hostile: bounded, never trusted, escaped
 * before it is shown. Pure: no clock, no I/O.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"
#include "probes/diagnosis/catalogue.h"
#include "probes/evidence/evidence.h"

#define PULL_ERROR_MAX_INPUT        ((size_t)64 * 1024 * 1024) /* bytes that are looked at */
#define PULL_ERROR_MAX_ERRORS       64                         /* different ones */
#define PULL_ERROR_MAX_ALTERNATIVES 16
#define PULL_ERROR_MAX_REMEDY       40
#define PULL_ERROR_MAX_TEXT         1024 /* bytes of an error that are quoted */

/*
 * The rung that failed: anything while fetching a token is auth, while fetching a layer blob. A
 * proxy has a stage of its own; node is the stage of whatever never reached the network.
 */
enum pull_stage {
    PULL_STAGE_UNKNOWN,
    PULL_STAGE_DNS,
    PULL_STAGE_TCP,
    PULL_STAGE_TLS,
    PULL_STAGE_API,
    PULL_STAGE_AUTH,
    PULL_STAGE_MANIFEST,
    PULL_STAGE_BLOB,
    PULL_STAGE_PROXY,
    PULL_STAGE_NODE,
};

const char *pull_stage_name(enum pull_stage stage); /* NULL for unknown */

struct pull_error {
    const char *text; /* one line without control characters, cut; without query strings and
                         passwords */
    unsigned count;   /* number of times it occurs in the input */
    const char *pod;  /* where the input was the JSON of pods; else NULL, as the next */
    const char *container;
    enum pull_stage stage;
    bool recognised; /* else neither stage nor cause */
    enum cause cause;
    size_t alternative_count;
    enum cause alternatives[PULL_ERROR_MAX_ALTERNATIVES]; /* causes with the same symptom */
    const char *host;  /* host[:port] that was asked, as image references write it; NULL: unknown */
    const char *image; /* as the text writes it, else made of its URL; NULL: unknown */
    bool has_address;  /* the one that was dialled */
    struct address address;
    enum address_class address_class;
    const char *rule; /* of the class */
    const char *summary;
    size_t remedy_count;
    const char *remedy[PULL_ERROR_MAX_REMEDY];
    const char *check; /* a command line for a shell; NULL: the text names no registry */
};

struct pull_errors {
    struct arena *arena;  /* owns every text */
    bool input_truncated; /* only PULL_ERROR_MAX_INPUT bytes were looked at */
    bool more;            /* than PULL_ERROR_MAX_ERRORS different ones */
    size_t count;         /* 0: the text shows no pull error */
    struct pull_error list[PULL_ERROR_MAX_ERRORS];
};

/* In the order of the text. `network` (may be NULL) gives configured address ranges. NULL when
 * memory is short. Free with pull_errors_free(). */
struct pull_errors *pull_errors_find(const char *bytes, size_t length,
                                     const struct network_settings *network);
void pull_errors_free(struct pull_errors *errors); /* NULL is allowed */

/* The same for a text that comes in parts. Only the current 256 KiB are kept. */
struct pull_error_reader;

struct pull_error_reader *pull_errors_begin(const struct network_settings *network);
void pull_errors_add(struct pull_error_reader *reader, const char *bytes, size_t length);

/* Text that is added from here on is the message of this container, which pulls `image`. Texts are
 * copied; NULL names none. */
void pull_errors_set_container(struct pull_error_reader *reader, const char *pod,
                               const char *container, const char *image);

/* Frees the reader, which may be NULL. NULL when memory was short. */
struct pull_errors *pull_errors_end(struct pull_error_reader *reader);
