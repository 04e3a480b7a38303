/* SPDX-License-Identifier: MIT */
/*
 * Walks the combinations of outcomes of the phases, views, controls and trials, and checks each
 * diagnosis against them: there is a finding, no claim goes beyond the evidence, no ok stands
 * beside a failure, an address that is said to fail did fail, the pull error is that of the
 * measured outcome, and no step asks for something that is there or advises against safety.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probes/diagnosis/diagnose.h"
#include "probes/evidence/view.h"

#define NAME "acme-prod.tencentcloudcr.com"

enum control_result { CONTROLS_ABSENT, CONTROLS_OK, CONTROLS_SILENT, CONTROLS_MIXED };
enum linkage_result { LINKAGE_NONE, LINKAGE_OK, LINKAGE_SILENT, LINKAGE_COUNT };
enum vendor { VENDOR_TCR, VENDOR_PERSONAL, VENDOR_OTHER, VENDOR_COUNT };
enum other_view { OTHER_ABSENT, OTHER_SILENT, OTHER_SAME, OTHER_PRIVATE_WORKS, OTHER_COUNT };

/* One combination. If there is another view, the host's resolver decides and answers as `dns` says,
 * and the pod's resolver is the other one. If not, the pod's resolver is the only one. */
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
    enum linkage_result linkage;
    enum vendor vendor;
};

static const struct address public_address = {AF_INET, {43, 132, 7, 9}};
static const struct address private_address = {AF_INET, {10, 0, 3, 7}};
static const struct address linkage_address = {AF_INET, {10, 0, 3, 8}};
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
    if (combination->linkage != LINKAGE_NONE) {
        struct path_evidence *path =
            add_path(evidence, &linkage_address, CLASS_PRIVATE, VIEW_LINKAGE);
        path->tcp.outcome = combination->linkage == LINKAGE_OK ? TCP_OK : TCP_TIMEOUT;
    }
    add_controls(evidence, CONTROL_INTERNET, combination->internet);
    add_controls(evidence, CONTROL_VPC, combination->vpc);
    return evidence;
}

/* Symptoms with several possible causes: silence, and connections that are cut off. */
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
        if ((i == 0 || finding->severity == SEVERITY_WARN) && finding->remedy_count == 0)
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

/* ---- the words against the evidence ---- */

static const char *const failing[] = {
    "does not answer",
    "refuses",
    "resets",
    "closes",
    "ends the TLS",
    "shows a",
    "cannot be reached",
    "does not work",
    "accepts no connection",
    "is not serving",
    "was not tried",
};
static const char *const working[] = {"works", "accepts connections", "is reachable over"};

