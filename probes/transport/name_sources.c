/* SPDX-License-Identifier: MIT */
#include "probes/transport/name_sources.h"

#include <string.h>
#include <strings.h>

#include "config/base/text.h"
#include "probes/transport/go_lines.h"
#include "probes/transport/host_files.h"

#define NSSWITCH_CONF "/etc/nsswitch.conf"
#define MAX_LINE      160 /* shown of it */

/* True if the criterion, as in "NOTFOUND=continue", says what holds without it. The last one may
 * also say "return". */
static bool is_standard(const char *text, size_t length, bool last)
{
    static const char *const standard[] = {"success=return", "notfound=continue",
                                           "unavail=continue", "tryagain=continue"};
    static const char *const final[] = {"notfound=return", "unavail=return", "tryagain=return"};

    for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
        if (strlen(standard[i]) == length && strncasecmp(text, standard[i], length) == 0)
            return true;
    for (size_t i = 0; last && i < sizeof(final) / sizeof(final[0]); i++)
        if (strlen(final[i]) == length && strncasecmp(text, final[i], length) == 0)
            return true;
    return false;
}

/* The text between the brackets. */
static bool all_standard(const char *text, const char *end)
{
    while (text < end) {
        text += strspn(text, GO_BLANKS);
        size_t length = strcspn(text, GO_BLANKS "]");
        const char *next = text + length + strspn(text + length, GO_BLANKS);
        if (length && !is_standard(text, length, next >= end))
            return false;
        text = next;
    }
    return true;
}

static bool is_source(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(text, word, length) == 0;
}

static void add_source(struct name_sources *sources, const char *word, size_t length, bool standard,
                       const char *host)
{
    bool is_dns = is_source(word, length, "dns");
    bool is_files = is_source(word, length, "files");

    if (is_dns || is_files)
        sources->is_libc |= !standard;
    else if (length >= 4 && strncmp(word, "mdns", 4) == 0)
        sources->is_libc |= text_ends_with(host, ".local");
    else /* the name of this machine itself is no registry's */
        sources->is_libc |= !is_source(word, length, "myhostname");
    sources->dns_first |= is_dns && !sources->files;
    sources->files |= is_files;
    sources->dns |=
        is_dns || is_source(word, length, "resolve"); /* systemd-resolved asks resolvers */
}

/* What stands behind "hosts:". */
static void read_sources(const char *text, const char *host, struct name_sources *sources)
{
    while (*(text += strspn(text, GO_BLANKS))) {
        const char *word = text;
        size_t length = strcspn(text, GO_BLANKS);
        bool standard = true;
        text += length;
        text += strspn(text, GO_BLANKS);
        const char *end = *text == '[' ? strchr(text, ']') : NULL;
        if (end) {
            standard = all_standard(text + 1, end);
            text = end + 1;
        }
        add_source(sources, word, length, standard, host);
    }
}

static const char *keep_line(const char *line, struct arena *arena)
{
    struct text shown = TEXT_WITH_LIMIT(MAX_LINE * 4);

    text_append_peer(&shown, line, strcspn(line, "\r"), MAX_LINE);
    const char *kept = arena_copy_text(arena, text_string(&shown));
    text_free(&shown);
    return kept;
}

void name_sources_read(const char *root, const char *host, struct arena *arena,
                       struct name_sources *ret)
{
    struct name_sources found = {0};
    struct go_lines lines;
    char *line;
    int fd = host_open(root, NSSWITCH_CONF, false);

    *ret = (struct name_sources){.files = true, .dns = true};
    if (fd < 0 || !go_lines_open(&lines, fd))
        return;
    while ((line = go_lines_next(&lines))) {
        line[strcspn(line, "#")] = '\0';
        line += strspn(line, GO_BLANKS);
        if (strncmp(line, "hosts", 5) != 0 || line[5 + strspn(line + 5, GO_BLANKS)] != ':')
            continue;
        line = strchr(line, ':') + 1;
        line += strspn(line, GO_BLANKS);
        read_sources(line, host, &found);
        if (arena)
            found.line = keep_line(line, arena);
    }
    go_lines_close(&lines);
    if (found.files || found.dns || found.is_libc)
        *ret = found;
}
