/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Confines the running daemon: it can gain no privileges and dumps no core. If libseccomp was there
 * at build time and the kernel allows it, only the system calls of a network client and server that
 * reads files remain (seccomp(2)). Other calls fail with EPERM, so that a library that makes an
 * unforeseen one degrades instead of dying.
 */

enum confinement {
    CONFINEMENT_NONE,     /* not even no_new_privs */
    CONFINEMENT_NO_CALLS, /* no_new_privs and no core dumps; system calls are not filtered */
    CONFINEMENT_FULL,
};
const char *confinement_name(enum confinement confinement);

/* Call it when everything is open, before the first peer is heard. It cannot be undone. */
enum confinement confine(void);
