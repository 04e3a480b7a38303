/* SPDX-License-Identifier: MIT */
#include "probes/transport/dns_message.h"

#include <ares.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "config/base/text.h"
#include "probes/evidence/evidence.h"

#define HEADER_SIZE        12
#define RECORD_HEADER_SIZE 10   /* type, class, TTL, RDLENGTH */
#define MAX_RECORDS        512  /* looked at in one answer */
#define MAX_ALIASES        32   /* followed to the end of the chain; fewer are kept */
#define MAX_NAME           1024 /* bytes of a name as text, where unprintable bytes are \DDD */

enum { FLAG_AA = 0x0400, FLAG_RA = 0x0080 };
enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, TYPE_OPT = 41, CLASS_IN = 1 };

/* Every read of the message goes through this cursor, which checks the bounds. */
struct cursor {
    const uint8_t *message;
    size_t length;
    size_t at;
    bool failed;
};

struct record {
    char owner[MAX_NAME];
    uint16_t type;
    uint16_t dns_class;
    uint32_t ttl;
    size_t data_at;
    uint16_t data_length;
};

static uint16_t read_u16(struct cursor *cursor)
{
    if (cursor->failed || cursor->length - cursor->at < 2) {
        cursor->failed = true;
        return 0;
    }
    const uint8_t *byte = cursor->message + cursor->at;
    cursor->at += 2;
    return (uint16_t)(byte[0] << 8 | byte[1]);
}

/* ares_expand_name() handles compression and refuses loops. */
static void read_name(struct cursor *cursor, char name[MAX_NAME])
{
    char *expanded = NULL;
    long used = 0;

    name[0] = '\0';
    if (cursor->failed || cursor->at >= cursor->length ||
        ares_expand_name(cursor->message + cursor->at, cursor->message, (int)cursor->length,
                         &expanded, &used) != ARES_SUCCESS) {
        cursor->failed = true;
        return;
    }
    if (strlen(expanded) < MAX_NAME)
        memcpy(name, expanded, strlen(expanded) + 1);
    else
        cursor->failed = true;
    ares_free_string(expanded);
    cursor->at += (size_t)used;
}

static bool read_record(struct cursor *cursor, struct record *record)
{
    read_name(cursor, record->owner);
    if (cursor->failed || cursor->length - cursor->at < RECORD_HEADER_SIZE)
        return false;
    record->type = read_u16(cursor);
    record->dns_class = read_u16(cursor);
    record->ttl = (uint32_t)read_u16(cursor) << 16;
    record->ttl |= read_u16(cursor);
    record->data_length = read_u16(cursor);
    record->data_at = cursor->at;
    if (cursor->length - cursor->at < record->data_length)
        return false;
    cursor->at += record->data_length;
    return true;
}

