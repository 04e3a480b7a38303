/* SPDX-License-Identifier: MIT */
#include "probes/registry/manifest.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/base/text.h"
#include "probes/evidence/evidence.h"
#include "probes/registry/go_types.h"
#include "probes/registry/peer_json.h"

/* ---- media types ---- */

#define DOCKER "application/vnd.docker."
#define OCI    "application/vnd.oci.image."

/* The types that containerd unpacks without a plug-in (images/mediatypes.go, DiffCompression). */
static bool is_layer_type(const char *media_type)
{
    static const char *const types[] = {
        DOCKER "image.rootfs.diff.tar",
        DOCKER "image.rootfs.diff.tar.gzip",
        DOCKER "image.rootfs.foreign.diff.tar",
        DOCKER "image.rootfs.foreign.diff.tar.gzip",
        OCI "layer.v1.tar",
        OCI "layer.v1.tar+gzip",
        OCI "layer.v1.tar+zstd",
        OCI "layer.nondistributable.v1.tar",
        OCI "layer.nondistributable.v1.tar+gzip",
        OCI "layer.nondistributable.v1.tar+zstd",
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i], media_type) == 0)
            return true;
    return false;
}

enum media_kind media_kind_of(const char *media_type)
{
    static const struct {
        const char *media_type;
        enum media_kind kind;
    } known[] = {
        {DOCKER "distribution.manifest.v2+json", MEDIA_MANIFEST},
        {OCI "manifest.v1+json", MEDIA_MANIFEST},
        {DOCKER "distribution.manifest.list.v2+json", MEDIA_INDEX},
        {OCI "index.v1+json", MEDIA_INDEX},
        {DOCKER "distribution.manifest.v1+prettyjws", MEDIA_SCHEMA1},
        {"text/plain", MEDIA_SCHEMA1}, /* containerd takes it for schema 1 */
        {DOCKER "container.image.v1+json", MEDIA_CONFIG},
        {OCI "config.v1+json", MEDIA_CONFIG},
        {"application/octet-stream", MEDIA_CONFIG}, /* early docker; no manifest has this type */
    };

    for (size_t i = 0; media_type && i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].media_type, media_type) == 0)
            return known[i].kind;
    return media_type && is_layer_type(media_type) ? MEDIA_LAYER : MEDIA_OTHER;
}

const char *media_type_of(const char *content_type, struct arena *arena)
{
    return content_type ? arena_copy_bytes(arena, content_type, strcspn(content_type, ";")) : NULL;
}

/* ---- digests ---- */

static const EVP_MD *algorithm_of(const char *digest)
{
    static const struct {
        const char *prefix;
        size_t length; /* hex digits */
        const EVP_MD *(*method)(void);
    } known[] = {
        {"sha256:", 64, EVP_sha256}, {"sha384:", 96, EVP_sha384}, {"sha512:", 128, EVP_sha512}};

    for (size_t i = 0; digest && i < sizeof(known) / sizeof(known[0]); i++) {
        size_t prefix = strlen(known[i].prefix);
        if (strncmp(digest, known[i].prefix, prefix) == 0 &&
            strspn(digest + prefix, "0123456789abcdef") == known[i].length &&
            !digest[prefix + known[i].length])
            return known[i].method();
    }
    return NULL;
}

bool digest_is_valid(const char *digest)
{
    return algorithm_of(digest) != NULL;
}

bool digest_is_stored(const char *digest)
{
    return algorithm_of(digest) == EVP_sha256();
}

/* The hex digits; false when memory is short. */
static bool hash_bytes(const EVP_MD *method, const void *bytes, size_t length,
                       char hex[2 * EVP_MAX_MD_SIZE + 1])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (!EVP_Digest(bytes, length, hash, &size, method, NULL))
        return false;
    for (unsigned i = 0; i < size; i++)
        snprintf(hex + (size_t)2 * i, 3, "%02x", hash[i]);
    return true;
}

bool digest_fits(const char *digest, const void *bytes, size_t length)
{
    const EVP_MD *method = algorithm_of(digest);
    char hex[2 * EVP_MAX_MD_SIZE + 1];

    return method && hash_bytes(method, bytes, length, hex) &&
           strcmp(strchr(digest, ':') + 1, hex) == 0;
}

