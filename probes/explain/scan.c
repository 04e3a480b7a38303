/* SPDX-License-Identifier: MIT */
/*
 * The scan is always in one of four states. Only scan_step() and its callees move it on.
 *
 * - idle: nothing that was read belongs to a pull.
 * - message: a record of a log, an event, a paragraph or a START phrase began. The message may name
 *   an image and may show a sign that it is about a pull.
 * - error: the message quotes an error. URLs, a dial or a lookup were read.
 * - pending: a symptom was read. A further one of the same group replaces it if it says more.
 *
 * take_symptom() makes an error pending. finish_scan() reports it: at the next phrase that is no
 * symptom of the same group, or where its line ends. end_message() reports a failure without a
 * symptom as unknown and forgets everything but the image of the last command, which is the page's
 * context. A pending error in a message without any sign of a pull is dropped.
 */
#include "probes/explain/scan.h"

#include <ctype.h>
#include <string.h>

#include "config/base/memory.h"
#include "probes/explain/fields.h"
#include "probes/explain/fold.h"
#include "probes/explain/record.h"
#include "probes/explain/scan_state.h"

#define MAX_GAP     512  /* between two phrases of one error */
#define MAX_SILENCE 1024 /* without a phrase: another text begins */

static void forget_error(struct pull_scan *scan)
{
    scan->url = (struct found_url){0};
    scan->registry = (struct found_url){0};
    scan->scope_image = NULL;
    scan->named_host = NULL;
    scan->lookup_host = NULL;
    scan->proxy = NULL;
    scan->resolver = NULL;
    scan->has_endpoint = false;
    scan->operation = OPERATION_NONE;
    scan->places = 0;
    scan->asked = 0;
    scan->credential = CREDENTIAL_UNKNOWN;
    scan->lost = false;
    scan->listed = false;
    scan->pending = NULL;
    scan->body_end = NULL;
    scan->opening = NULL;
    scan->floor = scan->at;
}

/* ---- the image of the page ---- */

static void set_page_image(struct pull_scan *scan, const char *image)
{
    size_t length = strlen(image);
    size_t known = strlen(scan->page_image);

    /* "Pulling from NAME" leaves out the host that the command had. */
    if (known > length && strstr(scan->page_image, image))
        return;
    if (length < sizeof(scan->page_image))
        memcpy(scan->page_image, image, length + 1);
    scan->page_image_at = scan->page_offset + (size_t)(scan->at - scan->text);
    if (field_image_host(image, scan->arena))
        scan_mention(scan, image);
}

/* ---- messages ---- */

static void report(struct pull_scan *scan)
{
    struct found_error error = scan_error(scan);

    scan->found(&error, scan->context);
    scan->failure = false;
    scan->hint = false;
    forget_error(scan);
}

/* Reports the pending error; the text since then belongs to the next one. */
static void finish_scan(struct pull_scan *scan)
{
    if (scan->pending && scan_is_about_a_pull(scan))
        report(scan);
    else if (scan->pending)
        forget_error(scan);
}

/* Ends the message; a failure without a known symptom is reported as such. */
static void end_message(struct pull_scan *scan)
{
    finish_scan(scan);
    if (((scan->failure && scan_is_about_a_pull(scan)) || scan->hint) && !scan->foreign)
        report(scan);
    scan->failure = false;
    scan->hint = false;
    scan->sign = false;
    scan->client = false;
    scan->progress = false;
    forget_error(scan);
    scan->image = NULL;
    scan->foreign = false;
}

/* Before something that is not part of the pending error. If it is on a later line, it is not part
 * of the message either. */
static void finish_before(struct pull_scan *scan, const char *at)
{
    bool same_line = !scan->pending || scan->listed ||
                     !memchr(scan->pending_end, '\n', (size_t)(at - scan->pending_end));

    finish_scan(scan);
    if (!same_line)
        end_message(scan);
}

/* ---- symptoms ---- */

/* An error that ends at a closing quote without an opening one has lost its beginning. The rest of
 * its URL may still name the stage. */
static void look_for_lost_beginning(struct pull_scan *scan, const char *at)
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
    unsigned flags = strchr(rest, '/') ? field_url_flags(rest) : 0;
    scan->places |= flags;
    scan->lost |= !flags;
}

