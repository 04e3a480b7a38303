#include "probes/diagnosis/pull_error_scan.h"

#include <ctype.h>
#include <string.h>

#include "probes/diagnosis/address_class.h"
#include "probes/diagnosis/pull_error_fields.h"
#include "probes/diagnosis/pull_error_fold.h"

#define MAX_GAP    256 /* between two phrases of one error */
#define MAX_DETAIL 160 /* after the last phrase: dates, names */

#define MAX_PHRASES 256

struct scan {
    const char *at;
    bool lenient;
    bool messages; /* the text holds messages that begin as logs and events do */
    struct arena *arena;
    found_callback found;
    void *context;
    short first[256];        /* by small letter: the first phrase that begins with it, or -1 */
    short next[MAX_PHRASES]; /* and the one after it */

    /* of the message */
    const char *floor; /* nothing before it belongs to it */
    const char *opening;
    const char *image;
    bool foreign;
    bool failure; /* it says that a pull failed; that was not yet reported */

    /* of the error within it */
    const char *quote; /* after the last quoted value */
    struct found_url url;
    const char *lookup_host;
    const char *resolver;
    struct endpoint endpoint;
    bool has_endpoint;
    enum operation operation;
    unsigned places; /* PHRASE_TOKEN, _BLOB, _MANIFEST, _PING */
    enum credential credential;
    bool lost;   /* the beginning of the error is missing */
    bool listed; /* its lines belong together */

    const struct phrase *pending; /* the symptom that counts so far */
    unsigned status;
    const char *pending_begin;
    const char *pending_end;
};

static void forget_error(struct scan *scan)
{
    scan->url = (struct found_url){0};
    scan->lookup_host = NULL;
    scan->resolver = NULL;
    scan->has_endpoint = false;
    scan->operation = OPERATION_NONE;
    scan->places = 0;
    scan->credential = CREDENTIAL_UNKNOWN;
    scan->lost = false;
    scan->listed = false;
    scan->pending = NULL;
    scan->opening = NULL;
    scan->floor = scan->at;
}

/* ---- an error that is complete ---- */

