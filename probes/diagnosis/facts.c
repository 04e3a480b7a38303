/* SPDX-License-Identifier: MIT */
#include "probes/diagnosis/facts.h"

#include <string.h>

#include "probes/evidence/view.h"

static bool host_ends_with(const char *text, const char *suffix)
{
    size_t length = text ? strlen(text) : 0;

    return length > strlen(suffix) && strcmp(text + length - strlen(suffix), suffix) == 0;
}

static bool is_tcr_enterprise(const struct target *target)
{
    return target->instance || target->is_vpc_name ||
           host_ends_with(target->host, ".tencentcloudcr.com");
}

bool facts_is_tencent(const struct target *target)
{
    return is_tcr_enterprise(target) || host_ends_with(target->host, ".tencentyun.com");
}

static void collect_target(struct facts *facts)
{
    const struct target *target = facts->target;

    facts->is[FACT_TCR] = is_tcr_enterprise(target);
    facts->is[FACT_TENCENT] = facts_is_tencent(target);
    facts->is[FACT_OTHER_PORT] = target->port != 443;
    /* Through a proxy nobody knows which address the registry has there. */
    facts->is[FACT_EXPECT_PRIVATE] =
        target->expect == EXPECT_PRIVATE && !facts->evidence->proxy.url;
    facts->is[FACT_EXPECT_PUBLIC] = target->expect == EXPECT_PUBLIC && !facts->evidence->proxy.url;
    facts->is[FACT_NO_KEY_GIVEN] = !target->docker_config_count;
    facts->is[FACT_VERIFICATION_SKIPPED] = target->plain_http || target->insecure_skip_verify;
}

/* The registry's name is an address, or the hosts file gives its addresses, and none of them may be
 * dialled. */
static void collect_literal(struct facts *facts)
{
    const struct path_evidence *bogus = NULL;

    for (size_t i = 0; i < facts->evidence->path_count; i++) {
        const struct path_evidence *path = &facts->evidence->paths[i];
        if (!(path->views & VIEW_GIVEN))
            continue;
        if (path->address_class != CLASS_BOGUS || path->tcp.outcome != TCP_SKIPPED)
            return;
        bogus = bogus && !facts_is_loopback(&path->address) ? bogus : path;
    }
    if (!bogus)
        return;
    facts_set_path(facts, FACT_BOGUS_ONLY, bogus);
    facts->is[FACT_LOOPBACK_ANSWER] = facts_is_loopback(&bogus->address);
}

static void collect_path_fails(struct facts *facts)
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
            facts_set_path(facts, FACT_PATH_FAILS, facts->path[signs[i]]);
}

static bool run_is_healthy(const struct facts *facts)
{
    const struct evidence *evidence = facts->evidence;

    if (!(facts->view & VIEW_GIVEN) && evidence_phase_state(evidence, PHASE_DNS) != PHASE_STATE_OK)
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

/* In any answer for the -vpc name. */
static bool vpc_name_gives(const struct evidence *evidence, const struct address *address)
{
    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        for (size_t n = 0; dns->queried == NAME_VPC && n < dns->address_count; n++)
            if (address_equal(&dns->addresses[n].address, address))
                return true;
    }
    return false;
}

static void collect_linkage_address(struct facts *facts)
{
    const struct path_evidence *works = facts->path[FACT_LINKAGE_CONNECTS];
    const struct path_evidence *silent = facts->path[FACT_LINKAGE_SILENT];
    const struct path_evidence *used = facts->path[FACT_PRIVATE_SILENT];

    facts->is[FACT_LINKAGE_NAME_SILENT] =
        silent && !works && vpc_name_gives(facts->evidence, &silent->address);
    facts->is[FACT_LINKAGE_ELSEWHERE] = facts->is[FACT_LINKAGE_SEEN] && used && used != works &&
                                        !facts->is[FACT_LINKAGE_NAME_SILENT] &&
                                        !vpc_name_gives(facts->evidence, &used->address);
}

void facts_collect(struct facts *facts, const struct evidence *evidence,
                   const struct target *target)
{
    *facts = (struct facts){
        .evidence = evidence,
        .seen = *target,
        .view = evidence_deciding_view(evidence),
    };
    facts->target = &facts->seen;
    facts->seen.plain_http |= evidence->node.plain_http;
    facts->seen.insecure_skip_verify |= evidence->node.skips_verify;
    collect_target(facts);
    facts->is[FACT_LITERAL] = facts->view == VIEW_LITERAL;
    facts_collect_dns(facts);
    collect_literal(facts);
    facts_collect_connections(facts);
    facts->is[FACT_LINKAGE_SEEN] =
        facts->is[FACT_LINKAGE_VPC_NAME] || facts->is[FACT_LINKAGE_CONNECTS];
    collect_linkage_address(facts);
    facts_collect_handshakes(facts);
    facts_collect_registry(facts);
    facts_collect_mirrors(facts);
    collect_public_path(facts);
    collect_path_fails(facts);
    facts->is[FACT_HEALTHY] = run_is_healthy(facts) && !facts->is[FACT_REGISTRY_NOT_ASKED];
    facts->is[FACT_EGRESS_KNOWN] = evidence->egress_address || facts->is[FACT_FORBIDDEN_CLIENT];
    facts->is[FACT_ALLOCATION_FAILED] = evidence->allocation_failed;
    facts->is[FACT_LOCAL_TROUBLE] = evidence->local_error != NULL;
    facts->is[FACT_TIME_OVER] = evidence->deadline_reached && !evidence->allocation_failed &&
                                !evidence->local_error && !facts->is[FACT_DNS_LOCAL] &&
                                !facts->is[FACT_TCP_LOCAL] && !facts->is[FACT_TLS_LOCAL] &&
                                !facts->is[FACT_API_LOCAL] && !facts->is[FACT_REGISTRY_LOCAL];
}
