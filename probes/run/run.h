/* SPDX-License-Identifier: MIT */
#pragma once

/* The inside of one run, shared by the stages of the ladder (stages.h). */

#include <event2/event.h>
#include <stdint.h>

#include "config/base/text.h"
#include "config/settings.h"
#include "probes/evidence/evidence.h"
#include "probes/registry/challenge.h"
#include "probes/registry/redactor.h"
#include "probes/run/environment.h"
#include "probes/run/handshake_trials.h"
#include "probes/run/source_ports.h"
#include "probes/run/tunnel.h"
#include "probes/transport/dial.h"
#include "probes/transport/http_exchange.h"
#include "probes/transport/puller.h"
#include "probes/transport/resolver.h"
#include "probes/transport/stream.h"
#include "probes/transport/tls_session.h"
#include "probes/transport/trust_store.h"

#define RUN_MAX_RESOLVERS (2 * SETTINGS_MAX_RESOLVERS)

struct probe_run;
struct pull_request;

/* One DNS question about the target. */
struct question {
    struct probe_run *run;
    struct dns_evidence *evidence;
    bool pending;
    bool is_new; /* answered; its addresses have not been dialled yet */
};

/* The step that an address has reached. */
enum path_step {
    STEP_NONE, /* finished, or never started */
    STEP_TCP,
    STEP_PROXY, /* connected to the proxy, which is asked for a tunnel */
    STEP_TLS,
    STEP_TRIALS, /* the handshake was reset; the trials are pending */
    STEP_DATE,   /* the certificate has a defect; only the peer's Date is read */
    STEP_API,
    STEP_SOURCE_PORTS, /* finished, but further source ports are pending */
};

struct path_run {
    struct probe_run *run;
    struct path_evidence *evidence;
    enum path_step step;
    usec_t started;
    struct event *quarter; /* a quarter of the timeout without progress */
    size_t bytes_seen;     /* of the handshake, a quarter ago */
    struct dial *dial;
    struct tunnel *tunnel;
    struct source_ports *source_ports;
    struct tls_session *session;
    struct handshake_trials_run *trials;
    struct http_exchange *exchange;
    struct stream stream;
    int fd;                             /* of plain HTTP; -1 none */
    struct pull_request *request;       /* /v2/ again, after a redirect or a transient error */
    struct arena *secrets;              /* of that request */
    struct remote_host_evidence remote; /* of that request; not kept */
    struct remote_host_evidence own;
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

/* The service of egress_address_url, and the questions that look for its address. */
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

/* The proxy of the target. */
#define PROXY_MAX_ADDRESSES 4

struct proxy_run {
    struct proxy_choice choice;
    struct arena *secrets; /* the choice's texts */
    unsigned questions;    /* still unanswered */
    size_t address_count;
    size_t dialled;
    struct address addresses[PROXY_MAX_ADDRESSES];
};

struct probe_run {
    struct probe_environment *environment;
    const struct target *target;
    const struct puller *puller;
    struct evidence *evidence;
    struct arena *scratch; /* answers and the values read from them; freed with the run */
    struct trust_store *store;
    void (*done)(struct evidence *evidence, void *context);
    void *context;

    struct event *deadline;
    struct event *pulse;    /* several times per timeout, to notice that the process stood still */
    struct event *progress; /* made active by run_progressed() */
    usec_t started;
    usec_t pulse_due; /* monotonic */
    unsigned pulses;
    usec_t stood;             /* how late the pulses were: this process stood still */
    unsigned restarts;        /* because the process stood still */
    usec_t asleep;            /* clock_asleep() at the start */
    uint64_t memory_failures; /* before the run */
    bool path_is_silent;      /* no address of the deciding view connected within a quarter of the
                                 timeout */
    bool controls_started;

    size_t resolver_count;
    struct resolver *resolvers[RUN_MAX_RESOLVERS];
    enum resolver_role resolver_roles[RUN_MAX_RESOLVERS];
    struct resolv_conf conf;
    struct name_sources sources; /* of the target's name */
    size_t question_count;
    struct question questions[EVIDENCE_MAX_DNS];
    struct proxy_run proxy;
    struct path_run paths[EVIDENCE_MAX_PATHS];
    struct control_run controls[SETTINGS_MAX_CONTROLS];
    struct egress_run egress;

    struct registry_evidence *standing; /* of an earlier run, in the evidence's arena, or NULL */
    bool registry_begun;
    usec_t slowest_answer; /* of those above /v2/ */
    bool odd_headers;      /* in an answer above /v2/, or of its proxy; see http_response.h */
    struct registry_run *registry; /* NULL: nothing above /v2/ is in progress */
    struct name_walk *name_walks;
    struct redactor redactor; /* knows the secrets that peers got or gave, see secrets.h */
};

/* Which resolvers (pod or host) look up hosts named by a peer, such as token realms and stores. */
enum resolver_role run_deciding_role(const struct probe_run *run);

/* The search list that names get at resolvers of this role; NULL: they are asked as they are. The
 * host's search list is not known here, and under tke-serverless the pod's is not the puller's. */
const struct resolv_conf *run_search_list(const struct probe_run *run, enum resolver_role role);

struct event_base *run_base(const struct probe_run *run);
enum probe_mode run_mode(const struct probe_run *run);

/* Stages report progress here, from any place: the run decides later, from the loop, what starts
 * next and whether it is over. */
void run_progressed(struct probe_run *run);

/* Remembers the first local error of the run. */
void run_local_error(struct probe_run *run, const char *what, int error);
