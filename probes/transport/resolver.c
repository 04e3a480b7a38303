/*
 * c-ares on libevent. Three things c-ares 1.18 does not do are done here: the deadline of a
 * question (it restarts its clock when it asks again over TCP), the real errno of a socket (it
 * calls a closed port, a missing route and an empty descriptor table all "could not contact DNS
 * servers"), and staying alive while its own callback runs (destroying a channel there is a double
 * free).
 */

#include "probes/transport/resolver.h"

#include <ares.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "probes/transport/dns_message.h"

#define SLACK_MSEC 1000 /* c-ares waits that much longer than we do */

struct watch { /* one socket of the channel */
    struct watch *next;
    struct resolver *resolver;
    ares_socket_t fd;
    struct event *event;
};

struct resolver_question {
    struct resolver_question *next;
    struct resolver *resolver;
    struct dns_evidence answer;
    resolver_answer_fn *answered; /* NULL once nobody waits any more */
    void *context;
    usec_t started;
    bool complete;
    struct event *timer; /* the question's deadline, and the way to the caller */
};

struct resolver {
    struct event_base *base;
    ares_channel channel;
    struct endpoint server;
    usec_t timeout;
    struct arena *arena;
    struct event *channel_timer;
    struct event *reaper;
    struct watch *watches;
    struct resolver_question *questions;
    unsigned depth; /* calls into c-ares under way */
    int last_error; /* errno of the last socket call that failed */
    bool used_tcp;
    bool freed;
};

static struct timeval to_timeval(usec_t duration)
{
    return (struct timeval){.tv_sec = (time_t)(duration / USEC_PER_SEC),
                            .tv_usec = (suseconds_t)(duration % USEC_PER_SEC)};
}

/* ---- sockets, so that their errno is known ---- */

static ares_socket_t open_socket(int family, int type, int protocol, void *context)
{
    struct resolver *resolver = context;
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

    if (fd < 0)
        resolver->last_error = errno;
    else if (type == SOCK_STREAM)
        resolver->used_tcp = true;
    return fd;
}

static int close_socket(ares_socket_t fd, void *context)
{
    (void)context;
    return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *address, ares_socklen_t length,
                          void *context)
{
    struct resolver *resolver = context;
    int status = connect(fd, address, length);

    if (status && errno != EINPROGRESS)
        resolver->last_error = errno;
    return status;
}

static ares_ssize_t receive(ares_socket_t fd, void *bytes, size_t size, int flags,
                            struct sockaddr *from, ares_socklen_t *length, void *context)
{
    struct resolver *resolver = context;
    ssize_t count = recvfrom(fd, bytes, size, flags, from, length);

    if (count < 0 && errno != EAGAIN && errno != EINTR)
        resolver->last_error = errno;
    return count;
}

static ares_ssize_t transmit(ares_socket_t fd, const struct iovec *pieces, int count, void *context)
{
    struct resolver *resolver = context;
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces,
                             .msg_iovlen = (size_t)count};
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        resolver->last_error = errno;
    return sent;
}

static const struct ares_socket_functions socket_functions = {
    open_socket, close_socket, connect_socket, receive, transmit,
};

/* ---- the channel on the loop ---- */

static void rearm(struct resolver *resolver)
{
    struct timeval next;

    if (ares_timeout(resolver->channel, NULL, &next))
        event_add(resolver->channel_timer, &next);
    else
        event_del(resolver->channel_timer);
}

static void leave(struct resolver *resolver)
{
    resolver->depth--;
    if (resolver->freed)
        event_active(resolver->reaper, EV_TIMEOUT, 0);
    else
        rearm(resolver);
}

static void process(struct resolver *resolver, ares_socket_t readable, ares_socket_t writable)
{
    resolver->depth++;
    ares_process_fd(resolver->channel, readable, writable);
    leave(resolver);
}