static void take_symptom(struct pull_scan *scan, const struct phrase *phrase, const char *begin,
                         const char *end, unsigned status)
{
    enum symptom symptom = phrase->flags & PHRASE_STATUS ? SYMPTOM_STATUS : phrase->symptom;
    bool near = scan->pending && begin - scan->pending_end < MAX_GAP;

    scan->at = end;
    if (near && scan_is_final(scan->pending_symptom))
        return;
    if (scan->pending && (!near || scan_group_of(scan->pending_symptom) != scan_group_of(symptom)))
        finish_before(scan, begin);
    if (!scan->pending)
        scan->pending_begin = begin;
    if (!scan->pending || symptom < scan->pending_symptom) {
        scan->pending = phrase;
        scan->pending_symptom = symptom;
        scan->pending_at = begin;
        scan->status = status;
        scan->pending_end = end;
    }
}

/* ---- phrases ---- */

/* A URL that an error speaks of; others are links to documents and the like. */
static bool is_of_error(const struct pull_scan *scan, const struct found_url *url,
                        const char *begin)
{
    const char *after = unwrapped(url->end);

    if (!url->host)
        return false;
    bool room = begin - scan->text > 5;
    bool quoted = room && begin[-1] == '"';
    bool verb = room && (phrase_match(begin - 4, "get ") || phrase_match(begin - 5, "head ") ||
                         phrase_match(begin - 5, "post "));
    /* A link ends a line, and a word with a colon begins the next. */
    bool joined = !quoted && !verb && memchr(begin, '\n', (size_t)(url->end - begin));
    if (url->sign || (*after == ':' && !joined))
        return true;
    /* "Get "URL" ..." */
    return quoted && begin - scan->floor > 4 && begin[-2] == ' ' &&
           isalpha((unsigned char)begin[-3]);
}

static void take_url(struct pull_scan *scan, const struct found_url *url)
{
    scan->url = *url;
    scan->quote = url->end;
    scan->lookup_host = NULL;
    scan->has_endpoint = false;
    if (url->api && !scan->registry.host)
        scan->registry = *url;
    if (url->scope_image && !scan->scope_image)
        scan->scope_image = url->scope_image;
}

static void take_status(struct pull_scan *scan, const struct phrase *phrase, const char *begin)
{
    const char *end;
    const char *address;
    /* containerd's "status code [manifests TAG]" */
    if (phrase_match(scan->at, " [manifests") || phrase_match(scan->at, " code [manifests"))
        scan->places |= PHRASE_MANIFEST, scan->sign = true;
    else if (phrase_match(scan->at, " [blobs") || phrase_match(scan->at, " code [blobs"))
        scan->places |= scan->places & PHRASE_MANIFEST ? 0 : PHRASE_BLOB, scan->sign = true;
    unsigned status = field_status(scan->at, &end, &address);

    if (!scan->pending && address) {
        struct found_url url = field_url(address, address[-1] == '"', scan->arena);
        if (url.host)
            take_url(scan, &url);
    }
    if (status)
        take_symptom(scan, phrase, begin, end, status);
}

static void take_operation(struct pull_scan *scan, const struct phrase *phrase)
{
    struct endpoint endpoint;
    const char *at = scan->at;

    /* The sockets of a lookup say nothing of the registry. */
    if (scan->operation != OPERATION_LOOKUP || phrase->sets == OPERATION_LOOKUP)
        scan->operation = phrase->sets;
    if (strcmp(phrase->text, "lookup ") == 0) {
        const char *host = field_lookup(at, scan->arena, &scan->resolver);
        if (scan->places & PHRASE_PROXY)
            scan->proxy = host;
        else
            scan->lookup_host = host;
        return;
    }
    if (phrase->sets == OPERATION_LOOKUP || phrase->sets == OPERATION_LOCAL)
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
    if (!field_endpoint(at, &endpoint))
        return;
    scan->endpoint = endpoint;
    scan->has_endpoint = true;
    if (scan->places & PHRASE_PROXY) {
        char buffer[ENDPOINT_TEXT_SIZE];
        scan->proxy = arena_copy_text(scan->arena, endpoint_format(&endpoint, buffer));
    }
}

/* A client of the command line; its options, "pull" and the image follow. */
static bool is_client(const struct phrase *phrase)
{
    unsigned flags = PHRASE_START | PHRASE_CONTEXT | PHRASE_NAME;

    return (phrase->flags & flags) == flags && phrase->text[strlen(phrase->text) - 1] == ' ';
}

