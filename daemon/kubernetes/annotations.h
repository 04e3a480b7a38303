/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The annotations of TKE Serverless that change how a pod's images are pulled. The pod's own ones
 * count first, then those of its (super) node, then those of the ConfigMap kube-system/eks-config,
 * whose key pod.annotations holds them as YAML text.
 */

#include <jansson.h>
#include <stdbool.h>

#include "config/base/arena.h"

enum pull_annotation {
    ANNOTATION_RESOLV_CONF,   /* the text of a resolv.conf, for the machine that pulls */
    ANNOTATION_SKIP_VERIFY,   /* registries whose certificate is not verified */
    ANNOTATION_HTTP_ENDPOINT, /* registries that are asked by plain HTTP */
};
enum { ANNOTATION_COUNT = ANNOTATION_HTTP_ENDPOINT + 1 };

/* The object that an annotation comes from. */
enum annotation_origin { ORIGIN_NONE, ORIGIN_POD, ORIGIN_NODE, ORIGIN_EKS_CONFIG };

struct pull_annotations {
    struct {
        const char *value; /* the peer's bytes: escape them before printing; NULL: not set */
        enum annotation_origin origin;
    } list[ANNOTATION_COUNT];
};

const char *annotation_name(enum pull_annotation annotation); /* "eks.tke.cloud.tencent.com/..." */
const char *annotation_origin_name(enum annotation_origin origin); /* "pod", "node", "eks-config" */

/* Adds the annotations that are not set yet, with copies in `arena`. `object` is the map
 * metadata.annotations of the pod or node, or NULL. */
void annotations_add(struct pull_annotations *annotations, const json_t *object,
                     enum annotation_origin origin, struct arena *arena);

/* The same from the YAML text in eks-config. False if the text is not a YAML mapping. */
bool annotations_add_yaml(struct pull_annotations *annotations, const char *text,
                          struct arena *arena);

/* True if every annotation is set, so that no other object could change one. */
bool annotations_complete(const struct pull_annotations *annotations);

/* True if `annotation`, a list with commas, names `registry` (HOST[:PORT], as an image writes it),
 * or is "all". */
bool annotation_names_registry(const struct pull_annotations *annotations,
                               enum pull_annotation annotation, const char *registry);
