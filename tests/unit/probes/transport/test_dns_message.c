/* SPDX-License-Identifier: MIT */
/* Answers as they come over the wire: good, odd and hostile. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probes/transport/dns_message.h"

/* id, flags, counts of question, answer, authority, additional */
#define HEADER(flags, questions, answers, authorities, others) \
    "\0\1" flags "\0" questions "\0" answers "\0" authorities "\0" others
#define HEAD(flags, questions, answers) HEADER(flags, questions, answers, "\0", "\0")
#define QUESTION                        "\1a\1b\0\0\1\0\1" /* a.b A IN, at 12 */
#define OWNER                           "\xc0\x0c"
#define A(ttl, data)                    OWNER "\0\1\0\1" ttl "\0\4" data
#define TTL                             "\0\0\0\x3c"
#define CNAME_C                         OWNER "\0\5\0\1" TTL "\0\3\1c\0" /* a.b is an alias of c */
#define OPT(rcode)                      "\0\0\51\4\xd0" rcode "\0\0\0\0\0" /* its upper 8 bits */
#define LINK(from, to)                  "\1" from "\0\0\5\0\1" TTL "\0\3\1" to "\0"

struct row {
    const char *name;
    const char *bytes;
    size_t length;
    enum dns_outcome outcome;
    size_t addresses;
    size_t cnames;
    unsigned number; /* the TTL of an address; the rcode of an answer without one */
};
#define BYTES(text) text, sizeof(text) - 1

