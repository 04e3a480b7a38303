/* SPDX-License-Identifier: MIT */
/* Makes an error of the state of the scan: its symptom, its place, its host and its image. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "probes/explain/fields.h"
#include "probes/explain/fold.h"
#include "probes/explain/scan_state.h"

#define MAX_DETAIL  160 /* after the last phrase: dates, names */
#define MAX_QUOTE   900 /* from the start of the quoted text to the symptom */
#define MAX_PHRASE  128 /* bytes of one, wraps included */
#define MAX_COLUMNS 160 /* of an event, in front of its message */
#define MAX_COUNT   1000000

/* NULL: none, or too far away. */
const char *scan_page_image(const struct pull_scan *scan)
{
    size_t here = scan->page_offset + (size_t)(scan->at - scan->text);

    return scan->page_image[0] && here - scan->page_image_at < SCAN_MAX_CONTEXT ? scan->page_image
                                                                                : NULL;
}

void scan_mention(struct pull_scan *scan, const char *image)
{
    for (size_t i = 0; i < scan->mention_count && i < SCAN_MAX_MENTIONS; i++)
        if (strcmp(scan->mentions[i], image) == 0)
            return;
    if (strlen(image) >= sizeof(scan->mentions[0]))
        return;
    if (scan->mention_count < SCAN_MAX_MENTIONS)
        memcpy(scan->mentions[scan->mention_count], image, strlen(image) + 1);
    scan->mention_count++;
}

const char *pull_scan_mention(const struct pull_scan *scan, const char *host)
{
    const char *found = NULL;

    for (size_t i = 0; i < scan->mention_count && i < SCAN_MAX_MENTIONS; i++) {
        const char *image = scan->mentions[i];
        size_t length = host ? strlen(host) : 0;
        if (host && (strncmp(image, host, length) != 0 || image[length] != '/'))
            continue;
        if (found)
            return NULL;
        found = image;
    }
    return scan->mention_count <= SCAN_MAX_MENTIONS ? found : NULL;
}

bool pull_scan_succeeded(const struct pull_scan *scan)
{
    return scan->succeeded;
}

/* ---- an error that is complete ---- */

bool scan_is_final(enum symptom symptom)
{
    return symptom >= SYMPTOM_DAMAGED;
}

unsigned scan_group_of(enum symptom symptom)
{
    if (symptom <= SYMPTOM_SCOPE_MAYBE)
        return 1;
    if (symptom <= SYMPTOM_CANCELLED)
        return 2;
    return symptom <= SYMPTOM_DATES ? 3 : 3 + (unsigned)symptom;
}

static bool error_says_more(enum symptom one, enum symptom other)
{
    return scan_group_of(one) == scan_group_of(other) && one < other;
}

/* True if the text ends within a longer phrase that begins like the symptom, or within one that
 * would say more than the symptom does. */
static bool is_cut_off(const struct pull_scan *scan)
{
    const char *begin = scan->pending_at;
    size_t length = strnlen(begin, MAX_PHRASE);

    if (length == MAX_PHRASE || !scan->pending_end[strspn(scan->pending_end, ": \n")])
        return false;
    for (const char *at = begin; *at; at++) {
        /* A single word does not prove that a longer phrase was cut. */
        if (at > begin && !strchr(at, ' '))
            return false;
        if (at > begin && (isalnum((unsigned char)at[-1]) || !isalnum((unsigned char)*at)))
            continue;
        for (size_t i = 0; i < phrase_count; i++) {
            const struct phrase *phrase = &phrases[i];
            if ((phrase->flags & (PHRASE_SYMPTOM | PHRASE_STATUS)) == PHRASE_SYMPTOM &&
                phrase_is_cut(at, phrase->text) &&
                (at == begin || error_says_more(phrase->symptom, scan->pending_symptom)))
                return true;
        }
    }
    return false;
}

/* Reads the reason behind the phrase, such as which of two dates it is. False: it was cut off. */
static bool settle_error(const struct pull_scan *scan, enum symptom *symptom)
{
    const char *after = unwrapped(scan->pending_end);

    if (is_cut_off(scan))
        return false;
    if (!(scan->pending->flags & PHRASE_OPEN) || *after != ':')
        return true;
    if (*symptom != SYMPTOM_DATES)
        return false;
    for (const char *at = after; *at && at < after + MAX_DETAIL; at++) {
        if (phrase_match(at, " is after "))
            *symptom = SYMPTOM_EXPIRED;
        else if (phrase_match(at, " is before "))
            *symptom = SYMPTOM_NOT_YET_VALID;
        else
            continue;
        return true;
    }
    return false;
}

static bool is_hub(const char *host)
{
    static const char *const hosts[] = {"docker.io", "index.docker.io", "registry-1.docker.io",
                                        "registry.docker.io"};

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (strcmp(host, hosts[i]) == 0)
            return true;
    return false;
}

/* True if pulls of the image ask this host. */
static bool is_of_host(const char *image, const char *host, struct arena *arena)
{
    const char *own = field_image_host(image, arena);

    return own ? strcmp(own, host) == 0 || (is_hub(own) && is_hub(host)) : is_hub(host);
}

