/* SPDX-License-Identifier: MIT */
#include "daemon/system/confine.h"

#include <stddef.h>
#include <sys/prctl.h>

#ifdef TCRPROBE_SECCOMP
#include <errno.h>
#include <seccomp.h>
#endif

const char *confinement_name(enum confinement confinement)
{
    static const char *const names[] = {
        [CONFINEMENT_NONE] = "none",
        [CONFINEMENT_NO_CALLS] = "no_new_privs",
        [CONFINEMENT_FULL] = "seccomp",
    };

    return names[confinement];
}

#ifdef TCRPROBE_SECCOMP
#define ALLOW(call) SCMP_SYS(call)

/* clang-format off */
static const int allowed[] = {
    /* bytes in and out */
    ALLOW(read), ALLOW(readv), ALLOW(pread64), ALLOW(write), ALLOW(writev), ALLOW(close),
    ALLOW(fcntl), ALLOW(ioctl), ALLOW(lseek), ALLOW(pipe2),
    /* the network */
    ALLOW(socket), ALLOW(socketpair), ALLOW(connect), ALLOW(bind), ALLOW(listen), ALLOW(accept),
    ALLOW(accept4), ALLOW(shutdown), ALLOW(getsockname), ALLOW(getpeername), ALLOW(getsockopt),
    ALLOW(setsockopt), ALLOW(sendto), ALLOW(sendmsg), ALLOW(sendmmsg), ALLOW(recvfrom),
    ALLOW(recvmsg), ALLOW(recvmmsg),
    /* waiting */
    ALLOW(epoll_create1), ALLOW(epoll_ctl), ALLOW(epoll_wait), ALLOW(epoll_pwait),
    ALLOW(epoll_pwait2), ALLOW(poll), ALLOW(ppoll), ALLOW(select), ALLOW(pselect6),
    ALLOW(timerfd_create), ALLOW(timerfd_settime), ALLOW(eventfd2), ALLOW(nanosleep),
    ALLOW(clock_nanosleep), ALLOW(restart_syscall), ALLOW(sched_yield),
    /* files, to read: resolv.conf, certificates, the configuration, /proc */
    ALLOW(open), ALLOW(openat), ALLOW(stat), ALLOW(fstat), ALLOW(lstat), ALLOW(newfstatat),
    ALLOW(statx), ALLOW(statfs), ALLOW(fstatfs), ALLOW(access), ALLOW(faccessat),
    ALLOW(faccessat2), ALLOW(readlink), ALLOW(readlinkat), ALLOW(getdents64), ALLOW(getcwd),
    ALLOW(inotify_init1), ALLOW(inotify_add_watch), ALLOW(inotify_rm_watch),
    /* memory */
    ALLOW(brk), ALLOW(mmap), ALLOW(munmap), ALLOW(mremap), ALLOW(mprotect), ALLOW(madvise),
    ALLOW(futex), ALLOW(membarrier), ALLOW(rseq), ALLOW(set_robust_list),
    /* the clock, and what this process is */
    ALLOW(clock_gettime), ALLOW(clock_getres), ALLOW(gettimeofday), ALLOW(time), ALLOW(getrandom),
    ALLOW(getpid), ALLOW(gettid), ALLOW(getppid), ALLOW(getuid), ALLOW(geteuid), ALLOW(getgid),
    ALLOW(getegid), ALLOW(getrusage), ALLOW(getrlimit), ALLOW(prlimit64), ALLOW(sysinfo),
    ALLOW(uname), ALLOW(sched_getaffinity), ALLOW(prctl),
    /* signals and the end */
    ALLOW(rt_sigaction), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(sigaltstack),
    ALLOW(tgkill), ALLOW(exit), ALLOW(exit_group),
};
/* clang-format on */

static int filter_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int failed = !filter;

    /* A call that this architecture does not have needs no permission. */
    for (size_t i = 0; !failed && i < sizeof(allowed) / sizeof(allowed[0]); i++)
        if (allowed[i] >= 0)
            failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) < 0;
    if (!failed)
        failed = seccomp_load(filter) < 0;
    if (filter)
        seccomp_release(filter);
    return failed ? -1 : 0;
}
#else
static int filter_calls(void)
{
    return -1;
}
#endif

enum confinement confine(void)
{
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return CONFINEMENT_NONE;
    return filter_calls() ? CONFINEMENT_NO_CALLS : CONFINEMENT_FULL;
}
