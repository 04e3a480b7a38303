/* SPDX-License-Identifier: MIT */
#include "daemon/commands/diagnose_plan.h"

#include <string.h>

#include "config/schema.h"
#include "config/target.h"
#include "probes/transport/resolv_conf.h"

#define HTTP_PORT 80

/* Keys of a pod that names no Secret, so that the kubelet asks without one. */
static const struct docker_config_content no_keys = {"{}", 2};
static const char *const no_keys_name = "no imagePullSecrets";

/* ---- resolvers and profile ---- */

static void take_resolvers(struct pod_case *known, struct network_settings *network)
{
    const char *value = known->pod.annotations.list[ANNOTATION_RESOLV_CONF].value;
    struct resolv_conf conf;

    if (!value || network->host_resolver_count)
        return;
    char *text = arena_copy_text(known->arena, value);
    if (!text)
        return;
    _Static_assert(RESOLV_CONF_MAX_NAMESERVERS <= SETTINGS_MAX_RESOLVERS, "all of them fit");
    resolv_conf_parse(text, &conf);
    for (size_t i = 0; i < conf.nameserver_count && i < RESOLV_CONF_MAX_NAMESERVERS; i++)
        network->host_resolvers[network->host_resolver_count++] = conf.nameservers[i];
    if (!conf.nameserver_count)
        pod_case_note(known, "The annotation %s has no nameserver line, so it changes nothing.",
                      annotation_name(ANNOTATION_RESOLV_CONF));
}

static bool take_profile(const struct pod_case *known, struct settings *settings)
{
    if (settings->network.profile != PROFILE_NONE || !pod_is_serverless(&known->pod))
        return true;
    settings->network.profile = PROFILE_TKE_SERVERLESS;
    return schema_apply_profile(settings) == NULL;
}

/* ---- keys ---- */

static bool take_keys(struct check_plan *plan, const struct pod_case *known,
                      struct settings *settings)
{
    struct target *defaults = &settings->defaults;
    size_t room = known->secret_count + 1;
    const char **names = arena_allocate(settings->arena, room * sizeof(*names));
    struct docker_config_content *contents =
        arena_allocate(settings->arena, room * sizeof(*contents));
    size_t count = 0;

    if (!names || !contents)
        return false;
    if (defaults->docker_config_count) /* by an option */
        return true;
    plan->keyless = pod_case_lacks_keys(known);
    for (size_t i = 0; i < known->secret_count; i++) {
        const struct pull_secret *secret = &known->secrets[i];
        if (secret->state != SECRET_READ)
            continue;
        names[count] =
            arena_format(settings->arena, "Secret %s/%s", known->pod.namespace, secret->name);
        contents[count++] = secret->content;
    }
    if (!count && !plan->keyless) {
        names[count] = no_keys_name;
        contents[count++] = no_keys;
    }
    defaults->docker_config_count = count;
    defaults->docker_configs = names;
    defaults->docker_config_contents = contents;
    return true;
}

/* ---- images ---- */

/* The image with the registry that clients add where it has none (distribution/reference). */
static const char *full_image(const char *image, struct arena *arena)
{
    size_t first = strcspn(image, "/");
    bool has_host = image[first] && (memchr(image, '.', first) || memchr(image, ':', first) ||
                                     (first == 9 && strncmp(image, "localhost", 9) == 0));

    return has_host ? image : arena_format(arena, "docker.io/%s", image);
}

/* Applies the annotations that name the registry of `image`. */
static void take_annotations(const struct pod_case *known, const char *image, struct target *target,
                             struct arena *arena)
{
    const struct pull_annotations *annotations = &known->pod.annotations;
    const char *registry = arena_copy_bytes(arena, image, strcspn(image, "/"));
    const char *bracket = registry && *registry == '[' ? strchr(registry, ']') : registry;

    if (!registry || !bracket)
        return;
    target->insecure_skip_verify |=
        annotation_names_registry(annotations, ANNOTATION_SKIP_VERIFY, registry);
    target->plain_http |=
        annotation_names_registry(annotations, ANNOTATION_HTTP_ENDPOINT, registry);
    if (target->plain_http && !strchr(bracket, ':'))
        target->port = HTTP_PORT;
}