/* True if the image is of this repository; references leave out the "library/" of official ones. */
static bool is_of_repository(const char *image, const char *repository)
{
    size_t official = strncmp(repository, "library/", 8) == 0 ? 8 : 0;

    return strstr(image, repository + official) != NULL;
}

/* True if `image` is `whole` without its host, and that is not Docker's. */
static bool is_rest_of(const char *image, const char *whole, struct arena *arena)
{
    const char *host = field_image_host(whole, arena);

    return host && !is_hub(host) && strcmp(whole + strlen(host) + 1, image) == 0;
}

/* The image that the error is about: of its message, of its URLs, of the page. */
static const char *image_of_error(const struct pull_scan *scan, bool *ret_of_url)
{
    const struct found_url *registry = &scan->registry;
    const char *page = scan_page_image(scan);
    bool repository = registry->host && registry->repository;

    *ret_of_url = false;
    /* Docker's daemon leaves out the tag that the command had, or the host. */
    if (scan->image && page &&
        (field_image_extends(page, scan->image) || is_rest_of(scan->image, page, scan->arena)))
        return arena_copy_text(scan->arena, page);
    if (scan->image)
        return scan->image;
    /* The URL leaves out the name that people use for Docker's registry. */
    if (page &&
        (!registry->host || (is_of_host(page, registry->host, scan->arena) &&
                             (!repository || is_of_repository(page, registry->repository)))) &&
        (!scan->scope_image || is_of_repository(page, strchr(scan->scope_image, '/') + 1)))
        return arena_copy_text(scan->arena, page);
    *ret_of_url = true;
    if (repository)
        return arena_format(scan->arena, "%s/%s%s",
                            is_hub(registry->host) ? "docker.io" : registry->host,
                            registry->repository, registry->reference ? registry->reference : "");
    return scan->scope_image;
}

static bool is_elsewhere(const struct pull_scan *scan, const char *image)
{
    return scan->url.host && !scan->url.api && image &&
           !is_of_host(image, scan->url.host, scan->arena);
}

/* "Head "URL"" or "HEAD request to URL". */
static bool is_asked_by_head(const struct pull_scan *scan, const char *at)
{
    static const char *const before[] = {"head \"", "head ", "head request to "};

    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        size_t length = strlen(before[i]);
        if ((size_t)(at - scan->text) >= length && phrase_match(at - length, before[i]) == length)
            return true;
    }
    return false;
}

/* PHRASE_BLOB or _MANIFEST, by what was asked for; 0 if nothing tells. Clients that resolve a
 * digest ask the registry's own /blobs/ too, and only for its head. */
static unsigned asked_for(const struct pull_scan *scan)
{
    if (scan->asked)
        return scan->asked;
    bool resolves = (scan->places & PHRASE_MANIFEST && !(scan->places & PHRASE_BLOB)) ||
                    (scan->url.begin && is_asked_by_head(scan, scan->url.begin));
    bool blob = scan->url.api && scan->url.flags & PHRASE_BLOB;
    return blob && resolves ? PHRASE_MANIFEST : scan->url.flags;
}

static enum place place_of_error(const struct pull_scan *scan, const char *image)
{
    unsigned asked = asked_for(scan);
    unsigned places = scan->places | (scan->pending->flags & PHRASE_BLOB);

    if (scan->places & PHRASE_PROXY || scan->pending_symptom == SYMPTOM_PROXY_ANSWER)
        return PLACE_PROXY;
    if ((asked | scan->pending->flags) & PHRASE_TOKEN)
        return PLACE_TOKEN;
    /* An object store's name may be that of the registry as well. */
    bool own = scan->url.host && image && is_of_host(image, scan->url.host, scan->arena) &&
               !scan->asked && !(asked & PHRASE_BLOB && scan->url.sign);
    if (asked & PHRASE_BLOB && !own)
        return PLACE_BLOB;
    if (asked & PHRASE_MANIFEST || scan->url.api)
        return PLACE_REGISTRY;
    if (places & PHRASE_TOKEN)
        return PLACE_TOKEN;
    if (places & PHRASE_BLOB)
        return PLACE_BLOB;
    /* Most of the time goes into layers. */
    if (scan->pending_symptom == SYMPTOM_CANCELLED && !scan->url.host && !places)
        return PLACE_BLOB;
    /* A server's answer may be about the next image. That it wants a key is about this one. */
    if (scan->progress && !scan->url.host && !places &&
        (scan_group_of(scan->pending_symptom) != 1 ||
         scan->pending_symptom == SYMPTOM_UNAUTHORIZED))
        return PLACE_BLOB;
    /* Registries send their clients elsewhere for layers. */
    if (is_elsewhere(scan, image) && !(places & (PHRASE_MANIFEST | PHRASE_PING)))
        return PLACE_BLOB;
    return PLACE_REGISTRY;
}

/* A complete reason quotes the file or the program that failed. */
static const char *end_of_detail(const char *at, bool final)
{
    size_t length = 0;

    while (length < MAX_DETAIL && at[length] && !strchr(final ? "\n\f" : "\n\"\f", at[length]))
        length++;
    return at + length;
}

