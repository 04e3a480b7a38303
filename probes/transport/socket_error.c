/* SPDX-License-Identifier: MIT */
#include "probes/transport/socket_error.h"

#include <errno.h>

enum socket_error socket_error_of(int error)
{
    switch (error) {
    case EAGAIN:
    case EINTR:
        return SOCKET_ERROR_PASSING;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
        return SOCKET_ERROR_RESET;
    case ETIMEDOUT:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EPROTO:
        return SOCKET_ERROR_NETWORK;
    default:
        return SOCKET_ERROR_LOCAL;
    }
}
