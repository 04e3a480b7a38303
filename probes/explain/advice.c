/* SPDX-License-Identifier: MIT */
#include "probes/explain/advice.h"

#include <stdio.h>
#include <string.h>

#include "config/target.h"
#include "probes/diagnosis/facts.h"
#include "probes/diagnosis/subject.h"
#include "probes/diagnosis/words.h"
#include "probes/explain/fields.h"

#define MAX_LINE 4096
#define KEY_FILE "dockerconfig.json"

static const char save_the_key[] =
    "For the check below, save the pull secret that the pod uses: kubectl get secret NAME -o "
    "jsonpath='{.data.\\.dockerconfigjson}' | base64 -d > " KEY_FILE;

static const char limit_of_hub[] = "Docker counts pulls without a key by address, and all pods "
                                   "behind one NAT gateway share it. Pull "
                                   "with a key: kubectl create secret docker-registry "
                                   "--docker-server={docker_server}, and name it "
                                   "in imagePullSecrets.";

/* ---- the registry of the image ---- */

/* The host that pulls ask where an image reference names Docker's registry. */
static const char *known_host(const char *host)
{
    static const char docker[] = "registry-1.docker.io";

    return strcmp(host, "docker.io") == 0 || strcmp(host, "index.docker.io") == 0 ? docker : host;
}

const char *pull_error_image_host(const char *image, struct arena *arena)
{
    const char *host = field_image_host(image, arena);

    return known_host(host ? host : "docker.io");
}

/* HOST/REPOSITORY:TAG as `check` takes it, with the parts that an image reference may leave out. */
static const char *full_reference(const char *image, struct arena *arena)
{
    const char *host = field_image_host(image, arena);
    const char *path = host ? strchr(image, '/') + 1 : image;
    const char *asked = known_host(host ? host : "docker.io");
    bool official = strcmp(asked, "registry-1.docker.io") == 0 && !strchr(path, '/');

    return arena_format(arena, "%s/%s%s", asked, official ? "library/" : "", path);
}

/* ":TAG" or "@DIGEST" of the image that the text writes, if it is of this repository; else "". */
static const char *reference_of(const char *image, const char *repository)
{
    size_t length = strlen(repository);
    const char *found = NULL;

    for (const char *at = image; at && (at = strstr(at, repository)); at++)
        if (strchr(":@", at[length]) && at[length])
            found = at + length;
    return found ? found : "";
}

/* The registry as it was asked, with the image that was asked for: a mirror is asked in place of
 * the registry that the image names. */
static const char *asked_image(const struct found_error *found, struct arena *arena)
{
    const char *reference = found->reference;

    if (!found->registry || !found->repository || !*found->repository)
        return NULL;
    if (found->image && !found->image_of_url) {
        const char *written = reference_of(found->image, found->repository);
        reference = *written ? written : reference;
    }
    return arena_format(arena, "%s/%s%s", known_host(found->registry), found->repository,
                        reference ? reference : "");
}

/* The target that `check` would be given, as text and parsed; false: the text names none. */
static bool registry_of(const struct pull_error *error, const struct found_error *found,
                        struct arena *arena, struct target *ret_target, const char **ret_text)
{
    bool of_registry = found->clue.place == PLACE_REGISTRY ||
                       (found->clue.place == PLACE_PROXY && !found->clue.elsewhere);
    const char *candidates[] = {
        asked_image(found, arena),
        error->image ? full_reference(error->image, arena) : NULL,
        found->registry ? known_host(found->registry) : NULL,
        of_registry && error->host ? known_host(error->host) : NULL,
    };

    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        *ret_target = (struct target){0};
        *ret_text = candidates[i];
        if (candidates[i] && !target_parse(candidates[i], arena, ret_target))
            return true;
    }
    *ret_target = (struct target){.port = 443};
    return false;
}

/* ---- templates ---- */

static void put_endpoint(struct text *out, const struct advice *advice)
{
    char buffer[ENDPOINT_TEXT_SIZE];
    struct endpoint endpoint = {advice->error->address, advice->found->port};

    if (!advice->error->has_address)
        text_append(out, advice->error->host ? advice->error->host : "the address");
    else if (endpoint.port)
        text_append(out, endpoint_format(&endpoint, buffer));
    else
        text_append(out, address_format(&endpoint.address, buffer));
}

static void put_address(struct text *out, const struct advice *advice)
{
    char buffer[ADDRESS_TEXT_SIZE];

    text_append(out, advice->error->has_address ? address_format(&advice->error->address, buffer)
                                                : "the address");
}

