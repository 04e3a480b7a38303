#pragma once

/* Reads folded text from one end to the other and reports each pull error where it ends. */

#include "probes/diagnosis/pull_error_table.h"

#define PULL_ERROR_MAX_NAME 512 /* of a host, an image, a resolver: longer ones are not taken */

/* Texts are of the arena; NULL: not named. */
struct found_error {
    const char *begin; /* in the folded text */
    const char *end;
    struct clue clue;
    const char *host; /* host[:port] */
    const char *image;
    const char *path_image; /* REPOSITORY:TAG or REPOSITORY@DIGEST of the URL of a manifest */
    const char *resolver;
    bool has_address;
    struct address address;
    uint16_t port; /* of the address; 0: not said */
};

typedef void (*found_callback)(const struct found_error *error, void *context);

/*
 * `text` is folded. `lenient` takes what is a symptom only within a pull error for one anywhere:
 * for a text that holds nothing else. True when the text holds messages that begin as logs and
 * events do.
 */
bool pull_error_scan(const char *text, bool lenient, struct arena *arena, found_callback found,
                     void *context);
