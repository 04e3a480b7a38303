/* SPDX-License-Identifier: MIT */
#include "daemon/system/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_DATAGRAM 1024

void notify_open(struct notify *notify)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;

    notify->fd = -1;
    if (length < 2 || length >= sizeof(address.sun_path) || !strchr("/@", *path))
        return;
    memcpy(address.sun_path, path, length);
    if (*path == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, size)) {
        close(fd);
        fd = -1;
    }
    notify->fd = fd;
}

void notify_close(struct notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}

void notify_send(const struct notify *notify, const char *format, ...)
{
    char datagram[MAX_DATAGRAM];
    va_list arguments;

    if (notify->fd < 0)
        return;
    va_start(arguments, format);
    int length = vsnprintf(datagram, sizeof(datagram), format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof(datagram))
        length = sizeof(datagram) - 1;
    if (length > 0)
        (void)!send(notify->fd, datagram, (size_t)length, MSG_NOSIGNAL);
}

usec_t notify_watchdog_interval(void)
{
    const char *interval = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    unsigned long long usec = interval ? strtoull(interval, NULL, 10) : 0;

    if (pid && strtol(pid, NULL, 10) != (long)getpid())
        return 0;
    return usec / 2;
}
