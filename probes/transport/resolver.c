/* SPDX-License-Identifier: MIT */
/*
 * c-ares on libevent, with a few things that c-ares lacks: the deadline of a question, the errno of
 * a socket (dns_socket.c), a channel that survives its own callback (destroying it there is a
 * double free in 1.18), answers read as Go's resolver reads them, whatever the version
 * (dns_socket.c), and a TCP channel of its own, because a failed connection ends every question of
 * its channel.
 *
 * States of a question, and the function that moves it:
 *   asked      resolver_ask(): waits on the UDP channel (on TCP with use_vc)
 *   repeated   question_due() after half of the timeout: a second datagram, same channel
 *   over TCP   ask_over_tcp() after a truncated answer
 *   complete   channel_answered() with an answer, channel_failed() or complete_all() with an error;
 *              the question's timer is made active
 *   told       question_due(): the caller has the answer, DNS_TIMEOUT if none came in time
 */

#include "probes/transport/resolver.h"

#include <ares.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "config/base/memory.h"
#include "probes/transport/dns_message.h"
#include "probes/transport/dns_socket.h"

#define SLACK_MSEC 1000 /* c-ares waits that much longer than we do */

struct channel {
    struct resolver *resolver;
    ares_channel ares;
    struct event *timer;
    unsigned depth;                  /* calls into c-ares that have not returned */
    struct dns_socket_errors errors; /* in the outermost call */
    uint64_t memory_failures;        /* before the outermost call */
    bool deaf;                       /* memory was too short in it: c-ares is not called again */
};

struct watch { /* one socket of a channel */
    struct watch *next;
    struct channel *channel;
    ares_socket_t fd;
    struct event *event;
};

struct asking { /* one try of a question */
    struct resolver_question *question;
    struct channel *channel;
};

struct resolver_question {
    struct resolver_question *next;
    struct asking askings[3]; /* at first, repeated, over TCP */
    unsigned asking_count;
    struct channel *channel; /* the channel that it waits in */
    struct dns_evidence answer;
    resolver_answer_fn *answered; /* NULL once the caller knows, or was freed */
    void *context;
    usec_t started;
    uint64_t memory_failures; /* before it was asked */
    bool waited_half;         /* of the timeout */
    bool complete;
    struct event *timer; /* the question's deadline; active once it is complete */
};

struct resolver {
    struct event_base *base;
    struct channel udp;
    struct channel tcp; /* opened for the first truncated answer */
    struct endpoint server;
    struct resolver_options options;
    struct arena *arena;
    struct event *reaper;
    struct watch *watches;
    struct resolver_question *questions;
    bool freed;
};

/* ---- a channel on the loop ---- */

static void enter(struct channel *channel)
{
    if (channel->depth++)
        return;
    dns_socket_begin_turn(&channel->errors);
    channel->memory_failures = memory_failures();
}

static void fall_silent(struct channel *channel);

static void leave(struct channel *channel)
{
    struct resolver *resolver = channel->resolver;
    struct timeval next;

    channel->depth--;
    if (!channel->depth && memory_failures() != channel->memory_failures)
        channel->deaf = true;
    if (channel->deaf && !channel->depth)
        fall_silent(channel);
    if (resolver->freed && !resolver->udp.depth && !resolver->tcp.depth)
        event_active(resolver->reaper, EV_TIMEOUT, 0);
    else if (!resolver->freed && !channel->deaf && ares_timeout(channel->ares, NULL, &next))
        event_add(channel->timer, &next);
    else
        event_del(channel->timer);
}

static void process(struct channel *channel, ares_socket_t readable, ares_socket_t writable)
{
    enter(channel);
    ares_process_fd(channel->ares, readable, writable);
    leave(channel);
}

