/* SPDX-License-Identifier: MIT */
/* Findings about the node's files, and about the mirrors that they put before the registry. */

#include "tests/unit/probes/diagnosis/scenarios.h"

#define HOSTS_FILE "/etc/containerd/certs.d/" NAME "/hosts.toml"
#define FIRST      "https://first.example.com"
#define SECOND     "https://second.example.com"
#define OTHER      "team/b:1"

#define ONE(...) .dns = {POD(GIVES_PRIVATE)}, .paths = {PRIVATE(VIEW_POD, __VA_ARGS__)}

/* The registry is asked too, or not. */
#define NODE(...)         .node = {.present = true, .registry_is_asked = true, __VA_ARGS__}
#define NODE_WITHOUT(...) .node = {.present = true, __VA_ARGS__}
#define STATE(state_)     .state = (state_), .problem = HOSTS_FILE ": no valid TOML"
#define HOSTS(count_, ...)                                                               \
    .hosts = HOSTS_FILE, .mirror_count = (count_), .mirrors = (struct mirror_evidence[]) \
    {                                                                                    \
        __VA_ARGS__                                                                      \
    }
#define ABLE_MIRROR(capabilities_, url_, outcome_, ...)                        \
    {                                                                          \
        .url = (url_), .capabilities = (capabilities_), .outcome = (outcome_), \
        .dial_timeout = MIRROR_DIAL_TIMEOUT, __VA_ARGS__                       \
    }
#define MIRROR(...)      ABLE_MIRROR(MIRROR_ALL_CAPABILITIES, __VA_ARGS__)
#define ITSELF(outcome_) MIRROR("https://" NAME, outcome_, .is_registry = true)
#define AT(path_)        .remote = REMOTE("mirror", DNS_NOERROR, path_)
#define AT_PRIVATE       AT(PRIVATE(VIEW_POD, TLS(TLS_OK)))
#define AT_PUBLIC        AT(PUBLIC(VIEW_POD, TLS(TLS_OK)))
#define AT_SILENT        AT(PUBLIC(VIEW_POD, TCP(TCP_TIMEOUT)))

/* The answers of one host for the two images. */
#define BOTH         .images = {IMAGE "@sha256:a", OTHER}
#define HAS(digest_) .outcome = MANIFEST_FOUND, .status = 200, .digest = (digest_)
#define IS_LATE      .outcome = MANIFEST_CANCELLED
#define GIVES(a, b)                                               \
    .registry = &(struct registry_evidence)                       \
    {                                                             \
        .auth = {.outcome = AUTH_NOT_REQUIRED}, .image_count = 2, \
        .images = (struct image_evidence[])                       \
        {                                                         \
            {.reference = IMAGE, a},                              \
            {                                                     \
                .reference = OTHER, b                             \
            }                                                     \
        }                                                         \
    }

