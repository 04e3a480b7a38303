/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Measurements in words. The report's ladder, the evidence lines of a finding and the page print
 * the same ones. Each function appends to `text`, without a label in front and without a newline.
 */

#include "config/base/text.h"
#include "probes/evidence/evidence.h"

/* How far a measurement came, for the mark and the colour beside its words. */
enum outcome_mark {
    MARK_NONE, /* not reached, cancelled, or not possible on this machine */
    MARK_OK,   /* for a control also a refused connection: the network works */
    MARK_FAILED,
};
enum outcome_mark dns_outcome_mark(enum dns_outcome outcome);
enum outcome_mark tcp_outcome_mark(enum tcp_outcome outcome);
enum outcome_mark tls_outcome_mark(enum tls_outcome outcome);
enum outcome_mark api_outcome_mark(enum api_outcome outcome);
enum outcome_mark proxy_outcome_mark(enum proxy_outcome outcome);
enum outcome_mark mirror_outcome_mark(enum mirror_outcome outcome);
enum outcome_mark control_outcome_mark(enum control_outcome outcome);
enum outcome_mark auth_outcome_mark(enum auth_outcome outcome);
enum outcome_mark manifest_outcome_mark(enum manifest_outcome outcome);
enum outcome_mark blob_outcome_mark(enum blob_outcome outcome);

/* In the unit that fits: "<0.1 ms", "0.9 ms", "33 ms", "10.0 s", "120 s". */
void wording_duration(struct text *text, usec_t duration);
/* ", 33 ms"; nothing for 0. */
void wording_took(struct text *text, usec_t duration);

/* "pod resolver 10.0.0.2", or its address alone; the port only if it is not 53. */
void wording_resolver(struct text *text, const struct dns_evidence *dns, bool role);
/* "43.128.10.20 (public)" or "no such name"; the duration is left to the caller. */
void wording_answer(struct text *text, const struct dns_evidence *dns);

/* Who gave an address: "pod and host". */
void wording_views(struct text *text, unsigned views);
/* "43.128.10.20 (public)"; with `views` also who gave the address: "(public, pod and host)". */
void wording_address(struct text *text, const struct path_evidence *path, bool views);
/* The outcome at that address, e.g. "timed out, 3.0 s (7 more tries failed)". */
void wording_tcp(struct text *text, const struct path_evidence *path);
void wording_tls(struct text *text, const struct path_evidence *path);
void wording_api(struct text *text, const struct path_evidence *path);

/* "http://10.0.0.9:3128 (from HTTPS_PROXY): refused, HTTP 407, 3.0 ms" */
void wording_proxy(struct text *text, const struct proxy_evidence *proxy);

/* Which of the node's files decide: "/etc/containerd/certs.d/hub/hosts.toml names the hosts, ..."
 */
void wording_node(struct text *text, const struct node_evidence *node);
/* "https://mirror.example: connection refused, 3.0 ms" */
void wording_mirror(struct text *text, const struct mirror_evidence *mirror);
/* The same without the URL and the time. */
void wording_mirror_outcome(struct text *text, const struct mirror_evidence *mirror);

/* False if the outcome says nothing of the network. */
bool control_shows(const struct control_evidence *control);
/* "vpc 10.0.0.1:443: timed out, 3.0 s" */
void wording_control(struct text *text, const struct control_evidence *control);

/* `evidence` gives the age of a measurement that an earlier run made. */
void wording_auth(struct text *text, const struct evidence *evidence);
void wording_image(struct text *text, const struct evidence *evidence,
                   const struct image_evidence *image);
void wording_blob(struct text *text, const struct evidence *evidence,
                  const struct blob_evidence *blob);