/* The quoted text ends with the symptom, so it begins near enough to have room for it. */
static const char *begin_of_quote(const struct pull_scan *scan)
{
    const char *begin = scan->opening   ? scan->opening
                        : scan->pending ? scan->pending_begin
                                        : scan->floor;

    if (!scan->pending || scan->pending_end - begin <= MAX_QUOTE)
        return begin;
    begin = scan->pending_end - MAX_QUOTE;
    while (begin < scan->pending_begin && *begin != ' ' && *begin != '\n')
        begin++;
    return begin;
}

bool scan_is_about_a_pull(const struct pull_scan *scan)
{
    return scan->sign || scan->assume || scan->url.sign || scan->registry.sign ||
           (scan->pending && scan->pending->flags & PHRASE_SIGN) ||
           (scan->client && scan_page_image(scan));
}

static void fill_clue(const struct pull_scan *scan, struct found_error *error, enum symptom symptom)
{
    struct clue *clue = &error->clue;
    unsigned asked = asked_for(scan);

    if (scan->pending) {
        clue->place = place_of_error(scan, error->image);
        clue->elsewhere =
            is_elsewhere(scan, error->image) ||
            (clue->place == PLACE_PROXY && scan->url.flags & PHRASE_BLOB && !scan->url.api);
    }
    clue->symptom = symptom;
    clue->status = scan->status;
    clue->credential = scan->credential;
    clue->manifest =
        asked & PHRASE_MANIFEST || (!asked && !scan->url.api && scan->places & PHRASE_MANIFEST &&
                                    !(scan->places & PHRASE_PING));
}

/* How the dial of an IPv6 address fails on a machine that has none. */
static bool lacks_family(const struct pull_scan *scan, enum symptom symptom)
{
    return scan->operation == OPERATION_DIAL &&
           (symptom == SYMPTOM_LOCAL_NETWORK ||
            (symptom == SYMPTOM_UNREACHABLE &&
             strcmp(scan->pending->text, "network is unreachable") == 0));
}

/* The kubelet's count of an event: "Warning  Failed  2m (x4 over 9m)  kubelet  Failed to pull". */
static unsigned count_of_event(const struct pull_scan *scan, const char *begin)
{
    for (const char *at = begin; at > scan->text && begin - at < MAX_COLUMNS; at--) {
        if (*at == '\n' || *at == '\f')
            break;
        char *end;
        unsigned long count = strncmp(at, "(x", 2) == 0 ? strtoul(at + 2, &end, 10) : 0;
        if (count && count <= MAX_COUNT && phrase_match(end, " over "))
            return (unsigned)count;
    }
    return 1;
}

/* Docker's registry explains its limit on Docker's pages. */
static const char *host_of_limit(const struct pull_scan *scan)
{
    for (const char *at = scan->pending_end; *at && at - scan->pending_end < MAX_QUOTE; at++) {
        if (phrase_match(at, "docker.com/"))
            return "registry-1.docker.io";
        if (*at == '\f')
            break;
    }
    return NULL;
}

struct found_error scan_error(const struct pull_scan *scan)
{
    enum symptom symptom = scan->pending ? scan->pending_symptom : SYMPTOM_NONE;
    struct found_error error = {.begin = begin_of_quote(scan),
                                .end = scan->pending ? scan->pending_end : scan->at};

    if (!scan->pending || scan->lost || !settle_error(scan, &symptom))
        symptom = SYMPTOM_NONE;
    if (scan->pending)
        error.end = end_of_detail(scan->pending_end, scan_is_final(scan->pending_symptom));
    error.image = image_of_error(scan, &error.image_of_url);
    fill_clue(scan, &error, symptom);
    error.hint =
        !scan->failure && (scan->pending ? scan->pending->flags & PHRASE_HINT : scan->hint);
    error.count = error.hint ? 1 : count_of_event(scan, error.begin);
    error.assumed = scan->assume;
    error.registry = scan->registry.host;
    error.repository = scan->registry.repository;
    error.reference = scan->registry.reference;
    if (!error.registry && scan->named_host && error.image) {
        error.registry = scan->named_host;
        error.repository = field_image_repository(error.image, scan->arena);
    }
    error.proxy = scan->proxy;
    error.host = scan->lookup_host ? scan->lookup_host
                 : scan->url.host  ? scan->url.host
                                   : scan->named_host;
    if (error.clue.place == PLACE_PROXY && scan->registry.host)
        error.host = scan->registry.host;
    if (!error.host && !error.image && symptom == SYMPTOM_RATE)
        error.host = host_of_limit(scan);
    error.resolver = scan->resolver;
    error.has_address = scan->has_endpoint;
    error.address = scan->endpoint.address;
    error.port = scan->endpoint.port;
    if (symptom == SYMPTOM_NAME_MISMATCH)
        error.names = field_names(scan->pending_end, scan->arena);
    if (symptom == SYMPTOM_HELPER)
        error.plugin = field_plugin(error.begin, error.end, scan->arena);
    if (error.has_address && error.address.family == AF_INET6 && lacks_family(scan, symptom))
        error.clue.symptom = SYMPTOM_NO_FAMILY;
    return error;
}