const char *digest_of(const void *bytes, size_t length, struct arena *arena)
{
    char hex[2 * EVP_MAX_MD_SIZE + 1];

    return hash_bytes(EVP_sha256(), bytes, length, hex) ? arena_format(arena, "sha256:%s", hex)
                                                        : NULL;
}

/* ---- platforms ---- */

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define ARCHITECTURE "arm64"
#elif defined(__i386__)
#define ARCHITECTURE "386"
#elif defined(__arm__)
#define ARCHITECTURE "arm"
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE "riscv64"
#elif defined(__powerpc64__)
#define ARCHITECTURE "ppc64le"
#elif defined(__s390x__)
#define ARCHITECTURE "s390x"
#elif defined(__loongarch64)
#define ARCHITECTURE "loong64"
#else
#error "how do image indexes name this machine's architecture?"
#endif

#define MAX_RUNNABLE 10 /* platforms that one machine runs */

const char *platform_default(void)
{
    return "linux/" ARCHITECTURE;
}

static void lower_copy(char *to, size_t size, const char *from)
{
    size_t length = 0;

    for (; from[length] && length + 1 < size; length++)
        to[length] = (char)tolower((unsigned char)from[length]);
    to[length] = '\0';
}

static bool is_one_of(const char *text, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

/* containerd's other names for the same thing. */
static struct platform normalized(const char *os, const char *architecture, const char *variant)
{
    static const char *const amd64[] = {"x86_64", "x86-64", "amd64", NULL};
    static const char *const arm64[] = {"aarch64", "arm64", NULL};
    struct platform platform;

    lower_copy(platform.os, sizeof(platform.os), *os ? os : "linux");
    lower_copy(platform.architecture, sizeof(platform.architecture), architecture);
    lower_copy(platform.variant, sizeof(platform.variant), variant);
    char *name = platform.architecture;
    char *kind = platform.variant;
    if (is_one_of(name, amd64)) {
        lower_copy(name, sizeof(platform.architecture), "amd64");
        if (strcmp(kind, "v1") == 0)
            *kind = '\0';
    } else if (is_one_of(name, arm64)) {
        lower_copy(name, sizeof(platform.architecture), "arm64");
        if (strcmp(kind, "8") == 0 || strcmp(kind, "v8") == 0)
            *kind = '\0';
    } else if (strcmp(name, "i386") == 0) {
        lower_copy(name, sizeof(platform.architecture), "386");
        *kind = '\0';
    } else if (strcmp(name, "armhf") == 0 || strcmp(name, "armel") == 0) {
        lower_copy(kind, sizeof(platform.variant), name[3] == 'h' ? "v7" : "v6");
        lower_copy(name, sizeof(platform.architecture), "arm");
    } else if (strcmp(name, "arm") == 0) {
        if (!*kind || strcmp(kind, "7") == 0)
            lower_copy(kind, sizeof(platform.variant), "v7");
        else if (strlen(kind) == 1 && strchr("568", *kind))
            snprintf(kind, sizeof(platform.variant), "v%c", *variant);
    }
    return platform;
}

bool platform_parse(const char *text, struct platform *ret)
{
    char copy[64];
    char *rest = copy;

    if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
        return false;
    const char *os = strsep(&rest, "/");
    const char *architecture = rest ? strsep(&rest, "/") : "";
    const char *variant = rest ? rest : "";
    if (!*os || !*architecture || strchr(variant, '/') || (rest && !*rest))
        return false;
    *ret = normalized(os, architecture, variant);
    return true;
}

static void add_runnable(struct platform *list, size_t *count, const struct platform *base,
                         const char *architecture, int version)
{
    struct platform *one = &list[(*count)++];

    *one = *base;
    snprintf(one->architecture, sizeof(one->architecture), "%s", architecture);
    one->variant[0] = '\0';
    if (version)
        snprintf(one->variant, sizeof(one->variant), "v%d", version);
    *one = normalized(one->os, one->architecture, one->variant);
}

/* Platforms whose images containerd accepts on this platform, best first. */
static size_t list_runnable(const struct platform *platform, struct platform list[MAX_RUNNABLE])
{
    int version = platform->variant[0] == 'v' ? (int)strtol(platform->variant + 1, NULL, 10) : 0;
    size_t count = 1;

    list[0] = *platform;
    version = version > 8 ? 8 : version;
    if (strcmp(platform->architecture, "amd64") == 0) {
        for (int older = version - 1; older >= 1; older--)
            add_runnable(list, &count, platform, "amd64", older);
        add_runnable(list, &count, platform, "386", 0);
    } else if (strcmp(platform->architecture, "arm") == 0) {
        for (int older = version - 1; older >= 5; older--)
            add_runnable(list, &count, platform, "arm", older);
    } else if (strcmp(platform->architecture, "arm64") == 0) {
        for (int older = version ? version : 8; older >= 5; older--)
            add_runnable(list, &count, platform, "arm", older);
    }
    return count;
}

static bool same_platform(const struct platform *a, const struct platform *b)
{
    return strcmp(a->os, b->os) == 0 && strcmp(a->architecture, b->architecture) == 0 &&
           strcmp(a->variant, b->variant) == 0;
}

static struct platform read_platform(const json_t *object)
{
    const char *os = peer_json_text(object, "os");
    const char *architecture = peer_json_text(object, "architecture");
    const char *variant = peer_json_text(object, "variant");

    return normalized(os ? os : "", architecture ? architecture : "", variant ? variant : "");
}

/* podman and skopeo compare the words as they are written (containers/image, pkg/platform). */
static bool is_written_as(const json_t *object, const struct platform *wanted)
{
    const char *os = peer_json_text(object, "os");
    const char *architecture = peer_json_text(object, "architecture");
    const char *variant = peer_json_text(object, "variant");

    if (!os || !architecture || strcmp(os, wanted->os) != 0 ||
        strcmp(architecture, wanted->architecture) != 0)
        return false;
    return !variant || strcmp(variant, wanted->variant) == 0 || !*variant ||
           strncmp(architecture, "arm", 3) == 0;
}

/* 0 is the best; negative: no client here takes it. */
static int platform_rank(const struct platform *wanted, const struct platform *found)
{
    struct platform list[MAX_RUNNABLE];
    size_t count = list_runnable(wanted, list);

    for (size_t i = 0; i < count; i++)
        if (same_platform(&list[i], found))
            return (int)i;
    return -1;
}

/* ---- types of members, as in the structs of containerd (image-spec, specs-go/v1) ---- */

static const struct go_member platform_members[] = {
    {"architecture", GO_TEXT, NULL}, {"os", GO_TEXT, NULL},      {"os.version", GO_TEXT, NULL},
    {"os.features", GO_TEXTS, NULL}, {"variant", GO_TEXT, NULL}, {0},
};
static const struct go_member descriptor_members[] = {
    {"mediaType", GO_TEXT, NULL},
    {"digest", GO_TEXT, NULL},
    {"size", GO_NUMBER, NULL},
    {"urls", GO_TEXTS, NULL},
    {"annotations", GO_TEXT_MAP, NULL},
    {"platform", GO_STRUCT, platform_members},
    {0},
};
static const struct go_member manifest_members[] = {
    {"schemaVersion", GO_NUMBER, NULL},
    {"mediaType", GO_TEXT, NULL},
    {"config", GO_STRUCT, descriptor_members},
    {"layers", GO_STRUCTS, descriptor_members},
    {"manifests", GO_STRUCTS, descriptor_members},
    {"annotations", GO_TEXT_MAP, NULL},
    {0},
};
static const struct go_member run_members[] = {
    {"User", GO_TEXT, NULL},       {"ExposedPorts", GO_OBJECT_MAP, NULL},
    {"Env", GO_TEXTS, NULL},       {"Entrypoint", GO_TEXTS, NULL},
    {"Cmd", GO_TEXTS, NULL},       {"Volumes", GO_OBJECT_MAP, NULL},
    {"WorkingDir", GO_TEXT, NULL}, {"Labels", GO_TEXT_MAP, NULL},
    {"StopSignal", GO_TEXT, NULL}, {0},
};
static const struct go_member rootfs_members[] = {
    {"type", GO_TEXT, NULL}, {"diff_ids", GO_TEXTS, NULL}, {0}};
static const struct go_member history_members[] = {
    {"created", GO_TIME, NULL}, {"created_by", GO_TEXT, NULL},  {"author", GO_TEXT, NULL},
    {"comment", GO_TEXT, NULL}, {"empty_layer", GO_BOOL, NULL}, {0},
};
static const struct go_member config_members[] = {
    {"created", GO_TIME, NULL},
    {"author", GO_TEXT, NULL},
    {"architecture", GO_TEXT, NULL},
    {"os", GO_TEXT, NULL},
    {"os.version", GO_TEXT, NULL},
    {"os.features", GO_TEXTS, NULL},
    {"variant", GO_TEXT, NULL},
    {"config", GO_STRUCT, run_members},
    {"rootfs", GO_STRUCT, rootfs_members},
    {"history", GO_STRUCTS, history_members},
    {0},
};

/* NULL, or the sentence that names the member with another type. */
static const char *describe_misfit(const json_t *document, const struct go_member *members,
                                   const char *what, struct arena *arena)
{
    const char *member = go_misfit(document, members);

    if (!member)
        return NULL;
    const char *sentence =
        *member
            ? arena_format(arena, "in %s \"%s\" has another type than clients take", what, member)
            : arena_format(arena, "%s is no JSON object", what);
    return sentence ? sentence : "out of memory";
}

/* ---- descriptors ---- */

/* containerd skips schemes that it does not know. */
static void read_urls(const json_t *list, struct arena *arena, struct descriptor *ret)
{
    size_t count = json_array_size(list);

    ret->urls = count ? arena_allocate(arena, MANIFEST_MAX_URLS * sizeof(*ret->urls)) : NULL;
    for (size_t i = 0; ret->urls && i < count && ret->url_count < MANIFEST_MAX_URLS; i++) {
        const char *url = json_string_value(json_array_get(list, i));
        if (!url || (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0))
            continue;
        ret->urls[ret->url_count] = arena_copy_text(arena, url);
        ret->url_count += ret->urls[ret->url_count] != NULL;
    }
}

static bool read_descriptor(const json_t *object, struct arena *arena, struct descriptor *ret)
{
    const json_t *size = peer_json_member(object, "size");
    const char *digest = peer_json_text(object, "digest");

    *ret = (struct descriptor){.size = json_integer_value(size)};
    if (!digest_is_valid(digest))
        return false;
    ret->digest = arena_copy_text(arena, digest);
    ret->media_type = arena_copy_text(arena, peer_json_text(object, "mediaType"));
    read_urls(peer_json_member(object, "urls"), arena, ret);
    return ret->digest != NULL;
}

/* ---- an index ---- */

static void list_platform(const json_t *object, struct arena *arena, struct manifest *ret)
{
    const char *os = peer_json_text(object, "os");
    const char *architecture = peer_json_text(object, "architecture");
    const char *variant = peer_json_text(object, "variant");

    if (!os || !architecture || strcmp(os, "unknown") == 0 || /* an attestation */
        ret->platform_count == MANIFEST_MAX_PLATFORMS)
        return;
    ret->platforms[ret->platform_count] =
        arena_format(arena, "%s/%s%s%s", os, architecture, variant && *variant ? "/" : "",
                     variant ? variant : "");
    ret->platform_count += ret->platforms[ret->platform_count] != NULL;
}

static enum manifest_result read_index(const json_t *list, const struct platform *platform,
                                       struct arena *arena, struct manifest *ret,
                                       const char **ret_error)
{
    int best = MAX_RUNNABLE + 1;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        const json_t *written = peer_json_member(entry, "platform");
        bool any = !written || json_is_null(written);
        struct platform found = any ? *platform : read_platform(written);
        int rank = any ? MAX_RUNNABLE : platform_rank(platform, &found);
        struct descriptor child;
        list_platform(written, arena, ret);
        ret->has_written_platform |= is_written_as(written, platform);
        if (rank < 0 || rank >= best)
            continue;
        (void)read_descriptor(entry, arena, &child);
        best = rank;
        ret->child = child;
        ret->child_has_no_platform = any;
    }
    if (best <= MAX_RUNNABLE && !ret->child.digest) {
        *ret_error = "the index's entry for this platform has no valid digest";
        return MANIFEST_IS_UNSUPPORTED;
    }
    if (!ret->child.digest)
        *ret_error = ret->platform_count ? "the index has no image for this platform"
                                         : "the index names no image";
    return MANIFEST_IS_INDEX;
}

