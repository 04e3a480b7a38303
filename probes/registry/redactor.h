/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Blanks secrets in the words of a peer, because error pages repeat what was asked. A peer may have
 * written a secret in another way: in other letter case, percent-encoded, in quoted-printable, with
 * escapes of JSON or HTML, each of them once or twice, as the numbers of its bytes (hexadecimal,
 * octal or decimal), or in base64 (either alphabet, with or without padding, alone or within a
 * longer text), and each of them wrapped into lines or with a separator between its characters. A
 * peer may have cut it: most of it, or 16 bytes, are a secret too.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/base/arena.h"

#define REDACTOR_MIN_SECRET 6 /* bytes; a shorter text is no secret, and occurs everywhere */

struct redactor_form;

/* A zeroed one knows no secret. */
struct redactor {
    struct arena *arena; /* its own, wiped at the end */
    struct redactor_form *forms;
    bool starts[256]; /* first bytes of the forms, in lower case */
    bool failed;      /* memory was short, so a form is missing */
};

void redactor_free(struct redactor *redactor); /* leaves it empty and usable */

/* Remembers one secret. Unless memory is short, a shorter or a known one changes nothing. Its first
 * `named` bytes, such as the user's name and the colon, may be shown where no more follows. */
void redactor_add(struct redactor *redactor, const char *secret, size_t length, size_t named);

/* Overwrites every occurrence in `text` with '*'. The text is as text_append_peer() wrote it. If a
 * form is missing, the whole text is overwritten. */
void redactor_apply(const struct redactor *redactor, char *text);
