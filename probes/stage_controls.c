/*
 * Controls: places that must accept a connection if the network does. Only a TCP connect, nothing
 * is sent. A control's name is asked of every resolver of the run; the first address found is
 * dialled.
 */

#include <errno.h>
#include <string.h>

#include "probes/run.h"

static enum control_outcome outcome_of(enum tcp_outcome outcome)
{
    switch (outcome) {
    case TCP_OK:
        return CONTROL_OK;
    case TCP_TIMEOUT:
        return CONTROL_TIMEOUT;
    case TCP_REFUSED:
    case TCP_RESET:
        return CONTROL_REFUSED;
    case TCP_SKIPPED: /* no route at all: as unreachable as can be */
    case TCP_UNREACHABLE:
        return CONTROL_UNREACHABLE;
    case TCP_CANCELLED:
        return CONTROL_CANCELLED;
    case TCP_LOCAL:
    case TCP_OUTCOME_COUNT:
        break;
    }
    return CONTROL_LOCAL;
}

static void end_control(struct control_run *control, enum control_outcome outcome)
{
    control->evidence->outcome = outcome;
    control->evidence->duration = clock_monotonic() - control->started;
    control->pending = false;
}

static void connected(const struct dial_result *result, void *context)
{
    struct control_run *control = context;

    control->evidence->error = result->error;
    end_control(control, outcome_of(result->outcome));
    if (result->fd >= 0)
        evutil_closesocket(result->fd);
    dial_free(control->dial);
    control->dial = NULL;
    run_progressed(control->run);
}

static void dial_control(struct control_run *control, const struct address *address)
{
    struct endpoint endpoint = {.address = *address, .port = control->control->port};
    struct dial_options options = {0};

    control->evidence->address = *address;
    control->dial = dial_start(run_base(control->run), &endpoint, &options, connected, control);
    if (!control->dial)
        end_control(control, CONTROL_LOCAL);
}

static void resolved(const struct dns_evidence *answer, void *context)
{
    struct control_run *control = context;

    control->questions--;
    if (control->dial || !control->pending)
        return;
    if (answer->address_count)
        dial_control(control, &answer->addresses[0].address);
    else if (!control->questions)
        end_control(control, CONTROL_UNRESOLVED);
    run_progressed(control->run);
}

static void resolve_control(struct control_run *control)
{
    struct probe_run *run = control->run;

    for (size_t i = 0; i < run->resolver_count; i++)
        if (!resolver_ask(run->resolvers[i], control->control->host, RECORD_A, resolved, control))
            control->questions++;
    if (!control->questions)
        end_control(control, CONTROL_UNRESOLVED);
}

void stage_controls_start(struct probe_run *run)
{
    const struct network_settings *network = run->target->network;

    if (run->controls_started)
        return;
    run->controls_started = true;
    for (size_t i = 0; i < network->control_count; i++) {
        const struct control *wanted = &network->controls[i];
        struct control_run *control = &run->controls[i];
        control->run = run;
        control->control = wanted;
        control->started = clock_monotonic();
        control->evidence = &run->evidence->controls[run->evidence->control_count++];
        control->evidence->name = arena_copy_text(run->evidence->arena, wanted->name);
        control->evidence->kind = wanted->kind;
        control->evidence->endpoint =
            arena_format(run->evidence->arena, strchr(wanted->host, ':') ? "[%s]:%u" : "%s:%u",
                         wanted->host, (unsigned)wanted->port);
        control->pending = true;
        if (wanted->host_is_address)
            dial_control(control, &wanted->address);
        else
            resolve_control(control);
    }
}

bool stage_controls_pending(const struct probe_run *run)
{
    for (size_t i = 0; i < SETTINGS_MAX_CONTROLS; i++)
        if (run->controls[i].pending)
            return true;
    return false;
}

void stage_controls_end(struct probe_run *run, enum control_outcome outcome)
{
    for (size_t i = 0; i < SETTINGS_MAX_CONTROLS; i++) {
        struct control_run *control = &run->controls[i];
        if (control->pending)
            end_control(control, outcome);
        dial_free(control->dial);
        control->dial = NULL;
    }
}
