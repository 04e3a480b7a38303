/* SPDX-License-Identifier: MIT */
#pragma once

/* The address of a proxy as HTTPS_PROXY and the option have it: a URL, or host:port. */

#include <stdbool.h>
#include <stdint.h>

#include "config/base/address.h"
#include "config/base/arena.h"

struct proxy_url {
    const char *scheme; /* "http", "https" or "socks5" */
    const char *host;   /* lower case, or the text of `address` */
    uint16_t port;      /* the scheme's if none is written */
    bool host_is_address;
    struct address address;
    const char *user;     /* decoded; NULL: none. Secret, as is the password */
    const char *password; /* decoded; "" if only a user is given */
    const char *shown;    /* the URL without user information */
};

/* Parses `text`, with texts in `arena`. NULL, or one sentence that says which values are valid and
 * does not repeat the text, which may hold a password. */
const char *proxy_url_parse(const char *text, struct arena *arena, struct proxy_url *ret);
