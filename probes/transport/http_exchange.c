#include "probes/transport/http_exchange.h"

#include <llhttp.h>
#include <string.h>

#include "config/base/memory.h"
#include "config/base/text.h"

#define READ_SIZE         (16 * 1024)
#define READS_A_TURN      16 /* a TLS record of one byte is one */
#define MAX_REQUEST_BYTES (32 * 1024)
/* All that is ever read of one answer: a body sent in chunks of one byte is six times as long. */
#define MAX_ANSWER_BYTES (HTTP_MAX_HEADER_BYTES + 8 * (size_t)HTTP_MAX_BODY)

struct http_exchange {
    struct stream *stream;
    struct event *readable;
    struct event *writable;
    struct arena *arena;
    http_done_fn *done;
    void *context;
    usec_t started;
    struct text request;
    size_t sent;
    bool request_ended; /* sent, or given up because the peer reads no more */
    llhttp_t parser;
    llhttp_settings_t settings;
    bool is_head;
    bool secret;
    size_t max_body;
    bool headers_complete;
    bool complete;
    bool short_of_memory;
    const char *refusal; /* why a callback stopped the parser, which keeps no reason of ours */
    unsigned informational;
    size_t received;
    struct text name;
    struct text value;
    struct text body;
    struct http_header *headers;
    struct http_response response; /* being read */
    struct http_response progress; /* of it, what is complete */
};

const char *http_response_header(const struct http_response *response, const char *name, size_t n)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, name) == 0 && n-- == 0)
            return response->headers[i].value;
    return NULL;
}

/* ---- what the parser finds ---- */

static struct http_exchange *exchange_of(llhttp_t *parser)
{
    return parser->data;
}

static int refuse(llhttp_t *parser, const char *why)
{
    exchange_of(parser)->refusal = why;
    return HPE_USER;
}

static int on_message_begin(llhttp_t *parser)
{
    struct http_exchange *exchange = exchange_of(parser);

    exchange->response.header_count = 0;
    text_clear(&exchange->name);
    text_clear(&exchange->value);
    return 0;
}

static int on_header_field(llhttp_t *parser, const char *bytes, size_t length)
{
    text_append_bytes(&exchange_of(parser)->name, bytes, length);
    return 0;
}

static int on_header_value(llhttp_t *parser, const char *bytes, size_t length)
{
    if (memchr(bytes, '\0', length))
        return refuse(parser, "a NUL in a header");
    text_append_bytes(&exchange_of(parser)->value, bytes, length);
    return 0;
}

static void lower(char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] >= 'A' && bytes[i] <= 'Z')
            bytes[i] = (char)(bytes[i] - 'A' + 'a');
}

static char *copy_trimmed(struct arena *arena, const struct text *text)
{
    const char *start = text_string(text);
    size_t length = text->length;

    while (length && (start[length - 1] == ' ' || start[length - 1] == '\t'))
        length--;
    while (length && (*start == ' ' || *start == '\t')) {
        start++;
        length--;
    }
    return arena_copy_bytes(arena, start, length);
}

static int on_header_value_complete(llhttp_t *parser)
{
    struct http_exchange *exchange = exchange_of(parser);
    struct http_header *header = &exchange->headers[exchange->response.header_count];
    char *name;

    /* After the headers these are trailers, which nobody asked for. */
    if (exchange->headers_complete)
        goto out;
    if (exchange->response.header_count == HTTP_MAX_HEADERS)
        return refuse(parser, "too many headers");
    name = copy_trimmed(exchange->arena, &exchange->name);
    header->value = copy_trimmed(exchange->arena, &exchange->value);
    if (!name || !header->value || text_truncated(&exchange->name) ||
        text_truncated(&exchange->value)) {
        exchange->short_of_memory = true;
        return refuse(parser, "memory is short");
    }
    lower(name, strlen(name));
    header->name = name;
    exchange->response.header_count++;
out:
    text_clear(&exchange->name);
    text_clear(&exchange->value);
    return 0;
}

static bool is_informational(unsigned status)
{
    return status >= 100 && status < 200;
}

