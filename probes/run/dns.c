/* SPDX-License-Identifier: MIT */
/*
 * dns: the hosts file (in the order of nsswitch.conf), else every resolver of both roles, all at
 * once. Each is asked for the addresses of both kinds, along the search list as Go's resolver walks
 * it (net/dnsclient_unix.go): the first name with an address ends the lookup.
 */

#include <errno.h>
#include <string.h>

#include "probes/evidence/address_class.h"
#include "probes/run/name_walk.h"
#include "probes/run/stages.h"

static void classify(struct probe_run *run, struct dns_evidence *dns)
{
    for (size_t i = 0; i < dns->address_count; i++) {
        struct dns_address *found = &dns->addresses[i];
        found->address_class = address_classify(&found->address, run->target->network,
                                                run->evidence->arena, &found->rule);
    }
}

/* ---- one name at one resolver ---- */

static void use_hosts_file(struct probe_run *run);

static bool has_address(const struct probe_run *run)
{
    for (size_t i = 0; i < run->evidence->dns_count; i++)
        if (run->evidence->dns[i].queried == NAME_TARGET && run->evidence->dns[i].address_count)
            return true;
    return false;
}

static void question_done(struct question *question)
{
    struct probe_run *run = question->run;

    if (!question->pending)
        return;
    question->pending = false;
    question->is_new = true;
    if (run->sources.dns_first && !stage_dns_pending(run) && !has_address(run))
        use_hosts_file(run);
    run_progressed(run);
}

static void question_answered(const struct dns_evidence *answer, void *context)
{
    struct question *question = context;
    struct dns_evidence *dns = question->evidence;
    struct dns_evidence asked = *dns;

    *dns = *answer;
    dns->role = asked.role;
    dns->resolver = asked.resolver;
    dns->queried = asked.queried;
    classify(question->run, dns);
    question_done(question);
}

/* The two questions about one name at one resolver. NULL if there is no room. */
static struct question *add_questions(struct probe_run *run, const struct dns_evidence *what,
                                      const char *name)
{
    struct question *questions = &run->questions[run->question_count];

    if (run->question_count + 2 > EVIDENCE_MAX_DNS)
        return NULL;
    run->question_count += 2;
    for (int type = RECORD_A; type <= RECORD_AAAA; type++) {
        struct dns_evidence *dns = &run->evidence->dns[run->evidence->dns_count++];
        *dns = *what;
        dns->type = (enum record_type)type;
        dns->name = arena_copy_text(run->evidence->arena, name);
        questions[type] = (struct question){.run = run, .evidence = dns, .pending = true};
    }
    return questions;
}

static void fail_question(struct question *question)
{
    question->pending = false;
    question->evidence->outcome = DNS_LOCAL;
    question->evidence->error = strerror(ENOMEM);
    run_local_error(question->run, "asking a resolver", ENOMEM);
}

/* ---- every resolver ---- */

static bool add_resolver(struct probe_run *run, enum resolver_role role,
                         const struct endpoint *server, uint32_t scope)
{
    struct resolver_options options = {.timeout = run->target->timeout / 2,
                                       .scope = scope,
                                       .use_vc = role == ROLE_POD && run->conf.use_vc};
    struct resolver *resolver =
        run->resolver_count < RUN_MAX_RESOLVERS
            ? resolver_new(run_base(run), server, &options, run->evidence->arena)
            : NULL;

    if (!resolver)
        return false;
    run->resolver_roles[run->resolver_count] = role;
    run->resolvers[run->resolver_count++] = resolver;
    return true;
}

