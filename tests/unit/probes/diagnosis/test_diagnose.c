/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/memory.h"
#include "probes/diagnosis/rules.h"
#include "probes/evidence/view.h"
#include "tests/support.h"
#include "tests/unit/probes/diagnosis/scenarios.h"

static void check_all(const struct scenario *scenarios, size_t count)
{
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++)
        wrong += !scenario_check(&scenarios[i]);
    assert_int_equal(wrong, 0);
}

static void network_scenarios(void **state)
{
    (void)state;
    check_all(scenarios_network, scenarios_network_count);
}

static void registry_scenarios(void **state)
{
    (void)state;
    check_all(scenarios_registry, scenarios_registry_count);
}

static void pull_scenarios(void **state)
{
    (void)state;
    check_all(scenarios_pull, scenarios_pull_count);
}

static void node_scenarios(void **state)
{
    (void)state;
    check_all(scenarios_node, scenarios_node_count);
}

static void texts_hold_what_was_measured(void **state)
{
    (void)state;
    check_all(scenarios_texts, scenarios_texts_count);
}

/* ---- short of memory ---- */

static bool same_lines(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && a_count == b_count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return a_count == b_count;
}

static bool same_words(const struct diagnosis *a, const struct diagnosis *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++) {
        const struct finding *one = &a->findings[i];
        const struct finding *other = &b->findings[i];
        same = one->cause == other->cause && strcmp(one->summary, other->summary) == 0 &&
               same_lines(one->evidence, one->evidence_count, other->evidence,
                          other->evidence_count) &&
               same_lines(one->remedy, one->remedy_count, other->remedy, other->remedy_count) &&
               same_lines(one->pull_errors, one->pull_error_count, other->pull_errors,
                          other->pull_error_count);
    }
    return same;
}

/* Adds the findings that only a history gives, if `adds` is set; NULL or false leave nothing
 * behind. */
static struct diagnosis *diagnose_short(const struct evidence *evidence,
                                        const struct target *target, bool adds,
                                        void (*begin)(unsigned long number), unsigned long number)
{
    struct diagnosis *diagnosis = adds ? diagnose(evidence, target) : NULL;
    bool added = false;

    begin(number);
    if (adds)
        added = diagnosis_add_intermittent(diagnosis, evidence, target, 3, 9, CAUSE_DNS_TIMEOUT);
    else
        diagnosis = diagnose(evidence, target);
    fault_end();
    if (!adds || added)
        return diagnosis;
    assert_int_equal(diagnosis->count, 1);
    diagnosis_free(diagnosis);
    return NULL;
}

/* Once it fails for good or for once, a word is not there or whole. */
static void survives_every_failed_allocation(void **state)
{
    struct target target = {.host = NAME, .port = 443, .instance = "acme-prod"};
    struct evidence *evidence = evidence_new();

    (void)state;
    assert_non_null(evidence);
    evidence->path_count = 1;
    evidence->paths[0] = (struct path_evidence)PUBLIC(VIEW_LITERAL, TCP(TCP_TIMEOUT));
    for (unsigned way = 0; way < 4; way++) {
        bool adds = way & 1;
        struct diagnosis *whole = diagnose_short(evidence, &target, adds, fault_begin, 0);
        bool failed = true;

        for (unsigned long n = 1; failed; n++) {
            uint64_t before = memory_failures();
            struct diagnosis *diagnosis = diagnose_short(
                evidence, &target, adds, way & 2 ? fault_begin : fault_begin_lasting, n);
            failed = memory_failures() != before;
            assert_true(diagnosis || failed);
            if (diagnosis && !same_words(diagnosis, whole))
                fail_msg("way %u, allocation %lu: %s", way, n, diagnosis->findings[0].summary);
            diagnosis_free(diagnosis);
        }
        diagnosis_free(whole);
    }
    evidence_free(evidence);
}

/* ---- every combination of outcomes of one address, its resolver and an internet control ---- */

static bool is_silent_path(enum cause cause)
{
    return cause == CAUSE_POD_NETWORK_BLOCKED || cause == CAUSE_DNS_TIMEOUT ||
           cause == CAUSE_PRIVATE_LINKAGE_MISSING || cause == CAUSE_PRIVATE_DNS_NOT_ENABLED ||
           cause == CAUSE_NAT_MISSING || cause == CAUSE_ALLOWLIST_MISSING ||
           cause == CAUSE_PUBLIC_PATH_BLOCKED || cause == CAUSE_PRIVATE_PATH_BLOCKED ||
           cause == CAUSE_TLS_TIMEOUT || cause == CAUSE_MTU_BLACK_HOLE ||
           cause == CAUSE_SNI_FILTERED || cause == CAUSE_HTTP_TIMEOUT;
}

