/* SPDX-License-Identifier: MIT */
/*
 * The page for people: for every result of a run it is well-formed, names the result, and holds
 * no markup of a peer.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/memory.h"
#include "daemon/endpoint/html.h"
#include "daemon/endpoint/page.h"
#include "daemon/endpoint/page_parts.h"
#include "probes/diagnosis/words.h"
#include "tests/support.h"
#include "tests/unit/daemon/watch/watch_scene.h"
#include "well_formed.h"

#define NOW    (MEASURED + 3600)
#define MARKUP "<script>'alert'</script>&\"\x01\x7f"

static usec_t monotonic_now(void)
{
    return 100 * USEC_PER_SEC;
}

static int64_t wall_now(void)
{
    return (int64_t)NOW * (int64_t)USEC_PER_SEC;
}

static const struct clock_source fake_clock = {monotonic_now, wall_now, NULL};

/* ---- a page ---- */

/* The whole page; the caller frees. NULL when it breaks off. */
static char *render(const struct watch_scene *scene, const char *query)
{
    struct http_server_reply reply = {.status = 200};
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    enum slice_outcome outcome = SLICE_BROKEN;

    page_reply(&scene->watcher, query, &reply);
    if (reply.status == 200)
        do
            outcome = reply.source.next(reply.source.context, &text);
        while (outcome == SLICE_MORE);
    if (reply.source.release)
        reply.source.release(reply.source.context);
    if (outcome == SLICE_LAST && !text_truncated(&text))
        return text.bytes;
    text_free(&text);
    return NULL;
}

static char *render_well(const struct watch_scene *scene, const char *query)
{
    char *page = render(scene, query);

    assert_non_null(page);
    const char *fault = well_formed_fault(page);
    if (fault)
        fail_msg("%s", fault);
    return page;
}

static void require_on(const char *page, const char *format, const char *text)
{
    struct text escaped = TEXT_WITH_LIMIT(65536);
    struct text wanted = TEXT_WITH_LIMIT(65536);
    const char *place = strstr(format, "%s");

    html_text(&escaped, text);
    text_append_bytes(&wanted, format, (size_t)(place - format));
    text_append(&wanted, text_string(&escaped));
    text_append(&wanted, place + 2);
    if (!strstr(page, text_string(&wanted)))
        fail_msg("no \"%s\" on the page:\n%s", text_string(&wanted), page);
    text_free(&escaped);
    text_free(&wanted);
}

static size_t count_of(const char *page, const char *text)
{
    size_t count = 0;

    for (const char *at = strstr(page, text); at; at = strstr(at + 1, text))
        count++;
    return count;
}

static void require_once(const char *page, const char *sentence)
{
    struct text escaped = TEXT_WITH_LIMIT(65536);

    html_text(&escaped, sentence);
    if (count_of(page, text_string(&escaped)) != 1)
        fail_msg("\"%s\" is %zu times on the page", sentence,
                 count_of(page, text_string(&escaped)));
    text_free(&escaped);
}

/* ---- results ---- */

static void shows_everything(const struct scenario *scenario)
{
    struct watch_scene scene;
    char buffer[ADDRESS_TEXT_SIZE];

    watch_scene_open(&scene);
    struct watch *watch = watch_scene_add(&scene, NAME);
    watch_scene_run(watch, scenario, MEASURED);
    const struct diagnosis *diagnosis = watch_diagnosis(watch);
    const struct evidence *evidence = watch_evidence(watch);
    char *page = render_well(&scene, "");
    for (size_t i = 0; i < diagnosis->count; i++) {
        const struct finding *finding = &diagnosis->findings[i];
        bool troubled = finding->severity != SEVERITY_OK;
        require_on(page, "<b><a href=\"/explain/%s\">", cause_name(finding->cause));
        require_on(page, i == 0 && troubled ? "<span class=w>%s</span>" : "<p>%s</p>",
                   finding->summary);
        require_once(page, finding->summary);
        for (size_t n = 0; troubled && n < finding->remedy_count; n++)
            require_on(page, step_is_title(finding->remedy[n]) ? "<p><b>%s</b>" : "<li>%s",
                       finding->remedy[n]);
        for (size_t n = 0; n < finding->evidence_count; n++)
            require_on(page, "<li><code>%s</code>", finding->evidence[n]);
        for (size_t n = 0; troubled && n < finding->pull_error_count; n++)
            require_on(page, "<li><code>%s</code>", finding->pull_errors[n]);
    }
    for (size_t i = 0; i < evidence->path_count; i++)
        require_on(page, "data-c=\"Address\" class=\"p\"><code>%s</code>",
                   address_format(&evidence->paths[i].address, buffer));
    if (evidence->local_error)
        require_on(page, "This machine: %s</p>", evidence->local_error);
    memory_release(page);
    watch_scene_close(&scene);
}