static void take_image(struct pull_scan *scan, const struct phrase *phrase)
{
    const char *end = scan->at;
    size_t length = strlen(phrase->text);
    bool quoted = strchr("\"'`", phrase->text[length - 1]) != NULL;
    bool named = (phrase->flags & PHRASE_NAME) != 0;
    const char *image =
        phrase->flags & PHRASE_TAG              ? field_tag_in(scan->at, scan->arena, &end)
        : strcmp(phrase->text, "pulling ") == 0 ? field_service_image(scan->at, scan->arena, &end)
        : strcmp(phrase->text, "pulling from ") == 0
            ? field_progress_image(scan->text, scan->at - length, scan->page_image, scan->arena,
                                   &end)
        : is_client(phrase) ? field_command_image(scan->at, scan->arena, &end)
                            : field_image(scan->at, quoted, named, scan->arena, &end);

    if (!image)
        return;
    scan->at = end > scan->at ? end : scan->at;
    if (phrase->flags & PHRASE_CONTEXT) {
        set_page_image(scan, image);
        return;
    }
    if (phrase->flags & PHRASE_TAG && !scan->named_host)
        scan->named_host = field_image_host(image, scan->arena);
    bool adds = !(phrase->flags & (PHRASE_TAG | PHRASE_TRAILING)) &&
                !(scan->image && field_image_extends(scan->image, image));
    if (!scan->image || adds)
        scan->image = image;
    scan->sign |= !(phrase->flags & (PHRASE_TRAILING | PHRASE_HINT));
    scan->quote = scan->at;
}

/* "sha256:... (application/vnd.oci.image.manifest...)" or the path of a URL. */
static void take_scanned_path(struct pull_scan *scan)
{
    const char *at = scan->at;

    for (size_t i = 0; i < MAX_GAP && at[i] && at[i] != ')' && at[i] != '\f'; i++) {
        if (phrase_match(at + i, "manifest") || phrase_match(at + i, "image.index"))
            scan->asked = PHRASE_MANIFEST;
        else if (phrase_match(at + i, "/blobs/") || phrase_match(at + i, "image.layer") ||
                 phrase_match(at + i, "image.rootfs") || phrase_match(at + i, "image.config") ||
                 phrase_match(at + i, "container.image"))
            scan->asked = PHRASE_BLOB;
        else if (phrase_match(at + i, " not found"))
            break;
        else
            continue;
        scan->sign = true;
        break;
    }
}

/* Docker's lines while it fetches layers. */
static bool is_progress(const struct pull_scan *scan, const struct phrase *phrase,
                        const char *begin)
{
    unsigned flags = PHRASE_SIGN | PHRASE_CONTEXT;

    if (strcmp(phrase->text, "pulling from ") == 0)
        return begin - scan->text > 2 && strchr(" \n", begin[-1]) && begin[-2] == ':';
    return (phrase->flags & (flags | PHRASE_IMAGE)) == flags;
}

/* "IMAGE: " in front of an error: buildkit. Only a reference with its host is one. */
static const char *image_before(const struct pull_scan *scan, const char *at)
{
    const char *end = at - 2;
    const char *begin = end;
    const char *ignored;

    if (at - scan->floor < 3 || !strchr(" \n", at[-1]) || *end != ':')
        return NULL;
    while (begin > scan->floor && end - begin < MAX_GAP &&
           (isalnum((unsigned char)begin[-1]) || strchr("._-:/@", begin[-1])))
        begin--;
    char *text = arena_copy_bytes(scan->arena, begin, (size_t)(end - begin));
    const char *image = text ? field_image(text, false, true, scan->arena, &ignored) : NULL;
    const char *slash = image ? strrchr(image, '/') : NULL;
    bool whole = slash && strpbrk(slash, ":@") && field_image_host(image, scan->arena) &&
                 strlen(image) == strlen(text);
    return whole ? image : NULL;
}

