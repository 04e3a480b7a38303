/* SPDX-License-Identifier: MIT */
#include "well_formed.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/base/text.h"

#define MAX_DEPTH 32
#define MAX_NAME  16

static char fault[200]; /* the first one found on the page; "" if there is none */

__attribute__((format(printf, 1, 2))) static void report(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (!*fault)
        vsnprintf(fault, sizeof(fault), format, arguments);
    va_end(arguments);
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names && strcasecmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

/* The end of a tag that begins at `at`: quotes are closed, no "<" stands in it. */
static const char *end_of_tag(const char *at)
{
    char quote = '\0';

    for (at++; *at && (quote || *at != '>'); at++) {
        if (quote ? *at == quote : *at == '"')
            quote = quote ? '\0' : *at;
        if (*at == '<')
            report("a < within a tag: %.60s", at);
    }
    if (!*at) {
        report("a tag that does not end");
        at--; /* the caller goes on behind it */
    }
    return at;
}

struct elements {
    char names[MAX_DEPTH][MAX_NAME];
    size_t depth;
};

/* Ends the innermost element of that name; those within it are of the sort that need no end. */
static void end_element(struct elements *open, const char *name)
{
    static const char *const endless[] = {"p", "li", "td", "th", "tr", NULL};

    while (open->depth && strcmp(open->names[open->depth - 1], name) != 0) {
        if (!is_one_of(open->names[open->depth - 1], endless))
            report("</%s> within <%s>", name, open->names[open->depth - 1]);
        open->depth--;
    }
    if (open->depth)
        open->depth--;
    else
        report("</%s> ends nothing", name);
}

static void read_tag(struct elements *open, const char *tag)
{
    static const char *const without_content[] = {"!doctype", "meta", "input", "br", "wbr", NULL};
    static const char *const followed[] = {"p", "li", "td", "th", "tr", NULL};
    bool ends = tag[1] == '/';
    char name[MAX_NAME];

    tag += 1 + ends;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(tag, " >"), tag);
    if (ends) {
        end_element(open, name);
        return;
    }
    if (is_one_of(name, without_content))
        return;
    /* The next of its sort ends it. */
    if (open->depth && is_one_of(name, followed) && strcmp(open->names[open->depth - 1], name) == 0)
        open->depth--;
    if (open->depth < MAX_DEPTH)
        strcpy(open->names[open->depth++], name);
    else
        report("<%s> is too deep", name);
}

const char *well_formed_fault(const char *page)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", NULL};
    struct elements open = {.depth = 0};

    *fault = '\0';
    for (const char *at = page; *at && !*fault; at++) {
        unsigned char byte = (unsigned char)*at;
        if ((byte < 0x20 && byte != '\n') || byte == 0x7f)
            report("byte %02x on the page: %.60s", byte, at);
        if (byte >= 0x80) {
            size_t length = text_utf8_length(at);
            if (!length)
                report("a character that nobody sees on the page: %.60s", at);
            at += length ? length - 1 : 0;
        }
        if (byte == '&') {
            size_t i = 0;
            while (entities[i] && strncmp(at, entities[i], strlen(entities[i])) != 0)
                i++;
            if (!entities[i])
                report("no entity: %.60s", at);
        }
        if (byte == '<') {
            const char *end = end_of_tag(at);
            read_tag(&open, at);
            at = end;
        }
    }
    if (open.depth)
        report("<%s> is not ended", open.names[open.depth - 1]);
    if (strcasestr(page, "<script"))
        report("a script");
    return *fault ? fault : NULL;
}
