/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The keys for an image, from docker config files, by the rules of the kubelet's keyring
 * (Kubernetes, pkg/credentialprovider): entries by host and path, globs in the host, the most
 * specific entry first, every entry that fits is tried. Messages never quote a file's content.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/arena.h"

#define CREDENTIALS_MAX_FILE ((size_t)256 * 1024) /* bytes of one file */
#define KEYRING_MAX_KEYS     8                    /* tried for one image */

/* Without a user name or password, clients ask without a key. */
struct credentials {
    const char *username;
    const char *secret;
    const char *entry; /* as the file writes it: "acme-prod.tencentcloudcr.com/team" */
};

struct keyring_entry {
    const char *place; /* host[:port][/path], no scheme; the order of the entries */
    struct credentials key;
};

struct keyring {
    size_t count;
    struct keyring_entry *entries;
    bool has_helpers; /* a file names credential helpers, which the kubelet never asks */
};

/* Adds the entries of one file's content, in `secrets` like the ring's list itself. NULL, or why
 * the kubelet would not take the file; a static text. The ring is then unchanged. */
const char *keyring_parse(struct keyring *keyring, const char *bytes, size_t length,
                          struct arena *secrets);

/* The same for files. Returns NULL, or an error sentence that names the file, in `secrets` or
 * static. */
const char *keyring_read(struct keyring *keyring, const char *const *paths, size_t count,
                         struct arena *secrets);

/* The keys for "host[:port]/repository", in the order in which they are tried; their number. */
size_t keyring_find(const struct keyring *keyring, const char *image,
                    struct credentials ret[KEYRING_MAX_KEYS]);

/* The keys for any image of "host[:port]". */
size_t keyring_find_host(const struct keyring *keyring, const char *host,
                         struct credentials ret[KEYRING_MAX_KEYS]);

/* Differs once a file was changed or replaced; 0 without files. */
uint64_t credentials_stamp(const char *const *paths, size_t count);
