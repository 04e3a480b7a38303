/* SPDX-License-Identifier: MIT */
#pragma once

/* The effective configuration: printed, and compared with another one. */

#include "config/base/text.h"
#include "config/settings.h"

/* Appends YAML that gives the same settings when it is loaded. */
void settings_print(const struct settings *settings, struct text *text);

/* True if both say the same about the registry, name and images included. */
bool target_equal(const struct target *a, const struct target *b);

/* Compares like target_equal(), but without host, port, name and images. */
bool target_equal_keys(const struct target *a, const struct target *b);

bool network_equal(const struct network_settings *a, const struct network_settings *b);
