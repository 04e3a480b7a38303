/* One connection: reads requests, writes replies, in pieces that never hold the loop up. */

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "daemon/http_connection.h"

#define HEAD_LIMIT   1024
#define MAX_DISCARDS 16
#define TURN         (2 * USEC_PER_MSEC) /* for the slices of one reply, then others have theirs */

static struct timeval to_timeval(usec_t duration)
{
    return (struct timeval){.tv_sec = (time_t)(duration / USEC_PER_SEC),
                            .tv_usec = (suseconds_t)(duration % USEC_PER_SEC)};
}

static void release_source(struct connection *connection)
{
    if (connection->source.release)
        connection->source.release(connection->source.context);
    connection->source = (struct http_server_source){0};
}

void http_connection_close(struct connection *connection)
{
    struct http_server *server = connection->server;
    struct connection **at = &server->oldest;

    while (*at && *at != connection)
        at = &(*at)->next;
    if (*at) {
        *at = connection->next;
        server->count--;
    }
    if (connection->readable)
        event_free(connection->readable);
    if (connection->writable)
        event_free(connection->writable);
    if (connection->deadline)
        event_free(connection->deadline);
    close(connection->fd);
    release_source(connection);
    text_free(&connection->head);
    text_free(&connection->body);
    memory_release(connection);
}

static void expired(int fd, short what, void *context)
{
    (void)fd;
    (void)what;
    http_connection_close(context);
}

static int arm_deadline(struct connection *connection)
{
    struct timeval wait = to_timeval(connection->server->deadline);

    return event_add(connection->deadline, &wait);
}

