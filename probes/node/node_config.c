/* SPDX-License-Identifier: MIT */
#include "probes/node/node_config.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "config/base/text.h"
#include "probes/node/toml.h"
#include "probes/transport/host_files.h"

#define MAX_FILES   32
#define MAX_FOLDERS 64 /* that are listed for imports with a star */

/* The plugin that pulls for the kubelet, by the version of the file. */
static const char *const plugin_names[] = {"cri", "io.containerd.grpc.v1.cri",
                                           "io.containerd.cri.v1.images"};
#define PLUGIN_COUNT (sizeof(plugin_names) / sizeof(plugin_names[0]))

struct loading {
    const char *root;
    struct arena *arena;
    struct node_evidence *evidence;
    unsigned version;
    size_t count;
    const char *files[MAX_FILES];
    unsigned folders;
    const struct toml *plugins[PLUGIN_COUNT];
    bool disabled[PLUGIN_COUNT];
    const char *odd; /* a name of a plugin that version 2 does not have */
};

/* ---- problems ---- */

void node_note_problem(struct node_evidence *evidence, struct arena *arena, enum node_state state,
                       const char *format, ...)
{
    va_list arguments;

    if (evidence->problem && evidence->state >= state)
        return;
    va_start(arguments, format);
    evidence->problem = arena_format_list(arena, format, arguments);
    va_end(arguments);
    evidence->state = state;
}

void node_note_missing(struct node_evidence *evidence, struct arena *arena, const char *what,
                       const char *file, const char *why, bool absent)
{
    const char *slash = strrchr(file, '/'); /* NULL: relative to where containerd runs */
    const char *folder =
        slash > file ? arena_copy_bytes(arena, file, (size_t)(slash - file)) : NULL;

    if (absent && folder && host_is_folder(evidence->root, folder))
        node_note_problem(evidence, arena, NODE_REFUSES,
                          "containerd fails, because %s %s is missing", what, file);
    else
        node_note_problem(evidence, arena, NODE_UNREAD, "%s %s cannot be read: %s", what, file,
                          why);
}

static void note_no_start(struct loading *loading, const char *file, const char *why)
{
    node_note_problem(loading->evidence, loading->arena, NODE_REFUSES,
                      "containerd cannot start with %s: %s", file, why);
}

/* ---- imports ---- */

static void add_config_file(struct loading *loading, const char *file)
{
    for (size_t i = 0; i < loading->count; i++)
        if (file && strcmp(loading->files[i], file) == 0)
            return;
    if (file && loading->count < MAX_FILES)
        loading->files[loading->count++] = file;
}

/* Adds the files that `pattern`, a path below `folder`, stands for, as filepath.Glob() does. */
static void add_matches(struct loading *loading, const char *folder, const char *pattern)
{
    const char **names = NULL;
    size_t length = strcspn(pattern, "/");
    const char *part = arena_copy_bytes(loading->arena, pattern, length);
    const char *rest = pattern + length + strspn(pattern + length, "/");

    if (!part || ++loading->folders > MAX_FOLDERS)
        return;
    size_t count = host_list(loading->root, *folder ? folder : "/", "", loading->arena, &names);
    for (size_t i = 0; i < count; i++) {
        const char *path = fnmatch(part, names[i], 0) == 0
                               ? arena_format(loading->arena, "%s/%s", folder, names[i])
                               : NULL;
        if (path && *rest)
            add_matches(loading, path, rest);
        else if (path && host_is_file(loading->root, path))
            add_config_file(loading, path);
    }
}

static void add_import(struct loading *loading, const char *import, const char *file)
{
    const char *slash = strrchr(file, '/');
    bool is_pattern = strchr(import, '*') != NULL;
    const char *whole =
        *import == '/' ? import
                       : arena_format(loading->arena, "%.*s/%s", (int)(slash - file), file, import);

    size_t before = loading->count;

    if (!whole || !is_pattern)
        add_config_file(loading, whole);
    else
        add_matches(loading, "", whole + 1);
    if (is_pattern && *import != '/' && loading->version < 3 && loading->count > before)
        node_note_problem(loading->evidence, loading->arena, NODE_UNREAD,
                          "%s imports %s, which containerd 1.7 reads and older versions do not",
                          file, import);
}

/* ---- one file ---- */

static void check_plugin_name(struct loading *loading, const char *name)
{
    unsigned dots = 0;

    for (const char *at = name; *at; at++)
        dots += *at == '.';
    if (strncmp(name, "io.containerd.", 14) != 0 || dots < 3)
        loading->odd = name;
}

/* NULL, or what is wrong with a list of texts. `what` names it. */
static const char *walk_names(struct loading *loading, const struct toml *list, const char *what,
                              bool disables)
{
    if (list && list->kind != TOML_ARRAY)
        return what;
    for (const struct toml *name = list ? list->first : NULL; name; name = name->next) {
        if (name->kind != TOML_STRING)
            return what;
        check_plugin_name(loading, name->text);
        for (size_t i = 0; disables && i < PLUGIN_COUNT; i++)
            loading->disabled[i] |= strcmp(name->text, plugin_names[i]) == 0;
    }
    return NULL;
}

static const char *take_plugins(struct loading *loading, const struct toml *plugins)
{
    if (plugins && plugins->kind != TOML_TABLE)
        return "plugins is no table";
    for (const struct toml *plugin = plugins ? plugins->first : NULL; plugin;
         plugin = plugin->next) {
        check_plugin_name(loading, plugin->key);
        for (size_t i = 0; i < PLUGIN_COUNT; i++)
            if (strcmp(plugin->key, plugin_names[i]) == 0)
                loading->plugins[i] = plugin;
    }
    return NULL;
}

