/*
 * One run: start everything that needs no earlier answer, let the stages report, and end either
 * when nothing outstanding can change a finding or at the one deadline, whichever is first.
 */

#include "probes/probe.h"

#include <string.h>
#include <sys/stat.h>

#include "config/base/memory.h"
#include "probes/evidence_view.h"
#include "probes/fetch.h"
#include "probes/run.h"
#include "probes/transport/resolv_conf.h"

#define RESOLV_CONF      "/etc/resolv.conf"
#define SCRATCH_LIMIT    ((size_t)2 * 1024 * 1024)
#define MAX_TRUST_STORES 16

struct trust_entry {
    char *ca_file; /* NULL: the system's */
    struct trust_store *store;
    struct stat file;         /* when it was opened, so that a new one is noticed */
    uint64_t memory_failures; /* before it was opened */
};

struct probe_environment {
    struct event_base *base;
    enum probe_mode mode;
    size_t store_count;
    struct trust_entry stores[MAX_TRUST_STORES];
};

struct probe_environment *probe_environment_new(struct event_base *base, enum probe_mode mode)
{
    struct probe_environment *environment = memory_allocate(sizeof(*environment));

    if (environment) {
        environment->base = base;
        environment->mode = mode;
    }
    return environment;
}

void probe_environment_forget(struct probe_environment *environment)
{
    for (size_t i = 0; i < environment->store_count; i++) {
        memory_release(environment->stores[i].ca_file);
        trust_store_release(environment->stores[i].store);
    }
    environment->store_count = 0;
}

void probe_environment_free(struct probe_environment *environment)
{
    if (!environment)
        return;
    probe_environment_forget(environment);
    memory_release(environment);
}

size_t probe_environment_system_resolvers(struct probe_environment *environment,
                                          struct endpoint resolvers[SETTINGS_MAX_RESOLVERS])
{
    struct resolv_conf conf;

    (void)environment;
    size_t count = resolv_conf_read(RESOLV_CONF, &conf);
    memcpy(resolvers, conf.nameservers, count * sizeof(resolvers[0]));
    return count;
}

static bool same_file(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What is kept of `ca_file`, unless the file has changed since, or an allocation has failed:
 * OpenSSL marks a certificate as invalid for good when that happened while it was first looked at.
 */
static struct trust_store *find_store(struct probe_environment *environment, const char *ca_file,
                                      const struct stat *file)
{
    for (size_t i = 0; i < environment->store_count; i++) {
        struct trust_entry *entry = &environment->stores[i];
        if (!same_file(entry->ca_file, ca_file))
            continue;
        if (is_same(&entry->file, file) && entry->memory_failures == memory_failures())
            return trust_store_hold(entry->store);
        trust_store_release(entry->store);
        memory_release(entry->ca_file);
        *entry = environment->stores[--environment->store_count];
        return NULL;
    }
    return NULL;
}

/* Opened at first need and kept: loading a store is the most expensive thing a probe can do. */
static struct trust_store *open_store(struct probe_run *run, const char *ca_file)
{
    struct probe_environment *environment = run->environment;
    uint64_t failures = memory_failures();
    struct stat file = {0};
    char error[256] = "";

    if (ca_file)
        (void)!stat(ca_file, &file); /* one that is not there is told by opening it */
    struct trust_store *store = find_store(environment, ca_file, &file);
    if (store)
        return store;
    store = trust_store_open(ca_file, error, sizeof(error));
    if (!store) {
        run->evidence->local_error = arena_copy_text(run->evidence->arena, error);
        return NULL;
    }
    if (environment->store_count < MAX_TRUST_STORES) {
        struct trust_entry *entry = &environment->stores[environment->store_count];
        entry->ca_file = memory_copy_text(ca_file);
        if (entry->ca_file || !ca_file) {
            entry->store = trust_store_hold(store);
            entry->file = file;
            entry->memory_failures = failures;
            environment->store_count++;
        }
    }
    return store;
}

struct event_base *run_base(const struct probe_run *run)
{
    return run->environment->base;
}

enum resolver_role run_deciding_role(const struct probe_run *run)
{
    unsigned view = evidence_deciding_view(run->evidence);
    bool host = view == VIEW_HOST ||
                (view == VIEW_LITERAL && run->target->network->host_resolver_count > 0);

    return host ? ROLE_HOST : ROLE_POD;
}

enum probe_mode run_mode(const struct probe_run *run)
{
    return run->environment->mode;
}

void run_local_error(struct probe_run *run, const char *what, int error)
{
    if (!run->evidence->local_error)
        run->evidence->local_error =
            arena_format(run->evidence->arena, "%s: %s", what, strerror(error));
}

/* ---- the end ---- */

static void free_run(struct probe_run *run)
{
    stage_path_cancel(run);
    stage_controls_end(run, CONTROL_CANCELLED);
    stage_egress_end(run, NULL);
    stage_registry_end(run, false);
    for (size_t i = 0; i < run->resolver_count; i++)
        resolver_free(run->resolvers[i]);
    fetch_release_dead(run);
    if (run->deadline)
        event_free(run->deadline);
    if (run->controls_due)
        event_free(run->controls_due);
    if (run->finish)
        event_free(run->finish);
    trust_store_release(run->store);
    arena_free(run->scratch);
    memory_release(run);
}

/* Says of every phase that was not reached why it was not. */
static void explain_skipped(struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->path_count; i++) {
        struct path_evidence *path = &evidence->paths[i];
        if (path->tls.outcome == TLS_SKIPPED && !path->tls.reason)
            path->tls.reason =
                arena_format(evidence->arena, "tcp: %s", tcp_outcome_name(path->tcp.outcome));
        if (path->api.outcome != API_SKIPPED || path->api.reason)
            continue;
        if (path->tls.outcome == TLS_SKIPPED)
            path->api.reason = path->tls.reason;
        else
            path->api.reason =
                arena_format(evidence->arena, "tls: %s", tls_outcome_name(path->tls.outcome));
    }
}

