#pragma once

/* What is under way in one run: questions, addresses on the ladder, controls. See run.h. */

#include <event2/event.h>

#include "config/settings.h"
#include "probes/evidence.h"
#include "probes/handshake_trials.h"
#include "probes/registry/challenge.h"
#include "probes/source_ports.h"
#include "probes/transport/dial.h"
#include "probes/transport/http_exchange.h"
#include "probes/transport/resolver.h"
#include "probes/transport/stream.h"
#include "probes/transport/tls_session.h"

struct probe_run;

/* One question that waits for its answer. */
struct question {
    struct probe_run *run;
    struct dns_evidence *evidence;
    bool pending;
};

/* Where an address is on its way up the ladder. */
enum path_step {
    STEP_NONE, /* through, or never started */
    STEP_TCP,
    STEP_TLS,
    STEP_TRIALS, /* the handshake was reset; what else was tried is awaited */
    STEP_DATE,   /* a certificate defect stands, only the peer's Date is read */
    STEP_API,
    STEP_SOURCE_PORTS, /* through, but further source ports are awaited */
};

struct path_run {
    struct probe_run *run;
    struct path_evidence *evidence;
    enum path_step step;
    usec_t started;
    struct event *quarter; /* a quarter of the timeout without progress */
    size_t bytes_seen;     /* of the handshake, a quarter ago */
    struct dial *dial;
    struct source_ports *source_ports;
    struct tls_session *session;
    struct handshake_trials_run *trials;
    struct http_exchange *exchange;
    struct stream stream;
    int fd;                     /* of plain HTTP; -1 none */
    struct challenge challenge; /* at /v2/ */
};

/* One control, and the questions that look for its address. */
#define CONTROL_MAX_DIALS 4

struct control_dial {
    struct control_run *control;
    struct dial *dial;
    struct address address;
};

struct control_run {
    struct probe_run *run;
    struct control_evidence *evidence; /* its outcome: the best of the dials that have ended */
    const struct control *control;
    struct control_dial dials[CONTROL_MAX_DIALS];
    unsigned dial_count;
    unsigned dialling;
    usec_t started;
    unsigned questions; /* still unanswered */
    bool pending;
};

/* The echo service, and the questions that look for its address. */
struct egress_run {
    bool started;
    bool pending;
    bool dialled;
    unsigned questions; /* still unanswered */
    int fd;             /* of plain HTTP; -1 none */
    struct dial *dial;
    struct tls_session *session;
    struct tls_evidence tls;
    struct http_exchange *exchange;
    struct stream stream;
};
