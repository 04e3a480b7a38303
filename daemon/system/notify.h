/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The notification protocol of systemd, sd_notify(3): each message is a datagram of VARIABLE=VALUE
 * lines to the socket in NOTIFY_SOCKET, a path or, after "@", an abstract name. All functions do
 * nothing if there is no such socket.
 */

#include "config/base/clock.h"

struct notify {
    int fd; /* -1: there is no socket */
};

/* Connects to NOTIFY_SOCKET of the environment. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* Sends one datagram. It is lost if the queue is full, since the loop must not wait. */
void notify_send(const struct notify *notify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The interval of WATCHDOG=1: half of WATCHDOG_USEC; 0 if systemd does not ask this process. */
usec_t notify_watchdog_interval(void);
