/* SPDX-License-Identifier: MIT */
#pragma once

/* Describes the place of the measurement: facts of this machine, read without sending a packet. */

#include <jansson.h>

/* {hostname, nameservers, search, source_addresses, default_route}. NULL when memory is short. */
json_t *vantage_json(void);
