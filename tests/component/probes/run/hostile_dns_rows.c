/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "hostile_dns.h"

/* The version of c-ares decides what a broken frame of TCP does to the frames behind it, and 1.34
 * refuses longer names and pointers forward. */
#define EITHER(one, other) one " " other

#define OK      "ok_private"
#define SILENT  "dns_timeout"
#define BROKEN  "dns_server_failure"
#define SLOW    "dns_slow"
#define NODATA  "dns_no_address"
#define BOGUS   "dns_bogus_address"
#define MISSING "dns_name_not_found"

/* ---- changes ---- */

static void put(struct hostile_answer *answer, const void *bytes, size_t length)
{
    if (answer->length + length <= HOSTILE_DNS_SIZE) {
        memcpy(answer->bytes + answer->length, bytes, length);
        answer->length += length;
    }
}

static void set_count(struct hostile_answer *answer, size_t at, unsigned count)
{
    answer->bytes[at] = (uint8_t)(count >> 8);
    answer->bytes[at + 1] = (uint8_t)count;
}

static void put_record(struct hostile_answer *answer, const char *owner, size_t owner_length,
                       unsigned type, unsigned rclass, const void *data, size_t length)
{
    const uint8_t header[] = {(uint8_t)(type >> 8),
                              (uint8_t)type,
                              (uint8_t)(rclass >> 8),
                              (uint8_t)rclass,
                              0,
                              0,
                              0,
                              60,
                              (uint8_t)(length >> 8),
                              (uint8_t)length};

    put(answer, owner, owner_length);
    put(answer, header, sizeof(header));
    put(answer, data, length);
}

#define PUT(answer, owner, type, data) \
    put_record(answer, owner, sizeof(owner) - 1, type, 1, data, sizeof(data) - 1)

static void cut(struct hostile_answer *answer, unsigned length)
{
    answer->length = length < answer->length ? length : answer->length;
}

static void cut_end(struct hostile_answer *answer, unsigned missing)
{
    answer->length -= missing;
}

static void other_id(struct hostile_answer *answer, unsigned number)
{
    answer->bytes[0] ^= (uint8_t)(number >> 8);
    answer->bytes[1] ^= (uint8_t)number;
}

static void set_flags(struct hostile_answer *answer, unsigned flags)
{
    set_count(answer, 2, flags);
}

static void set_question_count(struct hostile_answer *answer, unsigned count)
{
    set_count(answer, 4, count);
}

static void set_answer_count(struct hostile_answer *answer, unsigned count)
{
    set_count(answer, 6, count);
}

static void set_other_counts(struct hostile_answer *answer, unsigned count)
{
    set_count(answer, 8, count);
    set_count(answer, 10, count);
}

static void only_question_count(struct hostile_answer *answer, unsigned count)
{
    set_count(answer, 4, count);
    memmove(answer->bytes + 12, answer->bytes + answer->question_end,
            answer->length - answer->question_end);
    answer->length -= answer->question_end - 12;
}

static void change_name(struct hostile_answer *answer, unsigned mask)
{
    answer->bytes[13] ^= (uint8_t)mask;
}

static void change_type(struct hostile_answer *answer, unsigned type)
{
    set_count(answer, answer->question_end - 4, type);
}

static void change_class(struct hostile_answer *answer, unsigned type)
{
    set_count(answer, answer->question_end - 2, type);
}

/* One byte of the address's record. */
enum { OWNER_HIGH = 0, OWNER = 1, TYPE = 3, CLASS = 5, TTL = 6, DATA = 12 };

static void change_record(struct hostile_answer *answer, unsigned at_and_value)
{
    answer->bytes[answer->record + (at_and_value >> 8)] = (uint8_t)at_and_value;
}
#define BYTE(at, value) ((unsigned)(at) << 8 | (value))

static void point_owner(struct hostile_answer *answer, unsigned at)
{
    set_count(answer, answer->record, 0xc000 | at);
}

static void point_owner_to_itself(struct hostile_answer *answer, unsigned further)
{
    point_owner(answer, (unsigned)answer->record + further);
}

/* A name at the end that points back to the owner's pointer. */
static void point_in_a_ring(struct hostile_answer *answer, unsigned number)
{
    (void)number;
    point_owner(answer, (unsigned)answer->length);
    uint8_t back[] = {0xc0, (uint8_t)answer->record};
    put(answer, back, 2);
}

static void point_forward(struct hostile_answer *answer, unsigned number)
{
    (void)number;
    point_owner(answer, (unsigned)answer->length);
    put(answer, answer->bytes + 12, answer->question_end - 16);
}