static bool same_registry(const struct target *a, const struct target *b)
{
    return strcmp(a->host, b->host) == 0 && a->port == b->port && a->plain_http == b->plain_http &&
           a->insecure_skip_verify == b->insecure_skip_verify;
}

/* Finds or adds the image of `target` among the targets, and fills `planned`. */
static void add_planned_image(struct settings *settings, const struct target *target,
                              struct planned_image *planned)
{
    for (size_t i = 0; i < settings->target_count; i++) {
        struct target *other = &settings->targets[i];
        if (!same_registry(other, target))
            continue;
        planned->target = i;
        for (size_t n = 0; n < other->image_count; n++) {
            planned->image = n;
            if (strcmp(other->images[n], target->images[0]) == 0)
                return;
        }
        if (other->image_count == SETTINGS_MAX_IMAGES)
            continue;
        planned->image = other->image_count;
        other->images[other->image_count++] = target->images[0];
        return;
    }
    planned->target = settings->target_count;
    planned->image = 0;
    settings->targets[settings->target_count++] = *target;
}

static void plan_image(struct planned_image *planned, const struct pod_case *known,
                       struct settings *settings, const struct pod_container *container)
{
    struct target target = settings->defaults;

    if (!container->image || !*container->image) {
        planned->why_not = "the container names no image";
        return;
    }
    if (container->never_pulled) {
        planned->why_not = "imagePullPolicy is Never, so the image is never pulled";
        return;
    }
    const char *image = full_image(container->image, settings->arena);
    planned->why_not = image ? target_parse(image, settings->arena, &target) : "out of memory";
    if (planned->why_not)
        return;
    take_annotations(known, image, &target, settings->arena);
    add_planned_image(settings, &target, planned);
}

/* Several targets are named by their hosts; one has the name of the pod. */
static bool name_targets(const struct pod_case *known, struct settings *settings)
{
    char host[HOST_PORT_SIZE];

    for (size_t i = 0; i < settings->target_count; i++) {
        struct target *target = &settings->targets[i];
        target->name =
            settings->target_count == 1
                ? arena_format(settings->arena, "%s/%s", known->pod.namespace, known->pod.name)
                : arena_copy_text(settings->arena,
                                  host_port_short(target->host, target->port,
                                                  target->plain_http ? HTTP_PORT : 443, host));
    }
    return !arena_failed(settings->arena);
}

/* Names of hostAliases are a common attempt at a fix. */
static void note_aliases(struct pod_case *known, const struct settings *settings)
{
    for (size_t i = 0; i < known->pod.alias_count; i++)
        for (size_t n = 0; n < settings->target_count; n++)
            if (strcmp(known->pod.aliases[i].name, settings->targets[n].host) == 0)
                pod_case_note(known,
                              "hostAliases of the pod give %s the address %s. That changes names "
                              "inside the pod only: the node pulls the images, with its own names.",
                              known->pod.aliases[i].name, known->pod.aliases[i].address);
}

bool check_plan_make(struct check_plan *plan, struct pod_case *known, struct settings *settings)
{
    *plan = (struct check_plan){0};
    settings->target_count = 0;
    settings->targets =
        arena_allocate(settings->arena, (POD_MAX_CONTAINERS + 1) * sizeof(*settings->targets));
    if (!settings->targets || !take_keys(plan, known, settings))
        return false;
    take_resolvers(known, &settings->network);
    if (!take_profile(known, settings))
        return false;
    for (size_t i = 0; i < known->pod.container_count; i++)
        plan_image(&plan->images[i], known, settings, &known->pod.containers[i]);
    if (known->pod.more_containers)
        pod_case_note(known, "The pod has more than %d containers; the rest was not looked at.",
                      POD_MAX_CONTAINERS);
    note_aliases(known, settings);
    return name_targets(known, settings);
}
