#include "probes/diagnosis/facts.h"

#include <string.h>

#include "probes/evidence_view.h"

static bool is_tcr_name(const struct target *target)
{
    static const char suffix[] = ".tencentcloudcr.com";
    size_t length = target->host ? strlen(target->host) : 0;

    return target->instance || target->is_vpc_name ||
           (length > sizeof(suffix) - 1 &&
            strcmp(target->host + length - (sizeof(suffix) - 1), suffix) == 0);
}

static void collect_target(struct facts *facts)
{
    const struct target *target = facts->target;

    facts->is[FACT_TCR] = is_tcr_name(target);
    facts->is[FACT_EXPECT_PRIVATE] = target->expect == EXPECT_PRIVATE;
    facts->is[FACT_EXPECT_PUBLIC] = target->expect == EXPECT_PUBLIC;
    facts->is[FACT_VERIFICATION_SKIPPED] = target->plain_http || target->insecure_skip_verify;
}

/* A registry written as an address that is never dialled. */
static void collect_literal(struct facts *facts)
{
    for (size_t i = 0; i < facts->evidence->path_count; i++) {
        const struct path_evidence *path = &facts->evidence->paths[i];
        if ((path->views & VIEW_LITERAL) && path->address_class == CLASS_BOGUS &&
            path->tcp.outcome == TCP_SKIPPED) {
            facts_set_path(facts, FACT_BOGUS_ONLY, path);
            facts->is[FACT_LOOPBACK_ANSWER] |= facts_is_loopback(&path->address);
        }
    }
}

static bool path_fails(const struct facts *facts)
{
    static const enum fact signs[] = {
        FACT_BOGUS_ONLY,   FACT_NONE_CONNECTS,     FACT_TLS_STALLED,
        FACT_TLS_CLOSED,   FACT_CLAMPED_COMPLETES, FACT_CONTROL_SNI_ANSWERED,
        FACT_PLAIN_HTTP,   FACT_UNTRUSTED_ISSUER,  FACT_NAME_MISMATCH,
        FACT_EXPIRED,      FACT_NOT_YET_VALID,     FACT_HANDSHAKE_FAILED,
        FACT_FORBIDDEN,    FACT_FORBIDDEN_CLIENT,  FACT_NOT_A_REGISTRY,
        FACT_RATE_LIMITED, FACT_SERVER_ERROR,      FACT_API_STALLED,
        FACT_API_INVALID,
    };

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (facts->is[signs[i]])
            return true;
    return false;
}

static bool healthy(const struct facts *facts)
{
    const struct evidence *evidence = facts->evidence;

    if (facts->view != VIEW_LITERAL && evidence_phase_state(evidence, PHASE_DNS) != PHASE_STATE_OK)
        return false;
    for (int phase = PHASE_AUTH; phase < PHASE_COUNT; phase++)
        if (evidence_phase_state(evidence, (enum phase)phase) == PHASE_STATE_FAILED)
            return false;
    return evidence_phase_state(evidence, PHASE_TCP) == PHASE_STATE_OK &&
           (evidence_phase_state(evidence, PHASE_TLS) == PHASE_STATE_OK ||
            facts->target->plain_http) &&
           evidence_phase_state(evidence, PHASE_API) == PHASE_STATE_OK;
}

/* Failures that belong to the public path: silence, and being turned away by address. */
static void collect_public_path(struct facts *facts)
{
    static const enum fact signs[] = {FACT_PUBLIC_SILENT, FACT_REFUSED};
    static const enum fact later[] = {FACT_TLS_STALLED, FACT_TLS_CLOSED, FACT_FORBIDDEN,
                                      FACT_FORBIDDEN_CLIENT};

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        const struct path_evidence *path = facts->path[signs[i]];
        if (facts->is[FACT_NONE_CONNECTS] && path && path->address_class == CLASS_PUBLIC)
            facts_set_path(facts, FACT_PUBLIC_PATH_FAILS, path);
    }
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        const struct path_evidence *path = facts->path[later[i]];
        if (path && path->address_class == CLASS_PUBLIC)
            facts_set_path(facts, FACT_PUBLIC_PATH_FAILS, path);
    }
}

void facts_collect(struct facts *facts, const struct evidence *evidence,
                   const struct target *target)
{
    *facts = (struct facts){
        .evidence = evidence,
        .target = target,
        .view = evidence_deciding_view(evidence),
    };
    collect_target(facts);
    facts->is[FACT_LITERAL] = facts->view == VIEW_LITERAL;
    facts_collect_dns(facts);
    collect_literal(facts);
    facts_collect_connections(facts);
    facts_collect_handshakes(facts);
    facts_collect_registry(facts);
    collect_public_path(facts);
    facts->is[FACT_PATH_FAILS] = path_fails(facts);
    facts->is[FACT_HEALTHY] = healthy(facts);
    facts->is[FACT_EGRESS_KNOWN] = evidence->egress_address || facts->is[FACT_FORBIDDEN_CLIENT];
    facts->is[FACT_ALLOCATION_FAILED] = evidence->allocation_failed;
    facts->is[FACT_LOCAL_TROUBLE] = evidence->local_error != NULL;
}
