/* SPDX-License-Identifier: MIT */
/* Facts that TLS handshakes and GET /v2/ gave, on deciding addresses that connect. */

#include "probes/diagnosis/facts.h"

#include "probes/evidence/view.h"

#define SECONDS_PER_DAY   86400
#define CLOCK_TOLERANCE_S 60

static void collect_unfinished(struct facts *facts, const struct path_evidence *path,
                               enum fact symptom)
{
    const struct handshake_trials *trials = &path->trials;
    bool both_made = trials->clamped != TRIAL_NOT_MADE && trials->control_sni != TRIAL_NOT_MADE;
    bool name_answered = trials->clamped == TRIAL_COMPLETED || trials->clamped == TRIAL_ANSWERED;

    /* If large segments carry a whole handshake too, their size is not the reason. */
    if (both_made && trials->clamped == TRIAL_COMPLETED && trials->control_sni != TRIAL_COMPLETED)
        facts_set_path(facts, FACT_CLAMPED_COMPLETES, path);
    else if (both_made && !name_answered &&
             (trials->control_sni == TRIAL_ANSWERED || trials->control_sni == TRIAL_COMPLETED))
        facts_set_path(facts, FACT_CONTROL_SNI_ANSWERED, path);
    else
        facts_set_path(facts, symptom, path);
}

static void collect_hello(struct facts *facts, const struct path_evidence *path)
{
    enum trial_outcome control = path->trials.control_sni;

    if (!path->tls.short_hello || control == TRIAL_ANSWERED || control == TRIAL_COMPLETED)
        return;
    facts_set_path(facts, FACT_LONG_HELLO_UNANSWERED, path);
    if (path->trials.clamped == TRIAL_COMPLETED)
        facts_set_path(facts, FACT_LONG_HELLO_IN_SEGMENTS, path);
}