static void set_length(struct hostile_answer *answer, unsigned length)
{
    set_count(answer, answer->record + 10, length);
}

static void set_address(struct hostile_answer *answer, unsigned address)
{
    for (unsigned i = 0; i < 4; i++)
        answer->bytes[answer->record + DATA + i] = (uint8_t)(address >> (24 - 8 * i));
}

static void empty(struct hostile_answer *answer)
{
    answer->length = answer->question_end;
    set_answer_count(answer, 0);
}

static void long_owner(struct hostile_answer *answer, unsigned labels)
{
    answer->length = answer->record;
    for (unsigned i = 0; i < labels; i++)
        put(answer,
            "\x3f"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            64);
    PUT(answer, "\0", 1, "\x7f\0\0\1");
}

static void garbage(struct hostile_answer *answer, unsigned length)
{
    for (size_t i = 2; i < length; i++)
        answer->bytes[i] = (uint8_t)(i * 151 + 7);
    answer->length = length;
}

static void fill(struct hostile_answer *answer, unsigned length_and_byte)
{
    answer->length = length_and_byte >> 8;
    memset(answer->bytes + 2, (int)(length_and_byte & 0xff), answer->length - 2);
}

static void many_addresses(struct hostile_answer *answer, unsigned count)
{
    if (!answer->is_a)
        return;
    for (unsigned i = 1; i < count; i++)
        PUT(answer, "\xc0\x0c", 1, "\x7f\0\0\1");
    set_answer_count(answer, count);
}

static void many_texts(struct hostile_answer *answer, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        PUT(answer, "\xc0\x0c", 16, "\7nothing");
    set_answer_count(answer, count + answer->is_a);
}

/* A chain, whose last name has the address or, for 0, does not end. */
static void aliases(struct hostile_answer *answer, unsigned count)
{
    char from[] = "\1a\7example";
    char to[] = "\1b\7example";

    answer->length = answer->record;
    PUT(answer, "\xc0\x0c", 5, "\1a\7example\0");
    for (unsigned i = 1; i < count; i++) {
        from[1] = (char)('a' + (i - 1) % 26);
        to[1] = (char)('a' + i % 26);
        put_record(answer, from, sizeof(from), 5, 1, to, sizeof(to));
    }
    set_answer_count(answer, count ? count + answer->is_a : 1);
    if (count && answer->is_a)
        put_record(answer, to, sizeof(to), 1, 1, "\x7f\0\0\1", 4);
}

static void alias(struct hostile_answer *answer, unsigned which)
{
    static const struct {
        const char *bytes;
        size_t length;
    } targets[] = {{"\xc0\x0c", 2},
                   {"\xc0", 1},
                   {"\x3f"
                    "a",
                    2},
                   {"", 0},
                   {"\0", 1},
                   {"\xc0\x00", 2},
                   {"\x41"
                    "a\0",
                    3}};

    answer->length = answer->record;
    put_record(answer, "\xc0\x0c", 2, 5, 1, targets[which].bytes, targets[which].length);
    set_answer_count(answer, 1);
}

static void alias_pair(struct hostile_answer *answer, unsigned number)
{
    (void)number;
    answer->length = answer->record;
    PUT(answer, "\xc0\x0c", 5, "\1a\7example\0");
    PUT(answer, "\1a\7example\0", 5, "\xc0\x0c");
    set_answer_count(answer, 2);
}

static void foreign_owner(struct hostile_answer *answer, unsigned number)
{
    (void)number;
    empty(answer);
    PUT(answer, "\5other\7example\0", 1, "\x7f\0\0\1");
    set_answer_count(answer, 1);
}

/* The record, but in another section. */
static void move_record(struct hostile_answer *answer, unsigned at)
{
    set_count(answer, at, answer->is_a);
    set_count(answer, 6, 0);
}

/* ---- OPT (RFC 6891) ---- */

static void add_options(struct hostile_answer *answer, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        put_record(answer, "", 1, 41, 1232, "", 0);
    set_count(answer, 10, count);
}

static void add_option_of(struct hostile_answer *answer, unsigned rcode_and_version)
{
    add_options(answer, 1);
    set_count(answer, answer->length - 6, rcode_and_version);
}

static void add_option_data(struct hostile_answer *answer, unsigned claimed)
{
    add_options(answer, 1);
    set_count(answer, answer->length - 2, claimed);
    put(answer,
        "\0\3\xff\xff"
        "ab",
        6);
}

