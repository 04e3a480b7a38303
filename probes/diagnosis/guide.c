#include "probes/diagnosis/guide.h"

#include <ctype.h>
#include <string.h>

#include "probes/diagnosis/guide_table.h"
#include "probes/diagnosis/rules.h"
#include "probes/diagnosis/texts.h"

unsigned cause_check_options(enum cause cause)
{
    return guide_of(cause)->check;
}

/* A placeholder as a word that nobody takes for a measured value. */
static void put_word(struct text *text, const char *name, const void *context)
{
    static const char *const words[][2] = {
        {"tcp", "OUTCOME"},
        {"tls", "OUTCOME"},
        {"api", "OUTCOME"},
        {"tls_detail", "DETAIL"},
        {"api_detail", "DETAIL"},
        {"egress", "EGRESS_ADDRESS"},
        {"local_error", "REASON"},
        {"linkage", "LINKAGE_ADDRESS"},
        {"view", "RESOLVERS"},
        {"scheme", "https"},
        {"silent", "ENDPOINT completes TLS and then does not answer ASKED"},
        {"remote_failure", "cannot be reached: REASON"},
        {"no_token", "The token service REALM of REGISTRY gives no token that can be used"},
        {"answerer", "ENDPOINT"},
        {"not_found", "answers that IMAGE does not exist there"},
        {"unavailable", "answers ASKED with ANSWER: the registry is not serving"},
        {"unavailable_error", "unexpected status from HEAD request: STATUS"},
        {"token_error", "unexpected status from GET request to REALM: STATUS"},
    };

    (void)context;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i][0], name) == 0) {
            text_append(text, words[i][1]);
            return;
        }
    }
    for (; *name; name++)
        text_append_format(text, "%c", toupper((unsigned char)*name));
}

/* "Severity `fail`, confidence `likely` or `possible`." as the rules have it. */
static void write_rank(struct text *text, enum cause cause)
{
    unsigned severities = 0;
    unsigned confidences = 0;
    const char *separator = "Severity ";

    for (size_t i = 0; i < rule_count; i++) {
        if (rules[i].cause != cause)
            continue;
        severities |= 1U << rules[i].severity;
        confidences |= 1U << rules[i].confidence;
    }
    for (unsigned i = 0; i <= SEVERITY_UNKNOWN; i++) {
        if (!(severities & 1U << i))
            continue;
        text_append_format(text, "%s`%s`", separator, severity_name((enum severity)i));
        separator = " or ";
    }
    separator = "; confidence ";
    for (unsigned i = 0; i <= CONFIDENCE_CERTAIN; i++) {
        if (!(confidences & 1U << i))
            continue;
        text_append_format(text, "%s`%s`", separator, confidence_name((enum confidence)i));
        separator = " or ";
    }
    if (severities)
        text_append(text, ".\n\n");
}

static void write_looks(struct text *text, enum cause cause)
{
    text_append(text, "**What it looks like.** `tcr-probe check` says: ");
    template_write(text, cause_summary(cause), put_word, NULL);
    text_append(text, cause_pull_error(cause, 0) ? "\nA pull says:\n\n" : "\n");
    for (size_t i = 0; cause_pull_error(cause, i); i++) {
        text_append(text, "- `");
        template_write(text, cause_pull_error(cause, i), put_word, NULL);
        text_append(text, "`\n");
    }
    text_append(text, "\n");
}

/* Where a step is for some only, says for whom. */
static const char *condition_of(const struct step *step)
{
    static const struct {
        enum fact when;
        enum fact unless;
        const char *condition;
    } conditions[] = {
        {FACT_NONE, FACT_NONE, ""},
        {FACT_TCR, FACT_NONE, "*(TCR)* "},
        {FACT_NONE, FACT_TCR, "*(other registries)* "},
        {FACT_NONE, FACT_EGRESS_KNOWN, "*(egress address unknown)* "},
        {FACT_NONE, FACT_INTERNET_TRIED, "*(without internet controls)* "},
        {FACT_NONE, FACT_VPC_TRIED, "*(without a vpc control)* "},
        {FACT_NONE, FACT_USED_PRIVATE, "*(public path)* "},
        {FACT_OTHER_PLATFORM, FACT_NONE, "*(an index without this platform)* "},
        {FACT_LOOPBACK_ANSWER, FACT_NONE, "*(a loopback address)* "},
        {FACT_LITERAL, FACT_NONE, "*(the target is an address)* "},
        {FACT_NONE, FACT_LITERAL, "*(the target is a name)* "},
    };

    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
        if (conditions[i].when == step->when && conditions[i].unless == step->unless)
            return conditions[i].condition;
    return "*(where it applies)* ";
}

static void write_remedy(struct text *text, enum cause cause)
{
    const struct step *const *lists = remedy_of(cause);
    unsigned number = 0;

    text_append(text, "**How to mend it.**\n\n");
    for (size_t i = 0; lists && lists[i]; i++) {
        for (const struct step *step = lists[i]; step->text; step++) {
            text_append_format(text, "%u. %s", ++number, condition_of(step));
            template_write(text, step->text, put_word, NULL);
            text_append(text, "\n");
        }
    }
    text_append(text, "\n");
}

static void write_verification(struct text *text, enum cause cause)
{
    const struct guide *guide = guide_of(cause);

    text_append_format(text, "**How to verify.** %s\n\n    tcr-probe check%s%s REGISTRY%s\n",
                       guide->verify,
                       guide->check & CHECK_WITH_PROFILE ? " --profile tke-serverless" : "",
                       guide->check & CHECK_WITH_KEY ? " --docker-config FILE" : "",
                       guide->check & CHECK_WITH_IMAGE ? "/REPOSITORY:TAG" : "");
}

void guide_write(struct text *text, enum cause cause)
{
    text_append_format(text, "## %s\n\n", cause_name(cause));
    write_rank(text, cause);
    write_looks(text, cause);
    text_append_format(text, "**Why.** %s\n\n", guide_of(cause)->why);
    write_remedy(text, cause);
    write_verification(text, cause);
}

void guide_write_all(struct text *text)
{
    text_append(
        text,
        "# Causes\n\n"
        "Every cause that tcr-probe names, in the order in which findings of equal severity\n"
        "are listed. Words in capitals stand for what was measured or configured.\n"
        "`tcr-probe explain CAUSE` prints the page of one of them. This file is made from the\n"
        "catalogue: `cmake --build --preset dev --target causes-md` writes it again.\n\n");
    for (size_t i = 0; i < CAUSE_COUNT; i++)
        text_append_format(text, "- [%s](#%s)\n", cause_name((enum cause)i),
                           cause_name((enum cause)i));
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        text_append(text, "\n");
        guide_write(text, (enum cause)i);
    }
}
