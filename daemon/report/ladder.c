/* SPDX-License-Identifier: MIT */
#include "daemon/report/ladder.h"

#include "probes/evidence/view.h"

#include <string.h>

#define WORDS_LIMIT 2048

static void add_words(struct ladder *ladder, const char *rung, enum outcome_mark mark,
                      struct text *words)
{
    const char *copy = arena_copy_text(ladder->arena, text_string(words));

    text_clear(words);
    if (copy && ladder->count < LADDER_MAX_LINES)
        ladder->lines[ladder->count++] = (struct ladder_line){rung, mark, false, copy};
}

/* Says of the last line that pulls use its answer or address. */
static void set_decides(struct ladder *ladder, bool decides)
{
    if (ladder->count)
        ladder->lines[ladder->count - 1].decides = decides;
}

static void add_not_reached(struct ladder *ladder, const char *rung, struct text *words)
{
    text_append(words, "not reached");
    add_words(ladder, rung, MARK_NONE, words);
}

/* ---- names: a line per resolver, or one for several with the same answer ---- */

static bool asked_alike(const struct dns_evidence *a, const struct dns_evidence *b)
{
    return a->role == b->role && a->queried == b->queried &&
           endpoint_equal(&a->resolver, &b->resolver);
}

/* The answer adds nothing once another resolver gave an address, such as "no AAAA record". */
static bool says_little(const struct dns_evidence *dns)
{
    return dns->outcome == DNS_NODATA || dns->outcome == DNS_NXDOMAIN ||
           dns->outcome == DNS_SKIPPED || dns->outcome == DNS_CANCELLED;
}

struct resolver_answer {
    struct text words; /* without a duration */
    usec_t slowest;
    enum outcome_mark mark;
    bool says_little;
};

static void join_answer(struct resolver_answer *answer, const struct dns_evidence *dns)
{
    struct text words = TEXT_WITH_LIMIT(WORDS_LIMIT);

    wording_answer(&words, dns);
    if (!answer->words.length)
        text_append(&answer->words, text_string(&words));
    else if (dns->address_count)
        text_append_format(&answer->words, ", %s", text_string(&words));
    else if (strcmp(text_string(&words), text_string(&answer->words)) != 0)
        text_append_format(&answer->words, "; %s: %s", record_type_name(dns->type),
                           text_string(&words));
    text_free(&words);
    if (dns->duration > answer->slowest)
        answer->slowest = dns->duration;
    if (answer->mark != MARK_OK && dns_outcome_mark(dns->outcome) != MARK_NONE)
        answer->mark = dns_outcome_mark(dns->outcome);
}

/* All that the resolver of `first` said about that name. */
static struct resolver_answer answer_of(const struct evidence *evidence,
                                        const struct dns_evidence *first)
{
    struct resolver_answer answer = {.words = TEXT_WITH_LIMIT(WORDS_LIMIT), .says_little = true};

    for (size_t i = 0; i < evidence->dns_count; i++)
        if (asked_alike(&evidence->dns[i], first) && !says_little(&evidence->dns[i]))
            answer.says_little = false;
    for (size_t i = 0; i < evidence->dns_count; i++)
        if (asked_alike(&evidence->dns[i], first) &&
            (answer.says_little || !says_little(&evidence->dns[i])))
            join_answer(&answer, &evidence->dns[i]);
    return answer;
}

/* Marks `first` and the other questions to its resolver about the same name. */
static void mark_done(bool *done, const struct evidence *evidence, const struct dns_evidence *first)
{
    for (size_t i = 0; i < evidence->dns_count; i++)
        done[i] = done[i] || asked_alike(&evidence->dns[i], first);
}

/* Appends the resolvers of the same role that gave the same answer, which are done with it. */
static void join_resolvers(struct text *words, bool *done, const struct evidence *evidence,
                           const struct dns_evidence *first, struct resolver_answer *answer)
{
    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (done[i] || dns->role != first->role || dns->queried != first->queried)
            continue;
        struct resolver_answer its = answer_of(evidence, dns);
        if (strcmp(text_string(&its.words), text_string(&answer->words)) == 0) {
            mark_done(done, evidence, dns);
            text_append(words, ", ");
            wording_resolver(words, dns, false);
            if (its.slowest > answer->slowest)
                answer->slowest = its.slowest;
        }
        text_free(&its.words);
    }
}

/* True if pulls look up the registry with the answers of this resolver. */
static bool answer_decides(const struct evidence *evidence, const struct dns_evidence *dns)
{
    unsigned view = evidence_deciding_view(evidence);

    return dns->queried == NAME_TARGET && (dns->role == ROLE_HOST ? VIEW_HOST : VIEW_POD) == view;
}

static void add_names(struct ladder *ladder, const struct evidence *evidence, struct text *words)
{
    bool done[EVIDENCE_MAX_DNS] = {false};

    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (done[i])
            continue;
        struct resolver_answer answer = answer_of(evidence, dns);
        mark_done(done, evidence, dns);
        wording_resolver(words, dns, true);
        join_resolvers(words, done, evidence, dns, &answer);
        text_append_format(words, "%s: %s", dns->queried == NAME_VPC ? ", the -vpc name" : "",
                           text_string(&answer.words));
        wording_took(words, answer.slowest);
        if (dns->queried == NAME_VPC && answer.says_little)
            text_clear(words);
        else {
            add_words(ladder, "dns", answer.mark, words);
            set_decides(ladder, answer.mark == MARK_OK && answer_decides(evidence, dns));
        }
        text_free(&answer.words);
    }
}

/* ---- every address ---- */

