/* SPDX-License-Identifier: MIT */
#include "pull_scene.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/report/report.h"
#include "probes/libraries.h"
#include "tests/component/probes/transport/busy.h"

const struct fake_route pull_healthy[] = {
    {"GET /v2/ ", NULL, CHALLENGE(REALM, ""), TAIL_NONE, NULL},
    {"POST /token", NULL, ANSWER("405 Method Not Allowed", "", ""), TAIL_NONE, NULL},
    {"GET /token?service=s&scope=repository%3Ateam%2Fapp%3Apull ", "Basic " PAIR, TOKEN(GOOD),
     TAIL_NONE, NULL},
    {"GET /token?service=s ", "Basic " PAIR, TOKEN(LESS), TAIL_NONE, NULL},
    {"GET /token", NULL, ANSWER("401 Unauthorized", "", ""), TAIL_NONE, NULL},
    {"HEAD " PATH_OF_MANIFEST " ", "Bearer " GOOD, FOUND, TAIL_NONE, NULL},
    {"GET " PATH_OF_DIGEST " ", "Bearer " GOOD, WHOLE(MANIFEST_TYPE, MANIFEST), TAIL_NONE, NULL},
    {"GET /v2/team/app/blobs/" IMAGE_CONFIG " ", "Bearer " GOOD, ANSWER("200 OK", "", CONFIG_BODY),
     TAIL_NONE, NULL},
    {"HEAD /v2/team/app/", "Bearer", CHALLENGE(REALM, ",error=\"insufficient_scope\""), TAIL_NONE,
     NULL},
    {"GET /v2/team/app/manifests/", "Bearer", CHALLENGE(REALM, ",error=\"insufficient_scope\""),
     TAIL_NONE, NULL},
    {"GET /v2/team/app/blobs/" LAYER " ", "Bearer " GOOD,
     ANSWER("307 Temporary Redirect",
            "Location: https://store.example:%Q/layer?signature=SIGNED\r\n", ""),
     TAIL_NONE, NULL},
    {"HEAD /v2/", NULL, CHALLENGE(REALM, ""), TAIL_NONE, NULL},
    {"GET /v2/", NULL, CHALLENGE(REALM, ""), TAIL_NONE, NULL},
};

const size_t pull_healthy_count = sizeof(pull_healthy) / sizeof(pull_healthy[0]);

static const struct fake_route store = {"GET /layer?signature=SIGNED ", "Accept-Encoding: gzip\r\n",
                                        ANSWER("200 OK", "", "x"), TAIL_NONE, NULL};

void pull_scene_write_key(struct pull_scene *scene)
{
    FILE *file = fopen(scene->config, "w");

    assert_non_null(file);
    fprintf(file, CONFIG, (unsigned)scene->registry.site.port);
    fclose(file);
}

void pull_scene_aim(struct pull_scene *scene, uint16_t port, const struct endpoint *resolver,
                    const char *config)
{
    if (config != scene->config)
        strcpy(scene->config, config);
    scene->config_path = scene->config;
    scene->network.pod_resolvers[scene->network.pod_resolver_count++] = *resolver;
    assert_true(range_parse("127.0.0.0/8", &scene->network.private_ranges[0]));
    scene->network.private_range_count = 1;
    scene->target = (struct target){
        .name = "registry.example",
        .host = "registry.example",
        .port = port,
        .timeout = 5 * USEC_PER_SEC,
        .registry_interval = 300 * USEC_PER_SEC,
        .ca_file = shared_ca_file,
        .docker_config_count = 1,
        .docker_configs = &scene->config_path,
        .image_count = 1,
        .images = {"team/app:1.4"},
        .network = &scene->network,
    };
}

#define EVERY_NAME "DNS:registry.example,DNS:auth.example,DNS:store.example,IP:127.0.0.1"

const struct fake_certificate pull_certificate = {
    .names = EVERY_NAME, .from_seconds = -YEAR, .until_seconds = YEAR};
const struct fake_certificate pull_wrong_host = {
    .names = "DNS:other.example", .from_seconds = -YEAR, .until_seconds = YEAR};
const struct fake_certificate pull_unknown_issuer = {
    .names = EVERY_NAME, .from_seconds = -YEAR, .until_seconds = YEAR, .unknown_ca = true};

static void open_with(struct pull_scene *scene, const struct fake_certificate *certificate)
{
    *scene = (struct pull_scene){.dns = {.behaviour = FAKE_DNS_LOOPBACK}};
    scene->base = libraries_new_loop();
    scene->environment = probe_environment_new(scene->base, PROBE_ONCE);
    assert_int_equal(fake_dns_start(&scene->dns, scene->base), 0);
    scene->context = fake_pki_server(&shared_pki, certificate);
    assert_true(fake_registry_open(&scene->registry, scene->context));
    assert_true(fake_registry_open(&scene->other, scene->context));
    scene->registry.other_port = scene->other.site.port;
    for (size_t i = 0; i < pull_healthy_count; i++)
        fake_registry_last(&scene->registry, &pull_healthy[i]);
    fake_registry_last(&scene->other, &store);
    strcpy(scene->config, "/tmp/tcr-probe-test-XXXXXX");
    close(mkstemp(scene->config));
    pull_scene_write_key(scene);
    pull_scene_aim(scene, scene->registry.site.port, &scene->dns.endpoint, scene->config);
    scene->target.timeout = 20 * USEC_PER_SEC; /* because a busy machine is no fault of the run */
}

