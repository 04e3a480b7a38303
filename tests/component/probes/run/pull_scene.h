/* SPDX-License-Identifier: MIT */
#pragma once

/* One run against a fake registry with its token service, and a store under another name. */

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fake_registry.h"
#include "probes/diagnosis/diagnose.h"
#include "probes/probe.h"
#include "tests/component/probes/transport/fake_dns.h"
#include "tests/component/probes/transport/fake_tls.h"

#define YEAR     (365L * 24 * 3600)
#define PASSWORD "S3CRET-of-the-key"
#define PAIR     "dXNlcjpTM0NSRVQtb2YtdGhlLWtleQ==" /* user:PASSWORD */
#define CONFIG \
    "{\"auths\":{\"registry.example:%u\":{\"username\":\"user\",\"password\":\"" PASSWORD "\"}}}"
/* The layer is "x"; the digests are those of the texts below. */
#define DIGEST        "sha256:35e77b06e0ee73e808f859f1e483017b0623b289a8aabf323b60acb575916354"
#define LAYER         "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
#define IMAGE_CONFIG  "sha256:a2999db77f1feedf0f546aa98f737c43b1bd5012e6de1c4ff8cc6a746496aea4"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define INDEX_TYPE    "application/vnd.oci.image.index.v1+json"

/* {"access":[{"type":"repository","name":"team/app","actions":["pull"]}]}, and without actions */
#define GOOD                                                                                       \
    "e30."                                                                                         \
    "eyJhY2Nlc3MiOlt7InR5cGUiOiJyZXBvc2l0b3J5IiwibmFtZSI6InRlYW0vYXBwIiwiYWN0aW9ucyI6WyJwdWxsIl19" \
    "XX0.sig"
#define LESS "e30.eyJhY2Nlc3MiOltdfQ.sig"

#define ANSWER(status, headers, body) \
    "HTTP/1.1 " status "\r\nConnection: close\r\n" headers "\r\n" body
#define CHALLENGE(realm, more)                                                       \
    ANSWER("401 Unauthorized",                                                       \
           "Docker-Distribution-Api-Version: registry/2.0\r\n"                       \
           "WWW-Authenticate: Bearer realm=\"" realm "\",service=\"s\"" more "\r\n", \
           "{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}")
#define REALM    "https://registry.example:%P/token"
#define TOKEN(t) ANSWER("200 OK", "Content-Type: application/json\r\n", "{\"token\":\"" t "\"}")
#define ACCESS_TOKEN(t)                                    \
    ANSWER("200 OK", "Content-Type: application/json\r\n", \
           "{\"token\":\"other\",\"access_token\":\"" t "\"}")
#define MANIFEST                                                \
    "{\"config\":{\"mediaType\":\"application/"                 \
    "vnd.oci.image.config.v1+json\",\"digest\":\"" IMAGE_CONFIG \
    "\",\"size\":72},\"layers\":[{\"mediaType\":\"application/" \
    "vnd.oci.image.layer.v1.tar\",\"digest\":\"" LAYER "\",\"size\":1}]}"
#define CONFIG_BODY \
    "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"sha256:0\"]}}"
#define DESCRIBED(type, digest, length)                               \
    ANSWER("200 OK",                                                  \
           "Content-Type: " type "\r\nDocker-Content-Digest: " digest \
           "\r\nContent-Length: " length "\r\n",                      \
           "")
#define FOUND             DESCRIBED(MANIFEST_TYPE, DIGEST, "318")
#define WHOLE(type, body) ANSWER("200 OK", "Content-Type: " type "\r\n", body)
#define PATH_OF_DIGEST    "/v2/team/app/manifests/" DIGEST
#define PATH_OF_MANIFEST  "/v2/team/app/manifests/1.4"

struct pull_scene {
    struct event_base *base;
    struct probe_environment *environment;
    struct fake_dns dns;
    SSL_CTX *context;
    struct fake_registry registry;
    struct fake_registry other; /* a host of another name */
    char config[64];
    const char *config_path; /* of it */
    struct network_settings network;
    struct target target;
    struct evidence *evidence;
    struct diagnosis *diagnosis;
};

/* The routes of a healthy one; the token service's from PULL_FIRST_TOKEN up to PULL_FIRST_IMAGE. */
extern const struct fake_route pull_healthy[];
extern const size_t pull_healthy_count;
enum { PULL_FIRST_TOKEN = 1, PULL_FIRST_IMAGE = 5 };

extern const struct fake_certificate pull_certificate; /* of every name */
extern const struct fake_certificate pull_wrong_host;
extern const struct fake_certificate pull_unknown_issuer;

void pull_scene_open(struct pull_scene *scene);
/* The same in a process of its own, so that all allocations and calls of this process are the
 * run's. */
pid_t pull_scene_fork(struct pull_scene *scene, const struct fake_certificate *certificate);
void pull_scene_kill(struct pull_scene *scene, pid_t process);
/* Target and settings alone, for servers that are elsewhere. */
void pull_scene_aim(struct pull_scene *scene, uint16_t port, const struct endpoint *resolver,
                    const char *config);
void pull_scene_write_key(struct pull_scene *scene);
/* Whoever asks without a token is answered with this from now on. */
void pull_scene_challenge(struct pull_scene *scene, const char *reply);
void pull_scene_run(struct pull_scene *scene, const struct registry_evidence *standing);
void pull_scene_expect(const struct pull_scene *scene, const char *cause);
void pull_scene_close(struct pull_scene *scene); /* nothing published may hold a secret */
