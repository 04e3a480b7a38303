#pragma once

/*
 * Takes from the running daemon what it never needs: gaining privileges, core dumps, and, where
 * libseccomp was there at build time and the kernel allows it, every system call but those of a
 * network client and server that reads files (seccomp(2)). A call that is not allowed fails with
 * EPERM, so that a library that asks for an unforeseen one degrades instead of dying.
 */

enum confinement {
    CONFINEMENT_NONE,     /* not even no_new_privs */
    CONFINEMENT_NO_CALLS, /* no_new_privs and no core dumps; system calls are not filtered */
    CONFINEMENT_FULL,
};
const char *confinement_name(enum confinement confinement);

/* After everything is open, before the first peer is heard. Never undone. */
enum confinement confine(void);
