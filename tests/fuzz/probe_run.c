/* SPDX-License-Identifier: MIT */
/*
 * A whole run against a scripted network. The input: a byte of options, after how many turns of the
 * loop the run is cancelled (0: never), and the script.
 */

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/report/replay.h"
#include "daemon/report/report.h"
#include "probes/evidence/view.h"
#include "probes/libraries.h"
#include "probes/probe.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/scripted_network.h"

#define MAX_FDS 96
#define TIMEOUT (2 * USEC_PER_SEC)
#define HOST    "acme.tencentcloudcr.com"
#define PAIR    "dXNlcjpTM0NSRVQ=" /* user:S3CRET */

enum {
    WATCH = 1 << 0,
    WITH_KEY = 1 << 1,
    HOST_VIEW = 1 << 2,
    CONTROLS = 1 << 3,
    WITH_TLS = 1 << 4,
    AGAIN = 1 << 5,
    EGRESS = 1 << 6,
    PRIVATE = 1 << 7,
};

static struct event_base *base;
static struct endpoint resolver;
static bool peer_knows_key; /* from the input, so it may be shown */

/* ---- promises ---- */

static void require_same_lines(const char *const *a, size_t a_count, const char *const *b,
                               size_t b_count)
{
    fuzz_require(a_count == b_count);
    for (size_t i = 0; i < a_count; i++)
        fuzz_require(strcmp(a[i], b[i]) == 0);
}

static void require_same(const struct diagnosis *diagnosis, const char *dump)
{
    struct replay *replay = NULL;
    char error[256];

    fuzz_require(!replay_read(fuzz_file((const uint8_t *)dump, strlen(dump)), &replay, error, 256));
    struct diagnosis *again = diagnose(replay_evidence(replay, 0), replay_target(replay, 0));
    fuzz_require(again->count == diagnosis->count);
    for (size_t i = 0; i < again->count; i++) {
        const struct finding *a = &again->findings[i];
        const struct finding *b = &diagnosis->findings[i];
        fuzz_require(a->cause == b->cause && a->severity == b->severity);
        fuzz_require(a->confidence == b->confidence && strcmp(a->summary, b->summary) == 0);
        require_same_lines(a->evidence, a->evidence_count, b->evidence, b->evidence_count);
        require_same_lines(a->remedy, a->remedy_count, b->remedy, b->remedy_count);
        require_same_lines(a->pull_errors, a->pull_error_count, b->pull_errors,
                           b->pull_error_count);
    }
    diagnosis_free(again);
    replay_free(replay);
}

/* An address that decides is looked at, however many others there are. */
static void require_deciding_path(const struct evidence *evidence)
{
    unsigned view = evidence_deciding_view(evidence);
    bool wanted = false;

    for (size_t i = 0; i < evidence->dns_count; i++)
        wanted |= evidence->dns[i].address_count && evidence->dns[i].queried == NAME_TARGET &&
                  (evidence->dns[i].role == ROLE_HOST) == (view == VIEW_HOST);
    for (size_t i = 0; i < evidence->path_count; i++)
        wanted &= !(evidence->paths[i].views & view);
    fuzz_require(!wanted);
}

static bool can_be_pulled(const struct registry_evidence *registry, size_t index)
{
    enum auth_outcome auth = registry->auth.outcome;
    enum manifest_outcome manifest = registry->images[index].outcome;
    enum blob_outcome blob = registry->images[index].blob.outcome;

    if (manifest == MANIFEST_SKIPPED)
        return auth == AUTH_SKIPPED || auth == AUTH_TOO_LARGE; /* nothing is known against it */
    if (manifest == MANIFEST_TOO_LARGE)
        return true;
    return manifest == MANIFEST_FOUND &&
           (blob == BLOB_OK || blob == BLOB_NOT_REDIRECTED ||
            (blob == BLOB_SKIPPED && registry->images[index].blob.status < 400));
}

/* Neither ok nor a warning where something was seen to fail, or was not asked for. */
static void require_sound(const struct target *target, const struct evidence *evidence,
                          const struct diagnosis *diagnosis)
{
    bool wanted = target->image_count || target->docker_config_count;
    bool healthy = diagnosis->status == SEVERITY_OK || diagnosis->status == SEVERITY_WARN;

    for (int phase = 0; phase < PHASE_COUNT; phase++)
        fuzz_require(!healthy ||
                     evidence_phase_state(evidence, (enum phase)phase) != PHASE_STATE_FAILED);
    fuzz_require(!healthy || !wanted || evidence->registry);
    for (size_t i = 0; evidence->registry && i < evidence->registry->image_count; i++)
        fuzz_require(!healthy || can_be_pulled(evidence->registry, i));
}

static void judge(const struct target *target, const struct evidence *evidence)
{
    struct text text = TEXT_WITH_LIMIT(1 << 20);
    struct text dump = TEXT_WITH_LIMIT(1 << 22);

    if (!evidence)
        return;
    struct diagnosis *diagnosis = diagnose(evidence, target);
    struct target_report report = {target, evidence, diagnosis};
    fuzz_require(evidence->duration <= target->timeout * 11 / 10 && diagnosis->count > 0);
    require_deciding_path(evidence);
    require_sound(target, evidence, diagnosis);
    json_t *json = report_json(diagnosis->status, json_pack("[o]", report_json_target(&report)));
    fuzz_require(report_json_append(&dump, json, 0));
    require_same(diagnosis, text_string(&dump));
    report_text(&text, &report, 1, &(struct report_style){.width = 80});
    for (const char *byte = text_string(&text); *byte; byte++)
        fuzz_require(*byte == '\n' || (*byte >= ' ' && *byte <= '~'));
    if (!peer_knows_key)
        fuzz_require(!strstr(text_string(&dump), PAIR) && !strstr(text_string(&text), PAIR));
    text_free(&dump);
    text_free(&text);
    diagnosis_free(diagnosis);
}

