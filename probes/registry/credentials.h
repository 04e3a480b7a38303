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

/* Without a user name or password, clients ask without a key. */
struct credentials {
    const char *username;
    const char *secret; /* NULL: the key holds a NUL byte, and is not used here */
    const char *entry;  /* as the file writes it: "acme-prod.tencentcloudcr.com/team" */
};

/* The key of user name and password, or of `auth`, the base64 of both; each may be NULL. False if
 * that cannot be read. */
bool credentials_of_parts(const char *username, const char *password, const char *auth,
                          struct arena *secrets, struct credentials *ret);

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

/* Keys in the order in which they are tried. */
struct keys {
    size_t count;
    const struct credentials *list;
};

/* The keys for "host[:port]/repository", listed in `secrets`; none if memory is short. */
struct keys keyring_find(const struct keyring *keyring, const char *image, struct arena *secrets);

/* The keys for any image of "host[:port]". */
struct keys keyring_find_host(const struct keyring *keyring, const char *host,
                              struct arena *secrets);

/* Differs once a file was changed or replaced; 0 without files. */
uint64_t credentials_stamp(const char *const *paths, size_t count);
