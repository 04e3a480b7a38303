/* SPDX-License-Identifier: MIT */
#include "probes/transport/http_exchange.h"

#include <string.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "probes/transport/http_reader.h"

#define READ_SIZE         (16 * 1024)
#define READS_A_TURN      16 /* a TLS record of one byte is one */
#define MAX_REQUEST_BYTES (64 * 1024)
#define CHUNK_OVERHEAD    8 /* chunks of one byte make a body six times as long */
#define MAX_PAUSE         1 /* second, where the body may be enough before its end */

struct http_exchange {
    struct stream *stream;
    struct stream_events events;
    struct arena *arena;
    http_done_fn *done;
    void *context;
    usec_t started;
    int64_t asked_at;
    struct text request;
    size_t sent;
    bool request_ended; /* sent, or given up because the peer reads no more */
    size_t received;
    size_t max_received;
    bool (*is_enough)(const char *body, size_t length);
    bool (*head_is_enough)(const struct http_response *head);
    bool pausing; /* the wait for more has a limit */
    bool paused;  /* which is over */
    struct http_reader *reader;
    struct http_response progress;
};

/* ---- the end ---- */

static void finish_with(struct http_exchange *exchange, enum http_outcome outcome,
                        const char *detail, bool was_cut)
{
    struct http_response *response = arena_allocate(exchange->arena, sizeof(*response));
    struct http_response spare = {0};

    if (!response) { /* the callback may free the exchange, so it cannot hold the response */
        response = &spare;
        outcome = HTTP_LOCAL;
    }
    http_reader_response(exchange->reader, response);
    if (outcome != HTTP_LOCAL && response->status >= 300) {
        outcome = HTTP_ANSWERED;
        detail = NULL;
    }
    response->outcome = outcome;
    response->detail = detail;
    response->was_cut = was_cut;
    response->asked_at = exchange->asked_at;
    response->duration = http_exchange_elapsed(exchange);
    exchange->done(response, exchange->context); /* may have freed the exchange */
}

static void exchange_finish(struct http_exchange *exchange, enum http_outcome outcome,
                            const char *detail)
{
    finish_with(exchange, outcome, detail, false);
}

/* An end without close_notify completes an answer too, as it does for Go (crypto/tls, conn.go). */
static void finish_ended(struct http_exchange *exchange, enum stream_status status)
{
    static const char *const details[] = {
        [STREAM_END] = "closed before the answer was complete",
        [STREAM_TRUNCATED] = "cut off without close_notify before the answer was complete",
        [STREAM_RESET] = "reset before the answer was complete",
        [STREAM_ERROR] = "the connection failed before the answer was complete",
    };
    enum http_reading reading = HTTP_READING;

    if (status == STREAM_END || status == STREAM_TRUNCATED)
        reading = http_reader_end(exchange->reader);
    if (reading == HTTP_READ)
        exchange_finish(exchange, HTTP_ANSWERED, NULL);
    else if (reading == HTTP_REFUSED)
        exchange_finish(exchange, HTTP_MALFORMED, http_reader_refusal(exchange->reader));
    else
        finish_with(exchange, HTTP_CLOSED, details[status],
                    status == STREAM_END || status == STREAM_TRUNCATED);
}

static void finish_local(struct http_exchange *exchange)
{
    exchange_finish(exchange, HTTP_LOCAL, "this machine could not use the connection");
}

/* ---- reading and writing ---- */

static bool ends_with_head(struct http_exchange *exchange)
{
    return exchange->head_is_enough && http_reader_has_headers(exchange->reader) &&
           exchange->head_is_enough(http_exchange_progress(exchange));
}

/* False once the exchange has ended. */
static bool feed(struct http_exchange *exchange, const char *bytes, size_t count)
{
    enum http_reading reading = http_reader_feed(exchange->reader, bytes, count);

    exchange->received += count;
    if (reading != HTTP_NO_MEMORY && ends_with_head(exchange))
        reading = HTTP_READ;
    switch (reading) {
    case HTTP_READ:
        exchange_finish(exchange, HTTP_ANSWERED, NULL);
        return false;
    case HTTP_REFUSED:
        exchange_finish(exchange, HTTP_MALFORMED, http_reader_refusal(exchange->reader));
        return false;
    case HTTP_NO_MEMORY:
        exchange_finish(exchange, HTTP_LOCAL,
                        http_reader_refusal(exchange->reader)
                            ? http_reader_refusal(exchange->reader)
                            : "memory is short");
        return false;
    case HTTP_READING:
        break;
    }
    if (exchange->received < exchange->max_received)
        return true;
    exchange_finish(exchange, HTTP_MALFORMED, "the answer is too long for its body");
    return false;
}

