/* SPDX-License-Identifier: MIT */
#include "probes/transport/socket_bio.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static bool is_transient(int error)
{
    return error == EAGAIN || error == EINTR;
}

static void note_received(struct socket_bio *state, const void *bytes, size_t count)
{
    size_t room = sizeof(state->first) - state->first_count;
    size_t kept = count < room ? count : room;

    memcpy(state->first + state->first_count, bytes, kept);
    state->first_count += kept;
    state->received += count;
}

static int bio_read(BIO *bio, char *bytes, int size)
{
    struct socket_bio *state = BIO_get_data(bio);
    size_t room = state->turn_end > state->received ? state->turn_end - state->received : 0;
    ssize_t count;

    BIO_clear_retry_flags(bio);
    if (size <= 0)
        return 0;
    if (!room) {
        BIO_set_retry_read(bio); /* the socket is still ready, so the loop comes back */
        return -1;
    }
    count = recv(state->fd, bytes, (size_t)size < room ? (size_t)size : room, MSG_DONTWAIT);
    if (count > 0) {
        note_received(state, bytes, (size_t)count);
    } else if (count == 0) {
        state->ended = true;
    } else if (is_transient(errno)) {
        BIO_set_retry_read(bio);
    } else {
        state->error = errno;
    }
    return (int)count;
}

static int bio_write(BIO *bio, const char *bytes, int size)
{
    struct socket_bio *state = BIO_get_data(bio);
    ssize_t count;

    BIO_clear_retry_flags(bio);
    if (size <= 0)
        return 0;
    count = send(state->fd, bytes, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && is_transient(errno))
        BIO_set_retry_write(bio);
    else if (count < 0)
        state->error = errno;
    return (int)count;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    const struct socket_bio *state = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return state->ended;
    return command == BIO_CTRL_FLUSH; /* nothing is buffered */
}

BIO *socket_bio_new(struct socket_bio *state, int fd)
{
    BIO *bio;

    *state = (struct socket_bio){.fd = fd};
    state->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "observed socket");
    if (!state->method)
        return NULL;
    if (!BIO_meth_set_read(state->method, bio_read) ||
        !BIO_meth_set_write(state->method, bio_write) ||
        !BIO_meth_set_ctrl(state->method, bio_control))
        return NULL;
    bio = BIO_new(state->method);
    if (!bio)
        return NULL;
    BIO_set_data(bio, state);
    BIO_set_init(bio, 1);
    return bio;
}

void socket_bio_begin_turn(struct socket_bio *state)
{
    state->turn_end = state->received + SOCKET_BIO_TURN;
}

void socket_bio_release(struct socket_bio *state)
{
    BIO_meth_free(state->method);
    state->method = NULL;
}

void socket_bio_read_first(struct socket_bio *state)
{
    char bytes[SOCKET_BIO_FIRST_BYTES];
    size_t room = sizeof(state->first) - state->first_count;
    ssize_t count;

    if (!room)
        return;
    count = recv(state->fd, bytes, room, MSG_DONTWAIT);
    if (count > 0)
        note_received(state, bytes, (size_t)count);
}