static bool begins_with_one_of(const char *at, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static bool path_is_fine(const struct path_evidence *path)
{
    if (path->views & VIEW_LINKAGE)
        return path->tcp.outcome == TCP_OK;
    return path->tcp.outcome == TCP_OK && path->tls.outcome == TLS_OK &&
           path->api.outcome == API_REGISTRY;
}

/* The words that follow an address up to the next one: the first verb must fit its outcome. */
static const char *accused_wrongly(const char *sentence, const struct path_evidence *path)
{
    char address[ADDRESS_TEXT_SIZE];
    const char *at = sentence;

    address_format(&path->address, address);
    while ((at = strstr(at, address))) {
        at += strlen(address);
        for (size_t n = 0; n < 60 && at[n] && strncmp(at + n, "43.132.", 7) != 0 &&
                           strncmp(at + n, "10.0.", 5) != 0;
             n++) {
            if (path_is_fine(path) && begins_with_one_of(at + n, failing, 11))
                return "an address is said to fail, and it works";
            if (!path_is_fine(path) && begins_with_one_of(at + n, working, 3))
                return "an address is said to work, and it fails";
            if (begins_with_one_of(at + n, failing, 11) || begins_with_one_of(at + n, working, 3))
                break;
        }
    }
    return NULL;
}

/* The words of a client in this situation; NULL: the evidence does not tell. */
static const char *words_of_client(const struct evidence *evidence)
{
    static const char *const dns_words[DNS_OUTCOME_COUNT] = {
        [DNS_NODATA] = "no such host",
        [DNS_NXDOMAIN] = "no such host",
        [DNS_SERVFAIL] = "server misbehaving",
        [DNS_REFUSED] = "server misbehaving",
        [DNS_TIMEOUT] = "i/o timeout",
        [DNS_OTHER_RCODE] = "server misbehaving",
        [DNS_MALFORMED] = "cannot unmarshal",
        [DNS_RESOLVER_PORT_CLOSED] = "i/o timeout",
        [DNS_RESOLVER_UNREACHABLE] = "i/o timeout",
    };
    static const char *const tcp_words[TCP_OUTCOME_COUNT] = {
        [TCP_TIMEOUT] = ": i/o timeout",
        [TCP_REFUSED] = "connection refused",
        [TCP_RESET] = "connection reset",
        [TCP_UNREACHABLE] = "no route to host",
    };
    static const char *const tls_words[TLS_OUTCOME_COUNT] = {
        [TLS_TIMEOUT] = "TLS handshake timeout",
        [TLS_RESET] = "connection reset",
        [TLS_EOF] = "EOF",
        [TLS_PLAIN_HTTP] = "HTTP response to HTTPS client",
        [TLS_NOT_TLS] = "does not look like a TLS handshake",
        [TLS_UNTRUSTED_ISSUER] = "unknown authority",
        [TLS_SELF_SIGNED] = "unknown authority",
        [TLS_NAME_MISMATCH] = "valid for any names",
        [TLS_EXPIRED] = "has expired or is not yet valid",
        [TLS_NOT_YET_VALID] = "has expired or is not yet valid",
    };

    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        if (!evidence_path_decides(evidence, path) || path->address_class == CLASS_BOGUS)
            continue;
        return path->tcp.outcome != TCP_OK ? tcp_words[path->tcp.outcome]
               : path->tls.outcome != TLS_OK && path->tls.outcome != TLS_SKIPPED
                   ? tls_words[path->tls.outcome]
                   : NULL;
    }
    for (size_t i = 0; i < evidence->dns_count; i++)
        if (evidence_answer_decides(evidence, &evidence->dns[i]))
            return dns_words[evidence->dns[i].outcome];
    return NULL;
}

static const char *wrong_pull_error(const struct evidence *evidence, const struct finding *finding)
{
    const char *words = words_of_client(evidence);

    if (finding->severity != SEVERITY_FAIL)
        return finding->pull_error_count ? "a pull error although pulls do not fail" : NULL;
    for (size_t i = 0; words && i < finding->pull_error_count; i++)
        if (!strstr(finding->pull_errors[i], words))
            return "a pull error that no client prints here";
    return words && !finding->pull_error_count ? "no pull error" : NULL;
}

static bool has_step(const struct finding *finding, const char *words)
{
    for (size_t i = 0; i < finding->remedy_count; i++)
        if (strstr(finding->remedy[i], words))
            return true;
    return false;
}

static const char *wrong_steps(const struct combination *combination, const struct finding *finding)
{
    bool linkage = combination->vpc_name_is_private || combination->linkage == LINKAGE_OK;

    if (linkage && has_step(finding, "and click Create."))
        return "a step creates the linkage that is there";
    if (combination->internet != CONTROLS_ABSENT && combination->internet != CONTROLS_SILENT &&
        has_step(finding, "NAT Gateway, click New"))
        return "a step creates a NAT gateway although the internet is reachable";
    if (combination->vendor != VENDOR_OTHER &&
        (has_step(finding, "registry-insecure-skip-verify") ||
         has_step(finding, "registry-http-endpoint") || has_step(finding, "Renew the")))
        return "advice against safety, or beyond reach";
    if (combination->vendor != VENDOR_TCR && has_step(finding, "TCR console"))
        return "a step in the console of another registry";
    for (size_t i = 0; i < finding->remedy_count; i++) {
        const char *step = finding->remedy[i];
        bool last = i + 1 == finding->remedy_count;
        if (step[strlen(step) - 1] == ':' &&
            (last || finding->remedy[i + 1][strlen(finding->remedy[i + 1]) - 1] == ':'))
            return "a title without steps";
    }
    return NULL;
}

static const char *untrue_words(const struct combination *combination,
                                const struct evidence *evidence, const struct diagnosis *diagnosis)
{
    const char *wrong = NULL;

    for (size_t i = 0; !wrong && i < diagnosis->count; i++) {
        const struct finding *finding = &diagnosis->findings[i];
        for (size_t n = 0; !wrong && n < evidence->path_count; n++)
            wrong = accused_wrongly(finding->summary, &evidence->paths[n]);
        if (!wrong && is_shared_symptom(finding->cause) && !strstr(finding->summary, "robably") &&
            !strstr(finding->summary, "ossibly") && !strstr(finding->summary, "ither ") &&
            finding->cause != CAUSE_DNS_TIMEOUT)
            wrong = "a guess that sounds certain";
        if (!wrong)
            wrong = wrong_pull_error(evidence, finding);
        if (!wrong)
            wrong = wrong_steps(combination, finding);
    }
    return wrong;
}

