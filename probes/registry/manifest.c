#include "probes/registry/manifest.h"

#include <string.h>

#include "config/base/text.h"
#include "probes/evidence.h"
#include "probes/registry/peer_json.h"

/* Pulls happen on this machine. */
#if defined(__x86_64__)
#define OLDER_ARCHITECTURE "386"
#elif defined(__aarch64__)
#define OLDER_ARCHITECTURE "arm"
#else
#define OLDER_ARCHITECTURE MANIFEST_ARCHITECTURE
#endif

#define MAX_ALGORITHM 32
#define MAX_ENCODED   128

/* algorithm ":" encoded, of bytes that mean nothing in a URL. */
static bool is_digest(const char *text)
{
    size_t algorithm = text ? strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+._-") : 0;

    if (!algorithm || algorithm > MAX_ALGORITHM || text[algorithm] != ':')
        return false;
    const char *encoded = text + algorithm + 1;
    size_t length = strspn(encoded, "abcdefABCDEF0123456789");
    return length >= 32 && length <= MAX_ENCODED && encoded[length] == '\0';
}

static int64_t size_of(const json_t *descriptor)
{
    const json_t *size = json_object_get(descriptor, "size");

    return json_is_integer(size) && json_integer_value(size) >= 0 ? json_integer_value(size) : -1;
}

static void take(const json_t *descriptor, const char *key, struct arena *arena,
                 struct manifest *ret)
{
    ret->digest = arena_copy_text(arena, peer_json_text(descriptor, key));
    ret->size = size_of(descriptor);
}

/* How well an entry of an index fits this machine. containerd runs what an older processor of the
 * kind would run too, and takes an entry without a platform if there is no better one. */
enum fit { FIT_NONE, FIT_ANY, FIT_OLDER, FIT_EXACT };

static enum fit fit_of(const json_t *entry)
{
    const json_t *platform = json_object_get(entry, "platform");
    const char *os = peer_json_text(platform, "os");
    const char *architecture = peer_json_text(platform, "architecture");

    if (!platform || json_is_null(platform))
        return FIT_ANY;
    if (!os || !architecture || strcmp(os, "linux") != 0)
        return FIT_NONE;
    if (strcmp(architecture, MANIFEST_ARCHITECTURE) == 0)
        return FIT_EXACT;
    return strcmp(architecture, OLDER_ARCHITECTURE) == 0 ? FIT_OLDER : FIT_NONE;
}

/* What there is instead, but for attestations. */
static const char *list_platforms(const json_t *list, struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(EVIDENCE_MAX_TEXT);
    const char *separator = "";

    text_append(&text, "no manifest for linux/" MANIFEST_ARCHITECTURE ", only for ");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *platform = json_object_get(json_array_get(list, i), "platform");
        const char *os = peer_json_text(platform, "os");
        const char *architecture = peer_json_text(platform, "architecture");
        if (!os || !architecture || strcmp(os, "unknown") == 0)
            continue;
        text_append_format(&text, "%s%s/%s", separator, os, architecture);
        separator = ", ";
    }
    const char *listed = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    return *separator ? listed : "the index names no manifest";
}

static void read_index(const json_t *list, struct arena *arena, struct manifest *ret,
                       const char **ret_error)
{
    const json_t *best = NULL;
    enum fit best_fit = FIT_NONE;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        enum fit fit = fit_of(entry);
        if (fit <= best_fit || !is_digest(peer_json_text(entry, "digest")))
            continue;
        best_fit = fit;
        best = entry;
    }
    if (best)
        take(best, "digest", arena, ret);
    else
        *ret_error = list_platforms(list, arena);
}

static const json_t *smaller(const json_t *a, const json_t *b)
{
    if (!is_digest(peer_json_text(b, "digest")))
        return a;
    return !a || (size_of(b) >= 0 && (size_of(a) < 0 || size_of(b) < size_of(a))) ? b : a;
}

static void read_image(const json_t *document, struct arena *arena, struct manifest *ret)
{
    const json_t *layers = json_object_get(document, "layers");
    const json_t *smallest = smaller(NULL, json_object_get(document, "config"));

    for (size_t i = 0; i < json_array_size(layers); i++)
        smallest = smaller(smallest, json_array_get(layers, i));
    if (smallest)
        take(smallest, "digest", arena, ret);
}

/* Schema 1, which old registries still have: layers without sizes. */
static void read_schema1(const json_t *layers, struct arena *arena, struct manifest *ret)
{
    const json_t *first = json_array_get(layers, 0);

    if (is_digest(peer_json_text(first, "blobSum")))
        take(first, "blobSum", arena, ret);
}

enum manifest_result manifest_parse(const char *body, size_t length, struct arena *arena,
                                    struct manifest *ret, const char **ret_error)
{
    enum manifest_result result = MANIFEST_IS_IMAGE;
    json_t *document;

    *ret = (struct manifest){.size = -1};
    switch (peer_json_parse(body, length, &document)) {
    case PEER_JSON_OK:
        break;
    case PEER_JSON_MALFORMED:
        *ret_error = "the manifest is not JSON";
        return MANIFEST_IS_NEITHER;
    case PEER_JSON_TOO_LARGE:
        *ret_error = "the manifest is too large";
        return MANIFEST_IS_TOO_LARGE;
    case PEER_JSON_LOCAL:
        *ret_error = "out of memory";
        return MANIFEST_NO_MEMORY;
    }
    if (json_is_array(json_object_get(document, "manifests"))) {
        read_index(json_object_get(document, "manifests"), arena, ret, ret_error);
        result = MANIFEST_IS_INDEX;
    } else if (json_is_array(json_object_get(document, "layers")) ||
               json_is_object(json_object_get(document, "config"))) {
        read_image(document, arena, ret);
    } else if (json_is_array(json_object_get(document, "fsLayers"))) {
        read_schema1(json_object_get(document, "fsLayers"), arena, ret);
    } else {
        *ret_error = "the answer is neither an image manifest nor an index";
        result = MANIFEST_IS_NEITHER;
    }
    json_decref(document);
    return result;
}

const char *manifest_error(const char *body, size_t length, struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(EVIDENCE_MAX_TEXT * 4);
    json_t *document = NULL;
    const char *kept = NULL;

    if (!length)
        return NULL;
    (void)peer_json_parse(body, length, &document);
    const json_t *error = json_array_get(json_object_get(document, "errors"), 0);
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
