/* SPDX-License-Identifier: MIT */
#include "probes/run/handshake_trials.h"

#include "config/base/memory.h"
#include "probes/transport/dial.h"
#include "probes/transport/tls_session.h"

#define SMALL_SEGMENT 536 /* every IPv4 host must take a packet that holds it (RFC 9293) */
#define CONTROL_NAME  "example.com"

struct trial {
    struct handshake_trials_run *trials;
    enum trial_outcome *outcome;
    int max_segment;
    const char *sni; /* NULL: the target's host */
    bool short_hello;
    struct dial *dial;
    struct tls_session *session;
    struct tls_evidence tls;
    bool pending;
};

struct handshake_trials_run {
    struct event_base *base;
    struct trust_store *store;
    const struct target *target;
    struct arena *arena;
    handshake_trials_done_fn *done;
    void *context;
    struct trial clamped;
    struct trial control_sni;
    struct trial short_hello;
};

bool handshake_trials_pending(const struct handshake_trials_run *trials)
{
    return trials->clamped.pending || trials->control_sni.pending || trials->short_hello.pending;
}

static void end_trial(struct trial *trial, enum trial_outcome outcome)
{
    struct handshake_trials_run *trials = trial->trials;

    *trial->outcome = outcome;
    trial->pending = false;
    if (!handshake_trials_pending(trials))
        trials->done(trials->context);
}

static enum trial_outcome outcome_of_handshake(const struct trial *trial)
{
    struct stream stream;

    if (tls_session_stream(trial->session, true, &stream))
        return TRIAL_COMPLETED;
    if (trial->tls.outcome == TLS_LOCAL)
        return TRIAL_NOT_MADE;
    return tls_session_heard_tls(trial->session) ? TRIAL_ANSWERED : TRIAL_CLOSED;
}

static void handshake_done(struct tls_session *session, void *context)
{
    struct trial *trial = context;

    (void)session;
    end_trial(trial, outcome_of_handshake(trial));
}

static enum trial_outcome outcome_of_connect(enum tcp_outcome outcome)
{
    if (outcome == TCP_REFUSED || outcome == TCP_RESET)
        return TRIAL_CLOSED;
    return outcome == TCP_TIMEOUT || outcome == TCP_UNREACHABLE ? TRIAL_SILENT : TRIAL_NOT_MADE;
}

static void trial_connected(const struct dial_result *result, void *context)
{
    struct trial *trial = context;
    struct handshake_trials_run *trials = trial->trials;
    struct tls_options options = {.host = trials->target->host,
                                  .host_is_address = trials->target->host_is_address,
                                  .sni = trial->sni,
                                  .verify =
                                      trial->short_hello && !trials->target->insecure_skip_verify,
                                  .long_hello = !trial->short_hello};

    dial_free(trial->dial);
    trial->dial = NULL;
    if (result->outcome != TCP_OK) {
        end_trial(trial, outcome_of_connect(result->outcome));
        return;
    }
    trial->session = tls_session_start(trials->base, trials->store, result->fd, &options,
                                       trials->arena, &trial->tls, handshake_done, trial);
    if (!trial->session)
        end_trial(trial, TRIAL_NOT_MADE);
}

static bool start_trial(struct trial *trial, const struct endpoint *endpoint)
{
    trial->dial =
        dial_start(trial->trials->base, endpoint, trial->max_segment, trial_connected, trial);
    trial->pending = trial->dial != NULL;
    return trial->pending;
}

struct handshake_trials_run *handshake_trials_start(
    struct event_base *base, struct trust_store *store, const struct endpoint *endpoint,
    const struct target *target, struct arena *arena, struct handshake_trials *result,
    handshake_trials_done_fn *done, void *context)
{
    struct handshake_trials_run *trials = memory_allocate(sizeof(*trials));

    if (!trials)
        return NULL;
    trials->base = base;
    trials->store = store;
    trials->target = target;
    trials->arena = arena;
    trials->done = done;
    trials->context = context;
    trials->clamped =
        (struct trial){.trials = trials, .outcome = &result->clamped, .max_segment = SMALL_SEGMENT};
    trials->control_sni =
        (struct trial){.trials = trials, .outcome = &result->control_sni, .sni = CONTROL_NAME};
    trials->short_hello =
        (struct trial){.trials = trials, .outcome = &result->short_hello, .short_hello = true};
    if (start_trial(&trials->clamped, endpoint) && start_trial(&trials->control_sni, endpoint) &&
        start_trial(&trials->short_hello, endpoint))
        return trials;
    trials->clamped.pending = trials->control_sni.pending = false;
    handshake_trials_end(trials);
    return NULL;
}

static bool heard_tls(const struct trial *trial)
{
    return trial->session && tls_session_heard_tls(trial->session);
}

struct tls_session *handshake_trials_take_short_hello(struct handshake_trials_run *trials,
                                                      struct tls_evidence *ret)
{
    struct trial *trial = &trials->short_hello;
    struct tls_session *session = trial->session;

    if (*trial->outcome != TRIAL_COMPLETED || heard_tls(&trials->control_sni))
        return NULL;
    *ret = trial->tls;
    trial->session = NULL;
    return session;
}

static void close_trial(struct trial *trial)
{
    if (trial->pending)
        *trial->outcome = heard_tls(trial) ? TRIAL_ANSWERED : TRIAL_SILENT;
    dial_free(trial->dial);
    tls_session_free(trial->session);
}

void handshake_trials_end(struct handshake_trials_run *trials)
{
    if (!trials)
        return;
    close_trial(&trials->clamped);
    close_trial(&trials->control_sni);
    close_trial(&trials->short_hello);
    memory_release(trials);
}
