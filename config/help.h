#pragma once

#include "config/invocation.h"

/* Usage, options with their environment twin, exit status, examples: at most 80 columns. */
void help_print(enum command command, struct text *text);
