/* SPDX-License-Identifier: MIT */
/* Documents of the API: lists, pods, the Events of pulls, and the annotations that change pulls. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/text.h"
#include "daemon/kubernetes/document.h"
#include "daemon/kubernetes/pull_events.h"
#include "tests/support.h"

#define WAITING(name, reason, message)                                    \
    "{\"name\":\"" name "\",\"state\":{\"waiting\":{\"reason\":\"" reason \
    "\",\"message\":\"" message "\"}}}"

static const char web[] =
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-0\",\"namespace\":"
    "\"shop\","
    "\"uid\":\"u1\",\"annotations\":{\"eks.tke.cloud.tencent.com/resolv-conf\":\"nameserver "
    "10.0.0.2\\n\",\"note\":\"}]{\\\"items\\\": [\"}},"
    "\"spec\":{\"nodeName\":\"eklet-subnet-1\",\"serviceAccountName\":\"web\","
    "\"imagePullSecrets\":[{\"name\":\"a\"},{\"name\":\"b.c\"},{\"name\":\"a\"},{\"name\":\"../"
    "x\"},"
    "{}],\"hostAliases\":[{\"ip\":\"10.0.0.9\",\"hostnames\":[\"r.example\",\"; reboot\"]}],"
    "\"initContainers\":[{\"name\":\"init\",\"image\":\"r.example/i:1\"},{\"name\":\"probe\","
    "\"image\":\"r.example/p:1\",\"restartPolicy\":\"Always\"}],"
    "\"containers\":[{\"name\":\"app\",\"image\":\"r.example/a:1\"},{\"name\":\"local\","
    "\"image\":\"r.example/l\",\"imagePullPolicy\":\"Never\"}],"
    "\"ephemeralContainers\":[{\"name\":\"debug\",\"image\":\"r.example/d\"}]},"
    "\"status\":{\"initContainerStatuses\":[{\"name\":\"init\",\"state\":{\"terminated\":{}}}"
    "," WAITING("probe", "ImagePullBackOff", "Back-off") "],\"containerStatuses\":[" WAITING(
        "app", "ErrImagePull",
        "denied\\u0007") "," WAITING("local", "CrashLoopBackOff",
                                     "no") "],\"ephemeralContainerStatuses\":"
                                           "[" WAITING("other", "InvalidImageName", "bad") "]}}";

struct scene {
    struct arena *arena;
    struct pod pod;
    struct pull_events events;
};

static json_t *parsed(const char *text)
{
    json_t *document = NULL;

    assert_int_equal(document_parse(text, strlen(text), &document), PEER_JSON_OK);
    return document;
}

static bool read_pod(struct scene *scene, const char *text)
{
    json_t *document = parsed(text);
    bool is_pod = pod_read(document, scene->arena, &scene->pod);

    json_decref(document);
    return is_pod;
}

static int begin(void **state)
{
    static struct scene scene;

    scene = (struct scene){.arena = arena_new(0)};
    *state = &scene;
    return scene.arena ? 0 : -1;
}

static int end(void **state)
{
    struct scene *scene = *state;

    arena_free(scene->arena);
    return 0;
}

/* ---- pods ---- */

static void pod_has_its_settings(void **state)
{
    struct scene *scene = *state;
    const struct pod *pod = &scene->pod;

    assert_true(read_pod(scene, web));
    assert_string_equal(pod->name, "web-0");
    assert_string_equal(pod->namespace, "shop");
    assert_string_equal(pod->uid, "u1");
    assert_string_equal(pod->service_account, "web");
    assert_true(pod_is_addressable(pod) && pod_is_serverless(pod) && pod_waits_for_image(pod));
    assert_int_equal(pod->secret_count, 2); /* no name twice, and none that is not a name */
    assert_string_equal(pod->secrets[0], "a");
    assert_string_equal(pod->secrets[1], "b.c");
    assert_int_equal(pod->alias_count, 1);
    assert_string_equal(pod->aliases[0].name, "r.example");
    assert_string_equal(pod->aliases[0].address, "10.0.0.9");
}

