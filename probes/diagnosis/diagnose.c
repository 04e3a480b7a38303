/* SPDX-License-Identifier: MIT */
#include "probes/diagnosis/diagnose.h"

#include <stddef.h>
#include <stdlib.h>

#include "config/base/memory.h"
#include "probes/diagnosis/client_error.h"
#include "probes/diagnosis/lines.h"
#include "probes/diagnosis/rules.h"
#include "probes/diagnosis/subject.h"
#include "probes/diagnosis/words.h"

/* Upper bound: every finding with every line at its limit stays well below it. */
#define ARENA_LIMIT ((size_t)4 * 1024 * 1024)

static const struct finding *find_finding(const struct diagnosis *diagnosis, enum cause cause)
{
    for (size_t i = 0; i < diagnosis->count; i++)
        if (diagnosis->findings[i].cause == cause)
            return &diagnosis->findings[i];
    return NULL;
}

static bool has_severity(const struct diagnosis *diagnosis, enum severity severity)
{
    for (size_t i = 0; i < diagnosis->count; i++)
        if (diagnosis->findings[i].severity == severity)
            return true;
    return false;
}

/* Returns the address whose failure a client would see first. */
static const struct path_evidence *first_failure(const struct facts *facts)
{
    return facts->path[FACT_PATH_FAILS] ? facts->path[FACT_PATH_FAILS]
                                        : facts->path[FACT_NONE_CONNECTS];
}

/* True for a fact about an address or answer that works, or about one of several failures. */
static bool is_beside(enum fact fact)
{
    return fact == FACT_LINKAGE_CONNECTS || fact == FACT_LINKAGE_VPC_NAME ||
           fact == FACT_OTHER_PATH_WORKS || fact == FACT_OTHER_HAS_ADDRESS ||
           fact == FACT_RESOLVER_ANSWERED || fact == FACT_NONE_CONNECTS || fact == FACT_CONNECTS;
}

static void find_subject(struct subject *subject, const struct rule *rule)
{
    const struct facts *facts = subject->facts;

    for (size_t i = 0; i < RULE_MAX_FACTS; i++) {
        enum fact fact = rule->all[i];
        if (is_beside(fact))
            continue;
        if (!subject->path)
            subject->path = facts->path[fact];
        if (!subject->dns)
            subject->dns = facts->dns[fact];
        if (!subject->mirror)
            subject->mirror = facts->mirror[fact];
        if (!subject->phase) {
            subject->phase = facts->phase[fact];
            subject->image = facts->image[fact];
            subject->images = facts->images[fact];
        }
    }
}

/* ---- what decides on a node ---- */

static bool is_about_node(const struct rule *rule)
{
    for (size_t i = 0; i < RULE_MAX_FACTS; i++)
        if (rule->all[i] >= FACT_NODE_FIRST && rule->all[i] <= FACT_NODE_LAST)
            return true;
    return false;
}

/* A pull that a mirror serves does not depend on the registry. */
static enum severity severity_of(const struct rule *rule, const struct facts *facts)
{
    bool fails = rule->severity == SEVERITY_FAIL || rule->severity == SEVERITY_UNKNOWN;

    if (!fails || is_about_node(rule))
        return rule->severity;
    if (facts->is[FACT_MIRROR_SERVES])
        return SEVERITY_WARN;
    return facts->is[FACT_MIRROR_UNKNOWN] ? SEVERITY_UNKNOWN : rule->severity;
}

/* The address, the answer and the image that the finding speaks of. */
static struct subject subject_of(const struct rule *rule, const struct facts *facts,
                                 struct arena *arena)
{
    struct subject subject = {.facts = facts, .severity = severity_of(rule, facts), .arena = arena};

    find_subject(&subject, rule);
    if (rule->cause == CAUSE_DNS_ANSWERS_DIFFER && facts->dns[FACT_PULLS_ASK]) {
        subject.dns = facts->dns[FACT_PULLS_ASK];
        subject.other = facts_other_answer(facts, subject.dns);
    } else {
        subject.other = facts->dns[FACT_OTHER_HAS_ADDRESS];
    }
    if (!subject.dns)
        subject.dns = facts->dns[FACT_PULLS_ASK];
    if (!subject.dns)
        subject.dns = facts->dns[FACT_RESOLVER_ANSWERED];
    if (!subject.path && !subject.phase && subject.severity == SEVERITY_FAIL)
        subject.path = first_failure(facts);
    return subject;
}

static void add_pull_error(const char **lines, size_t *count, const char *line)
{
    if (line && *count < FINDING_MAX_LINES)
        lines[(*count)++] = line;
}

