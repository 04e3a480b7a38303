/* SPDX-License-Identifier: MIT */
#pragma once

/* Manifests and errors as registries answer them, read as containerd reads them (OCI Image
 * Specification 1.1, image manifest, index and config; Docker Image Manifest V2; OCI Distribution
 * Specification, "Error Codes"). Peer text in the results is not escaped. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/arena.h"

/* The header that containerd sends. */
#define MANIFEST_ACCEPT                                           \
    "application/vnd.docker.distribution.manifest.v2+json, "      \
    "application/vnd.docker.distribution.manifest.list.v2+json, " \
    "application/vnd.oci.image.manifest.v1+json, "                \
    "application/vnd.oci.image.index.v1+json, */*"

#define MANIFEST_MAX_SIZE      (4 * 1048 * 1048) /* bytes: larger ones containerd refuses */
#define MANIFEST_MAX_LAYERS    512
#define MANIFEST_MAX_PLATFORMS 16
#define MANIFEST_MAX_URLS      4 /* of one layer */

/* ---- media types and digests ---- */

enum media_kind {
    MEDIA_OTHER,
    MEDIA_MANIFEST,
    MEDIA_INDEX,
    MEDIA_SCHEMA1,
    MEDIA_CONFIG,
    MEDIA_LAYER,
};
enum media_kind media_kind_of(const char *media_type); /* NULL is MEDIA_OTHER */

/* A Content-Type as containerd reads one: cut at the semicolon. NULL stays NULL. */
const char *media_type_of(const char *content_type, struct arena *arena);

/* True for algorithm:hex as containerd takes it (sha256, sha384, sha512; the length fits). */
bool digest_is_valid(const char *digest);

/* containerd and skopeo take no other digest than sha256, because they store nothing by others. */
bool digest_is_stored(const char *digest);
#define MANIFEST_NOT_STORED "a digest in it is not of SHA-256, and clients store nothing else"

/* True if the bytes have this digest. False if it is not valid. */
bool digest_fits(const char *digest, const void *bytes, size_t length);

/* "sha256:..." of the bytes; NULL: memory. */
const char *digest_of(const void *bytes, size_t length, struct arena *arena);

/* ---- platforms ---- */

/* "os/architecture[/variant]" as Go and image indexes write it. */
struct platform {
    char os[16];
    char architecture[16];
    char variant[16];
};

/* False if it is not of that form. */
bool platform_parse(const char *text, struct platform *ret);
const char *platform_default(void); /* this machine's */

/* ---- manifests ---- */

struct descriptor {
    const char *digest; /* valid */
    const char *media_type;
    int64_t size; /* bytes; -1 unknown */
    size_t url_count;
    const char **urls; /* http and https: clients fetch it from there first */
};

enum manifest_result {
    MANIFEST_IS_INDEX,
    MANIFEST_IS_IMAGE,
    MANIFEST_IS_UNSUPPORTED, /* no image that containerd takes */
    MANIFEST_IS_NEITHER,     /* not even JSON */
    MANIFEST_IS_TOO_LARGE,
    MANIFEST_NO_MEMORY,
};

struct manifest {
    struct descriptor child; /* of an index: for the platform; no digest: there is none */
    bool child_has_no_platform;
    bool has_written_platform; /* an entry names it in the words that podman and skopeo look for */
    size_t platform_count;     /* of an index: those that it has */
    const char *platforms[MANIFEST_MAX_PLATFORMS];
    const char *media_type;   /* inside the document; NULL: none */
    struct descriptor config; /* of an image */
    size_t layer_count;
    struct descriptor *layers;
};

/* `kind` is what the media type says: MEDIA_MANIFEST or MEDIA_INDEX. `ret_error`: a sentence for
 * every result but an image. */
enum manifest_result manifest_parse(const char *body, size_t length, enum media_kind kind,
                                    const struct platform *platform, struct arena *arena,
                                    struct manifest *ret, const char **ret_error);

/* NULL if clients can unpack an image with this config and these layers, else the reason. With
 * `check_platform` the config has to be of that platform. */
const char *image_config_error(const char *body, size_t length, const struct manifest *manifest,
                               const struct platform *platform, bool check_platform,
                               struct arena *arena, bool *ret_other_platform);

/* NULL, or why containerd cannot unpack a layer of this type that begins with these bytes. */
const char *layer_error(const char *media_type, const char *bytes, size_t length);

/* "CODE: message" of an error body, or its first bytes; escaped and cut. NULL: it is empty. */
const char *manifest_error(const char *body, size_t length, struct arena *arena);