/* ---- an image ---- */

static enum manifest_result read_image(const json_t *document, struct arena *arena,
                                       struct manifest *ret, const char **ret_error)
{
    const json_t *layers = peer_json_member(document, "layers");
    size_t count = json_array_size(layers);

    if (!read_descriptor(peer_json_member(document, "config"), arena, &ret->config)) {
        *ret_error = "the manifest names no config";
        return MANIFEST_IS_UNSUPPORTED;
    }
    if (count > MANIFEST_MAX_LAYERS) {
        *ret_error = "the manifest names more layers than are read here";
        return MANIFEST_IS_TOO_LARGE;
    }
    bool stored = digest_is_stored(ret->config.digest);
    ret->layers = arena_allocate(arena, (count + 1) * sizeof(*ret->layers));
    for (size_t i = 0; ret->layers && i < count; i++) {
        if (!read_descriptor(json_array_get(layers, i), arena, &ret->layers[i])) {
            *ret_error = "a layer has no valid digest";
            return MANIFEST_IS_UNSUPPORTED;
        }
        stored = stored && digest_is_stored(ret->layers[i].digest);
        ret->layer_count++;
    }
    if (!stored) {
        *ret_error = MANIFEST_NOT_STORED;
        return MANIFEST_IS_UNSUPPORTED;
    }
    *ret_error = "out of memory";
    return ret->layers ? MANIFEST_IS_IMAGE : MANIFEST_NO_MEMORY;
}

