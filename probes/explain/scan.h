/* SPDX-License-Identifier: MIT */
#pragma once

/* Reads folded text from one end to the other and reports each pull error where it ends. */

#include "probes/explain/table.h"

#define PULL_ERROR_MAX_NAME 512 /* of a host, an image, a resolver: longer ones are not taken */

/* Texts are of the arena; NULL: not named. */
struct found_error {
    const char *begin; /* in the folded text */
    const char *end;
    struct clue clue;
    unsigned count;         /* how often it happened, if the text tells; else 1 */
    bool hint;              /* a pull may fail, or failed before: worth a line if nothing else is */
    bool assumed;           /* the text does not say that it is about a pull */
    const char *host;       /* host[:port] that was asked */
    const char *registry;   /* host[:port] of the URL of the registry itself */
    const char *repository; /* and the image in that URL */
    const char *reference;  /* ":TAG" or "@DIGEST" */
    const char *image;      /* as the text writes it, else made of the URL */
    bool image_of_url;
    const char *resolver;
    const char *proxy;
    const char *names;  /* for which a certificate is valid */
    const char *plugin; /* the program of a credential plug-in that failed */
    bool has_address;
    struct address address;
    uint16_t port; /* of the address; 0: not said */
};

typedef void (*found_callback)(const struct found_error *error, void *context);

/* The state that lasts from one piece of a text to the next. */
struct pull_scan;

/* NULL when memory is short. `found` is called from pull_scan_piece(). */
struct pull_scan *pull_scan_new(found_callback found, void *context);
void pull_scan_free(struct pull_scan *scan); /* NULL is allowed */

/*
 * Scans one piece of folded text. A message does not go on from one piece to the next, but the
 * image of a command or an event does. `only` says that the piece is the whole text. Texts of the
 * errors are of `arena`.
 */
void pull_scan_piece(struct pull_scan *scan, const char *text, bool only, struct arena *arena);

/* The only image of `host` (NULL: of any) that the text names outside of errors and commands; NULL
 * if it names none, or several. */
const char *pull_scan_mention(const struct pull_scan *scan, const char *host);

/* True if the text says that a pull succeeded. */
bool pull_scan_succeeded(const struct pull_scan *scan);
