#pragma once

/* Which of what was measured clients would use, and how far they came with it. */

#include "probes/evidence.h"

/* The view whose addresses decide: VIEW_HOST if a host resolver answered, or might have had this
 * machine been able to ask it, else VIEW_POD. A target written as an address is decided by
 * VIEW_LITERAL. An answer is any rcode; silence is none. */
unsigned evidence_deciding_view(const struct evidence *evidence);

/* Whether clients use this answer for the target's name: of a role's resolvers they ask one after
 * the other, for each type, and take what the first says that answers, be it NXDOMAIN or no address
 * (Go's resolver, as resolv.conf(5)); the others are asked here to see whether they agree. */
bool evidence_answer_decides(const struct evidence *evidence, const struct dns_evidence *dns);

/* Whether it is an address of the deciding view that clients use. */
bool evidence_path_decides(const struct evidence *evidence, const struct path_evidence *path);

/* How far the deciding view came, and its time in each phase: the slowest answer of dns, of
 * manifests and blobs, the quickest success of the others. PHASE_STATE_SKIPPED when it was not
 * reached. */
enum phase_state { PHASE_STATE_SKIPPED, PHASE_STATE_OK, PHASE_STATE_FAILED };
enum phase_state evidence_phase_state(const struct evidence *evidence, enum phase phase);
usec_t evidence_phase_duration(const struct evidence *evidence, enum phase phase);
