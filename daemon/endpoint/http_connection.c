/* SPDX-License-Identifier: MIT */
/* One connection: reads requests and writes replies, one bounded piece of work per turn. Its events
 * are edge-triggered, so input that waits in the socket does not wake the loop again and again. */

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "daemon/endpoint/http_connection.h"

#define HEAD_LIMIT   1024
#define MAX_DISCARDS 16
#define EXCUSE       USEC_PER_SEC /* more time after this process stood still */

static void look_at_input(void *context);
static void send_rest(void *context);
static void render(void *context);

/* ---- end ---- */

static void release_source(struct http_connection *connection)
{
    if (connection->source.release)
        connection->source.release(connection->source.context);
    connection->source = (struct http_server_source){0};
}

void http_connection_close(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    struct http_connection **at = &server->oldest;

    while (*at && *at != connection)
        at = &(*at)->next;
    if (*at) {
        *at = connection->next;
        server->count--;
        server->reserved_count -= connection->reserved;
        server->newcomers -= connection->newcomer;
    }
    turns_remove(&server->turns, &connection->turn);
    if (connection->readable)
        event_free(connection->readable);
    if (connection->writable)
        event_free(connection->writable);
    if (connection->timer)
        event_free(connection->timer);
    close(connection->fd);
    release_source(connection);
    text_free(&connection->head);
    text_free(&connection->body);
    memory_release(connection);
}

/* Unread bytes would make close() send a reset, which may overtake the reply. */
static void discard_input(struct http_connection *connection)
{
    for (int i = 0; i < MAX_DISCARDS; i++)
        if (recv(connection->fd, connection->bytes, HTTP_CONNECTION_BUFFER, 0) <= 0)
            return;
}

static void close_gently(struct http_connection *connection)
{
    shutdown(connection->fd, SHUT_WR);
    discard_input(connection);
    http_connection_close(connection);
}

/* ---- time ---- */

/* How long the reply has waited for its turn: this process has no time for it then, so the peer is
 * not to blame. */
static usec_t waited_for_turn(const struct http_connection *connection, usec_t now)
{
    return connection->queued && now > connection->queued ? now - connection->queued : 0;
}

/* The deadline of the request, or an earlier one while the peer takes nothing of the reply. */
static usec_t expiry_of(const struct http_connection *connection, usec_t now)
{
    usec_t stalled = connection->progress + connection->server->stall;
    usec_t expiry =
        connection->blocked && stalled < connection->deadline ? stalled : connection->deadline;

    return expiry + waited_for_turn(connection, now);
}

static int arm_timer(struct http_connection *connection, usec_t now)
{
    usec_t expiry = expiry_of(connection, now);
    struct timeval wait = clock_timeval(expiry > now ? expiry - now : 0);

    return event_add(connection->timer, &wait);
}

/* The timer may fire early, because a new request extends the deadline and not the timer. It fires
 * late if this process stood still; the peer could not be heard then and is not to blame. */
static void timer_fired(int fd, short what, void *context)
{
    struct http_connection *connection = context;
    usec_t now = clock_monotonic();
    usec_t expiry = expiry_of(connection, now);

    (void)fd;
    (void)what;
    if (now > expiry + connection->server->deadline / 10 && !connection->excused) {
        connection->excused = true;
        connection->progress = now;
        connection->deadline = now + EXCUSE;
    } else if (now >= expiry) {
        http_connection_close(connection);
        return;
    }
    if (arm_timer(connection, now))
        http_connection_close(connection);
}

/* ---- turns ---- */

bool http_connection_is_busy(const struct http_connection *connection)
{
    return connection->replying || connection->held || connection->turn.waiting;
}

static void queue_work(struct http_connection *connection, enum turn_kind kind,
                       void (*work)(void *context))
{
    turns_add(&connection->server->turns, &connection->turn, kind, work, connection);
}

/* Only for work that has an end, whatever the peer asks: a reply, a slice of it, or the rest of a
 * slice if the peer took a part. */
static void queue_reply(struct http_connection *connection, enum turn_kind kind,
                        void (*work)(void *context))
{
    connection->queued = clock_monotonic();
    queue_work(connection, kind, work);
}

