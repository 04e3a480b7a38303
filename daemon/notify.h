#pragma once

/*
 * systemd's notification protocol, sd_notify(3): one datagram of VARIABLE=VALUE lines to the socket
 * that NOTIFY_SOCKET names, a path or, with "@", an abstract name. Everything is a no-op where
 * there is no such socket.
 */

#include "config/base/clock.h"

struct notify {
    int fd; /* -1: nobody listens */
};

/* Connects to NOTIFY_SOCKET of the environment. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* One datagram; a full queue loses it rather than holding the loop up. */
void notify_send(const struct notify *notify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* How often WATCHDOG=1 must come: half of WATCHDOG_USEC; 0 when nobody asks this process for it. */
usec_t notify_watchdog_interval(void);