static void add(struct diagnosis *diagnosis, const struct rule *rule, const struct facts *facts)
{
    struct subject subject = subject_of(rule, facts, diagnosis->arena);
    struct speaker speaker = subject_speaker(&subject);
    struct finding *finding;

    if (diagnosis->count == DIAGNOSIS_MAX_FINDINGS)
        return;
    finding = &diagnosis->findings[diagnosis->count++];
    *finding = (struct finding){
        .cause = rule->cause,
        .severity = subject.severity,
        .confidence = rule->confidence,
        .summary = speaker_sentence(&speaker, rule->cause),
        .docs = cause_link(rule->cause,
                           facts->target->network ? facts->target->network->docs_url : NULL,
                           diagnosis->arena),
        .above = subject.phase != 0,
    };
    finding_add_evidence(finding, &subject);
    finding->remedy_count =
        speaker_steps(&speaker, rule->cause, finding->remedy, 0, FINDING_MAX_LINES);
    if (subject.severity == rule->severity)
        add_pull_error(finding->pull_errors, &finding->pull_error_count,
                       client_error(&subject, rule->cause));
}

static bool rule_applies(const struct rule *rule, const struct facts *facts,
                         const struct diagnosis *diagnosis)
{
    if (!rule_holds(rule, facts) || find_finding(diagnosis, rule->cause))
        return false;
    if (facts->is[FACT_REGISTRY_NOT_ASKED] && !is_about_node(rule) &&
        rule->cause != CAUSE_LOCAL_ERROR)
        return false;
    /* A failure may have come from a lack of memory on this machine. */
    if (rule->severity == SEVERITY_FAIL && facts->is[FACT_ALLOCATION_FAILED])
        return false;
    if (rule->severity == SEVERITY_OK)
        return !has_severity(diagnosis, SEVERITY_FAIL) &&
               !has_severity(diagnosis, SEVERITY_UNKNOWN);
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

    if (has_severity(diagnosis, SEVERITY_FAIL) || has_severity(diagnosis, SEVERITY_UNKNOWN))
        return;
    if (diagnosis->count > 0 && (facts->is[FACT_HEALTHY] || facts->is[FACT_MIRROR_SERVES] ||
                                 find_finding(diagnosis, CAUSE_INTERMITTENT)))
        return;
    add(diagnosis, &fallback, facts);
}

static int compare_findings(const void *left, const void *right)
{
    const struct finding *a = left;
    const struct finding *b = right;
    int by_severity = severity_rank(b->severity) - severity_rank(a->severity);

    return by_severity ? by_severity : (int)a->cause - (int)b->cause;
}

/* A further finding has steps of its own only if they do not wait for those of the first: a
 * warning, or a failure above /v2/. */
static bool is_independent(const struct finding *finding)
{
    return finding->severity == SEVERITY_WARN || finding->severity == SEVERITY_UNKNOWN ||
           (finding->severity == SEVERITY_FAIL && finding->above);
}

static void order_findings(struct diagnosis *diagnosis)
{
    qsort(diagnosis->findings, diagnosis->count, sizeof(diagnosis->findings[0]), compare_findings);
    diagnosis->status = diagnosis->findings[0].severity;
    for (size_t i = 1; i < diagnosis->count; i++)
        if (!is_independent(&diagnosis->findings[i]))
            diagnosis->findings[i].remedy_count = 0;
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
        if (rule_applies(&rules[i], &facts, diagnosis))
            add(diagnosis, &rules[i], &facts);
    add_fallback(diagnosis, &facts);
    order_findings(diagnosis);
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

    if (find_finding(diagnosis, CAUSE_INTERMITTENT) || diagnosis->count == DIAGNOSIS_MAX_FINDINGS)
        return true;
    const char *summary = arena_format(
        diagnosis->arena,
        "%s works only some of the time: %u of the last %u runs failed. The latest failure: %s",
        target->host, failed, runs, cause_words(last)->title);
    if (!summary)
        return false;
    facts_collect(&facts, evidence, target);
    add(diagnosis, &rule, &facts);
    if (memory_failures() != failures) {
        diagnosis->count--;
        return false;
    }
    diagnosis->findings[diagnosis->count - 1].summary = summary;
    order_findings(diagnosis);
    return true;
}

const char *finding_first_step(const struct finding *finding)
{
    for (size_t i = 0; i < finding->remedy_count; i++)
        if (!step_is_title(finding->remedy[i]))
            return finding->remedy[i];
    return NULL;
}

void diagnosis_free(struct diagnosis *diagnosis)
{
    if (!diagnosis)
        return;
    arena_free(diagnosis->arena);
    memory_release(diagnosis);
}
