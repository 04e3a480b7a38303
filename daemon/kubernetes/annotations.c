/* SPDX-License-Identifier: MIT */
#include "daemon/kubernetes/annotations.h"

#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "probes/registry/peer_json.h"

#define MAX_VALUE ((size_t)64 * 1024) /* bytes that are kept of one annotation */
#define MAX_YAML  ((size_t)1024 * 1024)

static const char *const names[ANNOTATION_COUNT] = {
    [ANNOTATION_RESOLV_CONF] = "eks.tke.cloud.tencent.com/resolv-conf",
    [ANNOTATION_SKIP_VERIFY] = "eks.tke.cloud.tencent.com/registry-insecure-skip-verify",
    [ANNOTATION_HTTP_ENDPOINT] = "eks.tke.cloud.tencent.com/registry-http-endpoint",
};

const char *annotation_name(enum pull_annotation annotation)
{
    return names[annotation];
}

const char *annotation_origin_name(enum annotation_origin origin)
{
    static const char *const origins[] = {
        [ORIGIN_NONE] = NULL,
        [ORIGIN_POD] = "pod",
        [ORIGIN_NODE] = "node",
        [ORIGIN_EKS_CONFIG] = "eks-config",
    };
    return origins[origin];
}

static void add_value(struct pull_annotations *annotations, const char *name, const char *value,
                      enum annotation_origin origin, struct arena *arena)
{
    for (size_t i = 0; i < ANNOTATION_COUNT; i++) {
        if (strcmp(names[i], name) != 0 || annotations->list[i].value)
            continue;
        annotations->list[i].value = arena_copy_bytes(arena, value, strnlen(value, MAX_VALUE));
        annotations->list[i].origin = origin;
    }
}

void annotations_add(struct pull_annotations *annotations, const json_t *object,
                     enum annotation_origin origin, struct arena *arena)
{
    for (size_t i = 0; i < ANNOTATION_COUNT; i++) {
        const char *value = peer_json_text(object, names[i]);
        if (value)
            add_value(annotations, names[i], value, origin, arena);
    }
}

static void add_pairs(struct pull_annotations *annotations, yaml_document_t *document,
                      const yaml_node_t *root, struct arena *arena)
{
    const yaml_node_pair_t *end = root->data.mapping.pairs.top;

    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < end; pair++) {
        const yaml_node_t *key = yaml_document_get_node(document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(document, pair->value);
        if (key && value && key->type == YAML_SCALAR_NODE && value->type == YAML_SCALAR_NODE)
            add_value(annotations, (const char *)key->data.scalar.value,
                      (const char *)value->data.scalar.value, ORIGIN_EKS_CONFIG, arena);
    }
}

bool annotations_add_yaml(struct pull_annotations *annotations, const char *text,
                          struct arena *arena)
{
    yaml_parser_t parser;
    yaml_document_t document;
    bool is_mapping = false;

    if (strlen(text) > MAX_YAML || !yaml_parser_initialize(&parser))
        return false;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    if (yaml_parser_load(&parser, &document)) {
        const yaml_node_t *root = yaml_document_get_root_node(&document);
        is_mapping = !root || root->type == YAML_MAPPING_NODE;
        if (root && is_mapping)
            add_pairs(annotations, &document, root, arena);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return is_mapping;
}

bool annotations_complete(const struct pull_annotations *annotations)
{
    for (size_t i = 0; i < ANNOTATION_COUNT; i++)
        if (!annotations->list[i].value)
            return false;
    return true;
}

/* "host" and "host:443" are the same registry. */
static bool is_registry(const char *item, size_t length, const char *registry)
{
    size_t other = strlen(registry);

    if (length > 4 && strncmp(item + length - 4, ":443", 4) == 0)
        length -= 4;
    if (other > 4 && strcmp(registry + other - 4, ":443") == 0)
        other -= 4;
    return length == other && strncasecmp(item, registry, length) == 0;
}

bool annotation_names_registry(const struct pull_annotations *annotations,
                               enum pull_annotation annotation, const char *registry)
{
    const char *at = annotations->list[annotation].value;

    while (at && *at) {
        at += strspn(at, ", \t\r\n");
        size_t length = strcspn(at, ", \t\r\n");
        bool every = length == 3 && strncmp(at, "all", 3) == 0;
        if (length && (every || is_registry(at, length, registry)))
            return true;
        at += length;
    }
    return false;
}
