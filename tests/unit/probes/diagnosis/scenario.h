/* SPDX-License-Identifier: MIT */
#pragma once

/* Literal evidence in few words, for the tables of the diagnosis tests. */

#include "probes/diagnosis/diagnose.h"

#define NAME      "acme-prod.tencentcloudcr.com"
#define MEASURED  1700000000 /* 2023-11-14 22:13:20 UTC */
#define DAY       86400
#define MAX_PARTS 6

#define V4(a, b, c, d)                             \
    {                                              \
        .family = AF_INET, .bytes = { a, b, c, d } \
    }
#define PUBLIC_ADDRESS  V4(43, 132, 7, 9)
#define PRIVATE_ADDRESS V4(10, 0, 3, 7)
#define V6_PUBLIC                                                   \
    {                                                               \
        .family = AF_INET6, .bytes = { 0x24, 0x02, 0x4e, [15] = 9 } \
    }

#define ADDRESS(address_, class_, rule_)                                \
    {                                                                   \
        .address = address_, .address_class = (class_), .rule = (rule_) \
    }
#define LIST(count_, ...)                                                                  \
    .outcome = DNS_NOERROR, .address_count = (count_), .addresses = (struct dns_address[]) \
    {                                                                                      \
        __VA_ARGS__                                                                        \
    }
#define ADDRESS_PUBLIC  ADDRESS(PUBLIC_ADDRESS, CLASS_PUBLIC, "none")
#define ADDRESS_PRIVATE ADDRESS(PRIVATE_ADDRESS, CLASS_PRIVATE, "10.0.0.0/8")
#define GIVES_PUBLIC    LIST(1, ADDRESS_PUBLIC)
#define GIVES_PRIVATE   LIST(1, ADDRESS_PRIVATE)
#define GIVES_BOTH      LIST(2, ADDRESS_PUBLIC, ADDRESS_PRIVATE)
#define GIVES_PROVIDER  LIST(1, ADDRESS(V4(169, 254, 0, 47), CLASS_PROVIDER, "p"))
#define GIVES_LOOPBACK  LIST(1, ADDRESS(V4(127, 0, 0, 1), CLASS_BOGUS, "127.0.0.0/8"))

/* One question; the other arguments are its result. */
#define ASK(role_, last, name_, type_, ...)                                       \
    {                                                                             \
        .role = (role_), .resolver = {.address = V4(10, 0, 0, last), .port = 53}, \
        .queried = (name_), .name = NAME, .type = (type_), __VA_ARGS__            \
    }
#define POD(...)      ASK(ROLE_POD, 2, NAME_TARGET, RECORD_A, __VA_ARGS__)
#define POD_AAAA(...) ASK(ROLE_POD, 2, NAME_TARGET, RECORD_AAAA, __VA_ARGS__)
#define POD_2(...)    ASK(ROLE_POD, 3, NAME_TARGET, RECORD_A, __VA_ARGS__)
#define HOST(...)     ASK(ROLE_HOST, 4, NAME_TARGET, RECORD_A, __VA_ARGS__)
#define VPC_NAME(...) ASK(ROLE_POD, 2, NAME_VPC, RECORD_A, __VA_ARGS__)

/* One address; `views_` says who gave it. */
#define PUBLIC(views_, ...)                                                                      \
    {                                                                                            \
        .address = PUBLIC_ADDRESS, .address_class = CLASS_PUBLIC, .views = (views_), __VA_ARGS__ \
    }
#define PRIVATE(views_, ...)                                                                       \
    {                                                                                              \
        .address = PRIVATE_ADDRESS, .address_class = CLASS_PRIVATE, .views = (views_), __VA_ARGS__ \
    }
#define TCP(outcome_) .tcp.outcome = (outcome_)
#define TLS(outcome_) .tcp.outcome = TCP_OK, .tls.outcome = (outcome_)
#define API(outcome_) TLS(TLS_OK), .api.outcome = (outcome_)
#define WORKS         API(API_REGISTRY), .api.status = 401

#define IMAGE "team/app:1.4"

/* The registry's answers two minutes ago: `auth_` in parentheses, the rest of one image, or
 * `count_` images in braces. */
#define STRIP(...)       __VA_ARGS__
#define PULL(auth_, ...) PULL_ALL(auth_, 1, {.reference = IMAGE, __VA_ARGS__})
#define PULL_ALL(auth_, count_, ...)                                                   \
    .registry = &(const struct registry_evidence)                                      \
    {                                                                                  \
        .measured_at = MEASURED - 120, .auth = {STRIP auth_}, .image_count = (count_), \
        .images = (struct image_evidence[])                                            \
        {                                                                              \
            __VA_ARGS__                                                                \
        }                                                                              \
    }
#define REMOTE(host_, dns_, ...)                                       \
    {                                                                  \
        .host = (host_), .port = 8443, .dns = (dns_), .path_count = 1, \
        .paths = (struct path_evidence[])                              \
        {                                                              \
            __VA_ARGS__                                                \
        }                                                              \
    }

#define CONTROL(kind_, outcome_)                                             \
    {                                                                        \
        .kind = (kind_), .endpoint = "198.18.0.9:443", .outcome = (outcome_) \
    }
#define INTERNET(outcome_) CONTROL(CONTROL_INTERNET, outcome_)
#define VPC(outcome_)      CONTROL(CONTROL_VPC, outcome_)

struct scenario {
    const char *name;
    const char *expected; /* every finding in order: "cause severity confidence; ..." */
    enum expect expect;
    const char *host; /* NULL: NAME */
    uint16_t port;    /* 0: 443 */
    const char *egress_address;
    const char *says[MAX_PARTS + 12]; /* each somewhere in the primary finding */
    const char *never[MAX_PARTS];     /* and none of these */
    bool allocation_failed;
    bool deadline_reached;
    bool plain_http;
    bool insecure_skip_verify;
    bool no_docker_config;
    struct address linkage_address; /* AF_UNSPEC: none is configured */
    const struct registry_evidence *registry;
    const char *local_error;
    const char *name_sources;
    struct proxy_evidence proxy;
    struct node_evidence node;
    const char *images[MAX_PARTS]; /* of the target */
    struct dns_evidence dns[MAX_PARTS];
    struct path_evidence paths[MAX_PARTS];
    struct control_evidence controls[MAX_PARTS];
};

/* Its evidence, which the caller frees, and the target that it is of. */
struct evidence *scenario_measure(const struct scenario *scenario, struct target *ret_target);

/* Diagnoses it for NAME:443 with a warning 21 days ahead; the caller frees. */
struct diagnosis *scenario_diagnose(const struct scenario *scenario);

/* True if exactly the expected findings come out; prints both texts if not. */
bool scenario_check(const struct scenario *scenario);