static bool same_name(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

/* An answer repeats the question, and QDCOUNT is always 1 (RFC 9619). */
static bool read_question(struct cursor *cursor, uint16_t count, const struct dns_evidence *asked)
{
    char name[MAX_NAME];
    uint16_t wanted = asked->type == RECORD_A ? TYPE_A : TYPE_AAAA;

    if (count != 1)
        return false;
    read_name(cursor, name);
    uint16_t type = read_u16(cursor);
    uint16_t dns_class = read_u16(cursor);
    return !cursor->failed && type == wanted && dns_class == CLASS_IN &&
           same_name(name, asked->name);
}

static const char *keep_name(struct arena *arena, const char *name)
{
    struct text text = TEXT_WITH_LIMIT(EVIDENCE_MAX_TEXT * 4);

    text_append_peer(&text, name, strlen(name), EVIDENCE_MAX_TEXT);
    const char *kept = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    return kept;
}

static void add_address(struct dns_evidence *answer, const uint8_t *bytes, uint32_t ttl)
{
    struct dns_address found = {.ttl = ttl & 0x80000000u ? 0 : ttl}; /* RFC 2181 section 8 */

    found.address.family = answer->type == RECORD_A ? AF_INET : AF_INET6;
    memcpy(found.address.bytes, bytes, answer->type == RECORD_A ? 4 : 16);
    for (size_t i = 0; i < answer->address_count; i++)
        if (address_equal(&answer->addresses[i].address, &found.address))
            return;
    if (answer->address_count < EVIDENCE_MAX_ADDRESSES)
        answer->addresses[answer->address_count++] = found;
}

/* Replaces `name` with its alias if this answer has a CNAME for it. */
static bool follow_alias(struct cursor start, uint16_t count, char name[MAX_NAME])
{
    struct record record;
    char target[MAX_NAME];

    for (uint16_t i = 0; i < count && i < MAX_RECORDS && read_record(&start, &record); i++) {
        if (record.type != TYPE_CNAME || record.dns_class != CLASS_IN ||
            !same_name(record.owner, name))
            continue;
        struct cursor data = start;
        data.at = record.data_at;
        read_name(&data, target);
        if (data.failed || data.at != record.data_at + record.data_length)
            return false;
        memcpy(name, target, MAX_NAME);
        return true;
    }
    return false;
}

/* Keeps every address, whatever its name and class, because Go's resolver does not compare them.
 * False if there is a record that cannot be read; the addresses before it count. */
static bool read_addresses(struct cursor start, uint16_t count, struct dns_evidence *answer)
{
    uint16_t wanted = answer->type == RECORD_A ? TYPE_A : TYPE_AAAA;
    uint16_t size = answer->type == RECORD_A ? 4 : 16;
    struct record record;

    for (uint16_t i = 0; i < count && i < MAX_RECORDS; i++) {
        if (!read_record(&start, &record))
            return false;
        if (record.type != wanted)
            continue;
        if (record.data_length < size)
            return false;
        add_address(answer, start.message + record.data_at, record.ttl);
    }
    return true;
}

/* The rcode with its upper 8 bits, which the first OPT record of the additional section has in
 * place of a TTL (RFC 6891 section 6.1.3). A record that cannot be read adds none, as in Go's
 * resolver. */
static uint16_t read_rcode(struct cursor start, uint16_t flags, unsigned before,
                           unsigned additional)
{
    struct record record;

    for (unsigned i = 0; i < before + additional && i < MAX_RECORDS; i++) {
        if (!read_record(&start, &record))
            break;
        if (i >= before && record.type == TYPE_OPT)
            return (uint16_t)(record.ttl >> 24 << 4 | (flags & 0x0f));
    }
    return flags & 0x0f;
}

static enum dns_outcome outcome_of_rcode(uint16_t rcode)
{
    switch (rcode) {
    case 2:
        return DNS_SERVFAIL;
    case 3:
        return DNS_NXDOMAIN;
    case 5:
        return DNS_REFUSED;
    default:
        return DNS_OTHER_RCODE;
    }
}

/* Keeps the chain of aliases that starts at the question. A broken record ends it. */
static void read_chain(const struct cursor *cursor, uint16_t count, struct arena *arena,
                       struct dns_evidence *answer)
{
    char name[MAX_NAME];

    if (strlen(answer->name) >= MAX_NAME)
        return;
    memcpy(name, answer->name, strlen(answer->name) + 1);
    for (unsigned i = 0; i < MAX_ALIASES && follow_alias(*cursor, count, name); i++)
        if (answer->cname_count < EVIDENCE_MAX_CNAMES)
            answer->cnames[answer->cname_count++] = keep_name(arena, name);
}

/* The rcode is about the end of the chain (RFC 2308 section 2.1). */
static enum dns_outcome read_answers(struct cursor *cursor, uint16_t count, struct arena *arena,
                                     struct dns_evidence *answer)
{
    struct dns_address found[EVIDENCE_MAX_ADDRESSES] = {0};

    read_chain(cursor, count, arena, answer);
    if (answer->rcode)
        return outcome_of_rcode(answer->rcode);
    answer->addresses = found;
    bool readable = read_addresses(*cursor, count, answer);
    size_t size = answer->address_count * sizeof(*found);
    answer->addresses = size ? arena_allocate(arena, size) : NULL;
    if (answer->addresses) {
        memcpy(answer->addresses, found, size);
        return DNS_NOERROR;
    }
    answer->address_count = 0;
    return size ? DNS_LOCAL : readable ? DNS_NODATA : DNS_MALFORMED;
}

void dns_message_read(const uint8_t *message, size_t length, struct arena *arena,
                      struct dns_evidence *answer)
{
    struct cursor cursor = {.message = message, .length = length, .at = 2}; /* after the id */

    answer->outcome = DNS_MALFORMED;
    answer->address_count = 0;
    answer->cname_count = 0;
    if (length < HEADER_SIZE || length > UINT16_MAX)
        return;
    uint16_t flags = read_u16(&cursor);
    uint16_t questions = read_u16(&cursor);
    uint16_t answers = read_u16(&cursor);
    uint16_t authorities = read_u16(&cursor);
    uint16_t additional = read_u16(&cursor);
    bool is_response = flags & 0x8000;
    bool still_truncated = flags & 0x0200;
    answer->rcode = flags & 0x0f;
    if (!is_response || (questions && !read_question(&cursor, questions, answer)))
        return;
    answer->rcode = read_rcode(cursor, flags, (unsigned)answers + authorities, additional);
    if (answer->rcode && questions == 0) /* some servers refuse without repeating the question */
        answer->outcome = outcome_of_rcode(answer->rcode);
    else if (questions && !still_truncated)
        answer->outcome = read_answers(&cursor, answers, arena, answer);
    /* Clients ask the next server then (golang.org/issue/15434). */
    if (answer->outcome == DNS_NODATA && !answers && !(flags & (FLAG_AA | FLAG_RA)))
        answer->outcome = DNS_LAME;
}