static void socket_ready(evutil_socket_t fd, short what, void *context)
{
    struct watch *watch = context;

    process(watch->resolver, what & EV_READ ? fd : ARES_SOCKET_BAD,
            what & EV_WRITE ? fd : ARES_SOCKET_BAD);
}

static void channel_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    process(context, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void drop_watch(struct resolver *resolver, ares_socket_t fd)
{
    for (struct watch **at = &resolver->watches; *at; at = &(*at)->next) {
        struct watch *watch = *at;
        if (watch->fd != fd)
            continue;
        *at = watch->next;
        if (watch->event)
            event_free(watch->event);
        memory_release(watch);
        return;
    }
}

/* Called before the descriptor is closed, whose number may be taken again at once. */
static void socket_state(void *context, ares_socket_t fd, int readable, int writable)
{
    struct resolver *resolver = context;
    short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0) | EV_PERSIST);

    drop_watch(resolver, fd);
    if (!readable && !writable)
        return;
    struct watch *watch = memory_allocate(sizeof(*watch));
    if (!watch)
        return; /* the question's own deadline ends it; the allocation was counted */
    watch->resolver = resolver;
    watch->fd = fd;
    watch->event = event_new(resolver->base, fd, what, socket_ready, watch);
    watch->next = resolver->watches;
    resolver->watches = watch;
    if (watch->event)
        event_add(watch->event, NULL);
}

/* ---- questions ---- */

