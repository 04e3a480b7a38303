#pragma once

/* What the catalogue's page of a cause says beside its texts and remedies. */

#include "probes/diagnosis/catalogue.h"
#include "probes/diagnosis/guide.h"

struct guide {
    const char *why;    /* what goes on, and what speaks for this cause and not another */
    const char *verify; /* what must be seen once it is mended */
    unsigned check;     /* of check_option: what the check needs to see it */
};

const struct guide *guide_of(enum cause cause);
