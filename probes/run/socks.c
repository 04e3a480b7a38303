/* SPDX-License-Identifier: MIT */
/*
 * States: method (the greeting is sent, the proxy chooses), password, reply (CONNECT is sent),
 * name (the reply has a name of this length), bound (the rest of the reply). Each waits for
 * `wanted` bytes; the callback of the socket moves them.
 */

#include "probes/run/socks.h"

#include <string.h>

#include "config/base/clock.h"
#include "config/base/memory.h"
#include "probes/transport/stream.h"

#define VERSION          5
#define PASSWORD_VERSION 1
#define MAX_FIELD        255 /* bytes of a name, a user or a password */

enum method { METHOD_NONE = 0, METHOD_PASSWORD = 2, METHOD_REFUSED = 0xff };
enum place_type { PLACE_IPV4 = 1, PLACE_NAME = 3, PLACE_IPV6 = 4 };
enum socks_step { SOCKS_METHOD, SOCKS_PASSWORD, SOCKS_REPLY, SOCKS_NAME, SOCKS_BOUND };

struct socks {
    struct stream stream;
    struct stream_events events;
    const struct proxy_url *proxy;
    const char *host;
    uint16_t port;
    tunnel_done_fn *done;
    void *context;
    usec_t started;
    enum socks_step step;
    bool wants_key; /* it chose the password, though none was offered */
    unsigned char out[2 * MAX_FIELD + 3];
    size_t out_length;
    size_t sent;
    unsigned char in[MAX_FIELD + 7];
    size_t in_length;
    size_t wanted;
};

static void finish_socks(struct socks *socks, enum proxy_outcome outcome, const char *detail)
{
    bool wants_key = socks->wants_key && (outcome == PROXY_INVALID || outcome == PROXY_REFUSED);
    const struct tunnel_result result = {.outcome = wants_key ? PROXY_WANTS_KEY : outcome,
                                         .detail = detail,
                                         .duration = clock_monotonic() - socks->started,
                                         .fd = -1};

    socks->done(&result, socks->context); /* may have freed it */
}

/* ---- messages ---- */

static void put_bytes(struct socks *socks, const void *bytes, size_t length)
{
    memcpy(socks->out + socks->out_length, bytes, length);
    socks->out_length += length;
}

static void put_byte(struct socks *socks, unsigned byte)
{
    put_bytes(socks, &(unsigned char){(unsigned char)byte}, 1);
}

static void put_field(struct socks *socks, const char *text)
{
    size_t length = strnlen(text, MAX_FIELD);

    put_byte(socks, (unsigned)length);
    put_bytes(socks, text, length);
}

static void expect(struct socks *socks, enum socks_step step, size_t wanted)
{
    socks->step = step;
    socks->in_length = 0;
    socks->wanted = wanted;
    socks->sent = 0;
}

static void put_greeting(struct socks *socks)
{
    put_byte(socks, VERSION);
    put_byte(socks, socks->proxy->user ? 2 : 1);
    put_byte(socks, METHOD_NONE);
    if (socks->proxy->user)
        put_byte(socks, METHOD_PASSWORD);
    expect(socks, SOCKS_METHOD, 2);
}

static void put_password(struct socks *socks)
{
    socks->out_length = 0;
    put_byte(socks, PASSWORD_VERSION);
    put_field(socks, socks->proxy->user);
    put_field(socks, socks->proxy->password);
    expect(socks, SOCKS_PASSWORD, 2);
}

static void put_connect(struct socks *socks)
{
    static const unsigned char connect[] = {VERSION, 1, 0};
    struct address address;

    socks->out_length = 0;
    put_bytes(socks, connect, sizeof(connect));
    if (address_parse(socks->host, &address)) {
        bool is_v4 = address.family == AF_INET;
        put_byte(socks, is_v4 ? PLACE_IPV4 : PLACE_IPV6);
        put_bytes(socks, address.bytes, is_v4 ? 4 : 16);
    } else {
        put_byte(socks, PLACE_NAME);
        put_field(socks, socks->host);
    }
    put_byte(socks, socks->port >> 8);
    put_byte(socks, socks->port & 0xff);
    expect(socks, SOCKS_REPLY, 4);
}

/* The rest of a reply whose first bytes are read. */
static void await_rest(struct socks *socks, size_t length)
{
    socks->step = SOCKS_BOUND;
    socks->wanted = socks->in_length + length + 2; /* a port */
}

/* Go sends no others (golang.org/x/net/internal/socks, socks.go). */
static bool fits_a_field(const struct proxy_url *proxy)
{
    return *proxy->user && strlen(proxy->user) <= MAX_FIELD && strlen(proxy->password) <= MAX_FIELD;
}

/* ---- answers; each returns false once the end was told ---- */