static struct row rows[] = {
    {"address", BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION A(TTL, "\12\0\3\7")), DNS_NOERROR, 1, 0,
     60},
    {"no record", BYTES(HEAD("\x81\x80", "\1", "\0") QUESTION), DNS_NODATA, 0, 0, 0},
    {"nxdomain", BYTES(HEAD("\x81\x83", "\1", "\0") QUESTION), DNS_NXDOMAIN, 0, 0, 3},
    {"nxdomain behind an alias", BYTES(HEAD("\x81\x83", "\1", "\1") QUESTION CNAME_C), DNS_NXDOMAIN,
     0, 1, 3},
    {"alias to nothing", BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION CNAME_C), DNS_NODATA, 0, 1, 0},
    {"alias of half a name",
     BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION OWNER "\0\5\0\1" TTL "\0\2\1c"), DNS_NODATA, 0, 0,
     0},
    {"alias of no name", BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION OWNER "\0\5\0\1" TTL "\0\0"),
     DNS_NODATA, 0, 0, 0},
    {"alias longer than its name",
     BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION OWNER "\0\5\0\1" TTL "\0\4\1c\0\0"), DNS_NODATA, 0,
     0, 0},
    {"alias and its address",
     BYTES(HEAD("\x81\x80", "\1", "\2") QUESTION CNAME_C "\1c\0\0\1\0\1" TTL "\0\4\12\0\3\7"),
     DNS_NOERROR, 1, 1, 60},
    {"alias, but an address of the first name",
     BYTES(HEAD("\x81\x80", "\1", "\2") QUESTION CNAME_C A(TTL, "\12\0\3\7")), DNS_NOERROR, 1, 1,
     60},
    {"nine aliases and an address",
     BYTES(HEAD("\x81\x80", "\1", "\12") QUESTION CNAME_C LINK("c", "d") LINK("d", "e")
               LINK("e", "f") LINK("f", "g") LINK("g", "h") LINK("h", "i") LINK("i", "j")
                   LINK("j", "k") "\1k\0\0\1\0\1" TTL "\0\4\12\0\3\7"),
     DNS_NOERROR, 1, EVIDENCE_MAX_CNAMES, 60},
    {"alias of itself",
     BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION OWNER "\0\5\0\1" TTL "\0\2\xc0\x0c"), DNS_NODATA,
     0, EVIDENCE_MAX_CNAMES, 0},
    {"servfail", BYTES(HEAD("\x81\x82", "\1", "\0") QUESTION), DNS_SERVFAIL, 0, 0, 2},
    {"refused without question", BYTES(HEAD("\x81\x85", "\0", "\0")), DNS_REFUSED, 0, 0, 5},
    {"notimp", BYTES(HEAD("\x81\x84", "\1", "\0") QUESTION), DNS_OTHER_RCODE, 0, 0, 4},
    {"badvers", BYTES(HEADER("\x81\x80", "\1", "\0", "\0", "\1") QUESTION OPT("\1")),
     DNS_OTHER_RCODE, 0, 0, 16},
    {"badvers without question", BYTES(HEADER("\x81\x80", "\0", "\0", "\0", "\1") OPT("\1")),
     DNS_OTHER_RCODE, 0, 0, 16},
    {"badvers beside an address, an authority and another",
     BYTES(HEADER("\x81\x80", "\1", "\1", "\1", "\2") QUESTION A(TTL, "\12\0\3\7")
               CNAME_C CNAME_C OPT("\1")),
     DNS_OTHER_RCODE, 0, 0, 16},
    {"not nxdomain", BYTES(HEADER("\x81\x83", "\1", "\0", "\0", "\1") QUESTION OPT("\xff")),
     DNS_OTHER_RCODE, 0, 0, 4083},
    {"nxdomain with OPT", BYTES(HEADER("\x81\x83", "\1", "\0", "\0", "\1") QUESTION OPT("\0")),
     DNS_NXDOMAIN, 0, 0, 3},
    {"OPT that is no additional record",
     BYTES(HEADER("\x81\x80", "\1", "\0", "\1", "\0") QUESTION OPT("\1")), DNS_NODATA, 0, 0, 0},
    {"the second of two OPTs",
     BYTES(HEADER("\x81\x80", "\1", "\0", "\0", "\2") QUESTION OPT("\0") OPT("\1")), DNS_NODATA, 0,
     0, 0},
    {"OPT cut off", BYTES(HEADER("\x81\x80", "\1", "\0", "\0", "\1") QUESTION "\0\0\51\4\xd0\1"),
     DNS_NODATA, 0, 0, 0},
    {"question sent back", BYTES(HEAD("\x01\x00", "\1", "\0") QUESTION), DNS_MALFORMED, 0, 0, 0},
    {"still truncated", BYTES(HEAD("\x83\x80", "\1", "\0") QUESTION), DNS_MALFORMED, 0, 0, 0},
    {"other question", BYTES(HEAD("\x81\x80", "\1", "\0") "\1x\1b\0\0\1\0\1"), DNS_MALFORMED, 0, 0,
     0},
    {"other class, which Go's resolver does not look at",
     BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION OWNER "\0\1\0\3" TTL "\0\4\12\0\3\7"), DNS_NOERROR,
     1, 0, 60},
    {"other owner, which Go's resolver does not look at",
     BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION "\1x\0\0\1\0\1" TTL "\0\4\12\0\3\7"), DNS_NOERROR,
     1, 0, 60},
    {"five bytes of address, of which Go takes four",
     BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION OWNER "\0\1\0\1" TTL "\0\5\12\0\3\7\1"),
     DNS_NOERROR, 1, 0, 60},
    {"three bytes of address",
     BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION OWNER "\0\1\0\1" TTL "\0\3\12\0\3"), DNS_MALFORMED,
     0, 0, 0},
    {"length beyond the end",
     BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION OWNER "\0\1\0\1" TTL "\xff\xff\12\0\3\7"),
     DNS_MALFORMED, 0, 0, 0},
    {"pointer to itself",
     BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION "\xc0\x15\0\1\0\1" TTL "\0\4\12\0\3\7"),
     DNS_MALFORMED, 0, 0, 0},
    {"more announced than sent", BYTES(HEAD("\x81\x80", "\1", "\x7f") QUESTION A(TTL, "\12\0\3\7")),
     DNS_NOERROR, 1, 0, 60},
    {"an address behind the broken data of an alias",
     BYTES(HEAD("\x81\x80", "\1", "\2") QUESTION OWNER "\0\5\0\1" TTL
                                                       "\0\2\1c" A(TTL, "\12\0\3\7")),
     DNS_NOERROR, 1, 0, 60},
    {"ttl with the top bit",
     BYTES(HEAD("\x81\x80", "\1", "\1") QUESTION A("\xff\xff\xff\xff", "\12\0\3\7")), DNS_NOERROR,
     1, 0, 0},
    {"header only", BYTES(HEAD("\x81\x80", "\1", "\1")), DNS_MALFORMED, 0, 0, 0},
    {"nothing", BYTES(""), DNS_MALFORMED, 0, 0, 0},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static struct dns_evidence read_bytes(const void *bytes, size_t length, struct arena *arena)
{
    struct dns_evidence answer = {.name = "a.b", .type = RECORD_A};

    dns_message_read(bytes, length, arena, &answer);
    return answer;
}

static void run_row(void **state)
{
    const struct row *row = *state;
    struct arena *arena = arena_new(0);
    struct dns_evidence answer = read_bytes(row->bytes, row->length, arena);

    assert_string_equal(dns_outcome_name(answer.outcome), dns_outcome_name(row->outcome));
    assert_int_equal(answer.address_count, row->addresses);
    assert_int_equal(answer.cname_count, row->cnames);
    assert_int_equal(row->addresses ? answer.addresses[0].ttl : answer.rcode, row->number);
    arena_free(arena);
}

/* An answer that is cut anywhere is malformed or has the records of its whole part, and never an
 * invented address. */
static void every_cut(void **state)
{
    static const char whole[] = HEAD("\x81\x80", "\1", "\1") QUESTION A(TTL, "\12\0\3\7");
    struct arena *arena = arena_new(0);

    (void)state;
    for (size_t length = 0; length < sizeof(whole) - 1; length++)
        assert_int_equal(read_bytes(whole, length, arena).address_count, 0);
    arena_free(arena);
}

int main(void)
{
    struct CMUnitTest tests[ROW_COUNT + 1] = {cmocka_unit_test(every_cut)};

    for (size_t i = 0; i < ROW_COUNT; i++)
        tests[1 + i] = (struct CMUnitTest){
            .name = rows[i].name, .test_func = run_row, .initial_state = &rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
