/* SPDX-License-Identifier: MIT */
#include "probes/run/name_walk.h"

#include <string.h>

#include "config/base/memory.h"

struct walk_question {
    struct name_walk *walk;
    void *context; /* NULL: nobody waits for the answer */
    bool pending;
    bool arrived;                 /* with the name that is asked now */
    struct dns_evidence answer;   /* the last one */
    struct dns_evidence absolute; /* for the name itself */
};

struct name_walk {
    struct name_walk *next;
    struct resolver *resolver;
    struct resolv_names names;
    size_t index; /* of the name that is asked now */
    bool over;    /* no further name is asked */
    name_walk_fn *answered;
    struct walk_question questions[2];
};

/* The answer is about the resolver or this machine, so that a further name has no better chance. */
static bool is_no_answer(enum dns_outcome outcome)
{
    return outcome == DNS_TIMEOUT || outcome == DNS_RESOLVER_PORT_CLOSED ||
           outcome == DNS_RESOLVER_UNREACHABLE || outcome == DNS_LOCAL;
}

static void tell_walker(struct walk_question *question)
{
    if (!question->pending)
        return;
    question->pending = false;
    if (question->context)
        question->walk->answered(&question->answer, question->context);
}

static void walk_answered(const struct dns_evidence *answer, void *context);

static int ask_name(struct name_walk *walk, enum record_type type)
{
    walk->questions[type].arrived = false;
    return resolver_ask(walk->resolver, walk->names.names[walk->index], type, walk_answered,
                        &walk->questions[type]);
}

/* Both answers are there and none has an address: the next name, or the answers for the name itself
 * if there is no further one. */
static void next_name(struct name_walk *walk)
{
    walk->over = ++walk->index == walk->names.count;
    for (int type = RECORD_A; type <= RECORD_AAAA; type++) {
        struct walk_question *question = &walk->questions[type];
        int error = walk->over ? 0 : ask_name(walk, (enum record_type)type);
        if (walk->over)
            question->answer = question->absolute;
        if (!error)
            continue;
        walk->over = true;
        question->arrived = true;
        question->answer.outcome = DNS_LOCAL;
        question->answer.error = strerror(-error);
    }
}

static void walk_answered(const struct dns_evidence *answer, void *context)
{
    struct walk_question *question = context;
    struct name_walk *walk = question->walk;
    struct walk_question *questions = walk->questions;

    question->answer = *answer;
    question->arrived = true;
    if (walk->index == walk->names.absolute)
        question->absolute = *answer;
    walk->over |= answer->address_count || is_no_answer(answer->outcome) || walk->names.count == 1;
    if (!walk->over && questions[RECORD_A].arrived && questions[RECORD_AAAA].arrived)
        next_name(walk);
    for (int type = RECORD_A; type <= RECORD_AAAA; type++)
        if (walk->over && questions[type].arrived)
            tell_walker(&questions[type]);
}

unsigned name_walk_start(struct probe_run *run, struct resolver *resolver, const char *host,
                         const struct resolv_conf *conf, name_walk_fn *answered,
                         void *const contexts[2])
{
    static const struct resolv_conf no_search;
    struct name_walk *walk = memory_allocate(sizeof(*walk));
    unsigned asked = 0;

    if (!walk)
        return 0;
    walk->next = run->name_walks;
    run->name_walks = walk;
    walk->resolver = resolver;
    walk->answered = answered;
    resolv_conf_names(conf ? conf : &no_search, host, run->evidence->arena, &walk->names);
    for (int type = RECORD_A; walk->names.count && type <= RECORD_AAAA; type++) {
        struct walk_question *question = &walk->questions[type];
        *question = (struct walk_question){.walk = walk, .context = contexts[type]};
        question->pending = !ask_name(walk, (enum record_type)type);
        walk->over |= !question->pending;
        asked |= question->pending ? 1u << type : 0;
    }
    return asked;
}

unsigned name_walk_start_all(struct probe_run *run, const char *host, enum resolver_role role,
                             name_walk_fn *answered, void *context)
{
    const struct resolv_conf *conf = run_search_list(run, role);
    void *contexts[2] = {context, context};
    unsigned questions = 0;

    for (size_t i = 0; i < run->resolver_count; i++) {
        unsigned asked = 0;
        if (run->resolver_roles[i] == role)
            asked = name_walk_start(run, run->resolvers[i], host, conf, answered, contexts);
        questions += (asked & 1u) + (asked >> 1);
    }
    return questions;
}

void name_walk_leave(struct probe_run *run, const void *context)
{
    for (struct name_walk *walk = run->name_walks; walk; walk = walk->next)
        for (int type = RECORD_A; type <= RECORD_AAAA; type++)
            if (walk->questions[type].context == context)
                walk->questions[type].context = NULL;
}

void name_walk_release(struct probe_run *run)
{
    while (run->name_walks) {
        struct name_walk *next = run->name_walks->next;
        memory_release(run->name_walks);
        run->name_walks = next;
    }
}
