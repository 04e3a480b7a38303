/* SPDX-License-Identifier: MIT */
/* run: the daemon. Probes every target on its schedule, logs changes, serves the status endpoint.
 */

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "config/base/text.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/reload.h"
#include "daemon/endpoint/endpoint.h"
#include "daemon/endpoint/http_server.h"
#include "daemon/system/confine.h"
#include "daemon/system/log.h"
#include "daemon/system/notify.h"
#include "daemon/watch/summary.h"
#include "daemon/watch/watcher.h"
#include "probes/libraries.h"

#define SIGNAL_COUNT 4
#define LIST_LIMIT   1024
#define ERROR_SIZE   256

#define SUMMARY_INTERVAL (3600 * USEC_PER_SEC)
#define STATUS_DELAY     (100 * USEC_PER_MSEC) /* so that many changes make one datagram */
#define STATUS_LIMIT     400

/* Signals come first, then all other events, then the work that clients of the endpoint cause. */
#define PRIORITY_SIGNAL 0
#define PRIORITY_COUNT  3

struct daemon {
    struct event_base *base;
    struct watcher *watcher;
    struct http_server *server;
    struct status_endpoint endpoint;
    struct reload *reload;
    struct notify notify;
    struct summary summary; /* the one that was logged last */
    struct event *signals[SIGNAL_COUNT];
    struct event *watchdog;
    struct event *status; /* sends a status line to systemd */
    struct event *hour;
};

/* ---- signals ---- */

static void stop_daemon(int number, short what, void *context)
{
    struct daemon *daemon = context;

    (void)what;
    notify_send(&daemon->notify, "STOPPING=1");
    LOG(LOG_LEVEL_INFO, "stopping", {"signal", number == SIGTERM ? "TERM" : "INT"});
    event_base_loopbreak(daemon->base);
}

static void hang_up(int number, short what, void *context)
{
    struct daemon *daemon = context;

    (void)number;
    (void)what;
    reload_soon(daemon->reload);
}

static void probe_all(int number, short what, void *context)
{
    struct daemon *daemon = context;

    (void)number;
    (void)what;
    LOG(LOG_LEVEL_INFO, "probing now", {"signal", "USR1"});
    for (size_t i = 0; i < daemon->watcher->count; i++)
        watcher_probe_now(daemon->watcher->watches[i]);
}

static int catch_signals(struct daemon *daemon)
{
    static const struct {
        int number;
        event_callback_fn caught;
    } table[SIGNAL_COUNT] = {
        {SIGTERM, stop_daemon}, {SIGINT, stop_daemon}, {SIGHUP, hang_up}, {SIGUSR1, probe_all}};

    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        daemon->signals[i] = evsignal_new(daemon->base, table[i].number, table[i].caught, daemon);
        if (!daemon->signals[i] || event_priority_set(daemon->signals[i], PRIORITY_SIGNAL) ||
            event_add(daemon->signals[i], NULL))
            return -1;
    }
    return 0;
}

/* ---- messages to systemd and to the log ---- */

static void keep_alive(int fd, short what, void *context)
{
    struct daemon *daemon = context;

    (void)fd;
    (void)what;
    notify_send(&daemon->notify, "WATCHDOG=1");
}

static void tell_status(int fd, short what, void *context)
{
    struct daemon *daemon = context;
    char room[STATUS_LIMIT + 1] = "";
    struct text line = TEXT_IN(room);

    (void)fd;
    (void)what;
    summary_line(daemon->watcher, &line);
    notify_send(&daemon->notify, "STATUS=%s", text_string(&line));
}

static void something_changed(void *context)
{
    struct daemon *daemon = context;
    struct timeval wait = clock_timeval(STATUS_DELAY);

    if (!event_pending(daemon->status, EV_TIMEOUT, NULL))
        event_add(daemon->status, &wait);
}

static void summarize(int fd, short what, void *context)
{
    struct daemon *daemon = context;

    (void)fd;
    (void)what;
    summary_log(daemon->watcher, &daemon->summary);
}

static int start_timers(struct daemon *daemon)
{
    usec_t interval = notify_watchdog_interval();
    struct timeval watchdog = clock_timeval(interval);
    struct timeval hour = clock_timeval(SUMMARY_INTERVAL);

    daemon->watchdog = event_new(daemon->base, -1, EV_PERSIST, keep_alive, daemon);
    daemon->status = event_new(daemon->base, -1, 0, tell_status, daemon);
    daemon->hour = event_new(daemon->base, -1, EV_PERSIST, summarize, daemon);
    if (!daemon->watchdog || !daemon->status || !daemon->hour || event_add(daemon->hour, &hour))
        return -1;
    return interval ? event_add(daemon->watchdog, &watchdog) : 0;
}

/* ---- start and end ---- */

static void list_targets(const struct settings *settings, struct text *text)
{
    for (size_t i = 0; i < settings->target_count && !text_truncated(text); i++)
        text_append_format(text, "%s%s", i ? "," : "", settings->targets[i].name);
}

