/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The parts of a pull error: phrases that start a message, name the request or name the symptom;
 * and the cause of each symptom at the place where it happened.
 */

#include "probes/explain/pull_error.h"

enum phrase_flag {
    PHRASE_START = 1 << 0,     /* a new message: nothing said before belongs to it */
    PHRASE_FOREIGN = 1 << 1,   /* with START: the message is not about a pull */
    PHRASE_OPENING = 1 << 2,   /* part of the error's own text, which is quoted from here */
    PHRASE_SIGN = 1 << 3,      /* only a pulling client or a registry prints it */
    PHRASE_FAILURE = 1 << 4,   /* a pull error even if no symptom is recognised */
    PHRASE_IMAGE = 1 << 5,     /* an image reference follows */
    PHRASE_CONTEXT = 1 << 6,   /* with IMAGE: the image that later messages may be about */
    PHRASE_NAME = 1 << 7,      /* with IMAGE: a name without '/' or ':' is one too */
    PHRASE_URL = 1 << 8,       /* it is the start of one */
    PHRASE_STATUS = 1 << 9,    /* an HTTP status follows */
    PHRASE_TOKEN = 1 << 10,    /* a token is being fetched */
    PHRASE_BLOB = 1 << 11,     /* a layer is being fetched */
    PHRASE_MANIFEST = 1 << 12, /* a manifest is being fetched */
    PHRASE_PING = 1 << 13,     /* /v2/ is being asked for */
    PHRASE_PROXY = 1 << 14,    /* a proxy is being reached */
    PHRASE_SYMPTOM = 1 << 15,
    PHRASE_WEAK = 1 << 16,      /* a symptom only in the same message as a sign of a pull */
    PHRASE_WORD = 1 << 17,      /* no letter or digit follows */
    PHRASE_OPEN = 1 << 18,      /* a ':' announces the reason; if that is cut off, it is unknown */
    PHRASE_LIST = 1 << 19,      /* the lines that follow are one error */
    PHRASE_AFTER_URL = 1 << 20, /* only directly after a URL */
    PHRASE_AT_LINE = 1 << 21,   /* only at the start of a line, or where AFTER_COLON allows it */
    PHRASE_REQUEST = 1 << 22,   /* only where a manifest or a layer was asked for */
    PHRASE_HINT = 1 << 23,      /* a pull may fail, or failed: listed if nothing says more */
    PHRASE_DONE = 1 << 24,      /* the pull succeeded: later messages are not about it */
    PHRASE_HOST = 1 << 25,      /* a host follows */
    PHRASE_TAG = 1 << 26,       /* "TAG in REPOSITORY" follows */
    PHRASE_PATH = 1 << 27,      /* a URL's path or a media type follows and names the request */
    PHRASE_TRAILING = 1 << 28,  /* with IMAGE: it may follow the error that concerns it */
    PHRASE_AFTER_COLON = 1 << 29, /* only after a ':', or where AT_LINE allows it */
    PHRASE_CLIENT = 1 << 30,      /* a client says it: of a pull if a pull was the last command */
};

/* The system call or lookup that failed. */
enum operation {
    OPERATION_NONE = 1 << 0,
    OPERATION_DIAL = 1 << 1,
    OPERATION_LOOKUP = 1 << 2, /* also the reads and dials of its UDP socket */
    OPERATION_READ = 1 << 3,   /* from or to an open connection */
    OPERATION_LOCAL = 1 << 4,  /* a socket of this machine, as that of the container runtime */
};

/* In each group the symptom that says more comes first. */
enum symptom {
    SYMPTOM_NONE,
    /* answers of a server */
    SYMPTOM_PROXY_ANSWER,
    SYMPTOM_CLIENT_DENIED, /* its address is not on a list */
    SYMPTOM_POLICY,
    SYMPTOM_FORMAT,
    SYMPTOM_PLATFORM,
    SYMPTOM_RATE,
    SYMPTOM_SCOPE,
    SYMPTOM_TOKEN_INVALID,
    SYMPTOM_KEY_REJECTED,
    SYMPTOM_NO_KEY,
    SYMPTOM_DENIED, /* without a reason; the same as SCOPE */
    SYMPTOM_SIGNATURE,
    SYMPTOM_BLOB_GONE,
    SYMPTOM_STATUS,
    SYMPTOM_UNAUTHORIZED,
    SYMPTOM_NOT_REGISTRY,
    SYMPTOM_NOT_FOUND,
    SYMPTOM_SERVER_DOWN,
    SYMPTOM_SCOPE_MAYBE, /* "pull access denied": the reason should follow */
    /* silence */
    SYMPTOM_CONNECT_TIMEOUT,
    SYMPTOM_TLS_TIMEOUT,
    SYMPTOM_HTTP_TIMEOUT,
    SYMPTOM_TIMEOUT,
    SYMPTOM_CANCELLED, /* by whom and why is not said */
    /* certificates */
    SYMPTOM_UNTRUSTED,
    SYMPTOM_NAME_MISMATCH,
    SYMPTOM_EXPIRED,
    SYMPTOM_NOT_YET_VALID,
    SYMPTOM_DATES, /* one of the two before */
    /* each on its own */
    SYMPTOM_UNREACHABLE,
    SYMPTOM_PROHIBITED, /* by this machine itself */
    SYMPTOM_REFUSED,
    SYMPTOM_NO_SUCH_HOST,
    SYMPTOM_NO_ADDRESS,
    SYMPTOM_DNS_FAILURE,
    SYMPTOM_DNS_PROHIBITED, /* by this machine itself */
    SYMPTOM_DNS_TIMEOUT,
    SYMPTOM_TLS_CLOSED,
    SYMPTOM_PLAIN_HTTP,
    SYMPTOM_HANDSHAKE,
    SYMPTOM_HTTP_INVALID,
    SYMPTOM_NO_FAMILY,
    SYMPTOM_LOCAL_NETWORK,
    /* the reason is complete: later words in the same message only repeat it */
    SYMPTOM_DAMAGED,
    SYMPTOM_NO_PROGRESS,
    SYMPTOM_STORAGE,
    SYMPTOM_CONFIGURATION,
    SYMPTOM_USER_IDS, /* too few in the user namespace that unpacks */
    SYMPTOM_RUNTIME,
    SYMPTOM_HELPER,
    SYMPTOM_NAME_INVALID,
    SYMPTOM_NEVER,
    SYMPTOM_NODE_RATE,
    SYMPTOM_COUNT,
};

struct phrase {
    const char *text; /* for phrase_match() */
    unsigned flags;
    enum symptom symptom;
    unsigned operations; /* with SYMPTOM: it counts only after one of these; 0: after any */
    enum operation sets; /* 0: does not change it */
};

extern const struct phrase phrases[]; /* where two match, the first counts */
extern const size_t phrase_count;

enum place { PLACE_REGISTRY, PLACE_TOKEN, PLACE_BLOB, PLACE_PROXY };
enum credential { CREDENTIAL_UNKNOWN, CREDENTIAL_NONE, CREDENTIAL_KEY };

/* One error once its text has been read. */
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

struct pull_reading {
    enum pull_stage stage;
    enum cause cause;
    enum cause inner;    /* the fault at a token service or a store; else the cause itself */
    const char *summary; /* a template */
    size_t alternative_count;
    enum cause alternatives[PULL_ERROR_MAX_ALTERNATIVES];
};

/* False: nothing is known of it. */
bool pull_error_read(const struct clue *clue, struct pull_reading *ret);
