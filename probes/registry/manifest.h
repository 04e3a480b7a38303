#pragma once

/* Manifests and errors as registries answer them (OCI Image Specification 1.1, image manifest and
 * index; Docker Image Manifest V2; OCI Distribution Specification, "Error Codes"). */

#include <stddef.h>
#include <stdint.h>

#include "config/base/arena.h"

/* What containerd sends. */
#define MANIFEST_ACCEPT                                           \
    "application/vnd.docker.distribution.manifest.v2+json, "      \
    "application/vnd.docker.distribution.manifest.list.v2+json, " \
    "application/vnd.oci.image.manifest.v1+json, "                \
    "application/vnd.oci.image.index.v1+json, */*"

enum manifest_result {
    MANIFEST_IS_INDEX, /* `digest` is of the manifest to go on with: linux/amd64, else the first */
    MANIFEST_IS_IMAGE, /* `digest` is of the smallest blob */
    MANIFEST_IS_NEITHER,
    MANIFEST_IS_TOO_LARGE,
    MANIFEST_NO_MEMORY,
};

struct manifest {
    const char *digest; /* checked: fit for a URL; NULL: none is named */
    int64_t size;       /* of what it names, in bytes; -1 unknown */
};

/* `ret_error`: static text of what was wrong. */
enum manifest_result manifest_parse(const char *body, size_t length, struct arena *arena,
                                    struct manifest *ret, const char **ret_error);

/* "CODE: message" of an error body, or its first bytes; escaped and cut. NULL: it is empty. */
const char *manifest_error(const char *body, size_t length, struct arena *arena);