const struct scenario scenarios_node[] = {
    /* ---- files ---- */
    {"containerd fails because of a file", "node_configuration_invalid fail likely", ONE(WORKS),
     .says = {"A file of this node is broken: " HOSTS_FILE ": no valid TOML"},
     NODE(STATE(NODE_REFUSES))},
    {"a file cannot be read here", "node_configuration_invalid unknown certain", ONE(WORKS),
     .says = {"cannot see every file", "host_root"}, NODE(STATE(NODE_UNREAD))},
    {"containerd ignores a file", "node_configuration_invalid warn likely; ok_private ok certain",
     ONE(WORKS), .says = {"A file of this node is not used: " HOSTS_FILE}, .never = {"host_root"},
     NODE(STATE(NODE_IGNORES))},
    {"every file is read", "ok_private ok certain", ONE(WORKS), NODE(.state = NODE_READ)},

    /* ---- mirrors that fail ---- */
    {"the mirror refuses, the registry works",
     "mirror_unreachable warn likely; ok_private ok certain", ONE(WORKS),
     .says = {"The mirror " FIRST " fails: does not serve the image", "asks it first"},
     .never = {"waits"},
     NODE(HOSTS(2, MIRROR(FIRST, MIRROR_REFUSED, AT_PRIVATE), ITSELF(MIRROR_OK)))},
    {"the mirror is silent, the registry works",
     "mirror_unreachable warn likely; ok_private ok certain", ONE(WORKS),
     .says = {"The mirror " FIRST " fails: ", "Each request of a pull waits 30.0 s for it"},
     NODE(HOSTS(2, MIRROR(FIRST, MIRROR_UNREACHABLE, AT_SILENT), ITSELF(MIRROR_OK)))},
    {"the mirror is silent, and no other host is named", "mirror_unreachable fail likely",
     ONE(WORKS),
     .says = {HOSTS_FILE " sends pulls of " NAME
                         " to another host alone, which does not serve: " FIRST ": ",
              "dial tcp 43.132.7.9:8443: i/o timeout"},
     .never = {"lookup"}, NODE_WITHOUT(HOSTS(1, MIRROR(FIRST, MIRROR_UNREACHABLE, AT_SILENT)))},
    {"two mirrors fail, and no other host is named", "mirror_unreachable fail likely", ONE(WORKS),
     .says = {" to other hosts alone, and none of them serves: " FIRST " (", ") and " SECOND " (",
              "Fix these mirrors"},
     NODE_WITHOUT(HOSTS(2, MIRROR(FIRST, MIRROR_UNREACHABLE, AT_SILENT),
                        MIRROR(SECOND, MIRROR_REFUSED, AT_PRIVATE)))},
    {"two mirrors are silent, the registry works",
     "mirror_unreachable warn likely; ok_private ok certain", ONE(WORKS),
     .says = {"Several mirrors fail: " FIRST " (", ") and " SECOND " (", "waits 60.0 s for them"},
     NODE(HOSTS(3, MIRROR(FIRST, MIRROR_UNREACHABLE, AT_SILENT),
                MIRROR(SECOND, MIRROR_UNREACHABLE, AT_SILENT), ITSELF(MIRROR_OK)))},
    {"one mirror refuses and one is silent, the registry works",
     "mirror_unreachable warn likely; ok_private ok certain", ONE(WORKS),
     .says = {"Several mirrors fail: " FIRST " (", ") and " SECOND " (", "waits 30.0 s for them"},
     NODE(HOSTS(3, MIRROR(FIRST, MIRROR_REFUSED, AT_PRIVATE),
                MIRROR(SECOND, MIRROR_UNREACHABLE, AT_SILENT), ITSELF(MIRROR_OK)))},
    {"two mirrors refuse, the registry works",
     "mirror_unreachable warn likely; ok_private ok certain", ONE(WORKS),
     .says = {"Several mirrors fail: ", "asks them first"}, .never = {"waits"},
     NODE(HOSTS(3, MIRROR(FIRST, MIRROR_REFUSED, AT_PRIVATE),
                MIRROR(SECOND, MIRROR_REFUSED, AT_PRIVATE), ITSELF(MIRROR_OK)))},
    {"the mirror might serve, the registry is silent",
     "private_path_blocked unknown likely; mirror_unreachable unknown possible",
     ONE(TCP(TCP_TIMEOUT)),
     NODE(HOSTS(2, MIRROR(FIRST, MIRROR_UNKNOWN, AT_PRIVATE), ITSELF(MIRROR_UNREACHABLE)))},
    {"the mirror might serve, and no other host is named", "mirror_unreachable unknown possible",
     ONE(WORKS), .says = {"cannot tell whether the mirror " FIRST " serves: "},
     NODE_WITHOUT(HOSTS(1, MIRROR(FIRST, MIRROR_UNKNOWN, AT_PRIVATE)))},
    {"the mirror might serve, the registry works", "ok_private ok certain", ONE(WORKS),
     NODE(HOSTS(2, MIRROR(FIRST, MIRROR_UNKNOWN, AT_PRIVATE), ITSELF(MIRROR_OK)))},
    {"the mirror gives a page, the registry works", "mirror_broken fail likely", ONE(WORKS),
     .says = {"probably end at the mirror " FIRST ": it serves something else than the image"},
     NODE(HOSTS(2, MIRROR(FIRST, MIRROR_INVALID, AT_PRIVATE), ITSELF(MIRROR_OK)))},

    /* ---- mirrors that serve ---- */
    {"the mirror is not verified", "verification_skipped warn certain; ok_private ok likely",
     ONE(WORKS), .says = {"skip_verify is set for the mirror " FIRST " in " HOSTS_FILE},
     NODE_WITHOUT(HOSTS(1, MIRROR(FIRST, MIRROR_OK, AT_PRIVATE, .skips_verify = true)))},
    {"a mirror that is not asked is not verified", "ok_private ok likely", ONE(WORKS),
     NODE_WITHOUT(HOSTS(2, MIRROR(FIRST, MIRROR_OK, AT_PRIVATE),
                        MIRROR(SECOND, MIRROR_SKIPPED, .skips_verify = true)))},
    {"a private mirror, the registry is silent",
     "private_path_blocked warn likely; ok_private ok likely", ONE(TCP(TCP_TIMEOUT)),
     NODE(HOSTS(2, MIRROR(FIRST, MIRROR_OK, AT_PRIVATE), ITSELF(MIRROR_UNREACHABLE)))},
    {"a public mirror, the registry is silent",
     "private_path_blocked warn likely; ok_public ok likely", ONE(TCP(TCP_TIMEOUT)),
     NODE(HOSTS(2, MIRROR(FIRST, MIRROR_OK, AT_PUBLIC), ITSELF(MIRROR_UNREACHABLE)))},
    {"a mirror that serves over an address beyond those that evidence keeps",
     "private_path_blocked warn likely", ONE(TCP(TCP_TIMEOUT)),
     NODE(HOSTS(2, MIRROR(FIRST, MIRROR_OK, AT_SILENT), ITSELF(MIRROR_UNREACHABLE)))},
    {"a private mirror, and no other host is named", "ok_private ok likely", ONE(TCP(TCP_TIMEOUT)),
     .says = {"The mirror " FIRST " serves pulls of " NAME " over a private address"},
     NODE_WITHOUT(HOSTS(1, MIRROR(FIRST, MIRROR_OK, AT_PRIVATE)))},
    {"a public mirror, and no other host is named", "ok_public ok likely", ONE(TCP(TCP_TIMEOUT)),
     .says = {"The mirror " FIRST " serves pulls of " NAME " over a public address"},
     NODE_WITHOUT(HOSTS(1, MIRROR(FIRST, MIRROR_OK, AT_PUBLIC)))},
    {"a public mirror, the registry is private and works", "ok_private ok certain", ONE(WORKS),
     .says = {NAME " is reachable over the private address 10.0.3.7"},
     NODE(HOSTS(2, MIRROR(FIRST, MIRROR_OK, AT_PUBLIC), ITSELF(MIRROR_OK)))},
    {"a private mirror, the registry is public and works", "ok_public ok certain",
     .says = {NAME " is reachable over the public address 43.132.7.9"}, .dns = {POD(GIVES_PUBLIC)},
     .paths = {PUBLIC(VIEW_POD, WORKS)},
     NODE(HOSTS(2, MIRROR(FIRST, MIRROR_OK, AT_PRIVATE), ITSELF(MIRROR_OK)))},
    {"a private mirror in place of a registry that works", "ok_private ok likely", ONE(WORKS),
     .says = {"The mirror " FIRST " serves pulls of " NAME}, .never = {"is reachable"},
     NODE_WITHOUT(HOSTS(1, MIRROR(FIRST, MIRROR_OK, AT_PRIVATE)))},
    {"one image from a private mirror, the tag of the other from a public one",
     "ok_public ok likely", ONE(WORKS), BOTH,
     .says = {"The mirror " SECOND " serves pulls of " NAME " over a public address"},
     NODE_WITHOUT(
         HOSTS(2,
               ABLE_MIRROR(1u << MIRROR_PULL, FIRST, MIRROR_OK, AT_PRIVATE,
                           GIVES(HAS("sha256:a"), HAS("sha256:b"))),
               MIRROR(SECOND, MIRROR_OK, AT_PUBLIC, GIVES(HAS("sha256:a"), HAS("sha256:c")))))},
    {"one image from a private mirror, the run ends before the other",
     "local_error unknown possible", ONE(WORKS), BOTH, GIVES(IS_LATE, IS_LATE),
     NODE(HOSTS(2, MIRROR(FIRST, MIRROR_OK, AT_PRIVATE, GIVES(HAS("sha256:a"), IS_LATE)),
                ITSELF(MIRROR_CANCELLED)))},
    {"one image from a public mirror, the run ends before the other",
     "local_error unknown possible", ONE(WORKS), BOTH, GIVES(IS_LATE, IS_LATE),
     NODE(HOSTS(2, MIRROR(FIRST, MIRROR_OK, AT_PUBLIC, GIVES(HAS("sha256:a"), IS_LATE)),
                ITSELF(MIRROR_CANCELLED)))},
};
const size_t scenarios_node_count = sizeof(scenarios_node) / sizeof(scenarios_node[0]);