/* NULL, or why containerd cannot start. */
static const char *take_document(struct loading *loading, const struct toml *root, const char *file)
{
    const struct toml *version = toml_member(root, "version");
    const struct toml *imports = toml_member(root, "imports");
    const char *wrong = take_plugins(loading, toml_member(root, "plugins"));

    if (version && version->kind != TOML_OTHER)
        return "version is no number";
    if (version && strtoul(version->text, NULL, 10))
        loading->version = (unsigned)strtoul(version->text, NULL, 10);
    if (!wrong)
        wrong = walk_names(loading, toml_member(root, "disabled_plugins"),
                           "disabled_plugins is no list of texts", true);
    if (!wrong)
        wrong = walk_names(loading, toml_member(root, "required_plugins"),
                           "required_plugins is no list of texts", false);
    if (imports && imports->kind != TOML_ARRAY)
        return "imports is no list";
    for (const struct toml *import = imports ? imports->first : NULL; import && !wrong;
         import = import->next)
        if (import->kind == TOML_STRING)
            add_import(loading, import->text, file);
    return wrong;
}

/* False if the first file is not there. */
static bool load_file(struct loading *loading, const char *file, bool is_import)
{
    size_t length = 0;
    const char *why = NULL;
    bool absent = false;
    struct toml *root = NULL;
    const char *text =
        host_read(loading->root, file, HOST_FILE_LIMIT, loading->arena, &length, &why, &absent);
    const char *wrong = text ? toml_parse(text, length, loading->arena, &root) : NULL;

    if (!text && absent && is_import)
        node_note_missing(loading->evidence, loading->arena, "the imported file", file, why, true);
    else if (!text && !absent)
        node_note_problem(loading->evidence, loading->arena, NODE_UNREAD, "%s cannot be read: %s",
                          file, why);
    if (root)
        wrong = take_document(loading, root, file);
    if (wrong)
        note_no_start(loading, file, wrong);
    return text || !absent;
}

/* ---- the registry ---- */

static const char *misfit_of_list(const struct toml *list)
{
    for (const struct toml *value = list ? list->first : NULL; value; value = value->next)
        if (value->kind != TOML_STRING)
            return "endpoint has a value that is no text";
    return list && list->kind != TOML_ARRAY ? "endpoint is no list" : NULL;
}

static const char *misfit_of_tables(const struct toml *tables, const char *what, const char *inner)
{
    if (tables && tables->kind != TOML_TABLE)
        return what;
    for (const struct toml *table = tables ? tables->first : NULL; table; table = table->next) {
        const struct toml *member = inner ? toml_member(table, inner) : NULL;
        if (table->kind != TOML_TABLE || (member && member->kind != TOML_TABLE))
            return what;
    }
    return NULL;
}

/* NULL, or what has a type that containerd does not take. */
static const char *registry_misfit(const struct toml *registry)
{
    const struct toml *path = toml_member(registry, "config_path");
    const struct toml *mirrors = toml_member(registry, "mirrors");
    const char *wrong = misfit_of_tables(mirrors, "mirrors has something other than tables", NULL);

    if (registry && registry->kind != TOML_TABLE)
        return "registry is no table";
    if (path && path->kind != TOML_STRING)
        return "config_path is no text";
    for (const struct toml *mirror = !wrong && mirrors ? mirrors->first : NULL; mirror && !wrong;
         mirror = mirror->next)
        wrong = misfit_of_list(toml_member(mirror, "endpoint"));
    if (!wrong)
        wrong = misfit_of_tables(toml_member(registry, "configs"),
                                 "configs has something other than tables", "tls");
    return wrong;
}

/* The setting beside config_path with which containerd serves no pulls. NULL: there is none. */
static const char *find_older_settings(const struct toml *registry)
{
    const struct toml *path = toml_member(registry, "config_path");
    const struct toml *mirrors = toml_member(registry, "mirrors");
    const struct toml *configs = toml_member(registry, "configs");

    if (!path || !*path->text)
        return NULL;
    if (mirrors && mirrors->first)
        return "mirrors";
    for (const struct toml *config = configs ? configs->first : NULL; config; config = config->next)
        if (toml_member(config, "tls"))
            return "configs with tls";
    return NULL;
}

void node_config_read(const char *root, const char *file, struct arena *arena,
                      struct node_evidence *evidence, struct node_config *ret)
{
    struct loading loading = {.root = root,
                              .arena = arena,
                              .evidence = evidence,
                              .version = 1,
                              .count = 1,
                              .files = {file}};

    *ret = (struct node_config){0};
    if (!load_file(&loading, file, false))
        return;
    for (size_t i = 1; i < loading.count; i++)
        (void)load_file(&loading, loading.files[i], true);
    size_t own = (loading.version < PLUGIN_COUNT ? loading.version : PLUGIN_COUNT) - 1;
    const struct toml *registry = toml_member(loading.plugins[own], "registry");
    const char *misfit = registry_misfit(registry);
    const char *older = misfit ? NULL : find_older_settings(registry);
    if (loading.version == 2 && loading.odd)
        note_no_start(&loading, file,
                      "it names a plugin in the way of version 1, without io.containerd");
    else if (misfit)
        note_no_start(&loading, file, misfit);
    else if (loading.disabled[own])
        node_note_problem(evidence, arena, NODE_REFUSES,
                          "containerd serves no pulls, because %s disables its plugin for them",
                          file);
    else if (older)
        node_note_problem(evidence, arena, NODE_REFUSES,
                          "containerd serves no pulls, because %s has %s beside config_path", file,
                          older);
    *ret = (struct node_config){
        .file = file, .version = loading.version, .registry = misfit ? NULL : registry};
}
