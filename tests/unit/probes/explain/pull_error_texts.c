/* SPDX-License-Identifier: MIT */
#include "tests/unit/probes/explain/pull_error_texts.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "probes/diagnosis/words.h"

#define MAX_ENTRIES 1024
#define MAX_FILES   32
#define TEXT_LIMIT  ((size_t)65536)

struct entry entries[MAX_ENTRIES];
size_t entry_count;

/* ---- random values, the same on every run ---- */

static uint64_t state;

void random_seed(uint64_t seed)
{
    state = seed;
}

unsigned below(unsigned limit)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33) % limit;
}

static const char *pick(const char *const *list, unsigned count)
{
    return list[below(count)];
}

static void append_word(struct text *text, const char *bytes, unsigned shortest, unsigned longest)
{
    for (unsigned length = shortest + below(longest - shortest + 1); length > 0; length--)
        text_append_format(text, "%c", bytes[below((unsigned)strlen(bytes))]);
}

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

static void append_host(struct text *text)
{
    static const char *const ends[] = {".tencentcloudcr.com", "-vpc.tencentcloudcr.com",
                                       ".example.com", ".registry.example.org"};

    append_word(text, letters, 5, 20);
    text_append(text, pick(ends, 4));
}

static void append_tag(struct text *text)
{
    static const char *const tags[] = {"latest", "1.4",     "v2.0.1-rc1", "EOF",      "403",
                                       "404",    "timeout", "not-found",  "20261125", "a_b.c"};

    text_append(text, pick(tags, 10));
}

static void append_address(struct text *text, const char *name)
{
    static const char *const bogus[] = {"127.0.0.1", "0.0.0.0", "192.0.2.7", "224.0.0.9"};
    static const char *const provider[] = {"169.254.0.47", "100.64.3.4", "169.254.128.9"};

    if (strcmp(name, "public") == 0)
        text_append_format(text, "43.%u.%u.%u", below(256), below(256), below(256));
    else if (strcmp(name, "private") == 0)
        text_append_format(text, "%s.%u.%u", below(2) ? "10.11" : "192.168", below(256),
                           below(256));
    else if (strcmp(name, "bogus") == 0)
        text_append(text, pick(bogus, 4));
    else if (strcmp(name, "provider") == 0)
        text_append(text, pick(provider, 3));
    else if (strcmp(name, "v6") == 0)
        text_append_format(text, "2402:4e00:%x::%x", 1 + below(65535), 1 + below(65535));
    else if (strcmp(name, "resolver") == 0)
        text_append(text, below(2) ? "183.60.83.19" : "10.0.0.2");
    else
        text_append_format(text, "172.16.%u.%u:%u", below(256), below(256), 1024 + below(60000));
}

static void append_value(struct text *text, const char *name)
{
    static const char *const ports[] = {"", "", ":5000", ":8443"};
    static const char *const regions[] = {"ap-guangzhou", "ap-jakarta", "eu-frankfurt"};

    if (strcmp(name, "host") == 0) {
        append_host(text);
    } else if (strcmp(name, "registry") == 0) {
        append_host(text);
        text_append(text, pick(ports, 4));
    } else if (strcmp(name, "realm") == 0) {
        text_append(text, "auth-");
        append_host(text);
    } else if (strcmp(name, "store") == 0) {
        append_word(text, letters, 4, 10);
        text_append_format(text, "-125%07u.cos.%s.myqcloud.com", below(10000000), pick(regions, 3));
    } else if (strcmp(name, "repo") == 0) {
        append_word(text, letters, 2, 9);
        text_append(text, "/");
        append_word(text, "abcdefgh0123", 1, 12);
        text_append(text, below(2) ? "-svc" : "");
    } else if (strcmp(name, "tag") == 0) {
        append_tag(text);
    } else if (strcmp(name, "digest") == 0) {
        text_append(text, "sha256:");
        append_word(text, "0123456789abcdef", 64, 64);
    } else {
        append_address(text, name);
    }
}

static const char *value_of(struct values *values, const char *name)
{
    struct text text = TEXT_WITH_LIMIT(512);

    for (size_t i = 0; i < values->count; i++)
        if (strcmp(values->names[i], name) == 0)
            return values->values[i];
    append_value(&text, name);
    assert_true(values->count < 16 && strlen(name) < 16);
    strcpy(values->names[values->count], name);
    values->values[values->count] = strdup(text_string(&text));
    text_free(&text);
    return values->values[values->count++];
}

