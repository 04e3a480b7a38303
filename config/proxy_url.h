/* SPDX-License-Identifier: MIT */
#pragma once

/* The address of a proxy as HTTPS_PROXY and the option have it: a URL, or host:port. */

#include <stdbool.h>
#include <stdint.h>

#include "config/base/address.h"
#include "config/base/arena.h"

struct proxy_url {
    const char *scheme; /* "http", "https" or "socks5" */
    const char *host;   /* lower case, or the text of `address`; "" is this machine for clients */
    uint16_t port;      /* the scheme's if none is written; 0: no proxy can have it */
    bool host_is_address;
    bool host_is_odd; /* no name is written so, or it may be a key: it is not looked up */
    struct address address;
    const char *user;     /* decoded; NULL: none. Secret, as is the password */
    const char *password; /* decoded; "" if only a user is given */
    const char *shown;    /* the URL without user information */
    const char
        *older_host; /* the scheme, which clients of Go 1.22 or older take for the proxy's name */
};

/* Parses `text`, with texts in `arena`. NULL, or one sentence that says which values are valid and
 * does not repeat the text, which may hold a password. */
const char *proxy_url_parse(const char *text, struct arena *arena, struct proxy_url *ret);

/* The same by the rules of clients of Go (url.Parse, and golang.org/x/net/http/httpproxy), which
 * take much for a proxy that is none. `ret_used` is false if they use no proxy. NULL, or that
 * memory is short. */
const char *proxy_url_of_variable(const char *text, struct arena *arena, bool *ret_used,
                                  struct proxy_url *ret);