static void excuse_wait(struct http_connection *connection)
{
    usec_t waited = waited_for_turn(connection, clock_monotonic());

    connection->deadline += waited;
    connection->progress += waited;
    connection->queued = 0;
}

static void readable(int fd, short what, void *context)
{
    struct http_connection *connection = context;

    (void)fd;
    (void)what;
    connection->has_input = true;
    if (!connection->replying && !connection->held)
        queue_work(connection, TURN_QUICK, look_at_input);
}

static void writable(int fd, short what, void *context)
{
    struct http_connection *connection = context;

    (void)fd;
    (void)what;
    connection->blocked = false;
    queue_reply(connection, TURN_QUICK, send_rest);
}

void http_connection_resume(struct http_connection *connection)
{
    if (!connection->held)
        return;
    connection->held = false;
    queue_reply(connection, TURN_RENDER, render);
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
        {204, "No Content"},
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

/* Appends one slice to the body. False if the reply cannot be completed. */
static bool render_slice(struct http_connection *connection, struct text *body)
{
    enum slice_outcome outcome = connection->source.next(connection->source.context, body);

    if (outcome == SLICE_LAST)
        release_source(connection);
    return outcome != SLICE_BROKEN && !text_truncated(body);
}

/* Frames the body, a slice, as one chunk (RFC 9112, 7.1). */
static void frame_chunk(struct http_connection *connection, struct text *head)
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

static void put_reply_head(struct http_connection *connection,
                           const struct http_server_reply *reply)
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
    if (connection->chunked)
        text_append(text, "Transfer-Encoding: chunked\r\n");
    else if (!sliced && reply->status != 204)
        text_append_format(text, "Content-Length: %zu\r\n", connection->body.length);
    if (reply->allow)
        text_append_format(text, "Allow: %s\r\n", reply->allow);
    if (reply->retry_after)
        text_append_format(text, "Retry-After: %u\r\n", reply->retry_after);
    text_append(text, connection->close_after ? "Connection: close\r\n\r\n" : "\r\n");
}

/* ---- sending ---- */

/* Sends until all of `text` is out, then returns true. *ret_broken tells that the peer is gone. */
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

/* The next request may be in the buffer already. It waits for its turn like any other work. */
static void finish_reply(struct http_connection *connection)
{
    connection->chunked = false;
    text_free(&connection->head);
    text_free(&connection->body);
    connection->replying = false;
    connection->blocked = false;
    connection->excused = false;
    connection->replies++;
    if (connection->close_after) {
        close_gently(connection);
        return;
    }
    connection->deadline = clock_monotonic() + connection->server->deadline;
    if (connection->count || connection->has_input)
        queue_work(connection, TURN_QUICK, look_at_input);
    else if (connection->peer_ended)
        close_gently(connection);
}

static void wait_for_peer(struct http_connection *connection)
{
    connection->blocked = true;
    if (event_add(connection->writable, NULL) || arm_timer(connection, clock_monotonic()))
        http_connection_close(connection);
}

static void send_rest(void *context)
{
    struct http_connection *connection = context;
    int more = connection->body.length ? MSG_MORE : 0; /* head and body in one packet */
    size_t sent = connection->head_sent + connection->body_sent;
    bool broken = false;

    excuse_wait(connection);
    bool out =
        send_text(connection->fd, &connection->head, &connection->head_sent, more, &broken) &&
        send_text(connection->fd, &connection->body, &connection->body_sent, 0, &broken);
    if (connection->head_sent + connection->body_sent > sent)
        connection->progress = clock_monotonic();
    if (broken)
        http_connection_close(connection);
    else if (!out)
        wait_for_peer(connection);
    else if (connection->source.next)
        queue_reply(connection, TURN_RENDER, render);
    else
        finish_reply(connection);
}

static void start_sending(struct http_connection *connection)
{
    connection->head_sent = 0;
    connection->body_sent = 0;
    connection->replying = true;
    if (text_truncated(&connection->head) || text_truncated(&connection->body))
        http_connection_close(connection);
    else
        send_rest(connection);
}