/* ---- replies ---- */

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {202, "Accepted"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Content Too Large"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

static bool send_more(struct connection *connection);

/* Appends one slice to the body; the last one of a chunked reply ends it. False: nothing can come
 * of this reply. */
static bool next_slice(struct connection *connection, struct text *body)
{
    enum slice_outcome outcome = connection->source.next(connection->source.context, body);

    if (outcome == SLICE_LAST)
        release_source(connection);
    return outcome != SLICE_BROKEN && !text_truncated(body);
}

/* Frames the body, a slice, as one chunk (RFC 9112, 7.1). */
static void frame_chunk(struct connection *connection, struct text *head)
{
    struct text *body = &connection->body;

    if (!connection->chunked)
        return;
    if (body->length) {
        text_append_format(head, "%zx\r\n", body->length);
        text_append(body, "\r\n");
    }
    if (!connection->source.next)
        text_append(body, "0\r\n\r\n");
}

static void put_head(struct connection *connection, const struct http_server_reply *reply)
{
    struct text *text = &connection->head;
    bool sliced = connection->source.next;

    text_append_format(text,
                       "HTTP/1.1 %u %s\r\nContent-Type: %s\r\n"
                       "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                       "Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src "
                       "'none'; style-src %s; base-uri 'none'; form-action 'self'; "
                       "frame-ancestors 'none'\r\n",
                       reply->status, reason_of(reply->status), reply->content_type,
                       reply->style_source ? reply->style_source : "'none'");
    if (!sliced)
        text_append_format(text, "Content-Length: %zu\r\n", connection->body.length);
    else if (connection->chunked)
        text_append(text, "Transfer-Encoding: chunked\r\n");
    if (reply->allow)
        text_append_format(text, "Allow: %s\r\n", reply->allow);
    if (reply->retry_after)
        text_append_format(text, "Retry-After: %u\r\n", reply->retry_after);
    text_append(text, connection->close_after ? "Connection: close\r\n\r\n" : "\r\n");
}

static bool start_sending(struct connection *connection)
{
    connection->head_sent = 0;
    connection->body_sent = 0;
    connection->replying = true;
    if (!text_truncated(&connection->head) && !text_truncated(&connection->body))
        return send_more(connection);
    http_connection_close(connection);
    return false;
}

/* A reply that fits in one slice gets its length; a longer one comes in chunks, or, to HTTP/1.0,
 * until the connection closes. */
static void reply_with(struct connection *connection, struct http_server_reply *reply,
                       const struct http_request_head *request)
{
    bool head_only = request && strcmp(request->method, "HEAD") == 0;

    connection->head = TEXT_WITH_LIMIT(HEAD_LIMIT);
    connection->source = reply->source;
    if ((reply->source.next && !next_slice(connection, &reply->body)) ||
        text_truncated(&reply->body)) { /* half an answer would be a wrong one */
        release_source(connection);
        text_clear(&reply->body);
        reply->status = 503;
    }
    connection->body = reply->body;
    connection->chunked = connection->source.next && request && request->is_1_1;
    if (connection->source.next && !connection->chunked)
        connection->close_after = true;
    put_head(connection, reply);
    if (head_only) {
        release_source(connection);
        connection->chunked = false;
        text_free(&connection->body);
    }
    frame_chunk(connection, &connection->head);
    start_sending(connection);
}

static void refuse(struct connection *connection, unsigned status)
{
    struct http_server_reply reply = {.status = status,
                                      .content_type = "text/plain; charset=utf-8",
                                      .allow = status == 405 ? "GET, HEAD" : NULL,
                                      .body = TEXT_WITH_LIMIT(HEAD_LIMIT)};

    connection->close_after = true;
    text_append_format(&reply.body, "%s\n", reason_of(status));
    reply_with(connection, &reply, NULL);
}

static bool is_health(const char *path)
{
    return strcmp(path, "/livez") == 0 || strcmp(path, "/readyz") == 0 ||
           strcmp(path, "/healthz") == 0;
}

static void answer(struct connection *connection, const struct http_request_head *head)
{
    struct http_server *server = connection->server;
    struct http_server_reply reply = {.status = 200,
                                      .content_type = "text/plain; charset=utf-8",
                                      .body = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY)};
    const struct http_server_request request = {head->method, head->path, head->query,
                                                head->accept};

    connection->close_after = !head->keep_alive || head->content_length > 0;
    if (!is_health(head->path) && *head->host &&
        !http_request_host_allowed(head->host, server->hostname, server->options.allowed_hosts,
                                   server->options.allowed_host_count)) {
        refuse(connection, 403);
        return;
    }
    server->options.handler(&request, &reply, server->options.context);
    reply_with(connection, &reply, head);
}

/* Answers the first request in the buffer, if it is complete. */
static void read_request(struct connection *connection)
{
    struct http_request_head head;
    size_t looked_at =
        connection->count < HTTP_REQUEST_MAX_HEAD ? connection->count : HTTP_REQUEST_MAX_HEAD;
    size_t length = http_request_head_length(connection->bytes, looked_at);
    char copy[HTTP_REQUEST_MAX_HEAD + 1];

    if (!length) {
        if (connection->count >= HTTP_REQUEST_MAX_HEAD)
            refuse(connection, 431);
        else if (connection->peer_ended)
            http_connection_close(connection);
        return;
    }
    memcpy(copy, connection->bytes, length); /* parsed in place; the body may still be on its way */
    copy[length] = '\0';
    unsigned refused = http_request_parse(copy, length, &head);
    if (refused) {
        refuse(connection, refused);
        return;
    }
    if (connection->count < length + head.content_length) {
        if (connection->peer_ended)
            http_connection_close(connection);
        return;
    }
    connection->count -= length + head.content_length;
    memmove(connection->bytes, connection->bytes + length + head.content_length, connection->count);
    event_del(connection->readable);
    answer(connection, &head);
}

/* ---- bytes ---- */

static void readable(int fd, short what, void *context)
{
    struct connection *connection = context;

    (void)what;
    ssize_t count = recv(fd, connection->bytes + connection->count,
                         HTTP_CONNECTION_BUFFER - connection->count, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count < 0) {
        http_connection_close(connection);
        return;
    }
    connection->peer_ended = count == 0;
    connection->count += (size_t)count;
    read_request(connection);
}