static void socket_ready(evutil_socket_t fd, short what, void *context)
{
    struct watch *watch = context;

    process(watch->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
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

static bool add_watch(struct channel *channel, ares_socket_t fd, short what)
{
    struct resolver *resolver = channel->resolver;
    struct watch *watch = memory_allocate(sizeof(*watch));

    if (!watch)
        return false;
    watch->channel = channel;
    watch->fd = fd;
    watch->event = event_new(resolver->base, fd, what, socket_ready, watch);
    watch->next = resolver->watches;
    resolver->watches = watch;
    return watch->event && event_add(watch->event, NULL) == 0;
}

static void complete(struct resolver_question *question)
{
    question->complete = true;
    question->answer.duration = clock_monotonic() - question->started;
    event_del(question->timer);
    event_active(question->timer, EV_TIMEOUT, 0);
}

/* Ends every question of the channel. */
static void complete_all(struct channel *channel, enum dns_outcome outcome, const char *error)
{
    for (struct resolver_question *question = channel->resolver->questions; question;
         question = question->next) {
        if (question->channel != channel || !question->answered || question->complete)
            continue;
        question->answer.outcome = outcome;
        question->answer.error = error;
        complete(question);
    }
}

/* c-ares 1.34 crashes at the timeout of a question that it could not send for want of memory. */
static void fall_silent(struct channel *channel)
{
    struct watch *next;

    for (struct watch *watch = channel->resolver->watches; watch; watch = next) {
        next = watch->next;
        if (watch->channel == channel)
            drop_watch(channel->resolver, watch->fd);
    }
    complete_all(channel, DNS_LOCAL, strerror(ENOMEM));
}

/* c-ares calls this before it closes the descriptor, whose number may be reused at once. */
static void socket_state(void *context, ares_socket_t fd, int readable, int writable)
{
    struct channel *channel = context;
    short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0) | EV_PERSIST);

    drop_watch(channel->resolver, fd);
    if ((!readable && !writable) || add_watch(channel, fd, what))
        return;
    channel->deaf = true;
}

/* ---- the life of a channel ---- */

static void close_channel(struct channel *channel)
{
    if (channel->ares)
        ares_destroy(channel->ares);
    if (channel->timer)
        event_free(channel->timer);
    dns_socket_forget(&channel->errors);
    *channel = (struct channel){0};
}

/* 0, or -1 with no channel. */
static int open_channel(struct resolver *resolver, struct channel *channel, int flags)
{
    struct ares_options options = {
        .flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS |
                 ARES_FLAG_IGNTC | flags,
        .timeout = (int)(resolver->options.timeout / USEC_PER_MSEC) + SLACK_MSEC,
        .tries = 1,
        .ednspsz = DNS_SOCKET_DATAGRAM,
        .sock_state_cb = socket_state,
        .sock_state_cb_data = channel,
        .lookups = (char[]){"b"},
        .ndots = 1,
    };
    /* c-ares reads no resolv.conf if all of these are given, even as empty lists. */
    int given =
        ARES_OPT_LOOKUPS | ARES_OPT_NDOTS | ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST;
    int mask = given | ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
               ARES_OPT_SOCK_STATE_CB;
    struct ares_addr_port_node server = {.family = resolver->server.address.family,
                                         .udp_port = resolver->server.port,
                                         .tcp_port = resolver->server.port};

#ifdef ARES_OPT_QUERY_CACHE /* on by default since 1.31, but a probe must ask every time */
    options.qcache_max_ttl = 0;
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    channel->resolver = resolver;
    channel->errors.family = resolver->server.address.family;
    channel->errors.is_tcp = flags & ARES_FLAG_USEVC;
    channel->errors.scope = resolver->options.scope;
    channel->timer = event_new(resolver->base, -1, 0, channel_timer, channel);
    if (!channel->timer || ares_init_options(&channel->ares, &options, mask) != ARES_SUCCESS) {
        channel->ares = NULL;
        close_channel(channel);
        return -1;
    }
    memcpy(&server.addr, resolver->server.address.bytes, server.family == AF_INET6 ? 16 : 4);
    /* The kernel takes 0.0.0.0 and :: for this machine, and c-ares compares addresses. */
    if (server.family == AF_INET && !server.addr.addr4.s_addr)
        server.addr.addr4.s_addr = htonl(INADDR_LOOPBACK);
    if (server.family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&server.addr.addr6))
        memcpy(&server.addr.addr6, &in6addr_loopback, sizeof(in6addr_loopback));
    ares_set_socket_functions(channel->ares, &dns_socket_functions, &channel->errors);
    if (ares_set_servers_ports(channel->ares, &server) == ARES_SUCCESS)
        return 0;
    close_channel(channel);
    return -1;
}