static void containers_have_kind_and_state(void **state)
{
    static const struct {
        const char *name;
        enum container_kind kind;
        const char *image;
        const char *waiting;
        bool started;
        bool never;
    } wanted[] = {
        {"init", CONTAINER_INIT, "r.example/i:1", NULL, true, false},
        {"probe", CONTAINER_SIDECAR, "r.example/p:1", "ImagePullBackOff", false, false},
        {"app", CONTAINER_ORDINARY, "r.example/a:1", "ErrImagePull", false, false},
        {"local", CONTAINER_ORDINARY, "r.example/l", NULL, false, true},
        {"debug", CONTAINER_EPHEMERAL, "r.example/d", NULL, false, false},
        {"other", CONTAINER_EPHEMERAL, NULL, "InvalidImageName", false, false},
    };
    struct scene *scene = *state;

    assert_true(read_pod(scene, web));
    assert_int_equal(scene->pod.container_count, sizeof(wanted) / sizeof(wanted[0]));
    for (size_t i = 0; i < scene->pod.container_count; i++) {
        const struct pod_container *container = &scene->pod.containers[i];
        assert_string_equal(container->name, wanted[i].name);
        assert_int_equal(container->kind, wanted[i].kind);
        assert_true((container->image == NULL) == (wanted[i].image == NULL));
        if (wanted[i].image)
            assert_string_equal(container->image, wanted[i].image);
        assert_true((container->waiting == NULL) == (wanted[i].waiting == NULL));
        if (wanted[i].waiting)
            assert_string_equal(container->waiting, wanted[i].waiting);
        assert_int_equal(container->started, wanted[i].started);
        assert_int_equal(container->never_pulled, wanted[i].never);
    }
    assert_string_equal(scene->pod.containers[2].message, "denied\a");
}

static void other_documents_are_no_pods(void **state)
{
    struct scene *scene = *state;

    assert_false(read_pod(scene, "{\"kind\":\"Event\",\"status\":{}}"));
    assert_false(read_pod(scene, "{\"metadata\":{\"name\":\"x\"}}"));
    assert_false(read_pod(scene, "[]"));
    assert_true(read_pod(scene, "{\"status\":{}}")); /* an item of a PodList has no kind */
    assert_false(pod_is_addressable(&scene->pod));
    assert_true(read_pod(scene, "{\"kind\":\"Pod\",\"spec\":{},\"metadata\":{\"name\":\"x\"}}"));
    assert_true(pod_is_addressable(&scene->pod));
    assert_string_equal(scene->pod.namespace, "default");
    assert_true(read_pod(scene, "{\"kind\":\"Pod\",\"spec\":{},\"metadata\":{\"name\":\"x; y\"}}"));
    assert_false(pod_is_addressable(&scene->pod));
}

static void texts_are_escaped(void **state)
{
    struct scene *scene = *state;

    assert_true(read_pod(scene, "{\"status\":{},\"metadata\":{\"name\":\"a\\u001b[2J\"},\"spec\":{"
                                "\"containers\":[{\"name\":\"\\u202e\",\"image\":\"\\n\"}]}}"));
    assert_string_equal(scene->pod.name, "a\\x1b[2J");
    assert_string_equal(scene->pod.containers[0].name, "\\xe2\\x80\\xae");
    assert_string_equal(scene->pod.containers[0].image, "\\x0a");
}

static void containers_are_bounded(void **state)
{
    struct scene *scene = *state;
    struct text text = TEXT_WITH_LIMIT(65536);

    text_append(&text, "{\"kind\":\"Pod\",\"spec\":{\"containers\":[{}");
    for (int i = 0; i < POD_MAX_CONTAINERS; i++)
        text_append(&text, ",{\"name\":\"x\"}");
    text_append(&text, "]}}");
    assert_true(read_pod(scene, text_string(&text)));
    assert_int_equal(scene->pod.container_count, POD_MAX_CONTAINERS);
    assert_true(scene->pod.more_containers);
    text_free(&text);
}

/* ---- lists ---- */

