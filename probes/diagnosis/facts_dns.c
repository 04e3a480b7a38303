/* SPDX-License-Identifier: MIT */
/* Facts that resolvers gave. */

#include "probes/diagnosis/facts.h"

#include "probes/evidence/view.h"

#define DIAL_TIMEOUT \
    (30 * USEC_PER_SEC) /* of clients, for the lookup and the connection together */

enum reply { REPLY_NONE, REPLY_SILENT, REPLY_ANSWER, REPLY_BROKEN, REPLY_LOCAL };

static enum reply reply_of(enum dns_outcome outcome)
{
    switch (outcome) {
    case DNS_NOERROR:
    case DNS_NODATA:
    case DNS_NXDOMAIN:
        return REPLY_ANSWER;
    case DNS_SERVFAIL:
    case DNS_REFUSED:
    case DNS_OTHER_RCODE:
    case DNS_LAME:
    case DNS_MALFORMED:
        return REPLY_BROKEN;
    case DNS_TIMEOUT:
    case DNS_RESOLVER_PORT_CLOSED:
    case DNS_RESOLVER_UNREACHABLE:
        return REPLY_SILENT;
    case DNS_LOCAL:
        return REPLY_LOCAL;
    case DNS_SKIPPED:
    case DNS_CANCELLED:
    case DNS_OUTCOME_COUNT:
        return REPLY_NONE;
    }
    return REPLY_NONE;
}

static bool is_answer(enum dns_outcome outcome)
{
    enum reply reply = reply_of(outcome);

    return reply == REPLY_ANSWER || reply == REPLY_BROKEN;
}

static void set_answer(struct facts *facts, enum fact fact, const struct dns_evidence *dns)
{
    facts->is[fact] = true;
    if (!facts->dns[fact])
        facts->dns[fact] = dns;
}

/* ---- all answers of one resolver for the target's name together ---- */

enum { SAID_PRIVATE = 1 << 0, SAID_PUBLIC = 1 << 1, SAID_BOGUS = 1 << 2 };

static unsigned classes_of(const struct dns_evidence *dns)
{
    unsigned said = 0;

    for (size_t i = 0; i < dns->address_count; i++) {
        switch (dns->addresses[i].address_class) {
        case CLASS_PRIVATE:
        case CLASS_PROVIDER:
            said |= SAID_PRIVATE;
            break;
        case CLASS_PUBLIC:
            said |= SAID_PUBLIC;
            break;
        case CLASS_BOGUS:
        case CLASS_COUNT:
            said |= SAID_BOGUS;
            break;
        }
    }
    return said;
}

struct resolver_view {
    unsigned said;
    bool asked;
    bool answered;
    bool incomplete; /* a question stayed without an answer */
    bool silent;
};

static bool same_resolver(const struct dns_evidence *a, const struct dns_evidence *b)
{
    return a->role == b->role && endpoint_equal(&a->resolver, &b->resolver);
}

static struct resolver_view resolver_summary(const struct evidence *evidence,
                                             const struct dns_evidence *of)
{
    struct resolver_view view = {0};

    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (dns->queried != NAME_TARGET || !same_resolver(dns, of))
            continue;
        view.asked = true;
        view.said |= classes_of(dns);
        view.answered |= is_answer(dns->outcome);
        view.incomplete |= !is_answer(dns->outcome);
        view.silent |= reply_of(dns->outcome) == REPLY_SILENT;
    }
    return view;
}

/* An incomplete resolver is compared only by addresses it did give. */
static bool comparable(const struct resolver_view *view)
{
    return view->answered && (view->said || !view->incomplete);
}

static void compare_resolvers(struct facts *facts)
{
    const struct evidence *evidence = facts->evidence;
    const struct dns_evidence *first = NULL;
    unsigned first_said = 0;

    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (dns->queried != NAME_TARGET)
            continue;
        struct resolver_view view = resolver_summary(evidence, dns);
        if (view.silent && !view.answered)
            set_answer(facts, FACT_RESOLVER_SILENT, dns);
        if (!comparable(&view))
            continue;
        if (!first) {
            first = dns;
            first_said = view.said;
        } else if (view.said != first_said) {
            set_answer(facts, FACT_ANSWERS_DIFFER, dns);
        }
    }
}

static bool gives_path(const struct dns_evidence *dns, const struct path_evidence *path)
{
    for (size_t i = 0; path && i < dns->address_count; i++)
        if (address_equal(&dns->addresses[i].address, &path->address))
            return true;
    return false;
}

