/* SPDX-License-Identifier: MIT */
#pragma once

/* Puts the answer about a pod on that pod, as an Event, so that `kubectl describe pod` shows it. */

#include "daemon/commands/diagnose_answer.h"
#include "daemon/kubernetes/service_account.h"

/* Writes one Event: about the first container whose image cannot be pulled, or else that pulls are
 * possible. An answer that is not certain enough for either is not written, which `known` notes. A
 * missing right and other trouble are in `known` too. */
void pod_case_write_event(struct pod_case *known, const struct service_account *account,
                          const struct check_plan *plan, const struct pod_answer *answer);
