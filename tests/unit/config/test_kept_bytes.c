/* SPDX-License-Identifier: MIT */
/* Strings of every length come back as they were, room is used again, and shortage loses nothing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/kept_bytes.h"
#include "config/base/memory.h"

#define MOST 3000

static int allocations;

/* The same bytes for the same arguments; of eight at a time, `zeros` in 16 are zero. */
static void fill(unsigned char *bytes, size_t length, size_t zeros)
{
    uint32_t state = (uint32_t)(length * 16 + zeros);

    for (size_t i = 0; i < length; i++) {
        state = state * 1664525 + 1013904223;
        uint32_t group = ((uint32_t)(i / 8) * 2654435761U + (uint32_t)zeros) >> 28;
        bytes[i] = group < zeros ? 0 : (unsigned char)(state >> 24);
    }
}

static void check(const struct kept_bytes *kept, size_t length, size_t zeros)
{
    static unsigned char expected[MOST];
    static unsigned char found[MOST + 1];

    fill(expected, length, zeros);
    memset(found, 0xa5, sizeof(found));
    kept_bytes_read(kept, found);
    assert_memory_equal(found, expected, length);
    assert_int_equal(found[length], 0xa5);
}

static struct kept_bytes *keep(size_t length, size_t zeros)
{
    static unsigned char bytes[MOST];

    fill(bytes, length, zeros);
    return kept_bytes_new(bytes, length);
}

static void every_length_comes_back(void **state)
{
    (void)state;
    for (size_t length = 0; length <= MOST; length++)
        for (size_t zeros = 0; zeros <= 16; zeros += 4) {
            struct kept_bytes *kept = keep(length, zeros);
            assert_non_null(kept);
            check(kept, length, zeros);
            kept_bytes_free(kept);
        }
}

static int count(void)
{
    allocations++;
    return 0;
}

static int refuse(void)
{
    return 1;
}

/* Renewed in another order and with other lengths, so that freed room is used again. */
static void many_lie_beside_each_other(void **state)
{
    enum { MANY = 500 };
    struct kept_bytes *kept[MANY];

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        kept[i] = keep(i * 5, i % 17);
    memory_set_fault(count);
    for (size_t turn = 1; turn <= 20; turn++)
        for (size_t n = 0; n < MANY; n++) {
            size_t i = n * 37 % MANY;
            kept_bytes_free(kept[i]);
            kept[i] = keep((i * 5 + turn * 11) % 2500, i % 17);
            assert_non_null(kept[i]);
        }
    memory_set_fault(NULL);
    assert_true(allocations < 30); /* a slab now and then, where all together became longer */
    for (size_t i = 0; i < MANY; i++) {
        check(kept[i], (i * 5 + 20 * 11) % 2500, i % 17);
        kept_bytes_free(kept[i]);
    }
}

/* Bytes are kept whole if there is room, and refused otherwise. */
static void shortage_loses_nothing(void **state)
{
    struct kept_bytes *first = keep(100, 0);
    struct kept_bytes *list[100] = {NULL};
    size_t kept = 0;

    (void)state;
    assert_non_null(first);
    memory_set_fault(refuse);
    while (kept < 100 && (list[kept] = keep(MOST, 0)))
        kept++;
    memory_set_fault(NULL);
    assert_in_range(kept, 1, 99); /* the room that the first one's slab has */
    check(first, 100, 0);
    while (kept--) {
        check(list[kept], MOST, 0);
        kept_bytes_free(list[kept]);
    }
    kept_bytes_free(first);
    kept_bytes_free(NULL);
}

static void zeros_take_no_room(void **state)
{
    struct kept_bytes *first = keep(MOST, 16);
    struct kept_bytes *list[8];

    (void)state;
    memory_set_fault(refuse);
    for (size_t i = 0; i < 8; i++) {
        list[i] = keep(MOST, 16); /* 8 x 3,000 bytes in the rest of 16 kB */
        assert_non_null(list[i]);
    }
    memory_set_fault(NULL);
    for (size_t i = 0; i < 8; i++)
        kept_bytes_free(list[i]);
    kept_bytes_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(many_lie_beside_each_other),
        cmocka_unit_test(shortage_loses_nothing),
        cmocka_unit_test(zeros_take_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
