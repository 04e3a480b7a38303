/* SPDX-License-Identifier: MIT */
#include "probes/node/unit_environment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/base/text.h"
#include "probes/transport/host_files.h"

#define UNIT      "containerd.service"
#define BLANKS    " \t\r\n"
#define MAX_FILES 16 /* EnvironmentFile= */
#define MAX_DROPS 64

/* In the order of precedence. */
static const char *const folders[] = {"/etc/systemd/system", "/run/systemd/system",
                                      "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
                                      "/lib/systemd/system"};
#define FOLDER_COUNT (sizeof(folders) / sizeof(folders[0]))

struct unit_reader {
    const char *root;
    struct arena *arena;
    struct unit_environment *environment;
    bool in_section;
    size_t file_count;
    const char *files[MAX_FILES]; /* of EnvironmentFile=, read last */
    bool unset[UNIT_VARIABLE_COUNT];
};

static const char *const variable_names[] = {
    [UNIT_HTTPS_PROXY] = "HTTPS_PROXY",     [UNIT_HTTPS_PROXY_LOWER] = "https_proxy",
    [UNIT_HTTP_PROXY] = "HTTP_PROXY",       [UNIT_HTTP_PROXY_LOWER] = "http_proxy",
    [UNIT_NO_PROXY] = "NO_PROXY",           [UNIT_NO_PROXY_LOWER] = "no_proxy",
    [UNIT_SSL_CERT_FILE] = "SSL_CERT_FILE", [UNIT_SSL_CERT_DIR] = "SSL_CERT_DIR",
};

const struct unit_value *unit_environment_find(const struct unit_environment *environment,
                                               enum unit_variable upper, enum unit_variable lower)
{
    const struct unit_value *value = &environment->values[upper];

    return value->value && *value->value ? value : &environment->values[lower];
}

/* ---- assignments ---- */

static void assign(struct unit_reader *reader, const char *assignment, const char *file)
{
    const char *equals = strchr(assignment, '=');

    for (unsigned i = 0; equals && i < UNIT_VARIABLE_COUNT; i++) {
        const char *name = variable_names[i];
        if (strncmp(assignment, name, strlen(name)) != 0 || assignment[strlen(name)] != '=')
            continue;
        reader->environment->values[i] = (struct unit_value){
            arena_copy_text(reader->arena, equals + 1), arena_copy_text(reader->arena, file)};
    }
}

/* Takes an escape after its backslash off `*from`. -1: systemd knows none like it. */
static int unescape(const char **from)
{
    static const char names[] = "abfnrtvs\\\"'";
    static const char values[] = "\a\b\f\n\r\t\v \\\"'";
    const char *at = (*from)++;
    const char *found = *at ? strchr(names, *at) : NULL;

    if (found)
        return values[found - names];
    if (*at != 'x' || text_hex_digit(at[1]) < 0 || text_hex_digit(at[2]) < 0)
        return -1;
    *from += 2;
    return text_hex_digit(at[1]) * 16 + text_hex_digit(at[2]);
}

/* Takes one word off `*rest`, without its quotes; NULL at the end, and where systemd ignores the
 * rest because it cannot be read. The word is in the same memory. */
static char *take_word(char **rest)
{
    const char *from = *rest + strspn(*rest, BLANKS);
    char *word = *rest + (from - *rest);
    char *to = word;
    char quote = '\0';

    if (!*from)
        return NULL;
    while (*from && (quote || !strchr(BLANKS, *from))) {
        char byte = *from++;
        int escaped = byte == '\\' ? unescape(&from) : 0;
        if (escaped < 0)
            return NULL;
        if (escaped)
            *to++ = (char)escaped;
        else if (quote ? byte == quote : byte == '"' || byte == '\'')
            quote = quote ? '\0' : byte;
        else
            *to++ = byte;
        from += byte == '%' && *from == '%';
    }
    if (quote)
        return NULL;
    *rest += from - *rest + (*from != '\0');
    *to = '\0';
    return word;
}

static void set_environment(struct unit_reader *reader, char *value, const char *file)
{
    char *word;

    if (!*value)
        memset(reader->environment->values, 0, sizeof(reader->environment->values));
    while ((word = take_word(&value)))
        assign(reader, word, file);
}