static struct target target_of(const struct combination *combination)
{
    static const char *const hosts[VENDOR_COUNT] = {NAME, "ccr.ccs.tencentyun.com",
                                                    "registry.example.com"};

    return (struct target){.name = NAME,
                           .host = hosts[combination->vendor],
                           .port = 443,
                           .instance = combination->vendor == VENDOR_TCR ? "acme-prod" : NULL,
                           .has_linkage_address = combination->linkage != LINKAGE_NONE,
                           .linkage_address = linkage_address,
                           .expect = combination->expect,
                           .timeout = 3 * USEC_PER_SEC,
                           .certificate_warning_days = 21};
}

static void walk(const struct combination *combination)
{
    struct target target = target_of(combination);
    struct evidence *evidence = measure(combination);
    struct diagnosis *diagnosis = diagnose(evidence, &target);
    const char *broken = broken_promise(combination, diagnosis);

    if (!broken)
        broken = untrue_words(combination, evidence, diagnosis);

    walked++;
    if (broken)
        fail_msg("%s: linkage %d, vendor %d, dns %s, class %s, tcp %s, tls %s (%s, %s), api %s, "
                 "internet %d, vpc %d, "
                 "other %d, -vpc %d, expect %s: %s %s",
                 broken, (int)combination->linkage, (int)combination->vendor,
                 dns_outcome_name(combination->dns), address_class_name(combination->address_class),
                 tcp_outcome_name(combination->tcp), tls_outcome_name(combination->tls),
                 trial_outcome_name(combination->clamped),
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
                    combination.linkage = (enum linkage_result)(walked / 7 % LINKAGE_COUNT);
                    combination.vendor = (enum vendor)(walked / 11 % VENDOR_COUNT);
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

/* ---- above /v2/ ---- */

/* Failures whose text in a client holds a digest or a cause that the evidence does not keep. */
static bool has_no_pull_error(const struct finding *finding)
{
    switch ((int)finding->cause) {
    case CAUSE_IMAGE_DAMAGED:
    case CAUSE_IMAGE_FORMAT_UNSUPPORTED:
    case CAUSE_REGISTRY_UNAVAILABLE: /* no connection: why is not kept */
    case CAUSE_HTTP_INVALID:
    case CAUSE_BLOB_STORE_REFUSED: /* garbage in place of a layer */
        return true;
    default:
        return false;
    }
}

static const char *broken_above(const struct diagnosis *diagnosis)
{
    for (size_t i = 0; i < diagnosis->count; i++) {
        const struct finding *finding = &diagnosis->findings[i];
        if (strchr(finding->summary, '{') || strstr(finding->summary, "  "))
            return "a summary with a hole";
        if (finding->severity == SEVERITY_FAIL && !finding->pull_error_count &&
            !has_no_pull_error(finding))
            return "no pull error";
        if (finding->severity != SEVERITY_FAIL && finding->pull_error_count)
            return "a pull error although pulls do not fail";
        if ((i == 0 || finding->severity == SEVERITY_FAIL) && !finding->remedy_count)
            return "no steps";
        for (size_t n = 0; n < finding->remedy_count; n++)
            if (strchr(finding->remedy[n], '{'))
                return "a step with a hole";
        for (size_t n = 0; n < finding->pull_error_count; n++)
            if (strchr(finding->pull_errors[n], '{') || strstr(finding->pull_errors[n], " 0"))
                return "a pull error with a hole";
    }
    return NULL;
}

static unsigned status_of_manifest(enum manifest_outcome outcome)
{
    static const unsigned statuses[MANIFEST_OUTCOME_COUNT] = {
        [MANIFEST_FOUND] = 200,         [MANIFEST_NOT_FOUND] = 404,
        [MANIFEST_UNAUTHORIZED] = 401,  [MANIFEST_INSUFFICIENT_SCOPE] = 401,
        [MANIFEST_INVALID_TOKEN] = 401, [MANIFEST_BLOCKED_BY_POLICY] = 412,
        [MANIFEST_RATE_LIMITED] = 429,  [MANIFEST_UNAVAILABLE] = 503,
        [MANIFEST_UNEXPECTED] = 418,    [MANIFEST_OTHER_PLATFORM] = 200,
        [MANIFEST_DAMAGED] = 200,       [MANIFEST_UNSUPPORTED] = 200,
        [MANIFEST_REDIRECTED] = 403,
    };

    return statuses[outcome];
}

static unsigned status_of_auth(enum auth_outcome outcome)
{
    static const unsigned statuses[AUTH_OUTCOME_COUNT] = {
        [AUTH_ACCEPTED] = 200,       [AUTH_GRANTED_LESS_THAN_ASKED] = 403,
        [AUTH_NO_CREDENTIALS] = 401, [AUTH_REJECTED] = 401,
        [AUTH_FAILED] = 503,         [AUTH_RATE_LIMITED] = 429,
    };

    return statuses[outcome];
}

/* A registry that answers at /v2/; the image has one layer on another host. */
static void walk_registry(enum auth_outcome auth, enum manifest_outcome manifest,
                          enum blob_outcome layer, unsigned variant)
{
    struct path_evidence remote_path = {.address = public_address,
                                        .tcp.outcome = variant & 4 ? TCP_OK : TCP_TIMEOUT,
                                        .tls.outcome =
                                            variant & 4 ? TLS_NAME_MISMATCH : TLS_SKIPPED};
    struct remote_host_evidence remote = {.host = "other.example.com",
                                          .port = 443,
                                          .dns = variant & 8 ? DNS_NXDOMAIN : DNS_NOERROR,
                                          .path_count = variant & 8 ? 0 : 1,
                                          .paths = &remote_path};
    struct combination combination = {.dns = DNS_NOERROR,
                                      .address_class = CLASS_PRIVATE,
                                      .tcp = TCP_OK,
                                      .tls = TLS_OK,
                                      .api = API_REGISTRY,
                                      .vendor = (enum vendor)(variant % VENDOR_COUNT)};
    struct target target = target_of(&combination);
    struct evidence *evidence = measure(&combination);
    struct registry_evidence *registry = registry_evidence_new(evidence->arena, 1);
    const struct blob_evidence blob = {.outcome = layer,
                                       .digest = "sha256:0",
                                       .status = layer == BLOB_REFUSED        ? 403
                                                 : layer == BLOB_RATE_LIMITED ? 429
                                                                              : 200,
                                       .location = "https://other.example.com/layer",
                                       .remote = remote};

    bool names_realm = variant & 1 || auth == AUTH_REALM_UNREACHABLE || auth == AUTH_MALFORMED;
    registry->auth =
        (struct auth_evidence){.outcome = auth,
                               .realm = names_realm ? "https://other.example.com/t" : NULL,
                               .has_key = variant & 2,
                               .key_sent = variant & 2,
                               .host_listed = true,
                               .scope_status = status_of_auth(auth),
                               .remote = remote};
    registry->images[0] = (struct image_evidence){.reference = "team/app",
                                                  .outcome = manifest,
                                                  .auth = auth,
                                                  .key = variant & 2 ? "registry" : NULL,
                                                  .status = status_of_manifest(manifest),
                                                  .config = blob,
                                                  .layer_count = 1};
    evidence->registry = registry;
    struct diagnosis *diagnosis = diagnose(evidence, &target);
    const char *broken = broken_above(diagnosis);
    if (broken)
        fail_msg("%s: auth %s, manifest %s, layer %s, variant %u: %s %s", broken,
                 auth_outcome_name(auth), manifest_outcome_name(manifest), blob_outcome_name(layer),
                 variant, cause_name(diagnosis->findings[0].cause), diagnosis->findings[0].summary);
    diagnosis_free(diagnosis);
    evidence_free(evidence);
}

static void every_pull_keeps_the_promises(void **state)
{
    (void)state;
    for (unsigned variant = 0; variant < 16; variant++)
        for (unsigned auth = 0; auth < AUTH_OUTCOME_COUNT; auth++)
            for (unsigned manifest = 0; manifest < MANIFEST_OUTCOME_COUNT; manifest++)
                for (unsigned layer = 0; layer < BLOB_OUTCOME_COUNT; layer++)
                    if (manifest == MANIFEST_FOUND || layer == BLOB_SKIPPED)
                        walk_registry((enum auth_outcome)auth, (enum manifest_outcome)manifest,
                                      (enum blob_outcome)layer, variant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_combination_keeps_the_promises),
                                       cmocka_unit_test(every_pull_keeps_the_promises)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