/* An address that cannot be reached is red in the answer that gives it, and one of the wrong class
 * is yellow. */
static void answers_have_the_colour_of_their_addresses(void **state)
{
    const struct scenario answers = {.dns = {POD(GIVES_PUBLIC)},
                                     .paths = {PUBLIC(VIEW_POD, WORKS)}};
    const struct scenario silent = {.dns = {POD(GIVES_PUBLIC)},
                                    .paths = {PUBLIC(VIEW_POD, TCP(TCP_TIMEOUT))}};
    const struct {
        const struct scenario *scenario;
        enum expect expect;
        const char *class;
    } cases[] = {{&answers, EXPECT_ANY, "ok"},
                 {&answers, EXPECT_PRIVATE, "warn"},
                 {&silent, EXPECT_ANY, "fail"},
                 {&silent, EXPECT_PRIVATE, "fail"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct watch_scene scene;
        char cell[64];
        char answer[64];
        watch_scene_open(&scene);
        struct watch *watch = watch_scene_add(&scene, NAME);
        watch_scene_run(watch, cases[i].scenario, MEASURED);
        scene.targets[0].expect = cases[i].expect;
        char *page = render_well(&scene, "");
        snprintf(cell, sizeof(cell), "data-c=\"Answer\" class=\"%s\">", cases[i].class);
        snprintf(answer, sizeof(answer), "<br><span class=%s><code>", cases[i].class);
        if (!strstr(page, cell) || !strstr(page, answer))
            fail_msg("%zu: no %s or no %s: %s", i, cell, answer, page);
        memory_release(page);
        watch_scene_close(&scene);
    }
}

static void every_finding_is_on_the_page(void **state)
{
    (void)state;
    each_scenario(shows_everything);
}

/* Texts that a peer, a resolver or a configuration may have given. */
static void markup_stays_text(void **state)
{
    struct image_evidence image = {
        .reference = MARKUP,
        .outcome = MANIFEST_FOUND,
        .detail = MARKUP,
        .blob = {.outcome = BLOB_OK, .location = MARKUP},
    };
    const struct registry_evidence registry = {
        .auth = {.outcome = AUTH_FAILED, .realm = MARKUP, .reason = MARKUP},
        .image_count = 1,
        .images = &image,
    };
    const struct scenario scenario = {
        .local_error = MARKUP,
        .registry = &registry,
        .dns = {{.name = MARKUP,
                 .outcome = DNS_SERVFAIL,
                 .error = MARKUP,
                 .cname_count = 1,
                 .cnames = {MARKUP}}},
        .paths = {PUBLIC(VIEW_POD | VIEW_LITERAL, .rule = MARKUP, .tcp = {.reason = MARKUP},
                         .tls = {.outcome = TLS_NOT_TLS,
                                 .detail = MARKUP,
                                 .certificate = {.present = true,
                                                 .subject = MARKUP,
                                                 .issuer = MARKUP,
                                                 .not_after = MEASURED}},
                         .api = {.outcome = API_NOT_A_REGISTRY,
                                 .status = 200,
                                 .detail = MARKUP,
                                 .client_address = MARKUP})},
        .controls = {{.endpoint = MARKUP, .outcome = CONTROL_TIMEOUT}},
    };
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    scene.watcher.reload_error = (char[]){MARKUP};
    watch_scene_run(watch_scene_add(&scene, MARKUP), &scenario, MEASURED);
    char *page = render_well(&scene, "target=%3Cscript&refresh=30");
    assert_true(count_of(page, "&lt;script&gt;&#39;alert&#39;&lt;/script&gt;&amp;&quot;??") >= 18);
    require_on(page, "name=target value=\"%s\"", "<script");
    memory_release(page);
    watch_scene_close(&scene);
}

/* ---- which targets ---- */

static const struct scenario works = {.dns = {POD(GIVES_PUBLIC)},
                                      .paths = {PUBLIC(VIEW_POD, WORKS)}};
static const struct scenario fails = {.dns = {POD(GIVES_PUBLIC)},
                                      .paths = {PUBLIC(VIEW_POD, TCP(TCP_TIMEOUT))}};
static const struct scenario warns = {
    .dns = {POD(GIVES_PUBLIC)},
    .paths = {PRIVATE(VIEW_POD, WORKS), PUBLIC(VIEW_POD, TCP(TCP_TIMEOUT))}};

static void queries_choose_and_sort(void **state)
{
    static const struct {
        const char *query;
        const char *names; /* in order, each with a space */
        const char *current;
    } rows[] = {
        {"", "broken new late good ", "<a href=\"/\" aria-current=page>all 4</a>"},
        {"status=fail", "broken ", "status=fail\" aria-current=page>"},
        {"status=unknown", "new ", "status=unknown\" aria-current=page>"},
        {"status=warn", "late ", "status=warn\" aria-current=page>"},
        {"status=ok", "good ", "status=ok\" aria-current=page>"},
        {"status=ok&target=x", "", "status=ok\" aria-current=page>"},
        {"status=loud", "broken new late good ", "<a href=\"/\" aria-current=page>"},
        {"target=OO", "good ", "<a href=\"/\">all 4</a>"},
        {"target=nobody", "", "No target matches"},
    };
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    watch_scene_run(watch_scene_add(&scene, "good"), &works, MEASURED);
    watch_scene_run(watch_scene_add(&scene, "late"), &warns, MEASURED);
    watch_scene_add(&scene, "new");
    watch_scene_run(watch_scene_add(&scene, "broken"), &fails, MEASURED);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static const char mark[] = "<span class=n>";
        char *page = render_well(&scene, rows[i].query);
        struct text names = TEXT_WITH_LIMIT(1024);
        for (const char *at = strstr(page, mark); at; at = strstr(at + 1, mark)) {
            const char *name = at + sizeof(mark) - 1;
            text_append_format(&names, "%.*s ", (int)strcspn(name, "<"), name);
        }
        assert_string_equal(text_string(&names), rows[i].names);
        if (!strstr(page, rows[i].current))
            fail_msg("%s: no %s", rows[i].query, rows[i].current);
        assert_non_null(strstr(page, "<title>1 fail, 1 unknown, 1 warn, 1 ok - tcr-probe"));
        text_free(&names);
        memory_release(page);
    }
    watch_scene_close(&scene);
}

