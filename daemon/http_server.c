#include "daemon/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "daemon/http_request.h"

#define BUFFER_SIZE   (HTTP_REQUEST_MAX_HEAD + HTTP_REQUEST_MAX_BODY)
#define HEAD_LIMIT    1024
#define ACCEPT_PAUSE  (100 * USEC_PER_MSEC)
#define BACKLOG       128
#define MAX_DISCARDS  16
#define MAX_HOST_NAME 256

struct connection {
    struct connection *next; /* oldest first */
    struct http_server *server;
    int fd;
    struct event *readable;
    struct event *writable;
    struct event *deadline;
    bool replying; /* a complete request was read */
    bool close_after;
    bool peer_ended; /* it will send nothing more, but may still read */
    size_t count;
    char bytes[BUFFER_SIZE + 1]; /* and a NUL for the parser's look ahead */
    struct text head;
    struct text body;
    size_t head_sent;
    size_t body_sent;
};

struct http_server {
    struct event_base *base;
    struct http_server_options options;
    usec_t deadline;
    int fd;
    int reserve; /* given up for a moment when there are no descriptors left */
    struct event *acceptable;
    struct event *resume;
    size_t count;
    struct connection *oldest;
    char hostname[MAX_HOST_NAME];
};

static struct timeval to_timeval(usec_t duration)
{
    return (struct timeval){.tv_sec = (time_t)(duration / USEC_PER_SEC),
                            .tv_usec = (suseconds_t)(duration % USEC_PER_SEC)};
}

/* ---- connections ---- */

static void close_connection(struct connection *connection)
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
    text_free(&connection->head);
    text_free(&connection->body);
    memory_release(connection);
}

static void expired(int fd, short what, void *context)
{
    (void)fd;
    (void)what;
    close_connection(context);
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

static void send_more(struct connection *connection);

static void reply_with(struct connection *connection, struct http_server_reply *reply, bool head)
{
    struct text *text = &connection->head;

    *text = TEXT_WITH_LIMIT(HEAD_LIMIT);
    if (text_truncated(&reply->body)) { /* half an answer would be a wrong one */
        text_clear(&reply->body);
        reply->status = 503;
    }
    text_append_format(text,
                       "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                       "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                       "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n",
                       reply->status, reason_of(reply->status), reply->content_type,
                       reply->body.length);
    if (reply->allow)
        text_append_format(text, "Allow: %s\r\n", reply->allow);
    if (reply->retry_after)
        text_append_format(text, "Retry-After: %u\r\n", reply->retry_after);
    text_append(text, connection->close_after ? "Connection: close\r\n\r\n" : "\r\n");
    if (head)
        text_free(&reply->body);
    connection->body = reply->body;
    connection->head_sent = 0;
    connection->body_sent = 0;
    connection->replying = true;
    if (text_truncated(text))
        close_connection(connection);
    else
        send_more(connection);
}

static void refuse(struct connection *connection, unsigned status)
{
    struct http_server_reply reply = {.status = status,
                                      .content_type = "text/plain; charset=utf-8",
                                      .allow = status == 405 ? "GET, HEAD" : NULL,
                                      .body = TEXT_WITH_LIMIT(HEAD_LIMIT)};

    connection->close_after = true;
    text_append_format(&reply.body, "%s\n", reason_of(status));
    reply_with(connection, &reply, false);
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
    reply_with(connection, &reply, strcmp(head->method, "HEAD") == 0);
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
            close_connection(connection);
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
            close_connection(connection);
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
    ssize_t count =
        recv(fd, connection->bytes + connection->count, BUFFER_SIZE - connection->count, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count < 0) {
        close_connection(connection);
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
    (void)fd;
    (void)what;
    send_more(context);
}

/* Unread bytes would make close() send a reset, which may overtake the reply. */
static void discard_input(struct connection *connection)
{
    for (int i = 0; i < MAX_DISCARDS; i++)
        if (recv(connection->fd, connection->bytes, BUFFER_SIZE, 0) <= 0)
            return;
}

/* The reply is out: the next request, which may wait in the buffer already. */
static void finish_reply(struct connection *connection)
{
    event_del(connection->writable);
    text_free(&connection->head);
    text_free(&connection->body);
    connection->replying = false;
    if (connection->close_after || connection->peer_ended || arm_deadline(connection) ||
        event_add(connection->readable, NULL)) {
        shutdown(connection->fd, SHUT_WR);
        discard_input(connection);
        close_connection(connection);
        return;
    }
    if (connection->count) /* from the loop, so that pipelining cannot nest calls */
        event_active(connection->writable, EV_WRITE, 0);
}

static void send_more(struct connection *connection)
{
    bool broken = false;
    int more = connection->body.length ? MSG_MORE : 0; /* head and body in one packet */

    if (!connection->replying) {
        read_request(connection);
    } else if (send_text(connection->fd, &connection->head, &connection->head_sent, more,
                         &broken) &&
               send_text(connection->fd, &connection->body, &connection->body_sent, 0, &broken)) {
        finish_reply(connection);
    } else if (broken || event_add(connection->writable, NULL)) {
        close_connection(connection);
    }
}

/* ---- accepting ---- */

static void open_connection(struct http_server *server, int fd)
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
        close_connection(connection);
}

/* Full: the oldest that has not even sent its request makes room. */
static bool make_room(struct http_server *server)
{
    struct connection *at = server->oldest;

    if (server->count < HTTP_SERVER_MAX_CONNECTIONS)
        return true;
    while (at && at->replying)
        at = at->next;
    if (at)
        close_connection(at);
    return at != NULL;
}

/* Without a descriptor a connection can be neither taken nor refused, and the listener would stay
 * ready for ever: the reserved one is given up to take it and close it. */
static void drain_one(struct http_server *server)
{
    struct timeval pause = to_timeval(ACCEPT_PAUSE);

    close(server->reserve);
    int fd = accept(server->fd, NULL, NULL);
    if (fd >= 0)
        close(fd);
    server->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    event_del(server->acceptable);
    event_add(server->resume, &pause);
}

static void acceptable(int fd, short what, void *context)
{
    struct http_server *server = context;

    (void)what;
    int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            drain_one(server);
        return;
    }
    if (make_room(server))
        open_connection(server, accepted);
    else
        close(accepted);
}