static int on_headers_complete(llhttp_t *parser)
{
    struct http_exchange *exchange = exchange_of(parser);
    unsigned status = parser->status_code;

    if (parser->http_major != 1)
        return refuse(parser, "not HTTP/1");
    if (status == 101)
        return refuse(parser, "switches to a protocol that was not asked for");
    if (is_informational(status)) {
        if (exchange->informational++ == HTTP_MAX_INFORMATIONAL)
            return refuse(parser, "too many informational answers");
        return 0;
    }
    if (status < 200 || status > 599)
        return refuse(parser, "a status that does not exist");
    exchange->headers_complete = true;
    exchange->response.status = status;
    exchange->progress = exchange->response;
    return exchange->is_head; /* 1: no body follows whatever the headers say */
}

static int on_body(llhttp_t *parser, const char *bytes, size_t length)
{
    struct http_exchange *exchange = exchange_of(parser);
    size_t room = exchange->max_body - exchange->body.length;
    size_t kept = length < room ? length : room;

    text_append_bytes(&exchange->body, bytes, kept);
    if (text_truncated(&exchange->body)) {
        exchange->short_of_memory = true;
        return refuse(parser, "memory is short");
    }
    if (kept == length)
        return 0;
    exchange->response.body_too_large = true;
    exchange->complete = true; /* enough is known; the rest is not worth its time */
    return refuse(parser, "the body is too large");
}

static int on_message_complete(llhttp_t *parser)
{
    struct http_exchange *exchange = exchange_of(parser);

    if (!exchange->headers_complete)
        return 0; /* an informational answer; the real one follows */
    exchange->complete = true;
    return HPE_PAUSED; /* what follows it is nobody's */
}

static void set_up_parser(struct http_exchange *exchange)
{
    llhttp_settings_init(&exchange->settings);
    exchange->settings.on_message_begin = on_message_begin;
    exchange->settings.on_header_field = on_header_field;
    exchange->settings.on_header_value = on_header_value;
    exchange->settings.on_header_value_complete = on_header_value_complete;
    exchange->settings.on_headers_complete = on_headers_complete;
    exchange->settings.on_body = on_body;
    exchange->settings.on_message_complete = on_message_complete;
    llhttp_init(&exchange->parser, HTTP_RESPONSE, &exchange->settings);
    exchange->parser.data = exchange;
}

/* ---- the end ---- */

static void finish(struct http_exchange *exchange, enum http_outcome outcome, const char *detail)
{
    struct http_response *response = arena_allocate(exchange->arena, sizeof(*response));
    struct http_response spare;

    exchange->response.body = text_string(&exchange->body);
    exchange->response.body_length = exchange->body.length;
    if (!exchange->headers_complete)
        exchange->response.header_count = 0;
    exchange->response.outcome = outcome;
    exchange->response.detail = detail;
    exchange->response.duration = http_exchange_elapsed(exchange);
    if (!response) { /* the exchange may be freed in the callback, so not its own */
        response = &spare;
        exchange->response.outcome = HTTP_LOCAL;
    }
    *response = exchange->response;
    exchange->progress = exchange->response;
    exchange->done(response, exchange->context); /* may have freed the exchange */
}

static void finish_malformed(struct http_exchange *exchange, enum llhttp_errno error)
{
    const char *reason = exchange->refusal;

    if (!reason)
        reason = llhttp_get_error_reason(&exchange->parser);
    if (!reason || !*reason)
        reason = llhttp_errno_name(error);
    finish(exchange, exchange->short_of_memory ? HTTP_LOCAL : HTTP_MALFORMED,
           arena_copy_text(exchange->arena, reason));
}

/* An end is orderly only where the answer may be delimited by it (RFC 9112 6.3). */
static void finish_ended(struct http_exchange *exchange, enum stream_status status)
{
    static const char *const details[] = {
        [STREAM_END] = "closed before the answer was complete",
        [STREAM_TRUNCATED] = "cut off without close_notify before the answer was complete",
        [STREAM_RESET] = "reset before the answer was complete",
        [STREAM_ERROR] = "the connection failed before the answer was complete",
    };

    if (status == STREAM_END && exchange->headers_complete)
        (void)llhttp_finish(&exchange->parser); /* tells through on_message_complete() */
    if (exchange->complete)
        finish(exchange, HTTP_ANSWERED, NULL);
    else
        finish(exchange, HTTP_CLOSED, details[status]);
}

