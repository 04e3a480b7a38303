/* SPDX-License-Identifier: MIT */
/*
 * One run at one place. Everything that needs no earlier answer starts at once. A stage that got
 * an answer calls run_progressed(), and advance() decides from the loop what starts next and
 * whether the run is over: either nothing pending can change a finding, or the deadline expires.
 */

#include "probes/conduct.h"

#include "config/base/memory.h"
#include "probes/evidence/view.h"
#include "probes/run/name_walk.h"
#include "probes/run/secrets.h"
#include "probes/run/stages.h"

#define SCRATCH_LIMIT ((size_t)2 * 1024 * 1024)

#define PULSES         20 /* per timeout */
#define CONTROLS_PULSE 5  /* a quarter of the timeout: the controls start if no path connects */
#define LEAST_STANDING (400 * USEC_PER_MSEC) /* that counts: a busy machine is late, too */
#define LEAST_LATE     (50 * USEC_PER_MSEC)  /* of one pulse, that adds up with others */
#define MOST_RESTARTS  3

static int arm_pulse(struct probe_run *run);
static bool restarted(struct probe_run *run);

/* ---- the end ---- */

/* Frees all but the evidence and the run itself. */
static void free_parts(struct probe_run *run)
{
    stage_path_cancel(run);
    stage_controls_end(run, CONTROL_CANCELLED);
    stage_egress_end(run, NULL);
    stage_registry_end(run, false);
    for (size_t i = 0; i < run->resolver_count; i++)
        resolver_free(run->resolvers[i]);
    name_walk_release(run);
    if (run->deadline)
        event_free(run->deadline);
    if (run->pulse)
        event_free(run->pulse);
    if (run->progress)
        event_free(run->progress);
    trust_store_release(run->store);
    arena_free(run->proxy.secrets);
    arena_free(run->scratch);
}

/* Gives every phase that was not reached its reason. */
static void explain_skipped(struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->path_count; i++) {
        struct path_evidence *path = &evidence->paths[i];
        if (path->tls.outcome == TLS_SKIPPED && !path->tls.reason)
            path->tls.reason =
                arena_format(evidence->arena, "tcp: %s", tcp_outcome_words(path->tcp.outcome));
        if (path->api.outcome != API_SKIPPED || path->api.reason)
            continue;
        if (path->tls.outcome == TLS_SKIPPED)
            path->api.reason = path->tls.reason;
        else
            path->api.reason =
                arena_format(evidence->arena, "tls: %s", tls_outcome_words(path->tls.outcome));
    }
}

/* Ends what is pending as cancelled. Does nothing the second time. */
static void end_stages(struct probe_run *run)
{
    stage_path_cancel(run);
    stage_proxy_end(run);
    stage_controls_end(run, CONTROL_CANCELLED);
    stage_egress_end(run, NULL);
    stage_registry_end(run, false);
}

static void finish(struct probe_run *run)
{
    struct evidence *evidence = run->evidence;
    conduct_done_fn *done = run->done;
    void *done_context = run->context;

    end_stages(run);
    stage_registry_keep_standing(run);
    evidence->duration = clock_monotonic() - run->started;
    evidence->measured_at = clock_wall() / (int64_t)USEC_PER_SEC;
    explain_skipped(evidence);
    run_redact(run);
    evidence->allocation_failed = memory_failures() != run->memory_failures || !run->scratch ||
                                  arena_failed(evidence->arena) || arena_failed(run->scratch);
    free_parts(run);
    redactor_free(&run->redactor);
    memory_release(run);
    done(evidence, done_context);
}

/* ---- the funnel ---- */

/* True unless an address of the deciding view connects. The linkage and the controls do not count,
 * because they only explain a failure. */
static bool explanation_wanted(const struct probe_run *run)
{
    return evidence_phase_state(run->evidence, PHASE_TCP) != PHASE_STATE_OK;
}

/* The allowlist needs this network's address if the path is silent or the registry answers 403. */
static bool egress_wanted(const struct probe_run *run)
{
    for (size_t i = 0; i < run->evidence->path_count; i++)
        if (run->evidence->paths[i].api.outcome == API_FORBIDDEN)
            return true;
    return explanation_wanted(run);
}

static void dial_new_addresses(struct probe_run *run)
{
    struct proxy_run *proxy = &run->proxy;

    for (; proxy->dialled < proxy->address_count; proxy->dialled++)
        stage_path_start(run, &proxy->addresses[proxy->dialled], VIEW_PROXY);
    for (size_t i = 0; i < run->question_count; i++) {
        struct question *question = &run->questions[i];
        const struct dns_evidence *dns = question->evidence;
        if (!question->is_new)
            continue;
        question->is_new = false;
        for (size_t k = 0; k < dns->address_count && dns->queried == NAME_TARGET; k++)
            stage_path_start(run, &dns->addresses[k].address,
                             dns->role == ROLE_HOST ? VIEW_HOST : VIEW_POD);
    }
}