static void check_sane(const struct evidence *evidence, const struct diagnosis *diagnosis)
{
    assert_non_null(diagnosis);
    assert_in_range(diagnosis->count, 1, DIAGNOSIS_MAX_FINDINGS);
    for (size_t i = 0; i < diagnosis->count; i++) {
        const struct finding *finding = &diagnosis->findings[i];
        assert_true(finding->summary && finding->summary[0]);
        if (i == 0 || finding->severity == SEVERITY_WARN)
            assert_true(finding->remedy_count > 0);
        if (i > 0)
            assert_true(severity_rank(finding[-1].severity) >= severity_rank(finding->severity));
        if (is_silent_path(finding->cause))
            assert_int_not_equal(finding->confidence, CONFIDENCE_CERTAIN);
        if (finding->severity != SEVERITY_OK)
            continue;
        assert_true(diagnosis->status == SEVERITY_OK || diagnosis->status == SEVERITY_WARN);
        for (size_t phase = 0; phase < PHASE_COUNT; phase++)
            assert_int_not_equal(evidence_phase_state(evidence, (enum phase)phase),
                                 PHASE_STATE_FAILED);
    }
}

static void walk_path(struct evidence *evidence, const struct target *target)
{
    struct path_evidence *path = &evidence->paths[0];

    for (size_t tcp = 0; tcp < TCP_OUTCOME_COUNT; tcp++)
        for (size_t tls = 0; tls < TLS_OUTCOME_COUNT; tls++)
            for (size_t api = 0; api < API_OUTCOME_COUNT; api++) {
                path->tcp.outcome = (enum tcp_outcome)tcp;
                path->tls.outcome = (enum tls_outcome)tls;
                path->api.outcome = (enum api_outcome)api;
                struct diagnosis *diagnosis = diagnose(evidence, target);
                check_sane(evidence, diagnosis);
                diagnosis_free(diagnosis);
                /* A phase after a failed one cannot have been measured. */
                if (tcp != TCP_OK || tls != TLS_OK)
                    break;
            }
}

static void every_combination_gets_a_finding(void **state)
{
    struct dns_address address = {.address = PUBLIC_ADDRESS, .rule = "none"};
    struct target target = {.host = NAME, .port = 443, .instance = "acme-prod"};
    struct evidence *evidence = evidence_new();

    (void)state;
    assert_non_null(evidence);
    evidence->dns_count = 1;
    evidence->dns[0] = (struct dns_evidence)POD(.addresses = &address);
    evidence->control_count = 1;
    evidence->controls[0] = (struct control_evidence)INTERNET(CONTROL_SKIPPED);
    evidence->path_count = 1;
    evidence->paths[0] = (struct path_evidence)PUBLIC(VIEW_POD, TCP(TCP_SKIPPED));
    for (size_t dns = 0; dns < DNS_OUTCOME_COUNT; dns++)
        for (size_t kind = 0; kind < CLASS_COUNT; kind++)
            for (size_t control = 0; control < CONTROL_OUTCOME_COUNT; control++) {
                evidence->dns[0].outcome = (enum dns_outcome)dns;
                evidence->dns[0].address_count = dns == DNS_NOERROR;
                address.address_class = (enum address_class)kind;
                evidence->paths[0].address_class = (enum address_class)kind;
                evidence->controls[0].outcome = (enum control_outcome)control;
                walk_path(evidence, &target);
                evidence->paths[0].views ^= VIEW_POD | VIEW_LITERAL;
                walk_path(evidence, &target);
                evidence->paths[0].views ^= VIEW_POD | VIEW_LITERAL;
            }
    evidence_free(evidence);
}

/* ---- the tables ---- */

static void rule_rows_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < rule_count; i++) {
        assert_non_null(rules[i].id);
        assert_int_not_equal(rules[i].all[0], FACT_NONE);
        assert_memory_equal(rules[i].id, cause_name(rules[i].cause),
                            strlen(cause_name(rules[i].cause)));
        if (i > 0)
            assert_true(rules[i].cause >= rules[i - 1].cause);
        for (size_t n = 0; n < i; n++)
            assert_string_not_equal(rules[i].id, rules[n].id);
    }
}