/* `names`: the target's own, which gets the search list, and its twin; NULL: not asked for. */
static void ask_role(struct probe_run *run, enum resolver_role role,
                     const struct endpoint servers[], const uint32_t scopes[], size_t count,
                     const char *const names[2])
{
    const struct resolv_conf *confs[] = {
        [NAME_TARGET] = run_search_list(run, role), [NAME_VPC] = NULL};
    void *waiting[2][2 * RUN_MAX_RESOLVERS] = {0};
    size_t first = run->resolver_count;

    for (size_t i = 0; i < count; i++) {
        size_t at = 2 * (run->resolver_count - first);
        bool is_there = add_resolver(run, role, &servers[i], scopes ? scopes[i] : 0);
        for (enum queried_name queried = NAME_TARGET; queried <= NAME_VPC; queried++) {
            struct dns_evidence what = {.role = role, .resolver = servers[i], .queried = queried};
            struct question *questions =
                names[queried] ? add_questions(run, &what, names[queried]) : NULL;
            for (int type = RECORD_A; questions && type <= RECORD_AAAA; type++) {
                if (is_there)
                    waiting[queried][at + (size_t)type] = &questions[type];
                else
                    fail_question(&questions[type]);
            }
        }
    }
    count = run->resolver_count - first;
    for (int queried = NAME_TARGET; queried <= NAME_VPC; queried++) {
        bool asked =
            names[queried] && name_walk_start(run, first, count, names[queried], confs[queried],
                                              question_answered, waiting[queried]);
        for (size_t i = 0; !asked && i < 2 * count; i++)
            if (waiting[queried][i])
                fail_question(waiting[queried][i]);
    }
}

/* TCR's second name of the same instance, which only a private linkage gives an address. */
static const char *vpc_twin(struct probe_run *run)
{
    const struct target *target = run->target;

    if (!target->instance || target->is_vpc_name)
        return NULL;
    return arena_format(run->evidence->arena, "%s-vpc.tencentcloudcr.com", target->instance);
}

static void use_hosts_file(struct probe_run *run)
{
    struct address addresses[HOSTS_FILE_MAX_ADDRESSES];
    size_t count = environment_hosts(run->target, run->puller, run->target->host, addresses);

    for (size_t i = 0; i < count; i++)
        stage_path_start(run, &addresses[i], VIEW_HOSTS);
}

/* True if resolvers are asked for the target's name: the hosts file usually comes before them. */
static bool asks_resolvers(struct probe_run *run)
{
    struct name_sources *sources = &run->sources;
    struct evidence *evidence = run->evidence;
    size_t paths = evidence->path_count;

    environment_name_sources(run->target, run->puller, run->target->host, evidence->arena, sources);
    if (sources->is_libc || !sources->dns)
        evidence->name_sources = sources->line;
    if (!sources->dns_first)
        use_hosts_file(run);
    return sources->dns && evidence->path_count == paths;
}

void stage_dns_start(struct probe_run *run)
{
    const struct network_settings *network = run->target->network;
    const char *names[2] = {NULL, NULL};
    bool given = network->pod_resolver_count;

    environment_resolv_conf(&run->conf);
    run->evidence->resolver_timeout = run->conf.timeout * USEC_PER_SEC;
    run->evidence->resolver_attempts = run->conf.attempts;
    if (!run->target->host_is_address) {
        names[NAME_VPC] = vpc_twin(run);
        if (asks_resolvers(run))
            names[NAME_TARGET] = run->target->host;
    }
    run->conf.is_libc |= run->sources.is_libc;
    ask_role(run, ROLE_POD, given ? network->pod_resolvers : run->conf.nameservers,
             given ? NULL : run->conf.scopes,
             given ? network->pod_resolver_count : run->conf.nameserver_count, names);
    ask_role(run, ROLE_HOST, network->host_resolvers, NULL, network->host_resolver_count, names);
}

bool stage_dns_pending(const struct probe_run *run)
{
    for (size_t i = 0; i < run->question_count; i++)
        if (run->questions[i].pending)
            return true;
    return false;
}

void stage_dns_expire(struct probe_run *run)
{
    for (size_t i = 0; i < run->question_count; i++) {
        struct question *question = &run->questions[i];
        if (!question->pending)
            continue;
        question->pending = false;
        question->evidence->outcome = DNS_TIMEOUT;
        question->evidence->duration = clock_monotonic() - run->started;
    }
}