static void finish(int fd, short what, void *context)
{
    struct probe_run *run = context;
    struct evidence *evidence = run->evidence;
    probe_done_fn *done = run->done;
    void *done_context = run->context;

    (void)fd;
    (void)what;
    stage_path_cancel(run);
    stage_controls_end(run, CONTROL_CANCELLED);
    stage_egress_end(run, NULL);
    stage_registry_end(run, false);
    stage_registry_keep_standing(run);
    evidence->duration = clock_monotonic() - run->started;
    evidence->measured_at = clock_wall() / (int64_t)USEC_PER_SEC;
    explain_skipped(evidence);
    evidence->allocation_failed = memory_failures() != run->memory_failures ||
                                  arena_failed(evidence->arena) || arena_failed(run->scratch);
    run->evidence = NULL;
    free_run(run);
    done(evidence, done_context);
}

/* Only addresses of the deciding view decide; the linkage and the controls explain a failure. */
static bool explanation_wanted(const struct probe_run *run)
{
    return evidence_phase_state(run->evidence, PHASE_TCP) != PHASE_STATE_OK;
}

/* The address to allow matters where the path is silent, and where the registry turns it away. */
static bool egress_wanted(const struct probe_run *run)
{
    for (size_t i = 0; i < run->evidence->path_count; i++)
        if (run->evidence->paths[i].api.outcome == API_FORBIDDEN)
            return true;
    return explanation_wanted(run);
}

void run_progressed(struct probe_run *run)
{
    stage_registry_consider(run);
    if (stage_dns_pending(run) || stage_path_pending(run, VIEW_POD | VIEW_HOST | VIEW_LITERAL))
        return;
    if (stage_registry_pending(run))
        return;
    if (explanation_wanted(run)) {
        stage_controls_start(run);
        if (stage_path_pending(run, VIEW_LINKAGE) || stage_controls_pending(run))
            return;
    }
    if (egress_wanted(run)) {
        stage_egress_start(run);
        if (stage_egress_pending(run))
            return;
    }
    event_active(run->finish, EV_TIMEOUT, 0);
}

static void deadline(int fd, short what, void *context)
{
    struct probe_run *run = context;

    run->evidence->deadline_reached = true;
    stage_dns_expire(run);
    stage_path_expire(run);
    stage_controls_end(run, CONTROL_TIMEOUT);
    stage_egress_end(run, "no answer in time");
    stage_registry_end(run, true);
    /* At once: an answer that waits in this round of the loop would start what has no time left. */
    finish(fd, what, run);
}

