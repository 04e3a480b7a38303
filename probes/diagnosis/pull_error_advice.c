#include "probes/diagnosis/pull_error_advice.h"

#include <stdio.h>
#include <string.h>

#include "config/target.h"
#include "probes/diagnosis/guide.h"
#include "probes/diagnosis/texts.h"

#define MAX_LINE 4096
#define KEY_FILE "dockerconfig.json"

static const char save_the_key[] =
    "For the check below, save the pull secret that the pod uses: kubectl get secret NAME -o "
    "jsonpath='{.data.\\.dockerconfigjson}' | base64 -d > " KEY_FILE;

/* ---- the registry of the image ---- */

/* Docker's own name for its registry, and the host that pulls ask in its place. */
static const char *known_host(const char *host)
{
    static const char docker[] = "registry-1.docker.io";

    return strcmp(host, "docker.io") == 0 || strcmp(host, "index.docker.io") == 0 ? docker : host;
}

/* HOST/REPOSITORY:TAG as `check` takes it, from what an image reference may leave out; or NULL. */
static const char *full_reference(const char *image, struct arena *arena)
{
    size_t length = strcspn(image, "/");
    bool has_host =
        image[length] == '/' && (memchr(image, '.', length) || memchr(image, ':', length));

    if (!has_host)
        return arena_format(arena, "registry-1.docker.io/%s%s", image[length] ? "" : "library/",
                            image);
    const char *host = arena_copy_bytes(arena, image, length);
    return host ? arena_format(arena, "%s%s", known_host(host), image + length) : NULL;
}

/* The target that `check` would be given, as text and parsed; false: the text names none. */
static bool registry_of(const struct pull_error *error, const struct found_error *found,
                        struct arena *arena, struct target *ret_target, const char **ret_text)
{
    bool of_registry = found->clue.place == PLACE_REGISTRY;
    const char *candidates[] = {
        of_registry && error->host && found->path_image
            ? arena_format(arena, "%s/%s", error->host, found->path_image)
            : NULL,
        error->image ? full_reference(error->image, arena) : NULL,
        of_registry ? error->host : NULL,
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

static void put_registry(struct text *out, const struct advice *advice)
{
    const struct target *registry = advice->registry;
    const char *host = registry->host;

    if (host && registry->port != 443)
        text_append_format(out, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host,
                           (unsigned)registry->port);
    else
        text_append(out, host ? host : "<tcr-name>.tencentcloudcr.com");
}

static void put_port(struct text *out, const struct advice *advice)
{
    text_append_format(out, "%u",
                       advice->found->port ? (unsigned)advice->found->port
                                           : (unsigned)advice->registry->port);
}

static void put_host(struct text *out, const struct advice *advice)
{
    if (advice->error->host)
        text_append(out, advice->error->host);
    else
        text_append(out, advice->registry->host ? advice->registry->host : "the registry");
}

static const struct {
    const char *name;
    void (*put)(struct text *out, const struct advice *advice);
} values[] = {
    {"address", put_address},   {"endpoint", put_endpoint}, {"host", put_host},
    {"registry", put_registry}, {"port", put_port},         {"limiter", put_host},
    {"store", put_host},        {"location", put_host},     {"realm", put_host},
    {"realm_host", put_host},
};

/* For what a text cannot tell, words that make the sentence whole. */
static const char *words_for(const char *name, const struct advice *advice)
{
    static const char *const words[][2] = {
        {"class", "unknown"},
        {"rule", "a reserved range"},
        {"instance", "of the image"},
        {"image", "the image"},
        {"resolver", "the resolver"},
        {"view", "the host's resolvers"},
        {"rcode", "the answer"},
        {"egress", "the NAT gateway's elastic IP"},
        {"linkage", "the linkage's private IP"},
        {"interface_mtu", "not known from the text"},
        {"names", "see the evidence of a check"},
        {"not_before", "its first day"},
        {"not_after", "its last day"},
        {"retry_after", "a while"},
        {"status", "of the answer"},
        {"server", "unnamed"},
        {"tls_detail", "see the evidence of a check"},
        {"api_detail", "no further detail"},
    };

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
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i][0], name) == 0)
            return words[i][1];
    return NULL;
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