static void unset_environment(struct unit_reader *reader, char *value)
{
    char *word;

    if (!*value)
        memset(reader->unset, 0, sizeof(reader->unset));
    while ((word = take_word(&value)))
        for (unsigned i = 0; i < UNIT_VARIABLE_COUNT; i++)
            reader->unset[i] |= strcmp(word, variable_names[i]) == 0;
}

/* --config FILE of containerd */
static void find_config(struct unit_reader *reader, char *value)
{
    char *word;
    bool next = false;

    while ((word = take_word(&value))) {
        if (next || strncmp(word, "--config=", 9) == 0)
            reader->environment->config = arena_copy_text(reader->arena, next ? word : word + 9);
        next = strcmp(word, "--config") == 0 || strcmp(word, "-c") == 0;
    }
}

static void set_key(struct unit_reader *reader, const char *key, char *value, const char *file)
{
    if (strcmp(key, "Environment") == 0 || strcmp(key, "DefaultEnvironment") == 0)
        set_environment(reader, value, file);
    else if (strcmp(key, "UnsetEnvironment") == 0)
        unset_environment(reader, value);
    else if (strcmp(key, "ExecStart") == 0)
        find_config(reader, value);
    else if (strcmp(key, "EnvironmentFile") == 0 && !*value)
        reader->file_count = 0;
    else if (strcmp(key, "EnvironmentFile") == 0 && reader->file_count < MAX_FILES)
        reader->files[reader->file_count++] = arena_copy_text(reader->arena, value);
}

/* ---- files ---- */

/* True if the last byte is a backslash that no other one escapes. */
static bool is_continued(const char *line, size_t length)
{
    size_t count = 0;

    while (count < length && line[length - 1 - count] == '\\')
        count++;
    return count % 2;
}

/* Takes one line off `*rest`; a backslash at its end joins it with the next. Comments are left out,
 * between joined lines too. NULL at the end. */
static char *take_line(char **rest)
{
    char *line = *rest;
    char *to = line;
    bool more = *line != '\0';

    if (!more)
        return NULL;
    while (more && **rest) {
        const char *from = *rest;
        size_t length = strcspn(from, "\n");
        bool comment = strchr("#;", from[strspn(from, " \t\r")]) && length;
        *rest += length + (from[length] != '\0');
        if (comment)
            continue;
        memmove(to, from, length);
        to += length;
        more = is_continued(line, (size_t)(to - line));
        if (more)
            to[-1] = ' ';
    }
    *to = '\0';
    return line;
}

static char *trim(char *text)
{
    text += strspn(text, BLANKS);
    for (size_t length = strlen(text); length && strchr(BLANKS, text[length - 1]);)
        text[--length] = '\0';
    return text;
}

static void apply_unit(struct unit_reader *reader, const char *file, char *text)
{
    char *line;

    reader->in_section = false;
    while ((line = take_line(&text))) {
        line = trim(line);
        char *equals = strchr(line, '=');
        if (*line == '[')
            reader->in_section = strcmp(line, "[Service]") == 0 || strcmp(line, "[Manager]") == 0;
        else if (reader->in_section && equals) {
            *equals = '\0';
            set_key(reader, trim(line), trim(equals + 1), file);
        }
    }
}

static bool read_unit(struct unit_reader *reader, const char *file)
{
    size_t length;
    const char *why;
    char *text =
        file ? host_read(reader->root, file, HOST_FILE_LIMIT, reader->arena, &length, &why, NULL)
             : NULL;

    if (text)
        apply_unit(reader, file, text);
    return text != NULL;
}

/* Takes the value behind an equals sign in an EnvironmentFile= off `*rest`, by the rules of a shell
 * for quotes and backslashes. It is in the same memory. */
static char *take_file_value(char **rest)
{
    char *value = *rest;
    char *to = value;
    char *end = value; /* without the blanks that are not quoted */
    const char *from = value + strspn(value, " \t\r");
    char quote = '\0';
    bool plain = false; /* in a part without quotes */

    for (; *from && (quote || *from != '\n'); from++) {
        bool starts = !quote && !plain && (*from == '"' || *from == '\'');
        if (starts || (quote && *from == quote)) {
            quote = starts ? *from : '\0';
            end = to;
            continue;
        }
        if (!quote && !plain && strchr(" \t\r", *from))
            continue;
        plain = !quote;
        bool escape = *from == '\\' && quote != '\'' && from[1];
        if (escape && quote && !strchr("\"\\`$\n", from[1]))
            *to++ = *from;
        from += escape;
        if (!escape || *from != '\n')
            *to++ = *from;
        if (quote || escape || !strchr(" \t\r", *from))
            end = to;
    }
    *rest += from - *rest + (*from != '\0');
    *end = '\0';
    return value;
}