/* The registry as annotations and secrets name it: host[:port]. */
static void put_registry(struct text *out, const struct advice *advice)
{
    const struct target *registry = advice->registry;
    char buffer[HOST_PORT_SIZE];

    text_append(out, registry->host ? host_port_short(registry->host, registry->port, 443, buffer)
                                    : "REGISTRY");
}

/* The kubelet looks for the key of Docker's registry under this name only (keyring.go). */
static void put_docker_server(struct text *out, const struct advice *advice)
{
    const char *host = advice->registry->host;

    if (host && strcmp(host, "registry-1.docker.io") == 0)
        text_append(out, "https://index.docker.io/v1/");
    else
        put_registry(out, advice);
}

/* The failure at a token service, a store or a proxy, as the end of a sentence. */
static void put_inner(struct text *out, const struct advice *advice)
{
    static const char *const words[SYMPTOM_COUNT] = {
        [SYMPTOM_CONNECT_TIMEOUT] = "nothing answers there",
        [SYMPTOM_TLS_TIMEOUT] = "the TLS handshake got no answer",
        [SYMPTOM_HTTP_TIMEOUT] = "the connection was made and no reply came",
        [SYMPTOM_TIMEOUT] = "the time limit was reached",
        [SYMPTOM_UNTRUSTED] = "its certificate is not trusted here",
        [SYMPTOM_NAME_MISMATCH] = "its certificate is for another name",
        [SYMPTOM_EXPIRED] = "its certificate has expired, or a clock is wrong",
        [SYMPTOM_NOT_YET_VALID] = "its certificate is not valid yet, or a clock is wrong",
        [SYMPTOM_DATES] = "its certificate has expired or is not valid yet, or a clock is wrong",
        [SYMPTOM_UNREACHABLE] = "there is no route to it",
        [SYMPTOM_PROHIBITED] = "this machine does not allow the connection",
        [SYMPTOM_REFUSED] = "it refuses the connection",
        [SYMPTOM_NO_SUCH_HOST] = "its name does not exist for the resolver",
        [SYMPTOM_NO_ADDRESS] = "its name has no address",
        [SYMPTOM_DNS_FAILURE] = "the resolver cannot resolve its name",
        [SYMPTOM_DNS_TIMEOUT] = "the resolver gave no answer for its name",
        [SYMPTOM_TLS_CLOSED] = "the connection was closed",
        [SYMPTOM_PLAIN_HTTP] = "it speaks plain HTTP where HTTPS is expected",
        [SYMPTOM_HANDSHAKE] = "the TLS handshake failed",
        [SYMPTOM_NO_FAMILY] = "its address is IPv6 and this machine has none",
        [SYMPTOM_LOCAL_NETWORK] = "this machine ran out of memory, files or ports",
    };
    const char *inner = words[advice->found->clue.symptom];

    text_append(out, inner ? inner : "the connection failed");
}

static void put_valid_for(struct text *out, const struct advice *advice)
{
    if (advice->found->names)
        text_append_format(out, " (it is valid for %s)", advice->found->names);
}

static void put_proxy(struct text *out, const struct advice *advice)
{
    text_append(out, advice->found->proxy ? advice->found->proxy : "of its settings");
}

static void put_plugin(struct text *out, const struct advice *advice)
{
    if (advice->found->plugin)
        text_append_format(out, " %s", advice->found->plugin);
}

static void put_dns(struct text *out, const struct advice *advice)
{
    text_append_format(out, "The resolver %s",
                       advice->found->resolver ? advice->found->resolver
                                               : "of the machine that pulls");
}

static void put_port(struct text *out, const struct advice *advice)
{
    text_append_format(out, "%u",
                       advice->found->port ? (unsigned)advice->found->port
                                           : (unsigned)advice->registry->port);
}

static void put_host(struct text *out, const struct advice *advice)
{
    enum place place = advice->found->clue.place;

    if (advice->error->host)
        text_append(out, advice->error->host);
    else if (place == PLACE_TOKEN || place == PLACE_BLOB)
        text_append(out, place == PLACE_TOKEN ? "the token service" : "the store");
    else
        text_append(out, advice->registry->host ? advice->registry->host : "the registry");
}

static void put_token_service(struct text *out, const struct advice *advice)
{
    const char *host = advice->error->host;

    text_append_format(out, "its token service%s%s", host ? " " : "", host ? host : "");
}

static void put_store(struct text *out, const struct advice *advice)
{
    const char *host = advice->error->host;

    if (host)
        text_append_format(out, "%s, which serves the layers,", host);
    else
        text_append(out, "the host that serves the layers");
}

