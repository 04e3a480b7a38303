/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "config/target.h"
#include "probes/libraries.h"

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    return libraries_start();
}

void fuzz_require_printable(const char *text)
{
    for (; text && *text; text++)
        fuzz_require(*text >= ' ' && *text <= '~');
}

void fuzz_require_all_printable(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fuzz_require_printable(texts[i]);
}

void fuzz_require_check_command(const char *command, struct arena *arena)
{
    struct target target = {0};
    const char *last = strrchr(command, ' ') + 1;
    size_t length = strlen(last);

    fuzz_require(strncmp(command, "tcr-probe check ", 16) == 0);
    fuzz_require(!strpbrk(command, "$`\"\\;&|<>(){}*?#~!\n"));
    if (*last == '\'') {
        fuzz_require(length > 2 && last[length - 1] == '\'');
        last = arena_copy_bytes(arena, last + 1, length - 2);
    }
    fuzz_require(!strchr(last, '\'') && target_parse(last, arena, &target) == NULL);
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    size_t length = strnlen((const char *)data, size);
    char *text = memory_allocate(length + 1);

    fuzz_require(text != NULL);
    memcpy(text, data, length);
    return text;
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static char path[32];
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    fuzz_require(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    return path;
}

/* ---- a peer that is always ready ---- */

struct peer {
    const uint8_t *data;
    size_t size;
    size_t piece;
    struct arena *arena;
    struct http_response *response;
};

static enum stream_status peer_read(struct stream *stream, void *bytes, size_t size,
                                    size_t *ret_count)
{
    struct peer *peer = stream->session;
    size_t count = peer->size < peer->piece ? peer->size : peer->piece;

    if (count > size)
        count = size;
    if (!count)
        return STREAM_END;
    memcpy(bytes, peer->data, count);
    peer->data += count;
    peer->size -= count;
    *ret_count = count;
    return STREAM_OK;
}

static enum stream_status peer_write(struct stream *stream, const void *bytes, size_t size,
                                     size_t *ret_count)
{
    (void)stream;
    (void)bytes;
    *ret_count = size;
    return STREAM_OK;
}

static void answered(const struct http_response *response, void *context)
{
    struct peer *peer = context;

    peer->response = arena_allocate(peer->arena, sizeof(*response));
    *peer->response = *response;
    peer->response->body = arena_copy_bytes(peer->arena, response->body, response->body_length);
}

const struct http_response *fuzz_http_get(const uint8_t *data, size_t size, size_t piece,
                                          struct arena *arena)
{
    static struct event_base *base;
    static int fd;
    static const struct http_request request = {
        .method = "GET", .host_header = "registry.example", .path = "/v2/"};
    struct peer peer = {data, size, piece, arena, NULL};
    struct stream stream = {.session = &peer, .read = peer_read, .write = peer_write};

    if (!base) {
        base = libraries_new_loop();
        fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); /* always writable */
    }
    stream.fd = fd;
    struct http_exchange *exchange =
        http_exchange_start(base, &stream, &request, arena, answered, &peer);
    fuzz_require(exchange != NULL);
    while (!peer.response && event_base_loop(base, EVLOOP_ONCE) == 0)
        continue;
    http_exchange_free(exchange);
    fuzz_require(peer.response != NULL);
    return peer.response;
}
