/* SPDX-License-Identifier: MIT */
#include "probes/run/name_walk.h"

#include <string.h>

#include "config/base/memory.h"

struct walk_question {
    struct name_walk *walk;
    bool arrived;
    struct dns_evidence answer;
};

struct walk_caller {
    void *context; /* NULL: nobody waits for the answer */
    bool told;
};

/* One name, asked of every resolver. */
struct walk_round {
    struct walk_question *questions; /* two for each resolver: A, AAAA; NULL: not asked yet */
};

struct name_walk {
    struct name_walk *next;
    struct probe_run *run;
    size_t first_resolver;
    size_t resolver_count;
    struct resolv_names names;
    struct walk_round rounds[RESOLV_CONF_MAX_NAMES];
    size_t index;        /* of the name that a client asks for now, or asked for at the end */
    unsigned unanswered; /* names before it that nobody answered */
    bool hurried;        /* the names after it are asked beside it, because it takes long */
    bool over;           /* no further name is looked at */
    bool is_libc;        /* it ends at a name that nobody answers */
    struct event *timer;
    name_walk_fn *answered;
    struct walk_caller callers[2 * RUN_MAX_RESOLVERS]; /* two for each resolver: A, AAAA */
};

/* What a client knows about one name and one kind of record. */
enum round_state {
    ROUND_PENDING,
    ROUND_ADDRESS,
    ROUND_NONE,       /* a resolver says that there is none, or every one fails */
    ROUND_UNANSWERED, /* every resolver fails, and one of them by silence */
    ROUND_HOPELESS,   /* the answer is about this machine or its network: no name has a chance */
};

/* Clients take the first answer of a resolver that knows, in the order of the resolvers. In a hurry
 * a later resolver's address counts while an earlier resolver is silent. */
static enum round_state round_state(const struct name_walk *walk, enum record_type type)
{
    const struct walk_round *round = &walk->rounds[walk->index];
    bool pending = false;
    bool silent = false;
    bool hopeless = true;

    for (size_t i = 0; i < walk->resolver_count; i++) {
        const struct walk_question *question = &round->questions[2 * i + type];
        enum dns_outcome outcome = question->answer.outcome;
        if (!question->arrived) {
            pending = true;
            continue;
        }
        if (outcome == DNS_NOERROR && (!pending || walk->hurried))
            return ROUND_ADDRESS;
        if (outcome == DNS_LOCAL)
            return ROUND_HOPELESS;
        if (!pending && (outcome == DNS_NODATA || outcome == DNS_NXDOMAIN))
            return ROUND_NONE;
        silent |= outcome == DNS_TIMEOUT;
        hopeless &= outcome == DNS_RESOLVER_PORT_CLOSED || outcome == DNS_RESOLVER_UNREACHABLE;
    }
    return pending    ? ROUND_PENDING
           : hopeless ? ROUND_HOPELESS
           : silent   ? ROUND_UNANSWERED
                      : ROUND_NONE;
}

static void walk_answered(const struct dns_evidence *answer, void *context);

/* A question that could not be put is answered at once; the timer makes the walk look at it. */
static void ask_name(struct name_walk *walk, size_t index)
{
    struct walk_round *round = &walk->rounds[index];

    if (round->questions || index >= walk->names.count)
        return;
    round->questions = memory_allocate(2 * walk->resolver_count * sizeof(*round->questions));
    for (size_t i = 0; round->questions && i < 2 * walk->resolver_count; i++) {
        struct walk_question *question = &round->questions[i];
        enum record_type type = i % 2 ? RECORD_AAAA : RECORD_A;
        *question = (struct walk_question){.walk = walk};
        int error = resolver_ask(walk->run->resolvers[walk->first_resolver + i / 2],
                                 walk->names.names[index], type, walk_answered, question);
        if (!error)
            continue;
        question->arrived = true;
        question->answer.name = walk->names.names[index];
        question->answer.type = type;
        question->answer.outcome = DNS_LOCAL;
        question->answer.error = strerror(-error);
        event_active(walk->timer, EV_READ, 0);
    }
}

static void tell_callers(struct name_walk *walk)
{
    const struct walk_round *round = &walk->rounds[walk->index];

    for (size_t i = 0; i < 2 * walk->resolver_count; i++) {
        struct walk_question *question = &round->questions[i];
        struct walk_caller *caller = &walk->callers[i];
        if (!question->arrived || caller->told)
            continue;
        caller->told = true;
        question->answer.unanswered_names = walk->unanswered;
        if (caller->context)
            walk->answered(&question->answer, caller->context);
    }
}

