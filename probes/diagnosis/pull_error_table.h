#pragma once

/*
 * What pull errors are made of: phrases that start a message, say what was under way, or name the
 * symptom; and what a symptom means at the place where it happened.
 */

#include "probes/diagnosis/pull_error.h"

enum phrase_flag {
    PHRASE_START = 1 << 0,    /* a new message: nothing said before belongs to it */
    PHRASE_FOREIGN = 1 << 1,  /* with START: not about a pull */
    PHRASE_OPENING = 1 << 2,  /* part of the error's own text */
    PHRASE_FAILURE = 1 << 3,  /* a pull error even if no symptom is recognised */
    PHRASE_IMAGE = 1 << 4,    /* an image reference follows */
    PHRASE_URL = 1 << 5,      /* it is the start of one */
    PHRASE_STATUS = 1 << 6,   /* an HTTP status follows */
    PHRASE_TOKEN = 1 << 7,    /* a token is being fetched */
    PHRASE_BLOB = 1 << 8,     /* a layer is being fetched */
    PHRASE_MANIFEST = 1 << 9, /* a manifest is being fetched */
    PHRASE_SYMPTOM = 1 << 10,
    PHRASE_WEAK = 1 << 11, /* a symptom only inside what is known to be a pull error */
    PHRASE_WORD = 1 << 12, /* no letter or digit follows */
    PHRASE_OPEN = 1 << 13, /* a ':' announces what decides; where that is missing, nothing does */
    PHRASE_LIST = 1 << 14, /* the lines that follow are one error */
    PHRASE_PING = 1 << 15, /* /v2/ is being asked for */
};

/* What the Go program was doing when it failed. */
enum operation {
    OPERATION_NONE = 1 << 0,
    OPERATION_DIAL = 1 << 1,
    OPERATION_LOOKUP = 1 << 2, /* also the reads and dials of its UDP socket */
    OPERATION_READ = 1 << 3,   /* from or to a connection that stands */
};

/* In each group what says more comes first. */
enum symptom {
    SYMPTOM_NONE,
    /* answers of a server */
    SYMPTOM_POLICY,
    SYMPTOM_SCOPE,
    SYMPTOM_TOKEN_INVALID,
    SYMPTOM_KEY_REJECTED,
    SYMPTOM_NO_KEY,
    SYMPTOM_UNAUTHORIZED,
    SYMPTOM_RATE,
    SYMPTOM_SIGNATURE,
    SYMPTOM_NOT_FOUND,
    SYMPTOM_PLATFORM,
    SYMPTOM_STATUS,
    SYMPTOM_NOT_REGISTRY,
    SYMPTOM_SCOPE_MAYBE, /* "pull access denied": the reason should follow */
    /* silence */
    SYMPTOM_CONNECT_TIMEOUT,
    SYMPTOM_TLS_TIMEOUT,
    SYMPTOM_HTTP_TIMEOUT,
    SYMPTOM_TIMEOUT,
    /* certificates */
    SYMPTOM_UNTRUSTED,
    SYMPTOM_NAME_MISMATCH,
    SYMPTOM_EXPIRED,
    SYMPTOM_NOT_YET_VALID,
    SYMPTOM_DATES, /* of the two before, not said which */
    /* each on its own */
    SYMPTOM_UNREACHABLE,
    SYMPTOM_PROHIBITED, /* by this machine itself */
    SYMPTOM_REFUSED,
    SYMPTOM_NO_SUCH_HOST,
    SYMPTOM_NO_ADDRESS,
    SYMPTOM_DNS_FAILURE,
    SYMPTOM_DNS_TIMEOUT,
    SYMPTOM_TLS_CLOSED,
    SYMPTOM_PLAIN_HTTP,
    SYMPTOM_HANDSHAKE,
    SYMPTOM_HTTP_INVALID,
    SYMPTOM_DIGEST,
    SYMPTOM_LOCAL_NETWORK,
    SYMPTOM_LOCAL_STORAGE,
    SYMPTOM_COUNT,
};

struct phrase {
    const char *text; /* for phrase_match() */
    unsigned flags;
    enum symptom symptom;
    unsigned operations; /* with SYMPTOM: it counts only after one of these; 0: after any */
    enum operation sets; /* 0: says nothing of it */
};

extern const struct phrase phrases[]; /* where two match, the first counts */
extern const size_t phrase_count;

enum place { PLACE_REGISTRY, PLACE_TOKEN, PLACE_BLOB };
enum credential { CREDENTIAL_UNKNOWN, CREDENTIAL_NONE, CREDENTIAL_KEY };

/* What is known of one error once its text has been read. */
struct clue {
    enum symptom symptom;
    unsigned status; /* with SYMPTOM_STATUS */
    enum place place;
    bool manifest;  /* the manifest was asked for, not /v2/ */
    bool elsewhere; /* on another host than the image's */
    enum credential credential;
    bool has_class;
    enum address_class address_class;
};

struct reading {
    enum pull_stage stage;
    enum cause cause;
    const char *summary; /* a template */
    size_t alternative_count;
    enum cause alternatives[PULL_ERROR_MAX_ALTERNATIVES];
};

/* False: nothing is known of it. */
bool pull_error_read(const struct clue *clue, struct reading *ret);
