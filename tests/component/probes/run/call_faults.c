/* SPDX-License-Identifier: MIT */
#include "tests/component/probes/run/call_faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static struct call_faults own;
struct call_faults *call_faults = &own;

const char *call_name(enum call call)
{
    static const char *const names[] = {
        "socket", "connect",      "setsockopt", "getsockopt", "send",    "recv", "read",
        "write",  "epoll_create", "epoll_ctl",  "epoll_wait", "entropy", "open", "accept",
    };

    return names[call];
}

__attribute__((constructor)) static void map_orders(void)
{
    const char *path = getenv("CALL_FAULTS");
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    void *mapped = mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED)
        call_faults = mapped;
    close(fd);
}

/* True if this call fails. errno is then set, unless the call is only cut short. */
static bool fails(enum call call, bool *ret_short)
{
    struct call_faults *faults = call_faults;
    uint64_t number = __atomic_add_fetch(&faults->counts[call], 1, __ATOMIC_SEQ_CST);
    int error = __atomic_load_n(&faults->error, __ATOMIC_SEQ_CST);

    if (!error || faults->call != call || number < faults->from || number >= faults->until)
        return false;
    __atomic_add_fetch(&faults->injected, 1, __ATOMIC_SEQ_CST);
    if (error == FAULT_SHORT) {
        if (ret_short)
            *ret_short = true;
        return false;
    }
    errno = error;
    return true;
}

static size_t shortened(bool is_short, size_t size)
{
    return is_short && size > 1 ? 1 : size;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): glibc's are reserved names */

/* ---- sockets ---- */

EXPORT int socket(int domain, int type, int protocol)
{
    return fails(CALL_SOCKET, NULL) ? -1 : (int)syscall(SYS_socket, domain, type, protocol);
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    if (!fails(CALL_CONNECT, NULL))
        return (int)syscall(SYS_connect, fd, address, length);
    int error = errno;
    if (error == EINTR) /* which goes on by itself */
        (void)syscall(SYS_connect, fd, address, length);
    errno = error;
    return -1;
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    return fails(CALL_SETSOCKOPT, NULL)
               ? -1
               : (int)syscall(SYS_setsockopt, fd, level, name, value, length);
}

EXPORT int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
    return fails(CALL_GETSOCKOPT, NULL)
               ? -1
               : (int)syscall(SYS_getsockopt, fd, level, name, value, length);
}

EXPORT int accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return fails(CALL_ACCEPT, NULL) ? -1 : (int)syscall(SYS_accept4, fd, address, length, 0);
}

EXPORT int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    return fails(CALL_ACCEPT, NULL) ? -1 : (int)syscall(SYS_accept4, fd, address, length, flags);
}

EXPORT ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    bool is_short = false;

    if (fails(CALL_SEND, &is_short))
        return -1;
    return syscall(SYS_sendto, fd, bytes, shortened(is_short, size), flags, NULL, 0);
}

/* A datagram is sent whole or not at all. */
EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    return fails(CALL_SEND, NULL) ? -1 : syscall(SYS_sendmsg, fd, message, flags);
}

EXPORT ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    bool is_short = false;

    if (fails(CALL_RECV, &is_short))
        return -1;
    return syscall(SYS_recvfrom, fd, bytes, shortened(is_short, size), flags, NULL, NULL);
}

EXPORT ssize_t recvfrom(int fd, void *bytes, size_t size, int flags, struct sockaddr *from,
                        socklen_t *length)
{
    return fails(CALL_RECV, NULL) ? -1
                                  : syscall(SYS_recvfrom, fd, bytes, size, flags, from, length);
}

/* ---- files ---- */

EXPORT ssize_t read(int fd, void *bytes, size_t size)
{
    bool is_short = false;

    if (fails(CALL_READ, &is_short))
        return -1;
    return syscall(SYS_read, fd, bytes, shortened(is_short, size));
}

EXPORT ssize_t write(int fd, const void *bytes, size_t size)
{
    bool is_short = false;

    if (fails(CALL_WRITE, &is_short))
        return -1;
    return syscall(SYS_write, fd, bytes, shortened(is_short, size));
}

static enum call call_of_path(const char *path)
{
    return strcmp(path, "/dev/urandom") == 0 || strcmp(path, "/dev/random") == 0 ? CALL_ENTROPY
                                                                                 : CALL_OPEN;
}

static int open_checked(const char *path, int flags, int mode)
{
    return fails(call_of_path(path), NULL) ? -1
                                           : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

EXPORT int open(const char *path, int flags, ...)
{
    va_list more;

    va_start(more, flags);
    int mode = flags & O_CREAT ? va_arg(more, int) : 0;
    va_end(more);
    return open_checked(path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...)
{
    va_list more;

    va_start(more, flags);
    int mode = flags & O_CREAT ? va_arg(more, int) : 0;
    va_end(more);
    return open_checked(path, flags, mode);
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
    static FILE *(*original)(const char *, const char *);

    if (!original)
        *(void **)&original = dlsym(RTLD_NEXT, "fopen");
    return fails(call_of_path(path), NULL) ? NULL : original(path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
    return fopen(path, mode);
}

/* ---- the loop ---- */

EXPORT int epoll_create1(int flags)
{
    return fails(CALL_EPOLL_CREATE, NULL) ? -1 : (int)syscall(SYS_epoll_create1, flags);
}

EXPORT int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
    return fails(CALL_EPOLL_CTL, NULL) ? -1 : (int)syscall(SYS_epoll_ctl, epoll, what, fd, event);
}

EXPORT int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout)
{
    return fails(CALL_EPOLL_WAIT, NULL)
               ? -1
               : (int)syscall(SYS_epoll_pwait, epoll, events, count, timeout, NULL, 0);
}

/* ---- randomness ---- */

EXPORT ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
    return fails(CALL_ENTROPY, NULL) ? -1 : syscall(SYS_getrandom, bytes, size, flags);
}

EXPORT int getentropy(void *bytes, size_t size)
{
    return fails(CALL_ENTROPY, NULL)                                 ? -1
           : syscall(SYS_getrandom, bytes, size, 0) == (ssize_t)size ? 0
                                                                     : -1;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