static void list_resolvers(struct watcher *watcher, struct text *text)
{
    const struct network_settings *network = &watcher->settings->network;
    struct endpoint system[SETTINGS_MAX_RESOLVERS];
    const struct endpoint *pod = network->pod_resolvers;
    size_t count = network->pod_resolver_count;
    char buffer[ENDPOINT_TEXT_SIZE];

    if (!count) {
        count = probe_environment_system_resolvers(watcher->environment, system);
        pod = system;
    }
    for (size_t i = 0; i < count; i++)
        text_append_format(text, "%spod:%s", text->length ? "," : "",
                           endpoint_format(&pod[i], buffer));
    for (size_t i = 0; i < network->host_resolver_count; i++)
        text_append_format(text, "%shost:%s", text->length ? "," : "",
                           endpoint_format(&network->host_resolvers[i], buffer));
}

static void log_start(struct daemon *daemon, const struct settings *settings,
                      const struct endpoint *bound)
{
    char room[2][LIST_LIMIT + 1] = {"", ""};
    struct text targets = TEXT_IN(room[0]);
    struct text resolvers = TEXT_IN(room[1]);
    char listen[ENDPOINT_TEXT_SIZE];
    char count[16];

    snprintf(count, sizeof(count), "%zu", settings->target_count);
    list_targets(settings, &targets);
    list_resolvers(daemon->watcher, &resolvers);
    LOG(LOG_LEVEL_INFO, "started", {"version", TCRPROBE_VERSION},
        {"listen", endpoint_format(bound, listen)}, {"target_count", count},
        {"targets", text_string(&targets)}, {"resolvers", text_string(&resolvers)});
}

static int start_reload(struct daemon *daemon, const struct invocation *invocation)
{
    const struct reload_options options = {
        .base = daemon->base,
        .invocation = invocation,
        .watcher = daemon->watcher,
        .server = daemon->server,
        .notify = &daemon->notify,
        .done = something_changed,
        .context = daemon,
    };

    daemon->reload = reload_start(&options);
    return daemon->reload ? 0 : -1;
}

/* Returns 0, or -1 after a log line about the reason. */
static int start_daemon(struct daemon *daemon, const struct invocation *invocation,
                        struct settings *settings)
{
    char error[ERROR_SIZE] = "";
    struct endpoint bound = settings->listen;

    daemon->base = libraries_new_loop();
    if (daemon->base && !event_base_priority_init(daemon->base, PRIORITY_COUNT) &&
        !catch_signals(daemon) && !start_timers(daemon)) {
        log_attach(daemon->base);
        daemon->watcher = watcher_new(daemon->base, settings);
    }
    if (!daemon->watcher) {
        LOG(LOG_LEVEL_ERROR, "not enough memory or descriptors to start",
            {"error", strerror(errno)});
        return -1;
    }
    daemon->watcher->changed = something_changed;
    daemon->watcher->changed_context = daemon;
    daemon->endpoint.watcher = daemon->watcher;
    const struct http_server_options options = {
        .listen = settings->listen,
        .allowed_hosts = settings->allowed_hosts,
        .allowed_host_count = settings->allowed_host_count,
        .handler = endpoint_handle,
        .context = &daemon->endpoint,
    };
    daemon->server = http_server_start(daemon->base, &options, &bound, error, sizeof(error));
    if (!daemon->server) {
        LOG(LOG_LEVEL_ERROR, "the status endpoint cannot listen", {"error", error});
        return -1;
    }
    if (start_reload(daemon, invocation)) {
        LOG(LOG_LEVEL_ERROR, "not enough memory or descriptors to start",
            {"error", strerror(errno)});
        return -1;
    }
    log_start(daemon, settings, &bound);
    LOG(LOG_LEVEL_DEBUG, "confined", {"how", confinement_name(confine())});
    notify_send(&daemon->notify, "READY=1");
    something_changed(daemon);
    return 0;
}

static void free_daemon(struct daemon *daemon)
{
    struct event *const timers[] = {daemon->watchdog, daemon->status, daemon->hour};

    reload_free(daemon->reload);
    http_server_free(daemon->server);
    watcher_free(daemon->watcher);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (daemon->signals[i])
            event_free(daemon->signals[i]);
    for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
        if (timers[i])
            event_free(timers[i]);
    log_detach();
    if (daemon->base)
        event_base_free(daemon->base);
    notify_close(&daemon->notify);
}

int command_run(const struct invocation *invocation, struct settings *settings)
{
    struct daemon daemon = {0};
    int status = COMMAND_STATUS_UNKNOWN;

    log_detect_journal();
    log_configure(settings->log_level, settings->log_format);
    notify_open(&daemon.notify);
    if (!start_daemon(&daemon, invocation, settings)) {
        if (event_base_dispatch(daemon.base) < 0)
            LOG(LOG_LEVEL_ERROR, "the event loop failed", {"error", strerror(errno)});
        else
            status = COMMAND_STATUS_OK;
    }
    free_daemon(&daemon);
    return status;
}