static void read_environment_file(struct unit_reader *reader, const char *file)
{
    size_t length;
    const char *why;

    file += *file == '-';
    char *text = host_read(reader->root, file, HOST_FILE_LIMIT, reader->arena, &length, &why, NULL);
    while (text && *text) {
        text += strspn(text, BLANKS);
        size_t size = strcspn(text, "=\n");
        char *name = text;
        bool assigns = text[size] == '=' && !strchr("#;", *text);
        if (!assigns) {
            text += strcspn(text, "\n");
            continue;
        }
        text[size] = '\0';
        text += size + 1;
        const char *value = take_file_value(&text);
        assign(reader, arena_format(reader->arena, "%s=%s", trim(name), value), file);
    }
}

/* The drop-ins of a folder "NAME.d" in all places, by name; the first place that has a name wins.
 */
struct drop_in {
    const char *name;
    const char *file;
};

static void add_drop_ins(struct unit_reader *reader, const char *folder, struct drop_in *list,
                         size_t *count)
{
    const char **names = NULL;
    size_t found = host_list(reader->root, folder, ".conf", reader->arena, &names);

    for (size_t i = 0; i < found && *count < MAX_DROPS; i++) {
        bool known = false;
        for (size_t k = 0; k < *count; k++)
            known |= strcmp(list[k].name, names[i]) == 0;
        if (!known)
            list[(*count)++] =
                (struct drop_in){names[i], arena_format(reader->arena, "%s/%s", folder, names[i])};
    }
}

static int compare_drop_ins(const void *a, const void *b)
{
    return strcmp(((const struct drop_in *)a)->name, ((const struct drop_in *)b)->name);
}

static void read_drop_ins(struct unit_reader *reader, const char *const *places, size_t place_count,
                          const char *const *suffixes, size_t suffix_count)
{
    struct drop_in list[MAX_DROPS];
    size_t count = 0;

    for (size_t s = 0; s < suffix_count; s++)
        for (size_t i = 0; i < place_count; i++) {
            const char *folder = arena_format(reader->arena, "%s/%s", places[i], suffixes[s]);
            if (folder)
                add_drop_ins(reader, folder, list, &count);
        }
    if (count)
        qsort(list, count, sizeof(list[0]), compare_drop_ins);
    for (size_t i = 0; i < count; i++)
        (void)read_unit(reader, list[i].file);
}

static void finish_variable(struct unit_reader *reader)
{
    for (size_t i = 0; i < reader->file_count; i++)
        if (reader->files[i])
            read_environment_file(reader, reader->files[i]);
    for (unsigned i = 0; i < UNIT_VARIABLE_COUNT; i++)
        if (reader->unset[i])
            reader->environment->values[i] = (struct unit_value){0};
}

void unit_environment_read(const char *root, struct arena *arena, struct unit_environment *ret)
{
    static const char *const systemd[] = {"/etc/systemd", "/run/systemd", "/usr/lib/systemd"};
    static const char *const manager[] = {"system.conf.d"};
    static const char *const unit[] = {UNIT ".d", "service.d"};
    struct unit_reader reader = {.root = root, .arena = arena, .environment = ret};
    struct unit_environment defaults;

    *ret = (struct unit_environment){0};
    (void)read_unit(&reader, "/etc/systemd/system.conf");
    read_drop_ins(&reader, systemd, 3, manager, 1);
    defaults = *ret;
    for (size_t i = 0; i < FOLDER_COUNT; i++)
        if (read_unit(&reader, arena_format(arena, "%s/%s", folders[i], UNIT)))
            break;
    read_drop_ins(&reader, folders, FOLDER_COUNT, unit, 2);
    for (unsigned i = 0; i < UNIT_VARIABLE_COUNT; i++)
        if (!ret->values[i].value) /* an empty Environment= does not clear those */
            ret->values[i] = defaults.values[i];
    finish_variable(&reader);
}

void unit_environment_apply(const char *root, const char *file, char *text, struct arena *arena,
                            struct unit_environment *ret)
{
    struct unit_reader reader = {.root = root, .arena = arena, .environment = ret};

    apply_unit(&reader, file, text);
    finish_variable(&reader);
}