/* The parts of a phrase that are neither symptoms nor values. */
static void take_flags(struct pull_scan *scan, const struct phrase *phrase, const char *begin)
{
    unsigned flags = phrase->flags;

    if (flags & (PHRASE_OPENING | PHRASE_SYMPTOM) && !scan->opening && !scan->pending)
        look_for_lost_beginning(scan, begin);
    if (flags & PHRASE_OPENING && !scan->opening && !scan->pending && !scan->image)
        scan->image = image_before(scan, begin);
    if (flags & PHRASE_OPENING && !scan->opening && !scan->pending)
        scan->opening = begin;
    if (is_progress(scan, phrase, begin))
        scan->sign = scan->progress = true;
    scan->sign |= (flags & PHRASE_SIGN) && !(flags & PHRASE_HINT && flags & PHRASE_SYMPTOM);
    scan->failure |= (flags & PHRASE_FAILURE) != 0;
    scan->hint |= (flags & PHRASE_HINT) && !(flags & PHRASE_SYMPTOM);
    scan->client |= (flags & PHRASE_CLIENT) != 0;
    scan->places |= flags & (PHRASE_TOKEN | PHRASE_MANIFEST | PHRASE_PING | PHRASE_PROXY);
    scan->listed |= (flags & PHRASE_LIST) != 0;
    if (!(flags & PHRASE_SYMPTOM))
        scan->places |= flags & PHRASE_BLOB;
    if (strstr(phrase->text, "anonymous token"))
        scan->credential = CREDENTIAL_NONE;
    else if (strstr(phrase->text, "oauth token") || strstr(phrase->text, "login attempt"))
        scan->credential = CREDENTIAL_KEY;
}

/* The phrase that begins at scan->at begins or ends something. */
static void meet_phrase(struct pull_scan *scan, const struct phrase *phrase)
{
    unsigned flags = phrase->flags;

    if (flags & PHRASE_START) {
        end_message(scan);
        scan->foreign = (flags & PHRASE_FOREIGN) != 0;
    } else if (scan->pending && (flags & (PHRASE_SYMPTOM | PHRASE_STATUS)) != PHRASE_SYMPTOM &&
               !(flags & PHRASE_STATUS && scan_group_of(scan->pending_symptom) == 1) &&
               !(flags & PHRASE_TRAILING && scan->at - scan->pending_end < MAX_GAP)) {
        finish_before(scan, scan->at);
    }
    /* A pull that begins is no part of the message before, such as of an earlier pull's success. */
    if (flags & PHRASE_CONTEXT)
        scan->foreign = false;
    if (!(flags & PHRASE_DONE))
        return;
    scan->succeeded = true;
    scan->page_image[0] = '\0';
}

/* A page that a proxy gave in place of an answer may quote an error of its own. */
static bool is_in_page(const struct pull_scan *scan, const struct phrase *phrase)
{
    bool answer = phrase->flags & PHRASE_SYMPTOM && scan_group_of(phrase->symptom) == 1;

    return scan->pending && scan->body_end && scan->at < scan->body_end && !answer &&
           !(phrase->flags & (PHRASE_START | PHRASE_TRAILING));
}

static const char *end_of_page(const char *at)
{
    size_t length = phrase_match(at, ": \"");

    while (length && length < MAX_GAP && at[length] && !strchr("\n\f", at[length]))
        length++;
    return length ? at + length : NULL;
}

/* The rest of a message whose reason is complete only repeats it. */
static bool is_told_already(const struct pull_scan *scan, const struct phrase *phrase)
{
    if (is_in_page(scan, phrase))
        return true;
    return scan->pending && scan_is_final(scan->pending_symptom) &&
           !(phrase->flags & (PHRASE_START | PHRASE_TRAILING)) &&
           scan->at - scan->pending_end < MAX_GAP;
}

static void take_into_scan(struct pull_scan *scan, const struct phrase *phrase, size_t length)
{
    const char *begin = scan->at;

    if (is_told_already(scan, phrase)) {
        scan->at += length;
        return;
    }
    meet_phrase(scan, phrase);
    scan->at = begin + length;
    scan->last = scan->at;
    if (scan->foreign)
        return;
    take_flags(scan, phrase, begin);
    if (phrase->flags & PHRASE_STATUS)
        take_status(scan, phrase, begin);
    else if (phrase->flags & PHRASE_SYMPTOM)
        take_symptom(scan, phrase, begin, scan->at, 0);
    if (strcmp(phrase->text, "looking for beginning of value") == 0)
        scan->body_end = end_of_page(scan->at);
    if (phrase->flags & PHRASE_HOST && !scan->named_host)
        scan->named_host = field_host(scan->at, scan->arena);
    if (phrase->flags & PHRASE_PATH)
        take_scanned_path(scan);
    if (phrase->sets)
        take_operation(scan, phrase);
    if (phrase->flags & (PHRASE_IMAGE | PHRASE_TAG))
        take_image(scan, phrase);
    scan->last = scan->at;
}

/* The line may end between the quote and the URL. */
static bool is_quoted(const struct pull_scan *scan, const char *at)
{
    if (at > scan->floor && at[-1] == '\n')
        at--;
    return at > scan->floor && at[-1] == '"';
}

