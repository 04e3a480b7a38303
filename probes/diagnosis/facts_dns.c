/* Facts that resolvers gave. */

#include "probes/diagnosis/facts.h"

#include "probes/evidence_view.h"

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

static bool answered(enum dns_outcome outcome)
{
    enum reply reply = reply_of(outcome);

    return reply == REPLY_ANSWER || reply == REPLY_BROKEN;
}

static void set(struct facts *facts, enum fact fact, const struct dns_evidence *dns)
{
    facts->is[fact] = true;
    if (!facts->dns[fact])
        facts->dns[fact] = dns;
}

/* ---- what one resolver said of the target's name, all its answers together ---- */

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
        view.answered |= answered(dns->outcome);
        view.incomplete |= !answered(dns->outcome);
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
            set(facts, FACT_RESOLVER_SILENT, dns);
        if (!comparable(&view))
            continue;
        if (!first) {
            first = dns;
            first_said = view.said;
        } else if (view.said != first_said) {
            set(facts, FACT_ANSWERS_DIFFER, dns);
        }
    }
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
            set(facts, FACT_LINKAGE_VPC_NAME, dns);
        if (answered(dns->outcome))
            set(facts, FACT_RESOLVER_ANSWERED, dns);
        if (dns->queried != NAME_TARGET)
            continue;
        said |= classes_of(dns);
        if (!silent && reply_of(dns->outcome) == REPLY_SILENT)
            silent = dns;
    }
    if (silent && !facts->is[FACT_RESOLVER_ANSWERED])
        set(facts, FACT_NO_RESOLVER_ANSWERED, silent);
    facts->is[FACT_PUBLIC_EVERYWHERE] = said == SAID_PUBLIC;
}

bool facts_is_loopback(const struct address *address)
{
    static const struct address v6 = {.family = AF_INET6, .bytes = {[15] = 1}};

    return address->family == AF_INET ? address->bytes[0] == 127 : address_equal(address, &v6);
}

struct deciding {
    unsigned said;
    const struct dns_evidence *addressed;
    const struct dns_evidence *elsewhere; /* gave an address, and does not decide */
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
    if (dns->type == RECORD_A && answered(dns->outcome))
        all->a_answered = true;
    if (dns->type == RECORD_A && reply == REPLY_SILENT && !all->a_silent)
        all->a_silent = dns;
    if (reply == REPLY_BROKEN && !all->broken)
        all->broken = dns;
    if (reply == REPLY_LOCAL && !all->local)
        all->local = dns;
    if (dns->outcome == DNS_NXDOMAIN && !all->not_found)
        all->not_found = dns;
    if ((dns->outcome == DNS_NODATA || dns->outcome == DNS_NOERROR) && !all->no_data)
        all->no_data = dns;
}

static void conclude_addresses(struct facts *facts, const struct deciding *all)
{
    set(facts, FACT_HAS_ADDRESS, all->addressed);
    if (all->said != SAID_BOGUS)
        return;
    if (all->local) { /* what was not asked for may be good */
        set(facts, FACT_DNS_LOCAL, all->local);
        return;
    }
    set(facts, FACT_BOGUS_ONLY, all->addressed);
    for (size_t i = 0; i < all->addressed->address_count; i++)
        if (facts_is_loopback(&all->addressed->addresses[i].address))
            facts->is[FACT_LOOPBACK_ANSWER] = true;
}

static void conclude_nothing(struct facts *facts, const struct deciding *all)
{
    if (all->broken)
        set(facts, FACT_SERVER_FAILURE, all->broken);
    if (all->not_found)
        set(facts, FACT_NXDOMAIN, all->not_found);
    if (all->no_data)
        set(facts, FACT_NODATA, all->no_data);
    if (all->a_silent && !all->a_answered)
        set(facts, FACT_A_UNANSWERED, all->a_silent);
    if (all->local)
        set(facts, FACT_DNS_LOCAL, all->local);
    if (all->elsewhere)
        set(facts, FACT_OTHER_HAS_ADDRESS, all->elsewhere);
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
    if (all.addressed)
        conclude_addresses(facts, &all);
    else
        conclude_nothing(facts, &all);
}

void facts_collect_dns(struct facts *facts)
{
    if (facts->view == VIEW_LITERAL)
        return;
    collect_everywhere(facts);
    compare_resolvers(facts);
    collect_deciding(facts);
    /* A question this machine could not put says nothing about the resolvers. */
    if (facts->is[FACT_DNS_LOCAL]) {
        facts->is[FACT_NO_RESOLVER_ANSWERED] = false;
        facts->is[FACT_A_UNANSWERED] = false;
    }
}