static struct evidence_buffer room;

/* Takes over `evidence` as a daemon does, and compares the kept copy. */
static struct kept_bytes *keep(const struct target *target, struct evidence *evidence)
{
    if (!evidence)
        return NULL;
    struct diagnosis *diagnosis = diagnose(evidence, target);
    struct target_report report = {target, evidence, diagnosis};
    json_t *before = report_json_target(&report);
    struct kept_bytes *kept = evidence_pack(evidence, &room);
    evidence_free(evidence);
    fuzz_require(kept);
    report.evidence = evidence_unpack(kept, &room);
    json_t *after = report_json_target(&report);
    fuzz_require(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    diagnosis_free(diagnosis);
    return kept;
}

/* ---- one run ---- */

/* The key goes to the registry itself only: no other host is listed. */
static void heard(const uint8_t *request, size_t size)
{
    static const char key[] = "\r\nAuthorization: Basic " PAIR;
    static const char host[] = "\r\nHost: " HOST "\r\n";

    fuzz_require(!memmem(request, size, key, strlen(key)) ||
                 memmem(request, size, host, strlen(host)));
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < MAX_FDS; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void done(struct evidence *evidence, void *context)
{
    fuzz_require(!*(struct evidence **)context);
    *(struct evidence **)context = evidence;
}

/* NULL when it was cancelled after `turns` of the loop; 0: never. */
static struct evidence *probe(struct probe_environment *environment, const struct target *target,
                              const struct registry_evidence *standing, unsigned turns)
{
    struct evidence *evidence = NULL;
    struct evidence earlier = {.registry = (struct registry_evidence *)(uintptr_t)standing};
    struct probe *run = probe_start(environment, target, &earlier, done, &evidence);
    usec_t started = clock_monotonic();

    fuzz_require(run && !evidence);
    for (unsigned turn = 1; !evidence && turn != turns; turn++) {
        event_base_loop(base, EVLOOP_ONCE);
        fuzz_require(clock_monotonic() - started <= target->timeout * 11 / 10);
    }
    if (!evidence)
        probe_cancel(run);
    network_end_connections();
    for (int turn = 0; turn < 3; turn++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    return evidence;
}

static const char *key_file(void)
{
    static const char key[] = "{\"auths\":{\"" HOST "\":{\"auth\":\"" PAIR "\"}}}";
    static char path[32];
    int fd = memfd_create("key", MFD_CLOEXEC);

    fuzz_require(write(fd, key, strlen(key)) == (ssize_t)strlen(key));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return path;
}

static void aim(struct target *target, struct network_settings *network, unsigned options)
{
    static const struct url echo = {.host = "echo.example", .port = 80, .path = "/"};
    static const struct control controls[] = {
        {.name = "vpc",
         .host = "10.0.0.1",
         .port = 80,
         .host_is_address = true,
         .address = {AF_INET, {10, 0, 0, 1}}},
        {.name = "web", .kind = CONTROL_INTERNET, .host = "web.example", .port = 443},
    };

    *network = (struct network_settings){.pod_resolver_count = 1, .pod_resolvers = {resolver}};
    network->host_resolvers[0] = resolver;
    network->host_resolver_count = options & HOST_VIEW ? 1 : 0;
    network->control_count = options & CONTROLS ? 2 : 0;
    memcpy(network->controls, controls, sizeof(controls));
    network->egress_url = options & EGRESS ? &echo : NULL;
    *target = (struct target){
        .name = HOST,
        .host = HOST,
        .instance = "acme",
        .port = options & WITH_TLS ? 443 : 80,
        .plain_http = !(options & WITH_TLS),
        .timeout = TIMEOUT,
        .registry_interval = 300 * USEC_PER_SEC,
        .expect = options & PRIVATE ? EXPECT_PRIVATE : EXPECT_ANY,
        .image_count = 2,
        .images = {"team/app:1.4", "team/sidecar"},
        .network = network,
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct probe_environment *environments[2];
    static const char *key;
    struct network_settings network;
    struct target target;
    unsigned options = size ? data[0] : 0;
    unsigned turns = size > 1 ? data[1] : 0;

    if (!base) {
        base = libraries_new_loop();
        environments[0] = probe_environment_new(base, PROBE_ONCE);
        environments[1] = probe_environment_new(base, PROBE_WATCH);
        key = key_file();
        network_start(base, heard, &resolver);
        fuzz_file(data, 0); /* stays open */
    }
    unsigned open_before = open_descriptors();
    peer_knows_key = size && memmem(data, size, PAIR, strlen(PAIR));
    network_play(size > 2 ? data + 2 : data, size > 2 ? size - 2 : 0);
    aim(&target, &network, options);
    target.docker_config_count = (options & WITH_KEY) != 0;
    target.docker_configs = &key;
    struct probe_environment *environment = environments[options & WATCH];
    struct evidence *evidence = probe(environment, &target, NULL, turns);
    judge(&target, evidence);
    struct kept_bytes *kept = keep(&target, evidence);
    if (options & AGAIN) {
        evidence =
            probe(environment, &target, kept ? evidence_unpack(kept, &room)->registry : NULL, 0);
        judge(&target, evidence);
        kept_bytes_free(kept);
        kept = keep(&target, evidence);
    }
    kept_bytes_free(kept);
    fuzz_require(open_descriptors() == open_before);
    fuzz_require(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED) == 1);
    return 0;
}