/* True when all of `text` is out. *ret_broken: the connection is. */
static bool send_text(int fd, const struct text *text, size_t *sent, int flags, bool *ret_broken)
{
    while (*sent < text->length) {
        ssize_t count = send(fd, text->bytes + *sent, text->length - *sent, MSG_NOSIGNAL | flags);
        if (count < 0) {
            *ret_broken = errno != EAGAIN && errno != EINTR;
            return false;
        }
        *sent += (size_t)count;
    }
    return true;
}

static void writable(int fd, short what, void *context)
{
    usec_t end = clock_monotonic() + TURN;

    (void)fd;
    (void)what;
    while (send_more(context) && clock_monotonic() < end)
        ;
}

/* Unread bytes would make close() send a reset, which may overtake the reply. */
static void discard_input(struct connection *connection)
{
    for (int i = 0; i < MAX_DISCARDS; i++)
        if (recv(connection->fd, connection->bytes, HTTP_CONNECTION_BUFFER, 0) <= 0)
            return;
}

/* The reply is out: the next request, which may wait in the buffer already. */
static void finish_reply(struct connection *connection)
{
    event_del(connection->writable);
    connection->chunked = false;
    text_free(&connection->head);
    text_free(&connection->body);
    connection->replying = false;
    if (connection->close_after || connection->peer_ended || arm_deadline(connection) ||
        event_add(connection->readable, NULL)) {
        shutdown(connection->fd, SHUT_WR);
        discard_input(connection);
        http_connection_close(connection);
        return;
    }
    if (connection->count) /* from the loop, so that pipelining cannot nest calls */
        event_active(connection->writable, EV_WRITE, 0);
}

static bool continue_reply(struct connection *connection)
{
    text_clear(&connection->head);
    text_clear(&connection->body);
    if (!next_slice(connection, &connection->body)) {
        http_connection_close(connection); /* without its end: the peer sees that it is cut */
        return false;
    }
    frame_chunk(connection, &connection->head);
    return start_sending(connection);
}

static bool all_is_out(const struct connection *connection)
{
    return connection->head_sent == connection->head.length &&
           connection->body_sent == connection->body.length;
}

/* True: a slice is out, and the peer takes the next one at once. */
static bool send_more(struct connection *connection)
{
    bool broken = false;
    int more = connection->body.length ? MSG_MORE : 0; /* head and body in one packet */

    if (!connection->replying) {
        read_request(connection);
        return false;
    }
    if (connection->source.next && all_is_out(connection))
        return continue_reply(connection);
    bool out =
        send_text(connection->fd, &connection->head, &connection->head_sent, more, &broken) &&
        send_text(connection->fd, &connection->body, &connection->body_sent, 0, &broken);
    if (out && !connection->source.next) {
        finish_reply(connection);
        return false;
    }
    if (broken || event_add(connection->writable, NULL)) {
        http_connection_close(connection);
        return false;
    }
    return out;
}

/* ---- start ---- */

void http_connection_open(struct http_server *server, int fd)
{
    struct connection *connection = memory_allocate(sizeof(*connection));
    struct connection **end = &server->oldest;
    int on = 1;

    if (!connection) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    connection->server = server;
    connection->fd = fd;
    connection->readable = event_new(server->base, fd, EV_READ | EV_PERSIST, readable, connection);
    connection->writable = event_new(server->base, fd, EV_WRITE, writable, connection);
    connection->deadline = event_new(server->base, -1, 0, expired, connection);
    while (*end)
        end = &(*end)->next;
    *end = connection;
    server->count++;
    if (!connection->readable || !connection->writable || !connection->deadline ||
        arm_deadline(connection) || event_add(connection->readable, NULL))
        http_connection_close(connection);
}