static const char *fill(const char *template, const struct advice *advice)
{
    struct text text = TEXT_WITH_LIMIT(MAX_LINE);

    template_write(&text, template, put_value, advice);
    const char *filled = arena_copy_text(advice->arena, text_string(&text));
    text_free(&text);
    return filled;
}

/* ---- what to do ---- */

static bool is_at(const struct advice *advice, enum place place, bool public)
{
    const struct pull_error *error = advice->error;

    return advice->found->clue.place == place && error->has_address &&
           error->address_class != CLASS_BOGUS && (error->address_class == CLASS_PUBLIC) == public;
}

/* What of the facts behind a step a text can tell. One without a registry's name is taken for one
 * about TCR: that is what this program is for. */
static bool is_fact(enum fact fact, const struct advice *advice)
{
    switch ((int)fact) {
    case FACT_TCR:
        return !advice->registry->host || advice->registry->instance;
    case FACT_REALM_PUBLIC:
        return is_at(advice, PLACE_TOKEN, true);
    case FACT_REALM_INTERNAL:
        return is_at(advice, PLACE_TOKEN, false);
    case FACT_BLOB_PUBLIC:
        return is_at(advice, PLACE_BLOB, true);
    case FACT_BLOB_INTERNAL:
        return is_at(advice, PLACE_BLOB, false);
    case FACT_LOOPBACK_ANSWER:
        return advice->error->has_address && advice->error->address_class == CLASS_BOGUS;
    default:
        return false;
    }
}

static void add_remedy(struct pull_error *error, const struct advice *advice)
{
    const struct step *const *lists = remedy_of(error->cause);

    for (size_t i = 0; lists && lists[i]; i++) {
        for (const struct step *step = lists[i]; step->text; step++) {
            if (step->when != FACT_NONE && !is_fact(step->when, advice))
                continue;
            if (step->unless != FACT_NONE && is_fact(step->unless, advice))
                continue;
            const char *line = fill(step->text, advice);
            if (line && error->remedy_count < PULL_ERROR_MAX_REMEDY)
                error->remedy[error->remedy_count++] = line;
        }
    }
}

/* In single quotes unless every byte means itself to a shell. */
static void append_quoted(struct text *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._-:/@";

    if (strspn(word, plain) == strlen(word)) {
        text_append(text, word);
        return;
    }
    text_append(text, "'");
    for (; *word; word++) {
        if (*word == '\'')
            text_append(text, "'\\''");
        else
            text_append_bytes(text, word, 1);
    }
    text_append(text, "'");
}

/* Of check_option: what it takes to tell the causes apart. */
static unsigned options_for(const struct pull_error *error)
{
    unsigned options = cause_check_options(error->cause);

    for (size_t i = 0; i < error->alternative_count; i++)
        options |= cause_check_options(error->alternatives[i]);
    return options;
}

static const char *check_line(const struct pull_error *error, const char *target,
                              struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(MAX_LINE);
    unsigned options = options_for(error);

    text_append(&text, "tcr-probe check ");
    if (options & CHECK_WITH_PROFILE)
        text_append(&text, "--profile tke-serverless ");
    if (options & CHECK_WITH_KEY)
        text_append(&text, "--docker-config " KEY_FILE " ");
    append_quoted(&text, target);
    const char *line = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    return line;
}

void pull_error_advise(struct pull_error *error, const struct found_error *found,
                       const char *summary, struct arena *arena)
{
    struct target registry;
    struct advice advice = {found, error, &registry, arena};
    const char *target;
    bool named = registry_of(error, found, arena, &registry, &target);

    error->summary = fill(summary, &advice);
    if (!error->recognised)
        return;
    add_remedy(error, &advice);
    if (!named)
        return;
    error->check = check_line(error, target, arena);
    if (options_for(error) & CHECK_WITH_KEY && error->remedy_count < PULL_ERROR_MAX_REMEDY)
        error->remedy[error->remedy_count++] = save_the_key;
}