static void put_subject(struct text *words, const struct evidence *evidence,
                        const struct path_evidence *path)
{
    char buffer[ADDRESS_TEXT_SIZE];

    if (evidence->path_count > 1)
        text_append_format(words, "%s: ", address_format(&path->address, buffer));
}

static void add_tcp(struct ladder *ladder, const struct evidence *evidence, struct text *words)
{
    bool views_differ = false;

    for (size_t i = 0; i < evidence->path_count; i++)
        if (evidence->paths[i].views != evidence->paths[0].views ||
            evidence->paths[i].views & VIEW_PROXY) /* it is not the registry's address */
            views_differ = true;
    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        wording_address(words, path, views_differ);
        text_append(words, ": ");
        wording_tcp(words, path);
        add_words(ladder, "tcp", tcp_outcome_mark(path->tcp.outcome), words);
        set_decides(ladder, evidence_path_decides(evidence, path));
    }
    if (evidence->addresses_dropped) {
        text_append_format(words, "%zu further addresses were not tried",
                           evidence->addresses_dropped);
        add_words(ladder, "tcp", MARK_NONE, words);
    }
    if (!evidence->path_count)
        add_not_reached(ladder, "tcp", words);
}

static void add_tls(struct ladder *ladder, const struct evidence *evidence, struct text *words)
{
    size_t before = ladder->count;

    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        if (path->tcp.outcome != TCP_OK)
            continue;
        put_subject(words, evidence, path);
        wording_tls(words, path);
        add_words(ladder, "tls", tls_outcome_mark(path->tls.outcome), words);
    }
    if (ladder->count == before)
        add_not_reached(ladder, "tls", words);
}

static void add_api(struct ladder *ladder, const struct evidence *evidence, struct text *words)
{
    size_t before = ladder->count;

    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        if (path->api.outcome == API_SKIPPED)
            continue;
        put_subject(words, evidence, path);
        wording_api(words, path);
        add_words(ladder, "api", api_outcome_mark(path->api.outcome), words);
    }
    if (ladder->count == before)
        add_not_reached(ladder, "api", words);
}

/* ---- the node ---- */

static void add_node_rung(struct ladder *ladder, const struct evidence *evidence,
                          struct text *words)
{
    const struct node_evidence *node = &evidence->node;

    if (node->hosts || node->environment || node->problem) {
        wording_node(words, node);
        add_words(ladder, "node", node->problem ? MARK_FAILED : MARK_OK, words);
    }
    for (size_t i = 0; i < node->mirror_count; i++) {
        if (node->mirrors[i].is_registry)
            continue;
        wording_mirror(words, &node->mirrors[i]);
        add_words(ladder, "mirror", mirror_outcome_mark(node->mirrors[i].outcome), words);
    }
}

/* ---- above /v2/, and the controls ---- */

static void add_registry_rungs(struct ladder *ladder, const struct target *target,
                               const struct evidence *evidence, struct text *words)
{
    const struct registry_evidence *registry = evidence->registry;

    if (!registry && target->image_count)
        add_not_reached(ladder, "manifest", words);
    if (!registry)
        return;
    if (registry->auth.outcome != AUTH_SKIPPED) {
        wording_auth(words, evidence);
        add_words(ladder, "auth", auth_outcome_mark(registry->auth.outcome), words);
    }
    for (size_t i = 0; i < registry->image_count; i++) {
        wording_image(words, evidence, &registry->images[i]);
        add_words(ladder, "manifest", manifest_outcome_mark(registry->images[i].outcome), words);
    }
    for (size_t i = 0; i < registry->image_count; i++) {
        const struct image_evidence *image = &registry->images[i];
        if (evidence_blob(image)->outcome == BLOB_SKIPPED && image->outcome != MANIFEST_FOUND)
            continue;
        if (registry->image_count > 1)
            text_append_format(words, "%s: ", image->reference ? image->reference : "");
        wording_blob(words, evidence, evidence_blob(image));
        add_words(ladder, "blob", blob_outcome_mark(evidence_blob(image)->outcome), words);
    }
}

static void add_controls(struct ladder *ladder, const struct evidence *evidence, struct text *words)
{
    for (size_t i = 0; i < evidence->control_count; i++) {
        const struct control_evidence *control = &evidence->controls[i];
        if (control->outcome == CONTROL_SKIPPED || control->outcome == CONTROL_CANCELLED)
            continue;
        wording_control(words, control);
        add_words(ladder, "control",
                  control_shows(control) ? control_outcome_mark(control->outcome) : MARK_NONE,
                  words);
    }
    if (!evidence->egress_address && !evidence->egress_error)
        return;
    if (evidence->egress_address)
        text_append_format(words, "this network's public address is %s", evidence->egress_address);
    else
        text_append_format(words, "this network's public address is unknown: %s",
                           evidence->egress_error);
    add_words(ladder, "control", evidence->egress_address ? MARK_OK : MARK_FAILED, words);
}

void ladder_fill(struct ladder *ladder, const struct target *target,
                 const struct evidence *evidence)
{
    struct text words = TEXT_WITH_LIMIT(WORDS_LIMIT);

    add_names(ladder, evidence, &words);
    if (evidence->proxy.outcome != PROXY_SKIPPED) {
        wording_proxy(&words, &evidence->proxy);
        add_words(ladder, "proxy", proxy_outcome_mark(evidence->proxy.outcome), &words);
    }
    add_node_rung(ladder, evidence, &words);
    add_tcp(ladder, evidence, &words);
    add_tls(ladder, evidence, &words);
    add_api(ladder, evidence, &words);
    add_registry_rungs(ladder, target, evidence, &words);
    add_controls(ladder, evidence, &words);
    text_free(&words);
}
