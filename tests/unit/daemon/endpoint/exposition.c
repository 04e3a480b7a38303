/* SPDX-License-Identifier: MIT */
#include "tests/unit/daemon/endpoint/exposition.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FAMILIES 128
#define MAX_SERIES   4096
#define NAME_BYTES   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:"

static char fault[200]; /* the first one found; "" if there is none */

struct span {
    const char *begin;
    size_t length;
};

struct scrape {
    struct span families[MAX_FAMILIES]; /* the last one is the present one */
    size_t family_count;
    struct span series[MAX_SERIES];
    size_t series_count;
};

__attribute__((format(printf, 1, 2))) static void report(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (!*fault)
        vsnprintf(fault, sizeof(fault), format, arguments);
    va_end(arguments);
}

/* True if the list did not have it. */
static bool add_span(struct span *list, size_t *count, size_t most, const char *begin,
                     size_t length)
{
    for (size_t i = 0; i < *count; i++)
        if (list[i].length == length && memcmp(list[i].begin, begin, length) == 0)
            return false;
    if (*count == most)
        return false;
    list[(*count)++] = (struct span){begin, length};
    return true;
}

static bool is_family(const struct scrape *scrape, const char *name, size_t length)
{
    const struct span *last = scrape->families + scrape->family_count;

    return scrape->family_count && last[-1].length == length &&
           memcmp(last[-1].begin, name, length) == 0;
}

/* "# HELP NAME ..." begins a family, "# TYPE NAME ..." is of the same one. */
static void read_comment(struct scrape *scrape, const char *line, size_t length)
{
    static const char *const types[] = {" counter\n", " gauge\n", " histogram\n", " info\n"};
    const char *name = line + strlen("# HELP ");
    size_t name_length = strspn(name, NAME_BYTES);
    const char *after = name + name_length;

    if (!name_length || after >= line + length) {
        report("a comment without a name: %.60s", line);
    } else if (strncmp(line, "# HELP ", 7) == 0) {
        if (!add_span(scrape->families, &scrape->family_count, MAX_FAMILIES, name, name_length))
            report("a family twice: %.60s", line);
    } else if (strncmp(line, "# TYPE ", 7) == 0) {
        bool known = false;
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
            known |= strncmp(after, types[i], strlen(types[i])) == 0;
        if (!known || !is_family(scrape, name, name_length))
            report("a type of another family, or none: %.60s", line);
    } else {
        report("neither HELP nor TYPE: %.60s", line);
    }
}

/* Behind {name="value",...}, or NULL. */
static const char *skip_labels(const char *at)
{
    do {
        size_t length = strspn(++at, NAME_BYTES);
        if (!length || strncmp(at + length, "=\"", 2) != 0)
            return NULL;
        for (at += length + 2; *at != '"'; at++) {
            if (*at == '\n' || *at == '\0' || (*at == '\\' && !strchr("\\\"n", at[1])))
                return NULL;
            at += *at == '\\';
        }
    } while (*++at == ',');
    return *at == '}' ? at + 1 : NULL;
}

static void read_sample(struct scrape *scrape, const char *line)
{
    static const char *const suffixes[] = {"", "_total", "_bucket", "_sum", "_count", "_info"};
    size_t length = strspn(line, NAME_BYTES);
    const char *at = line[length] == '{' ? skip_labels(line + length) : line + length;
    bool ours = false;
    char *end = NULL;

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        size_t cut = strlen(suffixes[i]);
        ours |= length > cut && is_family(scrape, line, length - cut) &&
                memcmp(line + length - cut, suffixes[i], cut) == 0;
    }
    if (!length || !ours)
        report("a sample of no family, or of another: %.80s", line);
    else if (!at || *at != ' ')
        report("labels: %.100s", line);
    else if (isspace((unsigned char)at[1]) || !isfinite(strtod(at + 1, &end)) || *end != '\n')
        report("a value that is no number: %.100s", line);
    else if (!add_span(scrape->series, &scrape->series_count, MAX_SERIES, line,
                       (size_t)(at - line)))
        report("a series twice, or too many: %.100s", line);
}

const char *exposition_fault(const char *text, bool openmetrics)
{
    static struct scrape scrape;
    bool ended = false;

    *fault = '\0';
    scrape.family_count = 0;
    scrape.series_count = 0;
    for (const char *line = text; *line && !*fault;) {
        const char *end = strchr(line, '\n');
        if (!end || end == line || ended) {
            report("a line that is empty, unended or after the end: %.60s", line);
            break;
        }
        if (openmetrics && strncmp(line, "# EOF\n", 6) == 0)
            ended = true;
        else if (*line == '#')
            read_comment(&scrape, line, (size_t)(end - line));
        else
            read_sample(&scrape, line);
        line = end + 1;
    }
    if (openmetrics && !ended)
        report("no end");
    return *fault ? fault : NULL;
}
