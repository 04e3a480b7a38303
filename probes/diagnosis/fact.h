#pragma once

/* What the rules ask of the evidence; probes/diagnosis/facts.h computes it. */

enum fact {
    FACT_NONE, /* ends a list of facts; never true */

    FACT_TCR, /* the host is a Tencent registry's name */
    FACT_EXPECT_PRIVATE,
    FACT_EXPECT_PUBLIC,

    /* ---- names; the target's own, by the deciding view unless said otherwise ---- */
    FACT_RESOLVER_ANSWERED, /* any resolver of any view, with any rcode */
    FACT_NO_RESOLVER_ANSWERED,
    FACT_RESOLVER_SILENT,   /* one resolver of any view gave nothing */
    FACT_HAS_ADDRESS,       /* bogus ones included */
    FACT_A_UNANSWERED,      /* no address, and the question for A stayed without an answer */
    FACT_SERVER_FAILURE,    /* no address, and an rcode or answer that tells of a broken server */
    FACT_NXDOMAIN,          /* no address, and the name does not exist */
    FACT_NODATA,            /* no address, and the name exists */
    FACT_BOGUS_ONLY,        /* addresses, all of them bogus, and every question was put */
    FACT_ANSWERS_DIFFER,    /* two resolvers of any view disagree in class */
    FACT_OTHER_HAS_ADDRESS, /* no address here, one by a resolver that does not decide */
    FACT_OTHER_PATH_WORKS,  /* an address that only such a resolver gives reaches the registry */
    FACT_PUBLIC_EVERYWHERE, /* every view that gave addresses gave public ones only */
    FACT_LINKAGE_VPC_NAME,  /* the -vpc name answers private, in any view */
    FACT_LINKAGE_CONNECTS,  /* the configured linkage address accepts TCP */
    FACT_DNS_LOCAL,         /* no address that is not bogus, and this machine could not ask */

    /* ---- connections to the addresses of the deciding view ---- */
    FACT_CONNECTS,      /* at least one */
    FACT_NONE_CONNECTS, /* each was tried to its end and none did */
    FACT_SOME_DO_NOT_CONNECT,
    FACT_PUBLIC_SILENT,  /* a public one timed out or was unreachable */
    FACT_PUBLIC_TIMEOUT, /* a public one timed out */
    FACT_PRIVATE_SILENT, /* a private one timed out or was unreachable */
    FACT_REFUSED,
    FACT_SOURCE_PORTS_DIFFER, /* a public one connects from some source ports only */
    FACT_TCP_LOCAL,           /* none connects, and this machine could not try one of them */
    FACT_PUBLIC_PATH_FAILS,   /* in a way that a private path would not share */

    /* ---- controls ---- */
    FACT_CONTROLS_NONE_OK, /* at least one was tried, none connects or refuses */
    FACT_INTERNET_TRIED,
    FACT_INTERNET_ALL_OK,
    FACT_INTERNET_SOME_OK, /* and some not, or one refuses: its network is there */
    FACT_INTERNET_NONE_OK,
    FACT_VPC_TRIED,
    FACT_VPC_OK,
    FACT_VPC_NONE_OK,

    /* ---- handshakes on deciding addresses that connect ---- */
    FACT_TLS_STALLED,
    FACT_TLS_CLOSED,
    FACT_CLAMPED_COMPLETES, /* stalled or closed, but not with a small MSS */
    FACT_CONTROL_SNI_ANSWERED,
    FACT_PLAIN_HTTP,
    FACT_UNTRUSTED_ISSUER,
    FACT_NAME_MISMATCH,
    FACT_EXPIRED,
    FACT_NOT_YET_VALID,
    FACT_HANDSHAKE_FAILED,
    FACT_EXPIRING,
    FACT_TLS_LOCAL,
    FACT_CLOCK_DIFFERS,
    FACT_CLOCK_EXPLAINS, /* the certificate is valid at the peer's time and not at ours */

    /* ---- GET /v2/ on deciding addresses ---- */
    FACT_FORBIDDEN,        /* without a client address */
    FACT_FORBIDDEN_CLIENT, /* quoting one */
    FACT_NOT_A_REGISTRY,
    FACT_RATE_LIMITED,
    FACT_SERVER_ERROR,
    FACT_API_STALLED,
    FACT_API_INVALID,
    FACT_API_LOCAL,

    /* ---- token, manifest and layer ---- */
    FACT_KEY_WITHHELD, /* there is one, but the realm's host is not listed */
    FACT_REALM_UNREACHABLE,
    FACT_TOKEN_SERVICE_FAILED,
    FACT_TOKEN_SERVICE_STALLED,
    FACT_TOKEN_TOO_LARGE,
    FACT_TOKEN_REJECTED,    /* by the registry, though it grants what is asked */
    FACT_ANONYMOUS_REFUSED, /* at the realm or at the manifest, no key having been sent */
    FACT_KEY_REJECTED,
    FACT_SCOPE_REFUSED, /* with a good key */
    FACT_IMAGE_NOT_FOUND,
    FACT_OTHER_PLATFORM,
    FACT_IMAGE_BLOCKED,
    FACT_LATER_RATE_LIMITED, /* this and the next: above /v2/ */
    FACT_LATER_UNAVAILABLE,
    FACT_LATER_STALLED,
    FACT_LATER_INVALID,
    FACT_BLOB_UNREACHABLE,
    FACT_BLOB_REFUSED,
    FACT_REALM_PUBLIC,     /* the address of the realm that fails */
    FACT_REMOTE_HANDSHAKE, /* it connects, and TLS fails */
    FACT_REALM_INTERNAL,
    FACT_BLOB_PUBLIC, /* the address of the store that fails */
    FACT_BLOB_INTERNAL,
    FACT_REGISTRY_LOCAL, /* this machine could not ask */
    FACT_VERIFICATION_SKIPPED,

    /* ---- the whole run ---- */
    FACT_PATH_FAILS, /* from the addresses up to GET /v2/, and not for want of something here */
    FACT_HEALTHY,    /* every phase of the deciding view reached its end and is fine */
    FACT_USED_PRIVATE,
    FACT_USED_PUBLIC,
    FACT_EGRESS_KNOWN,
    FACT_ALLOCATION_FAILED,
    FACT_LOCAL_TROUBLE, /* the evidence names something this machine could not do */
    FACT_LOOPBACK_ANSWER,
    FACT_LITERAL, /* the registry is written as an address */

    FACT_COUNT,
};