static const struct {
    const char *name;
    void (*put)(struct text *out, const struct advice *advice);
} values[] = {
    {"address", put_address},
    {"endpoint", put_endpoint},
    {"host", put_host},
    {"registry", put_registry},
    {"port", put_port},
    {"remote", put_host},
    {"answerer", put_host},
    {"location", put_host},
    {"realm", put_host},
    {"realm_host", put_host},
    {"docker_server", put_docker_server},
    {"token_service", put_token_service},
    {"store", put_store},
    {"inner", put_inner},
    {"valid_for", put_valid_for},
    {"proxy", put_proxy},
    {"dns", put_dns},
    {"plugin", put_plugin},
};

/* The value that the text gives, else a word that completes the sentence. */
static const char *words_for(const char *name, const struct advice *advice)
{
    if (strcmp(name, "class") == 0 && advice->error->has_address)
        return address_class_name(advice->error->address_class);
    if (strcmp(name, "rule") == 0 && advice->error->rule)
        return advice->error->rule;
    if (strcmp(name, "instance") == 0 && advice->registry->instance)
        return advice->registry->instance;
    if (strcmp(name, "image") == 0 && advice->error->image)
        return advice->error->image;
    if (strcmp(name, "resolver") == 0 && advice->found->resolver)
        return advice->found->resolver;
    if (strcmp(name, "names") == 0 && advice->found->names)
        return advice->found->names;
    return subject_word(name);
}

static void put_value(struct text *out, const char *name, const void *context)
{
    const struct advice *advice = context;
    const char *words = words_for(name, advice);

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (strcmp(values[i].name, name) == 0) {
            values[i].put(out, advice);
            return;
        }
    }
    if (strcmp(name, "status") == 0 && advice->found->clue.status)
        text_append_format(out, "HTTP %u", advice->found->clue.status);
    else if (words)
        text_append(out, words);
    else
        for (text_append(out, "the "); *name; name++)
            text_append_format(out, "%c", *name == '_' ? ' ' : *name);
}

/* ---- steps ---- */

static bool is_at(const struct advice *advice, enum place place, bool public)
{
    const struct pull_error *error = advice->error;

    return advice->found->clue.place == place && error->has_address &&
           error->address_class != CLASS_BOGUS && (error->address_class == CLASS_PUBLIC) == public;
}

/* A name of Tencent's object store (COS), which holds the layers of TCR. */
static bool is_cos(const char *host)
{
    static const char *const domains[] = {".myqcloud.com", ".tencentcos.cn"};
    size_t length = strcspn(host, ":");

    for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
        size_t end = strlen(domains[i]);
        if (length >= end && strncmp(host + length - end, domains[i], end) == 0)
            return true;
    }
    return false;
}

/* The errors of the vendor's page are of TCR if the text names no host: this program is made for
 * them. Other registries print the rest as well. */
static bool is_of_vendors_page(const struct advice *advice)
{
    const struct pull_error *error = advice->error;

    return error->stage == PULL_STAGE_DNS || error->stage == PULL_STAGE_TCP ||
           error->stage == PULL_STAGE_TLS || strstr(error->text, "insufficient_scope");
}

static bool is_about_tcr(const struct advice *advice)
{
    const char *host = advice->error->host;

    if (advice->registry->host)
        return advice->registry->instance != NULL;
    if (!host)
        return is_of_vendors_page(advice);
    return strstr(host, ".tencentcloudcr.com") || is_cos(host);
}

static bool is_certificate(enum cause cause)
{
    return cause == CAUSE_TLS_UNTRUSTED_ISSUER || cause == CAUSE_TLS_NAME_MISMATCH ||
           cause == CAUSE_TLS_CERTIFICATE_EXPIRED || cause == CAUSE_TLS_CERTIFICATE_NOT_YET_VALID;
}

static bool is_bogus(const struct pull_error *error)
{
    return error->has_address && error->address_class == CLASS_BOGUS;
}

/* An address, or the name that means one everywhere. */
static bool needs_no_resolver(const char *host)
{
    struct endpoint endpoint;

    return host && (field_endpoint(host, &endpoint) ||
                    (strncmp(host, "localhost", 9) == 0 && (!host[9] || host[9] == ':')));
}

static bool is_at_proxy(const struct advice *advice)
{
    return advice->error->cause == CAUSE_PROXY_UNREACHABLE;
}