/* ---- questions ---- */

static enum dns_outcome outcome_of_silence(const struct channel *channel, int status)
{
    int error = channel->errors.last_error;

    if (status == ARES_ENOMEM || channel->errors.is_local)
        return DNS_LOCAL;
    if (status == ARES_ETIMEOUT)
        return DNS_TIMEOUT;
    if (error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES || error == EPERM ||
        error == EADDRNOTAVAIL || error == EAFNOSUPPORT)
        return DNS_RESOLVER_UNREACHABLE;
    if (error == 0)
        return DNS_MALFORMED; /* the server closed the connection in the middle of an answer */
    return DNS_RESOLVER_PORT_CLOSED;
}

/* A part that is missing in the answer may be missing because memory was short. */
static void settle(struct resolver_question *question)
{
    struct dns_evidence *answer = &question->answer;
    bool something_missing = answer->outcome == DNS_TIMEOUT || answer->outcome == DNS_MALFORMED ||
                             answer->outcome == DNS_NODATA;

    if (!something_missing || memory_failures() == question->memory_failures)
        return;
    answer->outcome = DNS_LOCAL;
    answer->error = strerror(ENOMEM);
}

static void send_question(struct resolver_question *question, struct channel *channel);

/* Asks again, because one lost datagram does not make a resolver silent, and clients ask again too
 * (c-ares would do so unseen, and double its wait). False if that was done, or memory is short. */
static bool repeat(struct resolver_question *question)
{
    struct resolver *resolver = question->channel->resolver;
    struct timeval rest = clock_timeval(resolver->options.timeout - resolver->options.timeout / 2);

    if (question->complete || question->waited_half || event_add(question->timer, &rest))
        return false;
    question->waited_half = true;
    question->answer.repeated = question->channel == &resolver->udp && !resolver->options.use_vc;
    if (question->answer.repeated)
        send_question(question, &resolver->udp);
    return true;
}

/* Calls the caller back, always from the loop. */
static void question_due(evutil_socket_t fd, short what, void *context)
{
    struct resolver_question *question = context;
    resolver_answer_fn *answered = question->answered;

    (void)fd;
    (void)what;
    if (!answered || repeat(question))
        return;
    question->answered = NULL;
    if (!question->complete) {
        question->answer.outcome = DNS_TIMEOUT;
        question->answer.duration = clock_monotonic() - question->started;
    }
    settle(question);
    answered(&question->answer, question->context);
}

static void channel_answered(void *context, int status, int timeouts, unsigned char *bytes,
                             int length);

static void send_question(struct resolver_question *question, struct channel *channel)
{
    struct asking *asking = &question->askings[question->asking_count++];

    *asking = (struct asking){question, channel};
    question->channel = channel;
    if (channel->deaf) {
        complete_all(channel, DNS_LOCAL, strerror(ENOMEM));
        return;
    }
    enter(channel);
    ares_query(channel->ares, question->answer.name, 1 /* IN */,
               question->answer.type == RECORD_A ? 1 : 28, channel_answered, asking);
    leave(channel);
}

