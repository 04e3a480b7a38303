/* SPDX-License-Identifier: MIT */
/* From a pod to the check of its images, to the comparison with the pull's error, and to commands.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/invocation.h"
#include "daemon/commands/diagnose_advice.h"
#include "daemon/commands/diagnose_answer.h"
#include "tests/support.h"

#define EKS "eks.tke.cloud.tencent.com/"
#define POD(annotations, spec)                                                                   \
    "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-0\",\"namespace\":\"shop\",\"annotations\":" \
    "{" annotations "}},\"spec\":{" spec "}}"
#define IMAGE(name, image) "{\"name\":\"" name "\",\"image\":\"" image "\"}"

struct scene {
    struct settings *settings;
    struct pod_case *known;
    struct check_plan plan;
};

static void load(struct scene *scene, const char *option, const char *value)
{
    const char *words[] = {"tcr-probe", "diagnose", "-", option, value, NULL};
    struct invocation invocation = {0};
    struct config_errors errors = {0};

    assert_int_equal(settings_load(option ? 5 : 3, (char **)(uintptr_t)words, &(char *){NULL},
                                   &invocation, &scene->settings, &errors),
                     0);
    scene->known = pod_case_new();
    assert_non_null(scene->known);
}

static void plan(struct scene *scene, const char *document)
{
    assert_null(pod_case_read_document(scene->known, document, strlen(document)));
    assert_true(check_plan_make(&scene->plan, scene->known, scene->settings));
}

static void end(struct scene *scene)
{
    pod_case_free(scene->known);
    settings_release(scene->settings);
}

/* ---- the plan ---- */

static void images_of_one_registry_share_a_target(void **state)
{
    struct scene scene = {0};

    (void)state;
    load(&scene, NULL, NULL);
    plan(
        &scene,
        POD("",
            "\"containers\":[" IMAGE("a", "r.example/team/a:1") "," IMAGE("b", "nginx") "," IMAGE(
                "c",
                "r.example/team/b") "," IMAGE("d",
                                              "r.example/team/a:1") "," IMAGE("e",
                                                                              "A.example/B") ",{"
                                                                                             "\"nam"
                                                                                             "e\":"
                                                                                             "\"f\""
                                                                                             "}]"));
    assert_int_equal(scene.settings->target_count, 2);
    const struct target *target = &scene.settings->targets[0];
    assert_string_equal(target->host, "r.example");
    assert_int_equal(target->image_count, 2);
    assert_string_equal(scene.settings->targets[1].host, "registry-1.docker.io");
    assert_string_equal(scene.settings->targets[1].images[0], "library/nginx");
    assert_int_equal(scene.plan.images[3].target, 0);
    assert_int_equal(scene.plan.images[3].image, 0);
    assert_int_equal(scene.plan.images[2].image, 1);
    assert_non_null(scene.plan.images[4].why_not);
    assert_non_null(scene.plan.images[5].why_not);
    /* The kubelet asks without a key, because the pod names no Secret. */
    assert_int_equal(target->docker_config_count, 1);
    assert_int_equal(target->docker_config_contents[0].length, 2);
    assert_false(scene.plan.keyless);
    end(&scene);
}

static void annotations_become_settings(void **state)
{
    struct scene scene = {0};

    (void)state;
    load(&scene, NULL, NULL);
    plan(&scene, POD("\"" EKS "resolv-conf\":\"nameserver 10.0.0.2\\nnameserver fd00::2\","
                     "\"" EKS "registry-http-endpoint\":\"r.example, s.example:5000\","
                     "\"" EKS "registry-insecure-skip-verify\":\"t.example\"",
                     "\"imagePullSecrets\":[{\"name\":\"k\"}],\"nodeName\":\"eklet-1\","
                     "\"containers\":[" IMAGE("a", "r.example/a") "," IMAGE(
                         "b", "s.example:5000/b") "," IMAGE("c", "t.example/c") "]"));
    const struct target *target = scene.settings->targets;
    assert_int_equal(scene.settings->target_count, 3);
    assert_true(target[0].plain_http && target[0].port == 80);
    assert_true(target[1].plain_http && target[1].port == 5000);
    assert_true(!target[2].plain_http && target[2].insecure_skip_verify && target[2].port == 443);
    assert_int_equal(scene.settings->network.host_resolver_count, 2);
    assert_int_equal(scene.settings->network.profile, PROFILE_TKE_SERVERLESS);
    assert_true(scene.plan.keyless && target->docker_config_count == 0);
    end(&scene);
}