const struct dns_evidence *facts_other_answer(const struct facts *facts,
                                              const struct dns_evidence *decides)
{
    const struct evidence *evidence = facts->evidence;
    const struct path_evidence *works = facts->path[FACT_OTHER_PATH_WORKS];
    unsigned said = resolver_summary(evidence, decides).said;
    const struct dns_evidence *found = NULL;

    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (dns->queried != NAME_TARGET || same_resolver(dns, decides))
            continue;
        if (facts->is[FACT_PATH_FAILS] && gives_path(dns, works))
            return dns;
        struct resolver_view view = resolver_summary(evidence, dns);
        if (comparable(&view) && view.said != said &&
            (!found || (same_resolver(dns, found) && !found->address_count)))
            found = dns;
    }
    return found;
}

/* ---- all questions together ---- */

static void collect_everywhere(struct facts *facts)
{
    const struct evidence *evidence = facts->evidence;
    const struct dns_evidence *silent = NULL;
    unsigned said = 0;

    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (dns->queried == NAME_VPC && (classes_of(dns) & SAID_PRIVATE))
            set_answer(facts, FACT_LINKAGE_VPC_NAME, dns);
        if (is_answer(dns->outcome))
            set_answer(facts, FACT_RESOLVER_ANSWERED, dns);
        if (dns->queried != NAME_TARGET)
            continue;
        said |= classes_of(dns);
        if (!silent && reply_of(dns->outcome) == REPLY_SILENT)
            silent = dns;
    }
    if (silent && !facts->is[FACT_RESOLVER_ANSWERED])
        set_answer(facts, FACT_NO_RESOLVER_ANSWERED, silent);
    facts->is[FACT_PUBLIC_EVERYWHERE] = said == SAID_PUBLIC;
}

bool facts_is_loopback(const struct address *address)
{
    static const struct address v6 = {.family = AF_INET6, .bytes = {[15] = 1}};

    return address->family == AF_INET ? address->bytes[0] == 127 : address_equal(address, &v6);
}

usec_t facts_lookup_wait(const struct evidence *evidence, const struct dns_evidence *asked)
{
    bool known = evidence->resolver_attempts && asked && asked->role == ROLE_POD;
    usec_t timeout = known ? evidence->resolver_timeout : 5 * USEC_PER_SEC;
    unsigned attempts = known ? evidence->resolver_attempts : 2;
    unsigned servers = 0;
    unsigned silent = 0;
    bool answered = false;

    for (size_t i = 0; asked && i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (dns->role != asked->role || dns->type != asked->type || dns->queried != asked->queried)
            continue;
        servers++;
        silent += dns->outcome == DNS_TIMEOUT;
        answered |= dns->outcome == DNS_NOERROR || dns->outcome == DNS_NODATA;
    }
    if (asked)
        silent = silent * (answered ? 1 : attempts) + asked->unanswered_names * servers * attempts;
    return timeout * silent;
}

struct deciding {
    unsigned said;
    const struct dns_evidence *addressed;
    const struct dns_evidence *elsewhere; /* gave an address, and does not decide */
    const struct dns_evidence *silent;
    const struct dns_evidence *search_silent;
    const struct dns_evidence *a_silent;
    bool a_answered;
    const struct dns_evidence *broken;
    const struct dns_evidence *not_found;
    const struct dns_evidence *no_data;
    const struct dns_evidence *local;
};

static void deciding_add(struct deciding *all, const struct dns_evidence *dns)
{
    enum reply reply = reply_of(dns->outcome);

    all->said |= classes_of(dns);
    if (dns->address_count > 0 && !all->addressed)
        all->addressed = dns;
    if (dns->unanswered_names && !all->search_silent)
        all->search_silent = dns;
    if (dns->type == RECORD_A && is_answer(dns->outcome))
        all->a_answered = true;
    if (dns->type == RECORD_A && reply == REPLY_SILENT && !all->a_silent)
        all->a_silent = dns;
    if (reply == REPLY_BROKEN && !all->broken)
        all->broken = dns;
    if (dns->outcome == DNS_TIMEOUT && !all->silent)
        all->silent = dns;
    if (reply == REPLY_LOCAL && !all->local)
        all->local = dns;
    if (dns->outcome == DNS_NXDOMAIN && !all->not_found)
        all->not_found = dns;
    if ((dns->outcome == DNS_NODATA || dns->outcome == DNS_NOERROR) && !all->no_data)
        all->no_data = dns;
}

