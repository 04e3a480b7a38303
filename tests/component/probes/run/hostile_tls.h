/* SPDX-License-Identifier: MIT */
#pragma once

/* Registries that lie below HTTP, each on a port of its own: raw bytes in place of a handshake, or
 * a real one with something wrong about it, or cut off after so many bytes. */

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/component/probes/transport/fake_tls.h"

enum hostile_end { THEN_SILENCE, THEN_END, THEN_RESET };

enum hostile_turn { /* between the handshake and the answer */
                    TURN_NONE,
                    TURN_HELLO_REQUEST,
                    TURN_KEY_UPDATES,
                    TURN_WITHOUT_GOODBYE,
};

struct hostile_tls_row {
    const char *name;
    const char *cause;
    enum hostile_end end;

    /* Instead of a handshake: `length` bytes, `times` over (0: once). */
    const char *bytes;
    size_t length;
    unsigned times;

    /* A real one, where `bytes` is NULL. */
    size_t limit; /* bytes sent before `end`; 0: all */
    size_t chunk; /* bytes sent every millisecond; 0: at once */
    enum hostile_turn turn;
    int version;      /* the only one; 0: any */
    unsigned names;   /* in the certificate */
    unsigned chain;   /* further certificates */
    unsigned tickets; /* sent after the handshake */
    bool asks_for_certificate;
    bool small_records;
    struct fake_certificate certificate; /* zeroed: a good one */
};

extern const struct hostile_tls_row hostile_tls_rows[];
extern const size_t hostile_tls_row_count;

struct hostile_tls;

/* `row`, `pki` and `ret_complete` are borrowed; the last becomes true once everything was sent.
 * NULL: no port. */
struct hostile_tls *hostile_tls_start(struct event_base *base, const struct fake_pki *pki,
                                      const struct hostile_tls_row *row, bool *ret_complete,
                                      uint16_t *ret_port);