void pull_scene_open(struct pull_scene *scene)
{
    open_with(scene, &pull_certificate);
}

pid_t pull_scene_fork(struct pull_scene *scene, const struct fake_certificate *certificate)
{
    struct {
        uint16_t registry;
        struct endpoint resolver;
        char config[64];
    } peers;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t process = fork();
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        open_with(scene, certificate);
        peers.registry = scene->registry.site.port;
        peers.resolver = scene->dns.endpoint;
        memcpy(peers.config, scene->config, sizeof(peers.config));
        if (write(ends[1], &peers, sizeof(peers)) != (ssize_t)sizeof(peers))
            _exit(1);
        event_base_dispatch(scene->base);
        _exit(0);
    }
    assert_int_equal(read(ends[0], &peers, sizeof(peers)), sizeof(peers));
    close(ends[0]);
    close(ends[1]);
    pull_scene_aim(scene, peers.registry, &peers.resolver, peers.config);
    return process;
}

void pull_scene_kill(struct pull_scene *scene, pid_t process)
{
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
    unlink(scene->config);
}

static void done(struct evidence *evidence, void *context)
{
    struct pull_scene *scene = context;

    scene->evidence = evidence;
    event_base_loopbreak(scene->base);
}

void pull_scene_challenge(struct pull_scene *scene, const char *reply)
{
    for (size_t i = 0; i < scene->registry.route_count; i++)
        if (strcmp(scene->registry.routes[i].reply, CHALLENGE(REALM, "")) == 0)
            scene->registry.routes[i].reply = reply;
}

/* Runs once. Returns how long this thread waited for a processor meanwhile. */
static usec_t run_once(struct pull_scene *scene, const struct registry_evidence *standing)
{
    usec_t before = waited_for_processor();
    struct evidence earlier = {.registry = (struct registry_evidence *)(uintptr_t)standing};
    struct probe *run = probe_start(scene->environment, &scene->target, &earlier, done, scene);

    assert_non_null(run);
    event_base_dispatch(scene->base);
    assert_non_null(scene->evidence);
    return waited_for_processor() - before;
}

void pull_scene_run(struct pull_scene *scene, const struct registry_evidence *standing)
{
    usec_t waited = run_once(scene, standing);

    for (int i = 1; i < BUSY_ATTEMPTS && was_kept_from_running(scene->evidence, waited); i++) {
        evidence_free(scene->evidence);
        waited = run_once(scene, standing);
    }
    assert_true(scene->evidence->duration <= scene->target.timeout * 11 / 10 + waited);
    scene->diagnosis = diagnose(scene->evidence, &scene->target);
    assert_non_null(scene->diagnosis);
}

/* Nothing that is published holds the key, a token, or a signature. */
static void check_secrets(const struct pull_scene *scene)
{
    static const char *const secrets[] = {PASSWORD, PAIR, GOOD, LESS, "SIGNED"};
    struct target_report report = {&scene->target, scene->evidence, scene->diagnosis};
    struct report_style style = {.width = 1000};
    struct text text = TEXT_WITH_LIMIT(1 << 20);
    struct text json = TEXT_WITH_LIMIT(1 << 20);

    report_text(&text, &report, 1, &style);
    assert_true(report_json_append(&json, report_json_target(&report), 0));
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        assert_null(strstr(text_string(&text), secrets[i]));
        assert_null(strstr(text_string(&json), secrets[i]));
    }
    text_free(&text);
    text_free(&json);
}

void pull_scene_close(struct pull_scene *scene)
{
    check_secrets(scene);
    diagnosis_free(scene->diagnosis);
    evidence_free(scene->evidence);
    probe_environment_free(scene->environment);
    fake_dns_stop(&scene->dns);
    fake_registry_close(&scene->registry);
    fake_registry_close(&scene->other);
    SSL_CTX_free(scene->context);
    event_base_free(scene->base);
    unlink(scene->config);
}

void pull_scene_expect(const struct pull_scene *scene, const char *cause)
{
    const struct finding *first = &scene->diagnosis->findings[0];

    if (strcmp(cause_name(first->cause), cause) == 0)
        return;
    print_error("%s\n", first->summary);
    for (size_t i = 0; i < first->evidence_count; i++)
        print_error("- %s\n", first->evidence[i]);
    assert_string_equal(cause_name(first->cause), cause);
}
