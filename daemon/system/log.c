/* SPDX-License-Identifier: MIT */
#include "daemon/system/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/base/clock.h"
#include "config/base/text.h"

#define LINE_LIMIT (64 * 1024)

static enum log_level threshold = LOG_LEVEL_INFO;
static enum log_format style = LOG_FORMAT_LOGFMT;
static bool journal;

/* Lines that standard error has not taken, from `sent` on. */
static char backlog_room[LOG_BACKLOG + 1];
static struct text backlog = {
    .bytes = backlog_room, .capacity = sizeof(backlog_room), .limit = LOG_BACKLOG};
static size_t sent;
static struct event *writable; /* NULL: no loop */
static uint64_t dropped;
static uint64_t dropped_told;

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

/* The priority by syslog(3): 3 error, 4 warning, 6 informational, 7 debug. */
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

/* Quotes, backslashes and all that does not print are escaped, the same way in both formats. */
static void append_field_value(struct text *line, const char *value)
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

static void append_field(struct text *line, bool first, const char *key, const char *value)
{
    if (!value)
        return;
    if (style == LOG_FORMAT_JSON)
        text_append_format(line, "%s\"%s\":", first ? "{" : ",", key);
    else
        text_append_format(line, "%s%s=", first ? "" : " ", key);
    if (style == LOG_FORMAT_LOGFMT && *value &&
        strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/[]") ==
            strlen(value))
        text_append(line, value);
    else
        append_field_value(line, value);
}

/* ---- writing without waiting ---- */

/* Writes at most PIPE_BUF bytes, because a pipe that polls as writable takes as many at once
 * (pipe(7)). Standard error itself stays blocking, since other processes may share it. Returns 0 if
 * it takes nothing at present, and -1 if nobody reads it any more. */
static ssize_t write_at_once(const char *bytes, size_t length)
{
    struct pollfd state = {.fd = STDERR_FILENO, .events = POLLOUT};
    size_t piece = length < PIPE_BUF ? length : PIPE_BUF;

    if (poll(&state, 1, 0) <= 0)
        return 0;
    ssize_t count = send(STDERR_FILENO, bytes, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == ENOTSOCK)
        count = write(STDERR_FILENO, bytes, piece);
    return count >= 0 || (errno != EAGAIN && errno != EINTR) ? count : 0;
}

static size_t write_most(const char *bytes, size_t length, bool *ret_gone)
{
    size_t total = 0;
    ssize_t count = 1;

    while (total < length && (count = write_at_once(bytes + total, length - total)) > 0)
        total += (size_t)count;
    *ret_gone = count < 0;
    return total;
}

static void drop_backlog(void)
{
    for (size_t i = sent; i < backlog.length; i++)
        dropped += backlog.bytes[i] == '\n';
    text_clear(&backlog);
    sent = 0;
}

static void flush_backlog(void)
{
    bool gone = false;

    sent += write_most(backlog.bytes + sent, backlog.length - sent, &gone);
    if (gone) {
        drop_backlog();
    } else if (sent < backlog.length) {
        if (writable)
            event_add(writable, NULL);
    } else {
        text_clear(&backlog);
        sent = 0;
    }
}

/* Tells of dropped lines once the backlog is written. */
static void tell_dropped(void)
{
    char count[24];
    uint64_t news = dropped - dropped_told;

    if (!news || backlog.length)
        return;
    dropped_told = dropped;
    snprintf(count, sizeof(count), "%llu", (unsigned long long)news);
    LOG(LOG_LEVEL_WARN, "log lines were dropped, because nobody read them in time",
        {"count", count});
}

static void standard_error_writable(int fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
    flush_backlog();
    tell_dropped();
}

static void put_line(const struct text *line)
{
    bool gone = false;
    size_t written = 0;

    flush_backlog();
    if (!backlog.length)
        written = write_most(line->bytes, line->length, &gone);
    if (written == line->length)
        return;
    if (backlog.length + line->length - written > LOG_BACKLOG) {
        memmove(backlog.bytes, backlog.bytes + sent, backlog.length - sent);
        backlog.length -= sent;
        sent = 0;
    }
    if (gone || backlog.length + line->length - written > LOG_BACKLOG) {
        dropped++;
        return;
    }
    text_append_bytes(&backlog, line->bytes + written, line->length - written);
    if (writable)
        event_add(writable, NULL);
}

uint64_t log_dropped(void)
{
    return dropped;
}

void log_event(enum log_level level, const char *message, const struct log_field *fields,
               size_t count)
{
    static char room[LINE_LIMIT]; /* a line needs no memory, so that it can tell of a shortage */
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
    if (journal)
        text_append_format(&line, "<%d>", priority_of(level));
    append_field(&line, true, "ts", time_text);
    append_field(&line, false, "level", log_level_name(level));
    append_field(&line, false, "msg", message);
    for (size_t i = 0; i < count; i++)
        append_field(&line, false, fields[i].key, fields[i].value);
    text_append(&line, style == LOG_FORMAT_JSON ? "}\n" : "\n");
    put_line(&line);
}

int log_attach(struct event_base *base)
{
    writable = event_new(base, STDERR_FILENO, EV_WRITE, standard_error_writable, NULL);
    return writable ? 0 : -1;
}

void log_detach(void)
{
    flush_backlog();
    if (writable)
        event_free(writable);
    writable = NULL;
}