/* The facts behind a step that a text can tell. */
static bool is_fact(enum fact fact, const void *context)
{
    const struct advice *advice = context;

    switch ((int)fact) {
    case FACT_FAILS:
        return true;
    case FACT_TENCENT:
        return advice->registry->host && facts_is_tencent(advice->registry);
    case FACT_TCR:
        return is_about_tcr(advice);
    case FACT_REALM_PUBLIC:
        return is_at(advice, PLACE_TOKEN, true);
    case FACT_REALM_INTERNAL:
        return is_at(advice, PLACE_TOKEN, false);
    case FACT_BLOB_PUBLIC:
        return is_at(advice, PLACE_BLOB, true);
    case FACT_BLOB_INTERNAL:
        return is_at(advice, PLACE_BLOB, false);
    case FACT_VENDOR_RESOLVER: /* none of the vendor's is advised */
        return !is_about_tcr(advice) && !facts_is_tencent(advice->registry);
    case FACT_LOOPBACK_ANSWER:
        return is_bogus(advice->error);
    case FACT_LITERAL:
        return is_bogus(advice->error) && needs_no_resolver(advice->error->host);
    case FACT_PROXY_CERTIFICATE:
        return is_at_proxy(advice) && is_certificate(advice->inner);
    case FACT_PROXY_UNTRUSTED:
        return is_at_proxy(advice) && advice->inner == CAUSE_TLS_UNTRUSTED_ISSUER;
    case FACT_PROXY_PLAIN: /* the words of Go for a proxy of http:// whose URL is https:// */
        return is_at_proxy(advice) && strstr(advice->error->text, "first record does not look");
    default:
        return false;
    }
}

static void add_line(struct pull_error *error, const char *line)
{
    if (line && error->remedy_count < PULL_ERROR_MAX_REMEDY)
        error->remedy[error->remedy_count++] = line;
}

/* The store's answer is read by its number: signed links and clocks matter for 403 only. */
static const struct line *steps_of_store(const struct clue *clue)
{
    static const struct line gone[] = {
        LINE("Push {image} again: its manifest names a layer or config that is no longer stored, "
             "because a clean-up removed it or a push did not complete."),
        LINE("If {host} is a mirror or a cache, clear its copy, or pull from the registry itself."),
        LINE(NULL),
    };
    static const struct line down[] = {
        LINE("Pull again after some minutes: the store, or a proxy in front of it, is in trouble."),
        LINE("If it lasts, give the operator of the registry the time, the image and the status "
             "{status}."),
        LINE(NULL),
    };

    if (clue->symptom == SYMPTOM_NOT_FOUND || clue->symptom == SYMPTOM_BLOB_GONE ||
        (clue->symptom == SYMPTOM_STATUS && clue->status == 404))
        return gone;
    return clue->symptom == SYMPTOM_STATUS && (clue->status == 408 || clue->status >= 500) ? down
                                                                                           : NULL;
}

/* The right that the plug-in of the registry's vendor needs; NULL: another vendor. */
static const char *right_of_plugin(const char *host)
{
    static const struct {
        const char *part; /* of the registry's name */
        const char *step;
    } vendors[] = {
        {".ecr.", "ECR: give the role of the node (or of the task) ecr:GetAuthorizationToken, "
                  "ecr:BatchGetImage and ecr:GetDownloadUrlForLayer, as in "
                  "AmazonEC2ContainerRegistryReadOnly."},
        {"gcr.io", "Google: give the service account of the node the role Artifact Registry "
                   "Reader, and the node the scope devstorage.read_only or cloud-platform."},
        {".pkg.dev", "Google: give the service account of the node the role Artifact Registry "
                     "Reader, and the node the scope cloud-platform."},
        {".azurecr.", "Azure: give the identity of the kubelet the role AcrPull (az aks check-acr "
                      "tests it)."},
    };

    for (size_t i = 0; host && i < sizeof(vendors) / sizeof(vendors[0]); i++)
        if (strstr(host, vendors[i].part))
            return vendors[i].step;
    return NULL;
}

/* The other errors of the same cause come before the pull, these after it. */
static const struct line *steps_of_user_ids(const struct clue *clue)
{
    static const struct line steps[] = {
        LINE(
            "On the machine that pulls give the user at least 65536 further ids in /etc/subuid and "
            "/etc/subgid, such as USER:100000:65536 (usermod --add-subuids 100000-165535 "
            "--add-subgids 100000-165535 USER)."),
        LINE(
            "Then run \"podman system migrate\" as that user, or restart the rootless runtime, and "
            "pull again."),
        LINE("If the error names an id above 65535, give the files in {image} a smaller owner, or "
             "pull as root."),
        LINE(NULL),
    };

    return clue->symptom == SYMPTOM_USER_IDS ? steps : NULL;
}