/* containerd compares the media type with the members of the document, and so does this. */
static const char *contradiction(const json_t *document, enum media_kind kind)
{
    enum media_kind written = media_kind_of(peer_json_text(document, "mediaType"));

    if (peer_json_member(document, "fsLayers"))
        return "it is a manifest of schema 1, which newer clients refuse";
    if (kind == MEDIA_MANIFEST &&
        (peer_json_member(document, "manifests") || written == MEDIA_INDEX))
        return "it is an index, and the registry calls it a manifest";
    if (kind == MEDIA_INDEX && (peer_json_member(document, "config") ||
                                peer_json_member(document, "layers") || written == MEDIA_MANIFEST))
        return "it is a manifest, and the registry calls it an index";
    return NULL;
}

enum manifest_result manifest_parse(const char *body, size_t length, enum media_kind kind,
                                    const struct platform *platform, struct arena *arena,
                                    struct manifest *ret, const char **ret_error)
{
    enum manifest_result result;
    json_t *document;

    *ret = (struct manifest){0};
    switch (peer_json_parse(body, length, &document)) {
    case PEER_JSON_OK:
        break;
    case PEER_JSON_MALFORMED:
        *ret_error = "the manifest is not JSON";
        return MANIFEST_IS_NEITHER;
    case PEER_JSON_TOO_LARGE:
        *ret_error = "the manifest is larger than is read here";
        return MANIFEST_IS_TOO_LARGE;
    case PEER_JSON_LOCAL:
        *ret_error = "out of memory";
        return MANIFEST_NO_MEMORY;
    }
    ret->media_type = arena_copy_text(arena, peer_json_text(document, "mediaType"));
    *ret_error = contradiction(document, kind);
    if (!*ret_error)
        *ret_error = describe_misfit(document, manifest_members, "the manifest", arena);
    if (*ret_error)
        result = MANIFEST_IS_UNSUPPORTED;
    else if (kind == MEDIA_INDEX)
        result =
            read_index(peer_json_member(document, "manifests"), platform, arena, ret, ret_error);
    else
        result = read_image(document, arena, ret, ret_error);
    json_decref(document);
    return result;
}