/* A URL at scan->at is taken, or stepped over if no error speaks of it. */
static void step_over_url(struct pull_scan *scan, const struct phrase *phrase, size_t length)
{
    const char *begin = scan->at;
    bool quoted = is_quoted(scan, begin);
    struct found_url url = field_url(begin, quoted, scan->arena);
    const char *end = url.end > begin + length ? url.end : begin + length;
    bool trailing = begin - scan->floor > 5 && strncmp(begin - 5, "URL: ", 5) == 0;

    const char *pulled = scan->foreign ? NULL : field_engine_image(begin, end, scan->arena);

    if (pulled) {
        scan->image = pulled;
        scan->sign = true;
    }
    if (is_told_already(scan, phrase)) {
        scan->last = end;
    } else if (!scan->foreign && scan->pending && trailing && url.host) {
        take_url(scan, &url);
    } else if (!scan->foreign && is_of_error(scan, &url, begin)) {
        take_into_scan(scan, phrase, length);
        take_url(scan, &url);
        /* "Get "URL": ...": a request of a pull failed, whatever the reason. */
        scan->failure |= url.sign && quoted && *unwrapped(url.end) == ':';
        scan->last = end;
    }
    scan->at = end;
}

/* Chinese sentences have a colon of their own, or none. The first words of a text may be a reason
 * without its beginning. */
static bool is_after_colon(const struct pull_scan *scan)
{
    const char *at = scan->at;

    while (at > scan->text && strchr(" \n\"'`*([", at[-1]))
        at--;
    return at == scan->text || strchr(":\f", at[-1]) || (unsigned char)at[-1] & 0x80;
}

/* The start of a line, or of its message behind the time. */
static bool is_at_line(const struct pull_scan *scan)
{
    const char *line = scan->at;

    while (line > scan->text && scan->at - line < MAX_GAP && !strchr("\n\f", line[-1]))
        line--;
    return line == scan->at || line + record_head(line) == scan->at;
}

/* "HOST/NAME:" at the end of a line: what follows is its tag. */
static bool is_wrapped_tag(const struct pull_scan *scan)
{
    const char *at = scan->at;
    bool slash = false;

    for (; at > scan->text && scan->at - at < MAX_GAP && !strchr(" \f\"", at[-1]); at--)
        slash |= at[-1] == '/';
    return slash && scan->at[1] == '\n';
}

static bool phrase_counts(const struct pull_scan *scan, const struct phrase *phrase,
                          const char *after)
{
    unsigned flags = phrase->flags;

    if (phrase->operations && !(phrase->operations & (unsigned)scan->operation))
        return false;
    if (flags & PHRASE_WEAK && !scan_is_about_a_pull(scan))
        return false;
    /* The pending symptom is the reason why the pull was cancelled. */
    if (phrase->symptom == SYMPTOM_CANCELLED && scan->pending)
        return false;
    if (flags & PHRASE_AFTER_URL && (!scan->url.end || scan->at != unwrapped(scan->url.end)))
        return false;
    if (flags & (PHRASE_AFTER_COLON | PHRASE_AT_LINE) &&
        !(flags & PHRASE_AFTER_COLON && is_after_colon(scan)) &&
        !(flags & PHRASE_AT_LINE && is_at_line(scan)))
        return false;
    if (flags & PHRASE_REQUEST && !scan->asked && !scan->url.flags &&
        !(scan->places & (PHRASE_MANIFEST | PHRASE_BLOB)))
        return false;
    if (strcmp(phrase->text, ": EOF") == 0 && (*after == ':' || is_wrapped_tag(scan)))
        return false;
    /* Clients that ask several daemons go on with the next. */
    if (phrase->symptom == SYMPTOM_RUNTIME && flags & PHRASE_CLIENT &&
        (scan->sign || !scan_page_image(scan)))
        return false;
    if (strcmp(phrase->text, "EOF") == 0 && (!scan->progress || !strchr("\n\f", *after)))
        return false;
    return !(flags & PHRASE_WORD) || !isalnum((unsigned char)*after);
}

/* A line that ends with the error ends the error, unless the next one goes on with it. */
static bool ends_here(const struct pull_scan *scan)
{
    const char *at = scan->pending_end;

    /* The words of a status may be on the next line. */
    if (*scan->at != '\n' || scan->listed || scan->pending->flags & PHRASE_STATUS)
        return false;
    while (at < scan->at && strchr("\"'])}.", *at))
        at++;
    return at == scan->at && !strchr("(:,;-", at[1]);
}