static void add_remedy(struct pull_error *error, const struct advice *advice,
                       const struct speaker *speaker, enum cause inner)
{
    const struct line *own = error->cause == CAUSE_BLOB_STORE_REFUSED
                                 ? steps_of_store(&advice->found->clue)
                                 : steps_of_user_ids(&advice->found->clue);

    for (const struct line *line = own; line && line->text; line++)
        add_line(error, speaker_fill(speaker, line->text));
    /* A certificate or an address family is a fault of its own, on whichever host it is; for the
     * certificate of a proxy its own cause has the steps. */
    bool inner_counts =
        (is_certificate(inner) && !is_at_proxy(advice)) || inner == CAUSE_IPV6_MISSING;
    if (!own)
        error->remedy_count = speaker_steps(speaker, inner_counts ? inner : error->cause,
                                            error->remedy, 0, PULL_ERROR_MAX_REMEDY);
    if (error->cause == CAUSE_CREDENTIAL_HELPER_FAILED)
        add_line(error, right_of_plugin(advice->registry->host));
    bool hub =
        advice->registry->host && strcmp(advice->registry->host, "registry-1.docker.io") == 0;
    if (advice->found->clue.symptom == SYMPTOM_RATE && hub)
        add_line(error, speaker_fill(speaker, limit_of_hub));
}

/* The options of check_option that tell the causes apart. */
static unsigned options_for(const struct pull_error *error)
{
    unsigned options = cause_words(error->cause)->check;

    for (size_t i = 0; i < error->alternative_count; i++)
        options |= cause_words(error->alternatives[i])->check;
    return options;
}

/* True if a check of names, connections and /v2/ tells the cause, so that it needs no image and no
 * key. */
static bool is_network_error(const struct pull_error *error)
{
    return error->stage == PULL_STAGE_DNS || error->stage == PULL_STAGE_TCP ||
           error->stage == PULL_STAGE_TLS || error->stage == PULL_STAGE_API ||
           error->stage == PULL_STAGE_PROXY;
}

/* The key of a plug-in is in no secret that could be saved. */
static bool is_bare_check(const struct pull_error *error)
{
    return is_network_error(error) ||
           (error->recognised && error->cause == CAUSE_CREDENTIAL_HELPER_FAILED);
}

static bool needs_key(const struct pull_error *error)
{
    return error->recognised && !is_bare_check(error) && options_for(error) & CHECK_WITH_KEY;
}

static const char *check_line(const struct pull_error *error, const struct target *registry,
                              const char *target, struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(MAX_LINE);
    unsigned options = error->recognised ? options_for(error) : 0;

    text_append(&text, "tcr-probe check ");
    if (options & CHECK_WITH_PROFILE)
        text_append(&text, "--profile tke-serverless ");
    if (needs_key(error))
        text_append(&text, "--docker-config " KEY_FILE " ");
    if (is_bare_check(error)) {
        char bare[HOST_PORT_SIZE];
        text_append_shell_word(&text, host_port_short(registry->host, registry->port, 443, bare));
    } else {
        text_append_shell_word(&text, target);
    }
    const char *line = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    return line;
}

/* Causes that only TCR has: its linkages and their names. */
static void drop_causes_of_tcr(struct pull_error *error)
{
    size_t kept = 0;

    for (size_t i = 0; i < error->alternative_count; i++)
        if (error->alternatives[i] != CAUSE_PRIVATE_DNS_NOT_ENABLED &&
            error->alternatives[i] != CAUSE_PRIVATE_LINKAGE_MISSING)
            error->alternatives[kept++] = error->alternatives[i];
    error->alternative_count = kept;
}

void pull_error_advise(struct pull_error *error, const struct found_error *found,
                       const struct pull_reading *reading, struct arena *arena)
{
    struct target registry;
    struct advice advice = {found, error, &registry, arena, reading->inner};
    const char *target;
    bool named = registry_of(error, found, arena, &registry, &target);

    struct speaker speaker = {is_fact, put_value, &advice, arena};

    error->summary = speaker_fill(&speaker, reading->summary);
    if (found->assumed && error->recognised)
        error->summary = arena_format(arena,
                                      "%s The text does not say that it is about an image pull; "
                                      "this answer assumes it.",
                                      error->summary ? error->summary : "");
    if (!is_about_tcr(&advice))
        drop_causes_of_tcr(error);
    if (error->recognised)
        add_remedy(error, &advice, &speaker, reading->inner);
    if (!named)
        return;
    error->check = check_line(error, &registry, target, arena);
    if (needs_key(error))
        add_line(error, save_the_key);
}
