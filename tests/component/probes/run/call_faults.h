/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * System calls that fail on purpose, of this program and its libraries alike: linked into a test it
 * stands before the C library; preloaded, it does the same to a whole daemon, whose orders then
 * lie in the file that CALL_FAULTS names, so that they can be changed while it runs.
 */

#include <stdint.h>

enum call {
    CALL_SOCKET,
    CALL_CONNECT,
    CALL_SETSOCKOPT,
    CALL_GETSOCKOPT,
    CALL_SEND, /* send() and sendmsg() */
    CALL_RECV, /* recv() and recvfrom() */
    CALL_READ,
    CALL_WRITE,
    CALL_EPOLL_CREATE,
    CALL_EPOLL_CTL,
    CALL_EPOLL_WAIT,
    CALL_ENTROPY, /* getrandom(), getentropy(), and opening the devices */
    CALL_OPEN,    /* open() and fopen() of anything else */
    CALL_ACCEPT,
    CALL_COUNT,
};

#define FAULT_SHORT (-1) /* no error: one byte is read or written although there are more */

/* The order, and how far it was carried out. daemon_process.py has the same struct in Python. */
struct call_faults {
    uint32_t call;
    int32_t error;     /* an errno, FAULT_SHORT; 0: nothing fails */
    uint64_t from;     /* the first call that fails, from 1 */
    uint64_t until;    /* the first that does not any more */
    uint64_t injected; /* how many have failed */
    uint64_t counts[CALL_COUNT];
};

extern struct call_faults *call_faults;

const char *call_name(enum call call);
