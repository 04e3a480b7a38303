/* SPDX-License-Identifier: MIT */
#pragma once

/* Errors of a configuration. They are collected, so that the user sees all of them at once. */

#include <stdbool.h>
#include <stddef.h>

#include "config/base/text.h"

#define CONFIG_MAX_ERRORS     50
#define CONFIG_MAX_ERROR_TEXT 400

/* Place of a value. `file` is a path, an option or a variable; the line is 0 if there is none. */
struct origin {
    const char *file;
    unsigned line;
    unsigned column;
};

struct config_errors {
    size_t count; /* may exceed CONFIG_MAX_ERRORS: further errors are only counted */
    char *messages[CONFIG_MAX_ERRORS];
    bool unread; /* the file was not read to its end, which another try may do */
};

void config_error(struct config_errors *errors, const struct origin *origin, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));
void config_errors_print(const struct config_errors *errors, struct text *text);
void config_errors_free(struct config_errors *errors);

/* Returns the word of `words` (NULL-terminated) that is nearest to `found`; NULL if none is near.
 */
const char *nearest_word(const char *found, const char *const *words);