struct seen {
    unsigned count;
    char items[256];
};

static void see(const char *bytes, size_t length, void *context)
{
    struct seen *seen = context;
    size_t used = strlen(seen->items);

    seen->count++;
    snprintf(seen->items + used, sizeof(seen->items) - used, "%.*s|", (int)length, bytes);
}

static void lists_are_cut_into_items(void **state)
{
    static const struct {
        const char *text;
        bool list;
        const char *items;
    } rows[] = {
        {"{\"kind\":\"List\",\"items\":[]}", true, ""},
        {"{\"items\":[{\"a\":[1]},{\"b\":\"]}\"}],\"k\":{}}", true, "{\"a\":[1]}|{\"b\":\"]}\"}|"},
        {"{\"a\":{\"items\":[{}]}}", false, "{\"a\":{\"items\":[{}]}}|"},
        {"{\"a\":\"items\",\"b\":[{}]}", false, "{\"a\":\"items\",\"b\":[{}]}|"},
        {"{\"items\":[{\"a\":\"\\\"}]\"}]}", true, "{\"a\":\"\\\"}]\"}|"},
        {"{\"items\":[{\"cut\":", true, ""},
        {"{\"a\":1}\n{\"items\":[{\"b\":2}]} {\"c\":3}\n", true, "{\"a\":1}|{\"b\":2}|{\"c\":3}|"},
        {"{\"a\":1} {\"cut\":", false, "{\"a\":1}|{\"cut\":|"},
        {"web-0 0/1", false, "web-0 0/1|"},
        {"", false, "|"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct seen seen = {0};
        assert_int_equal(document_each(rows[i].text, strlen(rows[i].text), see, &seen),
                         rows[i].list);
        assert_string_equal(seen.items, rows[i].items);
    }
}

/* ---- Events ---- */

static void add_event(struct scene *scene, const char *text)
{
    json_t *event = parsed(text);

    pull_events_add(&scene->events, event, &scene->pod, scene->arena);
    json_decref(event);
}

#define ABOUT(uid, path)                                                               \
    "{\"kind\":\"Pod\",\"name\":\"web-0\",\"namespace\":\"shop\",\"uid\":\"" uid "\"," \
    "\"fieldPath\":\"" path "\"}"

static void events_of_pulls_are_kept_newest_first(void **state)
{
    struct scene *scene = *state;

    assert_true(read_pod(scene, web));
    add_event(scene,
              "{\"reason\":\"Failed\",\"message\":\"old\",\"involvedObject\":" ABOUT(
                  "u1", "spec.containers{app}") ",\"lastTimestamp\":\"2026-01-01T00:00:00Z\"}");
    add_event(scene, "{\"reason\":\"Failed\",\"note\":\"new\",\"regarding\":" ABOUT(
                         "u1", "spec.initContainers{probe}") ",\"eventTime\":"
                                                             "\"2026-01-01T00:00:01.000000Z\","
                                                             "\"series\":{\"lastObservedTime\":"
                                                             "\"2026-01-01T00:10:00.000000Z\"}}");
    add_event(scene,
              "{\"reason\":\"Pulling\",\"message\":\"x\",\"involvedObject\":" ABOUT("u1", "") "}");
    add_event(scene, "{\"reason\":\"Failed\",\"message\":\"another pod of that name\","
                     "\"involvedObject\":" ABOUT("u0", "") "}");
    add_event(scene, "{\"reason\":\"Failed\",\"message\":\"no kind\",\"involvedObject\":{}}");
    pull_events_sort(&scene->events);
    assert_int_equal(scene->events.count, 2);
    assert_string_equal(scene->events.list[0].message, "new");
    assert_string_equal(scene->events.list[0].container, "probe");
    assert_string_equal(scene->events.list[1].message, "old");
    assert_string_equal(scene->events.list[1].container, "app");
}

static void the_oldest_event_makes_room(void **state)
{
    struct scene *scene = *state;
    char text[512];

    assert_true(read_pod(scene, web));
    for (int i = 0; i <= PULL_EVENTS_MAX; i++) {
        snprintf(text, sizeof(text),
                 "{\"reason\":\"Failed\",\"message\":\"%d\",\"involvedObject\":%s,"
                 "\"lastTimestamp\":\"2026-01-01T00:%02d:%02dZ\"}",
                 i, ABOUT("u1", ""), i / 60, i % 60);
        add_event(scene, text);
    }
    pull_events_sort(&scene->events);
    assert_int_equal(scene->events.count, PULL_EVENTS_MAX);
    assert_string_equal(scene->events.list[0].message, "128");
    assert_string_equal(scene->events.list[PULL_EVENTS_MAX - 1].message, "1");
}

/* ---- annotations ---- */

static void the_nearest_annotation_counts(void **state)
{
    struct scene *scene = *state;
    struct pull_annotations *annotations = &scene->pod.annotations;

    assert_true(read_pod(scene, web));
    assert_string_equal(annotations->list[ANNOTATION_RESOLV_CONF].value, "nameserver 10.0.0.2\n");
    json_t *node = parsed("{\"eks.tke.cloud.tencent.com/resolv-conf\":\"nameserver 10.0.0.3\","
                          "\"eks.tke.cloud.tencent.com/registry-insecure-skip-verify\":\"all\"}");
    annotations_add(annotations, node, ORIGIN_NODE, scene->arena);
    json_decref(node);
    assert_false(annotations_complete(annotations));
    assert_true(annotations_add_yaml(
        annotations,
        "eks.tke.cloud.tencent.com/registry-insecure-skip-verify: \"b.example\"\n"
        "eks.tke.cloud.tencent.com/registry-http-endpoint: |\n  r.example:5000,s.example\n"
        "other: [1, 2]\n",
        scene->arena));
    assert_true(annotations_complete(annotations));
    assert_int_equal(annotations->list[ANNOTATION_RESOLV_CONF].origin, ORIGIN_POD);
    assert_int_equal(annotations->list[ANNOTATION_SKIP_VERIFY].origin, ORIGIN_NODE);
    assert_int_equal(annotations->list[ANNOTATION_HTTP_ENDPOINT].origin, ORIGIN_EKS_CONFIG);
    assert_true(annotation_names_registry(annotations, ANNOTATION_SKIP_VERIFY, "any.example"));
    assert_true(annotation_names_registry(annotations, ANNOTATION_HTTP_ENDPOINT, "R.example:5000"));
    assert_true(annotation_names_registry(annotations, ANNOTATION_HTTP_ENDPOINT, "s.example:443"));
    assert_false(annotation_names_registry(annotations, ANNOTATION_HTTP_ENDPOINT, "r.example"));
    assert_false(annotation_names_registry(annotations, ANNOTATION_HTTP_ENDPOINT, "s.example:80"));
}

static void yaml_that_is_no_mapping_is_told(void **state)
{
    static const struct {
        const char *text;
        bool taken;
    } rows[] = {{"", true}, {"- a\n", false}, {"a: [\n", false}, {"\xff", false}, {"a: 1\n", true}};
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(annotations_add_yaml(&scene->pod.annotations, rows[i].text, scene->arena),
                         rows[i].taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pod_has_its_settings, begin, end),
        cmocka_unit_test_setup_teardown(containers_have_kind_and_state, begin, end),
        cmocka_unit_test_setup_teardown(other_documents_are_no_pods, begin, end),
        cmocka_unit_test_setup_teardown(texts_are_escaped, begin, end),
        cmocka_unit_test_setup_teardown(containers_are_bounded, begin, end),
        cmocka_unit_test_setup_teardown(lists_are_cut_into_items, begin, end),
        cmocka_unit_test_setup_teardown(events_of_pulls_are_kept_newest_first, begin, end),
        cmocka_unit_test_setup_teardown(the_oldest_event_makes_room, begin, end),
        cmocka_unit_test_setup_teardown(the_nearest_annotation_counts, begin, end),
        cmocka_unit_test_setup_teardown(yaml_that_is_no_mapping_is_told, begin, end),
    };

    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
