/* SPDX-License-Identifier: MIT */
/* Prints docs/causes.md as the catalogue has it. */

#include <stdio.h>

#include "probes/diagnosis/guide.h"

int main(void)
{
    struct text text = TEXT_WITH_LIMIT(1024 * 1024);

    guide_write_all(&text);
    fputs(text_string(&text), stdout);
    int lost = text_truncated(&text) || fflush(stdout);
    text_free(&text);
    return lost ? 1 : 0;
}
