/* SPDX-License-Identifier: MIT */
#include "fake_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REPLY     65536
#define DRIP_INTERVAL 100 /* milliseconds */
#define LATE          300 /* milliseconds */
#define UNITS_AT_ONCE 16384

static void append_port(char *out, size_t *length, uint16_t port)
{
    *length += (size_t)sprintf(out + *length, "%u", (unsigned)port);
}

static size_t expand(const struct fake_registry *registry, const char *reply, char *out)
{
    size_t length = 0;

    for (; *reply && length < MAX_REPLY - 8; reply++) {
        if (strncmp(reply, "%P", 2) == 0)
            append_port(out, &length, registry->site.port);
        else if (strncmp(reply, "%Q", 2) == 0)
            append_port(out, &length, registry->other_port);
        else
            out[length++] = *reply;
        reply += strncmp(reply, "%P", 2) == 0 || strncmp(reply, "%Q", 2) == 0;
    }
    return length;
}

static void drip(struct fake_talk *talk, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length && fake_talk_write(talk, bytes + i, 1); i++)
        if (!fake_talk_wait(talk, DRIP_INTERVAL))
            return;
}

static void repeat(struct fake_talk *talk, const char *unit)
{
    char bytes[UNITS_AT_ONCE];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = unit[i % strlen(unit)];
    size_t whole = sizeof(bytes) / strlen(unit) * strlen(unit);
    while (fake_talk_wait(talk, 0) && fake_talk_write(talk, bytes, whole))
        ;
}

static void speak(struct fake_site *site, struct fake_talk *talk, const char *request)
{
    struct fake_registry *registry = site->speaker;
    char *reply = malloc(MAX_REPLY);

    pthread_mutex_lock(&registry->lock);
    strncat(registry->log, request, sizeof(registry->log) - strlen(registry->log) - 1);
    pthread_mutex_unlock(&registry->lock);
    for (size_t i = 0; i < registry->route_count; i++) {
        const struct fake_route *route = &registry->routes[i];
        if (strncmp(request, route->start, strlen(route->start)) != 0 ||
            (route->needs && !strstr(request, route->needs)))
            continue;
        if (route->tail == TAIL_LATE && !fake_talk_wait(talk, LATE))
            break;
        size_t length = expand(registry, route->reply, reply);
        if (route->tail == TAIL_DRIP)
            drip(talk, reply, length);
        else if (fake_talk_write(talk, reply, length) && route->tail == TAIL_ENDLESS)
            repeat(talk, route->unit);
        break;
    }
    free(reply);
}

bool fake_registry_open(struct fake_registry *registry, SSL_CTX *context)
{
    pthread_mutex_init(&registry->lock, NULL);
    registry->site.context = context;
    registry->site.speak = speak;
    registry->site.speaker = registry;
    return fake_site_open(&registry->site);
}

void fake_registry_close(struct fake_registry *registry)
{
    fake_site_close(&registry->site);
    pthread_mutex_destroy(&registry->lock);
}

void fake_registry_first(struct fake_registry *registry, const struct fake_route *route)
{
    memmove(registry->routes + 1, registry->routes,
            registry->route_count++ * sizeof(registry->routes[0]));
    registry->routes[0] = *route;
}

void fake_registry_last(struct fake_registry *registry, const struct fake_route *route)
{
    registry->routes[registry->route_count++] = *route;
}

unsigned fake_registry_count(struct fake_registry *registry, const char *text)
{
    unsigned count = 0;

    pthread_mutex_lock(&registry->lock);
    for (const char *at = registry->log; (at = strstr(at, text)); at += strlen(text))
        count++;
    pthread_mutex_unlock(&registry->lock);
    return count;
}

void fake_registry_forget(struct fake_registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    registry->log[0] = '\0';
    pthread_mutex_unlock(&registry->lock);
}