static void conclude_addresses(struct facts *facts, const struct deciding *all)
{
    set_answer(facts, FACT_HAS_ADDRESS, all->addressed);
    if (all->silent && resolver_summary(facts->evidence, all->silent).answered)
        set_answer(facts, FACT_QUESTION_UNANSWERED, all->silent);
    else if (all->search_silent)
        set_answer(facts, FACT_QUESTION_UNANSWERED, all->search_silent);
    if (facts_lookup_wait(facts->evidence, facts->dns[FACT_QUESTION_UNANSWERED]) >= DIAL_TIMEOUT)
        set_answer(facts, FACT_LOOKUP_TOO_LONG, facts->dns[FACT_QUESTION_UNANSWERED]);
    if (all->said != SAID_BOGUS)
        return;
    if (all->local) { /* the other question might have given a good one */
        set_answer(facts, FACT_DNS_LOCAL, all->local);
        return;
    }
    set_answer(facts, FACT_BOGUS_ONLY, all->addressed);
    for (size_t i = 0; i < all->addressed->address_count; i++)
        if (facts_is_loopback(&all->addressed->addresses[i].address))
            facts->is[FACT_LOOPBACK_ANSWER] = true;
}

static void conclude_nothing(struct facts *facts, const struct deciding *all)
{
    if (all->broken)
        set_answer(facts, FACT_SERVER_FAILURE, all->broken);
    facts->is[FACT_DNS_UNREADABLE] = all->broken && all->broken->outcome == DNS_MALFORMED;
    if (all->not_found)
        set_answer(facts, FACT_NXDOMAIN, all->not_found);
    if (all->no_data)
        set_answer(facts, FACT_NODATA, all->no_data);
    if (all->a_silent && !all->a_answered)
        set_answer(facts, FACT_A_UNANSWERED, all->a_silent);
    facts->is[FACT_LOOKUP_UNSURE] |= all->search_silent || facts->is[FACT_A_UNANSWERED];
    if (all->local)
        set_answer(facts, FACT_DNS_LOCAL, all->local);
    if (all->elsewhere)
        set_answer(facts, FACT_OTHER_HAS_ADDRESS, all->elsewhere);
}

static void collect_deciding(struct facts *facts)
{
    const struct evidence *evidence = facts->evidence;
    struct deciding all = {0};

    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (dns->queried != NAME_TARGET)
            continue;
        if (evidence_answer_decides(evidence, dns))
            deciding_add(&all, dns);
        else if (classes_of(dns) & ~(unsigned)SAID_BOGUS && !all.elsewhere)
            all.elsewhere = dns;
    }
    facts->is[FACT_LOOKUP_UNSURE] = evidence->name_sources;
    facts->is[FACT_SEARCH_UNANSWERED] = all.search_silent;
    if (all.addressed)
        conclude_addresses(facts, &all);
    else
        conclude_nothing(facts, &all);
    facts->dns[FACT_PULLS_ASK] = all.addressed   ? all.addressed
                                 : all.not_found ? all.not_found
                                 : all.no_data   ? all.no_data
                                                 : all.broken;
}

/* Private resolution of TCR's names answers only through these two. */
static bool is_vendor_resolver(const struct dns_evidence *dns)
{
    static const struct address addresses[] = {{AF_INET, {183, 60, 83, 19}},
                                               {AF_INET, {183, 60, 82, 98}}};

    return address_equal(&dns->resolver.address, &addresses[0]) ||
           address_equal(&dns->resolver.address, &addresses[1]);
}

/* A resolver that gives the -vpc name a private address sees private resolution too. */
static void collect_vendor_resolver(struct facts *facts)
{
    const struct evidence *evidence = facts->evidence;
    const struct dns_evidence *decides = facts->dns[FACT_HAS_ADDRESS];
    bool sees = false;

    for (size_t i = 0; decides && i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (evidence_answer_decides(evidence, dns) && dns->address_count > 0 &&
            is_vendor_resolver(dns))
            facts->is[FACT_VENDOR_RESOLVER] = true;
        sees |= dns->queried == NAME_VPC && same_resolver(dns, decides) &&
                (classes_of(dns) & SAID_PRIVATE);
    }
    facts->is[FACT_OTHER_RESOLVER] = decides && !facts->is[FACT_VENDOR_RESOLVER] && !sees;
}

void facts_collect_dns(struct facts *facts)
{
    if (facts->view & VIEW_GIVEN)
        return;
    facts->is[FACT_DNS_NOT_ASKED] = facts->evidence->name_sources;
    for (size_t i = 0; i < facts->evidence->dns_count; i++)
        if (facts->evidence->dns[i].queried == NAME_TARGET)
            facts->is[FACT_DNS_NOT_ASKED] = false;
    collect_everywhere(facts);
    compare_resolvers(facts);
    collect_deciding(facts);
    collect_vendor_resolver(facts);
    /* A question this machine could not put says nothing about the resolvers. */
    if (facts->is[FACT_DNS_LOCAL]) {
        facts->is[FACT_NO_RESOLVER_ANSWERED] = false;
        facts->is[FACT_A_UNANSWERED] = false;
    }
}
