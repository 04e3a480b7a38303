/* SPDX-License-Identifier: MIT */
#include "config/base/kept_bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "config/base/memory.h"

#define WORD sizeof(uint64_t)
#define BLOCK_WORDS                                                                         \
    29 /* 256 bytes with the head, so that few blocks are needed and the last wastes little \
        */
#define SLAB_COUNT 63

/* A piece of the string: up to 64 words; words that are zero take no room. */
struct kept_bytes {
    struct kept_bytes *next;
    size_t length;    /* of the string from here to its end, in bytes */
    uint64_t present; /* one bit for each word: it is not zero */
    uint64_t words[BLOCK_WORDS];
};

struct slab {
    struct slab *next;
    struct kept_bytes blocks[SLAB_COUNT];
};

static struct {
    struct slab *slabs;      /* the first one may have blocks that were never used */
    size_t begun;            /* blocks of the first slab that were used */
    struct kept_bytes *free; /* used before */
    size_t used;
} store = {.begun = SLAB_COUNT};

static bool add_slab(void)
{
    struct slab *slab = memory_allocate_unset(sizeof(*slab));

    if (!slab)
        return false;
    slab->next = store.slabs;
    store.slabs = slab;
    store.begun = 0;
    return true;
}

static struct kept_bytes *take_block(void)
{
    struct kept_bytes *block = store.free;

    if (block)
        store.free = block->next;
    else if (store.begun < SLAB_COUNT || add_slab())
        block = &store.slabs->blocks[store.begun++];
    store.used += block != NULL;
    return block;
}

static void release_slabs(void)
{
    while (store.slabs) {
        struct slab *next = store.slabs->next;
        memory_release(store.slabs);
        store.slabs = next;
    }
    store.begun = SLAB_COUNT;
    store.free = NULL;
}

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* Fills a block from `bytes`; returns how many of the `length` bytes it took. */
static size_t fill(struct kept_bytes *block, const char *bytes, size_t length)
{
    size_t count = 0;
    size_t taken = 0;

    *block = (struct kept_bytes){.length = length};
    for (unsigned bit = 0; bit < 64 && taken < length && count < BLOCK_WORDS; bit++) {
        size_t part = least(WORD, length - taken);
        memcpy(&block->words[count], bytes + taken, part);
        if (block->words[count]) {
            block->present |= 1ULL << bit;
            count++;
        }
        taken += part;
    }
    return taken;
}

struct kept_bytes *kept_bytes_new(const void *bytes, size_t length)
{
    struct kept_bytes *kept = NULL;
    struct kept_bytes **end = &kept;
    const char *from = bytes;

    do {
        struct kept_bytes *block = take_block();
        if (!block) {
            kept_bytes_free(kept);
            return NULL;
        }
        size_t taken = fill(block, from, length);
        from += taken;
        length -= taken;
        *end = block;
        end = &block->next;
    } while (length);
    return kept;
}

void kept_bytes_read(const struct kept_bytes *kept, void *ret)
{
    char *to = ret;

    for (; kept; kept = kept->next) {
        size_t length = kept->length - (kept->next ? kept->next->length : 0);
        const uint64_t *word = kept->words;
        memset(to, 0, length);
        for (unsigned bit = 0; bit * WORD < length; bit++)
            if (kept->present >> bit & 1)
                memcpy(to + bit * WORD, word++, least(WORD, length - bit * WORD));
        to += length;
    }
}

void kept_bytes_free(struct kept_bytes *kept)
{
    while (kept) {
        struct kept_bytes *next = kept->next;
        kept->next = store.free;
        store.free = kept;
        store.used--;
        kept = next;
    }
    if (!store.used)
        release_slabs();
}
