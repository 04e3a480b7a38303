#include "daemon/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/base/clock.h"
#include "config/base/text.h"

#define LINE_LIMIT (64 * 1024)

static enum log_level threshold = LOG_LEVEL_INFO;
static enum log_format style = LOG_FORMAT_LOGFMT;
static bool journal;

void log_detect_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device;
    unsigned long long inode;
    struct stat status;

    journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
              fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
              status.st_ino == inode;
}

/* Of syslog(3): 3 error, 4 warning, 6 informational, 7 debug. */
static int priority_of(enum log_level level)
{
    return level == LOG_LEVEL_ERROR  ? 3
           : level == LOG_LEVEL_WARN ? 4
           : level == LOG_LEVEL_INFO ? 6
                                     : 7;
}

bool log_limit_allows(struct log_limit *limit, unsigned most, usec_t window, unsigned *ret_left_out)
{
    usec_t now = clock_monotonic();

    if (now >= limit->window_ends) {
        limit->window_ends = now + window;
        limit->logged = 0;
    }
    *ret_left_out = limit->left_out;
    if (limit->logged == most) {
        limit->left_out++;
        return false;
    }
    limit->logged++;
    limit->left_out = 0;
    return true;
}

void log_configure(enum log_level least, enum log_format format)
{
    threshold = least;
    style = format;
}

/* What prints as it is; quotes and backslashes escaped the same way in both formats. */
static void append_value(struct text *line, const char *value)
{
    size_t length = strlen(value);

    text_append(line, "\"");
    for (size_t i = 0; i < length && i < LOG_MAX_VALUE; i++) {
        unsigned char byte = (unsigned char)value[i];
        size_t character = text_utf8_length(value + i);
        if (character) {
            text_append_bytes(line, value + i, character);
            i += character - 1;
        } else if (byte == '"' || byte == '\\')
            text_append_format(line, "\\%c", byte);
        else if (byte < 0x20 || byte >= 0x7f)
            text_append_format(line, "\\u%04x", byte);
        else
            text_append_bytes(line, value + i, 1);
    }
    text_append(line, length > LOG_MAX_VALUE ? "...\"" : "\"");
}

static void append_field(struct text *line, const char *key, const char *value)
{
    if (!value)
        return;
    if (style == LOG_FORMAT_JSON)
        text_append_format(line, "%s\"%s\":", line->length ? "," : "{", key);
    else
        text_append_format(line, "%s%s=", line->length ? " " : "", key);
    if (style == LOG_FORMAT_LOGFMT && *value &&
        strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/[]") ==
            strlen(value))
        text_append(line, value);
    else
        append_value(line, value);
}

void log_event(enum log_level level, const char *message, const struct log_field *fields,
               size_t count)
{
    static char room[LINE_LIMIT]; /* what is told when memory is short is told whole */
    struct text line = TEXT_IN(room);
    int64_t now = clock_wall();
    time_t seconds = (time_t)(now / (int64_t)USEC_PER_SEC);
    char stamp[32];
    char time_text[48];
    struct tm tm;

    if (level < threshold || !gmtime_r(&seconds, &tm))
        return;
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(time_text, sizeof(time_text), "%s.%03dZ", stamp,
             (int)(now / (int64_t)USEC_PER_MSEC % 1000));
    text_clear(&line);
    append_field(&line, "ts", time_text);
    append_field(&line, "level", log_level_name(level));
    append_field(&line, "msg", message);
    for (size_t i = 0; i < count; i++)
        append_field(&line, fields[i].key, fields[i].value);
    text_append(&line, style == LOG_FORMAT_JSON ? "}\n" : "\n");
    if (journal)
        fprintf(stderr, "<%d>%s", priority_of(level), text_string(&line));
    else
        fputs(text_string(&line), stderr);
}
