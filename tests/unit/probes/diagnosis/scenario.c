/* SPDX-License-Identifier: MIT */
#include "tests/unit/probes/diagnosis/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/text.h"

static const struct target target_template = {
    .name = NAME,
    .host = NAME,
    .port = 443,
    .instance = "acme-prod",
    .timeout = 3 * USEC_PER_SEC,
    .certificate_warning_days = 21,
    .docker_config_count = 1,
    .docker_configs = (const char *const[]){"/key.json"},
};

struct evidence *scenario_measure(const struct scenario *scenario, struct target *ret_target)
{
    struct evidence *evidence = evidence_new();

    assert_non_null(evidence);
    *ret_target = target_template;
    ret_target->expect = scenario->expect;
    if (scenario->host) {
        ret_target->host = scenario->host;
        ret_target->instance = NULL;
    }
    if (scenario->port)
        ret_target->port = scenario->port;
    if (scenario->no_docker_config)
        ret_target->docker_config_count = 0;
    ret_target->has_linkage_address = scenario->linkage_address.family != AF_UNSPEC;
    ret_target->linkage_address = scenario->linkage_address;
    ret_target->plain_http = scenario->plain_http;
    ret_target->insecure_skip_verify = scenario->insecure_skip_verify;
    for (size_t i = 0; i < MAX_PARTS && scenario->images[i]; i++)
        ret_target->images[ret_target->image_count++] = scenario->images[i];
    if (scenario->registry)
        evidence->registry = registry_evidence_copy(scenario->registry, evidence->arena);
    evidence->egress_address = scenario->egress_address;
    evidence->measured_at = MEASURED;
    evidence->allocation_failed = scenario->allocation_failed;
    evidence->deadline_reached = scenario->deadline_reached;
    evidence->local_error = scenario->local_error;
    evidence->name_sources = scenario->name_sources;
    for (size_t i = 0; i < MAX_PARTS && scenario->dns[i].name; i++)
        evidence->dns[evidence->dns_count++] = scenario->dns[i];
    for (size_t i = 0; i < MAX_PARTS && scenario->paths[i].views; i++)
        evidence->paths[evidence->path_count++] = scenario->paths[i];
    evidence->proxy = scenario->proxy;
    evidence->node = scenario->node;
    for (size_t i = 0; i < MAX_PARTS && scenario->controls[i].endpoint; i++)
        evidence->controls[evidence->control_count++] = scenario->controls[i];
    return evidence;
}

struct diagnosis *scenario_diagnose(const struct scenario *scenario)
{
    struct target target;
    struct evidence *evidence = scenario_measure(scenario, &target);
    struct diagnosis *diagnosis = diagnose(evidence, &target);

    assert_non_null(diagnosis);
    evidence_free(evidence);
    return diagnosis;
}

static void put_findings(struct text *text, const struct diagnosis *diagnosis)
{
    for (size_t i = 0; i < diagnosis->count; i++)
        text_append_format(text, "%s%s %s %s", i ? "; " : "",
                           cause_name(diagnosis->findings[i].cause),
                           severity_name(diagnosis->findings[i].severity),
                           confidence_name(diagnosis->findings[i].confidence));
}

static void put_words(struct text *text, const struct finding *finding)
{
    text_append_format(text, "%s\n", finding->summary);
    for (size_t i = 0; i < finding->evidence_count; i++)
        text_append_format(text, "- %s\n", finding->evidence[i]);
    for (size_t i = 0; i < finding->remedy_count; i++)
        text_append_format(text, "%zu. %s\n", i + 1, finding->remedy[i]);
    for (size_t i = 0; i < finding->pull_error_count; i++)
        text_append_format(text, "> %s\n", finding->pull_errors[i]);
}

static bool words_fit(const struct scenario *scenario, const struct finding *finding)
{
    struct text words = TEXT_WITH_LIMIT(65536);
    bool fit = true;

    put_words(&words, finding);
    for (const char *const *phrase = scenario->says; *phrase; phrase++)
        if (!strstr(text_string(&words), *phrase)) {
            print_error("%s: lacks \"%s\"\n", scenario->name, *phrase);
            fit = false;
        }
    for (const char *const *phrase = scenario->never; *phrase; phrase++)
        if (strstr(text_string(&words), *phrase)) {
            print_error("%s: has \"%s\"\n", scenario->name, *phrase);
            fit = false;
        }
    if (!fit)
        print_error("%s", text_string(&words));
    text_free(&words);
    return fit;
}

bool scenario_check(const struct scenario *scenario)
{
    struct text got = TEXT_WITH_LIMIT(4096);
    struct diagnosis *diagnosis = scenario_diagnose(scenario);

    put_findings(&got, diagnosis);
    bool same = strcmp(text_string(&got), scenario->expected) == 0;
    if (!same)
        print_error("%s:\n  expected %s\n  got      %s\n", scenario->name, scenario->expected,
                    text_string(&got));
    same &= words_fit(scenario, &diagnosis->findings[0]);
    assert_int_equal(diagnosis->status, diagnosis->findings[0].severity);
    diagnosis_free(diagnosis);
    text_free(&got);
    return same;
}
