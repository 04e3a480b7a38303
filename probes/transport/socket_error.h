#pragma once

/* Whose doing an errno of a connected socket is. */

enum socket_error {
    SOCKET_ERROR_PASSING, /* EAGAIN, EINTR: try again */
    SOCKET_ERROR_RESET,   /* the peer, or somebody in its name, ended the connection */
    SOCKET_ERROR_NETWORK, /* the kernel gave up on it, or was told so by ICMP */
    SOCKET_ERROR_LOCAL,   /* this machine: no memory, no buffers, a filter of system calls */
};

enum socket_error socket_error_of(int error);
