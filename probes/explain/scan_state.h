/* SPDX-License-Identifier: MIT */
#pragma once

/* The state of the scan, for the two files that are one: scan.c moves it on, scan_error.c makes an
 * error of it. */

#include "probes/explain/fields.h"

#define SCAN_MAX_CONTEXT  16384 /* from a command to an error that is about its image */
#define SCAN_MAX_PHRASES  1024
#define SCAN_MAX_MENTIONS 4

struct pull_scan {
    found_callback found;
    void *context;
    short first[128][128];        /* by the two first letters: the first phrase with them, or -1 */
    short next[SCAN_MAX_PHRASES]; /* and the one after it */
    bool succeeded;
    size_t mention_count; /* of different ones; only the first are kept */
    char mentions[SCAN_MAX_MENTIONS][PULL_ERROR_MAX_NAME];

    /* of the page */
    char page_image[PULL_ERROR_MAX_NAME]; /* "": none */
    size_t page_offset;                   /* of the text before this piece */
    size_t page_image_at;

    /* of the piece */
    struct arena *arena;
    const char *text;
    const char *at;
    bool assume; /* the whole text is the one line of an error */

    /* of the message */
    const char *floor; /* nothing before it belongs to it */
    const char *last;  /* the end of the last phrase */
    const char *opening;
    const char *image;
    bool foreign;
    bool sign;    /* it is about a pull */
    bool client;  /* a client says it: a pull if a pull was the last command */
    bool failure; /* it says that a pull failed; that was not yet reported */
    bool hint;
    bool progress; /* docker is fetching layers */

    /* of the error within it */
    const char *quote; /* after the last quoted value */
    struct found_url url;
    struct found_url registry; /* the first URL of the registry itself */
    const char *scope_image;
    const char *named_host;
    const char *lookup_host;
    const char *proxy;
    const char *resolver;
    struct endpoint endpoint;
    bool has_endpoint;
    enum operation operation;
    unsigned places; /* PHRASE_TOKEN, _BLOB, _MANIFEST, _PING, _PROXY */
    unsigned asked;  /* PHRASE_BLOB or _MANIFEST: by a path or a media type */
    enum credential credential;
    bool lost;   /* the beginning of the error is missing */
    bool listed; /* its lines belong together */

    const struct phrase *pending; /* the symptom that counts so far */
    enum symptom pending_symptom;
    unsigned status;
    const char *body_end; /* of the page that a server gave as its reason, if it is quoted */
    const char *pending_begin;
    const char *pending_at; /* where the phrase of the symptom begins */
    const char *pending_end;
};

/* True if the message shows that it is about a pull. */
bool scan_is_about_a_pull(const struct pull_scan *scan);

/* Keeps an image that the text names outside of errors. */
void scan_mention(struct pull_scan *scan, const char *image);

/* The image of the last command or event; NULL: none, or it is too far away. */
const char *scan_page_image(const struct pull_scan *scan);

/* The error as far as it is known: with a pending symptom, or a failure without one. */
struct found_error scan_error(const struct pull_scan *scan);

/* Symptoms of one group are one error; the reason that comes first in the group says more. */
unsigned scan_group_of(enum symptom symptom);

/* True if the reason is complete, so that later words of the message only repeat it. */
bool scan_is_final(enum symptom symptom);
