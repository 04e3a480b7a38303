#pragma once

/* From where it was measured: what this machine says of itself, without sending a packet. */

#include <jansson.h>

/* {hostname, nameservers, search, source_addresses, default_route}. NULL when memory is short. */
json_t *vantage_json(void);
