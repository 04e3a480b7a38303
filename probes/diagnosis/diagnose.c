#include "probes/diagnosis/diagnose.h"

#include <stddef.h>
#include <stdlib.h>

#include "config/base/memory.h"
#include "probes/diagnosis/rules.h"
#include "probes/diagnosis/texts.h"

/* More than every finding with every line at its longest. */
#define ARENA_LIMIT ((size_t)4 * 1024 * 1024)

static const struct finding *find(const struct diagnosis *diagnosis, enum cause cause)
{
    for (size_t i = 0; i < diagnosis->count; i++)
        if (diagnosis->findings[i].cause == cause)
            return &diagnosis->findings[i];
    return NULL;
}

static bool any_of(const struct diagnosis *diagnosis, enum severity severity)
{
    for (size_t i = 0; i < diagnosis->count; i++)
        if (diagnosis->findings[i].severity == severity)
            return true;
    return false;
}

/* The address and the answer that the finding speaks of: those of its most telling fact. */
static struct subject subject_of(const struct rule *rule, const struct facts *facts,
                                 struct arena *arena)
{
    struct subject subject = {.facts = facts, .arena = arena};

    for (size_t i = 0; i < RULE_MAX_FACTS; i++) {
        enum fact fact = rule->all[i];
        if (!subject.path)
            subject.path = facts->path[fact];
        if (!subject.dns)
            subject.dns = facts->dns[fact];
        if (!subject.phase) {
            subject.phase = facts->phase[fact];
            subject.image = facts->image[fact];
            subject.images = facts->images[fact];
        }
    }
    if (!subject.dns && !subject.path)
        subject.dns = facts->dns[FACT_HAS_ADDRESS];
    return subject;
}

static void add(struct diagnosis *diagnosis, const struct rule *rule, const struct facts *facts)
{
    struct subject subject = subject_of(rule, facts, diagnosis->arena);
    struct finding *finding;

    if (diagnosis->count == DIAGNOSIS_MAX_FINDINGS)
        return;
    finding = &diagnosis->findings[diagnosis->count++];
    *finding = (struct finding){
        .cause = rule->cause,
        .severity = rule->severity,
        .confidence = rule->confidence,
    };
    finding_fill(finding, &subject);
}

static bool applies(const struct rule *rule, const struct facts *facts,
                    const struct diagnosis *diagnosis)
{
    if (!rule_holds(rule, facts) || find(diagnosis, rule->cause))
        return false;
    /* What failed may have failed for want of memory here. */
    if (rule->severity == SEVERITY_FAIL && facts->is[FACT_ALLOCATION_FAILED])
        return false;
    if (rule->severity == SEVERITY_OK)
        return !any_of(diagnosis, SEVERITY_FAIL) && !any_of(diagnosis, SEVERITY_UNKNOWN);
    return true;
}

/* Nothing fits, or only warnings while a phase did not end well: then nothing is known. */
static void add_fallback(struct diagnosis *diagnosis, const struct facts *facts)
{
    static const struct rule fallback = {
        .id = "local_error.nothing_else",
        .cause = CAUSE_LOCAL_ERROR,
        .severity = SEVERITY_UNKNOWN,
        .confidence = CONFIDENCE_POSSIBLE,
    };

    if (any_of(diagnosis, SEVERITY_FAIL) || any_of(diagnosis, SEVERITY_UNKNOWN))
        return;
    if (diagnosis->count > 0 && (facts->is[FACT_HEALTHY] || find(diagnosis, CAUSE_INTERMITTENT)))
        return;
    add(diagnosis, &fallback, facts);
}

static int compare(const void *left, const void *right)
{
    const struct finding *a = left;
    const struct finding *b = right;
    int by_severity = severity_rank(b->severity) - severity_rank(a->severity);

    return by_severity ? by_severity : (int)a->cause - (int)b->cause;
}

static void order(struct diagnosis *diagnosis)
{
    qsort(diagnosis->findings, diagnosis->count, sizeof(diagnosis->findings[0]), compare);
    diagnosis->status = diagnosis->findings[0].severity;
}

struct diagnosis *diagnose(const struct evidence *evidence, const struct target *target)
{
    uint64_t failures = memory_failures();
    struct diagnosis *diagnosis = memory_allocate(sizeof(*diagnosis));
    struct facts facts;

    if (!diagnosis)
        return NULL;
    diagnosis->arena = arena_new(ARENA_LIMIT);
    if (!diagnosis->arena) {
        memory_release(diagnosis);
        return NULL;
    }
    facts_collect(&facts, evidence, target);
    for (size_t i = 0; i < rule_count; i++)
        if (applies(&rules[i], &facts, diagnosis))
            add(diagnosis, &rules[i], &facts);
    add_fallback(diagnosis, &facts);
    order(diagnosis);
    if (arena_failed(diagnosis->arena) || memory_failures() != failures) { /* words may be cut */
        diagnosis_free(diagnosis);
        return NULL;
    }
    return diagnosis;
}

bool diagnosis_add_intermittent(struct diagnosis *diagnosis, const struct evidence *evidence,
                                const struct target *target, unsigned failed, unsigned runs,
                                enum cause last)
{
    static const struct rule rule = {
        .id = "intermittent.history",
        .cause = CAUSE_INTERMITTENT,
        .severity = SEVERITY_WARN,
        .confidence = CONFIDENCE_LIKELY,
    };
    uint64_t failures = memory_failures();
    struct facts facts;

    if (find(diagnosis, CAUSE_INTERMITTENT) || diagnosis->count == DIAGNOSIS_MAX_FINDINGS)
        return true;
    const char *summary = arena_format(
        diagnosis->arena,
        "The way to %s comes and goes: %u of the last %u runs failed, the latest of them with %s.",
        target->host, failed, runs, cause_name(last));
    if (!summary)
        return false;
    facts_collect(&facts, evidence, target);
    add(diagnosis, &rule, &facts);
    if (memory_failures() != failures) {
        diagnosis->count--;
        return false;
    }
    diagnosis->findings[diagnosis->count - 1].summary = summary;
    order(diagnosis);
    return true;
}

void diagnosis_free(struct diagnosis *diagnosis)
{
    if (!diagnosis)
        return;
    arena_free(diagnosis->arena);
    memory_release(diagnosis);
}
