#pragma once

#include "config/base/text.h"
#include "config/settings.h"

/* The effective configuration as YAML that loads to the same settings again. */
void settings_print_network(const struct network_settings *network, struct text *text);
void settings_print_target(const struct target *target, struct text *text);
void settings_print(const struct settings *settings, struct text *text);