/* True if the answer needs another try, over TCP. Several answers may need the same one. */
static bool ask_over_tcp(const struct asking *asking, const uint8_t *bytes, size_t length)
{
    struct resolver_question *question = asking->question;
    struct resolver *resolver = asking->channel->resolver;

    if (length < 3 || !(bytes[2] & 0x02) || asking->channel == &resolver->tcp)
        return false;
    question->answer.truncated = true;
    if (question->channel == &resolver->tcp)
        return true;
    if (!resolver->tcp.ares && open_channel(resolver, &resolver->tcp, ARES_FLAG_USEVC))
        return false;
    send_question(question, &resolver->tcp);
    return true;
}

static void channel_failed(struct resolver_question *question, struct channel *channel, int status)
{
    enum dns_outcome outcome = outcome_of_silence(channel, status);
    const char *error =
        channel->errors.last_error
            ? arena_copy_text(channel->resolver->arena, strerror(channel->errors.last_error))
            : NULL;

    if (question->channel == channel) { /* else it waits on the other channel now */
        question->answer.outcome = outcome;
        question->answer.error = error;
        complete(question);
    }
    /* An ICMP error is about the server, but the socket reports it to only one question. */
    if (outcome == DNS_RESOLVER_PORT_CLOSED || outcome == DNS_RESOLVER_UNREACHABLE)
        complete_all(channel, outcome, error);
}

static void channel_answered(void *context, int status, int timeouts, unsigned char *bytes,
                             int length)
{
    const struct asking *asking = context;
    struct resolver_question *question = asking->question;
    struct resolver *resolver = asking->channel->resolver;

    (void)timeouts;
    if (resolver->freed || !question->answered || question->complete || status == ARES_EDESTRUCTION)
        return;
    if (!bytes || length <= 0) {
        channel_failed(question, asking->channel, status);
        return;
    }
    size_t size = (size_t)length;
    const uint8_t *answer = dns_socket_answer(&asking->channel->errors, bytes, &size);
    if (ask_over_tcp(asking, answer, size))
        return;
    dns_message_read(answer, size, resolver->arena, &question->answer);
    complete(question);
}

int resolver_ask(struct resolver *resolver, const char *name, enum record_type type,
                 resolver_answer_fn *answered, void *context)
{
    struct resolver_question *question = memory_allocate(sizeof(*question));
    struct timeval half = clock_timeval(resolver->options.timeout / 2);

    if (!question)
        return -ENOMEM;
    question->memory_failures = memory_failures();
    question->answer.resolver = resolver->server;
    question->answer.name = name;
    question->answer.type = type;
    question->answered = answered;
    question->context = context;
    question->started = clock_monotonic();
    question->timer = event_new(resolver->base, -1, 0, question_due, question);
    if (!question->timer || event_add(question->timer, &half)) {
        if (question->timer)
            event_free(question->timer);
        memory_release(question);
        return -ENOMEM;
    }
    question->next = resolver->questions;
    resolver->questions = question;
    send_question(question, &resolver->udp);
    return 0;
}

/* ---- life and death ---- */

static void destroy(struct resolver *resolver)
{
    close_channel(&resolver->udp);
    close_channel(&resolver->tcp);
    while (resolver->watches)
        drop_watch(resolver, resolver->watches->fd);
    while (resolver->questions) {
        struct resolver_question *question = resolver->questions;
        resolver->questions = question->next;
        event_free(question->timer);
        memory_release(question);
    }
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

struct resolver *resolver_new(struct event_base *base, const struct endpoint *server,
                              const struct resolver_options *options, struct arena *arena)
{
    struct resolver *resolver = memory_allocate(sizeof(*resolver));

    if (!resolver)
        return NULL;
    resolver->base = base;
    resolver->server = *server;
    resolver->options = *options;
    resolver->arena = arena;
    resolver->reaper = event_new(base, -1, 0, reap, resolver);
    if (!resolver->reaper ||
        open_channel(resolver, &resolver->udp, options->use_vc ? ARES_FLAG_USEVC : 0)) {
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
    resolver->freed = true;
    if (!resolver->udp.depth && !resolver->tcp.depth)
        destroy(resolver);
}