/* Where the text says more than the phrase: which of two dates it is; false: that was cut off. */
static bool settle(const struct scan *scan, enum symptom *symptom)
{
    const char *after = unwrapped(scan->pending_end);

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

/* The host part of an image reference; NULL: it has none. */
static bool is_of_host(const char *image, const char *host)
{
    size_t length = strcspn(image, "/");
    bool named = image[length] && memchr(image, '.', length);

    return !named || (strlen(host) == length && strncmp(image, host, length) == 0);
}

static bool is_elsewhere(const struct scan *scan)
{
    return scan->url.host && !scan->url.api && scan->image &&
           !is_of_host(scan->image, scan->url.host);
}

static enum place place_of(const struct scan *scan)
{
    unsigned places = scan->places | scan->url.flags | (scan->pending->flags & PHRASE_BLOB);

    if (places & PHRASE_TOKEN)
        return PLACE_TOKEN;
    if (places & PHRASE_BLOB)
        return PLACE_BLOB;
    /* Registries send their clients elsewhere for layers. */
    if (is_elsewhere(scan) && !(places & (PHRASE_MANIFEST | PHRASE_PING)))
        return PLACE_BLOB;
    return PLACE_REGISTRY;
}

static const char *end_of_detail(const char *at)
{
    size_t length = 0;

    while (length < MAX_DETAIL && at[length] && at[length] != '\n' && at[length] != '"')
        length++;
    return at + length;
}

static void report(struct scan *scan)
{
    enum symptom symptom = scan->pending ? scan->pending->symptom : SYMPTOM_NONE;
    const char *last = scan->pending ? scan->pending_end : scan->at;
    const char *begin = scan->opening   ? scan->opening
                        : scan->pending ? scan->pending_begin
                                        : scan->floor;
    struct found_error error = {.begin = begin, .end = last, .image = scan->image};

    if (scan->pending && scan->pending->flags & PHRASE_STATUS)
        symptom = SYMPTOM_STATUS;
    if (!scan->pending || scan->lost || !settle(scan, &symptom))
        symptom = SYMPTOM_NONE;
    if (scan->pending) {
        error.end = end_of_detail(last);
        error.clue.place = place_of(scan);
        error.clue.elsewhere = is_elsewhere(scan);
    }
    error.clue.symptom = symptom;
    error.clue.status = scan->status;
    error.clue.credential = scan->credential;
    error.clue.manifest = ((scan->places | scan->url.flags) & PHRASE_MANIFEST) != 0;
    error.host = scan->lookup_host ? scan->lookup_host : scan->url.host;
    error.path_image = scan->url.image;
    error.resolver = scan->resolver;
    error.has_address = scan->has_endpoint;
    error.address = scan->endpoint.address;
    error.port = scan->endpoint.port;
    scan->found(&error, scan->context);
    scan->failure = false;
    forget_error(scan);
}

/* Reports what is pending; what was said since then belongs to the next error. */
static void finish(struct scan *scan)
{
    if (scan->pending)
        report(scan);
}

/* Ends the message; a failure without a known symptom is reported as such. */
static void end_message(struct scan *scan)
{
    if (scan->pending || (scan->failure && !scan->foreign))
        report(scan);
    scan->failure = false;
    forget_error(scan);
    scan->image = NULL;
    scan->foreign = false;
}

/* ---- symptoms ---- */

/* Errors that end at a closing quote of which the opening one is missing have lost their beginning;
 * what is left of a URL may still say where they happened. */
static void look_for_lost_beginning(struct scan *scan, const char *at)
{
    char rest[256] = "";
    size_t length = 0;

    while (at > scan->floor && (at[-1] == ' ' || at[-1] == '\n'))
        at--;
    if (at - scan->floor < 2 || at[-1] != ':' || at[-2] != '"' || at - 1 == scan->quote)
        return;
    const char *begin = at - 2;
    while (begin > scan->floor && begin[-1] != ' ' && begin[-1] != '"')
        begin--;
    for (const char *from = scan->floor; from < at - 2; from++)
        if (*from == '"')
            return;
    for (; begin < at - 2 && length + 1 < sizeof(rest); begin++)
        if (*begin != '\n')
            rest[length++] = *begin;
    unsigned flags = field_url_flags(rest);
    scan->places |= flags;
    scan->lost |= !flags;
}

static unsigned group_of(enum symptom symptom)
{
    if (symptom <= SYMPTOM_SCOPE_MAYBE)
        return 1;
    if (symptom <= SYMPTOM_TIMEOUT)
        return 2;
    return symptom <= SYMPTOM_DATES ? 3 : 3 + (unsigned)symptom;
}

static enum symptom symptom_of(const struct phrase *phrase)
{
    return phrase->flags & PHRASE_STATUS ? SYMPTOM_STATUS : phrase->symptom;
}

static void take_symptom(struct scan *scan, const struct phrase *phrase, const char *begin,
                         const char *end, unsigned status)
{
    bool joined = scan->pending && begin - scan->pending_end < MAX_GAP &&
                  group_of(symptom_of(scan->pending)) == group_of(symptom_of(phrase));

    if (scan->pending && !joined)
        finish(scan);
    if (!scan->pending)
        scan->pending_begin = begin;
    if (!scan->pending || symptom_of(phrase) < symptom_of(scan->pending)) {
        scan->pending = phrase;
        scan->status = status;
        scan->pending_end = end;
    }
    scan->at = end;
}

/* ---- phrases ---- */

static void take_status(struct scan *scan, const struct phrase *phrase, const char *begin)
{
    const char *end;
    const char *url;
    if (phrase_match(scan->at, " [manifests") || phrase_match(scan->at, " code [manifests"))
        scan->places |= PHRASE_MANIFEST;
    unsigned status = field_status(scan->at, &end, &url);

    if (!scan->pending && url)
        scan->url = field_url(url, url[-1] == '"', scan->arena);
    if (status)
        take_symptom(scan, phrase, begin, end, status);
}

static void take_url(struct scan *scan, const char *begin)
{
    bool quoted = begin > scan->floor && begin[-1] == '"';
    struct found_url url = field_url(begin, quoted, scan->arena);

    if (url.host) {
        scan->url = url;
        scan->quote = url.end;
    }
    scan->at = url.end > scan->at ? url.end : scan->at;
}

static void take_operation(struct scan *scan, const struct phrase *phrase)
{
    struct endpoint endpoint;
    const char *at = scan->at;

    /* The sockets of a lookup say nothing of the registry. */
    if (scan->operation != OPERATION_LOOKUP || phrase->sets == OPERATION_LOOKUP)
        scan->operation = phrase->sets;
    if (strcmp(phrase->text, "lookup ") == 0) {
        scan->lookup_host = field_lookup(at, scan->arena, &scan->resolver);
        return;
    }
    if (phrase->sets == OPERATION_LOOKUP)
        return;
    at += *at == '4' || *at == '6';
    at += *at == ' ' || *at == '\n';
    /* of "read tcp LOCAL->PEER" the peer */
    for (size_t i = 0; phrase->sets == OPERATION_READ && at[i] && at[i] != ' ' && i < 128; i++) {
        if (at[i] != '>')
            continue;
        at += i + 1;
        break;
    }
    if (field_endpoint(at, &endpoint)) {
        scan->endpoint = endpoint;
        scan->has_endpoint = true;
    }
}

static void take_image(struct scan *scan, const struct phrase *phrase)
{
    const char *end;
    bool quoted = phrase->text[strlen(phrase->text) - 1] == '"';
    const char *image = field_image(scan->at, quoted, scan->arena, &end);

    if (!image)
        return;
    scan->image = image;
    scan->quote = end;
    scan->at = end;
}

static void take(struct scan *scan, const struct phrase *phrase, size_t length)
{
    const char *begin = scan->at;

    scan->at += length;
    if (phrase->flags & PHRASE_START) {
        scan->at = begin;
        end_message(scan);
        scan->at = begin + length;
        scan->messages = true;
        scan->foreign = (phrase->flags & PHRASE_FOREIGN) != 0;
    } else if (scan->pending &&
               (phrase->flags & (PHRASE_SYMPTOM | PHRASE_STATUS)) != PHRASE_SYMPTOM) {
        scan->at = begin;
        finish(scan);
        scan->at = begin + length;
    }
    if (scan->foreign)
        return;
    if (phrase->flags & (PHRASE_OPENING | PHRASE_SYMPTOM) && !scan->opening && !scan->pending)
        look_for_lost_beginning(scan, begin);
    if (phrase->flags & PHRASE_OPENING && !scan->opening && !scan->pending)
        scan->opening = begin;
    scan->failure |= (phrase->flags & PHRASE_FAILURE) != 0;
    scan->places |= phrase->flags & (PHRASE_TOKEN | PHRASE_MANIFEST | PHRASE_PING);
    scan->listed |= (phrase->flags & PHRASE_LIST) != 0;
    if (!(phrase->flags & PHRASE_SYMPTOM))
        scan->places |= phrase->flags & PHRASE_BLOB;
    if (strstr(phrase->text, "anonymous token"))
        scan->credential = CREDENTIAL_NONE;
    else if (strstr(phrase->text, "oauth token"))
        scan->credential = CREDENTIAL_KEY;
    if (phrase->flags & PHRASE_STATUS)
        take_status(scan, phrase, begin);
    else if (phrase->flags & PHRASE_SYMPTOM)
        take_symptom(scan, phrase, begin, begin + length, 0);
    if (phrase->flags & PHRASE_URL)
        take_url(scan, begin);
    if (phrase->sets)
        take_operation(scan, phrase);
    if (phrase->flags & PHRASE_IMAGE)
        take_image(scan, phrase);
}

static bool counts(const struct scan *scan, const struct phrase *phrase, const char *after)
{
    bool known = scan->lenient || scan->failure || scan->opening || scan->pending;

    if (phrase->operations && !(phrase->operations & (unsigned)scan->operation))
        return false;
    if (phrase->flags & PHRASE_WEAK && !known)
        return false;
    return !(phrase->flags & PHRASE_WORD) || !isalnum((unsigned char)*after);
}

/* A line that ends with the error ends the error, unless the next one goes on with it. */
static bool ends_here(const struct scan *scan)
{
    const char *at = scan->pending_end;

    /* The words of a status may stand on the next line. */
    if (*scan->at != '\n' || scan->listed || scan->pending->flags & PHRASE_STATUS)
        return false;
    while (at < scan->at && strchr("\"'])}.", *at))
        at++;
    return at == scan->at && !strchr("(:,;-", at[1]);
}

static void step(struct scan *scan)
{
    for (short i = scan->first[tolower((unsigned char)*scan->at)]; i >= 0; i = scan->next[i]) {
        size_t length = phrase_match(scan->at, phrases[i].text);
        if (!length || !counts(scan, &phrases[i], scan->at + length))
            continue;
        take(scan, &phrases[i], length);
        return;
    }
    if (scan->pending && ends_here(scan))
        finish(scan);
    scan->at++;
}

static void index_phrases(struct scan *scan)
{
    memset(scan->first, -1, sizeof(scan->first));
    for (size_t i = phrase_count < MAX_PHRASES ? phrase_count : MAX_PHRASES; i-- > 0;) {
        int byte = tolower((unsigned char)phrases[i].text[0]);
        scan->next[i] = scan->first[byte];
        scan->first[byte] = (short)i;
    }
}

bool pull_error_scan(const char *text, bool lenient, struct arena *arena, found_callback found,
                     void *context)
{
    struct scan scan = {.at = text,
                        .floor = text,
                        .lenient = lenient,
                        .arena = arena,
                        .found = found,
                        .context = context,
                        .operation = OPERATION_NONE};

    index_phrases(&scan);
    while (*scan.at)
        step(&scan);
    end_message(&scan);
    return scan.messages;
}
