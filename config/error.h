#pragma once

/* Everything that is wrong with a configuration, so that all of it can be said at once. */

#include <stddef.h>

#include "config/base/text.h"

#define CONFIG_MAX_ERRORS     50
#define CONFIG_MAX_ERROR_TEXT 400

/* Where a value was written. `file` is a path, or the option or variable; line 0 where none is. */
struct origin {
    const char *file;
    unsigned line;
    unsigned column;
};

struct config_errors {
    size_t count; /* may exceed CONFIG_MAX_ERRORS; the rest is only counted */
    char *messages[CONFIG_MAX_ERRORS];
};

void config_error(struct config_errors *errors, const struct origin *origin, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));
void config_errors_print(const struct config_errors *errors, struct text *text);
void config_errors_free(struct config_errors *errors);

/* The word of `words` (NULL-terminated) nearest to `found`, or NULL when none is near. */
const char *nearest_word(const char *found, const char *const *words);
