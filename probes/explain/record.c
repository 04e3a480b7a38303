/* SPDX-License-Identifier: MIT */
#include "probes/explain/record.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define MAX_HEAD 128

/* In a pattern: 9 a digit, A a letter, * bytes up to the one that follows it, and any other byte
 * itself. Returns the length of the match. */
static size_t match_pattern(const char *at, const char *pattern)
{
    const char *begin = at;

    for (; *pattern; pattern++) {
        if (*pattern == '*') {
            while (*at && *at != pattern[1] && !strchr("\n\f", *at) && at - begin < MAX_HEAD)
                at++;
            continue;
        }
        if (*pattern == '9'   ? !isdigit((unsigned char)*at)
            : *pattern == 'A' ? !isalpha((unsigned char)*at)
                              : *at != *pattern)
            return 0;
        at++;
    }
    return (size_t)(at - begin);
}

bool record_begins(const char *at)
{
    static const char *const patterns[] = {
        "9999-99-99T99:99:99", /* RFC 3339: containerd, CRI-O, CI services */
        "9999-99-99 99:99:99", /* many programs */
        "9999/99/99 99:99:99", /* Go's log package */
        "[9999-99-99",
        "A9999 99:99:99",       /* klog: kubelet, crictl */
        "AAA 99 99:99:99",      /* syslog and journald */
        "AAA 9 99:99:99",       /* with one digit of the day */
        "[AAAA] ",              /* maven, many scripts */
        "[AAAAA] ",             /* " */
        "[ERROR ",              /* kubeadm */
        "AAAA[9999]",           /* logrus on a terminal: ctr, crictl, podman */
        "time=\"",              /* logrus */
        "level=",               /* logfmt */
        "ts=",                  /* logfmt */
        "{\"",                  /* JSON lines: docker's log driver */
        "Normal ",              /* events of kubectl describe */
        "Warning ",             /* " */
        "Error: ",              /* podman, ctr, docker-compose */
        "ERROR: ",              /* buildx, docker compose */
        "ctr: ",                /* ctr */
        "docker: ",             /* docker run */
        "Error response from ", /* docker pull */
        "$ ",
        "# ",
        "#9 ",  /* a step of buildkit */
        "#99 ", /* " */
        "panic: ",
    };

    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
        if (match_pattern(at, patterns[i]))
            return true;
    return false;
}

size_t record_head(const char *at)
{
    static const char *const patterns[] = {
        "9999-99-99T99:99:99* 99A ", /* GitLab's runner */
        "9999-99-99T99:99:99* ",
        "9999-99-99 99:99:99* ",
        "9999/99/99 99:99:99* ",
        "[9999-99-99*] ",
        "A9999 99:99:99*] ",
        "AAA 99 99:99:99 *: ",
        "AAA 9 99:99:99 *: ",
        "AAA  9 99:99:99 *: ",
        "[* : *] ", /* Tekton */
        "{\"log\":\"",
    };
    size_t length = 0;

    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]) && !length; i++)
        length = match_pattern(at, patterns[i]);
    return length;
}

size_t record_frame(const char *at, const char *end)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *begin = at;
    const char *word;

    while (at < end && *at == ' ')
        at++;
    while (end - at >= 2 && memcmp(at, "> ", 2) == 0)
        at += 2;
    bool fence = end - at >= 3 && memcmp(at, "```", 3) == 0;
    at += fence ? 3 : 0;
    for (word = at; word < end && strchr(name, *word) && *word; word++)
        ;
    if (fence) /* with the name of a language */
        return (size_t)((word == end || *word == '\n' ? word : at) - begin);
    if (word == at)
        return (size_t)(at - begin);
    while (word < end && *word == ' ')
        word++;
    return (size_t)((end - word >= 2 && memcmp(word, "| ", 2) == 0 ? word + 2 : at) - begin);
}
