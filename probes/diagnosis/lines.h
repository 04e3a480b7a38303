/* SPDX-License-Identifier: MIT */
#pragma once

#include "probes/diagnosis/diagnose.h"
#include "probes/diagnosis/subject.h"

/* Lists the measurements that the finding rests on, as the words of its cause say. */
void finding_add_evidence(struct finding *finding, const struct subject *subject);
