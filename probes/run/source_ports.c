/* SPDX-License-Identifier: MIT */
#include "probes/run/source_ports.h"

#include <unistd.h>

#include "config/base/memory.h"
#include "probes/transport/dial.h"

struct source_ports {
    struct tcp_evidence *result;
    source_ports_fn *changed;
    void *context;
    unsigned pending;
    struct dial *dials[SOURCE_PORTS_FURTHER];
};

static void ended(const struct dial_result *result, void *context)
{
    struct source_ports *ports = context;
    int fd = result->fd;

    ports->pending--;
    if (result->outcome == TCP_LOCAL || result->outcome == TCP_SKIPPED)
        ports->result->trials--; /* nothing was tried */
    if (result->outcome == TCP_OK && ports->result->trials_connected++ > 0) {
        close(fd);
        fd = -1;
    }
    ports->changed(fd, ports->pending == 0, ports->context); /* may have freed all */
}

struct source_ports *source_ports_start(struct event_base *base, const struct endpoint *endpoint,
                                        struct tcp_evidence *result, source_ports_fn *changed,
                                        void *context)
{
    struct source_ports *ports = memory_allocate(sizeof(*ports));

    if (!ports)
        return NULL;
    ports->result = result;
    ports->changed = changed;
    ports->context = context;
    for (size_t i = 0; i < SOURCE_PORTS_FURTHER; i++) {
        ports->dials[i] = dial_start(base, endpoint, 0, ended, ports);
        ports->pending += ports->dials[i] != NULL;
    }
    result->trials = ports->pending;
    if (ports->pending)
        return ports;
    source_ports_free(ports);
    return NULL;
}

void source_ports_free(struct source_ports *ports)
{
    if (!ports)
        return;
    for (size_t i = 0; i < SOURCE_PORTS_FURTHER; i++)
        dial_free(ports->dials[i]);
    memory_release(ports);
}