static void wait_for(struct http_exchange *exchange, enum stream_status status)
{
    if (!stream_events_await(&exchange->events, status))
        exchange_finish(exchange, HTTP_LOCAL, "memory is short");
}

static bool has_enough(struct http_exchange *exchange)
{
    const struct http_response *progress = http_exchange_progress(exchange);

    return progress->status && exchange->is_enough(progress->body, progress->body_length);
}

static void await_more(struct http_exchange *exchange)
{
    static const struct timeval pause = {MAX_PAUSE, 0};

    if (exchange->paused && has_enough(exchange)) {
        exchange_finish(exchange, HTTP_CLOSED, "it does not end");
        return;
    }
    exchange->pausing = exchange->is_enough && !exchange->paused;
    if (event_add(exchange->events.readable, exchange->pausing ? &pause : NULL) < 0)
        exchange_finish(exchange, HTTP_LOCAL, "memory is short");
}

static void read_into(struct http_exchange *exchange, char *bytes)
{
    static const struct timeval at_once = {0, 0};

    for (unsigned reads = 0; reads < READS_A_TURN; reads++) {
        size_t count = 0;
        enum stream_status status =
            exchange->stream->read(exchange->stream, bytes, READ_SIZE, &count);

        switch (status) {
        case STREAM_OK:
            if (!feed(exchange, bytes, count))
                return;
            break;
        case STREAM_WANT_READ:
            await_more(exchange);
            return;
        case STREAM_WANT_WRITE:
            wait_for(exchange, status);
            return;
        case STREAM_END:
        case STREAM_TRUNCATED:
        case STREAM_RESET:
        case STREAM_ERROR:
            finish_ended(exchange, status);
            return;
        case STREAM_LOCAL:
            finish_local(exchange);
            return;
        }
    }
    /* A timer of zero waits for the next turn of the loop; an active event would not. The stream
     * may still hold bytes. */
    if (event_add(exchange->events.readable, &at_once) < 0)
        exchange_finish(exchange, HTTP_LOCAL, "memory is short");
}

static void read_answer(struct http_exchange *exchange)
{
    char bytes[READ_SIZE];

    read_into(exchange, bytes); /* may free the exchange */
    explicit_bzero(bytes, sizeof(bytes));
}

/* STREAM_OK once nothing of the request is left; else STREAM_LOCAL, or the wait that the stream
 * needs. */
static enum stream_status write_request(struct http_exchange *exchange)
{
    while (!exchange->request_ended) {
        size_t count = 0;
        enum stream_status status =
            exchange->stream->write(exchange->stream, exchange->request.bytes + exchange->sent,
                                    exchange->request.length - exchange->sent, &count);
        if (status == STREAM_WANT_READ || status == STREAM_WANT_WRITE || status == STREAM_LOCAL)
            return status;
        exchange->sent += count;
        /* A peer that reads no more may have answered already, so go on and read. */
        exchange->request_ended = status != STREAM_OK || exchange->sent == exchange->request.length;
    }
    return STREAM_OK;
}

static void go_on(struct http_exchange *exchange)
{
    enum stream_status status = write_request(exchange);

    if (status == STREAM_OK)
        read_answer(exchange);
    else if (status == STREAM_LOCAL)
        finish_local(exchange);
    else
        wait_for(exchange, status);
}

static void on_ready(evutil_socket_t fd, short events, void *context)
{
    struct http_exchange *exchange = context;

    (void)fd;
    exchange->paused = exchange->pausing && events & EV_TIMEOUT;
    exchange->pausing = false;
    if (exchange->request.length)
        go_on(exchange);
    else
        exchange_finish(exchange, HTTP_LOCAL,
                        "the request is too long or has control characters in it");
}