static void option_with_owner(struct hostile_answer *answer, unsigned number)
{
    (void)number;
    PUT(answer, "\1a\7example\0", 41, "");
    set_count(answer, 10, 1);
}

static void option_as_answer(struct hostile_answer *answer, unsigned number)
{
    (void)number;
    put_record(answer, "", 1, 41, 1232, "", 0);
    set_answer_count(answer, 1u + answer->is_a);
}

/* ---- over TCP, frame and all ---- */

static void frame(struct hostile_answer *answer, unsigned claimed_more)
{
    memmove(answer->bytes + 2, answer->bytes, answer->length);
    set_count(answer, 0, (unsigned)answer->length + claimed_more);
    answer->length += 2;
}

static void frame_of(struct hostile_answer *answer, unsigned claimed)
{
    frame(answer, 0);
    set_count(answer, 0, claimed);
}

static void half_frame(struct hostile_answer *answer, unsigned length)
{
    frame(answer, 0);
    answer->length = length ? length : answer->length / 2;
}

static void empty_frames_first(struct hostile_answer *answer, unsigned count)
{
    frame(answer, 0);
    memmove(answer->bytes + 2 * (size_t)count, answer->bytes, answer->length);
    memset(answer->bytes, 0, 2 * (size_t)count);
    answer->length += 2 * (size_t)count;
}

static void foreign_frame_first(struct hostile_answer *answer, unsigned number)
{
    size_t length;

    (void)number;
    frame(answer, 0);
    length = answer->length;
    memmove(answer->bytes + length, answer->bytes, length);
    answer->bytes[3] ^= 0x55;
    answer->length = 2 * length;
}

/* ---- the table ---- */

