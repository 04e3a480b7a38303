/* Walks the combinations of what the phases, views, controls and trials can give, and holds the
 * promises of every diagnosis against each: some finding, no claim beyond the evidence, no ok
 * beside a failure. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probes/diagnosis/diagnose.h"

#define NAME "acme-prod.tencentcloudcr.com"

enum control_result { CONTROLS_ABSENT, CONTROLS_OK, CONTROLS_SILENT, CONTROLS_MIXED };
enum other_view { OTHER_ABSENT, OTHER_SILENT, OTHER_SAME, OTHER_PRIVATE_WORKS, OTHER_COUNT };

/* One combination. The pod's resolver is asked; with another view that answers, the host's decides
 * and says what `dns` says, and the pod's is the other one. */
struct combination {
    enum dns_outcome dns;
    enum address_class address_class;
    enum tcp_outcome tcp;
    enum tls_outcome tls;
    enum trial_outcome clamped;
    enum trial_outcome control_sni;
    enum api_outcome api;
    enum control_result internet;
    enum control_result vpc;
    enum other_view other;
    bool vpc_name_is_private;
    enum expect expect;
};

static const struct address public_address = {AF_INET, {43, 132, 7, 9}};
static const struct address private_address = {AF_INET, {10, 0, 3, 7}};
static unsigned long walked;

static struct dns_evidence *add_dns(struct evidence *evidence, enum resolver_role role,
                                    enum queried_name queried, enum dns_outcome outcome)
{
    struct dns_evidence *dns = &evidence->dns[evidence->dns_count++];

    *dns = (struct dns_evidence){.role = role,
                                 .resolver = {.address = {AF_INET, {10, 0, 0, 2}}, .port = 53},
                                 .queried = queried,
                                 .name = NAME,
                                 .outcome = outcome};
    return dns;
}

static void add_answer(struct evidence *evidence, struct dns_evidence *dns,
                       const struct address *address, enum address_class address_class)
{
    dns->addresses = arena_allocate(evidence->arena, sizeof(*dns->addresses));
    dns->addresses[0] = (struct dns_address){.address = *address, .address_class = address_class};
    dns->address_count = 1;
}

static struct path_evidence *add_path(struct evidence *evidence, const struct address *address,
                                      enum address_class address_class, unsigned views)
{
    struct path_evidence *path = &evidence->paths[evidence->path_count++];

    *path = (struct path_evidence){
        .address = *address, .address_class = address_class, .rule = "a rule", .views = views};
    return path;
}

static void add_controls(struct evidence *evidence, enum control_kind kind,
                         enum control_result result)
{
    for (unsigned i = 0; result != CONTROLS_ABSENT && i < 2; i++) {
        struct control_evidence *control = &evidence->controls[evidence->control_count++];
        *control = (struct control_evidence){
            .name = "c", .kind = kind, .endpoint = "198.18.0.9:443", .outcome = CONTROL_OK};
        if (result == CONTROLS_SILENT || (result == CONTROLS_MIXED && i))
            control->outcome = CONTROL_TIMEOUT;
    }
}

static void add_other_view(struct evidence *evidence, const struct combination *combination)
{
    if (combination->other == OTHER_ABSENT)
        return;
    enum dns_outcome outcome = combination->other == OTHER_SILENT ? DNS_TIMEOUT
                               : combination->other == OTHER_SAME ? combination->dns
                                                                  : DNS_NOERROR;
    struct dns_evidence *dns = add_dns(evidence, ROLE_POD, NAME_TARGET, outcome);
    if (combination->other == OTHER_SAME && outcome == DNS_NOERROR) {
        add_answer(evidence, dns, &public_address, combination->address_class);
        evidence->paths[0].views |= VIEW_POD;
    }
    if (combination->other == OTHER_PRIVATE_WORKS) {
        add_answer(evidence, dns, &private_address, CLASS_PRIVATE);
        struct path_evidence *path = add_path(evidence, &private_address, CLASS_PRIVATE, VIEW_POD);
        path->tcp.outcome = TCP_OK;
        path->tls.outcome = TLS_OK;
        path->api.outcome = API_REGISTRY;
    }
}

static struct evidence *measure(const struct combination *combination)
{
    struct evidence *evidence = evidence_new();
    enum resolver_role role = combination->other == OTHER_ABSENT ? ROLE_POD : ROLE_HOST;
    struct dns_evidence *dns = add_dns(evidence, role, NAME_TARGET, combination->dns);

