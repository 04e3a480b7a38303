#pragma once

/*
 * Everything the rules ask of the evidence, computed once. A fact is true or not, and where one
 * address or one answer made it true, that is remembered for the text of the finding.
 */

#include <stdbool.h>

#include "config/settings.h"
#include "probes/diagnosis/fact.h"
#include "probes/evidence.h"

struct facts {
    const struct evidence *evidence;
    const struct target *target;
    unsigned view; /* that decides */
    bool is[FACT_COUNT];
    const struct path_evidence *path[FACT_COUNT]; /* the first that made it so, or NULL */
    const struct dns_evidence *dns[FACT_COUNT];
    const struct image_evidence *image[FACT_COUNT]; /* of the facts above /v2/: the first, */
    unsigned images[FACT_COUNT];                    /* and how many of them, all in that phase */
    enum phase phase[FACT_COUNT];                   /* PHASE_AUTH and up, else 0 */
};

void facts_collect(struct facts *facts, const struct evidence *evidence,
                   const struct target *target);

bool facts_is_loopback(const struct address *address);

void facts_collect_dns(struct facts *facts);
void facts_collect_connections(struct facts *facts);
void facts_collect_handshakes(struct facts *facts);
void facts_collect_registry(struct facts *facts);

static inline void facts_set_path(struct facts *facts, enum fact fact,
                                  const struct path_evidence *path)
{
    facts->is[fact] = true;
    if (!facts->path[fact])
        facts->path[fact] = path;
}
