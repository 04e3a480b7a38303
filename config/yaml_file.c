/* SPDX-License-Identifier: MIT */
/* Reads the file through libyaml's document API: every node keeps its line and column, so that all
 * errors can be listed at once. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "config/base/file.h"
#include "config/base/memory.h"
#include "config/load.h"
#include "config/secret.h"

#define FILE_LIMIT    ((off_t)8 * 1024 * 1024)
#define MAX_TOKENS    ((size_t)40 * SETTINGS_MAX_TARGETS) /* libyaml needs up to 170 bytes for one */
#define MAX_PATH_TEXT 96
#define MAX_WORDS     48
#define MAX_KEYS      64 /* of one mapping, since each is compared with all before it */
#define MAX_DEPTH     16 /* of nested sequences and mappings; the schema needs 4 */

struct reader {
    struct loader *loader;
    yaml_document_t document;
    const char *path;
    unsigned char *bytes; /* the whole file, because it may change between two looks at it */
    size_t length;
};

static struct origin origin_of(const struct reader *reader, const yaml_node_t *node)
{
    return (struct origin){reader->path, (unsigned)node->start_mark.line + 1,
                           (unsigned)node->start_mark.column + 1};
}

static const char *scalar(const yaml_node_t *node)
{
    return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static yaml_node_t *node_at(struct reader *reader, int index)
{
    return yaml_document_get_node(&reader->document, index);
}

static void wrong_type(struct reader *reader, const yaml_node_t *node, const char *key,
                       const char *wanted)
{
    struct origin origin = origin_of(reader, node);

    config_error(reader->loader->errors, &origin, "%s: %s is needed here", key, wanted);
}

/* True for a key without a value, such as "targets:" whose entries are all comments. */
static bool is_nothing(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0 &&
           node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static bool node_is_text(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE && !is_nothing(node);
}

static bool is_list(struct reader *reader, const yaml_node_t *node, const char *key)
{
    if (node->type != YAML_SEQUENCE_NODE && !is_nothing(node))
        wrong_type(reader, node, key, "a list");
    return node->type == YAML_SEQUENCE_NODE;
}

static void unknown_key(struct reader *reader, const yaml_node_t *node, const char *key,
                        const char *const *words)
{
    struct origin origin = origin_of(reader, node);
    bool shown = reader->loader->errors->count < CONFIG_MAX_ERRORS;
    const char *near =
        shown ? nearest_word(key, words) : NULL; /* only if it is shown, because it is slow */

    if (near)
        config_error(reader->loader->errors, &origin, "%s: unknown key; did you mean %s?", key,
                     near);
    else
        config_error(reader->loader->errors, &origin, "%s: unknown key",
                     loader_shown(reader->loader, key));
}

static void stands_twice(struct reader *reader, const yaml_node_t *node, const char *key)
{
    struct origin origin = origin_of(reader, node);

    config_error(reader->loader->errors, &origin, "%s: the key is there twice; remove one of them",
                 loader_shown(reader->loader, key));
}

/* Calls `visit` for every pair of a mapping. Refuses keys that are not text, and repeated keys. */
typedef void visit_fn(struct reader *reader, const yaml_node_t *key_node, const char *key,
                      yaml_node_t *value, void *context);

static void each_pair(struct reader *reader, const yaml_node_t *mapping, visit_fn *visit,
                      void *context)
{
    yaml_node_pair_t *start = mapping->data.mapping.pairs.start;
    yaml_node_pair_t *end = mapping->data.mapping.pairs.top;

    if (end - start > MAX_KEYS) {
        struct origin origin = origin_of(reader, node_at(reader, start[MAX_KEYS].key));
        config_error(reader->loader->errors, &origin, "more than %d keys in one mapping", MAX_KEYS);
        end = start + MAX_KEYS;
    }
    for (yaml_node_pair_t *pair = start; pair < end; pair++) {
        yaml_node_t *key_node = node_at(reader, pair->key);
        const char *key = scalar(key_node);
        bool twice = false;
        if (!key) {
            wrong_type(reader, key_node, "key", "text");
            continue;
        }
        for (yaml_node_pair_t *other = start; other < pair; other++) {
            const char *earlier = scalar(node_at(reader, other->key));
            twice |= earlier && strcmp(earlier, key) == 0;
        }
        if (twice)
            stands_twice(reader, key_node, key);
        else
            visit(reader, key_node, key, node_at(reader, pair->value), context);
    }
}

static void assign_value(struct reader *reader, const struct schema_key *key, yaml_node_t *node)
{
    struct origin origin = origin_of(reader, node);
    const char *value = scalar(node);

    if (value)
        loader_assign(reader->loader, key, SOURCE_FILE,
                      arena_copy_text(reader->loader->arena, value), NULL, &origin);
    else
        wrong_type(reader, node, key->path, "a single value");
}

/* ---- controls: mappings of name, kind and endpoint ---- */

struct control_parts {
    const char *name;
    const char *kind;
    const char *endpoint;
};

static void read_control_key(struct reader *reader, const yaml_node_t *key_node, const char *key,
                             yaml_node_t *value, void *context)
{
    static const char *const words[] = {"name", "kind", "endpoint", NULL};
    struct control_parts *parts = context;

    if (!scalar(value))
        wrong_type(reader, value, key, "a single value");
    else if (strcmp(key, "name") == 0)
        parts->name = scalar(value);
    else if (strcmp(key, "kind") == 0)
        parts->kind = scalar(value);
    else if (strcmp(key, "endpoint") == 0)
        parts->endpoint = scalar(value);
    else
        unknown_key(reader, key_node, key, words);
}

static void read_control_node(struct reader *reader, const struct schema_key *key,
                              yaml_node_t *node)
{
    struct control_parts parts = {0};
    struct origin origin = origin_of(reader, node);
    struct arena *arena = reader->loader->arena;

    if (node->type != YAML_MAPPING_NODE) {
        assign_value(reader, key, node); /* KIND=HOST:PORT, as in the option */
        return;
    }
    each_pair(reader, node, read_control_key, &parts);
    if (!parts.kind || !parts.endpoint)
        config_error(reader->loader->errors, &origin, "controls: kind and endpoint are needed");
    else
        loader_assign(reader->loader, key, SOURCE_FILE,
                      arena_format(arena, "%s=%s", parts.kind, parts.endpoint),
                      arena_copy_text(arena, parts.name), &origin);
}

static void read_key_node(struct reader *reader, const struct schema_key *key, yaml_node_t *node)
{
    bool controls = strcmp(key->path, "controls") == 0;

    if (!key->list || (key->or_one && node_is_text(node))) {
        assign_value(reader, key, node);
        return;
    }
    if (!is_list(reader, node, key->path))
        return;
    for (yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        if (controls)
            read_control_node(reader, key, node_at(reader, *item));
        else
            assign_value(reader, key, node_at(reader, *item));
    }
}

/* ---- targets ---- */

/* Returns the text itself, the registry of a mapping, or NULL. */
static const char *registry_node(struct reader *reader, const yaml_node_t *node)
{
    const char *registry = scalar(node);

    if (node->type == YAML_MAPPING_NODE) {
        for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
             !registry && pair < node->data.mapping.pairs.top; pair++) {
            const char *key = scalar(node_at(reader, pair->key));
            if (key && strcmp(key, "registry") == 0)
                registry = scalar(node_at(reader, pair->value));
        }
    }
    return arena_copy_text(reader->loader->arena, registry);
}

/* Reads a list of a target; `key` is NULL for images. */
static void read_target_list(struct reader *reader, struct target_entry *entry,
                             const struct schema_key *key, yaml_node_t *node)
{
    const char *name = key ? key->path : "images";

    if (!is_list(reader, node, name))
        return;
    for (yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        yaml_node_t *value = node_at(reader, *item);
        struct origin origin = origin_of(reader, value);
        if (scalar(value))
            loader_assign_target(reader->loader, entry, key,
                                 arena_copy_text(reader->loader->arena, scalar(value)), &origin);
        else
            wrong_type(reader, value, name, "text");
    }
}

static void read_target_key(struct reader *reader, const yaml_node_t *key_node, const char *key,
                            yaml_node_t *value, void *context)
{
    const char *words[MAX_WORDS] = {"registry", "images", NULL};
    struct origin origin = origin_of(reader, value);

    if (strcmp(key, "registry") == 0)
        return;
    if (strcmp(key, "images") == 0) {
        read_target_list(reader, context, NULL, value);
        return;
    }
    const struct schema_key *known;
    for (size_t i = 0; (known = schema_target_key(i)); i++) {
        words[2 + i] = known->path;
        if (strcmp(known->path, key) != 0)
            continue;
        if (known->list && !(known->or_one && node_is_text(value)))
            read_target_list(reader, context, known, value);
        else if (scalar(value))
            loader_assign_target(reader->loader, context, known,
                                 arena_copy_text(reader->loader->arena, scalar(value)), &origin);
        else
            wrong_type(reader, value, key, "a single value");
        return;
    }
    unknown_key(reader, key_node, key, words);
}

static void read_target_node(struct reader *reader, yaml_node_t *node)
{
    const char *registry = registry_node(reader, node);
    struct origin origin = origin_of(reader, node);

    if (!registry)
        config_error(reader->loader->errors, &origin, "targets: an entry needs a registry");
    /* The other keys are read in any case, so that all errors are listed. */
    struct target_entry *entry = loader_add_target(reader->loader, SOURCE_FILE, registry, &origin);
    if (entry && node->type == YAML_MAPPING_NODE)
        each_pair(reader, node, read_target_key, entry);
}

/* ---- the top ---- */

static void read_pair(struct reader *reader, const yaml_node_t *key_node, const char *key,
                      yaml_node_t *value, void *context);

static void read_group(struct reader *reader, const char *group, yaml_node_t *node)
{
    char prefix[MAX_PATH_TEXT];

    snprintf(prefix, sizeof(prefix), "%s.", group);
    if (node->type == YAML_MAPPING_NODE)
        each_pair(reader, node, read_pair, prefix);
    else if (!is_nothing(node))
        wrong_type(reader, node, group, "a mapping");
}

static void read_pair(struct reader *reader, const yaml_node_t *key_node, const char *key,
                      yaml_node_t *value, void *context)
{
    const char *prefix = context;
    const char *words[MAX_WORDS] = {"targets", "resolvers", "log"};
    size_t skip = strlen(prefix);
    size_t count = skip ? 0 : 3;
    char path[MAX_PATH_TEXT];

    snprintf(path, sizeof(path), "%s%s", prefix, key);
    for (size_t i = 0; i < schema_key_count; i++) {
        const char *known = schema_keys[i].path;
        if (strcmp(known, path) == 0) {
            read_key_node(reader, &schema_keys[i], value);
            return;
        }
        if (strncmp(known, prefix, skip) == 0 && !strchr(known + skip, '.') &&
            count < MAX_WORDS - 1)
            words[count++] = known + skip;
    }
    words[count] = NULL;
    if (!skip && strcmp(key, "targets") == 0) {
        if (!is_list(reader, value, key))
            return;
        for (yaml_node_item_t *item = value->data.sequence.items.start;
             item < value->data.sequence.items.top; item++)
            read_target_node(reader, node_at(reader, *item));
    } else if (!skip && (strcmp(key, "resolvers") == 0 || strcmp(key, "log") == 0)) {
        read_group(reader, key, value);
    } else {
        unknown_key(reader, key_node, key, words);
    }
}

/* Converts an offset into line and column, because libyaml's reader counts only bytes. */
static yaml_mark_t mark_of_byte(const struct reader *reader, size_t offset)
{
    yaml_mark_t mark = {0};

    for (size_t i = 0; i < offset && i < reader->length; i++) {
        bool ends_line = reader->bytes[i] == '\n';
        bool continues = (reader->bytes[i] & 0xc0) == 0x80; /* UTF-8 */
        mark.line += ends_line;
        mark.column = ends_line ? 0 : mark.column + !continues;
    }
    return mark;
}

static void not_yaml(struct reader *reader, const yaml_mark_t *mark, const char *problem)
{
    struct origin origin = {reader->path, (unsigned)mark->line + 1, (unsigned)mark->column + 1};

    config_error(reader->loader->errors, &origin, "not valid YAML: %s",
                 problem ? problem : "it cannot be read");
}

static void not_parsed(struct reader *reader, const yaml_parser_t *parser)
{
    yaml_mark_t mark = parser->problem_mark;

    if (parser->error == YAML_READER_ERROR)
        mark = mark_of_byte(reader, parser->problem_offset);
    if (parser->problem && strstr(parser->problem, "UTF-8"))
        not_yaml(reader, &mark, "these bytes are not UTF-8; save the file as UTF-8");
    else
        not_yaml(reader, &mark, parser->problem);
}

/* State of the first pass over the file. */
struct token_pass {
    size_t count;
    unsigned depth;
    bool started; /* the document has a "---" */
    bool content; /* the document has content */
    bool ended;   /* "..." was there */
};

/* Returns NULL, or the reason to refuse the file at this token. */
static const char *refuse_token(struct token_pass *pass, const yaml_token_t *token)
{
    static const char second[] = "a second document; a file holds one";

    if (++pass->count > MAX_TOKENS)
        return "too many values";
    switch (token->type) {
    case YAML_TAG_DIRECTIVE_TOKEN:
        return "a %TAG directive; leave it out";
    case YAML_ANCHOR_TOKEN:
        return "an anchor (&name); leave it out";
    case YAML_ALIAS_TOKEN:
        return "an alias (*name); write the value out";
    case YAML_DOCUMENT_START_TOKEN:
        if (pass->started || pass->content)
            return second;
        pass->started = true;
        return NULL;
    case YAML_DOCUMENT_END_TOKEN:
        pass->ended = true;
        return NULL;
    case YAML_NO_TOKEN:
    case YAML_STREAM_START_TOKEN:
    case YAML_STREAM_END_TOKEN:
    case YAML_VERSION_DIRECTIVE_TOKEN:
        return NULL;
    case YAML_BLOCK_SEQUENCE_START_TOKEN:
    case YAML_BLOCK_MAPPING_START_TOKEN:
    case YAML_FLOW_SEQUENCE_START_TOKEN:
    case YAML_FLOW_MAPPING_START_TOKEN:
        if (++pass->depth > MAX_DEPTH)
            return "nested more than 16 deep";
        break;
    case YAML_BLOCK_END_TOKEN:
    case YAML_FLOW_SEQUENCE_END_TOKEN:
    case YAML_FLOW_MAPPING_END_TOKEN:
        pass->depth -= pass->depth > 0; /* the grammar is checked later */
        break;
    case YAML_SCALAR_TOKEN:
        if (memchr(token->data.scalar.value, 0, token->data.scalar.length))
            return "a value with a NUL in it";
        break;
    case YAML_BLOCK_ENTRY_TOKEN:
    case YAML_FLOW_ENTRY_TOKEN:
    case YAML_KEY_TOKEN:
    case YAML_VALUE_TOKEN:
    case YAML_TAG_TOKEN:
        break;
    }
    pass->content = true;
    return pass->ended ? second : NULL;
}

/*
 * A first pass over the tokens limits the work of the second one. libyaml takes time that grows
 * with the square of the depth, of the number of anchors, and of the number of %TAG directives, and
 * memory for each value, and it has no limit for any of them.
 */
static bool check_tokens(struct reader *reader)
{
    yaml_parser_t parser;
    yaml_token_t token;
    struct token_pass pass = {0};
    bool acceptable = yaml_parser_initialize(&parser);
    bool more = acceptable;

    if (!acceptable) {
        not_yaml(reader, &(yaml_mark_t){0}, "out of memory");
        return false;
    }
    yaml_parser_set_input_string(&parser, reader->bytes, reader->length);
    while (acceptable && more) {
        if (!yaml_parser_scan(&parser, &token)) {
            not_parsed(reader, &parser);
            acceptable = false;
            break;
        }
        const char *problem = refuse_token(&pass, &token);
        if (problem)
            not_yaml(reader, &token.start_mark, problem);
        acceptable = !problem;
        more = token.type != YAML_STREAM_END_TOKEN;
        yaml_token_delete(&token);
    }
    yaml_parser_delete(&parser);
    return acceptable;
}

static void load_document(struct reader *reader)
{
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser)) {
        not_yaml(reader, &(yaml_mark_t){0}, "out of memory");
        return;
    }
    yaml_parser_set_input_string(&parser, reader->bytes, reader->length);
    if (yaml_parser_load(&parser, &reader->document)) {
        yaml_node_t *root = yaml_document_get_root_node(&reader->document);
        if (root && root->type == YAML_MAPPING_NODE)
            each_pair(reader, root, read_pair, (char[]){""});
        else if (root && !is_nothing(root))
            wrong_type(reader, root, "the file", "a mapping of keys");
        yaml_document_delete(&reader->document);
    } else {
        not_yaml(reader, &parser.problem_mark, parser.problem);
    }
    yaml_parser_delete(&parser);
}

