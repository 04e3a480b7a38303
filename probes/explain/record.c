/* SPDX-License-Identifier: MIT */
#include "probes/explain/record.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* In a pattern: 9 a digit, A a letter, and any other byte itself. */
static bool has_pattern(const char *at, const char *pattern)
{
    for (; *pattern; at++, pattern++) {
        if (*pattern == '9'   ? !isdigit((unsigned char)*at)
            : *pattern == 'A' ? !isalpha((unsigned char)*at)
                              : *at != *pattern)
            return false;
    }
    return true;
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
        if (has_pattern(at, patterns[i]))
            return true;
    return false;
}