static void put_value(struct text *out, const char *name, const void *context)
{
    struct values *const *values = context;

    /* JSON in a text has braces too. */
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz6") == strlen(name))
        text_append(out, value_of(*values, name));
    else
        text_append_format(out, "{%s}", name);
}

char *filled(const char *template, struct values *values)
{
    struct text text = TEXT_WITH_LIMIT(TEXT_LIMIT);

    /* The logs of docker begin with a brace that names nothing. */
    if (template[0] == '{' && template[1] == '"') {
        text_append(&text, "{");
        template ++;
    }
    template_write(&text, template, put_value, &values);
    char *copy = strdup(text_string(&text));
    assert_false(text_truncated(&text));
    text_free(&text);
    return copy;
}

void free_values(struct values *values)
{
    for (size_t i = 0; i < values->count; i++)
        free(values->values[i]);
}

/* ---- the file ---- */

static void add_text(struct entry *entry, const char *line)
{
    size_t length = entry->text ? strlen(entry->text) : 0;

    entry->text = realloc(entry->text, length + strlen(line) + 2);
    sprintf(entry->text + length, "%s%s", length ? "\n" : "", line);
}

static bool is_expectation(const char *line)
{
    return line[0] == '=' && (line[1] == ' ' || line[1] == '\0');
}

static char *file_names[MAX_FILES];
static size_t file_count;

static bool read_file(const char *name)
{
    char line[16384];
    struct entry *entry = NULL;

    if (file_count == MAX_FILES)
        return false;
    FILE *file = fopen(name, "r");
    file_names[file_count++] = strdup(strrchr(name, '/') + 1);
    for (unsigned number = 1; file && fgets(line, sizeof(line), file); number++) {
        bool has_text = entry && entry->text;
        line[strcspn(line, "\n")] = '\0';
        if (!*line || (*line == '#' && !entry)) {
            entry = NULL;
        } else if (is_expectation(line) && !has_text) {
            if (!entry)
                entry = entry_count < MAX_ENTRIES ? &entries[entry_count++] : NULL;
            if (!entry || entry->expected_count == MAX_EXPECTED)
                return false;
            entry->file = entry->file ? entry->file : file_names[file_count - 1];
            entry->line = entry->line ? entry->line : number;
            if (strcmp(line, "= nothing") != 0)
                entry->expected[entry->expected_count++] = strdup(line + 2);
        } else if (entry) {
            add_text(entry, strcmp(line, "~") == 0 ? "" : line);
        } else {
            fprintf(stderr, "%s:%u: a text without an expectation\n", name, number);
            return false;
        }
    }
    return file && fclose(file) == 0;
}

int read_entries(void **unused)
{
    glob_t files;
    bool good = glob(CORPUS "/*.txt", 0, NULL, &files) == 0;

    (void)unused;
    for (size_t i = 0; good && i < files.gl_pathc; i++)
        good = read_file(files.gl_pathv[i]);
    globfree(&files);
    return good && entry_count ? 0 : -1;
}

int free_entries(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < entry_count; i++) {
        for (size_t n = 0; n < entries[i].expected_count; n++)
            free(entries[i].expected[n]);
        free(entries[i].text);
    }
    while (file_count > 0)
        free(file_names[--file_count]);
    return 0;
}

/* ---- the result ---- */

static void describe(struct text *out, const struct pull_error *error)
{
    char buffer[ADDRESS_TEXT_SIZE];

    if (error->recognised)
        text_append_format(out, "%s %s", pull_stage_name(error->stage), cause_name(error->cause));
    else
        text_append(out, "unknown");
    const char *check = error->check ? strrchr(error->check, ' ') + 1 : "-";
    text_append_format(out, " host=%s image=%s address=%s count=%u check=%s%s ",
                       error->host ? error->host : "-", error->image ? error->image : "-",
                       error->has_address ? address_format(&error->address, buffer) : "-",
                       error->count, check,
                       error->check && strstr(error->check, "--docker-config") ? " key" : "");
}