/* A name without an address: the next one counts, or the name itself if there is none. */
static void leave_name(struct name_walk *walk)
{
    walk->over = walk->index + 1 == walk->names.count;
    if (walk->over) {
        walk->index = walk->names.absolute;
        return;
    }
    ask_name(walk, walk->index + 1);
    if (walk->rounds[walk->index + 1].questions)
        walk->index++;
    else /* memory is short */
        walk->over = true;
}

static void walk_on(struct name_walk *walk)
{
    while (!walk->over) {
        enum round_state a = round_state(walk, RECORD_A);
        enum round_state aaaa = round_state(walk, RECORD_AAAA);
        walk->over = a == ROUND_ADDRESS || aaaa == ROUND_ADDRESS || a == ROUND_HOPELESS ||
                     aaaa == ROUND_HOPELESS || walk->names.count == 1;
        if (walk->over || a == ROUND_PENDING || aaaa == ROUND_PENDING)
            break;
        walk->over |= walk->is_libc && (a == ROUND_UNANSWERED || aaaa == ROUND_UNANSWERED);
        if (walk->over)
            break;
        walk->unanswered += a == ROUND_UNANSWERED || aaaa == ROUND_UNANSWERED;
        leave_name(walk);
    }
    if (walk->over)
        tell_callers(walk);
}

static void walk_answered(const struct dns_evidence *answer, void *context)
{
    struct walk_question *question = context;

    question->answer = *answer;
    question->arrived = true;
    walk_on(question->walk);
}

/* A client would only wait now; the run has less time than a client. */
static void walk_hurries(evutil_socket_t fd, short what, void *context)
{
    struct name_walk *walk = context;

    (void)fd;
    walk->hurried |= what & EV_TIMEOUT && !walk->over;
    for (size_t i = walk->index; walk->hurried && !walk->over && i < walk->names.count; i++)
        ask_name(walk, i);
    walk_on(walk);
}

bool name_walk_start(struct probe_run *run, size_t first, size_t count, const char *host,
                     const struct resolv_conf *conf, name_walk_fn *answered, void *const contexts[])
{
    static const struct resolv_conf no_search;
    struct timeval wait = clock_timeval(run->target->timeout / 8);
    struct name_walk *walk = count ? memory_allocate(sizeof(*walk)) : NULL;

    if (!walk)
        return false;
    walk->next = run->name_walks;
    run->name_walks = walk;
    walk->run = run;
    walk->first_resolver = first;
    walk->resolver_count = count;
    walk->answered = answered;
    walk->is_libc = conf && conf->is_libc;
    for (size_t i = 0; i < 2 * count; i++)
        walk->callers[i].context = contexts[i];
    resolv_conf_names(conf ? conf : &no_search, host, run->evidence->arena, &walk->names);
    walk->timer = event_new(run_base(run), -1, 0, walk_hurries, walk);
    if (!walk->names.count || !walk->timer || event_add(walk->timer, &wait))
        return false;
    ask_name(walk, 0);
    return walk->rounds[0].questions;
}

unsigned name_walk_start_all(struct probe_run *run, const char *host, enum resolver_role role,
                             name_walk_fn *answered, void *context)
{
    void *contexts[2 * RUN_MAX_RESOLVERS];
    size_t first = 0;
    size_t count = 0;

    while (first < run->resolver_count && run->resolver_roles[first] != role)
        first++;
    for (; first + count < run->resolver_count && run->resolver_roles[first + count] == role;
         count++)
        contexts[2 * count] = contexts[2 * count + 1] = context;
    return name_walk_start(run, first, count, host, run_search_list(run, role), answered, contexts)
               ? 2 * (unsigned)count
               : 0;
}

void name_walk_leave(struct probe_run *run, const void *context)
{
    for (struct name_walk *walk = run->name_walks; walk; walk = walk->next)
        for (size_t i = 0; i < 2 * walk->resolver_count; i++)
            if (walk->callers[i].context == context)
                walk->callers[i].context = NULL;
}

void name_walk_release(struct probe_run *run)
{
    while (run->name_walks) {
        struct name_walk *walk = run->name_walks;
        run->name_walks = walk->next;
        for (size_t i = 0; i < walk->names.count; i++)
            memory_release(walk->rounds[i].questions);
        if (walk->timer)
            event_free(walk->timer);
        memory_release(walk);
    }
}
