/* SPDX-License-Identifier: MIT */
/*
 * dns: the hosts file, else every resolver of both roles, all at once. Each is asked for the
 * addresses of both kinds, along the search list as Go's resolver walks it (net/dnsclient_unix.go):
 * the first name with an address ends the lookup.
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

static void question_done(struct question *question)
{
    if (!question->pending)
        return;
    question->pending = false;
    question->is_new = true;
    run_progressed(question->run);
}

static void question_answered(const struct dns_evidence *answer, void *context)
{
    struct question *question = context;
    struct dns_evidence *dns = question->evidence;
    struct dns_evidence asked = *dns;

    *dns = *answer;
    dns->role = asked.role;
    dns->queried = asked.queried;
    classify(question->run, dns);
    question_done(question);
}

static void start_lookup(struct probe_run *run, struct resolver *resolver,
                         const struct dns_evidence *what, const char *name,
                         const struct resolv_conf *conf)
{
    struct question *questions = &run->questions[run->question_count];
    void *contexts[2] = {&questions[RECORD_A], &questions[RECORD_AAAA]};

    if (run->question_count + 2 > EVIDENCE_MAX_DNS)
        return;
    run->question_count += 2;
    for (int type = RECORD_A; type <= RECORD_AAAA; type++) {
        struct dns_evidence *dns = &run->evidence->dns[run->evidence->dns_count++];
        *dns = *what;
        dns->type = (enum record_type)type;
        dns->name = arena_copy_text(run->evidence->arena, name);
        questions[type] = (struct question){.run = run, .evidence = dns};
    }
    unsigned asked =
        resolver ? name_walk_start(run, resolver, name, conf, question_answered, contexts) : 0;
    for (int type = RECORD_A; type <= RECORD_AAAA; type++) {
        questions[type].pending = asked & 1u << type;
        if (questions[type].pending)
            continue;
        questions[type].evidence->outcome = DNS_LOCAL;
        questions[type].evidence->error = strerror(ENOMEM);
        run_local_error(run, "asking a resolver", ENOMEM);
    }
}

/* ---- every resolver ---- */

static void ask_resolver(struct probe_run *run, enum resolver_role role,
                         const struct endpoint *server, uint32_t scope, const char *name,
                         const char *vpc_name)
{
    struct dns_evidence what = {.role = role, .resolver = *server};
    struct resolver_options options = {.timeout = run->target->timeout / 2,
                                       .scope = scope,
                                       .use_vc = role == ROLE_POD && run->conf.use_vc};
    struct resolver *resolver =
        run->resolver_count < RUN_MAX_RESOLVERS
            ? resolver_new(run_base(run), server, &options, run->evidence->arena)
            : NULL;

    if (resolver) {
        run->resolver_roles[run->resolver_count] = role;
        run->resolvers[run->resolver_count++] = resolver;
    }
    what.queried = NAME_TARGET;
    if (name)
        start_lookup(run, resolver, &what, name, run_search_list(run, role));
    what.queried = NAME_VPC;
    if (vpc_name)
        start_lookup(run, resolver, &what, vpc_name, NULL);
}

/* TCR's second name of the same instance, which only a private linkage gives an address. */
static const char *vpc_twin(struct probe_run *run)
{
    const struct target *target = run->target;

    if (!target->instance || target->is_vpc_name)
        return NULL;
    return arena_format(run->evidence->arena, "%s-vpc.tencentcloudcr.com", target->instance);
}

/* The hosts file comes before any resolver. True if it has the name. */
static bool use_hosts_file(struct probe_run *run)
{
    struct address addresses[HOSTS_FILE_MAX_ADDRESSES];
    size_t count = environment_hosts(run->target, run->puller, run->target->host, addresses);

    for (size_t i = 0; i < count; i++)
        stage_path_start(run, &addresses[i], VIEW_HOSTS);
    return count > 0;
}

void stage_dns_start(struct probe_run *run)
{
    const struct network_settings *network = run->target->network;
    const char *name = NULL;
    const char *vpc_name = NULL;

    environment_resolv_conf(&run->conf);
    run->evidence->resolver_timeout = run->conf.timeout * USEC_PER_SEC;
    run->evidence->resolver_attempts = run->conf.attempts;
    if (!run->target->host_is_address) {
        vpc_name = vpc_twin(run);
        if (!use_hosts_file(run))
            name = run->target->host;
    }
    for (size_t i = 0; i < network->pod_resolver_count; i++)
        ask_resolver(run, ROLE_POD, &network->pod_resolvers[i], 0, name, vpc_name);
    for (size_t i = 0; !network->pod_resolver_count && i < run->conf.nameserver_count; i++)
        ask_resolver(run, ROLE_POD, &run->conf.nameservers[i], run->conf.scopes[i], name, vpc_name);
    for (size_t i = 0; i < network->host_resolver_count; i++)
        ask_resolver(run, ROLE_HOST, &network->host_resolvers[i], 0, name, vpc_name);
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