    evidence->measured_at = 1700000000;
    if (combination->dns == DNS_NOERROR) {
        add_answer(evidence, dns, &public_address, combination->address_class);
        struct path_evidence *path = add_path(evidence, &public_address, combination->address_class,
                                              role == ROLE_POD ? VIEW_POD : VIEW_HOST);
        path->tcp.outcome = combination->tcp;
        path->tls.outcome = combination->tls;
        path->trials.clamped = combination->clamped;
        path->trials.control_sni = combination->control_sni;
        path->api.outcome = combination->api;
    }
    if (combination->vpc_name_is_private)
        add_answer(evidence, add_dns(evidence, role, NAME_VPC, DNS_NOERROR), &private_address,
                   CLASS_PRIVATE);
    add_other_view(evidence, combination);
    add_controls(evidence, CONTROL_INTERNET, combination->internet);
    add_controls(evidence, CONTROL_VPC, combination->vpc);
    return evidence;
}

/* What looks the same from here whoever is to blame: silence, and connections cut off. */
static bool is_shared_symptom(enum cause cause)
{
    switch ((int)cause) {
    case CAUSE_POD_NETWORK_BLOCKED:
    case CAUSE_DNS_TIMEOUT:
    case CAUSE_PRIVATE_DNS_NOT_ENABLED:
    case CAUSE_PRIVATE_LINKAGE_MISSING:
    case CAUSE_NAT_MISSING:
    case CAUSE_ALLOWLIST_MISSING:
    case CAUSE_PUBLIC_PATH_BLOCKED:
    case CAUSE_PRIVATE_PATH_BLOCKED:
    case CAUSE_TLS_TIMEOUT:
    case CAUSE_MTU_BLACK_HOLE:
    case CAUSE_SNI_FILTERED:
    case CAUSE_TLS_CONNECTION_CLOSED:
    case CAUSE_HTTP_TIMEOUT:
    case CAUSE_CLOCK_SKEW:
    case CAUSE_INTERMITTENT:
        return true;
    default:
        return false;
    }
}

static bool is_ok(const struct finding *finding)
{
    return finding->severity == SEVERITY_OK;
}

/* A host's resolver that said nothing at all leaves the decision to the pod's, but not one that
 * this machine could not ask. */
static bool host_decides(enum dns_outcome outcome)
{
    return (outcome >= DNS_NOERROR && outcome <= DNS_MALFORMED) || outcome == DNS_LOCAL;
}

static bool all_phases_fine(const struct combination *combination)
{
    if (combination->other == OTHER_PRIVATE_WORKS && !host_decides(combination->dns))
        return true;
    return combination->dns == DNS_NOERROR && combination->tcp == TCP_OK &&
           combination->tls == TLS_OK && combination->api == API_REGISTRY;
}

static const char *broken_promise(const struct combination *combination,
                                  const struct diagnosis *diagnosis)
{
    if (diagnosis->count == 0)
        return "no finding";
    if (diagnosis->status != diagnosis->findings[0].severity)
        return "the status is not that of the first finding";
    bool fine = all_phases_fine(combination);
    if (fine != is_ok(&diagnosis->findings[diagnosis->count - 1]))
        return fine ? "all phases are fine, but it is not ok" : "ok with a failed phase";
    if (fine && severity_rank(diagnosis->status) > severity_rank(SEVERITY_WARN))
        return "all phases are fine, but it fails";
    for (size_t i = 0; i < diagnosis->count; i++) {
        const struct finding *finding = &diagnosis->findings[i];
        if (is_ok(finding) && i + 1 != diagnosis->count)
            return "an ok that is not last";
        if (is_shared_symptom(finding->cause) && finding->confidence == CONFIDENCE_CERTAIN)
            return "certain of a shared symptom";
        if (!finding->summary || !*finding->summary || strchr(finding->summary, '{'))
            return "a summary with a hole";
        if (!is_ok(finding) && finding->remedy_count == 0)
            return "no remedy";
        for (size_t n = 0; n < finding->remedy_count; n++)
            if (strchr(finding->remedy[n], '{'))
                return "a remedy with a hole";
        if (i && severity_rank(finding->severity) > severity_rank(finding[-1].severity))
            return "findings out of order";
        if (i && finding->severity == finding[-1].severity && finding->cause <= finding[-1].cause)
            return "a finding twice, or out of order";
    }
    return NULL;
}