/* A status stays in the filters if the reader looks for it, even if no target has it any more. */
static void the_filter_in_force_is_shown(void **state)
{
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    watch_scene_run(watch_scene_add(&scene, "good"), &works, MEASURED);
    char *page = render_well(&scene, "status=fail");
    assert_non_null(strstr(page, "aria-current=page><span class=s>fail</span> 0</a>"));
    memory_release(page);
    page = render_well(&scene, "");
    assert_null(strstr(page, "?status=fail"));
    memory_release(page);
    watch_scene_close(&scene);
}

static void reloads_within_bounds(void **state)
{
    static const struct {
        const char *query;
        const char *head;
    } rows[] = {
        {"refresh=30", "<meta http-equiv=refresh content=30>"},
        {"refresh=1", "<meta http-equiv=refresh content=5>"},
        {"refresh=99999", "<meta http-equiv=refresh content=3600>"},
        {"refresh=0", NULL},
        {"refresh=soon", NULL},
        {"", "<meta http-equiv=refresh content=30>"},
    };
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *page = render_well(&scene, rows[i].query);
        assert_int_equal(strstr(page, "http-equiv=refresh") != NULL, rows[i].head != NULL);
        if (rows[i].head)
            assert_non_null(strstr(page, rows[i].head));
        memory_release(page);
    }
    watch_scene_close(&scene);
}

/* If there are many targets, the first ones are shown in full and the others as links; they are
 * unfolded only if few fail. */
static void many_targets_are_brief(void **state)
{
    static char names[WATCH_SCENE_MAX][16];
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    for (size_t i = 0; i < PAGE_FULL_TARGETS + 3; i++) {
        snprintf(names[i], sizeof(names[i]), "r %02zu", i);
        watch_scene_run(watch_scene_add(&scene, names[i]), i ? &works : &fails, MEASURED);
    }
    char *page = render_well(&scene, "");
    assert_int_equal(count_of(page, "<details class=\"t fail\" open>"), 1);
    assert_int_equal(count_of(page, " open>"), 1);
    assert_int_equal(count_of(page, "<h3>History</h3>"), PAGE_FULL_TARGETS);
    assert_int_equal(count_of(page, "\">Everything measured</a>"), 3);
    assert_non_null(strstr(page, "<a href=\"/?target=r%2042\">"));
    memory_release(page);
    for (size_t i = 1; i < scene.watcher.count; i++) {
        watch_scene_run(scene.list[i], &fails, MEASURED + 30);
        watch_scene_run(scene.list[i], &fails, MEASURED + 60);
    }
    page = render_well(&scene, "");
    assert_int_equal(count_of(page, " open>"), 0);
    assert_int_equal(count_of(page, "<p>First: "), 3);
    memory_release(page);
    watch_scene_close(&scene);
}

/* ---- history ---- */

