/* SPDX-License-Identifier: MIT */
#include "daemon/commands/reload.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "daemon/system/log.h"
#include "daemon/system/secrecy.h"

#define SETTLE        (100 * USEC_PER_MSEC) /* without changes before the file is read */
#define POLL_INTERVAL (10 * USEC_PER_SEC)   /* if the kernel does not report changes */
#define RETRY         (2 * USEC_PER_SEC)    /* if memory or a file was missing */
#define NEXT_LOOK     (10 * USEC_PER_MSEC)
#define MAX_FILE      ((size_t)16 * 1024 * 1024)
#define ERROR_LIMIT   4096
#define WATCHED       (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF)

struct reload {
    struct reload_options options;
    int fd; /* inotify; -1: polling */
    struct event *changed;
    struct event *settled;
    struct event *waiting;
    bool again;       /* load at the next look, even if unchanged */
    uint64_t content; /* a hash of the file as last seen */
    uint64_t failed;  /* the content that could not be loaded */
    char error[ERROR_LIMIT +
               1]; /* of the last reload that failed; here, so that it needs no memory */
};

static const char no_memory[] = "out of memory";

/* ---- has the file changed? ---- */

/* Returns a hash (FNV-1a) of the file's content; 0 if it cannot be read, which is a change too. */
static uint64_t hash_file(const char *path)
{
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1; /* it may be a FIFO now */
    uint64_t hash = 1469598103934665603ULL;
    unsigned char bytes[16384];
    ssize_t count = 0;

    if (fd < 0)
        return 0;
    for (size_t total = 0; total < MAX_FILE && (count = read(fd, bytes, sizeof(bytes))) > 0;
         total += (size_t)count)
        for (ssize_t i = 0; i < count; i++)
            hash = (hash ^ bytes[i]) * 1099511628211ULL;
    close(fd);
    return count < 0 ? 0 : hash;
}

/* Watches the folder of `path`, because a replaced file is a new one and the folder stays. */
static bool watch_folder(int fd, const char *path)
{
    char copy[PATH_MAX];

    if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
        return false;
    return inotify_add_watch(fd, dirname(copy), WATCHED) >= 0;
}

/* Watches the folder of the path, and the folder of the file behind its links. Call again after
 * every change, because the links may lead elsewhere. */
static bool watch_folders(const struct reload *reload)
{
    const char *path = reload->options.invocation->config_file;
    char *behind = realpath(path, NULL);
    bool watched = watch_folder(reload->fd, path) && (!behind || watch_folder(reload->fd, behind));

    free(behind);
    return watched;
}

static void wait_until_settled(struct reload *reload, usec_t wait)
{
    struct timeval timer = clock_timeval(wait);

    event_add(reload->settled, &timer);
}

static void changed(int fd, short what, void *context)
{
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

    (void)what;
    while (read(fd, events, sizeof(events)) > 0)
        continue; /* any event is a reason to look at the file */
    wait_until_settled(context, SETTLE);
}

static void settled(int fd, short what, void *context)
{
    struct reload *reload = context;

    (void)fd;
    (void)what;
    const char *path = reload->options.invocation->config_file;
    if (reload->again || hash_file(path) != reload->content)
        reload_soon(reload);
    if (path && (reload->fd < 0 || !watch_folders(reload)))
        wait_until_settled(reload, POLL_INTERVAL);
}

/* ---- loading ---- */

/* Joins the errors into one line. */
static void join_errors(const struct config_errors *errors, struct text *text)
{
    for (size_t i = 0; i < errors->count && i < CONFIG_MAX_ERRORS; i++)
        text_append_format(text, "%s%s", i ? "; " : "",
                           errors->messages[i] ? errors->messages[i] : no_memory);
}

/* An error is logged once for each content of the file, whether the file's change or a signal led
 * here, or both did. */
static void keep_old(struct reload *reload, const char *error)
{
    struct watcher *watcher = reload->options.watcher;
    bool same = watcher->reload_error && reload->content == reload->failed &&
                strncmp(reload->error, error, ERROR_LIMIT) == 0;

    snprintf(reload->error, sizeof(reload->error), "%s", *error ? error : no_memory);
    watcher->reload_error = reload->error;
    reload->failed = reload->content;
    if (same && !reload->again)
        LOG(LOG_LEVEL_INFO, "configuration not reloaded: the file is the same as before",
            {"file", watcher->settings->config_file});
    if (same)
        return;
    LOG(LOG_LEVEL_ERROR, "configuration not reloaded: the one before stays in force",
        {"file", watcher->settings->config_file}, {"error", reload->error});
}