/* Reads at most the `size` bytes that the file has at first, because it may grow without end. */
static bool read_bytes(struct reader *reader, int fd, size_t size)
{
    reader->bytes = memory_allocate(size + 1);
    ssize_t count = reader->bytes ? file_read(fd, reader->bytes, size) : -1;
    reader->length = count > 0 ? (size_t)count : 0;
    return count >= 0;
}

void yaml_file_read(struct loader *loader, const char *path)
{
    struct reader reader = {.loader = loader, .path = path};
    bool is_path = strchr(path, '/') && !length_before_password(path);
    struct origin origin = {is_path ? path : loader_shown(loader, path), 0, 0};
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait for a writer */

    if (fd < 0 || fstat(fd, &status)) {
        config_error(loader->errors, &origin, "%s", strerror(errno));
        loader->errors->unread = true;
    } else if (!S_ISREG(status.st_mode)) {
        config_error(loader->errors, &origin, "not a regular file");
    } else if (status.st_size > FILE_LIMIT) {
        config_error(loader->errors, &origin, "larger than 8 MiB");
    } else if (!read_bytes(&reader, fd, (size_t)status.st_size)) {
        config_error(loader->errors, &origin, "%s",
                     reader.bytes ? strerror(errno) : "out of memory");
        loader->errors->unread = true;
    } else if (check_tokens(&reader)) {
        load_document(&reader);
    }
    memory_release(reader.bytes);
    if (fd >= 0)
        close(fd);
}
