/* SPDX-License-Identifier: MIT */
#pragma once

/* A wall clock that jumps while the program runs, as if somebody set it. */

#include <stdint.h>

struct stepping_clock {
    unsigned readings; /* so many until now; the test sets it back */
    unsigned at;       /* the reading from which on it is wrong; 0: none */
    int64_t step;      /* by so many microseconds */
};

extern struct stepping_clock stepping_clock;

void stepping_clock_start(void); /* in place of the real one, still right */
void stepping_clock_stop(void);
