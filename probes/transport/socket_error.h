/* SPDX-License-Identifier: MIT */
#pragma once

/* Sorts the errno of a connected socket by who caused it. */

enum socket_error {
    SOCKET_ERROR_PASSING, /* EAGAIN, EINTR: try again */
    SOCKET_ERROR_RESET,   /* the peer, or a device in its name, ended the connection */
    SOCKET_ERROR_NETWORK, /* the kernel gave up, or an ICMP error came */
    SOCKET_ERROR_LOCAL,   /* this machine: no memory, no buffers, a filter of system calls */
};

enum socket_error socket_error_of(int error);