static void finish_local(struct http_exchange *exchange)
{
    finish(exchange, HTTP_LOCAL, "this machine could not use the connection");
}

/* ---- reading and writing ---- */

/* Whether the exchange is still going on. */
static bool feed(struct http_exchange *exchange, const char *bytes, size_t count)
{
    enum llhttp_errno error = llhttp_execute(&exchange->parser, bytes, count);

    exchange->received += count;
    if (exchange->complete) {
        finish(exchange, HTTP_ANSWERED, NULL);
        return false;
    }
    if (error != HPE_OK) {
        finish_malformed(exchange, error);
        return false;
    }
    if (!exchange->headers_complete && exchange->received >= HTTP_MAX_HEADER_BYTES) {
        finish(exchange, HTTP_MALFORMED, "the headers are too long");
        return false;
    }
    if (exchange->received >= MAX_ANSWER_BYTES) {
        finish(exchange, HTTP_MALFORMED, "the answer is too long for its body");
        return false;
    }
    return true;
}

static void wait_for(struct http_exchange *exchange, struct event *event)
{
    if (event_add(event, NULL) < 0)
        finish(exchange, HTTP_LOCAL, "memory is short");
}

static void read_into(struct http_exchange *exchange, char *bytes)
{
    static const struct timeval at_once = {0, 0};

    for (unsigned reads = 0; reads < READS_A_TURN; reads++) {
        size_t room = READ_SIZE;
        size_t count = 0;
        enum stream_status status;

        if (!exchange->headers_complete && HTTP_MAX_HEADER_BYTES - exchange->received < room)
            room = HTTP_MAX_HEADER_BYTES - exchange->received;
        status = exchange->stream->read(exchange->stream, bytes, room, &count);
        switch (status) {
        case STREAM_OK:
            if (!feed(exchange, bytes, count))
                return;
            break;
        case STREAM_WANT_READ:
            wait_for(exchange, exchange->readable);
            return;
        case STREAM_WANT_WRITE:
            wait_for(exchange, exchange->writable);
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
    /* What is left may be in the stream, and an event made active would not wait for a turn. */
    if (event_add(exchange->readable, &at_once) < 0)
        finish(exchange, HTTP_LOCAL, "memory is short");
}

static void read_answer(struct http_exchange *exchange)
{
    char bytes[READ_SIZE];
    bool secret = exchange->secret; /* reading may end the exchange, which its owner then frees */

    read_into(exchange, bytes);
    if (secret)
        explicit_bzero(bytes, sizeof(bytes));
}

enum written { WRITTEN, WRITE_WAITS, WRITE_FAILED };

/* `ret_wanted` is what a stream that is not ready waits for. */
static enum written write_request(struct http_exchange *exchange, struct event **ret_wanted)
{
    while (!exchange->request_ended) {
        size_t count = 0;
        enum stream_status status =
            exchange->stream->write(exchange->stream, exchange->request.bytes + exchange->sent,
                                    exchange->request.length - exchange->sent, &count);
        if (status == STREAM_WANT_READ || status == STREAM_WANT_WRITE) {
            *ret_wanted = status == STREAM_WANT_READ ? exchange->readable : exchange->writable;
            return WRITE_WAITS;
        }
        if (status == STREAM_LOCAL)
            return WRITE_FAILED;
        exchange->sent += count;
        /* A peer that reads no more may have answered already: reading tells. */
        exchange->request_ended = status != STREAM_OK || exchange->sent == exchange->request.length;
    }
    return WRITTEN;
}

static void go_on(struct http_exchange *exchange)
{
    struct event *wanted = NULL;

    switch (write_request(exchange, &wanted)) {
    case WRITTEN:
        read_answer(exchange);
        break;
    case WRITE_WAITS:
        wait_for(exchange, wanted);
        break;
    case WRITE_FAILED:
        finish_local(exchange);
        break;
    }
}

static void on_ready(evutil_socket_t fd, short events, void *context)
{
    struct http_exchange *exchange = context;

    (void)fd;
    (void)events;
    if (exchange->request.length)
        go_on(exchange);
    else
        finish(exchange, HTTP_LOCAL, "the request is too long or has control characters in it");
}

/* ---- starting ---- */

/* A line break in what becomes one line would start a line that somebody else wrote. */
static bool is_clean(const char *text, bool allow_space)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f || (*text == ' ' && !allow_space))
            return false;
    return true;
}