/* ---- a config ---- */

const char *image_config_error(const char *body, size_t length, const struct manifest *manifest,
                               const struct platform *platform, bool check_platform,
                               struct arena *arena, bool *ret_other_platform)
{
    const char *error = NULL;
    const char *odd = NULL; /* type of a layer that is none */
    size_t layers = 0;
    json_t *document;

    *ret_other_platform = false;
    if (peer_json_parse(body, length, &document) != PEER_JSON_OK)
        return "the config is not JSON";
    for (size_t i = 0; i < manifest->layer_count; i++) {
        if (media_kind_of(manifest->layers[i].media_type) == MEDIA_LAYER)
            layers++;
        else
            odd = manifest->layers[i].media_type ? manifest->layers[i].media_type : "(none)";
    }
    size_t named =
        json_array_size(peer_json_member(peer_json_member(document, "rootfs"), "diff_ids"));
    struct platform found = read_platform(document);
    error = describe_misfit(document, config_members, "the config", arena);
    if (error) {
        json_decref(document);
        return error;
    }
    if (odd) {
        error =
            arena_format(arena, "a layer has the type %s, which containerd does not unpack", odd);
        error = error ? error : "out of memory";
    } else if (named != layers) {
        error = arena_format(arena, "the config names %zu layers, the manifest %zu", named, layers);
        error = error ? error : "out of memory";
    } else if (check_platform && platform_rank(platform, &found) < 0) {
        *ret_other_platform = true;
        error = arena_format(arena, "the config is for %s/%s", found.os, found.architecture);
        error = error ? error : "out of memory";
    }
    json_decref(document);
    return error;
}

