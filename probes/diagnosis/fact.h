/* SPDX-License-Identifier: MIT */
#pragma once

/* The facts that rules and words ask for; probes/diagnosis/facts.h computes them. */

#include "probes/evidence/image.h"

/* FACT_DIFFERENCE(SCOPE) is true if an image has DIFFERENCE_SCOPE. */
#define FACT_DIFFERENCE(name) ((enum fact)(FACT_DIFFERENCES + DIFFERENCE_##name))

enum fact {
    FACT_NONE, /* ends a list of facts; never true */

    FACT_TCR,        /* the host is a name of TCR, Enterprise edition */
    FACT_TENCENT,    /* or of the Personal edition */
    FACT_OTHER_PORT, /* the registry's port is not 443 */
    FACT_EXPECT_PRIVATE,
    FACT_EXPECT_PUBLIC,

    /* ---- names; the target's own, by the deciding view unless said otherwise ---- */
    FACT_RESOLVER_ANSWERED, /* any resolver of any view, with any rcode */
    FACT_NO_RESOLVER_ANSWERED,
    FACT_RESOLVER_SILENT,     /* one resolver of any view gave nothing */
    FACT_PULLS_ASK,           /* never true; its answer is the one that pulls use */
    FACT_HAS_ADDRESS,         /* bogus ones included */
    FACT_A_UNANSWERED,        /* no address, and the question for A stayed without an answer */
    FACT_QUESTION_UNANSWERED, /* an address by one answer, and no answer for the other kind */
    FACT_SEARCH_UNANSWERED, /* names of the search list before the one that counts got no answer */
    FACT_LOOKUP_TOO_LONG,   /* clients give up before they have waited for all of these */
    FACT_LOOKUP_UNSURE,  /* an answer that did not come, or a source that was not asked, may differ
                          */
    FACT_DNS_NOT_ASKED,  /* nsswitch.conf names no dns, and the hosts file lacks the name */
    FACT_SERVER_FAILURE, /* no address, and an rcode or answer that tells of a broken server */
    FACT_NXDOMAIN,       /* no address, and the name does not exist */
    FACT_NODATA,         /* no address, and the name exists */
    FACT_DNS_UNREADABLE, /* that answer has no rcode, but cannot be read here */
    FACT_BOGUS_ONLY,     /* addresses, all of them bogus, and every question was put */
    FACT_ANSWERS_DIFFER, /* two resolvers of any view disagree in class */
    FACT_OTHER_HAS_ADDRESS, /* no address here, one by a resolver that does not decide */
    FACT_OTHER_PATH_WORKS,  /* an address that only such a resolver gives reaches the registry */
    FACT_PUBLIC_EVERYWHERE, /* every view that gave addresses gave public ones only */
    FACT_VENDOR_RESOLVER, /* pulls ask 183.60.83.19 or 183.60.82.98, which see private resolution */
    FACT_OTHER_RESOLVER,  /* they ask another one, and nothing shows that it sees it */
    FACT_LINKAGE_VPC_NAME,    /* the -vpc name answers private, in any view */
    FACT_LINKAGE_CONNECTS,    /* the configured linkage address accepts TCP */
    FACT_LINKAGE_SEEN,        /* one of these two */
    FACT_LINKAGE_SILENT,      /* the configured linkage address accepts no TCP */
    FACT_LINKAGE_NAME_SILENT, /* and it is the one that the -vpc name gives */
    FACT_LINKAGE_ELSEWHERE,   /* a linkage is seen, and the silent private address is not its */
    FACT_DNS_LOCAL,           /* no address that is not bogus, and this machine could not ask */

    /* ---- the proxy that the puller uses ---- */
    FACT_PROXIED,           /* the registry answers through it */
    FACT_PROXY_UNREACHABLE, /* or no TLS with it */
    FACT_PROXY_CERTIFICATE, /* because clients refuse its certificate */
    FACT_PROXY_UNTRUSTED,   /* for its issuer */
    FACT_PROXY_PLAIN,       /* because it speaks plain HTTP */
    FACT_PROXY_REFUSED,     /* it answers, and gives no tunnel */
    FACT_PROXY_UNREADABLE,  /* its answer is silence or no HTTP, so no status says so */
    FACT_PROXY_WANTS_KEY,   /* 407 */