static void history_tells_what_was_believed(void **state)
{
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    struct watch *watch = watch_scene_add(&scene, "r");
    watch_scene_run(watch, &works, NOW - 2 * DAY);
    watch_scene_run(watch, &fails, NOW - 7200);
    char *page = render_well(&scene, "");
    assert_non_null(strstr(page, "The last day: ok now, 0 changes\"><rect x=0 width=1440 height=16 "
                                 "class=ok></rect></svg>"));
    assert_non_null(strstr(page, " The last 1 run differs from what is believed."));
    /* If the last run has no words for the believed state, the words of that run come first. */
    assert_non_null(strstr(page, "public_path_blocked</a></b>"));
    memory_release(page);
    scene.settings.failure_threshold = 3;
    watch_scene_run(watch, &fails, NOW - 3630);
    page = render_well(&scene, "");
    assert_non_null(strstr(page, " The last 2 runs differ from what is believed."));
    memory_release(page);
    watch_scene_run(watch, &fails, NOW - 3600);
    page = render_well(&scene, "");
    assert_non_null(strstr(page,
                           "The last day: fail now, 1 change\"><rect x=0 width=1380 height=16 "
                           "class=ok></rect><rect x=1380 width=60 height=16 "
                           "class=fail></rect></svg>"));
    assert_non_null(strstr(page, "viewBox=\"0 0 4 16\" preserveAspectRatio=none role=img "
                                 "aria-label=\"The last 4 runs, oldest first: 3 failed\"><rect x=0 "
                                 "width=1 height=16 class=ok></rect><rect x=1 width=3 height=16 "
                                 "class=fail>"));
    assert_non_null(strstr(page, "public_path_blocked for 1 h, measured "));
    assert_null(strstr(page, "differ"));
    memory_release(page);
    /* Better for ten seconds: shown although the strip has minutes, because it was there. */
    watch_scene_run(watch, &works, NOW - 1800);
    scene.settings.failure_threshold = 1;
    watch_scene_run(watch, &fails, NOW - 1790);
    page = render_well(&scene, "");
    assert_non_null(strstr(page, "fail now, 3 changes"));
    assert_non_null(strstr(page, "<rect x=1410 width=1 height=16 class=ok></rect>"));
    memory_release(page);
    /* The clock was ahead, and has been set back since. */
    watch_scene_run(watch, &works, NOW + 7200);
    page = render_well(&scene, "");
    assert_non_null(strstr(page, "ok_public for 0 s, measured "));
    assert_non_null(strstr(page, "<rect x=1439 width=1 height=16 class=ok></rect></svg>"));
    memory_release(page);
    watch_scene_close(&scene);
}

/* ---- when it cannot be made ---- */

static void a_cut_page_is_none(void **state)
{
    struct watch_scene scene;
    unsigned long failing;
    bool failed = true;

    (void)state;
    watch_scene_open(&scene);
    watch_scene_run(watch_scene_add(&scene, "r"), &fails, MEASURED);
    char *whole = render_well(&scene, "");
    for (failing = 1; failed; failing++) {
        fault_begin(failing);
        char *page = render(&scene, "");
        failed = fault_end();
        assert_int_equal(page == NULL, failed);
        if (page)
            assert_string_equal(page, whole);
        memory_release(page);
    }
    assert_true(failing > 5);
    memory_release(whole);
    watch_scene_close(&scene);
}

static unsigned long allocations;
static unsigned long period;

static int fail_often(void)
{
    return ++allocations % period == 0;
}

/* Each request may find other words for a run, or none. */
static void shortage_that_lasts_is_survived(void **state)
{
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    struct watch *watch = watch_scene_add(&scene, "r");
    watch_scene_run(watch, &fails, MEASURED);
    for (period = 1; period < 300; period++)
        for (int detail = PAGE_BRIEF; detail <= PAGE_OPEN; detail++) {
            struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
            watch->runs++; /* nobody has looked yet */
            allocations = 0;
            memory_set_fault(fail_often);
            page_target(&text, watch, (enum page_detail)detail, NOW);
            memory_set_fault(NULL);
            text_free(&text);
        }
    watch_scene_close(&scene);
}

/* Other settings came between two slices. */
static void another_list_of_targets_breaks_it_off(void **state)
{
    struct http_server_reply reply = {.status = 200};
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    page_reply(&scene.watcher, "", &reply);
    scene.watcher.generation++;
    assert_int_equal(reply.source.next(reply.source.context, &text), SLICE_BROKEN);
    reply.source.release(reply.source.context);
    assert_null(text.bytes);
    watch_scene_close(&scene);
}

static int set_up(void **state)
{
    (void)state;
    clock_replace(&fake_clock);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_have_the_colour_of_their_addresses),
        cmocka_unit_test(every_finding_is_on_the_page),
        cmocka_unit_test(markup_stays_text),
        cmocka_unit_test(queries_choose_and_sort),
        cmocka_unit_test(the_filter_in_force_is_shown),
        cmocka_unit_test(reloads_within_bounds),
        cmocka_unit_test(many_targets_are_brief),
        cmocka_unit_test(history_tells_what_was_believed),
        cmocka_unit_test(a_cut_page_is_none),
        cmocka_unit_test(shortage_that_lasts_is_survived),
        cmocka_unit_test(another_list_of_targets_breaks_it_off),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