/* ---- a layer ---- */

#define TAR_BLOCK 512

/* True if Go's archive/tar takes the first block: an end, or a header whose sum is right. */
static bool begins_tar(const unsigned char block[TAR_BLOCK])
{
    char digits[9] = "";
    char *end;
    long sum = 0;
    long signed_sum = 0;

    for (size_t i = 0; i < TAR_BLOCK; i++) {
        bool own = i >= 148 && i < 156;
        sum += own ? ' ' : block[i];
        signed_sum += own ? ' ' : (signed char)block[i];
    }
    memcpy(digits, block + 148, 8);
    long written = strtol(digits, &end, 8);
    return end > digits ? written == sum || written == signed_sum : sum == 8L * ' ' && !*digits;
}

const char *layer_error(const char *media_type, const char *bytes, size_t length)
{
    bool packed = length >= 4 && (memcmp(bytes, "\x1f\x8b\x08", 3) == 0 ||
                                  memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0);
    const char *type = media_type ? media_type : "";

    if (packed && strncmp(type, OCI, strlen(OCI)) == 0 && !strchr(type, '+'))
        return "a layer is compressed, and its type says that it is not";
    if (packed || length < TAR_BLOCK || begins_tar((const unsigned char *)bytes))
        return NULL;
    return "a layer is neither a tar nor compressed";
}

/* ---- errors ---- */

const char *manifest_error(const char *body, size_t length, struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(EVIDENCE_MAX_TEXT * 4);
    json_t *document = NULL;
    const char *kept = NULL;

    if (!length)
        return NULL;
    (void)peer_json_parse(body, length, &document);
    const json_t *error = json_array_get(peer_json_member(document, "errors"), 0);
    const char *code = peer_json_text(error, "code");
    const char *message = peer_json_text(error, "message");
    if (code)
        text_append_peer(&text, code, strlen(code), EVIDENCE_MAX_TEXT / 4);
    if (code && message)
        text_append(&text, ": ");
    if (message)
        text_append_peer(&text, message, strlen(message), EVIDENCE_MAX_TEXT / 2);
    if (!code && !message)
        text_append_peer(&text, body, length, EVIDENCE_MAX_TEXT / 2);
    kept = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    json_decref(document);
    return kept;
}