static void walk(const struct combination *combination)
{
    struct target target = {.name = NAME,
                            .host = NAME,
                            .port = 443,
                            .instance = "acme-prod",
                            .expect = combination->expect,
                            .timeout = 3 * USEC_PER_SEC,
                            .certificate_warning_days = 21};
    struct evidence *evidence = measure(combination);
    struct diagnosis *diagnosis = diagnose(evidence, &target);
    const char *broken = broken_promise(combination, diagnosis);

    walked++;
    if (broken)
        fail_msg("%s: dns %s, class %s, tcp %s, tls %s (%s, %s), api %s, internet %d, vpc %d, "
                 "other %d, -vpc %d, expect %s: %s %s",
                 broken, dns_outcome_name(combination->dns),
                 address_class_name(combination->address_class), tcp_outcome_name(combination->tcp),
                 tls_outcome_name(combination->tls), trial_outcome_name(combination->clamped),
                 trial_outcome_name(combination->control_sni), api_outcome_name(combination->api),
                 (int)combination->internet, (int)combination->vpc, (int)combination->other,
                 (int)combination->vpc_name_is_private, expect_name(combination->expect),
                 cause_name(diagnosis->findings[0].cause),
                 diagnosis->count ? diagnosis->findings[0].summary : "");
    diagnosis_free(diagnosis);
    evidence_free(evidence);
}

/* ---- every way around the ladder ---- */

static void walk_surroundings(struct combination combination)
{
    for (int internet = 0; internet <= CONTROLS_MIXED; internet++)
        for (int vpc = 0; vpc <= CONTROLS_SILENT; vpc++)
            for (int other = 0; other < OTHER_COUNT; other++)
                for (int bits = 0; bits < 6; bits++) {
                    combination.internet = (enum control_result)internet;
                    combination.vpc = (enum control_result)vpc;
                    combination.other = (enum other_view)other;
                    combination.vpc_name_is_private = bits % 2;
                    combination.expect = (enum expect)(bits / 2);
                    walk(&combination);
                }
}

static bool is_cut_off(enum tls_outcome outcome)
{
    return outcome == TLS_TIMEOUT || outcome == TLS_RESET || outcome == TLS_EOF;
}

static void walk_handshakes(struct combination combination)
{
    combination.tcp = TCP_OK;
    for (int tls = TLS_TIMEOUT; tls < TLS_OUTCOME_COUNT; tls++) {
        combination.tls = (enum tls_outcome)tls;
        int trials = is_cut_off(combination.tls) ? (TRIAL_CLOSED + 1) * (TRIAL_CLOSED + 1) : 1;
        for (int trial = 0; trial < trials; trial++) {
            combination.clamped = (enum trial_outcome)(trial % (TRIAL_CLOSED + 1));
            combination.control_sni = (enum trial_outcome)(trial / (TRIAL_CLOSED + 1));
            walk_surroundings(combination);
        }
    }
}

static void every_combination_keeps_the_promises(void **state)
{
    (void)state;
    for (int dns = DNS_SKIPPED; dns < DNS_OUTCOME_COUNT; dns++)
        if (dns != DNS_NOERROR)
            walk_surroundings((struct combination){.dns = (enum dns_outcome)dns});
    walk_surroundings((struct combination){.dns = DNS_NOERROR, .address_class = CLASS_BOGUS});
    for (int address_class = CLASS_PUBLIC; address_class <= CLASS_PROVIDER; address_class++) {
        struct combination combination = {.dns = DNS_NOERROR,
                                          .address_class = (enum address_class)address_class};
        for (int tcp = TCP_SKIPPED; tcp < TCP_OUTCOME_COUNT; tcp++) {
            combination.tcp = (enum tcp_outcome)tcp;
            if (combination.tcp != TCP_OK)
                walk_surroundings(combination);
        }
        walk_handshakes(combination);
        combination.tcp = TCP_OK;
        combination.tls = TLS_OK;
        for (int api = API_SKIPPED; api < API_OUTCOME_COUNT; api++) {
            combination.api = (enum api_outcome)api;
            walk_surroundings(combination);
        }
    }
    print_message("%lu combinations\n", walked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_combination_keeps_the_promises)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
