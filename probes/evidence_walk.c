#include "probes/evidence_walk.h"

#define WALK_TEXTS(walk, ...) walk_texts(walk, (const char **[]){__VA_ARGS__, NULL})

static void walk_texts(struct evidence_walk *walk, const char ***texts)
{
    for (; *texts; texts++)
        if (**texts)
            walk->text(walk, *texts);
}

static void walk_names(struct evidence_walk *walk, const char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        WALK_TEXTS(walk, &names[i]);
}

/* The list that `list` is now, and how many elements it still has. */
static void *walk_list(struct evidence_walk *walk, void *list, size_t *count, size_t element_size)
{
    if (list && *count)
        list = walk->list(walk, list, *count * element_size);
    else
        list = NULL;
    if (!list)
        *count = 0;
    return list;
}

static void walk_dns(struct evidence_walk *walk, struct dns_evidence *dns)
{
    WALK_TEXTS(walk, &dns->name, &dns->error);
    walk_names(walk, dns->cnames, dns->cname_count);
    dns->addresses =
        walk_list(walk, dns->addresses, &dns->address_count, sizeof(dns->addresses[0]));
    for (size_t i = 0; i < dns->address_count; i++)
        WALK_TEXTS(walk, &dns->addresses[i].rule);
}

static void walk_path(struct evidence_walk *walk, struct path_evidence *path)
{
    struct tls_evidence *tls = &path->tls;
    struct api_evidence *api = &path->api;

    WALK_TEXTS(walk, &path->rule, &path->tcp.reason);
    WALK_TEXTS(walk, &tls->reason, &tls->version, &tls->cipher, &tls->detail);
    WALK_TEXTS(walk, &tls->certificate.subject, &tls->certificate.issuer,
               &tls->certificate.fingerprint_sha256);
    walk_names(walk, tls->certificate.names, tls->certificate.name_count);
    WALK_TEXTS(walk, &api->reason, &api->content_type, &api->server, &api->registry_version,
               &api->location, &api->client_address, &api->detail);
}

static void walk_remote(struct evidence_walk *walk, struct remote_host_evidence *remote)
{
    WALK_TEXTS(walk, &remote->host);
    remote->paths = walk_list(walk, remote->paths, &remote->path_count, sizeof(remote->paths[0]));
    for (size_t i = 0; i < remote->path_count; i++)
        walk_path(walk, &remote->paths[i]);
}

static void walk_image(struct evidence_walk *walk, struct image_evidence *image)
{
    struct blob_evidence *blob = &image->blob;

    WALK_TEXTS(walk, &image->reference, &image->reason, &image->digest, &image->media_type,
               &image->location, &image->detail);
    WALK_TEXTS(walk, &blob->reason, &blob->digest, &blob->location);
    walk_remote(walk, &blob->remote);
}

void evidence_walk_registry(struct registry_evidence **registry, struct evidence_walk *walk)
{
    size_t one = 1;
    struct registry_evidence *evidence = walk_list(walk, *registry, &one, sizeof(**registry));

    *registry = evidence;
    if (!evidence)
        return;
    WALK_TEXTS(walk, &evidence->auth.reason, &evidence->auth.realm, &evidence->auth.service);
    walk_names(walk, evidence->auth.granted, evidence->auth.granted_count);
    walk_remote(walk, &evidence->auth.remote);
    evidence->images =
        walk_list(walk, evidence->images, &evidence->image_count, sizeof(evidence->images[0]));
    for (size_t i = 0; i < evidence->image_count; i++)
        walk_image(walk, &evidence->images[i]);
}

void evidence_walk(struct evidence *evidence, struct evidence_walk *walk)
{
    WALK_TEXTS(walk, &evidence->local_error, &evidence->egress_address, &evidence->egress_error);
    for (size_t i = 0; i < evidence->dns_count; i++)
        walk_dns(walk, &evidence->dns[i]);
    for (size_t i = 0; i < evidence->path_count; i++)
        walk_path(walk, &evidence->paths[i]);
    for (size_t i = 0; i < evidence->control_count; i++)
        WALK_TEXTS(walk, &evidence->controls[i].name, &evidence->controls[i].endpoint);
    evidence_walk_registry(&evidence->registry, walk);
}