/* True while an answer is pending that decides between ok, warn and fail. */
static bool verdict_pending(const struct probe_run *run)
{
    if (stage_proxy_is_used(run))
        return stage_proxy_pending(run) || stage_path_pending(run, VIEW_PROXY) ||
               stage_registry_pending(run);
    return stage_dns_pending(run) || stage_path_pending(run, VIEW_POD | VIEW_HOST | VIEW_GIVEN) ||
           stage_registry_pending(run);
}

/* Starts everything that can start now. Returns true when nothing pending can change a finding. */
static bool advance_stages(struct probe_run *run)
{
    if (!run->store)
        return true;
    dial_new_addresses(run);
    stage_registry_advance(run);
    bool pending = verdict_pending(run);
    if (pending && !run->path_is_silent)
        return false;
    if (explanation_wanted(run)) {
        stage_controls_start(run);
        pending |= stage_path_pending(run, VIEW_LINKAGE) || stage_controls_pending(run);
    }
    if (egress_wanted(run)) {
        stage_egress_start(run);
        pending |= stage_egress_pending(run);
    }
    return !pending;
}

/* How late the next pulse is. */
static usec_t lateness(const struct probe_run *run)
{
    usec_t now = clock_monotonic();

    return now > run->pulse_due ? now - run->pulse_due : 0;
}

/* True if this process stood still, at once or in parts, or the machine slept, for more than a
 * tenth of the timeout. A standstill may begin right after a pulse, so the pulses see up to a
 * twentieth less of it. */
static bool has_stood_still(const struct probe_run *run)
{
    usec_t twentieth = run->target->timeout / PULSES;
    usec_t most = twentieth > LEAST_STANDING ? twentieth : LEAST_STANDING;

    /* Two clocks make the sleep, so it may be a microsecond less than before. */
    return run->stood + lateness(run) > most || clock_asleep() > run->asleep + most;
}

/* True if anything was silent or went wrong that a standstill of this process can explain. */
static bool any_failed(const struct evidence *evidence)
{
    for (enum phase phase = 0; phase < PHASE_COUNT; phase++)
        if (evidence_phase_state(evidence, phase) == PHASE_STATE_FAILED)
            return true;
    for (size_t i = 0; i < evidence->dns_count; i++)
        if (evidence->dns[i].outcome == DNS_TIMEOUT || evidence->dns[i].outcome == DNS_MALFORMED)
            return true;
    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        if (path->tcp.outcome == TCP_TIMEOUT ||
            (path->tls.outcome != TLS_OK && path->tls.outcome != TLS_SKIPPED) ||
            (path->api.outcome != API_REGISTRY && path->api.outcome != API_SKIPPED))
            return true;
    }
    return false;
}

/* The only place that starts a stage after the start of the run, and that ends a run early. Runs
 * from the loop once after any number of calls of run_progressed(). */
static void advance(int fd, short what, void *context)
{
    struct probe_run *run = context;

    (void)fd;
    (void)what;
    if (!advance_stages(run))
        return;
    if (!has_stood_still(run) || !any_failed(run->evidence) || !restarted(run))
        finish(run);
}

static void pulse(int fd, short what, void *context)
{
    struct probe_run *run = context;
    usec_t late = lateness(run);

    (void)fd;
    (void)what;
    run->stood += late > LEAST_LATE ? late : 0;
    if (++run->pulses == CONTROLS_PULSE) {
        run->path_is_silent = explanation_wanted(run);
        run_progressed(run);
    }
    if (arm_pulse(run))
        run_local_error(run, "starting a timer", ENOMEM);
}

static void deadline(int fd, short what, void *context)
{
    struct probe_run *run = context;

    (void)fd;
    (void)what;
    if (has_stood_still(run) && restarted(run))
        return;
    run->evidence->deadline_reached = true;
    stage_dns_expire(run);
    stage_path_expire(run);
    stage_controls_end(run, CONTROL_TIMEOUT);
    stage_egress_end(run, "no answer in time");
    stage_registry_end(run, true);
    finish(run); /* at once, so that no pending event starts a stage that has no time left */
}

/* ---- the start ---- */

static int arm_timers(struct probe_run *run)
{
    struct timeval timeout = clock_timeval(run->target->timeout);

    run->deadline = event_new(run_base(run), -1, 0, deadline, run);
    run->pulse = event_new(run_base(run), -1, 0, pulse, run);
    run->progress = event_new(run_base(run), -1, 0, advance, run);
    if (!run->deadline || !run->pulse || !run->progress || arm_pulse(run))
        return -1;
    return event_add(run->deadline, &timeout);
}

/* Starts the stages that need no earlier answer. */
static void start_stages(struct probe_run *run)
{
    const struct target *target = run->target;
    bool proxied = stage_proxy_choose(run);

    if (run->evidence->proxy.outcome == PROXY_LOCAL)
        return;
    if (target->host_is_address)
        stage_path_start(run, &target->address, VIEW_LITERAL);
    if (proxied || !target->host_is_address || target->network->control_count ||
        target->network->egress_url || target->image_count || target->docker_config_count)
        stage_dns_start(run);
    stage_proxy_start(run);
    if (target->has_linkage_address)
        stage_path_start(run, &target->linkage_address, VIEW_LINKAGE);
    if (run_mode(run) == PROBE_ONCE) {
        stage_controls_start(run);
        stage_egress_start(run);
    }
}

