/* SPDX-License-Identifier: MIT */
#pragma once

/* Upper bounds of time that hold on a busy machine, and are as narrow as before on an idle one. */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/base/clock.h"
#include "probes/evidence/evidence.h"

#define BUSY_ATTEMPTS 20 /* of a run that the machine does not let happen */

/* Returns how long a thread, since its start, was ready to run and had no processor: the second
 * figure, in ns, of a file schedstat (proc(5)). 0 if the kernel does not count it. Time between two
 * calls is nobody's fault, so add the difference to a bound. */
static inline usec_t waited_in(const char *path)
{
    FILE *file = fopen(path, "re");
    unsigned long long waited = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%*u %llu", &waited) != 1)
        waited = 0;
    fclose(file);
    return waited / 1000;
}

static inline usec_t waited_for_processor(void)
{
    return waited_in("/proc/thread-self/schedstat");
}

/* True if the run says that this process stood still, and `waited` says the same: repeat the run,
 * since it measured nothing. */
static inline bool was_kept_from_running(const struct evidence *evidence, usec_t waited)
{
    return evidence->local_error && strstr(evidence->local_error, "stood still") &&
           waited > 400 * USEC_PER_MSEC;
}