static void options_win(void **state)
{
    struct scene scene = {0};

    (void)state;
    load(&scene, "--host-resolver", "10.9.9.9");
    plan(&scene, POD("\"" EKS "resolv-conf\":\"nameserver 10.0.0.2\"",
                     "\"containers\":[" IMAGE("a", "r.example/a") "]"));
    assert_int_equal(scene.settings->network.host_resolver_count, 1);
    assert_int_equal(scene.settings->network.host_resolvers[0].address.bytes[1], 9);
    end(&scene);
}

/* ---- the comparison ---- */

static void pull_and_check_are_compared(void **state)
{
    static const struct {
        bool pull;
        bool recognised;
        enum cause cause;
        enum cause alternative;
        enum pull_stage stage;
        bool check;
        enum severity status;
        enum cause found;
        bool network_only;
        enum agreement agreement;
    } rows[] = {
        {false, false, 0, 0, 0, true, SEVERITY_OK, CAUSE_OK_PRIVATE, false,
         AGREEMENT_NOTHING_FAILED},
        {false, false, 0, 0, 0, true, SEVERITY_FAIL, CAUSE_NAT_MISSING, false,
         AGREEMENT_PULL_PASSES},
        {false, false, 0, 0, 0, false, 0, 0, false, AGREEMENT_NOT_CHECKED},
        {true, true, CAUSE_NAT_MISSING, CAUSE_COUNT, PULL_STAGE_TCP, true, SEVERITY_FAIL,
         CAUSE_NAT_MISSING, false, AGREEMENT_SAME_CAUSE},
        {true, true, CAUSE_PUBLIC_PATH_BLOCKED, CAUSE_NAT_MISSING, PULL_STAGE_TCP, true,
         SEVERITY_FAIL, CAUSE_NAT_MISSING, false, AGREEMENT_NARROWED},
        {true, true, CAUSE_DNS_TIMEOUT, CAUSE_COUNT, PULL_STAGE_DNS, true, SEVERITY_FAIL,
         CAUSE_NAT_MISSING, false, AGREEMENT_DIFFERENT},
        {true, true, CAUSE_NAT_MISSING, CAUSE_COUNT, PULL_STAGE_TCP, true, SEVERITY_WARN,
         CAUSE_DNS_SLOW, false, AGREEMENT_CHECK_PASSES},
        {true, true, CAUSE_NAT_MISSING, CAUSE_COUNT, PULL_STAGE_TCP, true, SEVERITY_OK,
         CAUSE_OK_PUBLIC, true, AGREEMENT_CHECK_PASSES},
        {true, true, CAUSE_CREDENTIALS_REJECTED, CAUSE_COUNT, PULL_STAGE_AUTH, true, SEVERITY_OK,
         CAUSE_OK_PUBLIC, true, AGREEMENT_KEY_UNKNOWN},
        {true, false, 0, 0, 0, true, SEVERITY_FAIL, CAUSE_NAT_MISSING, false,
         AGREEMENT_UNRECOGNISED},
        {true, false, 0, 0, 0, true, SEVERITY_OK, CAUSE_OK_PUBLIC, false, AGREEMENT_CHECK_PASSES},
        {true, false, 0, 0, 0, true, SEVERITY_OK, CAUSE_OK_PUBLIC, true, AGREEMENT_KEY_UNKNOWN},
        {true, true, CAUSE_NAT_MISSING, CAUSE_COUNT, PULL_STAGE_TCP, true, SEVERITY_UNKNOWN,
         CAUSE_LOCAL_ERROR, false, AGREEMENT_UNDECIDED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pull_error pull = {.recognised = rows[i].recognised,
                                  .cause = rows[i].cause,
                                  .stage = rows[i].stage,
                                  .alternative_count = rows[i].alternative != CAUSE_COUNT,
                                  .alternatives = {rows[i].alternative}};
        static struct diagnosis check;
        check.status = rows[i].status;
        check.count = 1;
        check.findings[0] = (struct finding){.cause = rows[i].found, .severity = rows[i].status};
        assert_string_equal(
            agreement_name(agreement_of(rows[i].pull ? &pull : NULL, rows[i].check ? &check : NULL,
                                        rows[i].network_only)),
            agreement_name(rows[i].agreement));
        assert_non_null(agreement_sentence(rows[i].agreement));
    }
}

/* ---- commands ---- */

static void commands_have_all_settings(void **state)
{
    struct scene scene = {0};
    struct text text = TEXT_WITH_LIMIT(4096);

    (void)state;
    load(&scene, NULL, NULL);
    plan(&scene, POD("\"" EKS "resolv-conf\":\"nameserver 10.0.0.2\","
                     "\"" EKS "registry-http-endpoint\":\"localhost\"",
                     "\"imagePullSecrets\":[{\"name\":\"k\"}],"
                     "\"containers\":[" IMAGE("a", "r.example/a:1") "," IMAGE(
                         "b", "[fd00::7]:5000/b") "," IMAGE("c", "localhost/c") "]"));
    struct shell_line debug = {.arena = scene.known->arena};
    struct shell_line check = debug;
    struct shell_line http = debug;
    struct shell_line save = debug;
    advise_debug(&debug, scene.known, scene.settings, 0);
    assert_string_equal(shell_line_joined(&debug),
                        "kubectl debug -it -n shop web-0 --image tcr-probe:" TCRPROBE_VERSION
                        " -- tcr-probe check --host-resolver 10.0.0.2 r.example '[fd00::7]:5000'");
    advise_check(&check, scene.known, scene.settings, 0);
    assert_string_equal(shell_line_joined(&check),
                        "tcr-probe check --host-resolver 10.0.0.2 --docker-config ./k.json "
                        "r.example/a:1 '[fd00::7]:5000/b'");
    assert_true(advise_is_first(scene.settings, 0));
    assert_false(advise_is_first(scene.settings, 1));
    assert_true(advise_is_first(scene.settings, 2));
    advise_debug(&http, scene.known, scene.settings, 2);
    assert_non_null(strstr(shell_line_joined(&http), " --plain-http localhost.:80"));
    advise_save_key(&save, scene.known, 0);
    assert_string_equal(shell_line_joined(&save), "kubectl get secret -n shop k -o "
                                                  "jsonpath='{.data.*}' | base64 -d > ./k.json");
    shell_line_write(&text, &check, 2, 60);
    assert_string_equal(text_string(&text), "  tcr-probe check --host-resolver 10.0.0.2 \\\n"
                                            "    --docker-config ./k.json r.example/a:1 \\\n"
                                            "    '[fd00::7]:5000/b'\n");
    text_free(&text);
    end(&scene);
}

static void words_are_quoted_for_a_shell(void **state)
{
    static const char *const rows[][2] = {
        {"web-0", "web-0"},     {"", "''"},         {"a b", "'a b'"}, {"$(x)", "'$(x)'"},
        {"it's", "'it'\\''s'"}, {"a\nb", "'a\nb'"}, {"~", "'~'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text text = TEXT_WITH_LIMIT(64);
        text_append_shell_word(&text, rows[i][0]);
        assert_string_equal(text_string(&text), rows[i][1]);
        text_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_of_one_registry_share_a_target),
        cmocka_unit_test(annotations_become_settings),
        cmocka_unit_test(options_win),
        cmocka_unit_test(pull_and_check_are_compared),
        cmocka_unit_test(commands_have_all_settings),
        cmocka_unit_test(words_are_quoted_for_a_shell),
    };

    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