static void open_store(struct probe_run *run)
{
    char error[256] = "";

    run->store =
        environment_trust_store(run->environment, run->target, run->puller, error, sizeof(error));
    if (!run->store)
        run->evidence->local_error = arena_copy_text(run->evidence->arena, error);
}

/* Returns 0, or -1 if memory is short. */
static int begin_run(struct probe_run *run, const struct registry_evidence *earlier)
{
    run->egress.fd = -1;
    run->started = clock_monotonic();
    run->asleep = clock_asleep();
    run->memory_failures = memory_failures();
    run->evidence = evidence_new();
    run->scratch = arena_new(SCRATCH_LIMIT);
    if (!run->evidence || !run->scratch || arm_timers(run))
        return -1;
    if (earlier)
        run->standing = registry_evidence_copy(earlier, run->evidence->arena);
    open_store(run);
    if (run->store)
        start_stages(run);
    run_progressed(run);
    return 0;
}

/* ---- a process that stood still ---- */

static int arm_pulse(struct probe_run *run)
{
    usec_t wait = run->target->timeout / PULSES;
    struct timeval timer = clock_timeval(wait);

    run->pulse_due = clock_monotonic() + wait;
    return event_add(run->pulse, &timer);
}

/* Ends a run that stood still too often: nothing was measured. No stage of it is pending. */
static void give_up(struct probe_run *run, struct evidence *measured)
{
    struct evidence *empty = evidence_new();

    run->standing = NULL; /* was in the measured evidence */
    if (!empty) {         /* memory is short, so that no failure is published either */
        run->evidence = measured;
        finish(run);
        return;
    }
    empty->local_error = arena_copy_text(empty->arena, "this process stood still again and again");
    run->evidence = empty;
    finish(run);
    evidence_free(measured);
}

/* Starts a run again in which something failed, because this process stood still: answers waited
 * unread, and peers may have given up, so no silence and no closed connection counts. Returns true
 * if the run was restarted or has ended. */
static bool restarted(struct probe_run *run)
{
    struct evidence *measured = run->evidence;
    if (run->restarts == MOST_RESTARTS) {
        end_stages(run);
        give_up(run, measured);
        return true;
    }
    free_parts(run);
    struct probe_run again = {.environment = run->environment,
                              .target = run->target,
                              .puller = run->puller,
                              .done = run->done,
                              .context = run->context,
                              .restarts = run->restarts + 1,
                              .standing = run->standing,
                              .redactor = run->redactor};
    *run = again;
    if (begin_run(run, again.standing) == 0) {
        evidence_free(measured);
    } else {
        evidence_free(run->evidence);
        give_up(run, measured);
    }
    return true;
}

struct probe_run *conduct_start(struct probe_environment *environment, const struct target *target,
                                const struct puller *puller,
                                const struct registry_evidence *earlier, conduct_done_fn *done,
                                void *context)
{
    struct probe_run *run = memory_allocate(sizeof(*run));

    if (!run)
        return NULL;
    run->environment = environment;
    run->target = target;
    run->puller = puller;
    run->done = done;
    run->context = context;
    if (begin_run(run, earlier)) {
        conduct_cancel(run);
        return NULL;
    }
    return run;
}

void conduct_cancel(struct probe_run *run)
{
    if (!run)
        return;
    struct evidence *evidence = run->evidence;
    free_parts(run);
    redactor_free(&run->redactor);
    memory_release(run);
    evidence_free(evidence);
}

void conduct_stop(struct probe_run *run, const char *why)
{
    struct evidence *evidence = run->evidence;

    if (!evidence->local_error)
        evidence->local_error = arena_copy_text(evidence->arena, why);
    finish(run);
}

/* ---- progress for a person who waits ---- */

void conduct_awaited(const struct probe_run *run, struct text *text, const char **separator)
{
    char address[ADDRESS_TEXT_SIZE];
    char endpoint[ENDPOINT_TEXT_SIZE];

    for (size_t i = 0; i < run->question_count; i++) {
        const struct dns_evidence *dns = run->questions[i].evidence;
        if (!run->questions[i].pending)
            continue;
        text_append_format(text, "%sdns %s %s", *separator,
                           address_format(&dns->resolver.address, address),
                           record_type_name(dns->type));
        *separator = ", ";
    }
    for (size_t i = 0; i < run->evidence->path_count; i++) {
        const struct path_run *path = &run->paths[i];
        const char *awaited = stage_path_awaited(path);
        if (!awaited)
            continue;
        struct endpoint at = {path->evidence->address, run->target->port};
        text_append_format(text, "%s%s %s", *separator, awaited, endpoint_format(&at, endpoint));
        *separator = ", ";
    }
    for (size_t i = 0; i < run->evidence->control_count; i++) {
        if (!run->controls[i].pending)
            continue;
        text_append_format(text, "%scontrol %s", *separator, run->controls[i].evidence->name);
        *separator = ", ";
    }
    stage_registry_awaited(run, text, separator);
    if (stage_egress_pending(run))
        text_append_format(text, "%segress address", *separator);
}
