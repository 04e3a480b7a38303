/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The environment that systemd gives containerd.service: system.conf (DefaultEnvironment=), the
 * unit and its drop-ins (Environment=, EnvironmentFile=, UnsetEnvironment=), read by the rules of
 * systemd.unit(5), systemd.exec(5) and systemd-system.conf(5). Unknown specifiers stay as they are.
 */

#include "config/base/arena.h"

enum unit_variable {
    UNIT_HTTPS_PROXY,
    UNIT_HTTPS_PROXY_LOWER,
    UNIT_HTTP_PROXY,
    UNIT_HTTP_PROXY_LOWER,
    UNIT_NO_PROXY,
    UNIT_NO_PROXY_LOWER,
    UNIT_SSL_CERT_FILE,
    UNIT_SSL_CERT_DIR,
    UNIT_VARIABLE_COUNT,
};

struct unit_value {
    const char *value; /* may hold a password; NULL: not set */
    const char *file;  /* that sets it */
};

struct unit_environment {
    struct unit_value values[UNIT_VARIABLE_COUNT];
    const char *config; /* containerd's --config; NULL: its default */
};

/* Reads the files below `root`. Texts go into `arena`, which must wipe what it holds. */
void unit_environment_read(const char *root, struct arena *arena, struct unit_environment *ret);

/* The first of two variables that has a value, as Go reads them. */
const struct unit_value *unit_environment_find(const struct unit_environment *environment,
                                               enum unit_variable upper, enum unit_variable lower);

/* ---- for tests ---- */

/* Applies the text of a unit file or drop-in, which is changed. */
void unit_environment_apply(const char *root, const char *file, char *text, struct arena *arena,
                            struct unit_environment *ret);