/* Renders and sends the next slice of a reply. */
static void continue_reply(struct http_connection *connection)
{
    text_clear(&connection->head);
    text_clear(&connection->body);
    if (!render_slice(connection, &connection->body)) {
        http_connection_close(connection); /* without the last chunk: the peer sees the cut */
        return;
    }
    frame_chunk(connection, &connection->head);
    start_sending(connection);
}

/* ---- answering ---- */

/* A reply that fits in one slice has a length. A longer one comes in chunks, or ends with the
 * connection if the peer speaks HTTP/1.0. For HEAD nothing is rendered. */
static void reply_with(struct http_connection *connection, struct http_server_reply *reply,
                       const struct http_request_head *request)
{
    bool head_only = request && strcmp(request->method, "HEAD") == 0;

    connection->head = TEXT_WITH_LIMIT(HEAD_LIMIT);
    connection->source = reply->source;
    connection->progress = clock_monotonic();
    if ((reply->source.next && !head_only && !render_slice(connection, &reply->body)) ||
        text_truncated(&reply->body)) { /* half an answer would be a wrong one */
        release_source(connection);
        text_clear(&reply->body);
        reply->status = 503;
    }
    connection->body = reply->body;
    connection->chunked = connection->source.next && !head_only && request && request->is_1_1;
    if (connection->source.next && !connection->chunked && !head_only)
        connection->close_after = true;
    put_reply_head(connection, reply);
    if (head_only) {
        release_source(connection);
        text_free(&connection->body);
    }
    frame_chunk(connection, &connection->head);
    start_sending(connection);
}

/* `text` NULL: the reason of the status. */
static void refuse_request(struct http_connection *connection, unsigned status, const char *text)
{
    struct http_server_reply reply = {.status = status,
                                      .content_type = "text/plain; charset=utf-8",
                                      .body = TEXT_WITH_LIMIT(HEAD_LIMIT)};

    connection->close_after = true;
    text_append_format(&reply.body, "%s\n", text ? text : reason_of(status));
    reply_with(connection, &reply, NULL);
}

static void refuse_host(struct http_connection *connection, const char *host)
{
    struct text text = TEXT_WITH_LIMIT(HEAD_LIMIT);

    text_append(&text, "This server does not answer for the host \"");
    text_append_peer(&text, host, strlen(host), HTTP_MAX_HOST_NAME);
    text_append(&text, "\". To allow the name, add it to allowed_hosts in the configuration, or "
                       "start with --allowed-host.");
    refuse_request(connection, 403, text_string(&text));
    text_free(&text);
}

static bool is_health(const char *path)
{
    return strcmp(path, "/livez") == 0 || strcmp(path, "/readyz") == 0 ||
           strcmp(path, "/healthz") == 0;
}

static void answer(struct http_connection *connection, const struct http_request_head *head)
{
    struct http_server *server = connection->server;
    struct http_server_reply reply = {.status = 200,
                                      .content_type = "text/plain; charset=utf-8",
                                      .body = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY)};
    const struct http_server_request request = {head->method, head->path, head->query,
                                                head->accept};

    connection->close_after = !head->keep_alive || head->content_length > 0 || connection->reserved;
    if (!is_health(head->path) && *head->host &&
        !http_request_host_allowed(head->host, server->hostname, server->options.allowed_hosts,
                                   server->options.allowed_host_count)) {
        refuse_host(connection, head->host);
    } else if (http_request_is_cross_site(head)) {
        refuse_request(connection, 403,
                       "A page of another site sent this request, so it is refused.");
    } else {
        server->options.handler(&request, &reply, server->options.context);
        reply_with(connection, &reply, head);
    }
}

/* ---- requests ---- */

/* Reads the first request in the buffer into *ret, whose strings are in `copy`. Returns its length
 * with its body, or 0 if it is not complete; then the connection may be closed. */
