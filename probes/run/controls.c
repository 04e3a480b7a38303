/* SPDX-License-Identifier: MIT */
/*
 * Controls: places that must accept a connection if the network does. Only a TCP connect, nothing
 * is sent. A control's name is asked of every resolver of the run; the addresses found are dialled
 * at once, and one that connects is enough: of another family, or of a dead server, there may be
 * more.
 */

#include <errno.h>

#include "probes/evidence/address_class.h"
#include "probes/run/stages.h"

static enum control_outcome control_outcome_of(enum tcp_outcome outcome)
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

/* If a control has several addresses, it takes the outcome that tells most about the network. */
static bool says_more(enum control_outcome outcome, enum control_outcome than)
{
    static const unsigned char ranks[CONTROL_OUTCOME_COUNT] = {
        [CONTROL_LOCAL] = 1,   [CONTROL_UNREACHABLE] = 2, [CONTROL_TIMEOUT] = 3,
        [CONTROL_REFUSED] = 4, [CONTROL_OK] = 5,
    };

    return ranks[outcome] > ranks[than];
}

static void end_control(struct control_run *control)
{
    control->evidence->duration = clock_monotonic() - control->started;
    control->pending = false;
    for (unsigned i = 0; i < control->dial_count; i++) {
        dial_free(control->dials[i].dial);
        control->dials[i].dial = NULL;
    }
}

static void keep_outcome(struct control_run *control, enum control_outcome outcome,
                         const struct address *address, int error)
{
    if (!says_more(outcome, control->evidence->outcome))
        return;
    control->evidence->outcome = outcome;
    control->evidence->address = *address;
    control->evidence->error = error;
}

static void end_if_exhausted(struct control_run *control)
{
    if (control->dialling || control->questions)
        return;
    if (control->evidence->outcome == CONTROL_SKIPPED)
        control->evidence->outcome = CONTROL_UNRESOLVED;
    end_control(control);
}

static void control_connected(const struct dial_result *result, void *context)
{
    struct control_dial *one = context;
    struct control_run *control = one->control;

    if (result->fd >= 0)
        evutil_closesocket(result->fd);
    dial_free(one->dial);
    one->dial = NULL;
    control->dialling--;
    keep_outcome(control, control_outcome_of(result->outcome), &one->address, result->error);
    if (control->evidence->outcome == CONTROL_OK)
        end_control(control);
    else
        end_if_exhausted(control);
    run_progressed(control->run);
}

static void dial_control(struct control_run *control, const struct address *address)
{
    struct control_dial *one = &control->dials[control->dial_count];
    struct endpoint endpoint = {.address = *address, .port = control->control->port};

    for (unsigned i = 0; i < control->dial_count; i++)
        if (address_equal(&control->dials[i].address, address))
            return;
    if (control->dial_count == CONTROL_MAX_DIALS)
        return;
    if (!control->dial_count++)
        control->evidence->address = *address;
    *one = (struct control_dial){.control = control, .address = *address};
    one->dial = dial_start(run_base(control->run), &endpoint, 0, control_connected, one);
    if (one->dial)
        control->dialling++;
    else
        keep_outcome(control, CONTROL_LOCAL, address, ENOMEM);
}

/* Within this network, whatever its name says, an address is no witness of the internet. */
static bool is_witness(const struct control_run *control, const struct address *address)
{
    enum address_class found = address_classify(address, control->run->target->network, NULL, NULL);

    if (control->control->only_helps) /* a resolver may give any name a public address */
        return found == CLASS_PRIVATE || found == CLASS_PROVIDER;
    return found == CLASS_PUBLIC || (found != CLASS_BOGUS && control->control->kind == CONTROL_VPC);
}

static void control_resolved(const struct dns_evidence *answer, void *context)
{
    struct control_run *control = context;

    control->questions--;
    if (!control->pending)
        return;
    for (size_t i = 0; i < answer->address_count; i++)
        if (is_witness(control, &answer->addresses[i].address))
            dial_control(control, &answer->addresses[i].address);
    end_if_exhausted(control);
    run_progressed(control->run);
}

static void resolve_control(struct control_run *control)
{
    struct probe_run *run = control->run;

    for (size_t i = 0; i < run->resolver_count; i++)
        for (int type = RECORD_A; type <= RECORD_AAAA; type++)
            if (!resolver_ask(run->resolvers[i], control->control->host, (enum record_type)type,
                              control_resolved, control))
                control->questions++;
}

void stage_controls_start(struct probe_run *run)
{
    const struct network_settings *network = run->target->network;
    char buffer[HOST_PORT_SIZE];

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
        control->evidence->only_helps = wanted->only_helps;
        control->evidence->endpoint = arena_copy_text(
            run->evidence->arena, host_port_format(wanted->host, wanted->port, buffer));
        control->pending = true;
        if (wanted->host_is_address)
            dial_control(control, &wanted->address);
        else
            resolve_control(control);
        end_if_exhausted(control);
    }
}

bool stage_controls_pending(const struct probe_run *run)
{
    for (size_t i = 0; i < SETTINGS_MAX_CONTROLS; i++)
        if (run->controls[i].pending && !run->controls[i].control->only_helps)
            return true;
    return false;
}

void stage_controls_end(struct probe_run *run, enum control_outcome outcome)
{
    for (size_t i = 0; i < SETTINGS_MAX_CONTROLS; i++) {
        struct control_run *control = &run->controls[i];
        if (!control->pending)
            continue;
        if (outcome == CONTROL_CANCELLED || says_more(outcome, control->evidence->outcome))
            control->evidence->outcome = outcome;
        end_control(control);
    }
}