/* ---- starting ---- */

/* A line break in a text would start a header line that its author chose. */
static bool is_clean(const char *text, bool allow_space)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f || (*text == ' ' && !allow_space))
            return false;
    return true;
}

static bool is_connect(const struct http_request *request)
{
    return strcmp(request->method, "CONNECT") == 0;
}

/* Go asks for gzip by itself where it undoes it (net/http, transport.go). */
static bool asks_for_gzip(const struct http_request *request)
{
    return strcmp(request->method, "HEAD") != 0 && !is_connect(request) &&
           !(request->extra_headers && strcasestr(request->extra_headers, "Range:"));
}

/* False if memory is short; the text stays empty if the request must not be sent. */
static bool write_head(struct http_exchange *exchange, const struct http_request *request)
{
    struct text *text = &exchange->request;
    const char *accept = request->accept ? request->accept : "*/*";
    const char *extra = request->extra_headers ? request->extra_headers : "";
    uint64_t failures = memory_failures();

    if (!is_clean(request->method, false) || !is_clean(request->host_header, false) ||
        !is_clean(request->path, false) || !is_clean(accept, true) ||
        (request->path[0] != '/' && !is_connect(request)))
        return true;
    text_append_format(
        text, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: tcr-probe/" TCRPROBE_VERSION "\r\n",
        request->method, request->path, request->host_header);
    if (!is_connect(request))
        text_append_format(text, "Accept: %s\r\nConnection: close\r\n", accept);
    if (asks_for_gzip(request))
        text_append(text, "Accept-Encoding: gzip\r\n");
    text_append(text, extra);
    if (request->body)
        text_append_format(text, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                           request->body_type ? request->body_type
                                              : "application/x-www-form-urlencoded",
                           strlen(request->body));
    text_append(text, "\r\n");
    text_append(text, request->body ? request->body : "");
    if (!text_truncated(text))
        return true;
    text_clear(text);
    return memory_failures() == failures;
}

struct http_exchange *http_exchange_start(struct event_base *base, struct stream *stream,
                                          const struct http_request *request, struct arena *arena,
                                          http_done_fn *done, void *context)
{
    struct http_exchange *exchange = memory_allocate(sizeof(*exchange));
    struct http_reader_options options = {
        .is_head = strcmp(request->method, "HEAD") == 0 || is_connect(request),
        .is_connect = is_connect(request),
        .may_be_zip = asks_for_gzip(request),
        .max_body = request->max_body ? request->max_body : HTTP_MAX_BODY,
    };

    if (!exchange)
        return NULL;
    exchange->stream = stream;
    exchange->arena = arena;
    exchange->done = done;
    exchange->context = context;
    exchange->started = clock_monotonic();
    exchange->asked_at = clock_wall() / (int64_t)USEC_PER_SEC;
    exchange->is_enough = request->is_enough;
    exchange->head_is_enough = request->head_is_enough;
    exchange->max_received = HTTP_MAX_HEADER_BYTES + CHUNK_OVERHEAD * options.max_body;
    exchange->request = TEXT_WITH_LIMIT(MAX_REQUEST_BYTES);
    exchange->progress.body = "";
    exchange->reader = http_reader_new(&options, arena);
    if (stream_events_new(&exchange->events, base, stream->fd, on_ready, exchange) &&
        exchange->reader && write_head(exchange, request)) {
        /* the socket is connected, so probably writable */
        event_active(exchange->events.writable, EV_WRITE, 0);
        return exchange;
    }
    http_exchange_free(exchange);
    return NULL;
}

void http_exchange_free(struct http_exchange *exchange)
{
    if (!exchange)
        return;
    stream_events_free(&exchange->events);
    text_free(&exchange->request);
    http_reader_free(exchange->reader);
    memory_release(exchange);
}

usec_t http_exchange_elapsed(const struct http_exchange *exchange)
{
    return clock_monotonic() - exchange->started;
}

const struct http_response *http_exchange_progress(struct http_exchange *exchange)
{
    http_reader_response(exchange->reader, &exchange->progress);
    exchange->progress.asked_at = exchange->asked_at;
    return &exchange->progress;
}
