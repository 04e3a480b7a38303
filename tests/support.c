/* SPDX-License-Identifier: MIT */
#include "tests/support.h"

#include <dirent.h>

#include "config/base/memory.h"
#include "probes/libraries.h"

int start_libraries(void **state)
{
    (void)state;
    return libraries_start();
}

int stop_libraries(void **state)
{
    (void)state;
    libraries_stop();
    return 0;
}

unsigned count_descriptors(void)
{
    unsigned count = 0;
    DIR *directory = opendir("/proc/self/fd");

    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

static unsigned long allocations;
static unsigned long failing;
static bool lasts;
static uint64_t failures_before;

static int count_and_fail(void)
{
    allocations++;
    return allocations == failing || (lasts && failing && allocations > failing);
}

void fault_begin(unsigned long number)
{
    allocations = 0;
    failing = number;
    lasts = false;
    failures_before = memory_failures();
    memory_set_fault(count_and_fail);
}

void fault_begin_lasting(unsigned long number)
{
    fault_begin(number);
    lasts = true;
}

bool fault_end(void)
{
    memory_set_fault(NULL);
    return memory_failures() != failures_before;
}

unsigned long fault_allocations(void)
{
    return allocations;
}