/* False when memory is short; the text stays empty when the request must not be sent. */
static bool write_head(struct http_exchange *exchange, const struct http_request *request)
{
    struct text *text = &exchange->request;
    const char *accept = request->accept ? request->accept : "*/*";
    const char *extra = request->extra_headers ? request->extra_headers : "";
    uint64_t failures = memory_failures();

    if (!is_clean(request->method, false) || !is_clean(request->host_header, false) ||
        !is_clean(request->path, false) || !is_clean(accept, true) || request->path[0] != '/')
        return true;
    text_append_format(text,
                       "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: tcr-probe/" TCRPROBE_VERSION
                       "\r\nAccept: %s\r\nConnection: close\r\n",
                       request->method, request->path, request->host_header, accept);
    text_append(text, extra);
    if (request->form)
        text_append_format(text,
                           "Content-Type: application/x-www-form-urlencoded\r\n"
                           "Content-Length: %zu\r\n",
                           strlen(request->form));
    text_append(text, "\r\n");
    text_append(text, request->form ? request->form : "");
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

    if (!exchange)
        return NULL;
    exchange->stream = stream;
    exchange->arena = arena;
    exchange->done = done;
    exchange->context = context;
    exchange->started = clock_monotonic();
    exchange->is_head = strcmp(request->method, "HEAD") == 0;
    exchange->secret = request->secret;
    exchange->max_body =
        request->max_body && request->max_body < HTTP_MAX_BODY ? request->max_body : HTTP_MAX_BODY;
    exchange->request = TEXT_WITH_LIMIT(MAX_REQUEST_BYTES);
    exchange->name = TEXT_WITH_LIMIT(HTTP_MAX_HEADER_BYTES);
    exchange->value = TEXT_WITH_LIMIT(HTTP_MAX_HEADER_BYTES);
    exchange->body = TEXT_WITH_LIMIT(HTTP_MAX_BODY);
    exchange->request.secret = exchange->name.secret = request->secret;
    exchange->value.secret = exchange->body.secret = request->secret;
    exchange->headers = arena_allocate(arena, HTTP_MAX_HEADERS * sizeof(*exchange->headers));
    exchange->response.headers = exchange->headers;
    exchange->response.body = exchange->progress.body = "";
    exchange->readable = event_new(base, stream->fd, EV_READ, on_ready, exchange);
    exchange->writable = event_new(base, stream->fd, EV_WRITE, on_ready, exchange);
    set_up_parser(exchange);
    if (exchange->headers && exchange->readable && exchange->writable &&
        write_head(exchange, request)) {
        event_active(exchange->writable, EV_WRITE, 0); /* most likely it can be written to */
        return exchange;
    }
    http_exchange_free(exchange);
    return NULL;
}

void http_exchange_free(struct http_exchange *exchange)
{
    if (!exchange)
        return;
    if (exchange->readable)
        event_free(exchange->readable);
    if (exchange->writable)
        event_free(exchange->writable);
    text_free(&exchange->request);
    text_free(&exchange->name);
    text_free(&exchange->value);
    text_free(&exchange->body);
    memory_release(exchange);
}

usec_t http_exchange_elapsed(const struct http_exchange *exchange)
{
    return clock_monotonic() - exchange->started;
}

const struct http_response *http_exchange_progress(const struct http_exchange *exchange)
{
    return &exchange->progress;
}