    /* ---- the node's files, and the mirrors that they put before the registry ---- */
    FACT_NODE_FIRST,
    FACT_NODE_UNREAD = FACT_NODE_FIRST, /* files cannot be read here */
    FACT_NODE_IGNORES,                  /* containerd ignores a file */
    FACT_NODE_REFUSES,                  /* containerd fails because of a file */
    FACT_NODE_SKIPS_VERIFY,             /* for the registry itself */
    FACT_REGISTRY_NOT_ASKED,            /* the files name other hosts only */
    FACT_MIRROR_SERVES,  /* every image arrives, at least one of them from a mirror */
    FACT_MIRROR_PRIVATE, /* this and the next: an image comes over such an address of a mirror */
    FACT_MIRROR_PUBLIC,
    FACT_MIRROR_FAILS,   /* containerd then tries the next host */
    FACT_MIRRORS_FAIL,   /* more than one of them */
    FACT_MIRROR_SILENT,  /* one of them fails by silence, so each request waits */
    FACT_MIRROR_BREAKS,  /* it answers so that containerd ends the pull */
    FACT_MIRROR_ALONE,   /* no host serves, and the registry is not asked */
    FACT_MIRROR_UNKNOWN, /* nobody is known to serve, and one mirror might */
    FACT_MIRROR_SKIPS_VERIFY,
    FACT_NODE_LAST = FACT_MIRROR_SKIPS_VERIFY,

    /* ---- connections to the addresses of the deciding view ---- */
    FACT_CONNECTS,      /* at least one */
    FACT_NONE_CONNECTS, /* each was tried to its end and none did */
    FACT_SOME_DO_NOT_CONNECT,
    FACT_PUBLIC_SILENT,  /* a public one timed out or was unreachable */
    FACT_PUBLIC_TIMEOUT, /* a public one timed out */
    FACT_PRIVATE_SILENT, /* a private one timed out or was unreachable */
    FACT_NO_ROUTE,       /* this machine has none to any of them, and it said so itself */
    FACT_REFUSED,
    FACT_ADDRESS_ANSWERED,    /* of any view, proxy and linkage included: so traffic does leave */
    FACT_SOURCE_PORTS_DIFFER, /* a public one connects from some source ports only */
    FACT_TCP_LOCAL,           /* none connects, and this machine could not try one of them */
    FACT_PUBLIC_PATH_FAILS,   /* in a way that a private path would not share */

    /* ---- controls ---- */
    FACT_CONTROLS_NONE_OK, /* at least one was tried, none connects or refuses */
    FACT_INTERNET_TRIED,
    FACT_INTERNET_REACHED, /* at least one connects */
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
    FACT_LONG_HELLO_UNANSWERED,  /* and a short one completes, which the rest of the run uses */
    FACT_LONG_HELLO_IN_SEGMENTS, /* but it completes in small segments */
    FACT_PLAIN_HTTP,
    FACT_UNTRUSTED_ISSUER,
    FACT_NAME_MISMATCH,
    FACT_EXPIRED,
    FACT_NOT_YET_VALID,
    FACT_HANDSHAKE_FAILED,
    FACT_CERTIFICATE_REFUSED, /* that is why, and not for its name or a date */
    FACT_EXPIRING,
    FACT_SPARE_FAILS, /* an address that clients try only if the other family does not connect */
    FACT_SOME_CLIENTS_REFUSE, /* the session, which this handshake accepts as containerd does */
    FACT_TLS_LOCAL,
    FACT_CLOCK_DIFFERS,
    FACT_CLOCK_EXPLAINS, /* the certificate is valid at the peer's time and not at ours */

    /* ---- GET /v2/ on deciding addresses ---- */
    FACT_FORBIDDEN,        /* without a client address */
    FACT_FORBIDDEN_CLIENT, /* quoting one */
    FACT_NOT_A_REGISTRY,
    FACT_PAGE_ANSWERED, /* with a status that registries give: only the body says so */
    FACT_RATE_LIMITED,
    FACT_SERVER_ERROR,
    FACT_API_STALLED,
    FACT_API_INVALID,
    FACT_API_LOCAL,

