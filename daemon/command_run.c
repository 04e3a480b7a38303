/* run: the daemon. Probes every target on its schedule, logs changes, answers the status endpoint.
 */

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "config/base/text.h"
#include "daemon/command.h"
#include "daemon/endpoint.h"
#include "daemon/http_server.h"
#include "daemon/log.h"
#include "daemon/watcher.h"

#define LIST_LIMIT 1024
#define ERROR_SIZE 256

static const int signals[] = {SIGTERM, SIGINT};
#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))

struct daemon {
    struct event_base *base;
    struct watcher *watcher;
    struct http_server *server;
    struct status_endpoint endpoint;
    struct event *stops[SIGNAL_COUNT];
};

static void stop(int number, short what, void *context)
{
    struct daemon *daemon = context;

    (void)what;
    LOG(LOG_LEVEL_INFO, "stopping", {"signal", number == SIGTERM ? "TERM" : "INT"});
    event_base_loopbreak(daemon->base);
}

static int catch_signals(struct daemon *daemon)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        daemon->stops[i] = evsignal_new(daemon->base, signals[i], stop, daemon);
        if (!daemon->stops[i] || event_add(daemon->stops[i], NULL))
            return -1;
    }
    return 0;
}

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
    struct text targets = TEXT_WITH_LIMIT(LIST_LIMIT);
    struct text resolvers = TEXT_WITH_LIMIT(LIST_LIMIT);
    char listen[ENDPOINT_TEXT_SIZE];
    char count[16];

    snprintf(count, sizeof(count), "%zu", settings->target_count);
    list_targets(settings, &targets);
    list_resolvers(daemon->watcher, &resolvers);
    LOG(LOG_LEVEL_INFO, "started", {"version", TCRPROBE_VERSION},
        {"listen", endpoint_format(bound, listen)}, {"target_count", count},
        {"targets", text_string(&targets)}, {"resolvers", text_string(&resolvers)});
    text_free(&targets);
    text_free(&resolvers);
}

/* 0, or -1 after a line in the log that says what could not be had. */
static int start_daemon(struct daemon *daemon, struct settings *settings)
{
    char error[ERROR_SIZE] = "";
    struct endpoint bound = settings->listen;

    daemon->base = event_base_new();
    if (daemon->base && !catch_signals(daemon))
        daemon->watcher = watcher_new(daemon->base, settings);
    if (!daemon->watcher) {
        LOG(LOG_LEVEL_ERROR, "not enough memory or descriptors to start",
            {"error", strerror(errno)});
        return -1;
    }
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
    log_start(daemon, settings, &bound);
    return 0;
}

static void free_daemon(struct daemon *daemon)
{
    http_server_free(daemon->server);
    watcher_free(daemon->watcher);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (daemon->stops[i])
            event_free(daemon->stops[i]);
    if (daemon->base)
        event_base_free(daemon->base);
}

int command_run(struct settings *settings)
{
    struct daemon daemon = {0};
    int status = COMMAND_STATUS_UNKNOWN;

    log_configure(settings->log_level, settings->log_format);
    if (!start_daemon(&daemon, settings)) {
        event_base_dispatch(daemon.base);
        status = COMMAND_STATUS_OK;
    }
    free_daemon(&daemon);
    return status;
}
