/* SPDX-License-Identifier: MIT */
#pragma once

/* The error that a pulling client prints in the situation that was measured. */

#include "probes/diagnosis/subject.h"

/*
 * The text follows containerd and the Go libraries below it (net, crypto/tls, crypto/x509,
 * net/http). NULL if pulls work, if the evidence does not tell, or if memory is short.
 */
const char *client_error(const struct subject *subject, enum cause cause);
