/* SPDX-License-Identifier: MIT */
#pragma once

/* Selects the answers and addresses that a real client would use, and reports how far each phase
 * got with them. */

#include "probes/evidence/evidence.h"

/* The view whose addresses decide: VIEW_HOST if a host resolver answered, or might have had this
 * machine been able to ask it, else VIEW_POD. A target written as an address is decided by
 * VIEW_LITERAL, a name in the hosts file by VIEW_HOSTS, and with a proxy VIEW_PROXY decides. An
 * answer is any rcode; silence is none. */
unsigned evidence_deciding_view(const struct evidence *evidence);

/* True if clients use this answer for the target's name. For each record type they ask the
 * resolvers of a role one after the other and use the first answer, even if it is NXDOMAIN or has
 * no address (Go's resolver, as resolv.conf(5)). The probe asks the others too, to see if they
 * agree. */
bool evidence_answer_decides(const struct evidence *evidence, const struct dns_evidence *dns);

/* True if clients use this address, which is one of the deciding view. */
bool evidence_path_decides(const struct evidence *evidence, const struct path_evidence *path);

/* True if clients use this address of the deciding view only when the other family does not
 * connect: they try the family that comes first by RFC 6724, and here that one works to the end. */
bool evidence_path_is_spare(const struct evidence *evidence, const struct path_evidence *path);

/* The address of the deciding view that clients dial first: of those that were tried if any was. A
 * client that connects to none prints the error of this one. NULL: there is none. */
const struct path_evidence *evidence_first_dialled(const struct evidence *evidence);

/* How far the deciding view got in a phase, and how long it took: the slowest answer for dns,
 * manifests and blobs, the quickest success for the others. PHASE_STATE_SKIPPED if the phase was
 * not reached. */
enum phase_state { PHASE_STATE_SKIPPED, PHASE_STATE_OK, PHASE_STATE_FAILED };
enum phase_state evidence_phase_state(const struct evidence *evidence, enum phase phase);
usec_t evidence_phase_duration(const struct evidence *evidence, enum phase phase);

/* True if connect() failed at once, since this machine has no route or address of its family. */
bool path_has_no_route(const struct path_evidence *path);

/* The config if it failed, else the layer. */
const struct blob_evidence *evidence_blob(const struct image_evidence *image);

/* True if the bytes are there. */
bool blob_is_there(const struct blob_evidence *blob);

/*
 * True if GET /v2/ of this path decides nothing, because the registry at the same address answered
 * requests for images as a registry does. containerd never asks /v2/; other clients do.
 */
bool evidence_ping_is_witness(const struct evidence *evidence, const struct path_evidence *path);

/* True if the trouble that images met is the one that GET /v2/ met at the same address. */
bool evidence_ping_explains_images(const struct evidence *evidence);
