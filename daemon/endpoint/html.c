/* SPDX-License-Identifier: MIT */
#include "daemon/endpoint/html.h"

#include <string.h>
#include <time.h>

#include "probes/evidence/wording.h"

/* Length in bytes of the character at `string` if it is visible and needs no escape, else 0. */
static size_t plain_length(const char *string, const char *breaks)
{
    if (!*string || strchr(breaks, *string) || strchr("&<>\"'", *string))
        return 0;
    return *string >= 0x20 && *string < 0x7f ? 1 : text_utf8_length(string);
}

/* `breaks` are characters after which a line may break. */
static void escape(struct text *out, const char *string, const char *breaks)
{
    while (*string) {
        unsigned char byte = (unsigned char)*string;
        size_t plain = 0;
        for (size_t length; (length = plain_length(string + plain, breaks)) > 0;)
            plain += length;
        text_append_bytes(out, string, plain);
        string += plain;
        if (plain)
            continue;
        if (strchr(breaks, byte)) {
            text_append_format(out, "%c<wbr>", byte);
            string++;
            continue;
        }
        text_append(out, byte == '&'    ? "&amp;"
                         : byte == '<'  ? "&lt;"
                         : byte == '>'  ? "&gt;"
                         : byte == '"'  ? "&quot;"
                         : byte == '\'' ? "&#39;"
                                        : "?");
        string++;
    }
}

void html_text(struct text *out, const char *string)
{
    escape(out, string, "");
}

void html_name(struct text *out, const char *string)
{
    escape(out, string, "./");
}

void html_query_value(struct text *out, const char *string)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    for (; *string; string++) {
        if (strchr(safe, *string))
            text_append_bytes(out, string, 1);
        else
            text_append_format(out, "%%%02X", (unsigned)(unsigned char)*string);
    }
}

void html_duration(struct text *out, usec_t duration)
{
    char room[32] = "";
    struct text words = TEXT_IN(room);

    wording_duration(&words, duration);
    html_text(out, text_string(&words));
}

void html_span(struct text *out, int64_t seconds)
{
    static const struct {
        int64_t length;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t at = 0;

    if (seconds < 0)
        seconds = 0;
    while (at < 3 && seconds < units[at].length)
        at++;
    text_append_format(out, "%lld %c", (long long)(seconds / units[at].length), units[at].unit);
    int64_t rest = seconds % units[at].length;
    if (at < 3 && rest / units[at + 1].length)
        text_append_format(out, " %lld %c", (long long)(rest / units[at + 1].length),
                           units[at + 1].unit);
}

void html_time(struct text *out, int64_t at, int64_t now)
{
    char full[32];
    time_t when = (time_t)at;
    struct tm tm;

    if (!gmtime_r(&when, &tm) || !strftime(full, sizeof(full), "%Y-%m-%dT%H:%M:%SZ", &tm))
        return;
    bool today = at / 86400 == now / 86400;
    text_append_format(out, "<time datetime=\"%s\">", full);
    if (!today)
        text_append_format(out, "%.10s ", full);
    text_append_format(out, "%.8s</time>", full + 11);
}