static bool local_fault(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

static enum dns_outcome outcome_of_silence(const struct resolver *resolver, int status)
{
    int error = resolver->last_error;

    if (status == ARES_ENOMEM || local_fault(error))
        return DNS_LOCAL;
    if (status == ARES_ETIMEOUT)
        return DNS_TIMEOUT;
    if (error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES || error == EPERM ||
        error == EADDRNOTAVAIL)
        return DNS_RESOLVER_UNREACHABLE;
    if (error == 0)
        return DNS_MALFORMED; /* it closed the connection in the middle of an answer */
    return DNS_RESOLVER_PORT_CLOSED;
}

/* Tells the caller, always from the loop, and then forgets the question. */
static void question_due(evutil_socket_t fd, short what, void *context)
{
    struct resolver_question *question = context;
    resolver_answer_fn *answered = question->answered;

    (void)fd;
    (void)what;
    if (!answered)
        return;
    question->answered = NULL;
    if (!question->complete) {
        question->answer.outcome = DNS_TIMEOUT;
        question->answer.truncated = question->resolver->used_tcp;
        question->answer.duration = clock_monotonic() - question->started;
    }
    answered(&question->answer, question->context);
}

static void complete(struct resolver_question *question)
{
    question->complete = true;
    event_del(question->timer);
    event_active(question->timer, EV_TIMEOUT, 0);
}

/* One ICMP error is about the server, but the socket hands it to only one of its questions. */
static void complete_all_alike(struct resolver_question *first)
{
    struct resolver *resolver = first->resolver;

    for (struct resolver_question *other = resolver->questions; other; other = other->next) {
        if (!other->answered || other->complete)
            continue;
        other->answer.outcome = first->answer.outcome;
        other->answer.error = first->answer.error;
        other->answer.duration = clock_monotonic() - other->started;
        complete(other);
    }
}

static void channel_answered(void *context, int status, int timeouts, unsigned char *bytes,
                             int length)
{
    struct resolver_question *question = context;
    struct resolver *resolver = question->resolver;

    (void)timeouts;
    if (resolver->freed || !question->answered || question->complete || status == ARES_EDESTRUCTION)
        return;
    question->answer.duration = clock_monotonic() - question->started;
    question->answer.truncated = resolver->used_tcp;
    if (bytes && length > 0) {
        dns_message_read(bytes, (size_t)length, resolver->arena, &question->answer);
    } else {
        question->answer.outcome = outcome_of_silence(resolver, status);
        if (resolver->last_error)
            question->answer.error =
                arena_copy_text(resolver->arena, strerror(resolver->last_error));
    }
    complete(question);
    if (question->answer.outcome == DNS_RESOLVER_PORT_CLOSED ||
        question->answer.outcome == DNS_RESOLVER_UNREACHABLE)
        complete_all_alike(question);
}

int resolver_ask(struct resolver *resolver, const char *name, enum record_type type,
                 resolver_answer_fn *answered, void *context)
{
    struct resolver_question *question = memory_allocate(sizeof(*question));
    struct timeval timeout = to_timeval(resolver->timeout);

    if (!question)
        return -ENOMEM;
    question->resolver = resolver;
    question->answer.resolver = resolver->server;
    question->answer.name = name;
    question->answer.type = type;
    question->answered = answered;
    question->context = context;
    question->started = clock_monotonic();
    question->timer = event_new(resolver->base, -1, 0, question_due, question);
    if (!question->timer || event_add(question->timer, &timeout)) {
        if (question->timer)
            event_free(question->timer);
        memory_release(question);
        return -ENOMEM;
    }
    question->next = resolver->questions;
    resolver->questions = question;
    resolver->depth++;
    ares_query(resolver->channel, name, 1 /* IN */, type == RECORD_A ? 1 : 28, channel_answered,
               question);
    leave(resolver);
    return 0;
}

/* ---- life and death ---- */

static void destroy(struct resolver *resolver)
{
    if (resolver->channel)
        ares_destroy(resolver->channel);
    while (resolver->watches)
        drop_watch(resolver, resolver->watches->fd);
    while (resolver->questions) {
        struct resolver_question *question = resolver->questions;
        resolver->questions = question->next;
        event_free(question->timer);
        memory_release(question);
    }
    if (resolver->channel_timer)
        event_free(resolver->channel_timer);
    if (resolver->reaper)
        event_free(resolver->reaper);
    memory_release(resolver);
}

static void reap(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    destroy(context);
}

static int open_channel(struct resolver *resolver)
{
    struct ares_options options = {
        .flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
        .timeout = (int)(resolver->timeout / USEC_PER_MSEC) + SLACK_MSEC,
        .tries = 1,
        .ednspsz = 1232,
        .sock_state_cb = socket_state,
        .sock_state_cb_data = resolver,
        .lookups = (char[]){"b"},
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
               ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS;
    struct ares_addr_port_node server = {.family = resolver->server.address.family,
                                         .udp_port = resolver->server.port,
                                         .tcp_port = resolver->server.port};

#ifdef ARES_OPT_QUERY_CACHE /* on by default since 1.31: a probe must ask every time */
    options.qcache_max_ttl = 0;
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    if (ares_init_options(&resolver->channel, &options, mask) != ARES_SUCCESS) {
        resolver->channel = NULL;
        return -1;
    }
    memcpy(&server.addr, resolver->server.address.bytes, server.family == AF_INET6 ? 16 : 4);
    ares_set_socket_functions(resolver->channel, &socket_functions, resolver);
    return ares_set_servers_ports(resolver->channel, &server) == ARES_SUCCESS ? 0 : -1;
}

struct resolver *resolver_new(struct event_base *base, const struct endpoint *server,
                              usec_t timeout, struct arena *arena)
{
    struct resolver *resolver = memory_allocate(sizeof(*resolver));

    if (!resolver)
        return NULL;
    resolver->base = base;
    resolver->server = *server;
    resolver->timeout = timeout;
    resolver->arena = arena;
    resolver->channel_timer = event_new(base, -1, 0, channel_timer, resolver);
    resolver->reaper = event_new(base, -1, 0, reap, resolver);
    if (!resolver->channel_timer || !resolver->reaper || open_channel(resolver)) {
        destroy(resolver);
        errno = ENOMEM;
        return NULL;
    }
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver || resolver->freed)
        return;
    for (struct resolver_question *question = resolver->questions; question;
         question = question->next) {
        question->answered = NULL;
        event_del(question->timer);
    }
    if (!resolver->depth) {
        destroy(resolver);
        return;
    }
    resolver->freed = true;
}