static bool take_method(struct socks *socks)
{
    unsigned method = socks->in[1];

    if (socks->in[0] != VERSION) {
        finish_socks(socks, PROXY_INVALID, "it does not speak SOCKS 5");
        return false;
    }
    bool with_key = socks->proxy->user && method == METHOD_PASSWORD;
    if (method == METHOD_REFUSED ||
        (with_key ? !fits_a_field(socks->proxy) : socks->proxy->user && method != METHOD_NONE)) {
        finish_socks(socks, PROXY_WANTS_KEY, NULL);
        return false;
    }
    /* Without a user, Go goes on whatever the proxy chose. */
    socks->wants_key = method != METHOD_NONE && !with_key;
    if (with_key)
        put_password(socks);
    else
        put_connect(socks);
    return true;
}

static bool take_password(struct socks *socks)
{
    if (socks->in[0] == PASSWORD_VERSION && socks->in[1] == 0) {
        put_connect(socks);
        return true;
    }
    finish_socks(socks, PROXY_WANTS_KEY, NULL);
    return false;
}

static bool take_reply(struct socks *socks)
{
    static const char *const errors[] = {NULL,
                                         "general SOCKS server failure",
                                         "connection not allowed by ruleset",
                                         "network unreachable",
                                         "host unreachable",
                                         "connection refused",
                                         "TTL expired",
                                         "command not supported",
                                         "address type not supported"};
    unsigned code = socks->in[1];

    if (socks->in[0] != VERSION || socks->in[2] != 0) {
        finish_socks(socks, PROXY_INVALID, "a reply that is not of SOCKS 5");
    } else if (code) {
        finish_socks(socks, PROXY_REFUSED,
                     code < sizeof(errors) / sizeof(errors[0]) ? errors[code] : "unknown error");
    } else if (socks->in[3] == PLACE_IPV4 || socks->in[3] == PLACE_IPV6) {
        await_rest(socks, socks->in[3] == PLACE_IPV4 ? 4 : 16);
        return true;
    } else if (socks->in[3] == PLACE_NAME) {
        socks->step = SOCKS_NAME;
        socks->wanted++;
        return true;
    } else {
        finish_socks(socks, PROXY_INVALID, "a reply with an address of an unknown type");
    }
    return false;
}

static bool take_answer(struct socks *socks)
{
    switch (socks->step) {
    case SOCKS_METHOD:
        return take_method(socks);
    case SOCKS_PASSWORD:
        return take_password(socks);
    case SOCKS_REPLY:
        return take_reply(socks);
    case SOCKS_NAME:
        await_rest(socks, socks->in[4]);
        return true;
    case SOCKS_BOUND:
        break;
    }
    finish_socks(socks, PROXY_OK, NULL);
    return false;
}

/* ---- the socket ---- */

/* The socket is not ready, or failed. */
static void wait_or_fail(struct socks *socks, enum stream_status status)
{
    if (stream_events_await(&socks->events, status))
        return;
    if (status == STREAM_WANT_READ || status == STREAM_WANT_WRITE || status == STREAM_LOCAL)
        finish_socks(socks, PROXY_LOCAL, "this machine could not use the connection");
    else
        finish_socks(socks, PROXY_INVALID, "it closed the connection");
}

static void on_socks_ready(int fd, short what, void *context)
{
    struct socks *socks = context;
    enum stream_status status;

    (void)fd;
    (void)what;
    do {
        size_t count = 0;
        if (socks->sent < socks->out_length) {
            status = socks->stream.write(&socks->stream, socks->out + socks->sent,
                                         socks->out_length - socks->sent, &count);
            socks->sent += count;
            continue;
        }
        status = socks->stream.read(&socks->stream, socks->in + socks->in_length,
                                    socks->wanted - socks->in_length, &count);
        socks->in_length += count;
        if (status == STREAM_OK && socks->in_length == socks->wanted && !take_answer(socks))
            return;
    } while (status == STREAM_OK);
    wait_or_fail(socks, status);
}

struct socks *socks_start(struct event_base *base, int fd, const struct proxy_url *proxy,
                          const char *host, uint16_t port, tunnel_done_fn *done, void *context)
{
    struct socks *socks = memory_allocate(sizeof(*socks));

    if (!socks)
        return NULL;
    socks->stream = stream_of_socket(fd);
    socks->proxy = proxy;
    socks->host = host;
    socks->port = port;
    socks->done = done;
    socks->context = context;
    socks->started = clock_monotonic();
    put_greeting(socks);
    if (stream_events_new(&socks->events, base, fd, on_socks_ready, socks) &&
        stream_events_await(&socks->events, STREAM_WANT_WRITE))
        return socks;
    socks_free(socks);
    return NULL;
}

void socks_free(struct socks *socks)
{
    if (!socks)
        return;
    stream_events_free(&socks->events);
    explicit_bzero(socks, sizeof(*socks));
    memory_release(socks);
}
