/* SPDX-License-Identifier: MIT */
#pragma once

/* Parts that many tests share. */

#include <stdbool.h>

/* Group fixtures of cmocka: the libraries of the program. */
int start_libraries(void **state);
int stop_libraries(void **state);

/* The descriptors that this process has open. */
unsigned count_descriptors(void);

/* Counts the allocations from here on and lets the one with that number fail, from 1 on; 0: none.
 */
void fault_begin(unsigned long number);

/* The same, and each one after it fails too. */
void fault_begin_lasting(unsigned long number);

/* Counts no more. Returns true if an allocation has failed. */
bool fault_end(void);

/* The allocations between begin and end. */
unsigned long fault_allocations(void);
