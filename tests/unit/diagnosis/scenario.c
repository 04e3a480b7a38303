#include "tests/unit/diagnosis/scenario.h"

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
};

struct diagnosis *scenario_diagnose(const struct scenario *scenario)
{
    struct evidence *evidence = evidence_new();
    struct target target = target_template;
    struct diagnosis *diagnosis;

    assert_non_null(evidence);
    target.expect = scenario->expect;
    evidence->measured_at = MEASURED;
    evidence->allocation_failed = scenario->allocation_failed;
    evidence->local_error = scenario->local_error;
    for (size_t i = 0; i < MAX_PARTS && scenario->dns[i].name; i++)
        evidence->dns[evidence->dns_count++] = scenario->dns[i];
    for (size_t i = 0; i < MAX_PARTS && scenario->paths[i].views; i++)
        evidence->paths[evidence->path_count++] = scenario->paths[i];
    for (size_t i = 0; i < MAX_PARTS && scenario->controls[i].endpoint; i++)
        evidence->controls[evidence->control_count++] = scenario->controls[i];
    diagnosis = diagnose(evidence, &target);
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

bool scenario_check(const struct scenario *scenario)
{
    struct text got = TEXT_WITH_LIMIT(4096);
    struct diagnosis *diagnosis = scenario_diagnose(scenario);

    put_findings(&got, diagnosis);
    bool same = strcmp(text_string(&got), scenario->expected) == 0;
    if (!same)
        print_error("%s:\n  expected %s\n  got      %s\n", scenario->name, scenario->expected,
                    text_string(&got));
    assert_int_equal(diagnosis->status, diagnosis->findings[0].severity);
    diagnosis_free(diagnosis);
    text_free(&got);
    return same;
}