/* clang-format off */
const struct hostile_dns_row hostile_dns_rows[] = {
    {"the right answer", OK, NULL, 0, SENT_ONCE},
    {"twice", OK, NULL, 0, SENT_TWICE},
    {"late", OK, NULL, 0, SENT_LATE},
    {"nothing", SILENT, NULL, 0, SENT_NEVER},
    {"another id", SILENT, other_id, 1, SENT_ONCE},
    {"another id's high byte", SILENT, other_id, 0x8000, SENT_ONCE},
    {"another id, then the right answer", OK, other_id, 0xffff, SENT_BEFORE_RIGHT},
    {"another name", SILENT, change_name, 1, SENT_ONCE},
    {"another name, then the right answer", OK, change_name, 1, SENT_BEFORE_RIGHT},
    {"another case", OK, change_name, 0x20, SENT_ONCE},
    {"another type", SILENT, change_type, 15, SENT_ONCE},
    {"another class", SILENT, change_class, 3, SENT_ONCE},
    {"another class, then the right answer", OK, change_class, 3, SENT_BEFORE_RIGHT},
    {"no question counted", SILENT, set_question_count, 0, SENT_ONCE},
    {"no question", SILENT, only_question_count, 0, SENT_ONCE},
    {"two questions counted", SILENT, set_question_count, 2, SENT_ONCE},
    {"65535 questions counted", SILENT, set_question_count, 65535, SENT_ONCE},
    {"an empty datagram", SILENT, cut, 0, SENT_ONCE},
    {"an empty datagram, then the right answer", OK, cut, 0, SENT_BEFORE_RIGHT},
    {"one byte", SILENT, cut, 1, SENT_ONCE},
    {"eleven bytes", SILENT, cut, 11, SENT_ONCE},
    {"a bare header", SILENT, cut, 12, SENT_ONCE},
    {"half a question", SILENT, cut, 20, SENT_ONCE},
    {"a question without its class", SILENT, cut_end, 18, SENT_ONCE},
    {"half an owner", BROKEN, cut_end, 15, SENT_ONCE},
    {"an owner alone", BROKEN, cut_end, 14, SENT_ONCE},
    {"no TTL", BROKEN, cut_end, 8, SENT_ONCE},
    {"no address", BROKEN, cut_end, 4, SENT_ONCE},
    {"three quarters of an address", BROKEN, cut_end, 1, SENT_ONCE},
    {"garbage of 40 bytes", SILENT, garbage, 40, SENT_ONCE},
    {"garbage of 500 bytes", SILENT, garbage, 500, SENT_ONCE},
    {"garbage of 4000 bytes", SILENT, garbage, 4000, SENT_ONCE},
    {"garbage of 60000 bytes", SILENT, garbage, 60000, SENT_ONCE},
    {"garbage, then the right answer", OK, garbage, 500, SENT_BEFORE_RIGHT},
    {"zeros", SILENT, fill, 100 << 8, SENT_ONCE},
    {"ones", SILENT, fill, 100 << 8 | 0xff, SENT_ONCE},
    {"pointers", SILENT, fill, 1000 << 8 | 0xc0, SENT_ONCE},
    {"the question as it was", SILENT, set_flags, 0x0100, SENT_ONCE},
    {"no QR", SILENT, set_flags, 0x0180, SENT_ONCE},
    /* as Go's resolver, which pulls ask with, takes them */
    {"opcode 1", OK, set_flags, 0x8980, SENT_ONCE},
    {"opcode 4", OK, set_flags, 0xa180, SENT_ONCE},
    {"opcode 5", OK, set_flags, 0xa980, SENT_ONCE},
    {"opcode 15", OK, set_flags, 0xf980, SENT_ONCE},
    {"every other bit", OK, set_flags, 0x85f0, SENT_ONCE},
    {"FORMERR", BROKEN, set_flags, 0x8181, SENT_ONCE},
    {"SERVFAIL with an address", BROKEN, set_flags, 0x8182, SENT_ONCE},
    {"NXDOMAIN with an address", MISSING, set_flags, 0x8183, SENT_ONCE},
    {"NOTIMP", BROKEN, set_flags, 0x8184, SENT_ONCE},
    {"REFUSED", BROKEN, set_flags, 0x8185, SENT_ONCE},
    {"rcode 6", BROKEN, set_flags, 0x8186, SENT_ONCE},
    {"rcode 9", BROKEN, set_flags, 0x8189, SENT_ONCE},
    {"rcode 15", BROKEN, set_flags, 0x818f, SENT_ONCE},
    {"no answer counted", NODATA, set_answer_count, 0, SENT_ONCE},
    {"two answers counted", OK, set_answer_count, 2, SENT_ONCE},
    {"65535 answers counted", OK, set_answer_count, 65535, SENT_ONCE},
    {"65535 of the others counted", OK, set_other_counts, 65535, SENT_ONCE},
    {"an owner that is its own pointer", BROKEN, point_owner_to_itself, 0, SENT_ONCE},
    {"an owner inside its own pointer", BROKEN, point_owner_to_itself, 1, SENT_ONCE},
    {"pointers in a ring", BROKEN, point_in_a_ring, 0, SENT_ONCE},
    {"a pointer forward", EITHER(OK, BROKEN), point_forward, 0, SENT_ONCE},
    {"a pointer beyond the end", BROKEN, point_owner, 0x3fff, SENT_ONCE},
    {"a pointer into the header", OK, point_owner, 6, SENT_ONCE},
    {"a pointer of a reserved kind", BROKEN, change_record, BYTE(OWNER_HIGH, 0x80), SENT_ONCE},
    {"a name of 3 long labels", OK, long_owner, 3, SENT_ONCE},
    {"a name of 5 long labels", EITHER(OK, BROKEN), long_owner, 5, SENT_ONCE},
    {"a name of 900 long labels", BROKEN, long_owner, 900, SENT_OVER_TCP},
    {"RDLENGTH 0", BROKEN, set_length, 0, SENT_ONCE},
    {"RDLENGTH 3", BROKEN, set_length, 3, SENT_ONCE},
    {"RDLENGTH 5", BROKEN, set_length, 5, SENT_ONCE},
    {"RDLENGTH 65535", BROKEN, set_length, 65535, SENT_ONCE},
    {"a record of another type", NODATA, change_record, BYTE(TYPE, 28), SENT_ONCE},
    {"a record of type 0", NODATA, change_record, BYTE(TYPE, 0), SENT_ONCE},
    {"a record of another class", OK, change_record, BYTE(CLASS, 3), SENT_ONCE},
    {"a TTL with the top bit", OK, change_record, BYTE(TTL, 0xff), SENT_ONCE},
    {"another owner", OK, foreign_owner, 0, SENT_ONCE},
    {"the record as authority", NODATA, move_record, 8, SENT_ONCE},
    {"the record beside the answer", NODATA, move_record, 10, SENT_ONCE},
    {"0.0.0.0", BOGUS, set_address, 0, SENT_ONCE},
    {"255.255.255.255", BOGUS, set_address, 0xffffffff, SENT_ONCE},
    {"224.0.0.1", BOGUS, set_address, 0xe0000001, SENT_ONCE},
    {"an alias of itself", NODATA, alias, 0, SENT_ONCE},
    {"half a pointer as alias", NODATA, alias, 1, SENT_ONCE},
    {"a label beyond the end as alias", NODATA, alias, 2, SENT_ONCE},
    {"an empty alias", NODATA, alias, 3, SENT_ONCE},
    {"the root as alias", NODATA, alias, 4, SENT_ONCE},
    {"an alias in the header", NODATA " " BROKEN, alias, 5, SENT_ONCE},
    {"a label of a reserved kind as alias", NODATA, alias, 6, SENT_ONCE},
    {"two aliases of each other", NODATA, alias_pair, 0, SENT_ONCE},
    {"an alias to nowhere", NODATA, aliases, 0, SENT_ONCE},
    {"20 aliases", OK, aliases, 20, SENT_ONCE},
    {"2000 aliases in a ring", NODATA, aliases, 2000, SENT_OVER_TCP},
    {"two OPT records", OK, add_options, 2, SENT_ONCE},
    {"100 OPT records", OK, add_options, 100, SENT_ONCE},
    {"OPT with BADVERS", BROKEN, add_option_of, 0x0100, SENT_ONCE},
    {"OPT with rcode 4095", BROKEN, add_option_of, 0xff00, SENT_ONCE},
    {"OPT of version 255", OK, add_option_of, 0x00ff, SENT_ONCE},
    {"OPT whose data lie", OK, add_option_data, 65535, SENT_ONCE},
    {"OPT whose option lies", OK, add_option_data, 6, SENT_ONCE},
    {"OPT with a name", OK, option_with_owner, 0, SENT_ONCE},
    {"OPT among the answers", OK, option_as_answer, 0, SENT_ONCE},
    {"60 times the address", OK, many_addresses, 60, SENT_ONCE},
    {"4 kB of addresses in a datagram", OK, many_addresses, 250, SENT_ONCE},
    {"wrong after right", OK, set_address, 0x01010101, SENT_AFTER_RIGHT},
    {"truncated, TCP", OK, NULL, 0, SENT_OVER_TCP},
    {"truncated, no TCP", SILENT, NULL, 0, SENT_AND_TCP_REFUSED},
    {"truncated over TCP too", BROKEN, set_flags, 0x8380, SENT_OVER_TCP},
    {"thousands of addresses", OK, many_addresses, 4000, SENT_OVER_TCP},
    {"400 texts", OK, many_texts, 400, SENT_OVER_TCP},
    {"64 KiB over TCP", OK, many_addresses, 4092, SENT_OVER_TCP},
    {"garbage over TCP", EITHER(SILENT, BROKEN), garbage, 60000, SENT_OVER_TCP},
    {"another id over TCP", SILENT, other_id, 1, SENT_OVER_TCP},
    {"another name over TCP", SILENT, change_name, 1, SENT_OVER_TCP},
    {"cut over TCP", BROKEN, cut_end, 1, SENT_OVER_TCP},
    {"a frame byte by byte", OK, frame, 0, SENT_BARE_BY_BYTES},
    {"nothing over TCP", SILENT, cut, 0, SENT_BARE},
    {"the end over TCP", BROKEN, cut, 0, SENT_BARE_AND_END},
    {"a reset over TCP", SILENT, cut, 0, SENT_BARE_AND_RESET},
    {"a frame of no length, then the right one", EITHER(BROKEN, OK), empty_frames_first, 1, SENT_BARE},
    {"thousands of frames of no length", EITHER(BROKEN, OK), empty_frames_first, 20000, SENT_BARE},
    {"a frame of no length", EITHER(BROKEN, SILENT), frame_of, 0, SENT_BARE},
    {"half a length", SILENT, half_frame, 1, SENT_BARE},
    {"half a length and the end", BROKEN, half_frame, 1, SENT_BARE_AND_END},
    {"a length alone", SILENT, half_frame, 2, SENT_BARE},
    {"half a frame", SILENT, half_frame, 0, SENT_BARE},
    {"half a frame and the end", EITHER(BROKEN, SILENT), half_frame, 0, SENT_BARE_AND_END},
    {"half a frame and a reset", SILENT, half_frame, 0, SENT_BARE_AND_RESET},
    {"a frame longer than it is", EITHER(OK, SLOW), frame, 10, SENT_BARE},
    {"a frame of 65535 bytes that never come", SILENT, frame_of, 65535, SENT_BARE},
    {"a foreign frame first", OK, foreign_frame_first, 0, SENT_BARE},
};
/* clang-format on */
const size_t hostile_dns_row_count = sizeof(hostile_dns_rows) / sizeof(hostile_dns_rows[0]);
