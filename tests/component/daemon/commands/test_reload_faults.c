/* SPDX-License-Identifier: MIT */
/* Reloads while one allocation after the other fails. Either the new settings are in force, or the
 * old ones are and the log says why. There is no state between, and nothing leaks. */

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/base/memory.h"
#include "daemon/commands/reload.h"
#include "probes/libraries.h"
#include "tests/component/probes/run/call_faults.h"
#include "tests/support.h"

#define GOOD "resolvers: {pod: ['127.0.0.1:1']}\ntargets: [a.example, b.example]\n"
#define NEWS "resolvers: {pod: ['127.0.0.1:1']}\ntargets: [b.example, c.example, d.example]\n"
#define BAD  "timeout: soon\ntargets: [{registry: acme-prod, expct: any}]\n"

struct scene {
    char path[32];
    struct invocation invocation;
    struct event_base *base;
    struct watcher *watcher;
    struct http_server *server;
    struct notify notify;
    struct reload *reload;
    unsigned ended; /* reloads */
};

static unsigned long failing; /* the allocation that fails; 0: none */

static void write_file(const struct scene *scene, const char *content)
{
    int fd = open(scene->path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static void refuse(const struct http_server_request *request, struct http_server_reply *reply,
                   void *context)
{
    (void)request;
    (void)context;
    reply->status = 404;
}

static void done(void *context)
{
    struct scene *scene = context;

    scene->ended++;
}

static void open_scene(struct scene *scene)
{
    struct http_server_options options = {.handler = refuse};
    struct config_errors errors = {0};
    struct settings *settings = NULL;
    struct endpoint bound;
    char error[256];

    static char words[3][16] = {"tcr-probe", "run", "--config"};
    static char *arguments[] = {words[0], words[1], words[2], NULL, NULL};

    *scene = (struct scene){.path = "/tmp/tcr-probe-test.XXXXXX", .notify = {.fd = -1}};
    close(mkstemp(scene->path));
    write_file(scene, GOOD);
    arguments[3] = scene->path;
    assert_int_equal(settings_load(4, arguments, NULL, &scene->invocation, &settings, &errors), 0);
    scene->base = libraries_new_loop();
    scene->watcher = watcher_new(scene->base, settings);
    settings_release(settings);
    assert_true(endpoint_parse("127.0.0.1:0", 0, &options.listen));
    scene->server = http_server_start(scene->base, &options, &bound, error, sizeof(error));
    assert_true(scene->watcher && scene->server);
    scene->reload =
        reload_start(&(struct reload_options){scene->base, &scene->invocation, scene->watcher,
                                              scene->server, &scene->notify, done, scene});
    assert_non_null(scene->reload);
}

static void close_scene(struct scene *scene)
{
    reload_free(scene->reload);
    http_server_free(scene->server);
    watcher_free(scene->watcher);
    event_base_free(scene->base);
    unlink(scene->path);
}

/* Reloads that file without its log lines. Returns true if an allocation failed. */
static bool reload(struct scene *scene, const char *content)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int kept = dup(STDERR_FILENO);
    unsigned ended = scene->ended;

    write_file(scene, content);
    dup2(nowhere, STDERR_FILENO);
    fault_begin(failing);
    reload_soon(scene->reload);
    bool failed = fault_end();
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(nowhere);
    assert_int_equal(scene->ended, ended + 1);
    return failed;
}

static void settings_that_do_not_load_are_told(void **state)
{
    struct scene scene;
    bool failed = true;

    (void)state;
    open_scene(&scene);
    for (unsigned long next = 1; failed; next++) {
        failing = 0;
        assert_false(reload(&scene, GOOD));
        assert_null(scene.watcher->reload_error);
        const struct settings *before = scene.watcher->settings;
        failing = next;
        failed = reload(&scene, BAD);
        assert_ptr_equal(scene.watcher->settings, before);
        const char *error = scene.watcher->reload_error ? scene.watcher->reload_error : "";
        if (!*error || strstr(error, "(null)"))
            fail_msg("allocation %lu: %s", next, error);
        if (!failed)
            assert_non_null(strstr(error, "did you mean expect?"));
    }
    assert_true(failing > 5);
    close_scene(&scene);
}

static void settings_are_taken_over_or_not(void **state)
{
    struct scene scene;
    bool failed = true;

    (void)state;
    open_scene(&scene);
    for (unsigned long next = 1; failed; next++) {
        failing = 0;
        assert_false(reload(&scene, GOOD));
        const struct settings *before = scene.watcher->settings;
        failing = next;
        failed = reload(&scene, NEWS);
        bool taken = scene.watcher->settings != before;
        assert_true(taken || failed);
        assert_int_equal(scene.watcher->reload_error == NULL, taken);
        assert_int_equal(scene.watcher->count, taken ? 3 : 2);
        assert_int_equal(watcher_find(scene.watcher, "a.example") == NULL, taken);
        assert_non_null(watcher_find(scene.watcher, "b.example"));
    }
    assert_true(failing > 20);
    close_scene(&scene);
}

static int fail_always(void)
{
    return 1;
}

/* Turns the loop until the last reload has failed, or has not. */
static void await_reload(const struct scene *scene, bool failed)
{
    const struct timeval patience = {20, 0};

    event_base_loopexit(scene->base, &patience);
    while (!scene->watcher->reload_error == failed && !event_base_got_exit(scene->base))
        event_base_loop(scene->base, EVLOOP_ONCE);
    assert_int_equal(scene->watcher->reload_error != NULL, failed);
    assert_int_equal(watcher_find(scene->watcher, "d.example") == NULL, failed);
}

/* A change of the file that is noticed while something is short is taken over when it is there
 * again, though nothing tells of the file any more. */
static void what_was_short_is_tried_again(void **state)
{
    struct rlimit usual;
    struct scene scene;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    const struct rlimit none = {0, usual.rlim_max};
    for (unsigned memory = 0; memory < 2; memory++) {
        open_scene(&scene);
        write_file(&scene, NEWS);
        if (memory)
            memory_set_fault(fail_always);
        else
            assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        await_reload(&scene, true);
        memory_set_fault(NULL);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
        assert_non_null(
            strstr(scene.watcher->reload_error, memory ? "memory" : "Too many open files"));
        await_reload(&scene, false);
        close_scene(&scene);
    }
}

/* A reload opens the file twice: to see if it has changed, and to load it. */
static void a_file_that_does_not_open_once_is_loaded_later(void **state)
{
    struct scene scene;

    (void)state;
    for (unsigned skipped = 0; skipped < 2; skipped++) {
        open_scene(&scene);
        *call_faults =
            (struct call_faults){.call = CALL_OPEN,
                                 .error = EMFILE,
                                 .from = 3 + skipped, /* after those of reload() itself */
                                 .until = 4 + skipped};
        failing = 0;
        reload(&scene, NEWS);
        call_faults->error = 0;
        assert_int_equal(call_faults->injected, 1);
        await_reload(&scene, false);
        close_scene(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_do_not_load_are_told),
        cmocka_unit_test(settings_are_taken_over_or_not),
        cmocka_unit_test(what_was_short_is_tried_again),
        cmocka_unit_test(a_file_that_does_not_open_once_is_loaded_later),
    };

    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
