/* dns: every resolver of both roles is asked for every name and record type at once. */

#include <errno.h>
#include <string.h>

#include "probes/diagnosis/address_class.h"
#include "probes/run.h"

static void classify(struct probe_run *run, struct dns_evidence *dns)
{
    for (size_t i = 0; i < dns->address_count; i++) {
        struct dns_address *found = &dns->addresses[i];
        found->address_class = address_classify(&found->address, run->target->network,
                                                run->evidence->arena, &found->rule);
    }
}

static void answered(const struct dns_evidence *answer, void *context)
{
    struct question *question = context;
    struct probe_run *run = question->run;
    struct dns_evidence *dns = question->evidence;
    struct dns_evidence asked = *dns;

    question->pending = false;
    *dns = *answer;
    dns->role = asked.role;
    dns->queried = asked.queried;
    dns->name = asked.name;
    classify(run, dns);
    if (dns->queried == NAME_TARGET)
        for (size_t i = 0; i < dns->address_count; i++)
            stage_path_start(run, &dns->addresses[i].address,
                             dns->role == ROLE_HOST ? VIEW_HOST : VIEW_POD);
    run_progressed(run);
}

static void ask(struct probe_run *run, struct resolver *resolver, const struct dns_evidence *what)
{
    if (run->question_count == EVIDENCE_MAX_DNS)
        return;
    struct question *question = &run->questions[run->question_count++];
    question->run = run;
    question->evidence = &run->evidence->dns[run->evidence->dns_count++];
    *question->evidence = *what;
    int error =
        resolver ? resolver_ask(resolver, what->name, what->type, answered, question) : -ENOMEM;
    if (error) {
        question->evidence->outcome = DNS_LOCAL;
        question->evidence->error = strerror(-error);
        run_local_error(run, "asking a resolver", -error);
    } else {
        question->pending = true;
    }
}

static void ask_resolver(struct probe_run *run, enum resolver_role role,
                         const struct endpoint *server, const char *name, const char *vpc_name)
{
    struct dns_evidence what = {.role = role, .resolver = *server};
    struct resolver *resolver =
        run->resolver_count < RUN_MAX_RESOLVERS
            ? resolver_new(run_base(run), server, run->target->timeout / 2, run->evidence->arena)
            : NULL;

    if (resolver) {
        run->resolver_roles[run->resolver_count] = role;
        run->resolvers[run->resolver_count++] = resolver;
    }
    if (run->target->host_is_address)
        return;
    for (int type = RECORD_A; type <= RECORD_AAAA; type++) {
        what.type = (enum record_type)type;
        what.queried = NAME_TARGET;
        what.name = name;
        ask(run, resolver, &what);
        if (vpc_name) {
            what.queried = NAME_VPC;
            what.name = vpc_name;
            ask(run, resolver, &what);
        }
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

void stage_dns_start(struct probe_run *run)
{
    const struct network_settings *network = run->target->network;
    struct endpoint pod[SETTINGS_MAX_RESOLVERS];
    size_t pod_count = network->pod_resolver_count;
    const char *name = arena_copy_text(run->evidence->arena, run->target->host);
    const char *vpc_name = vpc_twin(run);

    if (!name) {
        run_local_error(run, "asking a resolver", ENOMEM);
        return;
    }
    if (pod_count)
        memcpy(pod, network->pod_resolvers, sizeof(pod));
    else
        pod_count = probe_environment_system_resolvers(run->environment, pod);
    if (!pod_count && !network->host_resolver_count && !run->target->host_is_address)
        run_local_error(run, "no resolver in /etc/resolv.conf", ENOENT);
    for (size_t i = 0; i < pod_count; i++)
        ask_resolver(run, ROLE_POD, &pod[i], name, vpc_name);
    for (size_t i = 0; i < network->host_resolver_count; i++)
        ask_resolver(run, ROLE_HOST, &network->host_resolvers[i], name, vpc_name);
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