static void resume(int fd, short what, void *context)
{
    struct http_server *server = context;

    (void)fd;
    (void)what;
    event_add(server->acceptable, NULL);
}

/* ---- start and end ---- */

static int listen_on(struct http_server *server, struct endpoint *ret_bound)
{
    struct sockaddr_storage storage;
    socklen_t length = endpoint_to_sockaddr(&server->options.listen, &storage);
    int on = 1;

    server->fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->fd < 0)
        return -1;
    setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(server->fd, (struct sockaddr *)&storage, length) || listen(server->fd, BACKLOG))
        return -1;
    length = sizeof(storage);
    if (getsockname(server->fd, (struct sockaddr *)&storage, &length))
        return -1;
    endpoint_from_sockaddr((struct sockaddr *)&storage, ret_bound);
    return 0;
}

static int start_listening(struct http_server *server, struct endpoint *ret_bound)
{
    if (listen_on(server, ret_bound))
        return -1;
    server->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (server->reserve < 0)
        return -1;
    server->acceptable =
        event_new(server->base, server->fd, EV_READ | EV_PERSIST, acceptable, server);
    server->resume = event_new(server->base, -1, 0, resume, server);
    return server->acceptable && server->resume ? event_add(server->acceptable, NULL) : -1;
}

struct http_server *http_server_start(struct event_base *base,
                                      const struct http_server_options *options,
                                      struct endpoint *ret_bound, char *error, size_t error_size)
{
    struct http_server *server = memory_allocate(sizeof(*server));
    char listen[ENDPOINT_TEXT_SIZE];

    if (!server) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    server->base = base;
    server->options = *options;
    server->deadline = options->deadline ? options->deadline : HTTP_SERVER_DEADLINE;
    server->fd = -1;
    server->reserve = -1;
    if (gethostname(server->hostname, sizeof(server->hostname) - 1))
        server->hostname[0] = '\0';
    if (start_listening(server, ret_bound)) {
        snprintf(error, error_size, "%s: %s", endpoint_format(&options->listen, listen),
                 strerror(errno));
        http_server_free(server);
        return NULL;
    }
    return server;
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    while (server->oldest)
        close_connection(server->oldest);
    if (server->acceptable)
        event_free(server->acceptable);
    if (server->resume)
        event_free(server->resume);
    if (server->fd >= 0)
        close(server->fd);
    if (server->reserve >= 0)
        close(server->reserve);
    memory_release(server);
}

size_t http_server_connections(const struct http_server *server)
{
    return server->count;
}
