/* SPDX-License-Identifier: MIT */
#pragma once

/* URLs as Go's url.Parse takes them, in pieces of the text itself. */

#include <stdbool.h>
#include <stddef.h>

struct url_piece {
    const char *at; /* NULL if the URL does not have it */
    size_t length;
};

struct go_url {
    struct url_piece scheme;
    struct url_piece user;
    struct url_piece place; /* host and port as written */
    struct url_piece host;  /* without brackets and zone */
    struct url_piece port;
};

/* False where url.Parse gives an error. */
bool go_url_parse(const char *text, size_t length, struct go_url *ret);