    /* ---- token, manifest and layer ---- */
    FACT_NO_KEY_GIVEN, /* no docker config at all */
    FACT_REALM_NAMED,
    FACT_KEY_WITHHELD, /* there is one, but the realm's host is not listed */
    FACT_REALM_UNREACHABLE,
    FACT_TOKEN_SERVICE_FAILED,
    FACT_TOKEN_UNREADABLE, /* its answer cannot be read, and no status says that it failed */
    FACT_TOKEN_SERVICE_STALLED,
    FACT_TOKEN_TOO_LARGE,
    FACT_TOKEN_REJECTED,    /* by the registry, although it grants the request */
    FACT_ANONYMOUS_REFUSED, /* at the realm or at the manifest, no key having been sent */
    FACT_KEY_REJECTED,
    FACT_SCOPE_REFUSED, /* with a good key */
    FACT_IMAGE_NOT_FOUND,
    FACT_OTHER_PLATFORM,
    FACT_IMAGE_BLOCKED,
    FACT_IMAGE_DAMAGED,     /* manifest, config or layer */
    FACT_IMAGE_UNSUPPORTED, /* no image that containerd takes */
    FACT_IMAGE_UNREAD,      /* its manifest is there, and larger than is read here */
    FACT_IMAGE_WITHHELD,    /* asked for without a key that clients send there */
    FACT_KEY_UNVERIFIED,    /* it is withheld, because the session was not verified */
    FACT_KEY_INCOMPLETE,    /* the docker config's entry has no user name, or no password */
    FACT_HELPERS_NOT_ASKED, /* the docker config names credential helpers */
    FACT_PING_FAILS,        /* GET /v2/, where requests for images are answered */
    FACT_DIFFERENCES,       /* the first of enum client_difference, see FACT_DIFFERENCE() */
    FACT_DIFFERENCES_END = FACT_DIFFERENCES + CLIENT_DIFFERENCE_COUNT - 1,
    FACT_PROXY_SCHEME_NEW,
    FACT_LATER_RATE_LIMITED, /* this and the next: above /v2/ */
    FACT_LATER_UNAVAILABLE,
    FACT_LATER_STALLED,
    FACT_LATER_INVALID,
    FACT_BLOB_UNREACHABLE,
    FACT_BLOB_REFUSED,
    FACT_BLOB_UNREADABLE,  /* the answer cannot be read, or its redirect cannot be followed */
    FACT_REALM_PUBLIC,     /* the address of the realm that fails */
    FACT_REMOTE_HANDSHAKE, /* it connects, and TLS fails */
    FACT_REALM_INTERNAL,
    FACT_BLOB_PUBLIC, /* the address of the store that fails */
    FACT_BLOB_INTERNAL,
    FACT_REGISTRY_LOCAL, /* this machine could not ask */
    FACT_VERIFICATION_SKIPPED,

    /* ---- the whole run ---- */
    FACT_PATH_FAILS, /* from the addresses up to GET /v2/, and not for want of something here */
    FACT_HEALTHY,    /* every phase that decides reached its end and is fine, at the registry */
    FACT_USED_PRIVATE,
    FACT_USED_PUBLIC,
    FACT_EGRESS_KNOWN,
    FACT_ALLOCATION_FAILED,
    FACT_TIME_OVER,     /* the deadline ended the run, and this machine is not to blame */
    FACT_LOCAL_TROUBLE, /* the evidence names something this machine could not do */
    FACT_LOOPBACK_ANSWER,
    FACT_LITERAL, /* the registry is written as an address */

    /* ---- of one finding; rules cannot ask for these, its words can ---- */
    FACT_FAILS,              /* it has severity fail */
    FACT_MANIFEST_UNREACHED, /* no connection for the manifest was made */
    FACT_REDIRECTED,         /* the request for the manifest was, to another host */
    FACT_BLOB_ELSEWHERE,     /* the layer is asked for at another host than the registry */
    FACT_REMOTE_BOGUS,       /* its address is one that is never dialled */
    FACT_REMOTE_NO_ROUTE,    /* this machine has no route to the address of that other host */
    FACT_REMOTE_LITERAL,     /* that other host is written as an address */
    FACT_PROHIBITED,         /* a route or the firewall of this machine forbids it */
    FACT_REMOTE_MISNAMED,    /* that other host's name has no address, or a bogus one */
    FACT_PROXY_BY_OPTION,    /* the option proxy names the proxy, so NO_PROXY does not count */
    FACT_NAME_REJECTED,      /* the server's alert says that it does not know the name */
    FACT_RESOLVER_LOOPBACK,  /* the resolver is on this machine */
    FACT_RESOLVER_NO_ROUTE,  /* there is no route to the resolver */
    FACT_RESOLVER_CLOSED,    /* its machine answers that nothing listens on the port */
    FACT_PROXY_UPSTREAM,     /* the proxy itself cannot reach the registry */
    FACT_NO_PROXY_THERE,     /* what answers at the proxy's address answers like a web server */
    FACT_IPV6,               /* it is about an IPv6 address */
    FACT_ONE_ADDRESS,        /* the deciding view gives no other */
    FACT_RETRY_AFTER,        /* the answer asks to wait */
    FACT_API_REDIRECTED,
    FACT_IMAGE_UNSEEN,      /* it is of an image that this check did not look into */
    FACT_CERTIFICATE_NAMED, /* the certificate has names that clients accept */

    FACT_COUNT,
};
