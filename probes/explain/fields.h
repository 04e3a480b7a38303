/* SPDX-License-Identifier: MIT */
#pragma once

/* The values in a pull error: URLs, hosts, images, addresses, status codes. */

#include "probes/explain/scan.h"

/* The URL of a request. Texts are of the arena; NULL: the URL does not have it. */
struct found_url {
    const char *begin;       /* in the text */
    const char *end;         /* in the text; after the closing quote, if there is one */
    const char *host;        /* host[:port]; NULL: not a usable URL */
    const char *repository;  /* of /v2/REPOSITORY/... */
    const char *reference;   /* ":TAG" or "@DIGEST" of /v2/REPOSITORY/manifests/REFERENCE */
    const char *scope_image; /* the image whose token a realm is asked for, with its registry */
    unsigned flags;          /* PHRASE_TOKEN, _BLOB or _MANIFEST: the kind of request; else 0 */
    bool api;                /* of the registry itself */
    bool sign;               /* only a client that pulls asks for it */
};

/* `at` is at "http". In quotes it goes to the closing one, else to the next space. */
struct found_url field_url(const char *at, bool quoted, struct arena *arena);

/* The image that docker's engine is asked to pull by the URL from `at` to `end`; NULL: another. */
const char *field_engine_image(const char *at, const char *end, struct arena *arena);

/* The kind of request that a URL, or the rest of one, is for: as `flags` above. */
unsigned field_url_flags(const char *url);

/*
 * An image reference at `at`, quoted or not; NULL: there is none. `named` takes a name without '/',
 * ':' and '.', and one that ends a line. `ret_end` is after it.
 */
const char *field_image(const char *at, bool quoted, bool named, struct arena *arena,
                        const char **ret_end);

/* The image that a sentence names: a reference with host and tag or digest, around its first '/' at
 * `at`. NULL if there is none. The text starts at `begin`. */
const char *field_mention(const char *begin, const char *at, struct arena *arena);

/* The host of an image reference: text of `arena`, NULL if the reference has none. */
const char *field_image_host(const char *image, struct arena *arena);

/* The repository of an image reference as a registry's URL has it: without host, tag and digest. */
const char *field_image_repository(const char *image, struct arena *arena);

/* "TAG in REPOSITORY" at `at` as "REPOSITORY:TAG"; NULL: it is something else. */
const char *field_tag_in(const char *at, struct arena *arena, const char **ret_end);

/* The length of the options of a client and of its command, which pulls; 0: it does not. */
size_t field_command(const char *at);

/* The image of docker's "TAG: Pulling from REPOSITORY", whose "Pulling" is at `at` of `text`. The
 * line leaves out the host. NULL if `known`, the image of the command, says more, or if the name
 * cannot be one of Docker Hub's. */
const char *field_progress_image(const char *text, const char *at, const char *known,
                                 struct arena *arena, const char **ret_end);

/* Returns the image of a command line. `at` is its rest after the command; options are skipped. */
const char *field_command_image(const char *at, struct arena *arena, const char **ret_end);

/* "SERVICE (IMAGE)" at `at`: IMAGE; NULL: it is something else. */
const char *field_service_image(const char *at, struct arena *arena, const char **ret_end);

/* True if `image` is `name` and a tag or a digest. */
bool field_image_extends(const char *image, const char *name);

/* The program of a credential plug-in that a text from `begin` to `end` names; NULL: none. */
const char *field_plugin(const char *begin, const char *end, struct arena *arena);

/* A host[:port] at `at`; NULL: there is none. */
const char *field_host(const char *at, struct arena *arena);

/* "A:PORT" or "[A]:PORT" at `at`. */
bool field_endpoint(const char *at, struct endpoint *ret);

/* The host of a lookup at `at`: HOST, or HOST on RESOLVER:53. */
const char *field_lookup(const char *at, struct arena *arena, const char **ret_resolver);

/* The HTTP status that follows, also after a URL at `url` (else NULL); 0: none. */
unsigned field_status(const char *at, const char **ret_end, const char **ret_url);

/* The text between the end of "certificate is valid for" and "not NAME"; NULL: it is cut. */
const char *field_names(const char *at, struct arena *arena);

/* True if there is nothing but lines of the vendor's page: "dial tcp ADDRESS:PORT: i/o timeout",
 * the port being one of registries. */
bool field_is_bare_line(const char *text);

/* ---- for url.c ---- */

/* Reads up to one of `stops` or the end of the text, wraps left out; false when it is empty or does
 * not fit, and then no further than the buffer is long. */
bool field_gather(const char *at, const char *stops, char *buffer, size_t size,
                  const char **ret_end);

/* host[:port] as image references write it; NULL when it cannot be one. */
const char *field_host_port(const char *text, uint16_t default_port, struct arena *arena);

/* The end of a URL without quotes: at a space, or at a ':' at the end of a line if no port follows
 * in the next one. */
const char *field_end_of_bare_url(const char *at);