static void controls_due(int fd, short what, void *context)
{
    struct probe_run *run = context;

    (void)fd;
    (void)what;
    if (!explanation_wanted(run))
        return;
    stage_controls_start(run);
    stage_egress_start(run);
}

/* ---- the start ---- */

static struct timeval to_timeval(usec_t duration)
{
    return (struct timeval){.tv_sec = (time_t)(duration / USEC_PER_SEC),
                            .tv_usec = (suseconds_t)(duration % USEC_PER_SEC)};
}

static int arm_timers(struct probe_run *run)
{
    struct timeval timeout = to_timeval(run->target->timeout);
    struct timeval quarter = to_timeval(run->target->timeout / 4);

    run->deadline = event_new(run_base(run), -1, 0, deadline, run);
    run->controls_due = event_new(run_base(run), -1, 0, controls_due, run);
    run->finish = event_new(run_base(run), -1, 0, finish, run);
    if (!run->deadline || !run->controls_due || !run->finish)
        return -1;
    if (event_add(run->deadline, &timeout) || event_add(run->controls_due, &quarter))
        return -1;
    return 0;
}

static void start_stages(struct probe_run *run)
{
    const struct target *target = run->target;

    run->store = open_store(run, target->ca_file);
    if (!run->store) {
        event_active(run->finish, EV_TIMEOUT, 0);
        return;
    }
    if (target->host_is_address)
        stage_path_start(run, &target->address, VIEW_LITERAL);
    if (!target->host_is_address || target->network->control_count || target->network->egress_url ||
        target->image_count || target->docker_config)
        stage_dns_start(run);
    if (target->has_linkage_address)
        stage_path_start(run, &target->linkage_address, VIEW_LINKAGE);
    if (run_mode(run) == PROBE_ONCE) {
        stage_controls_start(run);
        stage_egress_start(run);
    }
    run_progressed(run);
}

struct probe_run *probe_start(struct probe_environment *environment, const struct target *target,
                              probe_done_fn *done, void *context)
{
    struct probe_run *run = memory_allocate(sizeof(*run));

    if (!run)
        return NULL;
    run->environment = environment;
    run->target = target;
    run->done = done;
    run->egress.fd = -1;
    run->context = context;
    run->started = clock_monotonic();
    run->memory_failures = memory_failures();
    run->evidence = evidence_new();
    run->scratch = arena_new(SCRATCH_LIMIT);
    if (!run->evidence || !run->scratch || arm_timers(run)) {
        probe_cancel(run);
        return NULL;
    }
    start_stages(run);
    return run;
}

void probe_set_standing(struct probe_run *run, const struct registry_evidence *standing)
{
    if (run && standing)
        run->standing = registry_evidence_copy(standing, run->evidence->arena);
}

void probe_cancel(struct probe_run *run)
{
    if (!run)
        return;
    struct evidence *evidence = run->evidence;
    free_run(run);
    evidence_free(evidence);
}

/* ---- what a person sees while waiting ---- */

void probe_awaited(const struct probe_run *run, struct text *text)
{
    const char *separator = "";
    char address[ADDRESS_TEXT_SIZE];

    for (size_t i = 0; i < run->question_count; i++) {
        const struct dns_evidence *dns = run->questions[i].evidence;
        if (!run->questions[i].pending)
            continue;
        text_append_format(text, "%sdns %s %s", separator,
                           address_format(&dns->resolver.address, address),
                           record_type_name(dns->type));
        separator = ", ";
    }
    for (size_t i = 0; i < run->evidence->path_count; i++) {
        const struct path_run *path = &run->paths[i];
        const char *awaited = stage_path_awaited(path);
        if (!awaited)
            continue;
        text_append_format(text, "%s%s %s", separator, awaited,
                           address_format(&path->evidence->address, address));
        separator = ", ";
    }
    for (size_t i = 0; i < run->evidence->control_count; i++) {
        if (!run->controls[i].pending)
            continue;
        text_append_format(text, "%scontrol %s", separator, run->controls[i].evidence->name);
        separator = ", ";
    }
    stage_registry_awaited(run, text, &separator);
    if (stage_egress_pending(run))
        text_append_format(text, "%segress address", separator);
}
