/* SPDX-License-Identifier: MIT */
#pragma once

/* Outcomes as the verbs of sentences, so that all sentences call the same outcome the same. */

#include "config/base/text.h"
#include "probes/evidence/dns.h"
#include "probes/evidence/evidence.h"
#include "probes/evidence/path.h"

const char *class_adjective(enum address_class address_class); /* "private", "provider-internal" */
void append_address(struct text *out, const struct address *address);
void append_certificate_names(struct text *out, const struct certificate_evidence *certificate);
void append_time(struct text *out, int64_t when); /* "2026-11-30 12:00:00 UTC" */

/* The verb of a sentence about a resolver: "gives the private address 10.0.3.7". NULL is allowed.
 */
void verb_of_answer(struct text *out, const struct dns_evidence *dns);

/* The verb of a sentence about an address: "does not answer", "answers HTTP 403". */
void verb_of_path(struct text *out, const struct path_evidence *path);

/* The addresses that pulls use and that accept no connection, with how each of them fails or
 * without. */
void verbs_of_failures(struct text *out, const struct evidence *evidence, bool with_verbs);

/* The verb of a sentence about the proxy. False if its outcome has none of its own: the path to it
 * has. */
bool verb_of_proxy(struct text *out, const struct proxy_evidence *proxy);

/* A difference of clocks in seconds, such as "3 hours behind", in the largest unit that gives at
 * least two. */
void verb_of_skew(struct text *out, int64_t skew);

/* The words of an errno with which connect() says that an address cannot be reached, as Go has
 * them. */
const char *unreachable_words(int error);
