#include "daemon/html.h"

#include <string.h>
#include <time.h>

void html_text(struct text *out, const char *string)
{
    while (*string) {
        unsigned char byte = (unsigned char)*string;
        size_t plain = 0;
        while ((unsigned char)string[plain] >= 0x20 && string[plain] != 0x7f &&
               !strchr("&<>\"'", string[plain]))
            plain++;
        text_append_bytes(out, string, plain);
        string += plain;
        if (plain)
            continue;
        text_append(out, byte == '&'    ? "&amp;"
                         : byte == '<'  ? "&lt;"
                         : byte == '>'  ? "&gt;"
                         : byte == '"'  ? "&quot;"
                         : byte == '\'' ? "&#39;"
                                        : "?");
        string++;
    }
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
    double milliseconds = (double)duration / (double)USEC_PER_MSEC;

    if (milliseconds < 0.05)
        text_append(out, "&lt;0.1 ms");
    else if (milliseconds < 10)
        text_append_format(out, "%.1f ms", milliseconds);
    else if (milliseconds < 1000)
        text_append_format(out, "%.0f ms", milliseconds);
    else
        text_append_format(out, "%.2f s", milliseconds / 1000);
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
