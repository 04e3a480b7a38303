/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The figures of runs that /metrics publishes. They are kept beside the state, so that a scrape
 * of many targets does not unpack their evidence. Pure functions: no clock, no I/O, no memory.
 */

#include <stdbool.h>
#include <stdint.h>

#include "probes/evidence/evidence.h"
#include "probes/evidence/view.h"

#define FIGURES_BUCKET_COUNT 14

/* Upper bounds in seconds of the buckets of a phase_histogram; one more bucket is +Inf. */
extern const double figures_buckets[FIGURES_BUCKET_COUNT];

/* How long one phase took, in all runs of all targets. */
struct phase_histogram {
    uint64_t counts[FIGURES_BUCKET_COUNT + 1];
    uint64_t total;
    double sum; /* seconds */
};

void phase_histogram_add(struct phase_histogram *histogram, usec_t duration);

/* The last run of one target. */
struct run_figures {
    int64_t measured_at;             /* seconds since 1970; 0 before the first run */
    int64_t not_after;               /* the earliest expiry among the certificates seen */
    bool has_certificate;            /* not_after is set */
    uint8_t states[PHASE_COUNT];     /* enum phase_state */
    uint32_t durations[PHASE_COUNT]; /* microseconds, at most 71 minutes */
    uint8_t addresses[ROLE_HOST + 1][CLASS_COUNT]; /* distinct ones by role of the resolver */
};

struct run_figures run_figures_of(const struct evidence *evidence);