/* Each word of `expected` stands in the description. */
static bool agrees(const char *description, const char *expected)
{
    char words[1024];
    char *save = NULL;

    snprintf(words, sizeof(words), "%s", expected);
    if (strncmp(description, words, strcspn(words, " ")) != 0)
        return false;
    for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        size_t length = strlen(word);
        const char *at = strstr(description, word);
        while (at && (at[length] != ' ' || (at > description && at[-1] != ' ')))
            at = strstr(at + 1, word);
        if (!at)
            return false;
    }
    return true;
}

struct pull_errors *find(const char *text)
{
    struct pull_errors *errors = pull_errors_find(text, strlen(text), NULL);

    assert_non_null(errors);
    return errors;
}

bool is_exact(const struct entry *entry, const char *text, struct values *values, const char *how)
{
    struct pull_errors *errors = find(text);
    bool good = true;

    for (size_t i = errors->count; i < entry->expected_count; i++) {
        if (how)
            print_error("%s:%u, %s: \"%s\" is not found\n%s\n", entry->file, entry->line, how,
                        entry->expected[i], text);
        good = false;
    }
    for (size_t i = 0; i < errors->count; i++) {
        struct text description = TEXT_WITH_LIMIT(4096);
        describe(&description, &errors->list[i]);
        char *expected =
            i < entry->expected_count ? filled(entry->expected[i], values) : strdup("nothing");
        if (!agrees(text_string(&description), expected)) {
            if (how)
                print_error("%s:%u, %s: expected \"%s\", found \"%s\"\n%s\n", entry->file,
                            entry->line, how, expected, text_string(&description), text);
            good = false;
        }
        free(expected);
        text_free(&description);
    }
    pull_errors_free(errors);
    return good;
}

/* The result of a text that is cut just before the reason. */
static bool ends_open(const char *text)
{
    static const char *const open[] = {"is not yet valid",
                                       "is unavailable",
                                       "may require authorization",
                                       "unauthorized",
                                       "unauthorized: access",
                                       "unauthorized:",
                                       "denied",
                                       "denied:",
                                       "toomanyrequests",
                                       "toomanyrequests:"};
    size_t length = strlen(text);
    const char *last = memrchr(text, ' ', length);

    /* A single word of the reason does not count, because it says nothing. */
    if (last && last - text > 13 && strncasecmp(last - 13, "unauthorized:", 13) == 0)
        return true;
    while (length > 0 && strchr(" \n", text[length - 1]))
        length--;
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        if (length >= strlen(open[i]) &&
            strncasecmp(text + length - strlen(open[i]), open[i], strlen(open[i])) == 0)
            return true;
    return false;
}

static bool is_expected(const struct entry *entry, const struct pull_error *error, const char *text)
{
    char found[128];

    snprintf(found, sizeof(found), "%s %s", pull_stage_name(error->stage),
             cause_name(error->cause));
    for (size_t i = 0; i < entry->expected_count; i++) {
        size_t length = strlen(found);
        if (strncmp(entry->expected[i], found, length) == 0 &&
            strchr(" ", entry->expected[i][length]))
            return true;
    }
    if (!ends_open(text))
        return false;
    for (size_t i = 0; i < entry->expected_count; i++)
        if (strstr(entry->expected[i], cause_name(error->cause)))
            return true;
    for (size_t i = 0; i < entry->expected_count; i++)
        for (size_t n = 0; n < error->alternative_count; n++)
            if (strstr(entry->expected[i], cause_name(error->alternatives[n])))
                return true;
    return false;
}

int recognised_in(const struct entry *entry, const char *text, const char *how)
{
    struct pull_errors *errors = find(text);
    int recognised = 0;

    for (size_t i = 0; i < errors->count; i++) {
        const struct pull_error *error = &errors->list[i];
        if (!error->recognised)
            continue;
        if (!is_expected(entry, error, text)) {
            if (how)
                print_error("%s:%u, %s: \"%s %s\" instead of \"%s\" or unknown\n%s\n", entry->file,
                            entry->line, how, pull_stage_name(error->stage),
                            cause_name(error->cause),
                            entry->expected_count ? entry->expected[0] : "nothing", text);
            recognised = -1;
            break;
        }
        recognised++;
    }
    pull_errors_free(errors);
    return recognised;
}
