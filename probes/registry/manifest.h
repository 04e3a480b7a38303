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

/* This machine's, as Go and thus image indexes name it. */
#if defined(__x86_64__)
#define MANIFEST_ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define MANIFEST_ARCHITECTURE "arm64"
#elif defined(__i386__)
#define MANIFEST_ARCHITECTURE "386"
#elif defined(__arm__)
#define MANIFEST_ARCHITECTURE "arm"
#elif defined(__riscv) && __riscv_xlen == 64
#define MANIFEST_ARCHITECTURE "riscv64"
#elif defined(__powerpc64__)
#define MANIFEST_ARCHITECTURE "ppc64le"
#elif defined(__s390x__)
#define MANIFEST_ARCHITECTURE "s390x"
#elif defined(__loongarch64)
#define MANIFEST_ARCHITECTURE "loong64"
#else
#error "how do image indexes name this machine's architecture?"
#endif

enum manifest_result {
    MANIFEST_IS_INDEX, /* `digest` is of the manifest that this machine would pull */
    MANIFEST_IS_IMAGE, /* `digest` is of the smallest blob */
    MANIFEST_IS_NEITHER,
    MANIFEST_IS_TOO_LARGE,
    MANIFEST_NO_MEMORY,
};

struct manifest {
    const char *digest; /* checked: fit for a URL; NULL: none is named */
    int64_t size;       /* of what it names, in bytes; -1 unknown */
};

/* `ret_error`: what was wrong; also why an index names none to go on with. Peer text in it is not
 * escaped. */
enum manifest_result manifest_parse(const char *body, size_t length, struct arena *arena,
                                    struct manifest *ret, const char **ret_error);

/* "CODE: message" of an error body, or its first bytes; escaped and cut. NULL: it is empty. */
const char *manifest_error(const char *body, size_t length, struct arena *arena);
