#pragma once

/*
 * The key for a registry, from a docker config file: `auths` by host, as docker, containerd and
 * the kubelet find it there (the .dockerconfigjson of an image pull secret). Messages never quote
 * the file's content.
 */

#include <stdbool.h>
#include <stdint.h>

#include "config/base/arena.h"

#define CREDENTIALS_MAX_FILE ((size_t)256 * 1024)

struct credentials {
    const char *username; /* "" with an identity token */
    const char *secret;   /* a password, or an identity token */
};

enum credentials_result {
    CREDENTIALS_FOUND,
    CREDENTIALS_NONE,     /* of this registry */
    CREDENTIALS_UNUSABLE, /* no file, not such a file, memory; `ret_error` says what */
};

/* `host` without brackets; `port` 443 and, with `plain_http`, 80 need not be written in the file.
 * Texts of `ret` in `secrets`, of `ret_error` static or there. */
enum credentials_result credentials_parse(const char *bytes, size_t length, const char *host,
                                          uint16_t port, bool plain_http, struct arena *secrets,
                                          struct credentials *ret, const char **ret_error);

enum credentials_result credentials_read(const char *path, const char *host, uint16_t port,
                                         bool plain_http, struct arena *secrets,
                                         struct credentials *ret, const char **ret_error);

/* Differs once the file was changed or replaced; 0 without one. */
uint64_t credentials_stamp(const char *path);