static size_t parse_request(struct http_connection *connection, char *copy,
                            struct http_request_head *ret)
{
    size_t looked_at =
        connection->count < HTTP_REQUEST_MAX_HEAD ? connection->count : HTTP_REQUEST_MAX_HEAD;
    size_t length = http_request_head_length(connection->bytes, looked_at);
    unsigned refused = 0;

    if (!length && connection->count >= HTTP_REQUEST_MAX_HEAD)
        refused = 431;
    if (length) { /* parsed in a copy, because the body may not be there yet */
        memcpy(copy, connection->bytes, length);
        copy[length] = '\0';
        refused = http_request_parse(copy, length, ret);
    }
    if (refused)
        refuse_request(connection, refused, NULL);
    else if (length && connection->count >= length + ret->content_length)
        return length + ret->content_length;
    else if (connection->peer_ended)
        close_gently(connection);
    return 0;
}

static void answer_parsed(struct http_connection *connection, size_t length,
                          const struct http_request_head *head)
{
    connection->count -= length;
    memmove(connection->bytes, connection->bytes + length, connection->count);
    answer(connection, head);
}

/* A turn for rendering: the next slice of the reply, or the first one. */
static void render(void *context)
{
    struct http_connection *connection = context;
    char copy[HTTP_REQUEST_MAX_HEAD + 1];
    struct http_request_head head;

    excuse_wait(connection);
    if (connection->replying) {
        continue_reply(connection);
        return;
    }
    if (connection->server->paused) {
        connection->held = true;
        return;
    }
    size_t length = parse_request(connection, copy, &head);
    if (length)
        answer_parsed(connection, length, &head);
}

/* False after the connection was closed. */
static bool receive_request(struct http_connection *connection)
{
    size_t room = HTTP_CONNECTION_BUFFER - connection->count;

    if (!connection->has_input || !room)
        return true;
    ssize_t count = recv(connection->fd, connection->bytes + connection->count, room, 0);
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
        http_connection_close(connection);
        return false;
    }
    connection->peer_ended |= count == 0;
    connection->has_input = count > 0; /* more bytes or the end may be there already */
    connection->count += count > 0 ? (size_t)count : 0;
    return true;
}

/* A turn for quick work: reads, and answers a health check. Other requests wait for a turn to
 * render. */
static void look_at_input(void *context)
{
    struct http_connection *connection = context;
    char copy[HTTP_REQUEST_MAX_HEAD + 1];
    struct http_request_head head;

    connection->server->newcomers -= connection->newcomer;
    connection->newcomer = false;
    if (!receive_request(connection))
        return;
    size_t length = parse_request(connection, copy, &head);
    if (!length)
        return;
    if (is_health(head.path))
        answer_parsed(connection, length, &head);
    else if (connection->reserved && !connection->local)
        refuse_request(connection, 503,
                       "All connections are in use. This one is kept for health checks.");
    else
        queue_reply(connection, TURN_RENDER, render);
}

/* ---- start ---- */

/* Its request may have come with it, so it is looked at before it could have to make room. */
void http_connection_open(struct http_server *server, int fd, bool local, bool reserved)
{
    struct http_connection *connection = memory_allocate(sizeof(*connection));
    struct http_connection **end = &server->oldest;
    usec_t now = clock_monotonic();
    int on = 1;

    if (!connection) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    connection->server = server;
    connection->fd = fd;
    connection->local = local;
    connection->reserved = reserved;
    connection->deadline = now + server->deadline;
    connection->readable =
        event_new(server->base, fd, EV_READ | EV_PERSIST | EV_ET, readable, connection);
    connection->writable = event_new(server->base, fd, EV_WRITE | EV_ET, writable, connection);
    connection->timer = event_new(server->base, -1, 0, timer_fired, connection);
    while (*end)
        end = &(*end)->next;
    *end = connection;
    server->count++;
    server->reserved_count += reserved;
    server->newcomers++;
    connection->newcomer = true;
    if (!connection->readable || !connection->writable || !connection->timer ||
        arm_timer(connection, now) || event_add(connection->readable, NULL)) {
        http_connection_close(connection);
        return;
    }
    connection->has_input = true;
    queue_work(connection, TURN_QUICK, look_at_input);
}