/* A record begins with the line at `at`. In a list that a log writes line by line, each has a code
 * and a colon. */
static bool another_begins(const struct pull_scan *scan, const char *at)
{
    const char *message = at + record_head(at);
    size_t code = strspn(message, "abcdefghijklmnopqrstuvwxyz");

    return record_begins(at) && !(scan->listed && message > at && code && message[code] == ':');
}

/* Moves to another message where the text itself shows that one begins. */
static void look_for_end(struct pull_scan *scan)
{
    bool line = *scan->at == '\n' || *scan->at == '\f';
    bool silent = scan->at - scan->last > MAX_SILENCE &&
                  (scan->sign || scan->pending || scan->opening || scan->hint);

    /* Docker leaves blank lines among those of its layers, and each may have a time. */
    bool progress = scan->progress && !silent;

    if ((*scan->at == '\f' && !scan->listed) || silent ||
        (line && another_begins(scan, scan->at + 1))) {
        end_message(scan);
        scan->sign = scan->progress = progress;
    } else if (scan->pending && ends_here(scan)) {
        finish_scan(scan);
        end_message(scan);
    }
    if (silent)
        scan->last = scan->at;
}

/* The length of the phrase at the scan, with the options of a command; 0: it is not there. */
static size_t phrase_length(const struct pull_scan *scan, const struct phrase *phrase)
{
    size_t length = phrase_match(scan->at, phrase->text);

    if (!length || !is_client(phrase))
        return length;
    size_t command = field_command(scan->at + length);
    return command ? length + command : 0;
}

static bool step_with(struct pull_scan *scan, unsigned char second)
{
    unsigned char first =
        *scan->at == '\n' ? ' ' : (unsigned char)tolower((unsigned char)*scan->at);

    for (short i = scan->first[first & 127][tolower(second) & 127]; i >= 0; i = scan->next[i]) {
        size_t length = phrase_length(scan, &phrases[i]);
        if (!length || !phrase_counts(scan, &phrases[i], scan->at + length))
            continue;
        if (phrases[i].flags & PHRASE_URL)
            step_over_url(scan, &phrases[i], length);
        else
            take_into_scan(scan, &phrases[i], length);
        return true;
    }
    return false;
}

static void scan_step(struct pull_scan *scan)
{
    unsigned char second = (unsigned char)scan->at[1];

    /* The second letter may be on the next line; a space of the phrase may be its end. */
    if (step_with(scan, second == '\n' ? ' ' : second) ||
        (second == '\n' && step_with(scan, (unsigned char)scan->at[2])))
        return;
    const char *image = *scan->at == '/' && !scan->foreign
                            ? field_mention(scan->text, scan->at, scan->arena)
                            : NULL;
    if (image)
        scan_mention(scan, image);
    look_for_end(scan);
    scan->at++;
}

/* ---- the whole ---- */

static void index_phrases(struct pull_scan *scan)
{
    memset(scan->first, -1, sizeof(scan->first));
    for (size_t i = phrase_count < SCAN_MAX_PHRASES ? phrase_count : SCAN_MAX_PHRASES; i-- > 0;) {
        int first = tolower((unsigned char)phrases[i].text[0]) & 127;
        int second = tolower((unsigned char)phrases[i].text[1]) & 127;
        scan->next[i] = scan->first[first][second];
        scan->first[first][second] = (short)i;
    }
}

struct pull_scan *pull_scan_new(found_callback found, void *context)
{
    struct pull_scan *scan = memory_allocate(sizeof(*scan));

    if (!scan)
        return NULL;
    scan->found = found;
    scan->context = context;
    index_phrases(scan);
    return scan;
}

void pull_scan_free(struct pull_scan *scan)
{
    memory_release(scan);
}

void pull_scan_piece(struct pull_scan *scan, const char *text, bool only, struct arena *arena)
{
    scan->arena = arena;
    scan->text = text;
    scan->at = text;
    scan->last = text;
    scan->image = NULL;
    scan->quote = NULL;
    scan->foreign = false;
    scan->progress = false;
    scan->assume = only && field_is_bare_line(text);
    forget_error(scan);
    scan->operation = OPERATION_NONE;
    while (*scan->at)
        scan_step(scan);
    end_message(scan);
    scan->page_offset += (size_t)(scan->at - text);
}
