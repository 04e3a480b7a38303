/* SPDX-License-Identifier: MIT */
/* Each allocation of a run with tokens, manifests and layers fails once. If one fails, the registry
 * is never blamed, no wrong certificate passes, nothing leaks, and nothing hangs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "probes/libraries.h"
#include "pull_scene.h"
#include "tests/support.h"

#define STRIDE 89 /* of the allocations, unless TCR_PROBE_TEST_EVERY_FAULT asks for each */

static unsigned long failing; /* the allocation that fails; 0: none */

static void done(struct evidence *evidence, void *context)
{
    struct pull_scene *scene = context;

    scene->evidence = evidence;
    event_base_loopbreak(scene->base);
}

/* Returns true if an allocation failed. If none did, the run gives `cause`. */
static bool run_once(struct pull_scene *scene, enum cause cause)
{

    scene->base = libraries_new_loop();
    scene->evidence = NULL;
    fault_begin(failing);
    scene->environment = probe_environment_new(scene->base, PROBE_ONCE);
    struct probe *run = scene->environment
                            ? probe_start(scene->environment, &scene->target, NULL, done, scene)
                            : NULL;
    if (run)
        event_base_dispatch(scene->base);
    bool failed = fault_end();
    if (run) {
        struct diagnosis *diagnosis = diagnose(scene->evidence, &scene->target);
        const struct finding *first = &diagnosis->findings[0];
        if (first->cause != cause && (!failed || first->cause != CAUSE_LOCAL_ERROR))
            fail_msg("allocation %lu: %s: %s", failing, cause_name(first->cause), first->summary);
        if (scene->evidence->deadline_reached)
            fail_msg("allocation %lu: it hung", failing);
        diagnosis_free(diagnosis);
        evidence_free(scene->evidence);
    }
    probe_environment_free(scene->environment);
    event_base_free(scene->base);
    return failed;
}

static void torture(const struct fake_certificate *certificate, enum cause cause)
{
    unsigned long stride = getenv("TCR_PROBE_TEST_EVERY_FAULT") ? 1 : STRIDE;
    struct pull_scene scene = {0};
    pid_t process = pull_scene_fork(&scene, certificate);
    bool failed = true;

    scene.target.timeout = 20 * USEC_PER_SEC; /* because a busy machine is no fault of the run */
    /* OpenSSL sets some things up once for the process, and never again if that fails. They are
     * not the run's. */
    failing = 0;
    assert_false(run_once(&scene, cause));
    for (failing = 1; failed; failing += stride)
        failed = run_once(&scene, cause);
    print_message("%lu allocations\n", fault_allocations());
    assert_true(fault_allocations() > 1500);
    pull_scene_kill(&scene, process);
}

static void the_registry_is_never_blamed(void **state)
{
    (void)state;
    torture(&pull_certificate, CAUSE_OK_PRIVATE);
}

static void wrong_host_never_passes(void **state)
{
    (void)state;
    torture(&pull_wrong_host, CAUSE_TLS_NAME_MISMATCH);
}

static void unknown_issuer_never_passes(void **state)
{
    (void)state;
    torture(&pull_unknown_issuer, CAUSE_TLS_UNTRUSTED_ISSUER);
}

/* The fault is at the last host of a pull, after all the others worked. */
static void wrong_host_of_layers_never_passes(void **state)
{
    struct fake_certificate certificate = pull_certificate;

    (void)state;
    certificate.names = "DNS:registry.example";
    torture(&certificate, CAUSE_BLOB_STORE_UNREACHABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_registry_is_never_blamed),
        cmocka_unit_test(wrong_host_never_passes),
        cmocka_unit_test(unknown_issuer_never_passes),
        cmocka_unit_test(wrong_host_of_layers_never_passes),
    };

    return cmocka_run_group_tests(tests, shared_pki_start, shared_pki_stop);
}
