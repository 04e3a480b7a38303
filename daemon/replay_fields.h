#pragma once

/* The fields of a saved report, one by one; what is wrong with one is remembered, not returned. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/address.h"
#include "config/base/arena.h"
#include "config/base/clock.h"
#include "probes/evidence.h"

#define READING_LOCATION_SIZE 96

/* What is being read, and the first thing that was wrong with it. */
struct reading {
    struct arena *arena;
    char location[READING_LOCATION_SIZE];
    char *error;
    size_t error_size;
    bool failed;
};

void reading_locate(struct reading *reading, const char *list, size_t index);
void reading_fail(struct reading *reading, const char *key, const char *found);

/* A text of the reading's arena, NULL for null; one with control characters is wrong. */
const char *reading_text(struct reading *reading, const json_t *object, const char *key);
/* A list of texts; how many there are. */
size_t reading_texts(struct reading *reading, const json_t *object, const char *key,
                     const char **texts, size_t limit);
struct address reading_address(struct reading *reading, const json_t *object, const char *key);

/* 0 or false where there is no such value. */
usec_t reading_duration(const json_t *object, const char *key); /* written in seconds */
unsigned reading_count(const json_t *object, const char *key);
int64_t reading_time(const json_t *object, const char *key);
bool reading_flag(const json_t *object, const char *key);

/* The number of the id that stands at `key`, by the table that prints it. */
typedef const char *reading_name_fn(unsigned value);
unsigned reading_enum(struct reading *reading, const json_t *object, const char *key,
                      reading_name_fn *name, unsigned count);

#define READING_NAME_OF(table, type)                   \
    static const char *name_of_##table(unsigned value) \
    {                                                  \
        return table##_name((enum type)value);         \
    }

/* The evidence of one element of targets[] (replay_evidence.c, replay_registry.c). */
void reading_evidence(struct reading *reading, const json_t *object, struct evidence *evidence);
void reading_path(struct reading *reading, const json_t *object, struct path_evidence *path);
void reading_registry(struct reading *reading, const json_t *object, struct evidence *evidence);