static void history_adds_intermittent(void **state)
{
    const struct scenario works = {
        .name = "works now", .dns = {POD(GIVES_PUBLIC)}, .paths = {PUBLIC(VIEW_POD, WORKS)}};
    struct target target;
    struct evidence *evidence = scenario_measure(&works, &target);
    struct diagnosis *diagnosis = scenario_diagnose(&works);

    (void)state;
    assert_int_equal(diagnosis->status, SEVERITY_OK);
    for (int again = 0; again < 2; again++) {
        assert_true(diagnosis_add_intermittent(diagnosis, evidence, &target, 7, 20,
                                               CAUSE_PUBLIC_PATH_BLOCKED));
        assert_int_equal(diagnosis->status, SEVERITY_WARN);
        assert_int_equal(diagnosis->count, 2);
    }
    assert_int_equal(diagnosis->findings[0].cause, CAUSE_INTERMITTENT);
    assert_int_equal(diagnosis->findings[1].cause, CAUSE_OK_PUBLIC);
    assert_non_null(
        strstr(diagnosis->findings[0].summary,
               "7 of the last 20 runs failed. The latest failure: The registry's public "
               "address does not answer"));
    assert_null(strstr(diagnosis->findings[0].summary, "public_path_blocked"));
    assert_non_null(strstr(diagnosis->findings[0].remedy[0], "allowlist"));
    diagnosis_free(diagnosis);
    evidence_free(evidence);
}

static void catalogue_names_round_trip(void **state)
{
    enum cause cause = CAUSE_COUNT;

    (void)state;
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        assert_true(cause_from_name(cause_name((enum cause)i), &cause));
        assert_int_equal(cause, i);
    }
    assert_string_equal(cause_name(CAUSE_NAT_MISSING), "nat_missing");
    assert_string_equal(cause_docs(CAUSE_NAT_MISSING), "tcr-probe explain nat_missing");
    struct arena *arena = arena_new(0);
    assert_string_equal(cause_link(CAUSE_NAT_MISSING, NULL, arena),
                        "tcr-probe explain nat_missing");
    assert_string_equal(cause_link(CAUSE_NAT_MISSING, "https://wiki.example/tcr", arena),
                        "https://wiki.example/tcr#nat_missing");
    assert_string_equal(cause_link(CAUSE_NAT_MISSING, "https://wiki.example/tcr/", arena),
                        "https://wiki.example/tcr/nat_missing");
    assert_string_equal(cause_link(CAUSE_NAT_MISSING, "https://wiki.example/?page=", arena),
                        "https://wiki.example/?page=nat_missing");
    arena_free(arena);
    assert_false(cause_from_name("nat", &cause));
    assert_true(severity_rank(SEVERITY_FAIL) > severity_rank(SEVERITY_UNKNOWN));
    assert_true(severity_rank(SEVERITY_UNKNOWN) > severity_rank(SEVERITY_WARN));
    assert_true(severity_rank(SEVERITY_WARN) > severity_rank(SEVERITY_OK));
}

static void docs_name_a_command_or_a_page(void **state)
{
    static const char *const bases[][2] = {
        {NULL, "tcr-probe explain local_error"},
        {"https://wiki.example/causes", "https://wiki.example/causes#local_error"},
        {"https://wiki.example/causes/", "https://wiki.example/causes/local_error"},
    };
    struct evidence *evidence = evidence_new();

    (void)state;
    assert_non_null(evidence);
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        const struct network_settings network = {.docs_url = bases[i][0]};
        struct target target = {.host = NAME, .port = 443, .network = &network};
        struct diagnosis *diagnosis = diagnose(evidence, &target);
        assert_string_equal(diagnosis->findings[0].docs, bases[i][1]);
        diagnosis_free(diagnosis);
    }
    evidence_free(evidence);
}

/* An argument is a pattern of the tests to run: the scenarios alone take milliseconds. */
int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_scenarios),
        cmocka_unit_test(registry_scenarios),
        cmocka_unit_test(pull_scenarios),
        cmocka_unit_test(node_scenarios),
        cmocka_unit_test(texts_hold_what_was_measured),
        cmocka_unit_test(survives_every_failed_allocation),
        cmocka_unit_test(every_combination_gets_a_finding),
        cmocka_unit_test(rule_rows_are_well_formed),
        cmocka_unit_test(history_adds_intermittent),
        cmocka_unit_test(catalogue_names_round_trip),
        cmocka_unit_test(docs_name_a_command_or_a_page),
    };

    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