static void collect_defects(struct facts *facts, const struct path_evidence *path)
{
    static const struct {
        unsigned defects;
        enum fact fact;
    } table[] = {
        {DEFECT_SELF_SIGNED | DEFECT_UNTRUSTED_ISSUER, FACT_UNTRUSTED_ISSUER},
        {DEFECT_NAME_MISMATCH, FACT_NAME_MISMATCH},
        {DEFECT_EXPIRED, FACT_EXPIRED},
        {DEFECT_NOT_YET_VALID, FACT_NOT_YET_VALID},
        {DEFECT_WEAK | DEFECT_OTHER, FACT_HANDSHAKE_FAILED},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (path->tls.defects & table[i].defects)
            facts_set_path(facts, table[i].fact, path);
    if (path->tls.defects & (DEFECT_WEAK | DEFECT_OTHER))
        facts_set_path(facts, FACT_CERTIFICATE_REFUSED, path);
}

/* False when the handshake is fine or was not made. */
static bool collect_outcome(struct facts *facts, const struct path_evidence *path)
{
    switch (path->tls.outcome) {
    case TLS_SKIPPED:
    case TLS_OK:
    case TLS_CANCELLED:
    case TLS_OUTCOME_COUNT:
        return false;
    case TLS_TIMEOUT:
        collect_unfinished(facts, path, FACT_TLS_STALLED);
        return true;
    case TLS_RESET:
    case TLS_EOF:
        collect_unfinished(facts, path, FACT_TLS_CLOSED);
        return true;
    case TLS_PLAIN_HTTP:
        facts_set_path(facts, FACT_PLAIN_HTTP, path);
        return true;
    case TLS_UNTRUSTED_ISSUER:
    case TLS_SELF_SIGNED:
        facts_set_path(facts, FACT_UNTRUSTED_ISSUER, path);
        return true;
    case TLS_NAME_MISMATCH:
        facts_set_path(facts, FACT_NAME_MISMATCH, path);
        return true;
    case TLS_EXPIRED:
        facts_set_path(facts, FACT_EXPIRED, path);
        return true;
    case TLS_NOT_YET_VALID:
        facts_set_path(facts, FACT_NOT_YET_VALID, path);
        return true;
    case TLS_NOT_TLS:
    case TLS_ALERT:
    case TLS_UNSUPPORTED_PROTOCOL:
        facts_set_path(facts, FACT_HANDSHAKE_FAILED, path);
        return true;
    case TLS_INVALID_CERTIFICATE:
        facts_set_path(facts, FACT_HANDSHAKE_FAILED, path);
        facts_set_path(facts, FACT_CERTIFICATE_REFUSED, path);
        return true;
    case TLS_LOCAL:
        facts_set_path(facts, FACT_TLS_LOCAL, path);
        return false;
    }
    return false;
}

static bool certificate_valid_at(const struct certificate_evidence *certificate, int64_t time)
{
    return certificate->present && certificate->not_before <= time &&
           time <= certificate->not_after;
}

static void collect_expiry(struct facts *facts, const struct path_evidence *path)
{
    const struct certificate_evidence *certificate = &path->tls.certificate;
    int64_t now = facts->evidence->measured_at;
    int64_t warning = (int64_t)facts->target->certificate_warning_days * SECONDS_PER_DAY;

    if (certificate->present && certificate->not_after >= now &&
        certificate->not_after - now < warning)
        facts_set_path(facts, FACT_EXPIRING, path);
}

static void collect_clock(struct facts *facts, const struct path_evidence *path)
{
    const struct api_evidence *api = &path->api;
    const struct certificate_evidence *certificate = &path->tls.certificate;

    if (api->peer_time <= 0 || api->local_time <= 0)
        return;
    if (api->local_time <= api->peer_time + CLOCK_TOLERANCE_S &&
        api->peer_time <= api->local_time + CLOCK_TOLERANCE_S)
        return;
    facts_set_path(facts, FACT_CLOCK_DIFFERS, path);
    if ((facts->path[FACT_EXPIRED] == path || facts->path[FACT_NOT_YET_VALID] == path) &&
        certificate_valid_at(certificate, api->peer_time) &&
        !certificate_valid_at(certificate, api->local_time))
        facts_set_path(facts, FACT_CLOCK_EXPLAINS, path);
}

/* Images are answered at this address, so pulls by containerd do not depend on /v2/. */
static void collect_witness(struct facts *facts, const struct path_evidence *path)
{
    enum api_outcome outcome = path->api.outcome;

    if (outcome != API_SKIPPED && outcome != API_CANCELLED && outcome != API_LOCAL)
        facts_set_path(facts, FACT_PING_FAILS, path);
}

static void collect_api(struct facts *facts, const struct path_evidence *path)
{
    if (evidence_ping_is_witness(facts->evidence, path)) {
        collect_witness(facts, path);
        return;
    }
    switch (path->api.outcome) {
    case API_SKIPPED:
    case API_REGISTRY:
    case API_CANCELLED:
    case API_OUTCOME_COUNT:
        return;
    case API_FORBIDDEN:
        facts_set_path(facts, path->api.client_address ? FACT_FORBIDDEN_CLIENT : FACT_FORBIDDEN,
                       path);
        return;
    case API_NOT_A_REGISTRY:
        facts_set_path(facts, FACT_NOT_A_REGISTRY, path);
        facts->is[FACT_PAGE_ANSWERED] |= path->api.status == 200 || path->api.status == 401;
        return;
    case API_RATE_LIMITED:
        facts_set_path(facts, FACT_RATE_LIMITED, path);
        return;
    case API_SERVER_ERROR:
        facts_set_path(facts, FACT_SERVER_ERROR, path);
        return;
    case API_STALLED:
        facts_set_path(facts, FACT_API_STALLED, path);
        return;
    case API_MALFORMED:
    case API_CLOSED:
        facts_set_path(facts, FACT_API_INVALID, path);
        return;
    case API_LOCAL:
        facts_set_path(facts, FACT_API_LOCAL, path);
        return;
    }
}

void facts_collect_handshakes(struct facts *facts)
{
    const struct evidence *evidence = facts->evidence;

    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        if (path->tcp.outcome != TCP_OK || !evidence_path_decides(evidence, path))
            continue;
        if (path->tls.clients_differ)
            facts_set_path(facts, FACT_SOME_CLIENTS_REFUSE, path);
        collect_hello(facts, path);
        if (evidence_path_is_spare(evidence, path)) {
            if (path->tls.outcome != TLS_OK || path->api.outcome != API_REGISTRY)
                facts_set_path(facts, FACT_SPARE_FAILS, path);
            continue;
        }
        if (collect_outcome(facts, path))
            collect_defects(facts, path);
        collect_expiry(facts, path);
        collect_clock(facts, path);
        /* Over a session that did not verify only the Date counts. */
        if (path->tls.outcome == TLS_OK || facts->target->plain_http)
            collect_api(facts, path);
    }
}
