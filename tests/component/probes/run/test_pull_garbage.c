/* SPDX-License-Identifier: MIT */
/* A registry that answers garbage at each step: a finding in time, and bounded memory. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pull_scene.h"

#define LENGTH_OF_GIGABYTES "Content-Length: 9999999999\r\n"
/* The header is so long that at ten bytes a second it takes longer than the run. */
#define LONG_HEADER "X-Padding: a header that no client reads\r\n"

static const struct {
    const char *name;
    struct fake_route first;
    bool at_the_other;
    bool may_be_fine;
} garbage[] = {
    {"an endless token",
     .first = {"POST /token", NULL, ANSWER("200 OK", "", "{\"token\":\""), TAIL_ENDLESS, "a"},
     .may_be_fine = true},
    {"a deep token", .first = {"POST /token", NULL, ANSWER("200 OK", "", ""), TAIL_ENDLESS, "["},
     .may_be_fine = true},
    {"a token of headers",
     .first = {"POST /token", NULL, "HTTP/1.1 200 OK\r\n", TAIL_ENDLESS, "X: y\r\n"}},
    {"a token by drips", .first = {"POST /token", NULL, TOKEN(GOOD), TAIL_DRIP, NULL}},
    {"a token cut short",
     .first = {"POST /token", NULL, ANSWER("200 OK", LENGTH_OF_GIGABYTES, "{}"), TAIL_NONE, NULL}},
    {"a token that is HTML",
     .first = {"POST /token", NULL, ANSWER("200 OK", "", "<html>"), TAIL_NONE, NULL}},
    {"no answer for a token", .first = {"POST /token", NULL, "", TAIL_NONE, NULL}},
    {"an endless manifest", .first = {"GET " PATH_OF_DIGEST, NULL,
                                      ANSWER("200 OK", "", "{\"layers\":["), TAIL_ENDLESS, "{},"}},
    {"a deep manifest",
     .first = {"GET " PATH_OF_DIGEST, NULL, ANSWER("200 OK", "", ""), TAIL_ENDLESS, "["}},
    {"a HEAD of headers",
     .first = {"HEAD ", NULL, "HTTP/1.1 200 OK\r\n", TAIL_ENDLESS, "X: y\r\n"}},
    {"a manifest by drips",
     .first = {"GET " PATH_OF_DIGEST, NULL, ANSWER("200 OK", "", MANIFEST), TAIL_DRIP, NULL}},
    {"a manifest cut off behind its end",
     .first = {"GET " PATH_OF_DIGEST, NULL, ANSWER("200 OK", LENGTH_OF_GIGABYTES, MANIFEST),
               TAIL_NONE, NULL},
     .may_be_fine = true},
    {"a manifest cut short",
     .first = {"GET " PATH_OF_DIGEST, NULL, ANSWER("200 OK", LENGTH_OF_GIGABYTES, "{"), TAIL_NONE,
               NULL}},
    {"a config without end", .first = {"GET /v2/team/app/blobs/" IMAGE_CONFIG, NULL,
                                       ANSWER("200 OK", "", "{"), TAIL_ENDLESS, "{},"}},
    {"an index in place of the manifest",
     .first = {"GET " PATH_OF_DIGEST, NULL,
               WHOLE(INDEX_TYPE, "{\"manifests\":[{\"digest\":\"" DIGEST "\"}]}"), TAIL_NONE,
               NULL}},
    {"an endless refusal", .first = {"HEAD ", NULL, ANSWER("404 x", "", ""), TAIL_NONE, NULL}},
    {"a layer in full", .first = {"GET /layer", NULL, ANSWER("200 OK", "", "x"), TAIL_ENDLESS, "x"},
     .at_the_other = true},
    {"a layer of headers",
     .first = {"GET /layer", NULL, "HTTP/1.1 206 x\r\n", TAIL_ENDLESS, "X: y\r\n"},
     .at_the_other = true},
    {"a layer by drips",
     .first = {"GET /layer", NULL, ANSWER("206 x", LONG_HEADER, "x"), TAIL_DRIP, NULL},
     .at_the_other = true},
    {"a layer that is no HTTP",
     .first = {"GET /layer", NULL, "\x16\x03\x01garbage\r\n\r\n", TAIL_NONE, NULL},
     .at_the_other = true},
};

static void garbage_ends_in_a_finding_in_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        struct pull_scene scene;
        pull_scene_open(&scene);
        scene.target.timeout = 4 * USEC_PER_SEC; /* of which a peer by drips takes all */
        fake_registry_first(garbage[i].at_the_other ? &scene.other : &scene.registry,
                            &garbage[i].first);
        pull_scene_run(&scene, NULL);
        bool failed = scene.diagnosis->status == SEVERITY_FAIL;
        if (failed == garbage[i].may_be_fine)
            fail_msg("%s: %s", garbage[i].name, scene.diagnosis->findings[0].summary);
        assert_true(arena_size(scene.evidence->arena) < 512 * 1024);
        pull_scene_close(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_ends_in_a_finding_in_time),
    };

    return cmocka_run_group_tests(tests, shared_pki_start, shared_pki_stop);
}