static void log_counts(const struct settings *settings, const struct watcher_changes *changes)
{
    char texts[4][16];
    const size_t counts[4] = {settings->target_count, changes->added, changes->changed,
                              changes->removed};

    for (size_t i = 0; i < 4; i++)
        snprintf(texts[i], sizeof(texts[i]), "%zu", counts[i]);
    LOG(LOG_LEVEL_INFO, "configuration reloaded", {"file", settings->config_file},
        {"target_count", texts[0]}, {"added", texts[1]}, {"changed", texts[2]},
        {"removed", texts[3]});
}

static void take_over(struct reload *reload, struct settings *settings)
{
    struct watcher *watcher = reload->options.watcher;
    const struct endpoint listen = watcher->settings->listen;
    struct watcher_changes changes;
    char text[ENDPOINT_TEXT_SIZE];

    secrecy_keep(settings);
    if (watcher_reload(watcher, settings, &changes)) {
        keep_old(reload, no_memory);
        return;
    }
    http_server_allow(reload->options.server, settings->allowed_hosts,
                      settings->allowed_host_count);
    log_configure(settings->log_level, settings->log_format);
    watcher->reload_error = NULL;
    log_counts(settings, &changes);
    if (!endpoint_equal(&listen, &settings->listen))
        LOG(LOG_LEVEL_WARN, "listen takes effect after a restart only",
            {"listen", endpoint_format(&settings->listen, text)});
}

static void load(struct reload *reload)
{
    const struct invocation *invocation = reload->options.invocation;
    struct invocation again = {0};
    struct config_errors errors = {0};
    struct settings *settings = NULL;
    uint64_t failures = memory_failures();

    notify_send(reload->options.notify, "RELOADING=1\nMONOTONIC_USEC=%llu",
                (unsigned long long)clock_monotonic());
    reload->content = hash_file(invocation->config_file);
    if (settings_load(invocation->argc, invocation->argv, invocation->environment, &again,
                      &settings, &errors)) {
        char room[ERROR_LIMIT + 1] = "";
        struct text text = TEXT_IN(room);
        join_errors(&errors, &text);
        keep_old(reload, text_string(&text));
    } else {
        take_over(reload, settings);
    }
    settings_release(settings);
    /* Retry after a shortage, because no change of the file will follow. */
    reload->again =
        reload->options.watcher->reload_error && (memory_failures() != failures || errors.unread);
    if (reload->again)
        wait_until_settled(reload, RETRY);
    config_errors_free(&errors);
    notify_send(reload->options.notify, "READY=1");
    reload->options.done(reload->options.context);
}

/* A new list of targets would cut off replies that have begun. Each of them ends within its
 * deadline, and no other begins until the settings are loaded. */
static void load_between_replies(int fd, short what, void *context)
{
    static const struct timeval wait = {.tv_usec = NEXT_LOOK};
    struct reload *reload = context;

    (void)fd;
    (void)what;
    if (http_server_replying(reload->options.server) && event_add(reload->waiting, &wait) == 0)
        return;
    load(reload);
    http_server_pause(reload->options.server, false);
}

void reload_soon(struct reload *reload)
{
    if (event_pending(reload->waiting, EV_TIMEOUT, NULL))
        return;
    http_server_pause(reload->options.server, true);
    load_between_replies(-1, 0, reload);
}

/* ---- start and end ---- */

struct reload *reload_start(const struct reload_options *options)
{
    struct reload *reload = memory_allocate(sizeof(*reload));

    if (!reload)
        return NULL;
    reload->options = *options;
    reload->fd = -1;
    reload->settled = event_new(options->base, -1, 0, settled, reload);
    reload->waiting = event_new(options->base, -1, 0, load_between_replies, reload);
    if (!reload->settled || !reload->waiting) {
        reload_free(reload);
        return NULL;
    }
    if (!options->invocation->config_file)
        return reload;
    reload->content = hash_file(options->invocation->config_file);
    reload->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (reload->fd >= 0)
        reload->changed =
            event_new(options->base, reload->fd, EV_READ | EV_PERSIST, changed, reload);
    if (!reload->changed || event_add(reload->changed, NULL) || !watch_folders(reload)) {
        LOG(LOG_LEVEL_WARN, "changes of the configuration file are looked for every 10 s only",
            {"error", strerror(errno)});
        wait_until_settled(reload, POLL_INTERVAL);
    }
    return reload;
}

void reload_free(struct reload *reload)
{
    if (!reload)
        return;
    if (reload->changed)
        event_free(reload->changed);
    if (reload->settled)
        event_free(reload->settled);
    if (reload->waiting)
        event_free(reload->waiting);
    if (reload->fd >= 0)
        close(reload->fd);
    reload->options.watcher->reload_error = NULL; /* it was borrowed from this object */
    memory_release(reload);
}
